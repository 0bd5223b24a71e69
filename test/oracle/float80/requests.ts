/** Random inputs that dwell where 80-bit arithmetic is hard: special encodings, ties, the ends of the exponent range. */
import type { Random } from '../../../src/base/random.js';
import { operations, type Request } from './native.js';

const word64 = (random: Random): bigint => (BigInt(random.next()) << 32n) | BigInt(random.next());
const mask64 = (1n << 64n) - 1n;

/** 64 bits: even, or runs of ones and zeros, or few bits set or clear. */
function significand(random: Random): bigint {
  switch (random.below(5)) {
    case 0:
      return word64(random);
    case 1:
      return ((word64(random) >> BigInt(random.below(64))) << BigInt(random.below(64))) & mask64;
    case 2: {
      const run = ((1n << BigInt(random.below(65))) - 1n) << BigInt(random.below(64));
      return random.next() & 1 ? run & mask64 : ~run & mask64;
    }
    case 3:
      return (1n << BigInt(random.below(64))) ^ (random.next() & 1 ? mask64 : 0n);
    default:
      return ((1n << BigInt(random.below(64))) | (1n << BigInt(random.below(64)))) & mask64;
  }
}

/** An 80-bit number of any class, mostly normal. */
function number80(random: Random): bigint {
  const sign = BigInt(random.next() & 1) << 79n;
  const bits = significand(random);
  const integerBit = 1n << 63n;
  const number = (exponent: number): bigint => sign | (BigInt(exponent) << 64n) | bits | integerBit;
  switch (random.below(24)) {
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
      return sign | (BigInt(random.below(0x8000)) << 64n) | bits;
    case 6:
      return number(random.below(0x8000));
    case 7:
      return number(1 + random.below(70));
    case 8:
      return number(0x7ffe - random.below(70));
    case 9:
      return sign | (0x3fffn << 64n) | integerBit;
    case 10:
      return number(0x3fff + random.below(17));
    case 11:
      return number(0x3f80 + random.below(256));
    case 12:
      return number(0x3c00 + random.below(2048));
    default:
      return number(0x3fff - 40 + random.below(110));
  }
}

/** A second operand near the first, so that sums cancel and quotients tie. */
function near(random: Random, first: bigint): bigint {
  const magnitude = first & ((1n << 79n) - 1n);
  const step = BigInt(random.below(9) - 4) + (BigInt(random.below(5) - 2) << 64n);
  const other = (magnitude + step) & ((1n << 79n) - 1n);
  return other | (BigInt(random.next() & 1) << 79n);
}

/** The bits of a 64-bit float, which also begin with those of a 32-bit one. */
function memoryOperand(random: Random, name: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  const sign = random.next() & 1;
  const special = random.below(8);
  if (name === 'fbld') {
    for (let index = 0; index < 9; index++) view.setUint8(index, random.below(10) * 16 + random.below(10));
    view.setUint8(9, random.next() & 0xff);
  } else if (name.endsWith('m64')) {
    const exponent =
      special === 0 ? 0 : special === 1 ? 0x7ff : special < 5 ? 0x3ff - 8 + random.below(16) : random.below(0x800);
    const fraction = random.below(4) === 0 ? 0n : significand(random) >> 12n;
    view.setBigUint64(0, (BigInt(sign * 0x800 + exponent) << 52n) | fraction, true);
  } else {
    const exponent =
      special === 0 ? 0 : special === 1 ? 0xff : special < 5 ? 0x7f - 8 + random.below(16) : random.below(0x100);
    const fraction = random.below(4) === 0 ? 0n : significand(random) >> 41n;
    view.setBigUint64(0, (BigInt(sign * 0x100 + exponent) << 23n) | fraction, true);
  }
  return bytes;
}

/** A number of 32 or 64 bits: special, near one, or any. */
function narrowNumber(random: Random, exponentBits: number, fractionBits: number): bigint {
  const end = 1 << exponentBits;
  const middle = end / 2 - 1;
  const exponents = [
    0,
    end - 1,
    1 + random.below(3),
    end - 2,
    middle - 30 + random.below(60),
    middle - 3 + random.below(6),
  ];
  const exponent = [...exponents, random.below(end), random.below(end)][random.below(8)]!;
  const fraction = random.below(5) === 0 ? 0n : significand(random) >> BigInt(64 - fractionBits);
  const sign = BigInt(random.below(2)) << BigInt(exponentBits + fractionBits);
  return sign | (BigInt(exponent) << BigInt(fractionBits)) | fraction;
}

function streamingRequest(random: Random, operation: number, single: boolean): Request {
  const number = (): bigint => (single ? narrowNumber(random, 8, 23) : narrowNumber(random, 11, 52));
  const st0 = number();
  const st1 = random.below(4) === 0 ? st0 ^ BigInt(random.below(4)) : number();
  const masks = random.below(3) === 0 ? random.next() & 0x3f : 0x3f;
  const [flush, zeros] = [random.below(3) === 0 ? 0x8000 : 0, random.below(3) === 0 ? 0x40 : 0];
  const controlWord = (masks << 7) | (random.below(4) << 13) | flush | zeros;
  return { operation, controlWord, codes: 0, st0, st1, memory: new Uint8Array(16) };
}

/** A case of the instruction at a place in the list of operations. */
export function randomRequest(random: Random, operation: number): Request {
  const { name, isStreaming } = operations[operation]!;
  if (isStreaming) return streamingRequest(random, operation, name.endsWith('ss'));
  const st0 = number80(random);
  const st1 = random.below(4) === 0 ? near(random, st0) : number80(random);
  const precision = [0, 2, 3, 3, 1][random.below(5)]!;
  const masks = random.below(3) === 0 ? random.next() & 0x3f : 0x3f;
  const controlWord = (random.below(4) << 10) | (precision << 8) | masks;
  return { operation, controlWord, codes: random.next() & 0x4700, st0, st1, memory: memoryOperand(random, name) };
}
