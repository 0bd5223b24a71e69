/** Numbers as test programs write them: decimal, 0x hexadecimal, or 0 octal; at most 64 bits. */

/** A request that the server cannot understand; the text goes into the answer. */
export class QtestRefusal extends Error {
  override name = 'QtestRefusal';
}

/** The value of a word, modulo 2^64. */
export function wideNumber(word: string | undefined): bigint {
  const match = /^(-?)(?:0x([0-9a-f]+)|0([0-7]+)|([0-9]+))$/i.exec(word ?? '');
  if (match === null) throw new QtestRefusal(`${word ?? 'nothing'} is not a number`);
  const [, sign, hexadecimal, octal, decimal] = match;
  const digits = hexadecimal === undefined ? (octal === undefined ? decimal! : `0o${octal}`) : `0x${hexadecimal}`;
  const value = BigInt(digits);
  return BigInt.asUintN(64, sign === '-' ? -value : value);
}

/** An address or a count that fits a number; more than 53 bits is beyond anything. */
export function number(word: string | undefined): number {
  const value = wideNumber(word);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new QtestRefusal(`${word} is too large`);
  return Number(value);
}
