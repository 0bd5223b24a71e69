import { assert } from './assert.js';

/** A moment inside a machine: retired instructions times their cost since power-on. A safe non-negative integer. */
export type Cycle = number & { readonly unit: 'cycle' };

/** A chip's own ticks: a safe non-negative integer. `Infinity` stands for "never" where a function says so. */
export type Ticks = number & { readonly unit: 'ticks' };

/** A moment as a branded {@link Cycle}; asserts that it is a safe non-negative integer. */
export function cycle(value: number): Cycle {
  assert(Number.isSafeInteger(value) && value >= 0, `a cycle is a safe non-negative integer, not ${value}`);
  return value as Cycle;
}

/** The greatest common divisor of two positive integers. */
export function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/** Two hexadecimal digits or more: `hex(10, 4)` is `000a`. */
export function hex(value: number | bigint, digits = 0): string {
  return value.toString(16).padStart(digits, '0');
}
