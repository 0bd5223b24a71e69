/**
 * The 80-bit format and what every operation does around its arithmetic: control, exceptions, NaN operands.
 * Source: Intel SDM Vol. 1, sections 4.8.3 (special values), 8.1 (x87 FPU), 8.5 (exceptions).
 *
 * A number lies in memory as 10 bytes: the significand (8 bytes, with its integer bit) and sign and exponent (2 bytes).
 * Operations take addresses and a control word, and return bits of the status word, with `withheld` above them.
 */

/** Exceptions, as in the status and control words. */
export const invalid: i32 = 0x01;
export const denormalOperand: i32 = 0x02;
export const zeroDivide: i32 = 0x04;
export const overflow: i32 = 0x08;
export const underflow: i32 = 0x10;
export const inexact: i32 = 0x20;
const exceptions: i32 = 0x3f;
/** ES: an exception happened that the control word does not mask. */
export const summary: i32 = 0x80;
export const c0: i32 = 0x100;
/** C1: the result was rounded away from zero. */
export const c1: i32 = 0x200;
export const c2: i32 = 0x400;
export const c3: i32 = 0x4000;
/** Nothing was written: an unmasked exception forbids it, or the operand is out of the function's range. */
export const withheld: i32 = 0x10000;
/** A remainder came to no quotient: C0 and C3 stay as they were. */
export const quotientUnknown: i32 = 0x20000;
/** Beside the control word: the second operand came from a denormal number in memory, which has been normalised. */
export const denormalSource: i32 = 0x10000;

/** Beside the control word, for a result that will be rounded again: truncate, and set the last bit if that loses anything. */
export const roundToOdd: i32 = 0x20000;

export const bias: i32 = 0x3fff;
export const exponentMax: i32 = 0x7fff;
export const integerBit: u64 = 0x8000000000000000;
const quietBit: u64 = 0x4000000000000000;
/** Added to the exponent of an unmasked underflow's result, taken from an unmasked overflow's (SDM Vol. 1, 8.5.4 and 8.5.5). */
export const exponentAdjustment: i32 = 24576;

/** How to round (control word, RC). */
export const toNearest: i32 = 0;
export const down: i32 = 1;
export const up: i32 = 2;
export const towardsZero: i32 = 3;

/** The control word of the operation under way, and what it has raised. */
export let control: i32 = 0;
export let status: i32 = 0;

export function begin(controlWord: i32): void {
  control = controlWord;
  status = 0;
}
export function raise(bits: i32): void {
  status |= bits;
}
export function forget(bits: i32): void {
  status &= ~bits;
}
/** Raises an exception that comes before the result; whether the operation goes on, as it does when masked. */
export function goesOn(exception: i32): bool {
  status |= exception;
  if ((control & exception) != 0) return true;
  status |= withheld;
  return false;
}
export function isMasked(exception: i32): bool {
  return (control & exception) != 0;
}
/** What the operation returns. */
export function outcome(): i32 {
  return (status & ~control & exceptions) != 0 ? status | summary : status;
}
export function roundingMode(): i32 {
  return (control >> 10) & 3;
}
/** The bits that the precision control takes from a significand's end: 0 for 64 bits of precision, 11 for 53, 40 for 24. */
export function precisionLoss(): i32 {
  const precision = (control >> 8) & 3;
  return precision == 0 ? 40 : precision == 2 ? 11 : 0;
}

export function loadTop(address: usize): u32 {
  return load<u16>(address, 8);
}
export function loadSignificand(address: usize): u64 {
  return load<u64>(address);
}
export function put(address: usize, top: u32, significand: u64): void {
  store<u64>(address, significand);
  store<u16>(address, u16(top), 8);
}
/** Gives a second result the value of the first, if that was written. */
export function copyResult(target: usize, source: usize): void {
  if ((status & withheld) == 0) put(target, loadTop(source), loadSignificand(source));
}
export function putZero(address: usize, sign: u32): void {
  put(address, sign << 15, 0);
}
export function putInfinity(address: usize, sign: u32): void {
  put(address, (sign << 15) | exponentMax, integerBit);
}
/** The QNaN real indefinite. */
export function putDefaultNaN(address: usize): void {
  put(address, 0xffff, integerBit | quietBit);
}
/** Raises invalid operation and, if it is masked, answers with the default NaN. */
export function refuse(address: usize): void {
  if (goesOn(invalid)) putDefaultNaN(address);
}

export function exponentOf(top: u32): i32 {
  return i32(top & 0x7fff);
}
/** Neither zero, denormal, infinite, NaN nor unsupported. */
export function isNormal(top: u32, significand: u64): bool {
  return ((top + 1) & 0x7fff) > 1 && i64(significand) < 0;
}
export function isZero(top: u32, significand: u64): bool {
  return significand == 0 && exponentOf(top) == 0;
}
export function isDenormal(top: u32, significand: u64): bool {
  return significand != 0 && exponentOf(top) == 0;
}
export function isInfinity(top: u32, significand: u64): bool {
  return significand == integerBit && exponentOf(top) == exponentMax;
}
export function isNaN80(top: u32, significand: u64): bool {
  return significand > integerBit && exponentOf(top) == exponentMax;
}
export function isSignaling(top: u32, significand: u64): bool {
  return isNaN80(top, significand) && (significand & quietBit) == 0;
}
/** Pseudo-NaN, pseudo-infinity and unnormal: encodings that every operation finds invalid (SDM Vol. 1, 8.2.2). */
export function isUnsupported(top: u32, significand: u64): bool {
  return i64(significand) >= 0 && exponentOf(top) != 0;
}

/** The exponent of a finite number that is not zero, when its significand is normalised. */
export function normalExponent(top: u32, significand: u64): i32 {
  const exponent = exponentOf(top);
  return exponent == 0 ? 1 - i32(clz(significand)) : exponent;
}
/** The significand with its first set bit moved to the top. */
export function normalSignificand(significand: u64): u64 {
  return significand << clz(significand);
}

/** Raises the denormal exception where an operand is denormal; whether the operation goes on. */
export function admitDenormals(aTop: u32, a: u64, bTop: u32, b: u64): bool {
  if (!isDenormal(aTop, a) && !isDenormal(bTop, b) && (control & denormalSource) == 0) return true;
  return goesOn(denormalOperand);
}

/** Deals with one operand that is unsupported or NaN; whether that was so and the result is settled. */
export function settleOne(target: usize, top: u32, significand: u64): bool {
  if (isUnsupported(top, significand)) {
    refuse(target);
    return true;
  }
  if (!isNaN80(top, significand)) return false;
  if (isSignaling(top, significand) && !goesOn(invalid)) return true;
  put(target, top, significand | quietBit);
  return true;
}

/** Deals with operands that are unsupported or NaN; whether that was so and the result is settled. */
export function settleTwo(target: usize, aTop: u32, a: u64, bTop: u32, b: u64): bool {
  if (isUnsupported(aTop, a) || isUnsupported(bTop, b)) {
    refuse(target);
    return true;
  }
  const aIsNaN = isNaN80(aTop, a);
  const bIsNaN = isNaN80(bTop, b);
  if (!aIsNaN && !bIsNaN) return false;
  const aSignals = isSignaling(aTop, a);
  const bSignals = isSignaling(bTop, b);
  if ((aSignals || bSignals) && !goesOn(invalid)) return true;
  if (takesFirst(aIsNaN, bIsNaN, aSignals, bSignals, aTop, a, bTop, b)) put(target, aTop, a | quietBit);
  else put(target, bTop, b | quietBit);
  return true;
}

/** Which NaN is the result: SDM Vol. 1, table 4-7, "x87 FPU"; of equal significands the positive one. */
function takesFirst(
  aIsNaN: bool,
  bIsNaN: bool,
  aSignals: bool,
  bSignals: bool,
  aTop: u32,
  a: u64,
  bTop: u32,
  b: u64,
): bool {
  if (!bIsNaN) return true;
  if (!aIsNaN) return false;
  if (aSignals != bSignals) return bSignals;
  return a != b ? a > b : aTop < bTop;
}
