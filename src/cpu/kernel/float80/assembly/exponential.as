/**
 * F2XM1: 2^x - 1, and the constants that can be loaded.
 * Source: Intel SDM Vol. 2, "F2XM1" and "FLD1/FLDL2T/…"; Vol. 1, section 8.3.5.
 */
import {
  admitDenormals,
  begin,
  bias,
  exponentMax,
  exponentOf,
  inexact,
  integerBit,
  isZero,
  loadSignificand,
  loadTop,
  normalExponent,
  normalSignificand,
  outcome,
  put,
  raise,
  settleOne,
} from './format';
import { roundsAway } from './rounding';
import {
  exponentialSeries,
  fraction,
  fractionLow,
  multiplyFractions,
  normalise,
  place,
  putFraction,
  seriesLow,
} from './series';
import { entryLow, naturalLogarithmOf2, naturalLogarithmOf2Low, powerOfSixteenths } from './tables';
import { low, multiplyUpper, shiftRightSticky } from './wide';

/** F2XM1: 2^a - 1 for a from -1 to 1. Beyond, where the manual leaves the result open, a itself. */
export function powerOfTwoLessOne(target: usize, a: usize, controlWord: i32): i32 {
  begin(controlWord);
  powerNumber(target, loadTop(a), loadSignificand(a));
  return outcome();
}

function powerNumber(target: usize, top: u32, significand: u64): void {
  if (settleOne(target, top, significand)) return;
  const sign = top >> 15;
  if (isZero(top, significand)) return put(target, top, significand);
  if (exponentOf(top) >= bias) {
    const isInfinite = exponentOf(top) == exponentMax;
    if (isInfinite && sign != 0) return put(target, 0x8000 | bias, integerBit);
    if (!isInfinite) raise(inexact); // So processors say, even of -1, whose result is exact.
    const isMinusOne = sign != 0 && exponentOf(top) == bias && significand == integerBit;
    return put(target, isMinusOne ? 0x8000 | (bias - 1) : top, significand);
  }
  if (!admitDenormals(top, significand, 0, 0)) return;
  powerLessOne(sign, normalExponent(top, significand) - bias, normalSignificand(significand));
  putFraction(target, sign);
}

/** The magnitude of 2^x - 1 as the last fraction, x not zero, between -1 and 1. */
function powerLessOne(sign: u32, exponent: i32, significand: u64): void {
  if (exponent < -5) {
    normalise(significand, 0, exponent + 1);
    return exponentialOfFraction(sign != 0);
  }
  // x = (k + f) / 16 in sixteenths, f at most a half: the high word's top four bits, rounded.
  const high = shiftRightSticky(significand, 0, -1 - exponent);
  const highLow = low;
  const k = i32(((high >> 59) + 1) >> 1);
  let rest = high - (u64(k) << 60);
  let restLow = highLow;
  const below = i64(rest) < 0;
  if (below) {
    rest = 0 - rest - u64(restLow != 0);
    restLow = 0 - restLow;
  }
  const whole = sign != 0 ? -k : k;
  const power = powerOfSixteenths(whole & 15);
  const powerLow = entryLow;
  // In units of 2^-126: the power of two, then the part that the rest adds or takes.
  const shift = 1 - (whole >> 4);
  let sum = shiftRightSticky(power, powerLow, shift);
  let sumLow = low;
  if ((rest | restLow) != 0) {
    const falls = below != (sign != 0);
    normalise(rest, restLow, 0);
    exponentialOfFraction(falls);
    const change = shiftRightSticky(fraction, fractionLow, -place);
    const product = multiplyUpper(power, powerLow, change, low);
    const part = shiftRightSticky(product, low, shift);
    if (falls) {
      sum = sum - part - u64(sumLow < low);
      sumLow -= low;
    } else {
      sumLow += low;
      sum = sum + part + u64(sumLow < low);
    }
  }
  const unit = integerBit >> 1;
  if (sign != 0) normalise(unit - sum - u64(sumLow != 0), 0 - sumLow, 2);
  else normalise(sum - unit, sumLow, 2);
}

/** Replaces the last fraction x by 2^x - 1, or by 1 - 2^-x if it `falls`. */
function exponentialOfFraction(falls: bool): void {
  multiplyFractions(fraction, fractionLow, place, naturalLogarithmOf2, naturalLogarithmOf2Low, 0);
  const argument = fraction;
  const argumentLow = fractionLow;
  const argumentPlace = place;
  const factor = exponentialSeries(argument, argumentLow, argumentPlace, falls);
  multiplyFractions(argument, argumentLow, argumentPlace, factor, seriesLow, 1);
}

/** FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2 as `which` 0 to 4, rounded as the rounding control says; raises nothing. */
export function loadConstant(target: usize, which: i32, controlWord: i32): void {
  begin(controlWord);
  switch (which) {
    case 0:
      return putConstant(target, 1, 0xd49a784bcd1b8afe, 0x492bf6ff4dafdb4d);
    case 1:
      return putConstant(target, 0, 0xb8aa3b295c17f0bb, 0xbe87fed0691d3e89);
    case 2:
      return putConstant(target, 1, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1);
    case 3:
      return putConstant(target, -2, 0x9a209a84fbcff798, 0x8f8959ac0b7c9178);
    default:
      return putConstant(target, -1, 0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af);
  }
}
function putConstant(target: usize, exponent: i32, significand: u64, rest: u64): void {
  put(target, bias + exponent, significand + u64(roundsAway(0, (significand & 1) != 0, rest)));
}
