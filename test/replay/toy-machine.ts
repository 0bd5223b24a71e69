/**
 * A machine small enough to know by heart, behind the contract of the real one. One instruction a cycle stirs a register
 * and writes a byte of memory; keys are echoed on screen and serial port 300 cycles later by a device; H halts for good,
 * S shuts down, and every 1000 cycles a dot leaves serial port 0. A fault can be planted: from some cycle on, one bit of
 * memory is wrong.
 */
import { UserError } from '../../src/base/errors.js';
import { type Cycle, cycle } from '../../src/base/integers.js';
import { fastHash, sha256Hex } from '../../src/base/digest.js';
import type {
  InputEvent,
  Machine,
  MachineDescription,
  PowerOn,
  ProcessorView,
  StopReason,
} from '../../src/machine/machine.js';
import {
  byteQueue,
  bytes,
  count,
  diffStates,
  type Field,
  flag,
  loadState,
  saveState,
  struct,
  u32,
} from '../../src/state/schema.js';

export const toyDescription: MachineDescription = {
  board: 'pc',
  processor: '80386',
  cyclesPerSecond: 100_000,
  memoryBytes: 2 ** 20,
  boot: 'floppy',
  media: {},
};

const states = {
  processor: struct({ register: u32(), date: u32(), halted: flag(), shutdown: flag(), off: flag(), cycle: count() }),
  memory: bytes(4096),
  uart: struct({ received: byteQueue(8192), dueAt: count(Infinity), keys: byteQueue(64) }),
  screen: bytes(80),
};
type States = { [Name in keyof typeof states]: (typeof states)[Name] extends Field<infer T> ? T : never };
const names = Object.keys(states) as (keyof States)[];
const fieldOf = (name: keyof States): Field<unknown> => states[name] as Field<unknown>;

export interface ToyOptions {
  /** From this cycle on, bit 0 of memory byte 0x123 is turned over (once). */
  readonly faultAt?: number;
  /** A call of `run` on a machine that just halted for good returns at once, or lets the time pass. */
  readonly returnsAtHalt?: boolean;
}

/** Set 1 codes of the letters that the toy knows. */
const letters: Readonly<Record<number, string>> = { 0x1e: 'a', 0x30: 'b', 0x23: 'h', 0x1f: 's', 0x1c: '\n' };
const loopLength = 64;
export const loopStart = 0x7c00;

export function createToy(description: MachineDescription, powerOn: PowerOn, options: ToyOptions = {}): Machine {
  const state = Object.fromEntries(names.map((name) => [name, states[name].initial()])) as States;
  state.processor.register = powerOn.seed;
  state.processor.date = powerOn.date;
  const { processor, memory, uart, screen } = state;
  const linear = (): number => loopStart + (processor.cycle % loopLength);

  function send(byte: number): void {
    machine.onSerial?.({ port: 0, byte, cycle: cycle(processor.cycle) });
  }

  function devices(): void {
    if (processor.cycle === options.faultAt) memory[0x123]! ^= 1;
    if (processor.cycle % 1000 === 0) send(0x2e);
    if (processor.cycle !== uart.dueAt) return;
    const letter = uart.keys.shift()!;
    uart.dueAt = uart.keys.length > 0 ? processor.cycle + 300 : Infinity;
    screen.copyWithin(0, 1);
    screen[79] = letter;
    send(letter);
    if (letter === 0x68) processor.halted = true;
    if (letter === 0x73) processor.shutdown = true;
  }

  function instruction(): void {
    processor.register = (Math.imul(processor.register, 1664525) + 1013904223 + uart.received.length) >>> 0;
    if ((processor.register & 0xff) < 8) memory[processor.register >>> 20] = processor.register >>> 8;
  }

  function stopped(): StopReason | undefined {
    if (processor.off) return { kind: 'powerOff' };
    return processor.shutdown ? { kind: 'shutdown', detail: 'triple fault' } : undefined;
  }

  function run(until: Cycle): StopReason {
    const wasHalted = processor.halted;
    while (processor.cycle < until) {
      const stop = stopped();
      if (stop !== undefined) return stop;
      if (processor.halted && uart.dueAt === Infinity) {
        if (options.returnsAtHalt === true && !wasHalted) return { kind: 'halted' };
        for (let next = Math.ceil((processor.cycle + 1) / 1000) * 1000; next <= until && until < 1e8; next += 1000)
          send(0x2e);
        processor.cycle = until;
        return { kind: 'halted' };
      }
      if (!processor.halted && machine.breakpoints.has(linear())) return { kind: 'breakpoint', linear: linear() };
      if (!processor.halted) instruction();
      processor.cycle++;
      devices();
    }
    return stopped() ?? { kind: 'cycle' };
  }

  function input(event: InputEvent): void {
    if (event.kind === 'media') throw new UserError('The toy has no drives.');
    if (event.kind === 'serial') uart.received.push(...event.data);
    if (event.kind === 'reset') {
      processor.halted = false;
      processor.shutdown = false;
      processor.register = 0;
    }
    if (event.kind === 'powerCut') processor.off = true;
    if (event.kind === 'key' && event.pressed) {
      uart.keys.push((letters[event.key] ?? '?').charCodeAt(0));
      if (uart.dueAt === Infinity) uart.dueAt = processor.cycle + 300;
    }
  }

  const machine: Machine = {
    description,
    get cycle() {
      return cycle(processor.cycle);
    },
    idleCycles: 0,
    run,
    input,
    digest() {
      const saved = names.map((name) => saveState(fieldOf(name), state[name]));
      const parts = Object.fromEntries(
        names.map((name, at) => [name, fastHash(saved[at]!).toString(16).padStart(16, '0')]),
      );
      return { sha256: sha256Hex(new Uint8Array(Buffer.concat(saved))), parts };
    },
    save: () => ({
      cycle: cycle(processor.cycle),
      parts: Object.fromEntries(names.map((name) => [name, saveState(fieldOf(name), state[name])])),
    }),
    load(snapshot) {
      for (const name of names) {
        if (states[name] === states.memory || states[name] === states.screen) {
          (state[name] as Uint8Array).set(snapshot.parts[name]!);
        } else loadState(fieldOf(name), snapshot.parts[name]!, state[name]);
      }
    },
    diff: (left, right) =>
      names.flatMap((name) => {
        const loaded = [left, right].map((side) => {
          const value: unknown = fieldOf(name).initial();
          loadState(fieldOf(name), side.parts[name]!, value);
          return value;
        });
        return diffStates(fieldOf(name), loaded[0], loaded[1]).map((difference) => ({ ...difference, part: name }));
      }),
    screen: () => ({
      width: 0,
      height: 0,
      pixels: new Uint8Array(0),
      text: {
        columns: 80,
        rows: 1,
        characters: Uint8Array.from(screen, (code) => code || 0x20),
        attributes: new Uint8Array(80),
      },
    }),
    keyboardLights: () => ({ scrollLock: false, numLock: false, capsLock: false }),
    processor: (): ProcessorView => ({
      model: '80386',
      mode: 'real',
      linear: linear(),
      registers: { eax: processor.register },
      halted: processor.halted,
      code: Uint8Array.of(0x90),
    }),
    readMemory: (physical, length) => Uint8Array.from({ length }, (_, at) => memory[physical + at] ?? 0xff),
    breakpoints: new Set<number>(),
    onSerial: undefined,
    observers: {},
    bench: () => {
      throw new Error('a toy has no chips');
    },
    unknownAccesses: () => new Map(),
  };
  return machine;
}
