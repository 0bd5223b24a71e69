/**
 * FYL2X and FYL2XP1: y × log2(x), y × log2(x + 1).
 * Source: Intel SDM Vol. 2, at each instruction, tables of results.
 */
import {
  admitDenormals,
  begin,
  bias,
  exponentOf,
  goesOn,
  inexact,
  integerBit,
  isInfinity,
  isMasked,
  isZero,
  loadSignificand,
  loadTop,
  normalExponent,
  normalSignificand,
  outcome,
  put,
  putInfinity,
  putZero,
  raise,
  refuse,
  settleTwo,
  underflow,
  zeroDivide,
} from './format';
import { putRounded } from './rounding';
import {
  fraction,
  fractionLow,
  multiplyFractions,
  normalise,
  oddReciprocalSeries,
  place,
  putFraction,
  seriesLow,
} from './series';
import { entryLow, logarithmOfReciprocal, twiceLogarithmOfE, twiceLogarithmOfELow } from './tables';
import { divideToFraction } from './trigonometry';
import { low, multiply, shiftLeft, shiftRightSticky } from './wide';

/** The sign of the last logarithm; its magnitude is the last fraction, or `whole` if it is an integer. */
let sign: u32 = 0;
let whole: u64 = 0;
let isWhole: bool = false;

/** FYL2X: y × log2(x). */
export function logarithm(target: usize, y: usize, x: usize, controlWord: i32): i32 {
  begin(controlWord);
  timesLogarithm(target, loadTop(y), loadSignificand(y), loadTop(x), loadSignificand(x));
  return outcome();
}

function timesLogarithm(target: usize, yTop: u32, y: u64, xTop: u32, x: u64): void {
  if (settleTwo(target, xTop, x, yTop, y)) return;
  const ySign = yTop >> 15;
  const yIsZero = isZero(yTop, y);
  const yIsInfinite = isInfinity(yTop, y);
  if (isZero(xTop, x)) {
    if (yIsZero) return refuse(target);
    if (!yIsInfinite) {
      if (goesOn(zeroDivide)) putInfinity(target, ySign ^ 1);
      return;
    }
    return putInfinity(target, ySign ^ 1);
  }
  if (xTop >> 15 != 0) return refuse(target);
  if (isInfinity(xTop, x)) {
    if (yIsZero) return refuse(target);
    if (admitDenormals(yTop, y, 0, 0)) putInfinity(target, ySign);
    return;
  }
  const exponent = normalExponent(xTop, x) - bias;
  const significand = normalSignificand(x);
  const isOne = exponent == 0 && significand == integerBit;
  if (isOne && yIsInfinite) return refuse(target);
  if (!admitDenormals(yTop, y, xTop, x)) return;
  const resultSign = ySign ^ u32(exponent < 0);
  if (yIsInfinite) return putInfinity(target, resultSign);
  if (yIsZero || isOne) return putZero(target, resultSign);
  logarithmOf(significand, 0, exponent);
  putProduct(target, ySign, yTop, y);
}

/** y times the last logarithm. */
function putProduct(target: usize, ySign: u32, yTop: u32, y: u64): void {
  if (isWhole) return putMultiple(target, ySign ^ sign, yTop, y);
  multiplyFractions(normalSignificand(y), 0, normalExponent(yTop, y) - bias + 1, fraction, fractionLow, place);
  putFraction(target, ySign ^ sign);
}

/** y times a logarithm that is an integer, exactly but for the rounding; processors call even that inexact. */
function putMultiple(target: usize, resultSign: u32, yTop: u32, y: u64): void {
  raise(inexact);
  putExactMultiple(target, resultSign, yTop, y, whole);
  const isTiny = exponentOf(loadTop(target)) == 0;
  if (isTiny && isMasked(underflow)) raise(underflow);
}
function putExactMultiple(target: usize, resultSign: u32, yTop: u32, y: u64, factor: u64): void {
  const high = multiply(normalSignificand(y), factor);
  const highLow = low;
  const count = i32(clz(high));
  const exponent = normalExponent(yTop, y);
  if (high == 0) return putRounded(target, resultSign, exponent, highLow, 0, 0); // Times one.
  const aligned = shiftLeft(high, highLow, count);
  putRounded(target, resultSign, exponent + 64 - count, aligned, low, 0);
}
/** FYL2XP1: y × log2(x + 1), exact to the last place however small x is. */
export function logarithmOfOnePlus(target: usize, y: usize, x: usize, controlWord: i32): i32 {
  begin(controlWord);
  timesLogarithmOfOnePlus(target, loadTop(y), loadSignificand(y), loadTop(x), loadSignificand(x));
  return outcome();
}

function timesLogarithmOfOnePlus(target: usize, yTop: u32, y: u64, xTop: u32, x: u64): void {
  if (settleTwo(target, xTop, x, yTop, y)) return;
  const ySign = yTop >> 15;
  const xSign = xTop >> 15;
  const yIsInfinite = isInfinity(yTop, y);
  if (isZero(xTop, x)) {
    if (yIsInfinite) return refuse(target);
    if (admitDenormals(yTop, y, 0, 0)) putZero(target, ySign ^ xSign);
    return;
  }
  if (isInfinity(xTop, x)) {
    if (xSign != 0 || isZero(yTop, y)) return refuse(target);
    if (admitDenormals(yTop, y, 0, 0)) putInfinity(target, ySign);
    return;
  }
  const exponent = normalExponent(xTop, x) - bias;
  const significand = normalSignificand(x);
  if (!admitDenormals(yTop, y, xTop, x)) return;
  if (yIsInfinite) return putInfinity(target, ySign ^ xSign);
  if (isZero(yTop, y)) return putZero(target, ySign ^ xSign);
  if (xSign != 0 && exponent >= 0) {
    // There is no logarithm, and the manual leaves the result open; processors answer the operand.
    raise(inexact);
    return put(target, xTop, x);
  }
  onePlus(xSign, exponent, significand);
  putProduct(target, ySign, yTop, y);
}

/** log2(1 + x), x not zero, above -1. */
function onePlus(xSign: u32, exponent: i32, significand: u64): void {
  if (exponent < -5) {
    // x / (2 + x), the denominator in units of 2^-126.
    const part = shiftRightSticky(significand, 0, 1 - exponent);
    if (xSign != 0) normalise(integerBit - part - u64(low != 0), 0 - low, 2);
    else normalise(integerBit + part, low, 2);
    divideToFraction(significand, 0, exponent + 1, fraction, fractionLow, place);
    sign = xSign;
    isWhole = false;
    return logarithmOfQuotient();
  }
  if (exponent <= 0) {
    // In units of 2^-126.
    const part = shiftRightSticky(significand, 0, 1 - exponent);
    if (xSign != 0) normalise((integerBit >> 1) - part - u64(low != 0), 0 - low, 2);
    else normalise((integerBit >> 1) + part, low, 2);
    return logarithmOf(fraction, fractionLow, place - 1);
  }
  // 1 is added below the significand; far below, it does not count.
  const unit = shiftRightSticky(integerBit, 0, exponent);
  const unitLow = low;
  const sum = significand + unit;
  if (sum >= significand) return logarithmOf(sum, unitLow, exponent);
  logarithmOf(integerBit | (sum >> 1), (sum << 63) | (unitLow >> 1), exponent + 1);
}

/** log2 of 1.m × 2^exponent, m given by a word with its top bit set and 36 bits below; 1 itself is not among them. */
function logarithmOf(high: u64, lowWord: u64, exponent: i32): void {
  // The significand from √½ to √2, in units of 2^-100.
  const halved = high >= 0xb504f333f9de6484;
  const m = shiftRightSticky(high, lowWord, halved ? 28 : 27);
  const mLow = low & ~1;
  const power = exponent + i32(halved);
  // 16 / m to the nearest integer, by the significand's 31 upper bits.
  const upper = m >> 5;
  const index = i32(((u64(16) << 32) + upper) / (upper << 1));
  // m × index / 16 = 1 + f; f / (2 + f), both in units of 2^-104.
  const carry = multiply(mLow, u64(index));
  const scaled = m * u64(index) + carry;
  const scaledLow = low;
  isWhole = false;
  const sixteen: u64 = u64(1) << 40;
  const negative = scaled < sixteen;
  const above = negative ? sixteen - scaled - u64(scaledLow != 0) : scaled - sixteen;
  const aboveLow = negative ? 0 - scaledLow : scaledLow;
  if ((above | aboveLow) != 0) {
    normalise(scaled + sixteen, scaledLow, 0);
    const divisor = fraction;
    const divisorLow = fractionLow;
    const divisorPlace = place;
    normalise(above, aboveLow, 0);
    divideToFraction(fraction, fractionLow, place, divisor, divisorLow, divisorPlace);
    sign = u32(negative);
    logarithmOfQuotient();
    if (power != 0 || index != 16) addParts(power, index, true);
  } else if (index != 16) {
    addParts(power, index, false);
  } else {
    isWhole = true;
    whole = u64(abs(power));
    sign = u32(power < 0);
  }
}

/** Of the last fraction s: 2 artanh(s) in units of the logarithm of 2. */
function logarithmOfQuotient(): void {
  const argument = fraction;
  const argumentLow = fractionLow;
  const argumentPlace = place;
  multiplyFractions(argument, argumentLow, argumentPlace, argument, argumentLow, argumentPlace);
  const factor = oddReciprocalSeries(fraction, fractionLow, place, false);
  multiplyFractions(argument, argumentLow, argumentPlace, factor, seriesLow, 1);
  multiplyFractions(fraction, fractionLow, place, twiceLogarithmOfE, twiceLogarithmOfELow, 2);
}

/** Adds to the last logarithm, if any, the table's part and the whole powers of two. */
function addParts(power: i32, index: i32, hasFraction: bool): void {
  let high = logarithmOfReciprocal(index);
  let highLow = entryLow;
  if (hasFraction) {
    const part = shiftRightSticky(fraction, fractionLow, 2 - place);
    if (sign == 0) {
      highLow += low;
      high += part + u64(highLow < low);
    } else {
      const borrow = u64(highLow < low);
      highLow -= low;
      high -= part + borrow;
    }
  }
  let unitPlace = 2;
  if (power != 0) {
    highLow = (highLow >> 14) | (high << 50);
    high = u64(i64(high) >> 14) + (u64(i64(power)) << 48);
    unitPlace = 16;
  }
  sign = u32(high >> 63);
  if (sign != 0) {
    high = 0 - high - u64(highLow != 0);
    highLow = 0 - highLow;
  }
  normalise(high, highLow, unitPlace);
}
