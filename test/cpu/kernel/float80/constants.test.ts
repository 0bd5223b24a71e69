import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as exact from './transcendental-reference.js';

// Results of 64 bits do not show a wrong digit far behind: the constants are judged by themselves.
const read = (name: string): string =>
  readFileSync(new URL(`../../../../src/cpu/kernel/float80/assembly/${name}.as`, import.meta.url), 'utf8');
const [series, tables] = [read('series'), read('tables')];

const words = (high: string, low: string): bigint => (BigInt(high) << 64n) | BigInt(low);
const pairs = (text: string): bigint[] =>
  [...text.matchAll(/\((0x[0-9a-f]{16}), (0x[0-9a-f]{16})\)/g)].map(([, high, low]) => words(high!, low!));
const body = (text: string, name: string): string => text.slice(text.indexOf(`function ${name}(`)).split('\n}')[0]!;
const constant = (name: string): bigint => {
  const value = (suffix: string): string =>
    new RegExp(`const ${name}${suffix}: u64 = (0x[0-9a-f]{16});`).exec(tables)![1]!;
  return words(value(''), value('Low'));
};

/** numerator / denominator in units of 2^-bits, to the nearest. */
const nearest = (numerator: bigint, denominator: bigint, bits: number): bigint =>
  ((numerator << BigInt(bits + 1)) / denominator + 1n) >> 1n;
/** A value in the reference's fixed point, in units of 2^-bits, as a word of 128 bits. */
const narrowed = (value: bigint, bits: number): bigint =>
  BigInt.asUintN(128, ((value >> BigInt(exact.places - bits - 1)) + 1n) >> 1n);

const factorial = (n: bigint): bigint => (n < 2n ? 1n : n * factorial(n - 1n));
/** Coefficients of n from the highest power down, in units of 2^-bits. */
const coefficients = (powers: readonly number[], denominator: (n: bigint) => bigint, bits: number): bigint[] =>
  powers.map((power) => nearest(1n, denominator(BigInt(power)), bits));
const down = (from: number, to: number): number[] => Array.from({ length: from - to }, (_, index) => from - 1 - index);

describe('constants', () => {
  test.each([
    ['sineSeries', 15, 7, (n: bigint) => factorial(2n * n + 1n)],
    ['cosineSeries', 15, 7, (n: bigint) => factorial(2n * n)],
    ['oddReciprocalSeries', 13, 4, (n: bigint) => 2n * n + 1n],
    ['exponentialSeries', 17, 6, (n: bigint) => factorial(n + 1n)],
  ])('of %s are the coefficients, to the last bit', (name, count, whole, denominator) => {
    const text = body(series, name);
    expect(pairs(text)).toEqual(coefficients(down(whole, 0), denominator, 127));
    const brief = [...text.matchAll(/briefTerm\((0x[0-9a-f]{16})\)/g)].map(([, word]) => BigInt(word!));
    const below = Number(/widen\((\d+)\)/.exec(text)![1]);
    expect(brief).toEqual(coefficients(down(count, whole), denominator, 127 - below));
  });

  const one = 1n << BigInt(exact.places);
  /** A number of the format: numerator / 16 by its value's bits. */
  const sixteenths = (numerator: bigint): bigint => (numerator * one) / 16n;
  test('of the tables are what they say, to the last bit', () => {
    const range = (first: number, last: number): bigint[] =>
      Array.from({ length: last - first + 1 }, (_, index) => BigInt(first + index));
    expect(pairs(body(tables, 'arctangentOfSixteenths'))).toEqual(
      range(1, 16).map((index) => narrowed(exact.arctangentOf(sixteenths(index)), 126)),
    );
    expect(pairs(body(tables, 'powerOfSixteenths'))).toEqual(
      range(0, 15).map((index) => narrowed(one + exact.powerLessOne(sixteenths(index)), 127)),
    );
    expect(pairs(body(tables, 'logarithmOfReciprocal'))).toEqual(
      range(11, 23).map((index) => narrowed(exact.logarithmOfOnePlus((16n * one) / index - one), 126)),
    );
  });
  test('of π and logarithms are right to the last bit', () => {
    expect(constant('pi')).toBe(narrowed(exact.pi, 126));
    expect(constant('naturalLogarithmOf2')).toBe(narrowed(exact.naturalLogarithmOf2, 128));
    expect(constant('twiceLogarithmOfE')).toBe(narrowed((2n * one * one) / exact.naturalLogarithmOf2, 126));
  });
});
