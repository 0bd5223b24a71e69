/**
 * A walk along what the interpreter runs, block by block. What it meets is compiled as it was met, over all pages at once. One starts where
 * regions left to the interpreter, and ends where a region is entered again: what comes behind a place that was left many times ran as many
 * times. Another one starts at an interrupt that ends a halt, and leads through regions to the next one: a system that idles does the same
 * at each tick of its timer.
 */
import type { Heat } from './heat.js';

/** Most blocks of a walk that meets no region, and of one to the next halt: what goes on for longer than that is not what an idle system does. */
const blocksMost = 128;
const blocksMostToHalt = 2048;

export class StrayWalk {
  private readonly met: { readonly heat: Heat; readonly offset: number; readonly isStart: boolean }[] = [];
  private blocks = 0;
  private before: Heat | undefined;

  constructor(readonly toNextHalt: boolean) {}

  /** A block starts at an offset of a page; tells whether the walk goes on. */
  step(heat: Heat, offset: number): boolean {
    if (!heat.barred.has(offset)) this.met.push({ heat, offset, isStart: heat !== this.before });
    this.before = heat;
    return this.goesOn();
  }
  /** What is run here is not to be compiled. */
  pass(): boolean {
    this.before = undefined;
    return this.goesOn();
  }
  private goesOn(): boolean {
    return ++this.blocks < (this.toNextHalt ? blocksMostToHalt : blocksMost);
  }

  /** Notes what was met as worth small regions; gives the pages that have some. */
  keep(): Heat[] {
    for (const { heat, offset, isStart } of this.met) {
      if (isStart) heat.strays.add(offset);
      heat.strayBlocks.add(offset);
    }
    return this.met.map(({ heat }) => heat).filter(({ strays }) => strays.size > 0);
  }
}
