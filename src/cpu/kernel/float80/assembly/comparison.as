/** FCOM, FUCOM, FTST, FXAM. Source: Intel SDM Vol. 2, at each instruction. */
import {
  admitDenormals,
  begin,
  c0,
  c1,
  c2,
  c3,
  exponentMax,
  exponentOf,
  goesOn,
  integerBit,
  invalid,
  isNaN80,
  isSignaling,
  isUnsupported,
  isZero,
  loadSignificand,
  loadTop,
  normalExponent,
  normalSignificand,
  outcome,
  raise,
} from './format';

/** FCOM and its family: every NaN is invalid. C3, C2 and C0 say how a compares with b, whatever is raised. */
export function compareOrdered(a: usize, b: usize, controlWord: i32): i32 {
  begin(controlWord);
  compareNumbers(loadTop(a), loadSignificand(a), loadTop(b), loadSignificand(b), true);
  return outcome();
}
/** FUCOM and its family: quiet NaNs compare as unordered without an exception. */
export function compareUnordered(a: usize, b: usize, controlWord: i32): i32 {
  begin(controlWord);
  compareNumbers(loadTop(a), loadSignificand(a), loadTop(b), loadSignificand(b), false);
  return outcome();
}
/** FTST: how a compares with zero. */
export function compareWithZero(a: usize, controlWord: i32): i32 {
  begin(controlWord);
  compareNumbers(loadTop(a), loadSignificand(a), 0, 0, true);
  return outcome();
}

function compareNumbers(aTop: u32, a: u64, bTop: u32, b: u64, everyNaN: bool): void {
  const unsupported = isUnsupported(aTop, a) || isUnsupported(bTop, b);
  const hasNaN = isNaN80(aTop, a) || isNaN80(bTop, b);
  if (unsupported || hasNaN) {
    if (unsupported || everyNaN || isSignaling(aTop, a) || isSignaling(bTop, b)) {
      goesOn(invalid);
    }
    return raise(c3 | c2 | c0);
  }
  admitDenormals(aTop, a, bTop, b);
  const order = orderOf(aTop, a, bTop, b);
  if (order < 0) raise(c0);
  else if (order == 0) raise(c3);
}

/** Below zero, zero or above it, as a is less than, equal to or greater than b. */
function orderOf(aTop: u32, a: u64, bTop: u32, b: u64): i32 {
  if (isZero(aTop, a) && isZero(bTop, b)) return 0;
  const aIsNegative = aTop >> 15 != 0;
  if (aIsNegative != (bTop >> 15 != 0)) {
    return aIsNegative ? -1 : 1;
  }
  const magnitudes = orderOfMagnitudes(aTop, a, bTop, b);
  return aIsNegative ? -magnitudes : magnitudes;
}
function orderOfMagnitudes(aTop: u32, a: u64, bTop: u32, b: u64): i32 {
  if (a == 0) return b == 0 ? 0 : -1;
  if (b == 0) return 1;
  const aExponent = normalExponent(aTop, a);
  const bExponent = normalExponent(bTop, b);
  if (aExponent != bExponent) return aExponent < bExponent ? -1 : 1;
  const aSignificand = normalSignificand(a);
  const bSignificand = normalSignificand(b);
  return aSignificand == bSignificand ? 0 : aSignificand < bSignificand ? -1 : 1;
}

/** FXAM: the class of a register that is not empty, in C3, C2 and C0, and its sign in C1. */
export function examine(a: usize): i32 {
  const top = loadTop(a);
  const significand = loadSignificand(a);
  const sign = top >> 15 != 0 ? c1 : 0;
  if (exponentOf(top) == 0) return sign | (significand == 0 ? c3 : c3 | c2);
  if (isUnsupported(top, significand)) return sign;
  if (exponentOf(top) != exponentMax) return sign | c2;
  return sign | (significand == integerBit ? c2 | c0 : c0);
}
