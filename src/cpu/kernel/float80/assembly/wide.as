/**
 * Arithmetic wider than 64 bits. WebAssembly functions here return one value, so each returns the high word and leaves the
 * rest in `low` (and `remainder`): scratch that is read at once and means nothing after the call.
 */

/** The low word of the last result. */
export let low: u64 = 0;
/** What the last division left. */
export let remainder: u64 = 0;

/** The 128-bit product. */
export function multiply(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const lowest = aLow * bLow;
  const middle = aHigh * bLow + (lowest >> 32);
  const cross = aLow * bHigh + (middle & 0xffffffff);
  low = (cross << 32) | (lowest & 0xffffffff);
  return aHigh * bHigh + (middle >> 32) + (cross >> 32);
}

/** The upper 128 bits of the 256-bit product. */
export function multiplyUpper(aHigh: u64, aLow: u64, bHigh: u64, bLow: u64): u64 {
  const lowest = multiply(aLow, bLow);
  let carry: u64 = 0;
  const first = multiply(aHigh, bLow);
  let word = lowest + low;
  if (word < lowest) carry++;
  const second = multiply(aLow, bHigh);
  const withSecond = word + low;
  if (withSecond < word) carry++;
  let high = multiply(aHigh, bHigh);
  word = low + first;
  if (word < first) high++;
  const whole = word + second;
  if (whole < second) high++;
  low = whole + carry;
  if (low < carry) high++;
  return high;
}

/** `a` moved right by `count` (0 and up) over 128 bits; what falls off the end stays as a set lowest bit. */
export function shiftRightSticky(high: u64, lowWord: u64, count: i32): u64 {
  if (count == 0) {
    low = lowWord;
    return high;
  }
  if (count < 64) {
    const lost = lowWord << (64 - count);
    low = (high << (64 - count)) | (lowWord >> count) | u64(lost != 0);
    return high >> count;
  }
  if (count == 64) {
    low = high | u64(lowWord != 0);
    return 0;
  }
  if (count < 128) {
    const lost = (high << (128 - count)) | lowWord;
    low = (high >> (count - 64)) | u64(lost != 0);
    return 0;
  }
  low = u64((high | lowWord) != 0);
  return 0;
}

/** Moved left by `count`, 0 to 127. */
export function shiftLeft(high: u64, lowWord: u64, count: i32): u64 {
  if (count == 0) {
    low = lowWord;
    return high;
  }
  if (count < 64) {
    low = lowWord << count;
    return (high << count) | (lowWord >> (64 - count));
  }
  low = 0;
  return lowWord << (count - 64);
}

/** The zero bits before the first set bit of 128; 128 for zero. */
export function leadingZeros(high: u64, lowWord: u64): i32 {
  return high != 0 ? i32(clz(high)) : 64 + i32(clz(lowWord));
}

/** `divisor` must have its top bit set and exceed `high`: the 64-bit quotient, its remainder in `remainder`. */
export function divide(high: u64, lowWord: u64, divisor: u64): u64 {
  const divisorHigh = divisor >> 32;
  const divisorLow = divisor & 0xffffffff;
  let quotientHigh = high / divisorHigh;
  let rest = high - quotientHigh * divisorHigh;
  while (quotientHigh > 0xffffffff || quotientHigh * divisorLow > ((rest << 32) | (lowWord >> 32))) {
    quotientHigh--;
    rest += divisorHigh;
    if (rest > 0xffffffff) break;
  }
  const partial = ((high << 32) | (lowWord >> 32)) - quotientHigh * divisor;
  let quotientLow = partial / divisorHigh;
  rest = partial - quotientLow * divisorHigh;
  while (quotientLow > 0xffffffff || quotientLow * divisorLow > ((rest << 32) | (lowWord & 0xffffffff))) {
    quotientLow--;
    rest += divisorHigh;
    if (rest > 0xffffffff) break;
  }
  remainder = ((partial << 32) | (lowWord & 0xffffffff)) - quotientLow * divisor;
  return (quotientHigh << 32) | quotientLow;
}

/**
 * A fraction below 1: 128 bits of the quotient of two 128-bit numbers, the divisor with its top bit set and above the
 * dividend. Less than the true quotient by at most 1 in the last place.
 */
export function divideFractions(high: u64, lowWord: u64, divisorHigh: u64, divisorLow: u64): u64 {
  const first = quotientDigit(high, lowWord, divisorHigh, divisorLow);
  const second = quotientDigit(restHigh, restLow, divisorHigh, divisorLow);
  low = second;
  return first;
}

let restHigh: u64 = 0;
let restLow: u64 = 0;
/** Whether the last `divideFractions` left nothing. */
export function wasExact(): bool {
  return (restHigh | restLow) == 0;
}

/** The next 64 bits of a quotient; the remainder goes to `restHigh` and `restLow`. */
function quotientDigit(high: u64, lowWord: u64, divisorHigh: u64, divisorLow: u64): u64 {
  let digit: u64;
  let above: u64;
  let carried: u64 = 0;
  if (high == divisorHigh) {
    digit = 0xffffffffffffffff;
    // The dividend less the digit times the divisor's high word leaves more than a word when this sum carries.
    above = lowWord + divisorHigh;
    carried = u64(above < lowWord);
  } else {
    digit = divide(high, lowWord, divisorHigh);
    above = remainder;
  }
  const productHigh = multiply(digit, divisorLow);
  let below: u64 = 0 - low;
  const taken = productHigh + u64(low != 0);
  let negative = i32(carried) - i32(above < taken);
  above -= taken;
  while (negative < 0) {
    digit--;
    below += divisorLow;
    const carry = u64(below < divisorLow);
    const sum = above + divisorHigh;
    const next = sum + carry;
    if (sum < above || next < sum) negative++;
    above = next;
  }
  restHigh = above;
  restLow = below;
  return digit;
}
