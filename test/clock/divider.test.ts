import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.js';
import { divider, type Frequency } from '../../src/clock/divider.js';

/** The clocks of the board, and ratios as awkward as they may be. */
const frequencies: readonly Frequency[] = [
  { numerator: 14_318_180, denominator: 12 },
  { numerator: 14_318_180, denominator: 216 },
  { numerator: 32_768, denominator: 1 },
  { numerator: 1_843_200, denominator: 16 },
  { numerator: 1, denominator: 1 },
  { numerator: 2 ** 31 - 1, denominator: 1 },
  { numerator: 1, denominator: 2 ** 22 },
];
const frequency = fc.oneof(
  fc.constantFrom(...frequencies),
  fc.record({
    numerator: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    denominator: fc.integer({ min: 1, max: 1_000_000 }),
  }),
);
const rate = fc.oneof(
  fc.constantFrom(1_000_000, 50_000_000, 999_999_937, 1_000_000_000),
  fc.integer({ min: 1_000_000, max: 1_000_000_000 }),
);
/** Cycles from none to centuries, with the borders of exact arithmetic among them. */
const cycles = fc.oneof(
  fc.integer({ min: 0, max: 100 }),
  fc.integer({ min: 0, max: 2 ** 40 }),
  fc.integer({ min: 2 ** 52 - 1000, max: 2 ** 52 + 1000 }),
);

/** The same divider in whole numbers of any size: cycles since the beginning, and ticks ended by then. */
function model(cyclesPerSecond: number, { numerator, denominator }: Frequency) {
  const top = BigInt(numerator);
  const bottom = BigInt(denominator) * BigInt(cyclesPerSecond);
  let passed = 0n;
  const ticksAt = (at: bigint): bigint => (at * top) / bottom;
  return {
    ticksIn: (count: bigint) => ticksAt(passed + count) - ticksAt(passed),
    advance(count: bigint) {
      const ticks = ticksAt(passed + count) - ticksAt(passed);
      passed += count;
      return ticks;
    },
    /** The first cycle at which so many more ticks have ended, counted from here. */
    cyclesUntil(ticks: bigint) {
      const target = ticksAt(passed) + ticks;
      const at = (target * bottom + top - 1n) / top;
      return at < passed ? 0n : at - passed;
    },
  };
}

const safe = (value: bigint): boolean => value <= BigInt(Number.MAX_SAFE_INTEGER);

describe('a divider', () => {
  test('counts as arithmetic in whole numbers of any size does, over any sequence of steps', () => {
    fc.assert(
      fc.property(rate, frequency, fc.array(cycles, { maxLength: 20 }), (cyclesPerSecond, clock, steps) => {
        const counted = divider(cyclesPerSecond, clock);
        const exact = model(cyclesPerSecond, clock);
        for (const step of steps) {
          const expected = exact.ticksIn(BigInt(step));
          if (!safe(expected)) continue;
          expect(counted.ticksIn(step)).toBe(Number(expected));
          expect(counted.advance(step)).toBe(Number(exact.advance(BigInt(step))));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('names the exact cycle at which a number of ticks has ended', () => {
    const ticks = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 2 ** 45 }));
    fc.assert(
      fc.property(rate, frequency, cycles, ticks, (cyclesPerSecond, clock, before, wanted) => {
        const counted = divider(cyclesPerSecond, clock);
        const exact = model(cyclesPerSecond, clock);
        fc.pre(safe(exact.ticksIn(BigInt(before))));
        counted.advance(before);
        exact.advance(BigInt(before));
        const expected = exact.cyclesUntil(BigInt(wanted));
        fc.pre(safe(expected));
        const until = counted.cyclesUntil(wanted);
        expect(until).toBe(Number(expected));
        // That many ticks by then, and not one cycle earlier.
        if (safe(exact.ticksIn(expected))) expect(counted.ticksIn(until)).toBeGreaterThanOrEqual(wanted);
        if (until > 0) expect(counted.ticksIn(until - 1)).toBeLessThan(wanted);
      }),
      { numRuns: 5000 },
    );
  });

  test('gives the same ticks however the time is split', () => {
    fc.assert(
      fc.property(rate, frequency, fc.array(fc.integer({ min: 0, max: 1e6 })), (cyclesPerSecond, clock, steps) => {
        const [whole, split] = [divider(cyclesPerSecond, clock), divider(cyclesPerSecond, clock)];
        const total = steps.reduce((sum, step) => sum + step, 0);
        expect(steps.reduce((sum, step) => sum + split.advance(step), 0)).toBe(whole.advance(total));
        expect(split.remainder).toBe(whole.remainder);
      }),
    );
  });

  test('goes on from its remainder alone', () => {
    const first = divider(50_000_000, { numerator: 14_318_180, denominator: 12 });
    first.advance(123_456_789);
    const second = divider(50_000_000, { numerator: 14_318_180, denominator: 12 });
    second.remainder = first.remainder;
    expect(second.advance(987_654_321)).toBe(first.advance(987_654_321));
  });

  test('loses no tick of the timer in a guest year', () => {
    const counted = divider(50_000_000, { numerator: 14_318_180, denominator: 12 });
    const seconds = 365 * 24 * 3600;
    let ticks = 0;
    for (let day = 0; day < 365; day++) ticks += counted.advance(50_000_000 * 24 * 3600);
    expect(BigInt(ticks)).toBe((BigInt(seconds) * 14_318_180n) / 12n);
  });

  test('never comes where never is asked for', () => {
    expect(divider(50_000_000, { numerator: 1, denominator: 1 }).cyclesUntil(Infinity)).toBe(Infinity);
  });

  test('refuses a ratio that 53 bits cannot hold', () => {
    expect(() => divider(1_000_000_000, { numerator: 1, denominator: 10_000_000 })).toThrow(InvariantError);
  });
});
