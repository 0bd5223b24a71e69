/**
 * Power series in fixed point, and numbers with 128-bit fractions: what the transcendental functions are made of.
 *
 * A fraction is a number 0.f × 2^place with 128 bits of f, the first of them set. The results of these functions differ from the
 * true value by less than 2^-100 of it, so that the 64 bits kept are correctly rounded but for one case in 2^36.
 */
import { bias } from './format';
import { leadingZeros, low, multiply, multiplyUpper, shiftLeft, shiftRightSticky } from './wide';
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
  brief = 0;
}
/** The sum while 64 bits of it are enough, in units of a series' own: what follows makes their error smaller than 2^-102. */
let brief: u64 = 0;

/** The coefficient of the next lower power, in those units. */
function briefTerm(coefficient: u64): void {
  const product = multiply(brief, variable);
  brief = alternating ? coefficient - product : coefficient + product;
}
/** Goes on in units of 2^-127; so many bits are below those of before. */
function widen(bits: u64): void {
  sum = brief >> (64 - bits);
  sumLow = brief << bits;
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
  briefTerm(0x0000000000000001);
  briefTerm(0x00000000000003a3);
  briefTerm(0x000000000009f9e6);
  briefTerm(0x000000001761b413);
  briefTerm(0x0000002e371dedba);
  briefTerm(0x00004bd26d1a0505);
  briefTerm(0x00654b1dc0c2b52a);
  briefTerm(0x6b9fcf9ccee07c47);
  widen(24);
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
  briefTerm(0x0000000000000002);
  briefTerm(0x0000000000000624);
  briefTerm(0x00000000000f9678);
  briefTerm(0x00000000219c72db);
  briefTerm(0x0000003ca8574804);
  briefTerm(0x00005a09e18ee5f6);
  briefTerm(0x006b9fcf9ccee07c);
  briefTerm(0x64e5d2a301f27483);
  widen(28);
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
  briefTerm(0x28f5c28f5c28f5c3);
  briefTerm(0x2c8590b21642c859);
  briefTerm(0x30c30c30c30c30c3);
  briefTerm(0x35e50d79435e50d8);
  briefTerm(0x3c3c3c3c3c3c3c3c);
  briefTerm(0x4444444444444444);
  briefTerm(0x4ec4ec4ec4ec4ec5);
  briefTerm(0x5d1745d1745d1746);
  briefTerm(0x71c71c71c71c71c7);
  widen(61);
  term(0x1249249249249249, 0x2492492492492492);
  term(0x1999999999999999, 0x999999999999999a);
  term(0x2aaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaab);
  term(0x8000000000000000, 0x0000000000000000);
  return finish();
}
/** (e^x - 1) / x for an x of at most 2^-5; alternating, (1 - e^-x) / x. */
export function exponentialSeries(high: u64, lowWord: u64, atPlace: i32, alternates: bool): u64 {
  start(high, lowWord, atPlace, alternates);
  briefTerm(0x000000000654b1dc);
  briefTerm(0x000000006b9fcf9d);
  briefTerm(0x00000006b9fcf9cd);
  briefTerm(0x00000064e5d2a302);
  briefTerm(0x000005849184ea1b);
  briefTerm(0x000047bb63bfe362);
  briefTerm(0x00035cc8acfea89c);
  briefTerm(0x0024fc9f6ef13eb9);
  briefTerm(0x0171de3a556c7339);
  briefTerm(0x0d00d00d00d00d01);
  briefTerm(0x6806806806806807);
  widen(52);
  term(0x002d82d82d82d82d, 0x82d82d82d82d82d8);
  term(0x0111111111111111, 0x1111111111111111);
  term(0x0555555555555555, 0x5555555555555555);
  term(0x1555555555555555, 0x5555555555555555);
  term(0x4000000000000000, 0x0000000000000000);
  term(0x8000000000000000, 0x0000000000000000);
  return finish();
}
