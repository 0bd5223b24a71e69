/** Performance counters and branch records are exact at every cycle: however a run is cut, moved or compiled. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cutting, oneGo, type Program, programs, randomWorld, runProgram } from '../random-programs.js';

const tuning = { look: 7, threshold: 1, batch: 1, delay: 1, patience: 1 };
const worlds = {
  pentiumMmx: [randomWorld(undefined, 'pentiumMmx'), randomWorld(tuning, 'pentiumMmx')],
  pentium3: [randomWorld(undefined, 'pentium3'), randomWorld(tuning, 'pentium3')],
  pentiumM: [randomWorld(undefined, 'pentiumM'), randomWorld(tuning, 'pentiumM')],
} as const;
type Model = keyof typeof worlds;

const EN = 1 << 22;
const select = fc
  .tuple(
    fc.constantFrom(0x79, 0x79, 0xc0, 0xc0, 0xc0, 0xc4, 0xc6, 0xc7, 0xc8, 0xc9, 0x24),
    fc.constantFrom(1, 2, 3, 3),
    fc.constantFrom(0, 0, 0, 0, 0, 1 << 18),
    fc.constantFrom(0, 1 << 20, 1 << 20),
    fc.constantFrom(0, 0, 1 << 23),
    fc.constantFrom(0, 0, 0, 1, 2),
  )
  .map(([event, levels, edge, interrupt, invert, least]) =>
    BigInt((event | (levels << 16) | edge | interrupt | invert | (least << 24)) >>> 0),
  );
const start = fc
  .oneof(
    { weight: 5, arbitrary: fc.integer({ min: -20, max: -1 }) },
    { weight: 1, arbitrary: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }) },
  )
  .map(BigInt);
const family = fc.tuple(select, select, start, start, fc.constantFrom(0n, 0n, 0n, 0n, 0n, 1n, 2n, 3n)).map(
  ([one, other, first, second, control]) =>
    [
      [0xc1, first],
      [0xc2, second],
      [0x1d9, control],
      [0x187, other],
      [0x186, one | BigInt(EN)],
    ] as const,
);
const field = fc.tuple(fc.constantFrom(0x12, 0x16, 0x27), fc.nat(7)).map(([event, control]) => event | (control << 6));
const pentium = fc.tuple(field, field).map(([low, high]) => [[0x11, BigInt(low | (high << 16))]] as const);

const cases = fc.oneof(
  fc.tuple(fc.constantFrom<Model>('pentium3', 'pentiumM'), family),
  fc.tuple(fc.constant<Model>('pentiumMmx'), pentium),
);

function cuttingFrom(seed: number, longest: number): Cutting {
  let state = seed | 0;
  const next = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    return state >>> 16;
  };
  return { slice: () => 1 + (next() % longest), move: () => longest > 1 && next() % 3 === 0 };
}

test('a random program counts and records the same in one go, and in slices of any length on either engine', () => {
  fc.assert(
    fc.property(
      programs,
      cases,
      fc.nat(),
      fc.constantFrom(1, 3, 20, 100),
      (program, [model, monitors], seed, longest) => {
        const watched: Program = { ...program, monitors };
        const [interpreted, compiled] = worlds[model];
        const one = runProgram([interpreted, compiled], watched, oneGo);
        const other = runProgram([compiled, interpreted], watched, cuttingFrom(seed, longest));
        expect(other.cycle).toBe(one.cycle);
        expect(other.log).toEqual(one.log);
        expect(Buffer.compare(one.state, other.state)).toBe(0);
        expect(Buffer.compare(one.memory, other.memory)).toBe(0);
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 500) },
  );
});
