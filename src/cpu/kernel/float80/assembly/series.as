/**
 * Power series in fixed point, and numbers with 128-bit fractions: what the transcendental functions are made of.
 *
 * A fraction is a number 0.f × 2^place with 128 bits of f, the first of them set. The results of these functions differ from the
 * true value by less than 2^-100 of it, so that the 64 bits kept are correctly rounded but for one case in 2^36.
 */
import { bias } from './format';
import { leadingZeros, low, multiplyUpper, shiftLeft, shiftRightSticky } from './wide';
import { putRounded } from './rounding';

/** The last fraction: high word, low word and place. */
export let fraction: u64 = 0;
export let fractionLow: u64 = 0;
export let place: i32 = 0;

/** Makes a fraction of a number that is not zero, in units of 2^-128 at that place. */
export function normalise(high: u64, lowWord: u64, atPlace: i32): void {
  const count = leadingZeros(high, lowWord);
  fraction = shiftLeft(high, lowWord, count);
  fractionLow = low;
  place = atPlace - count;
}
/** Makes a fraction the product of two fractions. */
export function multiplyFractions(a: u64, aLow: u64, aPlace: i32, b: u64, bLow: u64, bPlace: i32): void {
  const high = multiplyUpper(a, aLow, b, bLow);
  normalise(high, low, aPlace + bPlace);
}
/** Less by one in the last place: for a function that lies just below its argument. */
export function lessen(): void {
  if (fractionLow-- == 0) fraction--;
  normalise(fraction, fractionLow, place);
}
/** Writes the last fraction, which is never exact. */
export function putFraction(target: usize, sign: u32): void {
  putRounded(target, sign, place - 1 + bias, fraction, fractionLow | 1, 0);
}

/** The series' sum so far, in units of 2^-127, and its variable, in units of 2^-128. */
let sum: u64 = 0;
let sumLow: u64 = 0;
let variable: u64 = 0;
let variableLow: u64 = 0;
let alternating: bool = false;

/** Starts a series over a fraction of place zero or below. Terms come from the highest power down. */
function start(high: u64, lowWord: u64, atPlace: i32, alternates: bool): void {
  variable = shiftRightSticky(high, lowWord, -atPlace);
  variableLow = low;
  alternating = alternates;
  sum = 0;
  sumLow = 0;
}
/** The coefficient of the next lower power, in units of 2^-127. */
function term(coefficient: u64, coefficientLow: u64): void {
  const product = multiplyUpper(sum, sumLow, variable, variableLow);
  if (alternating) {
    sumLow = coefficientLow - low;
    sum = coefficient - product - u64(coefficientLow < low);
  } else {
    sumLow = coefficientLow + low;
    sum = coefficient + product + u64(sumLow < low);
  }
}
/** The sum, as a high word with the rest in `seriesLow`. */
export let seriesLow: u64 = 0;
function finish(): u64 {
  seriesLow = sumLow;
  return sum;
}
/** One, as a sum. */
export const one: u64 = 0x8000000000000000;

/** sin(x) / x, of x squared. */
export function sineSeries(high: u64, lowWord: u64, atPlace: i32): u64 {
  start(high, lowWord, atPlace, true);
  term(0x0000000000000000, 0x0000000000000014);
  term(0x0000000000000000, 0x00000000000050d3);
  term(0x0000000000000000, 0x0000000001259f99);
  term(0x0000000000000000, 0x00000003a356385c);
  term(0x0000000000000000, 0x000009f9e66e8b30);
  term(0x0000000000000000, 0x001761b41316381a);
  term(0x0000000000000000, 0x2e371dedb9eae318);
  term(0x000000000000004b, 0xd26d1a05055c9328);
  term(0x000000000000654b, 0x1dc0c2b529ac9814);
  term(0x00000000006b9fcf, 0x9ccee07c476195ac);
  term(0x000000005849184e, 0xa1b425f28e0cc749);
  term(0x00000035cc8acfea, 0x89c71fce8fc97070);
  term(0x0000171de3a556c7, 0x338faac1c88e5001);
  term(0x0006806806806806, 0x8068068068068068);
  term(0x0111111111111111, 0x1111111111111111);
  term(0x1555555555555555, 0x5555555555555555);
  term(0x8000000000000000, 0x0000000000000000);
  return finish();
}
/** cos(x), of x squared. */
export function cosineSeries(high: u64, lowWord: u64, atPlace: i32): u64 {
  start(high, lowWord, atPlace, true);
  term(0x0000000000000000, 0x0000000000000001);
  term(0x0000000000000000, 0x0000000000000287);
  term(0x0000000000000000, 0x000000000009c996);
  term(0x0000000000000000, 0x000000002143144c);
  term(0x0000000000000000, 0x000000623a17f1a9);
  term(0x0000000000000000, 0x0000f96780cb97ac);
  term(0x0000000000000000, 0x0219c72db6ff0a53);
  term(0x0000000000000003, 0xca8574804044a0f5);
  term(0x00000000000005a0, 0x9e18ee5f65deec01);
  term(0x000000000006b9fc, 0xf9ccee07c476195b);
  term(0x00000000064e5d2a, 0x301f27482eb7c517);
  term(0x000000047bb63bfe, 0x3625ed5136a61eb4);
  term(0x0000024fc9f6ef13, 0xeb8e5de02da7d4cd);
  term(0x0000d00d00d00d00, 0xd00d00d00d00d00d);
  term(0x002d82d82d82d82d, 0x82d82d82d82d82d8);
  term(0x0555555555555555, 0x5555555555555555);
  term(0x4000000000000000, 0x0000000000000000);
  term(0x8000000000000000, 0x0000000000000000);
  return finish();
}
/** 1 + x/3 + x^2/5 and so on, for a square of at most 2^-10: artanh(t) / t; alternating, arctan(t) / t. */
export function oddReciprocalSeries(high: u64, lowWord: u64, atPlace: i32, alternates: bool): u64 {
  start(high, lowWord, atPlace, alternates);
  term(0x051eb851eb851eb8, 0x51eb851eb851eb85);
  term(0x0590b21642c8590b, 0x21642c8590b21643);
  term(0x0618618618618618, 0x6186186186186186);
  term(0x06bca1af286bca1a, 0xf286bca1af286bca);
  term(0x0787878787878787, 0x8787878787878788);
  term(0x0888888888888888, 0x8888888888888889);
  term(0x09d89d89d89d89d8, 0x9d89d89d89d89d8a);
  term(0x0ba2e8ba2e8ba2e8, 0xba2e8ba2e8ba2e8c);
  term(0x0e38e38e38e38e38, 0xe38e38e38e38e38e);
  term(0x1249249249249249, 0x2492492492492492);
  term(0x1999999999999999, 0x999999999999999a);
  term(0x2aaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaab);
  term(0x8000000000000000, 0x0000000000000000);
  return finish();
}
/** (e^x - 1) / x for an x of at most 2^-5; alternating, (1 - e^-x) / x. */
export function exponentialSeries(high: u64, lowWord: u64, atPlace: i32, alternates: bool): u64 {
  start(high, lowWord, atPlace, alternates);
  term(0x000000000000654b, 0x1dc0c2b529ac9814);
  term(0x000000000006b9fc, 0xf9ccee07c476195b);
  term(0x00000000006b9fcf, 0x9ccee07c476195ac);
  term(0x00000000064e5d2a, 0x301f27482eb7c517);
  term(0x000000005849184e, 0xa1b425f28e0cc749);
  term(0x000000047bb63bfe, 0x3625ed5136a61eb4);
  term(0x00000035cc8acfea, 0x89c71fce8fc97070);
  term(0x0000024fc9f6ef13, 0xeb8e5de02da7d4cd);
  term(0x0000171de3a556c7, 0x338faac1c88e5001);
  term(0x0000d00d00d00d00, 0xd00d00d00d00d00d);
  term(0x0006806806806806, 0x8068068068068068);
  term(0x002d82d82d82d82d, 0x82d82d82d82d82d8);
  term(0x0111111111111111, 0x1111111111111111);
  term(0x0555555555555555, 0x5555555555555555);
  term(0x1555555555555555, 0x5555555555555555);
  term(0x4000000000000000, 0x0000000000000000);
  term(0x8000000000000000, 0x0000000000000000);
  return finish();
}
