/** Sets of the 256 vectors, a bit each, as the IRR, ISR and TMR are (Intel SDM Vol. 3A, section 10.8.4). */

export const has = (set: Uint8Array, vector: number): boolean => ((set[vector >> 3]! >> (vector & 7)) & 1) !== 0;
export const include = (set: Uint8Array, vector: number): void => void (set[vector >> 3]! |= 1 << (vector & 7));
export const exclude = (set: Uint8Array, vector: number): void => void (set[vector >> 3]! &= ~(1 << (vector & 7)));
/** The highest vector of a set; -1 for none. */
export function highest(set: Uint8Array): number {
  for (let at = set.length - 1; at >= 0; at--) if (set[at] !== 0) return at * 8 + 31 - Math.clz32(set[at]!);
  return -1;
}
/** 32 vectors of a set, as a register shows them. */
export const wordOf = (set: Uint8Array, index: number): number =>
  (set[4 * index]! | (set[4 * index + 1]! << 8) | (set[4 * index + 2]! << 16) | (set[4 * index + 3]! << 24)) >>> 0;

/** Priority classes are a vector's high four bits (section 10.8.3). */
export const classOf = (vector: number): number => vector & 0xf0;
