/** The kernel over a memory of its own, with numbers as bits, and what the properties draw. */
import fc from 'fast-check';
import { createFloat80, type Float80 } from '../../../../src/cpu/kernel/float80/float80.js';
import { type Answer, type Bits, pack } from './reference.js';

const memory = new WebAssembly.Memory({ initial: 1 });
export const kernel: Float80 = createFloat80(memory);
export const view = new DataView(memory.buffer);
export const [a, b, target, second] = [0x103, 0x11d, 0x140, 0x160]; // Two of them in no alignment.

export function put(address: number, bits: Bits): void {
  view.setBigUint64(address, BigInt.asUintN(64, bits), true);
  view.setUint16(address + 8, Number(bits >> 64n), true);
}
export function get(address: number): Bits {
  return view.getBigUint64(address, true) | (BigInt(view.getUint16(address + 8, true)) << 64n);
}

export function unary(
  operation: (target: number, a: number, controlWord: number) => number,
  x: Bits,
  controlWord: number,
): Answer {
  put(a, x);
  const status = operation(target, a, controlWord);
  return { bits: get(target), status };
}
export function binary(
  operation: (target: number, a: number, b: number, controlWord: number) => number,
  x: Bits,
  y: Bits,
  controlWord: number,
): Answer {
  put(a, x);
  put(b, y);
  const status = operation(target, a, b, controlWord);
  return { bits: get(target), status };
}

/** 64 bits, often with long runs of equal ones. */
const word = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc
    .tuple(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: 64 }), fc.boolean())
    .map(([length, at, inverted]) =>
      BigInt.asUintN(64, (((1n << BigInt(length)) - 1n) << BigInt(at)) ^ (inverted ? -1n : 0n)),
    ),
);
/** Numbers with an exponent from a range, normal. */
export const normal = (least: number, most: number): fc.Arbitrary<Bits> =>
  fc
    .tuple(fc.boolean(), fc.integer({ min: least, max: most }), word)
    .map(([negative, exponent, bits]) => pack(negative, exponent, bits | (1n << 63n)));
/** Any finite number: near one, anywhere, at both ends, denormal (also with an integer bit), zero. */
export const finiteNumber: fc.Arbitrary<Bits> = fc.oneof(
  { arbitrary: normal(0x3fff - 70, 0x3fff + 70), weight: 4 },
  normal(1, 0x7ffe),
  normal(1, 70),
  normal(0x7ffe - 70, 0x7ffe),
  fc.tuple(fc.boolean(), word).map(([negative, bits]) => pack(negative, 0, bits)),
  fc.boolean().map((negative) => pack(negative, 0, 0n)),
);
/** Every rounding and precision; all exceptions masked, or overflow and underflow not. */
export const controlWords = fc
  .tuple(fc.nat(3), fc.constantFrom(0, 2, 3), fc.constantFrom(0x3f, 0x3f, 0x27))
  .map(([mode, precision, masks]) => (mode << 10) | (precision << 8) | masks);
