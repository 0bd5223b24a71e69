/**
 * The common case of numbers on their way from and to memory, without a call into the kernel: normal numbers, and stores that
 * round to nearest with the precision exception masked. Everything else goes the kernel's way, which also defines this one.
 */
import { regions } from '../../layout.js';
import type { Operand, Value } from '../../wasm/values.js';
import type { Emitter } from '../emitter.js';
import { codes, control } from './unit.js';

/** A binary format: bits of its fraction, all ones in its exponent, and what its exponents lie below the register's. */
interface Format {
  readonly width: 32 | 64;
  readonly fractionBits: number;
  readonly exponentEnd: number;
  readonly biasDifference: number;
}
export const single: Format = { width: 32, fractionBits: 23, exponentEnd: 0xff, biasDifference: 0x3fff - 0x7f };
export const double: Format = { width: 64, fractionBits: 52, exponentEnd: 0x7ff, biasDifference: 0x3fff - 0x3ff };
const integerBit = -(2n ** 63n);
const inexact = 0x20;

/** Writes a normal number from memory to a register; emits `otherwise` for every other one. */
export function widenNormal(
  emit: Emitter,
  { width, fractionBits, exponentEnd, biasDifference }: Format,
  target: Operand,
  bits: Value,
  then: () => void,
  otherwise: () => void,
): void {
  const upper = width === 64 ? emit.narrow(emit.wide('shr_u', bits, emit.i64(32n))) : bits;
  const exponent = emit.hold(emit.and(emit.shrUnsigned(upper, fractionBits & 31), exponentEnd));
  const isNormal = emit.greaterUnsigned(emit.and(emit.add(exponent, 1), exponentEnd), 1);
  emit.when(
    isNormal,
    () => {
      const all = width === 64 ? bits : emit.widen(bits, 'unsigned');
      const fraction = emit.wide('shl', all, emit.i64(BigInt(63 - fractionBits)));
      emit.store('i64.store', target, emit.wide('or', fraction, emit.i64(integerBit)));
      const sign = emit.and(emit.shrUnsigned(upper, 16), 0x8000);
      emit.store('i32.store16', target, emit.or(sign, emit.add(exponent, biasDifference)), 8);
      then();
    },
    otherwise,
  );
}

/** Writes an integer to a register. */
export function widenInteger(emit: Emitter, target: Operand, value: Value): void {
  const sign = emit.shrSigned(value, 31);
  const magnitude = emit.hold(emit.widen(emit.sub(emit.xor(value, sign), sign), 'unsigned'));
  const zeros = emit.hold(emit.apply('i64.clz', magnitude));
  emit.store('i64.store', target, emit.wide('shl', magnitude, zeros));
  const exponent = emit.sub(0x3fff + 63, emit.narrow(zeros));
  const isZero = emit.isZero(value);
  emit.store('i32.store16', target, emit.select(isZero, 0, emit.or(emit.and(sign, 0x8000), exponent)), 8);
}

/**
 * Rounds a register to a format, into the block; gives the answer. The kernel does it where the result may not be normal, rounding
 * is directed or the precision exception is not masked.
 */
export function narrowNormal(
  emit: Emitter,
  { width, fractionBits, exponentEnd, biasDifference }: Format,
  source: Value,
  kernel: 'store32' | 'store64',
): Value {
  const answer = emit.variable(0);
  const significand = emit.load('i64.load', source);
  const top = emit.load('i32.load16_u', source, 8);
  const exponent = emit.hold(emit.sub(emit.and(top, 0x7fff), biasDifference + 1));
  // From the smallest normal exponent to the last that cannot overflow; the field lacks the one that the integer bit adds.
  const inRange = emit.lessUnsigned(exponent, exponentEnd - 2);
  const isPlain = emit.equal(emit.and(control(emit), 0xc00 | inexact), inexact);
  const isNormal = emit.wide('lt_s', significand, emit.i64(0n));
  emit.when(
    emit.and(emit.and(inRange, isPlain), isNormal),
    () => {
      const places = 63 - fractionBits;
      const kept = emit.wide('shr_u', significand, emit.i64(BigInt(places)));
      const rest = emit.hold(emit.wide('shl', significand, emit.i64(BigInt(64 - places))));
      const odd = emit.wide('and', kept, emit.i64(1n));
      // Above a half, or a half below an odd number.
      const away = emit.hold(emit.wide('gt_u', emit.wide('or', rest, odd), emit.i64(integerBit)));
      const field = emit.wide('shl', emit.widen(exponent, 'unsigned'), emit.i64(BigInt(fractionBits)));
      const magnitude = emit.wide('add', emit.wide('add', field, kept), emit.widen(away, 'unsigned'));
      const sign = emit.shrUnsigned(top, 15);
      if (width === 64) {
        const signBit = emit.wide('shl', emit.widen(sign, 'unsigned'), emit.i64(63n));
        emit.store('i64.store', 0, emit.wide('or', magnitude, signBit), regions.block);
      } else {
        emit.store('i32.store', 0, emit.or(emit.narrow(magnitude), emit.shl(sign, 31)), regions.block);
      }
      const isInexact = emit.wide('ne', rest, emit.i64(0n));
      answer.set(emit.or(emit.mul(isInexact, inexact), emit.mul(away, codes.c1)));
    },
    () => answer.set(emit.kernel(kernel, regions.block, source, control(emit))),
  );
  return answer;
}
