import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { denormalSource, withheld } from '../../../../src/cpu/kernel/float80/float80.js';
import * as harness from './kernel.js';
import * as reference from './reference.js';

const { kernel, finiteNumber, controlWords, binary, unary } = harness;
const { exceptions } = reference;
const runs = { numRuns: 3000 };

/** What the reference says, with the denormal exception of its operands and the sign of an unmasked exception. */
function complete(
  { bits, status }: reference.Answer,
  controlWord: number,
  ...operands: reference.Bits[]
): reference.Answer {
  const all = status | (operands.some(reference.isDenormal) ? exceptions.denormal : 0);
  return { bits, status: all & ~controlWord & 0x3f ? all | 0x80 : all };
}
const isZero = (bits: reference.Bits): boolean => reference.significandOf(bits) === 0n;
const flip = (bits: reference.Bits): reference.Bits => bits ^ (1n << 79n);

describe('80-bit arithmetic equals exact arithmetic rounded once', () => {
  test('in sums and differences', () => {
    fc.assert(
      fc.property(finiteNumber, finiteNumber, controlWords, (x, y, controlWord) => {
        expect(binary(kernel.add, x, y, controlWord)).toEqual(
          complete(reference.add(x, y, controlWord), controlWord, x, y),
        );
        expect(binary(kernel.subtract, x, y, controlWord)).toEqual(
          complete(reference.add(x, flip(y), controlWord), controlWord, x, y),
        );
      }),
      runs,
    );
  });
  test('in products', () => {
    fc.assert(
      fc.property(finiteNumber, finiteNumber, controlWords, (x, y, controlWord) => {
        expect(binary(kernel.multiply, x, y, controlWord)).toEqual(
          complete(reference.multiply(x, y, controlWord), controlWord, x, y),
        );
      }),
      runs,
    );
  });
  test('in quotients', () => {
    fc.assert(
      fc.property(finiteNumber, finiteNumber, controlWords, (x, y, controlWord) => {
        fc.pre(!isZero(y));
        expect(binary(kernel.divide, x, y, controlWord)).toEqual(
          complete(reference.divide(x, y, controlWord), controlWord, x, y),
        );
      }),
      runs,
    );
  });
  test('in square roots', () => {
    fc.assert(
      fc.property(finiteNumber, controlWords, (number, controlWord) => {
        fc.pre(!isZero(number));
        const x = reference.signOf(number) ? flip(number) : number;
        expect(unary(kernel.squareRoot, x, controlWord)).toEqual(
          complete(reference.squareRoot(x, controlWord), controlWord, x),
        );
      }),
      runs,
    );
  });
});

describe('remainders', () => {
  const quotientOf = (status: number): number => ((status >> 9) & 1) | ((status >> 13) & 2) | ((status >> 6) & 4);
  for (const [name, operation, nearest] of [
    ['FPREM', kernel.remainderTruncated, false],
    ['FPREM1', kernel.remainderNearest, true],
  ] as const) {
    test(`of ${name}, repeated until it says that it is done, are exact, with the low bits of the quotient`, () => {
      fc.assert(
        fc.property(finiteNumber, finiteNumber, (x, y) => {
          fc.pre(!isZero(y));
          let { bits, status } = binary(operation, x, y, 0x37f);
          while (status & 0x400) ({ bits, status } = binary(operation, bits, y, 0x37f));
          const right = reference.remainder(x, y, nearest);
          expect(bits).toBe(right.bits);
          expect(quotientOf(status)).toBe(right.quotient);
        }),
        { numRuns: 1000 },
      );
    });
  }
});

describe('whole numbers', () => {
  test('are what FRNDINT and FIST round to, in every direction', () => {
    fc.assert(
      fc.property(finiteNumber, fc.nat(3), (x, mode) => {
        const controlWord = 0x33f | (mode << 10);
        const { value, inexact, away } = reference.integer(x, mode);
        const flags = (inexact ? exceptions.inexact : 0) | (away ? 0x200 : 0);
        const rounded = unary(kernel.roundToInteger, x, controlWord);
        expect(rounded.status & ~exceptions.denormal).toBe(flags);
        harness.put(harness.a, rounded.bits);
        expect(reference.integer(rounded.bits, 3)).toEqual({ value, inexact: false, away: false });

        harness.put(harness.a, x);
        const status = kernel.storeInteger(harness.target, harness.a, 8, controlWord);
        const fits = BigInt.asIntN(64, value) === value;
        expect(status).toBe(fits ? flags : exceptions.invalid);
        expect(harness.view.getBigInt64(harness.target, true)).toBe(fits ? value : -(1n << 63n));
      }),
      runs,
    );
  });
  test('survive a way through a register, from memory to memory, in binary and in decimal', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        kernel.loadInteger(harness.a, value);
        expect(kernel.storeInteger(harness.target, harness.a, 8, 0x33f)).toBe(0);
        expect(harness.view.getBigInt64(harness.target, true)).toBe(value);
        const status = kernel.storeDecimal(harness.target, harness.a, 0x33f);
        const fits = value > -(10n ** 18n) && value < 10n ** 18n;
        expect(status).toBe(fits ? 0 : exceptions.invalid);
        if (!fits) return;
        kernel.loadDecimal(harness.second, harness.target);
        expect(harness.get(harness.second)).toBe(harness.get(harness.a));
      }),
      runs,
    );
  });
});

describe('narrower formats', () => {
  test('hold what IEEE 754 rounds a register to', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        const bits = new DataView(new ArrayBuffer(8));
        bits.setFloat64(0, value, true);
        kernel.load64(harness.a, bits.getBigUint64(0, true), 0x33f);
        expect(kernel.store64(harness.target, harness.a, 0x33f)).toBe(0);
        expect(harness.view.getFloat64(harness.target, true)).toBe(value);
        kernel.store32(harness.target, harness.a, 0x33f);
        expect(harness.view.getFloat32(harness.target, true)).toBe(Math.fround(value));
      }),
      runs,
    );
  });
});

describe('an unmasked exception', () => {
  const signaling = reference.pack(false, 0x7fff, (1n << 63n) | 1n);
  const [one, zero] = [reference.pack(false, 0x3fff, 1n << 63n), reference.pack(true, 0, 0n)];
  test.each([
    ['invalid operation', kernel.add, signaling, one, exceptions.invalid],
    ['division by zero', kernel.divide, one, zero, exceptions.zeroDivide],
    ['denormal operand', kernel.multiply, one, reference.pack(false, 0, 1n), exceptions.denormal],
  ] as const)('of the kind %s leaves the target as it was and says so', (_, operation, x, y, exception) => {
    harness.put(harness.target, 0x1234n);
    expect(binary(operation, x, y, 0x33f & ~exception)).toEqual({ bits: 0x1234n, status: exception | 0x80 | withheld });
  });
});

describe('a denormal operand in memory', () => {
  test('raises its exception in the operation that uses it, though a register holds it as a normal number', () => {
    const widened = kernel.widen32(harness.b, 1);
    expect(widened).toBe(denormalSource);
    expect(harness.get(harness.b)).toBe(reference.pack(false, 0x3fff - 149, 1n << 63n));
    harness.put(harness.a, reference.pack(false, 0x3fff, 1n << 63n));
    const status = kernel.multiply(harness.target, harness.a, harness.b, 0x33f | widened);
    expect(status).toBe(exceptions.denormal);
    expect(harness.get(harness.target)).toBe(harness.get(harness.b));
  });
});
