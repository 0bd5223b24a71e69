/** The bench's guest on this project's machine. */
import { createHash } from 'node:crypto';
import { createMachine, defaultCyclesPerSecond } from '../../../dist/machine/index.js';
import { AnswerReader, commandBytes, guestFacts } from './guest-image.mjs';
import { stampNow } from '../host-time.mjs';

// Short, because a guest that is done polls its port until the slice ends, and that is slow.
const sliceCycles = 100_000;
const bootCyclesMost = 2_000_000_000;

/** A machine with the guest in its floppy drive, switched on. */
export function newMachine(image) {
  const sha256 = createHash('sha256').update(image).digest('hex');
  const description = {
    board: 'pc',
    processor: '80386',
    cyclesPerSecond: defaultCyclesPerSecond,
    memoryBytes: 16 << 20,
    boot: 'floppy',
    media: { floppyA: { sha256, size: image.length, writable: false } },
  };
  return createMachine(description, new Map([[sha256, image]]), { date: 0, seed: 0 });
}

/** An emulator as the bench sees it: `boot`, then `measure(phase, iterations)` as often as wanted. */
export class OwnMachine {
  name = 'tsvm-test';
  #answers = new AnswerReader(stampNow);
  #image;
  #machine;

  constructor(image) {
    this.#image = image;
  }

  async boot() {
    this.#machine = newMachine(this.#image);
    this.#machine.onSerial = ({ byte }) => this.#answers.take(byte);
    this.#runUntil(() => this.#answers.ready);
  }

  async measure(phase, iterations) {
    this.#answers.clear();
    this.#machine.input({ kind: 'serial', port: 0, data: commandBytes(phase, iterations) });
    this.#runUntil(() => this.#answers.finished !== undefined);
    return this.#answers.finished;
  }

  /** Runs a phase between two breakpoints and returns the cycles between them: one for each instruction. */
  countCycles(phase, iterations) {
    const { begin, end } = guestFacts(this.#image).bounds[phase];
    this.#answers.clear();
    this.#machine.input({ kind: 'serial', port: 0, data: commandBytes(phase, iterations) });
    const [started, ended] = [begin, end].map((linear) => this.#runToAddress(linear));
    this.#runUntil(() => this.#answers.finished !== undefined);
    return ended - started;
  }

  async close() {
    this.#machine = undefined;
  }

  #runToAddress(linear) {
    const machine = this.#machine;
    machine.breakpoints = new Set([linear]);
    const reason = machine.run(machine.cycle + bootCyclesMost);
    if (reason.kind !== 'breakpoint')
      throw new Error(`${linear.toString(16)}h was never executed: ${JSON.stringify(reason)}`);
    machine.breakpoints = new Set();
    return machine.cycle;
  }

  #runUntil(done) {
    const machine = this.#machine;
    const limit = machine.cycle + 1000 * bootCyclesMost;
    while (!done()) {
      const reason = machine.run(machine.cycle + sliceCycles);
      if (reason.kind !== 'cycle' || machine.cycle > limit)
        throw new Error(`the guest stopped: ${JSON.stringify(reason)}`);
    }
  }
}
