/**
 * Numbers in memory and in registers: FLD, FST, FILD, FIST, FISTTP, FBLD, FBSTP, and operands read from memory.
 * Source: Intel SDM Vol. 1, sections 4.2 and 4.8 (formats), 8.1.5 (control word); Vol. 2, at each instruction.
 */
import { low, shiftRightSticky } from './wide';
import {
  begin,
  bias,
  c1,
  denormalOperand,
  denormalSource,
  down,
  exponentMax,
  exponentOf,
  forget,
  goesOn,
  inexact,
  integerBit,
  invalid,
  isInfinity,
  isMasked,
  isNaN80,
  isSignaling,
  isUnsupported,
  isZero,
  loadSignificand,
  loadTop,
  normalExponent,
  normalSignificand,
  outcome,
  overflow,
  put,
  putZero,
  raise,
  roundingMode,
  toNearest,
  underflow,
  up,
  withheld,
} from './format';
import { putInteger } from './partial';
import { roundsAway } from './rounding';

/** Widens 32 bits without judging them; answers `denormalSource` if they are denormal, for the operation that follows. */
export function widen32(target: usize, bits: u32): i32 {
  return widen(target, bits >> 31, i32(bits >> 23) & 0xff, u64(bits & 0x7fffff) << 40, 0xff, 0x7f);
}
/** Widens 64 bits likewise. */
export function widen64(target: usize, bits: u64): i32 {
  return widen(target, u32(bits >> 63), i32(bits >> 52) & 0x7ff, (bits & 0xfffffffffffff) << 11, 0x7ff, 0x3ff);
}

/** `fraction` lies right below the integer bit. */
function widen(target: usize, sign: u32, exponent: i32, fraction: u64, exponentEnd: i32, exponentBias: i32): i32 {
  const signBit = sign << 15;
  if (exponent == exponentEnd) {
    put(target, signBit | exponentMax, integerBit | fraction);
  } else if (exponent != 0) {
    put(target, signBit | (exponent - exponentBias + bias), integerBit | fraction);
  } else if (fraction != 0) {
    const count = i32(clz(fraction));
    put(target, signBit | (1 - count - exponentBias + bias), fraction << count);
    return denormalSource;
  } else {
    putZero(target, sign);
  }
  return 0;
}

/** FLD m32: as `widen32`, but a denormal number and a signaling NaN raise their exceptions. */
export function load32(target: usize, bits: u32, controlWord: i32): i32 {
  begin(controlWord);
  const exponent = bits & 0x7f800000;
  const fraction = bits & 0x7fffff;
  if (exponent == 0 && fraction != 0) raise(denormalOperand); // Masked or not, the number is loaded.
  const signals = exponent == 0x7f800000 && fraction != 0 && fraction < 0x400000;
  if (signals && !goesOn(invalid)) return outcome();
  widen32(target, signals ? bits | 0x400000 : bits);
  return outcome();
}
/** FLD m64, likewise. */
export function load64(target: usize, bits: u64, controlWord: i32): i32 {
  begin(controlWord);
  const exponent = bits & 0x7ff0000000000000;
  const fraction = bits & 0xfffffffffffff;
  if (exponent == 0 && fraction != 0) raise(denormalOperand); // Masked or not, the number is loaded.
  const signals = exponent == 0x7ff0000000000000 && fraction != 0 && fraction < 0x8000000000000;
  if (signals && !goesOn(invalid)) return outcome();
  widen64(target, signals ? bits | 0x8000000000000 : bits);
  return outcome();
}
/** FILD: a signed integer, already extended to 64 bits; always exact. */
export function loadInteger(target: usize, value: i64): void {
  const sign = u32(value < 0);
  putInteger(target, sign, sign != 0 ? 0 - u64(value) : u64(value));
}

/** FST m32: writes 4 bytes at `target` unless withheld. */
export function store32(target: usize, a: usize, controlWord: i32): i32 {
  begin(controlWord);
  const bits = bitsOfNarrowed(loadTop(a), loadSignificand(a), 23, 0xff, 0x7f);
  const result = outcome();
  if ((result & withheld) == 0) store<u32>(target, u32(bits));
  return result;
}
/** FST m64: writes 8 bytes. */
export function store64(target: usize, a: usize, controlWord: i32): i32 {
  begin(controlWord);
  const bits = bitsOfNarrowed(loadTop(a), loadSignificand(a), 52, 0x7ff, 0x3ff);
  const result = outcome();
  if ((result & withheld) == 0) store<u64>(target, bits);
  return result;
}

/** The number in a format of `fractionBits`, exponents up to `exponentEnd` (that of infinity) and `exponentBias`. */
export function bitsOfNarrowed(
  top: u32,
  significand: u64,
  fractionBits: i32,
  exponentEnd: i32,
  exponentBias: i32,
): u64 {
  const sign = u64(top >> 15) << (63 - clz(u64(exponentEnd)) + 1 + fractionBits);
  const infinity = u64(exponentEnd) << fractionBits;
  const quietBit = u64(1) << (fractionBits - 1);
  if (isUnsupported(top, significand)) {
    goesOn(invalid);
    return (u64(exponentEnd + 1) << fractionBits) | infinity | quietBit;
  }
  if (isNaN80(top, significand)) {
    if (isSignaling(top, significand)) goesOn(invalid);
    return sign | infinity | quietBit | ((significand << 1) >> (64 - fractionBits));
  }
  if (isInfinity(top, significand)) return sign | infinity;
  if (isZero(top, significand)) return sign;
  const exponent = min(normalExponent(top, significand) - bias + exponentBias, exponentEnd);
  return sign | roundNarrow(top >> 15, exponent, normalSignificand(significand), fractionBits, exponentEnd);
}

/** Exponent and fraction of a rounded number; exponent and fraction join so that a carry runs from one into the other. */
function roundNarrow(sign: u32, exponent: i32, significand: u64, fractionBits: i32, exponentEnd: i32): u64 {
  const places = 63 - fractionBits;
  let kept = significand >> places;
  let rest = significand << (64 - places);
  let field = exponent - 1; // The integer bit in `kept` adds the one back.
  if (exponent <= 0) {
    const last = kept | ~((u64(2) << fractionBits) - 1);
    const tiny = exponent < 0 || last != 0xffffffffffffffff || !roundsAway(sign, true, rest);
    if (tiny && !isMasked(underflow)) {
      goesOn(underflow);
      return 0;
    }
    kept = shiftRightSticky(significand, 0, places + 1 - exponent);
    rest = low;
    field = 0;
    if (tiny && rest != 0) raise(underflow);
  }
  if (rest != 0) raise(inexact);
  let bits = (u64(field) << fractionBits) + kept;
  if (roundsAway(sign, (kept & 1) != 0, rest)) {
    raise(c1);
    bits++;
  }
  if (bits < u64(exponentEnd) << fractionBits) return bits;
  forget(c1);
  if (!goesOn(overflow)) {
    forget(inexact);
    return 0;
  }
  raise(inexact);
  const mode = roundingMode();
  const toInfinity = mode == toNearest || (mode == up && sign == 0) || (mode == down && sign != 0);
  if (toInfinity) raise(c1);
  return (u64(exponentEnd) << fractionBits) - u64(!toInfinity);
}

/** The last rounded integer's magnitude. */
let magnitude: u64 = 0;

/** Rounds to an integer; whether it is one, of at most `limit`, or of at most `negativeLimit` below zero. */
function roundMagnitude(top: u32, significand: u64, limit: u64, negativeLimit: u64): bool {
  const sign = top >> 15;
  const exponent = exponentOf(top);
  if (isUnsupported(top, significand) || exponent > bias + 63) return false;
  magnitude = significand;
  if (exponent < bias + 63 && significand != 0) {
    magnitude = shiftRightSticky(significand, 0, bias + 63 - exponent);
    const rest = low;
    if (rest != 0) raise(inexact);
    if (roundsAway(sign, (magnitude & 1) != 0, rest)) {
      raise(c1);
      magnitude++;
    }
  }
  return magnitude <= (sign != 0 ? negativeLimit : limit);
}

/** FIST: writes 2, 4 or 8 bytes; what does not fit is the integer indefinite. FISTTP asks for it with rounding to zero. */
export function storeInteger(target: usize, a: usize, sizeBytes: i32, controlWord: i32): i32 {
  begin(controlWord);
  const top = loadTop(a);
  const limit = (u64(1) << (8 * sizeBytes - 1)) - 1;
  let value: u64;
  if (roundMagnitude(top, loadSignificand(a), limit, limit + 1)) {
    value = top >> 15 != 0 ? 0 - magnitude : magnitude;
  } else {
    forget(inexact | c1);
    goesOn(invalid);
    value = limit + 1;
  }
  const result = outcome();
  if ((result & withheld) != 0) return result;
  if (sizeBytes == 2) store<u16>(target, u16(value));
  else if (sizeBytes == 4) store<u32>(target, u32(value));
  else store<u64>(target, value);
  return result;
}
/** FISTTP. */
export function storeIntegerTruncated(target: usize, a: usize, sizeBytes: i32, controlWord: i32): i32 {
  return storeInteger(target, a, sizeBytes, controlWord | 0xc00);
}

/** FBLD: 18 packed decimal digits and a sign; digits above nine count for what they are worth. */
export function loadDecimal(target: usize, source: usize): void {
  let value: u64 = 0;
  for (let index = 8; index >= 0; index--) {
    const pair = load<u8>(source + index);
    value = value * 100 + u64(pair >> 4) * 10 + u64(pair & 15);
  }
  putInteger(target, u32(load<u8>(source, 9) >> 7), value);
}

const decimalMax: u64 = 999999999999999999;

/** FBSTP: writes 10 bytes; what does not fit is the packed decimal indefinite. */
export function storeDecimal(target: usize, a: usize, controlWord: i32): i32 {
  begin(controlWord);
  const top = loadTop(a);
  if (!roundMagnitude(top, loadSignificand(a), decimalMax, decimalMax)) {
    forget(inexact | c1);
    if (!goesOn(invalid)) return outcome();
    store<u64>(target, 0xc000000000000000);
    store<u16>(target, 0xffff, 8);
    return outcome();
  }
  let rest = magnitude;
  for (let index = 0; index < 9; index++) {
    const pair = rest % 100;
    rest /= 100;
    store<u8>(target + index, u8(((pair / 10) << 4) | (pair % 10)));
  }
  store<u8>(target, u8((top >> 15) << 7), 9);
  return outcome();
}
