/** Transcendental functions in fixed point over whole numbers, by the plainest series, far more exact than what they judge. */
import { finite, type Bits, squareRootFloor } from './reference.js';

/** All values are whole numbers of 2^-places. */
export const places = 640;
const one = 1n << BigInt(places);
const multiply = (a: bigint, b: bigint): bigint => (a * b) >> BigInt(places);
const divide = (a: bigint, b: bigint): bigint => (a << BigInt(places)) / b;

/** A finite number of the format, exact as long as its last bit lies above 2^-places. */
export function fixed(bits: Bits): bigint {
  const { negative, magnitude, scale } = finite(bits);
  const value = magnitude << BigInt(places + scale);
  return negative ? -value : value;
}

/** The sum of terms until one vanishes; `next` gives term n + 1 from term n. */
function series(first: bigint, next: (term: bigint, n: bigint) => bigint): bigint {
  let sum = 0n;
  let term = first;
  for (let n = 0n; term !== 0n && term !== -1n; n++) {
    sum += term;
    term = next(term, n);
  }
  return sum;
}

/** sin and cos of an angle below 1. */
function sineOf(angle: bigint): bigint {
  const square = multiply(angle, angle);
  return series(angle, (term, n) => -multiply(term, square) / ((2n * n + 2n) * (2n * n + 3n)));
}
function cosineOf(angle: bigint): bigint {
  const square = multiply(angle, angle);
  return series(one, (term, n) => -multiply(term, square) / ((2n * n + 1n) * (2n * n + 2n)));
}

/** π as the manual has it for the reduction: 66 bits. */
const shortPi = 0x3243f6a8885a308d3n << BigInt(places - 64);

/** Sine and cosine with the argument reduced by the short π. */
export function sineAndCosine(bits: Bits): { readonly sine: bigint; readonly cosine: bigint } {
  const angle = fixed(bits);
  const quarter = shortPi / 2n;
  let turns = angle / quarter;
  let rest = angle - turns * quarter;
  if (2n * rest > quarter) {
    turns++;
    rest -= quarter;
  } else if (2n * rest < -quarter) {
    turns--;
    rest += quarter;
  }
  const [sine, cosine] = [sineOf(rest), cosineOf(rest)];
  switch (((turns % 4n) + 4n) % 4n) {
    case 0n:
      return { sine, cosine };
    case 1n:
      return { sine: cosine, cosine: -sine };
    case 2n:
      return { sine: -sine, cosine: -cosine };
    default:
      return { sine: -cosine, cosine: sine };
  }
}
export function tangent(bits: Bits): bigint {
  const { sine, cosine } = sineAndCosine(bits);
  return divide(sine, cosine);
}

/** arctan of a value from 0 to 1: halved three times, then by its series. */
export function arctangentOf(value: bigint): bigint {
  let argument = value;
  for (let count = 0; count < 3; count++) {
    const root = squareRootFloor((one + multiply(argument, argument)) << BigInt(places));
    argument = divide(argument, one + root);
  }
  const square = multiply(argument, argument);
  let power = argument;
  const sum = series(argument, (_, n) => {
    power = -multiply(power, square);
    return power / (2n * n + 3n);
  });
  return sum * 8n;
}
export const pi = 4n * arctangentOf(one);

/** The angle of a point neither of whose coordinates is zero. */
export function arctangent(y: Bits, x: Bits): bigint {
  const [up, right] = [fixed(y), fixed(x)];
  const [height, width] = [up < 0n ? -up : up, right < 0n ? -right : right];
  const first = height <= width ? arctangentOf(divide(height, width)) : pi / 2n - arctangentOf(divide(width, height));
  const angle = right < 0n ? pi - first : first;
  return up < 0n ? -angle : angle;
}

/** 2 artanh(value). */
function twiceAreaTangent(value: bigint): bigint {
  const square = multiply(value, value);
  let power = value;
  return (
    2n *
    series(value, (_, n) => {
      power = multiply(power, square);
      return power / (2n * n + 3n);
    })
  );
}
export const naturalLogarithmOf2 = twiceAreaTangent(one / 3n);

/** log2(1 + value), the value above -1. */
export function logarithmOfOnePlus(value: bigint): bigint {
  let number = one + value;
  if (number > one / 2n && number < 2n * one) {
    return divide(twiceAreaTangent(divide(value, 2n * one + value)), naturalLogarithmOf2);
  }
  let power = 0n;
  while (number >= 2n * one) {
    number >>= 1n;
    power++;
  }
  while (number < one) {
    number <<= 1n;
    power--;
  }
  return power * one + divide(twiceAreaTangent(divide(number - one, number + one)), naturalLogarithmOf2);
}
export const timesLogarithm = (y: Bits, x: Bits): bigint => multiply(fixed(y), logarithmOfOnePlus(fixed(x) - one));
export const timesLogarithmOfOnePlus = (y: Bits, x: Bits): bigint => multiply(fixed(y), logarithmOfOnePlus(fixed(x)));

/** 2^x - 1. */
export const powerOfTwoLessOne = (x: Bits): bigint => powerLessOne(fixed(x));
export function powerLessOne(value: bigint): bigint {
  const exponent = multiply(value, naturalLogarithmOf2);
  return series(exponent, (term, n) => multiply(term, exponent) / (n + 2n));
}
