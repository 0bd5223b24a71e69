/**
 * From an exact or sticky 128-bit significand to a result in a format: rounding, overflow, underflow, C1.
 * Source: Intel SDM Vol. 1, sections 4.8.4 (rounding), 8.5.4 to 8.5.6 (overflow, underflow, inexact result).
 */
import { low, shiftRightSticky } from './wide';
import {
  c1,
  control,
  down,
  exponentAdjustment,
  exponentMax,
  forget,
  inexact,
  integerBit,
  isMasked,
  overflow,
  put,
  putInfinity,
  putZero,
  raise,
  roundToOdd,
  roundingMode,
  toNearest,
  underflow,
  up,
} from './format';

/** Whether to round away from zero: `odd` is the last kept bit, `rest` what follows it as a fraction of it. */
export function roundsAway(sign: u32, odd: bool, rest: u64): bool {
  if (rest == 0) return false;
  if ((control & roundToOdd) != 0) return !odd;
  switch (roundingMode()) {
    case toNearest:
      return rest > integerBit || (rest == integerBit && odd);
    case down:
      return sign != 0;
    case up:
      return sign == 0;
    default:
      return false;
  }
}

/** Whether an overflowing result becomes infinite; otherwise it becomes the largest finite number. */
function overflowsToInfinity(sign: u32): bool {
  const mode = roundingMode();
  return mode == toNearest || (mode == up && sign == 0) || (mode == down && sign != 0);
}

/**
 * Writes a number that is not zero. `exponent` is biased and may lie out of range; bit 63 of `high` is set; `lowWord` are the
 * bits below, its last bit sticky. `loss` bits of the significand's end are rounded away (see `precisionLoss`).
 */
export function putRounded(target: usize, sign: u32, exponent: i32, high: u64, lowWord: u64, loss: i32): void {
  if (exponent <= 0) return putSmall(target, sign, exponent, high, lowWord, loss);
  let rest = lowWord;
  let unit: u64 = 1;
  let kept = high;
  if (loss != 0) {
    unit = u64(1) << loss;
    rest = (high << (64 - loss)) | u64(lowWord != 0);
    kept = high & (0 - unit);
  }
  if (rest != 0) {
    raise(inexact);
    if (roundsAway(sign, (kept & unit) != 0, rest)) {
      raise(c1);
      kept += unit;
      if (kept == 0) {
        kept = integerBit;
        exponent++;
      }
    }
  }
  if (exponent >= exponentMax) return putLarge(target, sign, exponent, kept, unit);
  put(target, (sign << 15) | exponent, kept);
}

/** Overflow: the rounded number's exponent is too large. */
function putLarge(target: usize, sign: u32, exponent: i32, kept: u64, unit: u64): void {
  raise(overflow);
  if (!isMasked(overflow)) {
    const scaled = exponent - exponentAdjustment;
    if (scaled < exponentMax) return put(target, (sign << 15) | scaled, kept);
    raise(inexact | c1);
    return putInfinity(target, sign);
  }
  raise(inexact);
  if (overflowsToInfinity(sign)) {
    raise(c1);
    putInfinity(target, sign);
  } else {
    putFinite(target, sign, unit);
  }
}
function putFinite(target: usize, sign: u32, unit: u64): void {
  forget(c1);
  put(target, (sign << 15) | (exponentMax - 1), 0 - unit);
}

/** A number whose exponent is too small before rounding: tininess is judged after it, with an unbounded exponent. */
function putSmall(target: usize, sign: u32, exponent: i32, high: u64, lowWord: u64, loss: i32): void {
  const unit = u64(1) << loss;
  const rest = loss == 0 ? lowWord : (high << (64 - loss)) | u64(lowWord != 0);
  const carriesOut = (high | (unit - 1)) == 0xffffffffffffffff && roundsAway(sign, true, rest);
  const tiny = exponent < 0 || !carriesOut;
  if (tiny && !isMasked(underflow)) {
    raise(underflow);
    const scaled = exponent + exponentAdjustment;
    if (scaled > 0) return putRounded(target, sign, scaled, high, lowWord, loss);
    raise(inexact);
    return putZero(target, sign);
  }
  const shifted = shiftRightSticky(high, lowWord, 1 - exponent);
  let kept = shifted & (0 - unit);
  const shiftedRest = loss == 0 ? low : (shifted << (64 - loss)) | u64(low != 0);
  if (shiftedRest != 0) {
    raise(tiny ? inexact | underflow : inexact);
    if (roundsAway(sign, (kept & unit) != 0, shiftedRest)) {
      raise(c1);
      kept += unit;
    }
  }
  put(target, (sign << 15) | u32(kept >> 63), kept);
}
