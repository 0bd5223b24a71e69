/**
 * FPREM, FPREM1, FRNDINT, FSCALE, FXTRACT: exact operations on exponent and significand.
 * Source: Intel SDM Vol. 2, at each instruction.
 */
import { divide, remainder } from './wide';
import {
  admitDenormals,
  begin,
  bias,
  c0,
  c1,
  c2,
  c3,
  copyResult,
  exponentOf,
  goesOn,
  inexact,
  integerBit,
  isDenormal,
  isInfinity,
  isZero,
  loadSignificand,
  loadTop,
  normalExponent,
  normalSignificand,
  outcome,
  put,
  putInfinity,
  putZero,
  quotientUnknown,
  raise,
  refuse,
  settleOne,
  settleTwo,
  zeroDivide,
} from './format';
import { putRounded, roundsAway } from './rounding';

/** FPREM: what a leaves when divided by b, the quotient truncated; C2 says that it is not done yet. */
export function remainderTruncated(target: usize, a: usize, b: usize, controlWord: i32): i32 {
  begin(controlWord);
  reduce(target, loadTop(a), loadSignificand(a), loadTop(b), loadSignificand(b), false);
  return outcome();
}
/** FPREM1: the same with the quotient rounded to nearest, as IEEE 754 has it. */
export function remainderNearest(target: usize, a: usize, b: usize, controlWord: i32): i32 {
  begin(controlWord);
  reduce(target, loadTop(a), loadSignificand(a), loadTop(b), loadSignificand(b), true);
  return outcome();
}

function reduce(target: usize, aTop: u32, a: u64, bTop: u32, b: u64, nearest: bool): void {
  if (settleTwo(target, aTop, a, bTop, b)) return raise(quotientUnknown);
  if (isInfinity(aTop, a) || isZero(bTop, b)) {
    refuse(target);
    return raise(quotientUnknown);
  }
  if (!admitDenormals(aTop, a, bTop, b)) return raise(quotientUnknown);
  const sign = aTop >> 15;
  if (isZero(aTop, a)) return putZero(target, sign);
  const aExponent = normalExponent(aTop, a);
  const dividend = normalSignificand(a);
  if (isInfinity(bTop, b)) return putRounded(target, sign, aExponent, dividend, 0, 0);
  const bExponent = normalExponent(bTop, b);
  reduceFinite(target, sign, aExponent, dividend, bExponent, normalSignificand(b), nearest);
}

function reduceFinite(target: usize, sign: u32, aExponent: i32, a: u64, bExponent: i32, b: u64, nearest: bool): void {
  const distance = aExponent - bExponent;
  if (distance < -1 || (distance < 0 && !nearest)) return putRounded(target, sign, aExponent, a, 0, 0);
  if (distance >= 64) {
    // A step that leaves the quotient's low bits for later; how many, the manual leaves between 32 and 63.
    const step = (distance & 31) | 32;
    raise(c2);
    divide(a >> (64 - step), a << step, b);
    return putReduced(target, sign, bExponent + distance - step, remainder);
  }
  if (distance < 0) {
    // Half of the divisor or more rounds to a quotient of one; exactly half rounds to zero, the even one.
    if (a <= b) return putRounded(target, sign, aExponent, a, 0, 0);
    raiseQuotient(1);
    // b - a/2 in units of half of b's last place: a is below 2b, so that this is (b - a) + b.
    return putReduced(target, sign ^ 1, aExponent, b - a + b);
  }
  let quotient = divide(distance == 0 ? 0 : a >> (64 - distance), distance == 0 ? a : a << distance, b);
  let rest = remainder;
  let restSign = sign;
  if (nearest && (rest > b - rest || (rest == b - rest && (quotient & 1) != 0))) {
    quotient++;
    rest = b - rest;
    restSign ^= 1;
  }
  raiseQuotient(u32(quotient & 7));
  if (rest == 0) return putZero(target, sign);
  putReduced(target, restSign, bExponent, rest);
}

/** The quotient's three low bits, where the manual puts them. */
function raiseQuotient(bits: u32): void {
  if ((bits & 1) != 0) raise(c1);
  if ((bits & 2) != 0) raise(c3);
  if ((bits & 4) != 0) raise(c0);
}

function putReduced(target: usize, sign: u32, exponent: i32, rest: u64): void {
  if (rest == 0) return putZero(target, sign);
  const count = i32(clz(rest));
  putRounded(target, sign, exponent - count, rest << count, 0, 0);
}

/** FRNDINT: to an integer, as the rounding control says. */
export function roundToInteger(target: usize, a: usize, controlWord: i32): i32 {
  begin(controlWord);
  roundNumber(target, loadTop(a), loadSignificand(a));
  return outcome();
}

function roundNumber(target: usize, top: u32, significand: u64): void {
  if (settleOne(target, top, significand)) return;
  const exponent = exponentOf(top);
  if (exponent >= bias + 63 || significand == 0) return put(target, top, significand);
  if (!admitDenormals(top, significand, 0, 0)) return;
  const sign = top >> 15;
  if (exponent < bias) {
    raise(inexact);
    // One half is a tie; what is nearer to zero than that differs from it only in being not a tie.
    const rest: u64 = exponent == bias - 1 ? significand : 1;
    if (!roundsAway(sign, false, rest)) return putZero(target, sign);
    raise(c1);
    return put(target, (sign << 15) | bias, integerBit);
  }
  const places = bias + 63 - exponent;
  const unit = u64(1) << places;
  const rest = significand << (64 - places);
  let kept = significand & (0 - unit);
  let place = exponent;
  if (rest != 0) raise(inexact);
  if (roundsAway(sign, (kept & unit) != 0, rest)) {
    raise(c1);
    kept += unit;
    if (kept == 0) {
      kept = integerBit;
      place++;
    }
  }
  put(target, (sign << 15) | place, kept);
}

/** FSCALE: a × 2^b, b truncated to an integer. */
export function scale(target: usize, a: usize, b: usize, controlWord: i32): i32 {
  begin(controlWord);
  scaleNumber(target, loadTop(a), loadSignificand(a), loadTop(b), loadSignificand(b));
  return outcome();
}

function scaleNumber(target: usize, aTop: u32, a: u64, bTop: u32, b: u64): void {
  if (settleTwo(target, aTop, a, bTop, b)) return;
  const sign = aTop >> 15;
  const downwards = bTop >> 15 != 0;
  const aIsInfinite = isInfinity(aTop, a);
  const aIsZero = isZero(aTop, a);
  if (isInfinity(bTop, b)) {
    if (downwards ? aIsInfinite : aIsZero) return refuse(target);
    if (!admitDenormals(aTop, a, 0, 0)) return;
    return downwards ? putZero(target, sign) : putInfinity(target, sign);
  }
  if (!admitDenormals(aTop, a, bTop, b)) return;
  if (aIsInfinite || aIsZero) return put(target, aTop, a);
  const places = exponentOf(bTop) - bias;
  // 2^17 moves any number out of range, even one whose exponent is adjusted.
  const count = places < 0 ? 0 : places >= 17 ? 1 << 17 : i32(b >> (63 - places));
  const exponent = normalExponent(aTop, a) + (downwards ? -count : count);
  putRounded(target, sign, exponent, normalSignificand(a), 0, 0);
}

/** FXTRACT: the exponent as a number, and the significand with an exponent of zero. */
export function extract(exponentTarget: usize, significandTarget: usize, a: usize, controlWord: i32): i32 {
  begin(controlWord);
  extractParts(exponentTarget, significandTarget, loadTop(a), loadSignificand(a));
  return outcome();
}

function extractParts(exponentTarget: usize, significandTarget: usize, top: u32, significand: u64): void {
  if (settleOne(exponentTarget, top, significand)) return copyResult(significandTarget, exponentTarget);
  const sign = top >> 15;
  if (isZero(top, significand)) {
    if (!goesOn(zeroDivide)) return;
    putInfinity(exponentTarget, 1);
    return putZero(significandTarget, sign);
  }
  if (isInfinity(top, significand)) {
    putInfinity(exponentTarget, 0);
    return putInfinity(significandTarget, sign);
  }
  if (isDenormal(top, significand) && !admitDenormals(top, significand, 0, 0)) return;
  const exponent = normalExponent(top, significand) - bias;
  putInteger(exponentTarget, u32(exponent < 0), u64(abs(exponent)));
  put(significandTarget, (sign << 15) | bias, normalSignificand(significand));
}

/** An integer of at most 64 bits, exactly. */
export function putInteger(target: usize, sign: u32, magnitude: u64): void {
  if (magnitude == 0) return putZero(target, sign);
  const count = i32(clz(magnitude));
  put(target, (sign << 15) | (bias + 63 - count), magnitude << count);
}
