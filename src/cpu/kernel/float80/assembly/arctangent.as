/**
 * FPATAN: the angle of a point, in all four quadrants.
 * Source: Intel SDM Vol. 2, "FPATAN: Partial Arctangent", table of results.
 */
import {
  admitDenormals,
  begin,
  isInfinity,
  isZero,
  loadSignificand,
  loadTop,
  normalExponent,
  normalSignificand,
  outcome,
  putZero,
  settleTwo,
} from './format';
import {
  fraction,
  fractionLow,
  lessen,
  multiplyFractions,
  normalise,
  oddReciprocalSeries,
  one,
  place,
  putFraction,
  seriesLow,
} from './series';
import { arctangentOfSixteenths, entryLow, pi, piLow } from './tables';
import { divideToFraction } from './trigonometry';
import { low, multiply, shiftRightSticky, wasExact } from './wide';

/** arctan(y / x), in the quadrant of the point. */
export function arctangent(target: usize, y: usize, x: usize, controlWord: i32): i32 {
  begin(controlWord);
  angleOf(target, loadTop(y), loadSignificand(y), loadTop(x), loadSignificand(x));
  return outcome();
}

function angleOf(target: usize, yTop: u32, y: u64, xTop: u32, x: u64): void {
  if (settleTwo(target, xTop, x, yTop, y)) return;
  if (!admitDenormals(yTop, y, xTop, x)) return;
  const sign = yTop >> 15;
  const leftwards = xTop >> 15 != 0;
  const xIsInfinite = isInfinity(xTop, x);
  if (isInfinity(yTop, y)) {
    // In eighths of a turn: 1, 2 or 3.
    return putEighths(target, sign, !xIsInfinite ? 2 : leftwards ? 3 : 1);
  }
  if (xIsInfinite || isZero(yTop, y)) return leftwards ? putEighths(target, sign, 4) : putZero(target, sign);
  if (isZero(xTop, x)) return putEighths(target, sign, 2);
  const yExponent = normalExponent(yTop, y);
  const xExponent = normalExponent(xTop, x);
  const ySignificand = normalSignificand(y);
  const xSignificand = normalSignificand(x);
  const steep = yExponent > xExponent || (yExponent == xExponent && ySignificand > xSignificand);
  if (steep) arctangentOfRatio(xSignificand, ySignificand, yExponent - xExponent);
  else arctangentOfRatio(ySignificand, xSignificand, xExponent - yExponent);
  if (steep) combine(pi >> 1, (pi << 63) | (piLow >> 1), leftwards);
  else if (leftwards) combine(pi, piLow, false);
  putFraction(target, sign);
}

/** A multiple of π/4, 1 to 4. */
function putEighths(target: usize, sign: u32, count: i32): void {
  if (count == 3) {
    const half = shiftRightSticky(pi, piLow, 1);
    const halfLow = low;
    const quarter = shiftRightSticky(pi, piLow, 2);
    const sumLow = halfLow + low;
    normalise(half + quarter + u64(sumLow < low), sumLow, 2);
  } else {
    normalise(pi, piLow, count == 4 ? 2 : count == 2 ? 1 : 0);
  }
  putFraction(target, sign);
}

/** Adds the last fraction to an angle in units of 2^-126, or takes it from it. */
function combine(angle: u64, angleLow: u64, adds: bool): void {
  const part = shiftRightSticky(fraction, fractionLow, 2 - place);
  if (adds) {
    const sumLow = angleLow + low;
    normalise(angle + part + u64(sumLow < low), sumLow, 2);
  } else {
    normalise(angle - part - u64(angleLow < low), angleLow - low, 2);
  }
}

/** The numerator and denominator of what is left of a ratio once a table's angle is taken away: 128 bits each. */
let top: u64 = 0;
let topLow: u64 = 0;

/** arctan of a / b × 2^-distance, at most 1, as a fraction. */
function arctangentOfRatio(a: u64, b: u64, distance: i32): void {
  const bUpper = b >> 32;
  const index = distance > 5 ? 0 : i32(((((a >> 32) << 5) >> distance) + bUpper) / (bUpper << 1));
  if (index == 0) {
    divideToFraction(a, 0, -distance, b, 0, 0);
    return arctangentOfFraction();
  }
  // With c = index / 16: arctan(r) = arctan(c) + arctan((r - c) / (1 + r c)); both sides times 16 b 2^32, exactly.
  const aHigh = a >> (32 + distance);
  const aLow = a << (32 - distance);
  const bHigh = b >> 32;
  const bLow = b << 32;
  const multiple = timesSmall(bHigh, bLow, index);
  const multipleLow = low;
  top = (aHigh << 4) | (aLow >> 60);
  topLow = aLow << 4;
  const below = top < multiple || (top == multiple && topLow < multipleLow);
  if (below) {
    top = multiple - top - u64(multipleLow < topLow);
    topLow = multipleLow - topLow;
  } else {
    top = top - multiple - u64(topLow < multipleLow);
    topLow = topLow - multipleLow;
  }
  const product = timesSmall(aHigh, aLow, index);
  const bottomLow = (bLow << 4) + low;
  const bottom = ((bHigh << 4) | (bLow >> 60)) + product + u64(bottomLow < low);
  const angle = arctangentOfSixteenths(index);
  const angleLow = entryLow;
  if ((top | topLow) == 0) return normalise(angle, angleLow, 2);
  normalise(bottom, bottomLow, 0);
  const divisor = fraction;
  const divisorLow = fractionLow;
  const divisorPlace = place;
  normalise(top, topLow, 0);
  divideToFraction(fraction, fractionLow, place, divisor, divisorLow, divisorPlace);
  arctangentOfFraction();
  combine(angle, angleLow, !below);
}
function timesSmall(high: u64, lowWord: u64, factor: i32): u64 {
  const carry = multiply(lowWord, u64(factor));
  return high * u64(factor) + carry;
}

/** Replaces a fraction of at most 2^-5 by its arctangent. */
function arctangentOfFraction(): void {
  const exact = wasExact();
  const argument = fraction;
  const argumentLow = fractionLow;
  const argumentPlace = place;
  multiplyFractions(argument, argumentLow, argumentPlace, argument, argumentLow, argumentPlace);
  const factor = oddReciprocalSeries(fraction, fractionLow, place, true);
  multiplyFractions(argument, argumentLow, argumentPlace, factor, seriesLow, 1);
  // An arctangent lies below its argument even where the series cannot tell.
  if (factor == one && seriesLow == 0 && exact) lessen();
}
