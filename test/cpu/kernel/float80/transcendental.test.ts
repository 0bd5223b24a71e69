import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withheld } from '../../../../src/cpu/kernel/float80/float80.js';
import * as harness from './kernel.js';
import * as reference from './reference.js';
import * as exact from './transcendental-reference.js';

const { kernel, normal, binary, unary } = harness;
const runs = { numRuns: 1500 };
const controlWord = fc.nat(3).map((mode) => 0x33f | (mode << 10));
/** Arguments whose series the reference can sum: not so small that its fixed point ends. */
const moderate = fc.oneof(normal(0x3fff - 4, 0x3fff + 4), normal(0x3fff - 120, 0x3fff + 62));
const [one, minusOne] = [false, true].map((negative) => reference.pack(negative, 0x3fff, 1n << 63n)) as [
  bigint,
  bigint,
];

const expected = (value: bigint, word: number): reference.Answer => reference.roundInexact(value, exact.places, word);

describe('transcendental functions are correctly rounded in every direction', () => {
  test('sine, cosine and tangent, of arguments up to 2^63', () => {
    fc.assert(
      fc.property(moderate, controlWord, (x, word) => {
        const { sine, cosine } = exact.sineAndCosine(x);
        expect(unary(kernel.sine, x, word)).toEqual(expected(sine, word));
        expect(unary(kernel.cosine, x, word)).toEqual(expected(cosine, word));
        harness.put(harness.a, x);
        kernel.sineAndCosine(harness.target, harness.second, harness.a, word);
        expect(harness.get(harness.target)).toBe(expected(sine, word).bits);
        expect(harness.get(harness.second)).toBe(expected(cosine, word).bits);
        const status = kernel.tangent(harness.target, harness.second, harness.a, word);
        expect({ bits: harness.get(harness.target), status }).toEqual(expected(exact.tangent(x), word));
        expect(harness.get(harness.second)).toBe(one);
      }),
      runs,
    );
  });
  test('the angle of a point', () => {
    fc.assert(
      fc.property(moderate, moderate, controlWord, (y, x, word) => {
        expect(binary(kernel.arctangent, y, x, word)).toEqual(expected(exact.arctangent(y, x), word));
      }),
      runs,
    );
  });
  test('logarithms, times a number', () => {
    fc.assert(
      fc.property(moderate, moderate, controlWord, (y, number, word) => {
        const x = BigInt.asUintN(79, number);
        fc.pre(reference.significandOf(x) !== 1n << 63n);
        expect(binary(kernel.logarithm, y, x, word)).toEqual(expected(exact.timesLogarithm(y, x), word));
      }),
      runs,
    );
  });
  test('logarithms of one plus a small number, times a number', () => {
    fc.assert(
      fc.property(moderate, normal(0x3fff - 120, 0x3fff - 2), controlWord, (y, x, word) => {
        fc.pre(exact.fixed(x) > -(3n << BigInt(exact.places)) / 4n);
        expect(binary(kernel.logarithmOfOnePlus, y, x, word)).toEqual(
          expected(exact.timesLogarithmOfOnePlus(y, x), word),
        );
      }),
      runs,
    );
  });
  test('powers of two less one', () => {
    fc.assert(
      fc.property(fc.oneof(normal(0x3fff - 4, 0x3ffe), normal(0x3fff - 120, 0x3ffe)), controlWord, (x, word) => {
        expect(unary(kernel.powerOfTwoLessOne, x, word)).toEqual(expected(exact.powerOfTwoLessOne(x), word));
      }),
      runs,
    );
  });
});

describe('of very small numbers', () => {
  const tiny = normal(1, 0x3fff - 200);
  const next = (bits: bigint): bigint =>
    reference.significandOf(bits) === (1n << 64n) - 1n ? bits + 1n + (1n << 63n) : bits + 1n;
  const previous = (bits: bigint): bigint =>
    reference.significandOf(bits) === 1n << 63n && reference.exponentOf(bits) > 1 ? bits - 1n - (1n << 63n) : bits - 1n;

  test('the sine and the arctangent lie just below them, the tangent just above', () => {
    fc.assert(
      fc.property(tiny, controlWord, (x, word) => {
        const mode = reference.modeOf(word);
        const towardsZero = mode === 3 || (mode === 1) !== reference.signOf(x);
        const below = mode !== 0 && towardsZero ? previous(x) : x;
        const above = mode !== 0 && !towardsZero ? next(x) : x;
        expect(unary(kernel.sine, x, word).bits & ~integerBit).toBe(below & ~integerBit);
        expect(binary(kernel.arctangent, x, one, word).bits & ~integerBit).toBe(below & ~integerBit);
        harness.put(harness.a, x);
        kernel.tangent(harness.target, harness.second, harness.a, word);
        expect(harness.get(harness.target)).toBe(above);
      }),
      runs,
    );
  });
  /** The number before the smallest normal one is denormal: its integer bit says so, not its exponent alone. */
  const integerBit = (1n << 63n) | (1n << 64n);
});

describe('arguments out of range', () => {
  test('of 2^63 and more leave angles as they are and set C2', () => {
    const x = reference.pack(true, 0x3fff + 63, 1n << 63n);
    harness.put(harness.target, 0n);
    expect(unary(kernel.sine, x, 0x33f)).toEqual({ bits: 0n, status: 0x400 | withheld });
  });
  test('of minus one give minus a half for 2^x - 1', () => {
    expect(unary(kernel.powerOfTwoLessOne, minusOne, 0x33f).bits).toBe(reference.pack(true, 0x3ffe, 1n << 63n));
  });
});

describe('logarithms that are whole numbers', () => {
  test('are multiplied exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: -16000, max: 16000 }), (power) => {
        fc.pre(power !== 0);
        const x = reference.pack(false, 0x3fff + power, 1n << 63n);
        kernel.loadInteger(harness.second, BigInt(power));
        expect(binary(kernel.logarithm, one, x, 0x33f).bits).toBe(harness.get(harness.second));
      }),
    );
  });
});
