/**
 * One counter of the 8254, in closed form: how many CLK pulses until something happens, and what happens then.
 * Source: Intel 8254 data sheet (order number 231164), "Mode Definitions" and "Operation Common to All Modes".
 */
import { assert } from '../../base/assert.js';
import { count, flag, oneOf, struct, u16, u8 } from '../../state/schema.js';
import { statusByte } from './registers.js';

/** How a counter's bytes are written and read: the RW field as a number. 0 is only ever seen before programming. */
const access = { low: 1, high: 2, lowThenHigh: 3 } as const;

/** Everything one counter remembers. */
export interface Counter {
  /** M2 M1 M0 as written, 0 to 7. */
  modeBits: number;
  bcd: boolean;
  /** The RW field, 0 to 3. */
  access: number;
  /** CR: the initial count as written. */
  initialCount: number;
  /** The first byte of a two-byte count, until the second one arrives. */
  firstByte: number;
  secondWriteNext: boolean;
  secondReadNext: boolean;
  /** No CLK pulse has moved the last count written from CR to CE yet. */
  nullCount: boolean;
  /** CE as a number of steps: 0 to 65536, or to 10000 in BCD. It reads modulo that. */
  element: number;
  /** CE was loaded with an odd initial count less one: mode 3 stays high for one more pulse. */
  oddCount: boolean;
  phase: (typeof phases)[number];
  gate: boolean;
  /** The gate rose since the last CLK pulse. */
  triggered: boolean;
  /** The OUT pin. */
  output: boolean;
  /** OL: the count held for reading, and how many of its bytes are still to be read. */
  latchedCount: number;
  latchedBytes: number;
  statusLatched: boolean;
  latchedStatus: number;
}

/** `waiting` for a count, `armed` until a trigger, `loading` at the next CLK pulse, `strobe` while OUT is low for one. */
const phases = ['waiting', 'armed', 'loading', 'counting', 'strobe', 'finished'] as const;

/**
 * A counter at power-on. The datasheet leaves mode, count and output undefined until the first Control Word; here
 * it counts 65536 in mode 3, read by its low byte, with the output high.
 */
export const counterState = (gate: boolean) =>
  struct<Counter>({
    modeBits: u8(3),
    bcd: flag(),
    access: u8(0),
    initialCount: u16(),
    firstByte: u8(),
    secondWriteNext: flag(),
    secondReadNext: flag(),
    nullCount: flag(),
    element: count(65536),
    oddCount: flag(),
    phase: oneOf(phases, 'counting'),
    gate: flag(gate),
    triggered: flag(),
    output: flag(true),
    latchedCount: u16(),
    latchedBytes: u8(),
    statusLatched: flag(),
    latchedStatus: u8(),
  });

/** Modes 6 and 7 are 2 and 3: "X" bits of the Control Word Format. */
const modeOf = (counter: Counter): number => (counter.modeBits > 5 ? counter.modeBits - 4 : counter.modeBits);

/** Steps in a full turn of CE. */
const modulus = (counter: Counter): number => (counter.bcd ? 10000 : 65536);

const decimalDigits = (packed: number): number =>
  (packed >> 12) * 1000 + ((packed >> 8) & 15) * 100 + ((packed >> 4) & 15) * 10 + (packed & 15);

const packedDigits = (value: number): number =>
  (Math.floor(value / 1000) << 12) |
  (Math.floor((value / 100) % 10) << 8) |
  (Math.floor((value / 10) % 10) << 4) |
  (value % 10);

/** The steps that CR stands for: a count of 0 is the largest one. Digits above 9, which BCD leaves undefined, carry. */
function stepsToCount(counter: Counter): number {
  const written = counter.bcd ? decimalDigits(counter.initialCount) : counter.initialCount;
  return written % modulus(counter) || modulus(counter);
}

/** CE once CR is loaded: mode 3 counts an odd count as the even one below it. */
function elementOfCount(counter: Counter): number {
  const steps = stepsToCount(counter);
  return modeOf(counter) === 3 && steps % 2 === 1 && steps !== 1 ? steps - 1 : steps;
}

/** The next CLK pulse moves CR to CE: a count has been written, or the gate rose in a mode that starts over by it. */
const loadsNext = (counter: Counter): boolean =>
  counter.phase === 'loading' || (counter.triggered && loadsOnTrigger(counter));

/**
 * CE as it reads on the bus. What the next pulse loads is seen already: a bus cycle is longer than a pulse, so that no
 * program on a real board can read what was there before, while here an access may take a hundredth of one.
 */
function countingElement(counter: Counter): number {
  const value = (loadsNext(counter) ? elementOfCount(counter) : counter.element) % modulus(counter);
  return counter.bcd ? packedDigits(value) : value;
}

/** Modes 0, 2, 3 and 4 count only while GATE is high ("Gate Pin Operations Summary"). */
const heldByGate = (counter: Counter): boolean => !counter.gate && modeOf(counter) !== 1 && modeOf(counter) !== 5;

/** A trigger loads CE in modes 1, 2, 3 and 5, once there is a count to load. */
const loadsOnTrigger = (counter: Counter): boolean =>
  counter.phase !== 'waiting' && modeOf(counter) !== 0 && modeOf(counter) !== 4;

/** CE where a half period of mode 3 ends: an odd count holds its high half one pulse longer. */
const lastOfHalf = (counter: Counter): number => (counter.oddCount && counter.output ? 0 : 2);

/**
 * A count of 1 is not allowed in modes 2 and 3 ("Minimum and Maximum Initial Counts"); here it holds OUT high.
 * CE can be 1 otherwise only in mode 2, in the last pulse of a period.
 */
const heldAtOne = (counter: Counter): boolean => counter.element === 1 && counter.output;

/** CLK pulses, at least 1, until this counter does anything but count down; `Infinity` for never. */
export function pulsesToEvent(counter: Counter): number {
  if (counter.phase === 'strobe' || loadsNext(counter)) return 1;
  if (counter.phase !== 'counting' || heldByGate(counter)) return Infinity;
  const { element } = counter;
  switch (modeOf(counter)) {
    case 2:
      if (element > 1) return element - 1;
      return heldAtOne(counter) && !counter.nullCount ? Infinity : 1;
    case 3:
      if (heldAtOne(counter)) return counter.nullCount ? 1 : Infinity;
      return (element - lastOfHalf(counter)) / 2 + 1;
    default:
      return element;
  }
}

/** CLK pulses of a full period of the wave at OUT in modes 2 and 3; undefined while there is none. */
export function wavePeriod(counter: Counter): number | undefined {
  const mode = modeOf(counter);
  if ((mode !== 2 && mode !== 3) || counter.phase === 'waiting' || !counter.gate) return undefined;
  const steps = stepsToCount(counter);
  return steps === 1 ? undefined : steps;
}

/** Counts `pulses` pulses in which nothing else happens. */
function countDown(counter: Counter, pulses: number): void {
  const running = counter.phase === 'counting' || counter.phase === 'finished';
  if (pulses === 0 || !running || heldByGate(counter)) return;
  const mode = modeOf(counter);
  if (mode === 2 || mode === 3) {
    if (!heldAtOne(counter)) counter.element -= pulses * (mode - 1); // Mode 3 counts by two.
    return;
  }
  const turn = modulus(counter);
  counter.element = (((counter.element - pulses) % turn) + turn) % turn;
}

/** CR to CE, on a CLK pulse. */
function loadElement(counter: Counter): void {
  counter.element = elementOfCount(counter);
  counter.oddCount = counter.element !== stepsToCount(counter);
  counter.nullCount = false;
  counter.phase = 'counting';
}

function outputAfterLoad(counter: Counter): boolean {
  return modeOf(counter) > 1; // Mode 0 waits low for its end; the one-shot of mode 1 goes low.
}

/** The one CLK pulse on which `pulsesToEvent` says that something happens. */
function eventPulse(counter: Counter): void {
  if (loadsNext(counter)) {
    loadElement(counter);
    counter.output = outputAfterLoad(counter);
    return;
  }
  if (counter.phase === 'strobe') {
    counter.phase = 'finished';
    counter.output = true;
    countDown(counter, 1);
    return;
  }
  switch (modeOf(counter)) {
    case 2:
      if (counter.element > 1) {
        counter.element -= 1;
        counter.output = counter.element > 1;
        return;
      }
      loadElement(counter);
      counter.output = true;
      return;
    case 3: {
      const wasHeld = heldAtOne(counter);
      loadElement(counter);
      counter.output = wasHeld || counter.element === 1 || !counter.output;
      return;
    }
    default: {
      const strobes = modeOf(counter) >= 4;
      counter.element = 0;
      counter.output = !strobes;
      counter.phase = strobes ? 'strobe' : 'finished';
    }
  }
}

/** Whole periods of modes 2 and 3 change nothing, as long as no new count waits for the end of one. */
function withoutWholePeriods(counter: Counter, pulses: number): number {
  const mode = modeOf(counter);
  const periodic = counter.phase === 'counting' && !counter.triggered && !counter.nullCount && !heldByGate(counter);
  return periodic && (mode === 2 || mode === 3) ? pulses % stepsToCount(counter) : pulses;
}

/** Moves a counter on by any number of CLK pulses. */
export function clockCounter(counter: Counter, pulses: number): void {
  if (pulses === 0) return;
  let left = withoutWholePeriods(counter, pulses);
  while (left > 0) {
    const event = pulsesToEvent(counter);
    assert(event >= 1, 'pit: the next event lies ahead');
    const quiet = Math.min(left, event - 1);
    countDown(counter, quiet);
    if (quiet > 0) counter.triggered = false; // A CLK pulse samples the gate and forgets its edge.
    if (left < event) break;
    eventPulse(counter);
    counter.triggered = false;
    left = withoutWholePeriods(counter, left - event);
  }
  counter.triggered = false;
}

/** A Control Word for this counter: all control logic is reset and OUT takes the mode's initial level. */
export function programCounter(counter: Counter, word: { mode: number; access: number; bcd: boolean }): void {
  counter.modeBits = word.mode;
  counter.access = word.access;
  counter.bcd = word.bcd;
  counter.initialCount = 0;
  counter.secondWriteNext = false;
  counter.secondReadNext = false;
  counter.latchedBytes = 0; // "Held in the latch until it is read (or until the Counter is reprogrammed)".
  counter.nullCount = true;
  counter.triggered = false;
  counter.phase = 'waiting';
  counter.output = modeOf(counter) !== 0;
}

function takeCount(counter: Counter, value: number): void {
  counter.initialCount = value;
  counter.nullCount = true;
  const mode = modeOf(counter);
  const triggeredMode = mode === 1 || mode === 5;
  if (mode === 0) counter.output = false;
  if (mode === 0 || mode === 4)
    counter.phase = 'loading'; // A new count takes over at the next CLK pulse.
  else if (counter.phase === 'waiting') counter.phase = triggeredMode ? 'armed' : 'loading';
}

/** A byte written to the counter's port. */
export function writeCount(counter: Counter, byte: number): void {
  if (counter.access === access.high) return takeCount(counter, byte << 8);
  if (counter.access !== access.lowThenHigh) return takeCount(counter, byte);
  counter.secondWriteNext = !counter.secondWriteNext;
  if (!counter.secondWriteNext) return takeCount(counter, counter.firstByte | (byte << 8));
  counter.firstByte = byte;
  if (modeOf(counter) === 0) {
    counter.phase = 'waiting'; // "Writing the first byte disables counting. OUT is set low immediately."
    counter.output = false;
  }
}

/** Holds the count for reading; a count already held stays. */
export function latchCount(counter: Counter): void {
  if (counter.latchedBytes > 0) return;
  counter.latchedCount = countingElement(counter);
  counter.latchedBytes = counter.access === access.lowThenHigh ? 2 : 1;
}

/** Holds the status byte for reading; one already held stays. */
export function latchStatus(counter: Counter): void {
  if (counter.statusLatched) return;
  counter.statusLatched = true;
  counter.latchedStatus =
    (Number(counter.output) << statusByte.output) |
    (Number(counter.nullCount) << statusByte.nullCount) |
    (counter.access << statusByte.access) |
    (counter.modeBits << statusByte.mode) |
    (Number(counter.bcd) << statusByte.bcd);
}

/** A byte read from the counter's port: the latched status first, then the latched count, else the count itself. */
export function readCount(counter: Counter): number {
  if (counter.statusLatched) {
    counter.statusLatched = false;
    return counter.latchedStatus;
  }
  const both = counter.access === access.lowThenHigh;
  if (counter.latchedBytes > 0) {
    counter.latchedBytes -= 1;
    const high = both ? counter.latchedBytes === 0 : counter.access === access.high;
    return high ? counter.latchedCount >> 8 : counter.latchedCount & 0xff;
  }
  const high = both ? counter.secondReadNext : counter.access === access.high;
  if (both) counter.secondReadNext = !counter.secondReadNext;
  return high ? countingElement(counter) >> 8 : countingElement(counter) & 0xff;
}

/** The GATE pin. In modes 2 and 3 a low gate sets OUT high at once. */
export function setGate(counter: Counter, level: boolean): void {
  if (level && !counter.gate) counter.triggered = true;
  counter.gate = level;
  const mode = modeOf(counter);
  if (!level && (mode === 2 || mode === 3)) counter.output = true;
}
