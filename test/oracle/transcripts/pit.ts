/** The PIT transcript: the timer, and the speaker port that gates counter 2 and shows its output. */
import { createDevice, type Drive } from '../../../src/device/device.js';
import { clockCounter, type Counter, readCount } from '../../../src/device/pit/counter.js';
import { pit } from '../../../src/device/pit/pit.js';
import { type CounterFacts, type PitBench, pitDifferences } from './pit-differences.js';
import { ticksAt, type TranscriptSubject } from './runner.js';

/** The reference's clock, rounded to whole hertz. */
const referenceClock = { numerator: 1_193_182, denominator: 1 };
const registers = ['counter0', 'counter1', 'counter2', 'control'] as const;
const speakerPort = 0x61;

/** How the reference reads a counter: its latch outlives a Control Word, so its byte order may come to differ from ours. */
interface ReferenceReads {
  /** Bytes left of the count it holds, and the exchange in which it took that count. */
  latchedBytes: number;
  latchedIn: number;
  secondReadNext: boolean;
}

/** What happened to a counter since its count was last written; the state itself is the chip's. */
interface History {
  /** The counter when its count was latched, and the exchange in which it was. */
  latched: CounterFacts | undefined;
  /** The same for its status. */
  statusLatched: CounterFacts | undefined;
  latchedIn: number;
  wasHeld: boolean;
  countedOn: boolean;
  readonly reference: ReferenceReads;
}

const newHistory = (): History => ({
  latched: undefined,
  statusLatched: undefined,
  latchedIn: 0,
  wasHeld: false,
  countedOn: false,
  reference: { latchedBytes: 0, latchedIn: 0, secondReadNext: false },
});

const heldByGate = ({ modeBits, gate, phase }: Counter): boolean =>
  !gate && modeBits !== 1 && modeBits !== 5 && phase !== 'waiting';

/** What an exchange does to one counter. */
type Effect = 'control' | 'count' | 'latch' | 'read' | 'none';

function effectOn(index: number, port: number | undefined, written: number | undefined): Effect {
  if (port === 0x40 + index) return written === undefined ? 'read' : 'count';
  if (port !== 0x43 || written === undefined) return 'none';
  if (written >> 6 === 3) return ((written >> (index + 1)) & 1) !== 0 && (written & 0x20) === 0 ? 'latch' : 'none';
  if (written >> 6 !== index) return 'none';
  return (written & 0x30) === 0 ? 'latch' : 'control';
}

function noteReferenceRead(reference: ReferenceReads, before: Counter, effect: Effect, number: number): void {
  const both = before.access === 3;
  if (effect === 'control') reference.secondReadNext = false;
  if (effect === 'latch' && reference.latchedBytes === 0) {
    reference.latchedBytes = both ? 2 : 1;
    reference.latchedIn = number;
  }
  if (effect !== 'read' || before.statusLatched) return;
  if (reference.latchedBytes > 0) reference.latchedBytes -= 1;
  else if (both) reference.secondReadNext = !reference.secondReadNext;
}

/** Notes what makes the reference differ later, from a counter before and after an exchange. */
function noteChange(history: History, before: Counter, after: Counter, effect: Effect): void {
  if (effect === 'control') history.countedOn = false;
  if (effect === 'count' && before.phase === 'counting' && after.phase === 'counting') history.countedOn = true;
  if ((effect === 'control' || effect === 'count') && after.nullCount) history.wasHeld = false;
  if (heldByGate(after)) history.wasHeld = true;
}

const readsDiffer = ({ reference, latchedIn }: History, { latchedBytes, secondReadNext }: Counter): boolean =>
  reference.latchedBytes !== latchedBytes ||
  reference.secondReadNext !== secondReadNext ||
  (latchedBytes > 0 && reference.latchedIn !== latchedIn);

function create(line: (number: number) => Drive): PitBench {
  let ticks = 0;
  let speaker = 0;
  let refresh = 0;
  const timer = createDevice(pit, {
    lines: { output0: line(0), output1: () => {}, output2: () => {} },
    board: { wired: [0] },
  });
  const histories = [newHistory(), newHistory(), newHistory()];
  const counters = (): Counter[] => [timer.state.counter0, timer.state.counter1, timer.state.counter2];
  let facts: CounterFacts[] = [];
  let number = 0;

  function factsBefore(history: History, counter: Counter, effect: Effect): CounterFacts {
    const now = { ...history, counter, latchDropped: readsDiffer(history, counter) };
    if (effect !== 'read') return now;
    if (counter.statusLatched) return history.statusLatched ?? now;
    const latched = counter.latchedBytes > 0 ? history.latched : undefined;
    return latched ? { ...latched, latchDropped: now.latchDropped } : now;
  }

  function observe<T>(port: number | undefined, written: number | undefined, access: () => T): T {
    number += 1;
    const before = counters().map((counter) => ({ ...counter }));
    const effects = histories.map((_, index) => effectOn(index, port, written));
    facts = histories.map((history, index) => factsBefore(history, before[index]!, effects[index]!));
    const result = access();
    counters().forEach((after, index) => {
      const history = histories[index]!;
      noteReferenceRead(history.reference, before[index]!, effects[index]!, number);
      noteChange(history, before[index]!, after, effects[index]!);
      const latched = { ...history, latchDropped: false, counter: { ...after } };
      if (!before[index]!.statusLatched && after.statusLatched) history.statusLatched = latched;
      if (before[index]!.latchedBytes > 0 || after.latchedBytes === 0) return;
      history.latched = { ...latched, counter: { ...after, statusLatched: false } };
      history.latchedIn = number;
    });
    return result;
  }

  function write(port: number, value: number): void {
    if (port !== speakerPort) return void timer.write(registers[port & 3]!, value);
    speaker = value & 3;
    timer.input('gate2', (value & 1) !== 0);
  }
  function read(port: number): number | undefined {
    if (port !== speakerPort) return timer.read(registers[port & 3]!);
    refresh ^= 0x10; // The reference's refresh bit is no counter's: it changes with every read.
    return speaker | refresh | (timer.operations.output(2) ? 0x20 : 0);
  }
  return {
    get facts() {
      return facts;
    },
    bytesAfterPulse: (index) => bytesOf(afterPulse(facts[index]!.counter)),
    outputAfterPulse: (index) => afterPulse(facts[index]!.counter).output,
    write: (port, value) => observe(port, value, () => write(port, value)),
    read: (port) => observe(port, undefined, () => read(port)),
    advanceTo(nanoseconds) {
      const now = ticksAt(nanoseconds, referenceClock);
      observe(undefined, undefined, () => timer.advance(now - ticks));
      ticks = now;
    },
  };
}

/** A copy of a counter one CLK pulse on. */
function afterPulse(counter: Counter): Counter {
  const later = { ...counter, latchedBytes: 0, statusLatched: false, secondReadNext: false };
  clockCounter(later, 1);
  return later;
}

/** Both bytes of a counter's count. */
function bytesOf(counter: Counter): number[] {
  const both = { ...counter, access: 3 };
  return [readCount(both), readCount(both)];
}

/** The subject of `pit.txt`. */
export const pitTranscript: TranscriptSubject<PitBench> = {
  name: 'pit',
  lines: [0],
  create,
  knownDifferences: pitDifferences,
};
