/** When the compiler does what; all of it is free to change. */
export interface CompilerTuning {
  /** Cycles between two looks at code that is not compiled. */
  readonly look: number;
  /** How often a page must have been seen before it is compiled. */
  readonly threshold: number;
  /** So many pages are compiled at once, or so many looks after the first of them was seen. */
  readonly batch: number;
  readonly delay: number;
  /** After so many TLB misses of one instruction, a power of two, it may fill the TLB by itself; 0 where all do from the start. */
  readonly misses: number;
}
export const defaultTuning: CompilerTuning = { look: 10_000, threshold: 16, batch: 8, delay: 16, misses: 256 };
