/**
 * A walk along what the interpreter runs where regions left to it: block by block, until a region is entered again. What it meets is compiled
 * as it was met, over all pages at once: what comes behind a place that was left many times ran as many times.
 */
import type { Heat } from './heat.js';

/** A walk that meets no region ends after so many blocks. */
const blocksMost = 128;

export class StrayWalk {
  private blocks = 0;
  private before: Heat | undefined;

  /** A block starts at an offset of a page; tells whether the walk goes on. */
  step(heat: Heat, offset: number): boolean {
    if (!heat.barred.has(offset)) {
      if (heat !== this.before) heat.strays.add(offset);
      heat.strayBlocks.add(offset);
    }
    this.before = heat;
    return ++this.blocks < blocksMost;
  }
  /** What is run here is not to be compiled. */
  pass(): boolean {
    this.before = undefined;
    return ++this.blocks < blocksMost;
  }
}
