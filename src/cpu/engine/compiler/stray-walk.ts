/**
 * A walk along what the interpreter runs, block by block. What it meets is compiled as it was met, over all pages at once. One starts where
 * regions left to the interpreter, and ends where a region is entered again: what comes behind a place that was left many times ran as many
 * times. Another one starts at an interrupt that ends a halt, and leads through regions to the next one: a system that idles does the same
 * at each tick of its timer.
 */
import type { Heat, Region } from './heat.js';

/** Most blocks of a walk that meets no region, and of one to the next halt: what goes on for longer than that is not what an idle system does. */
const blocksMost = 128;
const blocksMostToHalt = 2048;

export class StrayWalk {
  private readonly met: { readonly heat: Heat; readonly offset: number; readonly isStart: boolean }[] = [];
  private blocks = 0;
  private before: Heat | undefined;

  /** Where compiled code would be by now. */
  private inside: Region | undefined;
  /** Where the block before ended. */
  private lastBefore = -1;

  constructor(readonly toNextHalt: boolean) {}

  /**
   * Goes on to the block at an offset of a page, whose last instruction is at another one, where the interpreter would enter a region or
   * none; tells whether compiled code runs that block. It goes on in that region alone: another one that has the block as well, and is not
   * entered there, does not run it.
   */
  goTo(entered: Region | undefined, heat: Heat | undefined, offset: number, last: number): boolean {
    const goesOn = this.inside !== undefined && this.inside.heat === heat && this.runsInto(this.inside, offset);
    this.inside = entered ?? (goesOn ? this.inside : undefined);
    this.lastBefore = last;
    return this.inside !== undefined;
  }
  /** A region has its own blocks: it goes on at their starts, and in the middle of them from one instruction to the next. */
  private runsInto({ plan, covered }: Region, offset: number): boolean {
    if (plan.blockAt.has(offset)) return true;
    if (!covered.has(offset)) return false;
    return plan.blocks.some(({ instructions }) => {
      const position = instructions.findIndex((each) => each.offset === offset);
      return position > 0 && instructions[position - 1]!.offset === this.lastBefore;
    });
  }

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
