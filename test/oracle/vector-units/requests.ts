/** Random inputs for vector instructions: lanes that dwell where floating point is hard, and every control. */
import type { Random } from '../../../src/base/random.js';
import type { Form } from '../../../src/cpu/instructions/instruction.js';
import type { Request } from './native.js';

interface Format {
  readonly fractionBits: number;
  readonly exponentBits: number;
}
const single: Format = { fractionBits: 23, exponentBits: 8 };
const double: Format = { fractionBits: 52, exponentBits: 11 };

const ones = (bits: number): bigint => (1n << BigInt(bits)) - 1n;
const word64 = (random: Random): bigint => (BigInt(random.next()) << 32n) | BigInt(random.next());

/** A fraction: anything, or a run of ones, or few bits. */
function fraction(random: Random, bits: number): bigint {
  const position = BigInt(random.below(bits));
  const kinds = [
    (): bigint => word64(random),
    (): bigint => word64(random) << position,
    (): bigint => ones(bits) << position,
    (): bigint => 1n << position,
    (): bigint => ones(bits) ^ (1n << position),
    (): bigint => 0n,
  ];
  return kinds[random.below(kinds.length)]!() & ones(bits);
}

/** The bits of a number of any class, mostly near one. */
function number(random: Random, { fractionBits, exponentBits }: Format): bigint {
  const most = Number(ones(exponentBits));
  const bias = most >> 1;
  const exponents = [
    () => 0,
    () => most,
    () => 1 + random.below(fractionBits + 3),
    () => most - 1 - random.below(fractionBits + 3),
    () => random.below(most + 1),
    () => (bias >> 1) + random.below(8),
    () => bias + random.below(34),
    () => bias - random.below(3),
    () => bias - 30 + random.below(60),
    () => bias - 30 + random.below(60),
  ];
  const exponent = BigInt(exponents[random.below(exponents.length)]!());
  const sign = BigInt(random.next() & 1);
  return (((sign << BigInt(exponentBits)) | exponent) << BigInt(fractionBits)) | fraction(random, fractionBits);
}

function lanes(random: Random, bytes: number, format: Format | undefined): Uint8Array {
  const result = new Uint8Array(bytes);
  const view = new DataView(result.buffer);
  for (let at = 0; at < bytes; at += format === double ? 8 : 4) {
    if (format === double) view.setBigUint64(at, number(random, double), true);
    else view.setUint32(at, format === single ? Number(number(random, single)) : random.next(), true);
  }
  return result;
}

/** A second operand near the first, in some lanes: so that sums cancel, and comparisons are close. */
function near(random: Random, first: Uint8Array, second: Uint8Array): Uint8Array {
  if (random.below(4) !== 0) return second;
  const result = first.slice();
  result[random.below(result.length)]! ^= random.below(4);
  return result;
}

const flags = 0x3f;
const masks = 0x1f80;

function control(random: Random): number {
  const masked = random.below(3) !== 0 ? masks : (random.next() & masks) | (random.next() & masks);
  const rounding = random.below(2) === 0 ? 0 : random.next() & 0x6000;
  const zeros = random.below(3) === 0 ? random.next() & 0x8040 : 0;
  const raised = random.below(2) === 0 ? 0x20 : random.next() & flags;
  return masked | rounding | zeros | raised;
}

/** The code of a form on registers 0 and 1, and an immediate. */
function encode(random: Random, form: Form): number[] {
  const prefix = form.prefix === undefined || form.prefix === 'NP' ? [] : [parseInt(form.prefix, 16)];
  const modrm = form.digit === undefined ? 0xc1 : 0xc0 | (form.digit << 3);
  const immediate = form.operands.some(({ kind }) => kind === 'immediate')
    ? [random.below(random.below(2) ? 20 : 256)]
    : [];
  return [...prefix, ...form.opcode, modrm, ...immediate];
}

/** Random inputs for a form. */
export function randomRequest(random: Random, form: Form): Request {
  const format = [single, double, undefined][random.below(3)];
  const pair = (bytes: number): [Uint8Array, Uint8Array] => {
    const first = lanes(random, bytes, format);
    return [first, near(random, first, lanes(random, bytes, random.below(8) === 0 ? undefined : format))];
  };
  const [xmm, mmx] = [pair(16), pair(8)];
  // Counts of shifts.
  for (const bytes of [xmm[1], mmx[1]]) if (random.below(4) === 0) bytes.fill(0, 1, 8);
  const [eax, ecx] = [random.next(), random.below(3) === 0 ? random.below(1 << 24) : random.next()];
  return { code: encode(random, form), mxcsr: control(random), eax, ecx, xmm, mmx };
}
