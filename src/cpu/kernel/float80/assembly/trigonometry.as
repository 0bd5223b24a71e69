/**
 * FSIN, FCOS, FSINCOS, FPTAN.
 * Source: Intel SDM Vol. 1, section 8.3.8 (the 66 bits of π that reduce the argument) and 8.3.10 (error below one unit in the last
 * place); Vol. 2, at each instruction.
 */
import {
  admitDenormals,
  begin,
  bias,
  c1,
  c2,
  copyResult,
  exponentOf,
  forget,
  isInfinity,
  isZero,
  loadSignificand,
  loadTop,
  normalExponent,
  normalSignificand,
  outcome,
  put,
  putZero,
  raise,
  refuse,
  settleOne,
  withheld,
} from './format';
import {
  cosineSeries,
  fraction,
  fractionLow,
  lessen,
  multiplyFractions,
  normalise,
  place,
  putFraction,
  seriesLow,
  sineSeries,
} from './series';
import { divide, divideFractions, low, multiply } from './wide';

/** The reduced argument: a fraction of at most π/4, its sign, and how many quarter turns were taken away. */
let angle: u64 = 0;
let angleLow: u64 = 0;
let anglePlace: i32 = 0;
let angleSign: u32 = 0;
let quarterTurns: u32 = 0;

/** Half of π in units of 2^-65, as the processor has it: 66 bits, whose upper 64 are the divisor below. */
const halfPi: u64 = 3;
const halfPiLow: u64 = 0x243f6a8885a308d3;
const halfPiUpper: u64 = 0xc90fdaa22168c234;

/** Takes quarter turns away from a number of exponent `exponent`, below 63, without its sign. */
function reduceAngle(exponent: i32, significand: u64): void {
  angleSign = 0;
  quarterTurns = 0;
  if (exponent < -1) {
    angle = significand;
    angleLow = 0;
    anglePlace = exponent + 1;
    return;
  }
  // The number in units of 2^-65, and a quotient estimated with two bits less on either side: right, or one too large.
  const shift = exponent + 2;
  const high = shift == 64 ? significand : significand >> (64 - shift);
  const lowWord = shift == 64 ? 0 : significand << shift;
  let quotient = divide(high >> 2, (high << 62) | (lowWord >> 2), halfPiUpper);
  const product = multiply(quotient, halfPiLow);
  let rest = high - product - quotient * halfPi - u64(lowWord < low);
  let restLow = lowWord - low;
  if (i64(rest) < 0) {
    quotient--;
    restLow += halfPiLow;
    rest += halfPi + u64(restLow < halfPiLow);
  }
  // Beyond an eighth of a turn, count from the next quarter.
  const twice = (rest << 1) | (restLow >> 63);
  if (twice > halfPi || (twice == halfPi && restLow << 1 > halfPiLow)) {
    quotient++;
    angleSign = 1;
    rest = halfPi - rest - u64(halfPiLow < restLow);
    restLow = halfPiLow - restLow;
  }
  quarterTurns = u32(quotient & 3);
  normalise(rest, restLow, 128 - 65);
  angle = fraction;
  angleLow = fractionLow;
  anglePlace = place;
}

/** Angles below this place differ from their sines by less than any of their own bits. */
const tinyPlace: i32 = -40;

/** The sine of the reduced angle, as a fraction. */
function sineOfAngle(): void {
  if (anglePlace < tinyPlace) {
    normalise(angle, angleLow, anglePlace);
    return lessen();
  }
  multiplyFractions(angle, angleLow, anglePlace, angle, angleLow, anglePlace);
  const factor = sineSeries(fraction, fractionLow, place);
  multiplyFractions(angle, angleLow, anglePlace, factor, seriesLow, 1);
}
/** The cosine. */
function cosineOfAngle(): void {
  if (anglePlace < tinyPlace) {
    normalise(0xffffffffffffffff, 0xffffffffffffffff, 0);
    return;
  }
  multiplyFractions(angle, angleLow, anglePlace, angle, angleLow, anglePlace);
  const cosine = cosineSeries(fraction, fractionLow, place);
  normalise(cosine, seriesLow, 1);
}

/** Deals with operands that need no series; whether the result is settled. Zero and its like are left to the caller. */
function settleAngle(target: usize, top: u32, significand: u64): bool {
  if (settleOne(target, top, significand)) return true;
  if (isInfinity(top, significand)) {
    refuse(target);
    return true;
  }
  if (exponentOf(top) >= bias + 63) {
    raise(c2 | withheld);
    return true;
  }
  return !admitDenormals(top, significand, 0, 0);
}

function putSine(target: usize, sign: u32): void {
  if ((quarterTurns & 1) == 0) {
    sineOfAngle();
    putFraction(target, sign ^ angleSign ^ (quarterTurns >> 1));
  } else {
    cosineOfAngle();
    putFraction(target, sign ^ (quarterTurns >> 1));
  }
}
function putCosine(target: usize): void {
  if ((quarterTurns & 1) == 0) {
    cosineOfAngle();
    putFraction(target, quarterTurns >> 1);
  } else {
    sineOfAngle();
    putFraction(target, 1 ^ angleSign ^ (quarterTurns >> 1));
  }
}
function putOne(target: usize): void {
  put(target, bias, 0x8000000000000000);
}

/** FSIN. */
export function sine(target: usize, a: usize, controlWord: i32): i32 {
  begin(controlWord);
  const top = loadTop(a);
  const significand = loadSignificand(a);
  if (settleAngle(target, top, significand)) return outcome();
  if (isZero(top, significand)) {
    putZero(target, top >> 15);
  } else {
    reduceAngle(normalExponent(top, significand) - bias, normalSignificand(significand));
    putSine(target, top >> 15);
  }
  return outcome();
}

/** FCOS. */
export function cosine(target: usize, a: usize, controlWord: i32): i32 {
  begin(controlWord);
  const top = loadTop(a);
  const significand = loadSignificand(a);
  if (settleAngle(target, top, significand)) return outcome();
  if (isZero(top, significand)) {
    putOne(target);
  } else {
    reduceAngle(normalExponent(top, significand) - bias, normalSignificand(significand));
    putCosine(target);
  }
  return outcome();
}

/** FSINCOS: the sine takes the operand's place, the cosine is pushed. */
export function sineAndCosine(sineTarget: usize, cosineTarget: usize, a: usize, controlWord: i32): i32 {
  begin(controlWord);
  const top = loadTop(a);
  const significand = loadSignificand(a);
  if (settleAngle(sineTarget, top, significand)) {
    copyResult(cosineTarget, sineTarget);
  } else if (isZero(top, significand)) {
    putZero(sineTarget, top >> 15);
    putOne(cosineTarget);
  } else {
    reduceAngle(normalExponent(top, significand) - bias, normalSignificand(significand));
    putCosine(cosineTarget);
    forget(c1); // On processors it speaks of the sine.
    putSine(sineTarget, top >> 15);
  }
  return outcome();
}

/** FPTAN: the tangent takes the operand's place, and 1 is pushed. */
export function tangent(tangentTarget: usize, oneTarget: usize, a: usize, controlWord: i32): i32 {
  begin(controlWord);
  const top = loadTop(a);
  const significand = loadSignificand(a);
  if (settleAngle(tangentTarget, top, significand)) {
    copyResult(oneTarget, tangentTarget);
  } else if (isZero(top, significand)) {
    putZero(tangentTarget, top >> 15);
    putOne(oneTarget);
  } else {
    reduceAngle(normalExponent(top, significand) - bias, normalSignificand(significand));
    putTangent(tangentTarget, top >> 15);
    putOne(oneTarget);
  }
  return outcome();
}

function putTangent(target: usize, sign: u32): void {
  const odd = quarterTurns & 1;
  const resultSign = sign ^ angleSign ^ odd;
  if (anglePlace < tinyPlace && odd == 0) {
    // The tangent lies just above its argument: the last bit, always set, says so.
    normalise(angle, angleLow, anglePlace);
    return putFraction(target, resultSign);
  }
  sineOfAngle();
  const sineHigh = fraction;
  const sineLow = fractionLow;
  const sinePlace = place;
  cosineOfAngle();
  if (odd == 0) divideToFraction(sineHigh, sineLow, sinePlace, fraction, fractionLow, place);
  else divideToFraction(fraction, fractionLow, place, sineHigh, sineLow, sinePlace);
  putFraction(target, resultSign);
}

/** Makes a fraction the quotient of two fractions. */
export function divideToFraction(a: u64, aLow: u64, aPlace: i32, b: u64, bLow: u64, bPlace: i32): void {
  const least = a > b || (a == b && aLow >= bLow);
  const high = least ? divideFractions(a >> 1, (a << 63) | (aLow >> 1), b, bLow) : divideFractions(a, aLow, b, bLow);
  normalise(high, low, aPlace - bPlace + i32(least));
}
