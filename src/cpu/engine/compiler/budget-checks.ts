/**
 * Where a region looks whether the budget of cycles suffices: where it is entered, at the heads of its loops, and in between where the way
 * to the next such place is long. A look covers all ways up to the next ones; where it finds too little, the interpreter runs the rest.
 */
import type { RegionBlock } from './region.js';

/** No look asks for more cycles than this, unless one block has more. */
const cyclesMost = 128;

/** Blocks that look, and for how many cycles each. */
export function budgetChecks(
  blocks: readonly RegionBlock[],
  loopHeads: readonly number[],
): ReadonlyMap<number, number> {
  const checks = new Map<number, number>();
  for (const head of loopHeads) checks.set(head, 0);
  for (const { index, isEntry } of blocks) if (isEntry) checks.set(index, 0);
  const needed = new Map<number, number>();
  // Every way round leads through a head where it can be reached at all, so what follows ends.
  const visit = (index: number): number => {
    const known = needed.get(index);
    if (known !== undefined) return known;
    const { instructions, successors } = blocks[index]!;
    let most = 0;
    for (const next of successors) {
      const after = checks.has(next) ? 0 : visit(next);
      if (instructions.length + after > cyclesMost) checks.set(next, after);
      else most = Math.max(most, after);
    }
    const all = instructions.length + most;
    needed.set(index, all);
    return all;
  };
  for (const index of [...checks.keys()]) visit(index);
  for (const index of checks.keys()) checks.set(index, needed.get(index)!);
  return checks;
}
