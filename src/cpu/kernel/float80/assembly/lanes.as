/**
 * SSE and SSE2 on all lanes of a vector: arithmetic, minimum and maximum, comparisons, conversions.
 * Source: Intel SDM Vol. 1, sections 11.5.2 to 11.5.4 (SIMD floating-point exceptions); Vol. 2, at each instruction.
 *
 * Nothing is written where a lane raises an exception that is not masked. One that comes before the computation (invalid, denormal, division
 * by zero) keeps every lane from being computed: the others, underflow, overflow and inexact, are not looked at then.
 */
import { loadInteger, storeInteger } from './conversion';
import { begin, denormalOperand, goesOn, inexact, invalid, raise, withheld } from './format';
import { admitted, answer, calculate, controlWordOf, finish, infinityOf, widenInto, withoutSign } from './streaming';

const beforeComputation: i32 = 0x07;
const exceptions: i32 = 0x3f;

/** One of `calculate`'s operations, and those beyond them; comparisons are these and the predicate's number. */
const subtraction: i32 = 1;
const multiplication: i32 = 2;
const minimum: i32 = 5;
const maximum: i32 = 6;
const comparisons: i32 = 8;

/** MXCSR's rounding control. */
const rounding: i32 = 0x6000;
const downwards: i32 = 0x2000;

/** What the lanes so far have raised, and whether one must not be computed, or not be written. */
let raised: i32 = 0;
let isRefused: bool = false;
let isWithheld: bool = false;

function beginLanes(): void {
  raised = 0;
  isRefused = false;
  isWithheld = false;
}
/** Takes up what a lane has raised. */
function endLane(mxcsr: i32): void {
  const result = answer();
  raised |= result & exceptions;
  if ((result & withheld) == 0) return;
  isWithheld = true;
  if ((result & beforeComputation & ~(mxcsr >> 7)) != 0) isRefused = true;
}
/** Copies the results if they may be written. */
function endLanes(target: usize, results: usize, bytes: i32): i32 {
  if (isRefused) return (raised & beforeComputation) | withheld;
  if (isWithheld) return raised | withheld;
  for (let place = 0; place < bytes; place += 4) store<u32>(target + place, load<u32>(results + place));
  return raised;
}

/**
 * `operation` as in `calculate`, 5 minimum, 6 maximum, 8 to 15 comparison with the predicate 0 to 7. `scratch`: 16 bytes to calculate in and 16
 * for results.
 */
export function streamingPacked(
  operation: i32,
  target: usize,
  a: usize,
  b: usize,
  lanes: i32,
  laneBytes: i32,
  scratch: usize,
  mxcsr: i32,
): i32 {
  beginLanes();
  const results = scratch + 16;
  for (let place = 0; place < lanes * laneBytes; place += laneBytes) {
    if (laneBytes == 4) {
      const bits = lane(operation, load<u32>(a + place), load<u32>(b + place), 23, scratch, mxcsr);
      store<u32>(results + place, u32(bits));
    } else {
      store<u64>(results + place, lane(operation, load<u64>(a + place), load<u64>(b + place), 52, scratch, mxcsr));
    }
    endLane(mxcsr);
  }
  return endLanes(target, results, lanes * laneBytes);
}

function lane(operation: i32, a: u64, b: u64, fractionBits: i32, scratch: usize, mxcsr: i32): u64 {
  if (operation < minimum) {
    if (operation <= multiplication && isExactWithZero(operation, a, b, fractionBits, mxcsr)) return result;
    if (operation <= multiplication && isPlain(operation, a, b, fractionBits, mxcsr)) return result;
    return calculate(operation, a, b, fractionBits, scratch, mxcsr);
  }
  begin(controlWordOf(mxcsr));
  const first = admitted(a, fractionBits, mxcsr);
  const second = admitted(b, fractionBits, mxcsr);
  if (operation >= comparisons) return compared(operation - comparisons, first, second, fractionBits) ? ~u64(0) : 0;
  if (isNaN(first, fractionBits) || isNaN(second, fractionBits)) {
    goesOn(invalid);
    return second;
  }
  admitDenormal(first, second, fractionBits);
  const x = numberOf(first, fractionBits);
  const y = numberOf(second, fractionBits);
  // Of two zeros, whatever their signs, the second is taken.
  return (operation == maximum ? x > y : x < y) ? first : second;
}

/** What {@link isExactWithZero} and {@link isPlain} came to. */
let result: u64 = 0;

/**
 * Whether a sum or product has an operand that is zero, and no operand and result that say more than the host's arithmetic does: it is exact
 * then in every rounding.
 */
function isExactWithZero(operation: i32, a: u64, b: u64, fractionBits: i32, mxcsr: i32): bool {
  const x = withoutSign(a, fractionBits);
  const y = withoutSign(b, fractionBits);
  if (x != 0 && y != 0) return false;
  const other = x | y;
  const least = u64(1) << fractionBits;
  if (other != 0 && (other < least || other >= infinityOf(fractionBits))) return false;
  const signBit: u64 = fractionBits == 23 ? 0x80000000 : 0x8000000000000000;
  const addend = operation == subtraction ? b ^ signBit : b;
  if (operation == multiplication) result = (a ^ b) & signBit;
  else if (other != 0) result = x != 0 ? a : addend;
  else if (a == addend) result = a;
  else result = (mxcsr & rounding) == downwards ? signBit : 0; // Zeros of different signs.
  begin(0);
  return true;
}

/** Every exception masked, rounding to nearest. */
const usualControl: i32 = 0x1f80;

/**
 * Whether a sum or product of normal numbers is normal under the usual control: the host's arithmetic gives it then, and all that is left to say is
 * whether it is exact.
 */
function isPlain(operation: i32, a: u64, b: u64, fractionBits: i32, mxcsr: i32): bool {
  const infinity = infinityOf(fractionBits);
  const least = u64(1) << fractionBits;
  const span = infinity - least;
  if ((mxcsr & (rounding | usualControl)) != usualControl) return false;
  if (withoutSign(a, fractionBits) - least >= span || withoutSign(b, fractionBits) - least >= span) return false;
  const isSum = operation != multiplication;
  const second = operation == subtraction ? b ^ (fractionBits == 23 ? 0x80000000 : 0x8000000000000000) : b;
  const loses = fractionBits == 23 ? narrowResult(isSum, u32(a), u32(second)) : wideResult(isSum, a, second);
  const size = withoutSign(result, fractionBits);
  // The smallest exponent may have come of rounding up, which is an underflow.
  if (size - 2 * least >= infinity - 2 * least) return false;
  begin(controlWordOf(mxcsr));
  if (isSum ? loses : !isExactProduct(a, b, fractionBits)) raise(inexact);
  return true;
}
/** Computes; whether a sum has lost anything: what is left of each operand when the other is taken off the sum says it. */
function wideResult(isSum: bool, a: u64, b: u64): bool {
  const x = reinterpret<f64>(a);
  const y = reinterpret<f64>(b);
  const value = isSum ? x + y : x * y;
  result = reinterpret<u64>(value);
  const rest = value - x;
  return x - (value - rest) + (y - rest) != 0;
}
function narrowResult(isSum: bool, a: u32, b: u32): bool {
  const x = reinterpret<f32>(a);
  const y = reinterpret<f32>(b);
  const value = isSum ? x + y : x * y;
  result = reinterpret<u32>(value);
  const rest = value - x;
  return x - (value - rest) + (y - rest) != 0;
}
/** Whether the product fits: from its length, the trailing zeros of both significands taken off. */
function isExactProduct(a: u64, b: u64, fractionBits: i32): bool {
  const zeros = i32(ctz(significandOf(a, fractionBits)) + ctz(significandOf(b, fractionBits)));
  const bias = fractionBits == 23 ? 127 : 1023;
  const carried = exponentOf(result, fractionBits) - exponentOf(a, fractionBits) - exponentOf(b, fractionBits) + bias;
  return 2 * fractionBits + 1 + carried - zeros <= fractionBits + 1;
}
function significandOf(bits: u64, fractionBits: i32): u64 {
  const least = u64(1) << fractionBits;
  return (bits & (least - 1)) | least;
}
function exponentOf(bits: u64, fractionBits: i32): i32 {
  return i32(withoutSign(bits, fractionBits) >> fractionBits);
}

function isNaN(bits: u64, fractionBits: i32): bool {
  return withoutSign(bits, fractionBits) > infinityOf(fractionBits);
}
function isSignaling(bits: u64, fractionBits: i32): bool {
  return isNaN(bits, fractionBits) && (bits & (u64(1) << (fractionBits - 1))) == 0;
}
function isDenormal(bits: u64, fractionBits: i32): bool {
  const small = withoutSign(bits, fractionBits);
  return small != 0 && small < u64(1) << fractionBits;
}
function admitDenormal(a: u64, b: u64, fractionBits: i32): void {
  if (isDenormal(a, fractionBits) || isDenormal(b, fractionBits)) goesOn(denormalOperand);
}
/** The value of something that is not a NaN. */
function numberOf(bits: u64, fractionBits: i32): f64 {
  return fractionBits == 23 ? f64(reinterpret<f32>(u32(bits))) : reinterpret<f64>(bits);
}

/** Predicates of CMPPS: 0 equal, 1 less, 2 less or equal, 3 unordered, and from 4 on their opposites. */
function compared(predicate: i32, a: u64, b: u64, fractionBits: i32): bool {
  const kind = predicate & 3;
  const opposite = predicate > 3;
  if (isNaN(a, fractionBits) || isNaN(b, fractionBits)) {
    const orders = kind == 1 || kind == 2;
    if (orders || isSignaling(a, fractionBits) || isSignaling(b, fractionBits)) goesOn(invalid);
    return (kind == 3) != opposite;
  }
  admitDenormal(a, b, fractionBits);
  const x = numberOf(a, fractionBits);
  const y = numberOf(b, fractionBits);
  return (kind == 0 ? x == y : kind == 1 ? x < y : kind == 2 ? x <= y : false) != opposite;
}

const carry: i32 = 0x01;
const parity: i32 = 0x04;
const zero: i32 = 0x40;

/** COMISS and its family: the status flags lie above the exceptions, at bit 20. `quietly`: quiet NaNs raise nothing. */
export function streamingCompare(quietly: i32, a: usize, b: usize, laneBytes: i32, mxcsr: i32): i32 {
  begin(controlWordOf(mxcsr));
  const fractionBits = laneBytes == 4 ? 23 : 52;
  const first = admitted(laneBytes == 4 ? load<u32>(a) : load<u64>(a), fractionBits, mxcsr);
  const second = admitted(laneBytes == 4 ? load<u32>(b) : load<u64>(b), fractionBits, mxcsr);
  let flags = 0;
  if (isNaN(first, fractionBits) || isNaN(second, fractionBits)) {
    if (quietly == 0 || isSignaling(first, fractionBits) || isSignaling(second, fractionBits)) goesOn(invalid);
    flags = zero | parity | carry;
  } else {
    admitDenormal(first, second, fractionBits);
    const x = numberOf(first, fractionBits);
    const y = numberOf(second, fractionBits);
    flags = x < y ? carry : x == y ? zero : 0;
  }
  return answer() | (flags << 20);
}

/** Conversions; `from` and `to` are 0 for single precision, 1 for double precision, 2 for a 32-bit integer. */
const singlePrecision: i32 = 0;
const doublePrecision: i32 = 1;
const integer: i32 = 2;

/** Converts the first lanes. `truncates` rounds towards zero whatever MXCSR says. `scratch` as above. */
export function streamingConvert(
  from: i32,
  to: i32,
  truncates: i32,
  target: usize,
  source: usize,
  lanes: i32,
  scratch: usize,
  mxcsr: i32,
): i32 {
  beginLanes();
  const results = scratch + 16;
  const sourceBytes = from == doublePrecision ? 8 : 4;
  const resultBytes = to == doublePrecision ? 8 : 4;
  const control = truncates != 0 ? mxcsr | 0x6000 : mxcsr;
  for (let index = 0; index < lanes; index++) {
    const place = source + index * sourceBytes;
    const bits: u64 = sourceBytes == 4 ? load<u32>(place) : load<u64>(place);
    const result = converted(from, to, bits, scratch, control);
    if (resultBytes == 4) store<u32>(results + index * 4, u32(result));
    else store<u64>(results + index * 8, result);
    endLane(mxcsr);
  }
  return endLanes(target, results, lanes * resultBytes);
}

function converted(from: i32, to: i32, bits: u64, scratch: usize, mxcsr: i32): u64 {
  const controlWord = controlWordOf(mxcsr);
  if (from == integer) {
    loadInteger(scratch, i32(bits));
    begin(controlWord);
    return finish(scratch, 23, mxcsr);
  }
  const fractionBits = from == singlePrecision ? 23 : 52;
  if (to == integer) {
    widenInto(scratch, bits, fractionBits, mxcsr);
    storeInteger(scratch, scratch, 4, controlWord);
    return load<u32>(scratch);
  }
  begin(controlWord);
  if (isNaN(bits, fractionBits)) {
    if (isSignaling(bits, fractionBits)) goesOn(invalid);
    return from == singlePrecision
      ? ((bits & 0x80000000) << 32) | 0x7ff8000000000000 | ((bits & 0x3fffff) << 29)
      : ((bits >> 32) & 0x80000000) | 0x7fc00000 | ((bits >> 29) & 0x3fffff);
  }
  if (widenInto(scratch, bits, fractionBits, mxcsr) != 0 && !goesOn(denormalOperand)) return 0;
  return finish(scratch, to == singlePrecision ? 23 : 52, mxcsr);
}

/**
 * RCPPS, and RSQRTPS where `root` is 1: nothing is raised and nothing of MXCSR heeded; denormal operands and results count as zero. `tables` as
 * ../approximations.ts writes them.
 */
export function streamingApproximate(root: i32, target: usize, source: usize, lanes: i32, tables: usize): void {
  for (let place = 0; place < lanes * 4; place += 4) {
    const bits = load<u32>(source + place);
    store<u32>(target + place, root != 0 ? reciprocalRoot(bits, tables) : reciprocal(bits, tables));
  }
}

/** The upper 12 bits of a result's fraction, by the upper 12 bits of the operand's. */
function approximation(fraction: u32, table: usize): u32 {
  const index = fraction >> 11;
  const value = u32(load<u16>(table + ((index >> 4) << 1)));
  return (value - u32(load<u8>(table + 512 + (((index >> 8) << 4) | (index & 15))))) << 11;
}

function reciprocal(bits: u32, tables: usize): u32 {
  const sign = bits & 0x80000000;
  const exponent = i32(bits >> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent == 0xff) return fraction != 0 ? bits | 0x400000 : sign;
  if (exponent == 0) return sign | 0x7f800000;
  const resultExponent = 253 - exponent;
  return resultExponent <= 0 ? sign : sign | (u32(resultExponent) << 23) | approximation(fraction, tables);
}

function reciprocalRoot(bits: u32, tables: usize): u32 {
  const sign = bits & 0x80000000;
  const exponent = i32(bits >> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent == 0xff && fraction != 0) return bits | 0x400000;
  if (exponent == 0) return sign | 0x7f800000;
  if (sign != 0) return 0xffc00000;
  if (exponent == 0xff) return 0;
  const power = exponent - 127;
  const table = tables + ((power & 1) != 0 ? 1536 : 768);
  return (u32(126 - (power >> 1)) << 23) | approximation(fraction, table);
}
