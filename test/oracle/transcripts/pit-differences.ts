/**
 * Where the reference's timer is not an 8254. Sections are those of the Intel 8254 data sheet, order number 231164.
 * The reference keeps no counting element: it computes a count from the time since the last write, in binary, whatever the
 * gate and the mode say; and an output from the same time, with its own polarity in modes 1, 2, 4 and 5.
 */
import type { Counter } from '../../../src/device/pit/counter.js';
import type { Bench, Difference, KnownDifference } from './runner.js';

/** What is known of a counter before an exchange: at its latch, when the exchange reads a latched value. */
export interface CounterFacts {
  readonly counter: Counter;
  /** GATE was low while a mode that it holds was to count, since the count was last written. */
  readonly wasHeld: boolean;
  /** A count was written to a counter that goes on with the old one until its period or a trigger is over. */
  readonly countedOn: boolean;
  /** A latched count was given up by a Control Word, or has made the two chips' byte order differ since. */
  readonly latchDropped: boolean;
}

/** The timer on its bench, with the facts before the current exchange. */
export interface PitBench extends Bench {
  readonly facts: readonly CounterFacts[];
  /** The bytes and the output of a counter if one more CLK pulse had come: the reference counts from the write itself. */
  readonly bytesAfterPulse: (index: number) => readonly number[];
  readonly outputAfterPulse: (index: number) => boolean;
}

type PitDifference = Difference<PitBench>;

/** The counter that an exchange is about; a step of time is about counter 0, whose output is the interrupt line. */
function counterOf({ exchange }: PitDifference): number {
  if (exchange.kind === 'step') return 0;
  if (exchange.port === 0x61) return 2;
  return exchange.port === 0x43 ? 0 : exchange.port & 3;
}

const factsOf = (difference: PitDifference): CounterFacts => difference.bench.facts[counterOf(difference)]!;
const modeOf = ({ counter }: CounterFacts): number => (counter.modeBits > 5 ? counter.modeBits - 4 : counter.modeBits);

const isSpeakerPort = ({ exchange }: PitDifference): boolean => exchange.kind === 'read' && exchange.port === 0x61;
const readsCounter = (difference: PitDifference): boolean => difference.answerDiffers && !isSpeakerPort(difference);
const readsStatus = (difference: PitDifference): boolean =>
  readsCounter(difference) && factsOf(difference).counter.statusLatched;
const readsCount = (difference: PitDifference): boolean => readsCounter(difference) && !readsStatus(difference);

/** The bits in which our answer to a read is not the reference's. */
function differingBits({ exchange, answer }: PitDifference): number {
  return exchange.kind === 'read' ? (answer ?? 0) ^ exchange.answer : 0;
}

const statusBits = { output: 0x80, nullCount: 0x40 } as const;
const speakerOutput = 0x20;
const within = (bits: number, mask: number): boolean => bits !== 0 && (bits & ~mask) === 0;

/** The output of a counter is seen on the interrupt line, at the speaker port, or in a status byte. */
const showsOutput = (difference: PitDifference): boolean =>
  difference.linesDiffer ||
  (isSpeakerPort(difference) && within(differingBits(difference), speakerOutput)) ||
  (readsStatus(difference) && (differingBits(difference) & statusBits.output) !== 0);

const showsCountOrOutput = (difference: PitDifference): boolean => readsCount(difference) || showsOutput(difference);

/** The reference's answer is ours of one CLK pulse later. */
function isAnswerAfterPulse(difference: PitDifference): boolean {
  const { exchange, bench } = difference;
  const index = counterOf(difference);
  if (exchange.kind !== 'read' || !difference.answerDiffers) return false;
  if (readsCount(difference)) return bench.bytesAfterPulse(index).includes(exchange.answer);
  const level = (exchange.answer & (isSpeakerPort(difference) ? speakerOutput : statusBits.output)) !== 0;
  return showsOutput(difference) && bench.outputAfterPulse(index) === level;
}

/** Changes of the interrupt line that the reference saw and we did not; they alternate, so the number tells all. */
function changesMissing({ exchange, lines }: PitDifference): number {
  return exchange.lines.length - lines.length;
}

/** In the order in which they are tried: the narrowest first. */
export const pitDifferences: readonly KnownDifference<PitBench>[] = [
  {
    reference: 'always reports that the count is loaded',
    datasheet: '"Read-Back Command": the null count bit is 1 from the writing of a count until a CLK pulse loads it',
    explains: (difference) => readsStatus(difference) && within(differingBits(difference), statusBits.nullCount),
  },
  {
    reference: 'keeps a latched count when the counter is reprogrammed',
    datasheet: '"Counter Latch Command": held until it is read (or until the Counter is reprogrammed)',
    explains: (difference) => readsCount(difference) && factsOf(difference).latchDropped,
  },
  {
    reference: 'leaves the output alone until the count is written',
    datasheet: '"Operation Common to All Modes": a Control Word sets OUT to its initial state immediately',
    explains: (difference) =>
      showsOutput(difference) &&
      (factsOf(difference).counter.phase === 'waiting' ||
        (difference.exchange.kind === 'write' && difference.exchange.port === 0x43)),
  },
  {
    reference: 'starts to count at the write, without a trigger',
    datasheet:
      '"Mode 1" and "Mode 5": the count is loaded on the CLK pulse after a trigger, and OUT is high until then',
    explains: (difference) => showsCountOrOutput(difference) && [1, 5].includes(modeOf(factsOf(difference))),
  },
  {
    reference: 'is high for one pulse where the output is to be low',
    datasheet: '"Mode 2" and "Mode 4": OUT is high, and low for one CLK pulse',
    explains: (difference) => showsOutput(difference) && [2, 4].includes(modeOf(factsOf(difference))),
  },
  {
    reference: 'counts from the moment of the write',
    datasheet: '"Write Operations": a count is loaded on the next CLK pulse, which does not count it down yet',
    explains: (difference) =>
      showsCountOrOutput(difference) && ['loading', 'waiting'].includes(factsOf(difference).counter.phase),
  },
  {
    reference: 'counts in binary always',
    datasheet: '"Control Word Format", BCD: four decades',
    explains: (difference) => showsCountOrOutput(difference) && factsOf(difference).counter.bcd,
  },
  {
    reference: 'counts on while the gate is low',
    datasheet: '"Gate Pin Operations Summary": low disables counting in modes 0, 2, 3 and 4',
    explains: (difference) => showsCountOrOutput(difference) && factsOf(difference).wasHeld,
  },
  {
    reference: 'starts a new count at once',
    datasheet: '"Mode 2" and "Mode 3": writing a new count does not affect the current counting sequence',
    explains: (difference) => showsCountOrOutput(difference) && factsOf(difference).countedOn,
  },
  {
    reference: 'counts an odd square wave down from the whole count',
    datasheet: '"Mode 3", odd counts: the initial count minus one is loaded',
    explains: (difference) => readsCount(difference) && factsOf(difference).counter.oddCount,
  },
  {
    reference: 'counts the pulses since the write, not the pulses of a free-running clock',
    datasheet: '"Write Operations": a count is loaded on the next CLK pulse',
    explains: (difference) =>
      isAnswerAfterPulse(difference) || (difference.linesDiffer && Math.abs(changesMissing(difference)) <= 1),
  },
];
