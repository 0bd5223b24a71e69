import { assert } from '../base/assert.js';
import { greatestCommonDivisor } from '../base/integers.js';

/**
 * A frequency as an exact ratio of integers, in hertz. The PIT's 14.31818 MHz / 12 is
 * `{ numerator: 14_318_180, denominator: 12 }`.
 */
export interface Frequency {
  readonly numerator: number;
  readonly denominator: number;
}

/** Counts a slower (or faster) clock's ticks out of cycles by an exact ratio that carries its remainder. */
export interface Divider {
  /** Ticks that end within the next `cycles` cycles, without taking them. */
  ticksIn(cycles: number): number;
  /** Takes `cycles` cycles; returns the ticks that ended in them. */
  advance(cycles: number): number;
  /** The fewest cycles after which `ticks` more ticks have ended; `Infinity` for `Infinity`. */
  cyclesUntil(ticks: number): number;
  /** What is left of the current tick, in 1/`ticksDenominator` ticks: the divider's whole state. */
  remainder: number;
}

/**
 * A divider from `cyclesPerSecond` to `frequency`.
 * The reduced ratio's terms stay below 2^31, and cycles are taken in chunks, so every product is exact.
 */
export function divider(cyclesPerSecond: number, frequency: Frequency): Divider {
  const top = frequency.numerator;
  const bottom = frequency.denominator * cyclesPerSecond;
  assert(Number.isSafeInteger(bottom), 'a clock ratio fits in 53 bits');
  const common = greatestCommonDivisor(top, bottom);
  const perCycle = BigInt(top / common);
  const perTick = BigInt(bottom / common);
  const small = Number(perCycle);
  const large = Number(perTick);
  // Quotients of sums below 2^52 by whole numbers round to the right side of every integer.
  const exactCycles = Math.floor((2 ** 52 - large) / small);
  const exactTicks = Math.floor(2 ** 52 / large);
  const self: Divider = {
    remainder: 0,
    ticksIn(cycles) {
      if (cycles <= exactCycles) return Math.floor((self.remainder + cycles * small) / large);
      return Number((BigInt(self.remainder) + BigInt(cycles) * perCycle) / perTick);
    },
    advance(cycles) {
      if (cycles <= exactCycles) {
        const total = self.remainder + cycles * small;
        const ticks = Math.floor(total / large);
        self.remainder = total - ticks * large;
        return ticks;
      }
      const total = BigInt(self.remainder) + BigInt(cycles) * perCycle;
      self.remainder = Number(total % perTick);
      return Number(total / perTick);
    },
    cyclesUntil(ticks) {
      if (ticks === Infinity) return Infinity;
      if (ticks <= exactTicks) {
        const short = ticks * large - self.remainder;
        return short <= 0 ? 0 : Math.ceil(short / small);
      }
      const needed = BigInt(ticks) * perTick - BigInt(self.remainder);
      return needed <= 0n ? 0 : Number((needed + perCycle - 1n) / perCycle);
    },
  };
  return self;
}
