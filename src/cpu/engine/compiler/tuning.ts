import { regionPlaces } from '../../layout.js';

/** When the compiler does what; all of it is free to change. */
export interface CompilerTuning {
  /** Cycles between two looks at code that is not compiled. */
  readonly look: number;
  /** How often a page must have been seen of late before it is compiled; some times as often where that took long. */
  readonly threshold: number;
  /** So many pages are compiled at once, or so many looks after the first of them was seen. */
  readonly batch: number;
  readonly delay: number;
  /**
   * After an instruction missed the TLB so often, or the interpreter took over at one place, a power of two, it is compiled anew; 0 where all
   * fill the TLB themselves from the start, and that is that.
   */
  readonly patience: number;
  /** So many regions are kept, 1 to {@link regionPlaces}; the older half goes where another one finds no place. */
  readonly regions: number;
}
export const defaultTuning: CompilerTuning = {
  ...{ look: 10_000, threshold: 16, batch: 8, delay: 16, patience: 256 },
  regions: regionPlaces,
};
