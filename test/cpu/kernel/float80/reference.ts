/**
 * 80-bit arithmetic over whole numbers of any size, written from IEEE 754 and the manual, apart from the kernel and as plainly as
 * can be: an exact result is a ratio, and one function rounds it.
 */

/** A number as the format has it: (sign and exponent) << 64 | significand. */
export type Bits = bigint;

export const exceptions = {
  invalid: 0x01,
  denormal: 0x02,
  zeroDivide: 0x04,
  overflow: 0x08,
  underflow: 0x10,
  inexact: 0x20,
} as const;
const c1 = 0x200;
const bias = 0x3fff;
const integerBit = 1n << 63n;
const exponentMax = 0x7fff;

/** A finite number: sign × magnitude × 2^scale. */
export interface Finite {
  readonly negative: boolean;
  readonly magnitude: bigint;
  readonly scale: number;
}

/** An exact or infinitely precise result that is not zero: numerator / denominator × 2^scale. */
export interface Ratio {
  readonly negative: boolean;
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly scale: number;
}

export interface Answer {
  readonly bits: Bits;
  readonly status: number;
}

export const pack = (negative: boolean, exponent: number, significand: bigint): Bits =>
  (BigInt((negative ? 0x8000 : 0) | exponent) << 64n) | significand;
export const signOf = (bits: Bits): boolean => bits >> 79n === 1n;
export const exponentOf = (bits: Bits): number => Number((bits >> 64n) & 0x7fffn);
export const significandOf = (bits: Bits): bigint => bits & ((1n << 64n) - 1n);

export function finite(bits: Bits): Finite {
  const exponent = exponentOf(bits);
  return { negative: signOf(bits), magnitude: significandOf(bits), scale: Math.max(exponent, 1) - bias - 63 };
}
export const isDenormal = (bits: Bits): boolean => exponentOf(bits) === 0 && significandOf(bits) !== 0n;

const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

/** The largest e with 2^e at most the ratio. */
function floorLogarithm({ numerator, denominator, scale }: Ratio): number {
  let guess = bitLength(numerator) - bitLength(denominator);
  const atLeast = (power: number): boolean =>
    power >= 0 ? numerator >= denominator << BigInt(power) : numerator << BigInt(-power) >= denominator;
  while (!atLeast(guess)) guess--;
  return guess + scale;
}

/** Whether to go away from zero: `twice` compares the rest with a half. */
function goesAway(mode: number, negative: boolean, odd: boolean, rest: bigint, divisor: bigint): boolean {
  if (rest === 0n) return false;
  if (mode === 0) return 2n * rest > divisor || (2n * rest === divisor && odd);
  return mode === 1 ? negative : mode === 2 ? !negative : false;
}

/** The ratio in units of 2^quantum, rounded to a whole number. */
function roundTo(ratio: Ratio, quantum: number, mode: number): { whole: bigint; inexact: boolean; away: boolean } {
  const shift = ratio.scale - quantum;
  const numerator = shift >= 0 ? ratio.numerator << BigInt(shift) : ratio.numerator;
  const denominator = shift >= 0 ? ratio.denominator : ratio.denominator << BigInt(-shift);
  const whole = numerator / denominator;
  const rest = numerator % denominator;
  const away = goesAway(mode, ratio.negative, (whole & 1n) === 1n, rest, denominator);
  return { whole: away ? whole + 1n : whole, inexact: rest !== 0n, away };
}

const precisions = [24, 64, 53, 64] as const;
export const modeOf = (controlWord: number): number => (controlWord >> 10) & 3;
export const precisionOf = (controlWord: number): number => precisions[(controlWord >> 8) & 3]!;

/** Rounds as the control word says to `precision` bits, with the answers of masked and unmasked overflow and underflow. */
export function round(ratio: Ratio, controlWord: number, precision: number): Answer {
  const mode = modeOf(controlWord);
  const unbounded = floorLogarithm(ratio);
  const free = roundTo(ratio, unbounded - precision + 1, mode);
  const top = bitLength(free.whole) > precision ? unbounded + 1 : unbounded;
  const smallest = 1 - bias;
  if (top < smallest && (controlWord & exceptions.underflow) === 0) {
    const scaled = round({ ...ratio, scale: ratio.scale + 24576 }, controlWord | exceptions.underflow, precision);
    return { bits: scaled.bits, status: scaled.status | exceptions.underflow };
  }
  if (top > exponentMax - 1 - bias) return overflowed(ratio, controlWord, precision);
  const quantum = Math.max(unbounded, smallest) - precision + 1;
  const { whole, inexact, away } = roundTo(ratio, quantum, mode);
  const tiny = top < smallest;
  const status = (inexact ? exceptions.inexact : 0) | (away ? c1 : 0) | (tiny && inexact ? exceptions.underflow : 0);
  return { bits: encode(ratio.negative, whole, quantum), status };
}

function encode(negative: boolean, magnitude: bigint, scale: number): Bits {
  if (magnitude === 0n) return pack(negative, 0, 0n);
  const exponent = Math.max(scale + bitLength(magnitude) - 1 + bias, 0);
  const significand =
    exponent === 0 ? magnitude << BigInt(scale - (1 - bias - 63)) : shift(magnitude, 64 - bitLength(magnitude));
  return pack(negative, exponent, significand);
}
const shift = (value: bigint, places: number): bigint =>
  places >= 0 ? value << BigInt(places) : value >> BigInt(-places);

function overflowed(ratio: Ratio, controlWord: number, precision: number): Answer {
  const mode = modeOf(controlWord);
  if ((controlWord & exceptions.overflow) === 0) {
    const scaled = round({ ...ratio, scale: ratio.scale - 24576 }, controlWord, precision);
    return { bits: scaled.bits, status: scaled.status | exceptions.overflow };
  }
  const infinite = mode === 0 || (mode === 1 && ratio.negative) || (mode === 2 && !ratio.negative);
  const largest = ((1n << BigInt(precision)) - 1n) << BigInt(64 - precision);
  return {
    bits: infinite ? pack(ratio.negative, exponentMax, integerBit) : pack(ratio.negative, exponentMax - 1, largest),
    status: exceptions.overflow | exceptions.inexact | (infinite ? c1 : 0),
  };
}

const signed = ({ negative, magnitude }: Finite): bigint => (negative ? -magnitude : magnitude);
const absolute = (value: bigint): bigint => (value < 0n ? -value : value);
const ratioOf = (value: bigint, denominator: bigint, scale: number): Ratio => ({
  negative: value < 0n !== denominator < 0n,
  numerator: absolute(value),
  denominator: absolute(denominator),
  scale,
});

/** a + b of finite numbers. */
export function add(a: Bits, b: Bits, controlWord: number): Answer {
  const [left, right] = [finite(a), finite(b)];
  const scale = Math.min(left.scale, right.scale);
  const sum = (signed(left) << BigInt(left.scale - scale)) + (signed(right) << BigInt(right.scale - scale));
  if (sum !== 0n) return round(ratioOf(sum, 1n, scale), controlWord, precisionOf(controlWord));
  const bothZero = left.magnitude === 0n;
  const negative = bothZero && left.negative === right.negative ? left.negative : modeOf(controlWord) === 1;
  return { bits: pack(negative, 0, 0n), status: 0 };
}
/** a × b. */
export function multiply(a: Bits, b: Bits, controlWord: number): Answer {
  const [left, right] = [finite(a), finite(b)];
  const product = signed(left) * signed(right);
  if (product === 0n) return { bits: pack(left.negative !== right.negative, 0, 0n), status: 0 };
  return round(ratioOf(product, 1n, left.scale + right.scale), controlWord, precisionOf(controlWord));
}
/** a / b, b not zero. */
export function divide(a: Bits, b: Bits, controlWord: number): Answer {
  const [left, right] = [finite(a), finite(b)];
  if (left.magnitude === 0n) return { bits: pack(left.negative !== right.negative, 0, 0n), status: 0 };
  return round(ratioOf(signed(left), signed(right), left.scale - right.scale), controlWord, precisionOf(controlWord));
}

export function squareRootFloor(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((bitLength(value) + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
/** The root of a positive number: an exact root, or one of many bits with a last one that stands for all that follow. */
export function squareRoot(a: Bits, controlWord: number): Answer {
  const { magnitude, scale } = finite(a);
  const extra = 400 + (scale & 1);
  const value = magnitude << BigInt(extra);
  const root = squareRootFloor(value);
  const numerator = 2n * root + (root * root === value ? 0n : 1n);
  const ratio = { negative: false, numerator, denominator: 2n, scale: (scale - extra) / 2 };
  return round(ratio, controlWord, precisionOf(controlWord));
}

/** The whole remainder of a by b, with the three low bits of its quotient, rounded to nearest even or truncated. */
export function remainder(a: Bits, b: Bits, nearest: boolean): { readonly bits: Bits; readonly quotient: number } {
  const [left, right] = [finite(a), finite(b)];
  const scale = Math.min(left.scale, right.scale);
  const dividend = left.magnitude << BigInt(left.scale - scale);
  const divisor = right.magnitude << BigInt(right.scale - scale);
  let quotient = dividend / divisor;
  let rest = dividend % divisor;
  let negative = left.negative;
  if (nearest && goesAway(0, false, (quotient & 1n) === 1n, rest, divisor)) {
    quotient++;
    rest = divisor - rest;
    negative = !negative;
  }
  const bits = rest === 0n ? pack(left.negative, 0, 0n) : encode(negative, rest, scale);
  return { bits, quotient: Number(quotient & 7n) };
}

/** A number to the nearest whole number in the control word's direction. */
export function integer(
  a: Bits,
  mode: number,
): { readonly value: bigint; readonly inexact: boolean; readonly away: boolean } {
  const { negative, magnitude, scale } = finite(a);
  const { whole, inexact, away } = roundTo({ negative, numerator: magnitude, denominator: 1n, scale }, 0, mode);
  return { value: negative ? -whole : whole, inexact, away };
}

/** A value that is never exact, given as a whole number of 2^-places: rounded to 64 bits. */
export function roundInexact(value: bigint, places: number, controlWord: number): Answer {
  return round(ratioOf(2n * absolute(value) + 1n, value < 0n ? -2n : 2n, -places), controlWord, 64);
}
