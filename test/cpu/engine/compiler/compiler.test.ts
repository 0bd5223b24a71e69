/** Compiled code does what interpreted code does, to the cycle. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Cutting, oneGo, type Program, programs, randomWorld, runProgram } from '../../random-programs.js';

const tunings = [
  { look: 1, threshold: 1, batch: 1, delay: 1 },
  { look: 7, threshold: 1, batch: 1, delay: 1 },
  { look: 40, threshold: 2, batch: 3, delay: 5 },
];
const interpreted = [randomWorld(), randomWorld()] as const;
const compiled = tunings.map((tuning) => [randomWorld(tuning), randomWorld(tuning)] as const);

function cuttingFrom(seed: number, longest: number, moves: boolean): Cutting {
  let state = seed | 0;
  const next = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    return state >>> 16;
  };
  return { slice: () => 1 + (next() % longest), move: () => moves && next() % 3 === 0 };
}
function checkEqual(program: Program, which: number, cutting: Cutting): void {
  const one = runProgram(interpreted, program, oneGo);
  const other = runProgram(compiled[which]!, program, cutting);
  expect(other.cycle).toBe(one.cycle);
  expect(Buffer.compare(one.state, other.state)).toBe(0);
  expect(Buffer.compare(one.memory, other.memory)).toBe(0);
  expect(other.log).toEqual(one.log);
}

describe('a random program ends in the same state', () => {
  const which = fc.integer({ min: 0, max: tunings.length - 1 });
  test('interpreted and compiled', () => {
    fc.assert(
      fc.property(programs, which, (program, tuning) => checkEqual(program, tuning, oneGo)),
      { numRuns: Number(process.env['RUNS'] ?? 400) },
    );
  });
  test('interpreted, and compiled in slices of any length, saved and loaded on the way', () => {
    fc.assert(
      fc.property(programs, which, fc.nat(), fc.constantFrom(3, 20, 100), (program, tuning, seed, longest) =>
        checkEqual(program, tuning, cuttingFrom(seed, longest, true)),
      ),
      { numRuns: Number(process.env['RUNS'] ?? 200) },
    );
  });
});
