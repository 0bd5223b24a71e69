/** Random inputs that dwell where 80-bit arithmetic is hard: special encodings, ties, the ends of the exponent range. */
import { operations, type Request } from './native.js';

/** A source of 32-bit integers. */
export type Random = () => number;

/** Equal seeds, equal numbers. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
}
const below = (random: Random, end: number): number => random() % end;
const word64 = (random: Random): bigint => (BigInt(random()) << 32n) | BigInt(random());
const mask64 = (1n << 64n) - 1n;

/** 64 bits: even, or runs of ones and zeros, or few bits set or clear. */
export function significand(random: Random): bigint {
  switch (below(random, 5)) {
    case 0:
      return word64(random);
    case 1:
      return (word64(random) >> BigInt(below(random, 64))) << BigInt(below(random, 64)) & mask64;
    case 2: {
      const run = ((1n << BigInt(below(random, 65))) - 1n) << BigInt(below(random, 64));
      return random() & 1 ? run & mask64 : ~run & mask64;
    }
    case 3:
      return (1n << BigInt(below(random, 64))) ^ (random() & 1 ? mask64 : 0n);
    default:
      return ((1n << BigInt(below(random, 64))) | (1n << BigInt(below(random, 64)))) & mask64;
  }
}

/** An 80-bit number of any class, mostly normal. */
export function number80(random: Random): bigint {
  const sign = BigInt(random() & 1) << 79n;
  const bits = significand(random);
  const integerBit = 1n << 63n;
  const number = (exponent: number): bigint => sign | (BigInt(exponent) << 64n) | bits | integerBit;
  switch (below(random, 24)) {
    case 0:
      return sign;
    case 1:
      return sign | (bits & ~integerBit);
    case 2:
      return sign | bits | integerBit;
    case 3:
      return sign | (0x7fffn << 64n) | bits | integerBit;
    case 4:
      return sign | (0x7fffn << 64n) | integerBit;
    case 5:
      return sign | (BigInt(below(random, 0x8000)) << 64n) | bits;
    case 6:
      return number(below(random, 0x8000));
    case 7:
      return number(1 + below(random, 70));
    case 8:
      return number(0x7ffe - below(random, 70));
    case 9:
      return sign | (0x3fffn << 64n) | integerBit;
    case 10:
      return number(0x3fff + below(random, 17));
    case 11:
      return number(0x3f80 + below(random, 256));
    case 12:
      return number(0x3c00 + below(random, 2048));
    default:
      return number(0x3fff - 40 + below(random, 110));
  }
}

/** A second operand near the first, so that sums cancel and quotients tie. */
function near(random: Random, first: bigint): bigint {
  const magnitude = first & ((1n << 79n) - 1n);
  const step = BigInt(below(random, 9) - 4) + (BigInt(below(random, 5) - 2) << 64n);
  const other = (magnitude + step) & ((1n << 79n) - 1n);
  return other | (BigInt(random() & 1) << 79n);
}

/** The bits of a 64-bit float, which also begin with those of a 32-bit one. */
function memoryOperand(random: Random, name: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  const sign = random() & 1;
  const special = below(random, 8);
  if (name === 'fbld') {
    for (let index = 0; index < 9; index++) view.setUint8(index, below(random, 10) * 16 + below(random, 10));
    view.setUint8(9, random() & 0xff);
  } else if (name.endsWith('m64')) {
    const exponent = special === 0 ? 0 : special === 1 ? 0x7ff : special < 5 ? 0x3ff - 8 + below(random, 16) : below(random, 0x800);
    const fraction = below(random, 4) === 0 ? 0n : significand(random) >> 12n;
    view.setBigUint64(0, (BigInt(sign * 0x800 + exponent) << 52n) | fraction, true);
  } else {
    const exponent = special === 0 ? 0 : special === 1 ? 0xff : special < 5 ? 0x7f - 8 + below(random, 16) : below(random, 0x100);
    const fraction = below(random, 4) === 0 ? 0n : significand(random) >> 41n;
    view.setBigUint64(0, (BigInt(sign * 0x100 + exponent) << 23n) | fraction, true);
  }
  return bytes;
}

/** A case of the instruction at a place in the list of operations. */
export function randomRequest(random: Random, operation: number): Request {
  const { name } = operations[operation]!;
  const st0 = number80(random);
  const st1 = below(random, 4) === 0 ? near(random, st0) : number80(random);
  const precision = [0, 2, 3, 3, 1][below(random, 5)]!;
  const masks = below(random, 3) === 0 ? random() & 0x3f : 0x3f;
  const controlWord = (below(random, 4) << 10) | (precision << 8) | masks;
  return { operation, controlWord, st0, st1, memory: memoryOperand(random, name) };
}
