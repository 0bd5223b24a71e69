/** Sets of the 256 vectors in words of 32, a bit each, as the IRR, ISR and TMR are (Intel SDM Vol. 3A, section 10.8.4). */

export const has = (set: readonly number[], vector: number): boolean =>
  ((set[vector >> 5]! >>> (vector & 31)) & 1) !== 0;
export const include = (set: number[], vector: number): void =>
  void (set[vector >> 5] = (set[vector >> 5]! | (1 << (vector & 31))) >>> 0);
export const exclude = (set: number[], vector: number): void =>
  void (set[vector >> 5] = (set[vector >> 5]! & ~(1 << (vector & 31))) >>> 0);
/** The highest vector of a set; -1 for none. */
export function highest(set: readonly number[]): number {
  for (let at = set.length - 1; at >= 0; at--) if (set[at] !== 0) return at * 32 + 31 - Math.clz32(set[at]!);
  return -1;
}

/** Priority classes are a vector's high four bits (section 10.8.3). */
export const classOf = (vector: number): number => vector & 0xf0;
