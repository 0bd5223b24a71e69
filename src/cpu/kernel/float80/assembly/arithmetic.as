/**
 * FADD, FSUB, FMUL, FDIV, FSQRT: rounded once, to the precision that the control word names.
 * Source: Intel SDM Vol. 2, tables of results of each instruction.
 */
import { divide, low, multiply, remainder, shiftRightSticky } from './wide';
import {
  admitDenormals,
  begin,
  bias,
  control,
  denormalSource,
  down,
  exponentOf,
  goesOn,
  integerBit,
  isInfinity,
  isNormal,
  isZero,
  loadSignificand,
  loadTop,
  normalExponent,
  normalSignificand,
  outcome,
  precisionLoss,
  put,
  putInfinity,
  putZero,
  refuse,
  roundingMode,
  settleOne,
  settleTwo,
  zeroDivide,
} from './format';
import { putRounded } from './rounding';

/** Two normal numbers, about which nothing is to be said before the arithmetic. */
function areSimple(aTop: u32, a: u64, bTop: u32, b: u64): bool {
  return isNormal(aTop, a) && isNormal(bTop, b) && (control & denormalSource) == 0;
}

/** a + b. */
export function add(target: usize, a: usize, b: usize, controlWord: i32): i32 {
  begin(controlWord);
  addNumbers(target, loadTop(a), loadSignificand(a), loadTop(b), loadSignificand(b), 0);
  return outcome();
}
/** a - b. */
export function subtract(target: usize, a: usize, b: usize, controlWord: i32): i32 {
  begin(controlWord);
  addNumbers(target, loadTop(a), loadSignificand(a), loadTop(b), loadSignificand(b), 0x8000);
  return outcome();
}

/** `flip` is xored to the sign of b once it is known not to be a NaN. */
export function addNumbers(target: usize, aTop: u32, a: u64, bTop: u32, b: u64, flip: u32): void {
  if (areSimple(aTop, a, bTop, b)) {
    return addFinite(target, aTop >> 15, exponentOf(aTop), a, (bTop ^ flip) >> 15, exponentOf(bTop), b);
  }
  if (settleTwo(target, aTop, a, bTop, b)) return;
  const aSign = aTop >> 15;
  const bSign = (bTop ^ flip) >> 15;
  const aIsInfinite = isInfinity(aTop, a);
  const bIsInfinite = isInfinity(bTop, b);
  if (aIsInfinite && bIsInfinite && aSign != bSign) return refuse(target);
  if (!admitDenormals(aTop, a, bTop, b)) return;
  if (aIsInfinite) return putInfinity(target, aSign);
  if (bIsInfinite) return putInfinity(target, bSign);
  if (a == 0 && b == 0) return putZero(target, aSign == bSign ? aSign : u32(roundingMode() == down));
  if (a == 0) return putRounded(target, bSign, normalExponent(bTop, b), normalSignificand(b), 0, precisionLoss());
  if (b == 0) return putRounded(target, aSign, normalExponent(aTop, a), normalSignificand(a), 0, precisionLoss());
  addFinite(
    target,
    aSign,
    normalExponent(aTop, a),
    normalSignificand(a),
    bSign,
    normalExponent(bTop, b),
    normalSignificand(b),
  );
}

/** Both normalised and not zero. */
function addFinite(target: usize, aSign: u32, aExponent: i32, a: u64, bSign: u32, bExponent: i32, b: u64): void {
  if (aExponent < bExponent || (aExponent == bExponent && a < b)) {
    addOrdered(target, bSign, bExponent, b, aSign, bExponent - aExponent, a);
  } else {
    addOrdered(target, aSign, aExponent, a, bSign, aExponent - bExponent, b);
  }
}

/** |a| is at least |b|, whose exponent is smaller by `distance`. */
function addOrdered(target: usize, aSign: u32, exponent: i32, a: u64, bSign: u32, distance: i32, b: u64): void {
  let shifted: u64 = 0;
  let below: u64 = 1;
  if (distance < 64) {
    shifted = b >> distance;
    below = (b << 1) << (63 - distance);
  } else if (distance < 128) {
    shiftRightSticky(b, 0, distance);
    below = low;
  }
  if (aSign == bSign) {
    const sum = a + shifted;
    if (sum >= a) return putRounded(target, aSign, exponent, sum, below, precisionLoss());
    const carried = (sum << 63) | (below >> 1) | (below & 1);
    return putRounded(target, aSign, exponent + 1, integerBit | (sum >> 1), carried, precisionLoss());
  }
  let high = a - shifted - u64(below != 0);
  let rest: u64 = 0 - below;
  if (high == 0 && rest == 0) return putZero(target, u32(roundingMode() == down));
  let place = exponent;
  if (high == 0) {
    high = rest;
    rest = 0;
    place -= 64;
  }
  const count = i32(clz(high));
  if (count != 0) {
    high = (high << count) | (rest >> (64 - count));
    rest <<= count;
  }
  putRounded(target, aSign, place - count, high, rest, precisionLoss());
}

/** a × b. */
export function multiply80(target: usize, a: usize, b: usize, controlWord: i32): i32 {
  begin(controlWord);
  multiplyNumbers(target, loadTop(a), loadSignificand(a), loadTop(b), loadSignificand(b));
  return outcome();
}

export function multiplyNumbers(target: usize, aTop: u32, a: u64, bTop: u32, b: u64): void {
  const sign = (aTop ^ bTop) >> 15;
  if (areSimple(aTop, a, bTop, b)) {
    return multiplyFinite(target, sign, exponentOf(aTop) + exponentOf(bTop), a, b);
  }
  if (settleTwo(target, aTop, a, bTop, b)) return;
  const infinite = isInfinity(aTop, a) || isInfinity(bTop, b);
  const zero = isZero(aTop, a) || isZero(bTop, b);
  if (infinite && zero) return refuse(target);
  if (!admitDenormals(aTop, a, bTop, b)) return;
  if (infinite) return putInfinity(target, sign);
  if (zero) return putZero(target, sign);
  const exponents = normalExponent(aTop, a) + normalExponent(bTop, b);
  multiplyFinite(target, sign, exponents, normalSignificand(a), normalSignificand(b));
}

function multiplyFinite(target: usize, sign: u32, exponents: i32, a: u64, b: u64): void {
  const high = multiply(a, b);
  if (i64(high) < 0) return putRounded(target, sign, exponents - bias + 1, high, low, precisionLoss());
  putRounded(target, sign, exponents - bias, (high << 1) | (low >> 63), low << 1, precisionLoss());
}

/** a ÷ b. */
export function divide80(target: usize, a: usize, b: usize, controlWord: i32): i32 {
  begin(controlWord);
  divideNumbers(target, loadTop(a), loadSignificand(a), loadTop(b), loadSignificand(b));
  return outcome();
}

export function divideNumbers(target: usize, aTop: u32, a: u64, bTop: u32, b: u64): void {
  const sign = (aTop ^ bTop) >> 15;
  if (areSimple(aTop, a, bTop, b)) {
    return divideFinite(target, sign, exponentOf(aTop) - exponentOf(bTop), a, b);
  }
  if (settleTwo(target, aTop, a, bTop, b)) return;
  const aIsInfinite = isInfinity(aTop, a);
  const bIsInfinite = isInfinity(bTop, b);
  const aIsZero = isZero(aTop, a);
  const bIsZero = isZero(bTop, b);
  if ((aIsInfinite && bIsInfinite) || (aIsZero && bIsZero)) return refuse(target);
  if (bIsZero && !aIsInfinite) {
    if (goesOn(zeroDivide)) putInfinity(target, sign);
    return;
  }
  if (!admitDenormals(aTop, a, bTop, b)) return;
  if (aIsInfinite) return putInfinity(target, sign);
  if (bIsInfinite || aIsZero) return putZero(target, sign);
  const exponents = normalExponent(aTop, a) - normalExponent(bTop, b);
  divideFinite(target, sign, exponents, normalSignificand(a), normalSignificand(b));
}

function divideFinite(target: usize, sign: u32, exponents: i32, a: u64, b: u64): void {
  if (a < b) {
    const quotient = divide(a, 0, b);
    return putRounded(target, sign, exponents + bias - 1, quotient, fractionOf(remainder, b), precisionLoss());
  }
  const quotient = divide(a >> 1, a << 63, b);
  putRounded(target, sign, exponents + bias, quotient, fractionOf(remainder, b), precisionLoss());
}

/** What a remainder means for rounding: nothing, under a half, a half, more. */
function fractionOf(rest: u64, divisor: u64): u64 {
  if (rest == 0) return 0;
  const other = divisor - rest;
  return rest > other ? integerBit | 1 : rest == other ? integerBit : 1;
}

/** The square root of a. */
export function squareRoot(target: usize, a: usize, controlWord: i32): i32 {
  begin(controlWord);
  rootOf(target, loadTop(a), loadSignificand(a));
  return outcome();
}

export function rootOf(target: usize, top: u32, significand: u64): void {
  if (settleOne(target, top, significand)) return;
  if (isZero(top, significand)) return put(target, top, 0);
  if (top >> 15 != 0) return refuse(target);
  if (isInfinity(top, significand)) return putInfinity(target, 0);
  if (!admitDenormals(top, significand, 0, 0)) return;
  const exponent = normalExponent(top, significand) - bias;
  const root = rootOfSignificand(normalSignificand(significand), (exponent & 1) != 0);
  putRounded(target, 0, (exponent >> 1) + bias, root, rootRest, precisionLoss());
}

/** What follows the last root's 64 bits, as rounding wants it. */
let rootRest: u64 = 0;

/** The 64-bit root of the significand, twice it if `odd`, as a number from 1 to below 4. */
function rootOfSignificand(significand: u64, odd: bool): u64 {
  const high = odd ? significand : significand >> 1;
  const lowWord = odd ? 0 : significand << 63;
  // The host's root is exact to 53 bits; raised to lie above the true one, so that Newton's step also ends above.
  const estimate = sqrt<f64>(f64(high)) * 4294967296.0 + 8192.0;
  let root: u64 = estimate >= 18446744073709549568.0 ? 0xffffffffffffffff : u64(estimate);
  const quotient = high >= root ? 0xffffffffffffffff : divide(high, lowWord, root);
  root = (root >> 1) + (quotient >> 1) + (root & quotient & 1) + ((root ^ quotient) & 1);
  while (true) {
    const squareHigh = multiply(root, root);
    if (squareHigh < high || (squareHigh == high && low <= lowWord)) {
      const rest = lowWord - low;
      const restHigh = high - squareHigh - u64(lowWord < low);
      rootRest = (rest | restHigh) == 0 ? 0 : restHigh != 0 || rest > root ? integerBit | 1 : 1;
      return root;
    }
    root--;
  }
}
