/** Equal inputs, equal run: however a run is cut into slices, and wherever it is saved and loaded in between. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Cutting,
  oneGo,
  type Outcome,
  type Program,
  programs,
  randomWorld,
  runProgram,
} from './random-programs.js';
import { places } from './world.js';

const worlds = [randomWorld(), randomWorld()] as const;

/** What differs between two outcomes, in words; empty when nothing does. */
function difference(left: Outcome, right: Outcome): string {
  const found: string[] = [];
  if (left.cycle !== right.cycle) found.push(`cycle ${left.cycle} and ${right.cycle}`);
  for (const part of ['state', 'memory'] as const) {
    if (Buffer.compare(left[part], right[part]) === 0) continue;
    const at = left[part].findIndex((value, index) => value !== right[part][index]);
    found.push(`${part} from byte 0x${at.toString(16)} on`);
  }
  if (JSON.stringify(left.log) !== JSON.stringify(right.log)) found.push('what reached the bus');
  return found.join(', ');
}

/** Slices and moves out of a seed; the same seed cuts the same way. */
function cuttingFrom(seed: number, longest: number, moves: boolean): Cutting {
  let state = seed | 0;
  const next = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    return state >>> 16;
  };
  return { slice: () => 1 + (next() % longest), move: () => moves && next() % 3 === 0 };
}

function checkEqual(program: Program, cutting: Cutting): void {
  const whole = runProgram([worlds[0], worlds[1]], program, oneGo);
  const cut = runProgram([worlds[1], worlds[0]], program, cutting);
  expect(difference(whole, cut)).toBe('');
}

const seed = fc.integer({ min: 0, max: 0x7fff_ffff });
const runs = { numRuns: 250 };

describe('a random program, with interrupts, bus masters and everything that faults,', () => {
  test('ends in the same state in one go and instruction by instruction', () => {
    fc.assert(
      fc.property(programs, (program) => checkEqual(program, cuttingFrom(1, 1, false))),
      runs,
    );
  });
  test('ends in the same state in one go and in slices of any length', () => {
    fc.assert(
      fc.property(programs, seed, fc.constantFrom(2, 5, 40), (program, from, longest) =>
        checkEqual(program, cuttingFrom(from, longest, false)),
      ),
      runs,
    );
  });
  test('ends in the same state when it is saved and loaded into another processor on the way', () => {
    fc.assert(
      fc.property(programs, seed, fc.constantFrom(1, 5, 40), (program, from, longest) =>
        checkEqual(program, cuttingFrom(from, longest, true)),
      ),
      runs,
    );
  });
  test('ends in the same state when it is stopped at addresses on the way', () => {
    const address = fc.integer({ min: places.code, max: places.code + 0x60 });
    fc.assert(
      fc.property(programs, fc.array(address, { maxLength: 6 }), (program, addresses) =>
        checkEqual(program, { ...oneGo, stops: new Set(addresses) }),
      ),
      runs,
    );
  });
  test('ends in the same state every time', () => {
    fc.assert(
      fc.property(programs, (program) => checkEqual(program, oneGo)),
      { numRuns: 60 },
    );
  });
});

test('the random programs reach every mode, faults, interrupts and stores into code', () => {
  const seen = { halted: 0, long: 0, faulted: 0, ports: 0 };
  for (const program of fc.sample(programs, { numRuns: 200, seed: 1 })) {
    const outcome = runProgram([worlds[0], worlds[1]], program, oneGo);
    if (worlds[0].processor.halted) seen.halted++;
    if (outcome.cycle > 50) seen.long++;
    if (worlds[0].word('faultError') !== 0 || worlds[0].word('cr2') !== 0) seen.faulted++;
    if (outcome.log.length > 0) seen.ports++;
  }
  for (const [what, count] of Object.entries(seen)) expect([what, count > 10]).toEqual([what, true]);
});
