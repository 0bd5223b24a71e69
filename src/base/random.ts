import { assert } from './assert.js';

/** A seeded pseudo-random source; equal seeds give equal sequences on every host. */
export interface Random {
  /** The next unsigned 32-bit number. */
  next(): number;
  /** A number from 0 to `bound - 1`; `bound` is 1 to 2^32. */
  below(bound: number): number;
}

/** Mulberry32 over a 32-bit seed: small, full-period in its increment, good enough to choose test inputs. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
  return {
    next,
    below(bound) {
      assert(bound >= 1 && bound <= 2 ** 32, 'a random bound is 1 to 2^32');
      return Math.floor((next() / 2 ** 32) * bound);
    },
  };
}
