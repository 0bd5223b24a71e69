import { describe, expect, test } from 'vitest';
import { assert, InvariantError } from '../../src/base/assert.js';
import { UserError } from '../../src/base/errors.js';
import { cycle, greatestCommonDivisor, hex } from '../../src/base/integers.js';

describe('our mistakes', () => {
  test('an assertion that holds says nothing, one that fails names the invariant', () => {
    expect(() => assert(true, 'one is one')).not.toThrow();
    expect(() => assert(0, 'zero is true')).toThrow(new InvariantError('invariant broken: zero is true'));
  });

  test('a cycle is a safe whole number from 0 on', () => {
    expect(cycle(0)).toBe(0);
    expect(cycle(Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
    for (const wrong of [-1, 0.5, NaN, Infinity, 2 ** 53]) expect(() => cycle(wrong)).toThrow(InvariantError);
  });
});

describe("the user's mistakes", () => {
  test('say file, place, problem and next step', () => {
    const error = new UserError('the image is short', { file: 'a.img', place: 'sector 3', nextStep: 'Copy it again.' });
    expect(error.message).toBe('a.img, sector 3: the image is short\nCopy it again.');
    expect(error).toMatchObject({ file: 'a.img', place: 'sector 3', nextStep: 'Copy it again.' });
  });

  test('leave out what is not known', () => {
    expect(new UserError('no').message).toBe('no');
    expect(new UserError('no', { place: 'step 2' }).message).toBe('step 2: no');
  });

  test('keep their cause', () => {
    const cause = new Error('ENOENT');
    expect(new UserError('no', { cause }).cause).toBe(cause);
  });
});

describe('whole numbers', () => {
  test('have a greatest common divisor', () => {
    expect(greatestCommonDivisor(12, 18)).toBe(6);
    expect(greatestCommonDivisor(17, 50_000_000)).toBe(1);
    expect(greatestCommonDivisor(2 ** 52, 2 ** 40)).toBe(2 ** 40);
  });

  test('print as hexadecimal digits, at least so many', () => {
    expect(hex(10, 4)).toBe('000a');
    expect(hex(0x12345, 4)).toBe('12345');
    expect(hex(2n ** 64n - 1n, 16)).toBe('ffffffffffffffff');
  });
});
