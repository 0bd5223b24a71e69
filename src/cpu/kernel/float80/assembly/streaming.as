/**
 * The arithmetic of SSE and SSE2 on single and double precision, one number at a time, with every exception flag.
 * Source: Intel SDM Vol. 1, sections 10.2.3 (MXCSR), 11.5 (SIMD floating-point exceptions), 4.8.3.5 (NaN rules).
 *
 * An operation on 80 bits that rounds to odd keeps all that a second rounding, to 53 bits or fewer, must know.
 */
import { addNumbers, divideNumbers, multiplyNumbers, rootOf } from './arithmetic';
import { bitsOfNarrowed, widen32, widen64 } from './conversion';
import {
  begin,
  c1,
  control,
  denormalSource,
  forget,
  goesOn,
  inexact,
  invalid,
  loadSignificand,
  loadTop,
  outcome,
  raise,
  roundToOdd,
  status,
  summary,
  underflow,
  withheld,
} from './format';

/** MXCSR. */
const denormalsAreZero: i32 = 0x40;
const flushToZero: i32 = 0x8000;

/** `operation`: 0 add, 1 subtract, 2 multiply, 3 divide, 4 square root (of b). Writes 4 bytes. */
export function streamingSingle(operation: i32, target: usize, a: usize, b: usize, scratch: usize, mxcsr: i32): i32 {
  const bits = calculate(operation, load<u32>(a), load<u32>(b), 23, scratch, mxcsr);
  const result = answer();
  if ((result & withheld) == 0) store<u32>(target, u32(bits));
  return result;
}
/** The same in double precision. Writes 8 bytes. */
export function streamingDouble(operation: i32, target: usize, a: usize, b: usize, scratch: usize, mxcsr: i32): i32 {
  const bits = calculate(operation, load<u64>(a), load<u64>(b), 52, scratch, mxcsr);
  const result = answer();
  if ((result & withheld) == 0) store<u64>(target, bits);
  return result;
}
/** Every exception that is not masked, also an inexact result, faults before anything is written. */
export function answer(): i32 {
  const result = outcome() & ~c1;
  return (result & summary) != 0 ? result | withheld : result;
}

/** The bits of an operand's exponent and fraction, by the size of its fraction. */
export function infinityOf(fractionBits: i32): u64 {
  return fractionBits == 23 ? 0x7f800000 : 0x7ff0000000000000;
}
export function withoutSign(bits: u64, fractionBits: i32): u64 {
  return fractionBits == 23 ? bits & 0x7fffffff : bits & 0x7fffffffffffffff;
}

/** The bits of a result; `a` does not count for a square root. */
export function calculate(operation: i32, a: u64, b: u64, fractionBits: i32, scratch: usize, mxcsr: i32): u64 {
  const controlWord = controlWordOf(mxcsr);
  begin(controlWord | roundToOdd);
  const infinity = infinityOf(fractionBits);
  const unary = operation == 4;
  const aIsNaN = !unary && withoutSign(a, fractionBits) > infinity;
  const bIsNaN = withoutSign(b, fractionBits) > infinity;
  if (aIsNaN || bIsNaN) {
    const quietBit = u64(1) << (fractionBits - 1);
    if ((aIsNaN && (a & quietBit) == 0) || (bIsNaN && (b & quietBit) == 0)) goesOn(invalid);
    return (aIsNaN ? a : b) | quietBit;
  }
  const denormal = widenInto(scratch, unary ? 0 : a, fractionBits, mxcsr);
  const aTop = loadTop(scratch);
  const aSignificand = loadSignificand(scratch);
  const either = denormal | widenInto(scratch, b, fractionBits, mxcsr);
  begin(controlWord | roundToOdd | either);
  operate(operation, scratch, aTop, aSignificand, loadTop(scratch), loadSignificand(scratch));
  if ((status & withheld) != 0) return 0;
  const raised = status & ~(inexact | c1);
  begin(controlWord);
  raise(raised);
  return finish(scratch, fractionBits, mxcsr);
}

/** The masks and the rounding control where the x87's control word has them. */
export function controlWordOf(mxcsr: i32): i32 {
  return ((mxcsr >> 7) & 0x3f) | ((mxcsr >> 3) & 0xc00) | 0x300;
}
/** An operand, a denormal one as zero if MXCSR asks for that. */
export function admitted(bits: u64, fractionBits: i32, mxcsr: i32): u64 {
  const small = withoutSign(bits, fractionBits);
  return (mxcsr & denormalsAreZero) != 0 && small < u64(1) << fractionBits ? bits ^ small : bits;
}
/** Widens an operand; answers `denormalSource` or 0. */
export function widenInto(scratch: usize, bits: u64, fractionBits: i32, mxcsr: i32): i32 {
  const kept = admitted(bits, fractionBits, mxcsr);
  return fractionBits == 23 ? widen32(scratch, u32(kept)) : widen64(scratch, kept);
}

function operate(operation: i32, target: usize, aTop: u32, a: u64, bTop: u32, b: u64): void {
  switch (operation) {
    case 0:
      return addNumbers(target, aTop, a, bTop, b, 0);
    case 1:
      return addNumbers(target, aTop, a, bTop, b, 0x8000);
    case 2:
      return multiplyNumbers(target, aTop, a, bTop, b);
    case 3:
      return divideNumbers(target, aTop, a, bTop, b);
    default:
      return rootOf(target, bTop, b);
  }
}

/** Rounds to the format; a tiny result becomes zero if MXCSR asks for that and underflow is masked. */
export function finish(scratch: usize, fractionBits: i32, mxcsr: i32): u64 {
  const top = loadTop(scratch);
  const significand = loadSignificand(scratch);
  const flushes = (mxcsr & flushToZero) != 0;
  const single = fractionBits == 23;
  const bits = bitsOfNarrowed(top, significand, fractionBits, single ? 0xff : 0x7ff, single ? 0x7f : 0x3ff);
  // An overflow or underflow that is not masked says besides whether it lost anything.
  if ((status & withheld) != 0 && significand << (fractionBits + 1) != 0) raise(inexact);
  if (!flushes || !resultIsTiny(bits, fractionBits) || (control & underflow) == 0) return bits;
  raise(underflow | inexact);
  return bits ^ withoutSign(bits, fractionBits);
}
function resultIsTiny(bits: u64, fractionBits: i32): bool {
  const small = withoutSign(bits, fractionBits);
  return (small != 0 && small < u64(1) << fractionBits) || (status & underflow) != 0;
}
