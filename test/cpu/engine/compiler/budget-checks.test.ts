/** Where regions look at the budget of cycles. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { budgetChecks } from '../../../../src/cpu/engine/compiler/budget-checks.js';
import type { RegionBlock, RegionInstruction } from '../../../../src/cpu/engine/compiler/region.js';
import { headsWithin, nest } from '../../../../src/cpu/engine/compiler/structure.js';

const block = (index: number, cycles: number, isEntry: boolean, successors: readonly number[]): RegionBlock => ({
  index,
  instructions: Array.from({ length: cycles }, () => ({}) as RegionInstruction),
  isEntry,
  successors,
});

const graphs = fc.integer({ min: 1, max: 12 }).chain((count) =>
  fc
    .array(
      fc.record({
        cycles: fc.integer({ min: 1, max: 64 }),
        isEntry: fc.boolean(),
        successors: fc.uniqueArray(fc.integer({ min: 0, max: count - 1 }), { maxLength: 2 }),
      }),
      { minLength: count, maxLength: count },
    )
    .map((drawn) =>
      drawn.map(({ cycles, isEntry, successors }, index) => block(index, cycles, isEntry || index === 0, successors)),
    ),
);
const checksOf = (blocks: readonly RegionBlock[]): ReadonlyMap<number, number> => {
  const entries = blocks.filter(({ isEntry }) => isEntry).map(({ index }) => index);
  const parts = nest(
    blocks.map(({ successors }) => successors),
    entries,
  );
  return budgetChecks(blocks, headsWithin(parts));
};

test('no way from one look at the budget to the next takes more cycles than it asked for', () => {
  fc.assert(
    fc.property(graphs, fc.array(fc.nat(1), { maxLength: 60 }), (blocks, turns) => {
      const checks = checksOf(blocks);
      for (const { index: start, isEntry } of blocks) {
        if (!isEntry) continue;
        let at: number | undefined = start;
        let left = 0;
        for (const turn of turns) {
          left = checks.get(at) ?? left;
          const { instructions, successors }: RegionBlock = blocks[at]!;
          left -= instructions.length;
          expect(left).toBeGreaterThanOrEqual(0);
          at = successors[turn % Math.max(successors.length, 1)];
          if (at === undefined) break;
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test('a long way is looked at in between', () => {
  const blocks = Array.from({ length: 10 }, (_, index) => block(index, 60, index === 0, index < 9 ? [index + 1] : []));
  const checks = [...checksOf(blocks)];
  expect(checks.length).toBeGreaterThan(3);
  for (const [, cycles] of checks) expect(cycles).toBeLessThanOrEqual(128);
});
