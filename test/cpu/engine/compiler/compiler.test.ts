/** Compiled code does what interpreted code does, to the cycle. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { code32, d } from '../../bytes.js';
import { type Cutting, oneGo, type Program, programs, randomWorld, runProgram } from '../../random-programs.js';
import { places, World } from '../../world.js';

const tunings = [
  { look: 1, threshold: 1, batch: 1, delay: 1, patience: 0 },
  { look: 7, threshold: 1, batch: 1, delay: 1, patience: 1 },
  { look: 40, threshold: 2, batch: 3, delay: 5, patience: 256 },
  { look: 7, threshold: 1, batch: 3, delay: 5, patience: 1, regions: 2 },
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

test('an x87 exception that is not masked happens once, in compiled code too', () => {
  // FLD1; FDIV DWORD [ESI]; FSTP ST(0); ADD ESI, 4; DEC ECX; JNZ: the last divisor is 0.
  const loop = [0xd9, 0xe8, 0xd8, 0x36, 0xdd, 0xd8, 0x83, 0xc6, 4, 0x49, 0x75, 0xf4];
  const unmask = [0xdb, 0xe3, 0xd9, 0x2d, ...d(places.data)]; // FNINIT; FLDCW
  const ends = [undefined, tunings[1]].map((tuning) => {
    const world = new World('pentiumM', 1 << 20, undefined, tuning);
    const told: number[] = [];
    world.onNumericError = () => told.push(world.processor.now);
    world.flat([...code32.mov('esi', places.data + 4), ...code32.mov('ecx', 400), ...unmask, ...loop, ...code32.hlt]);
    world.put32(places.data, 0x37b); // Division by zero is not masked.
    for (let index = 0; index < 399; index++) world.put32(places.data + 4 + index * 4, 0x3f80_0000);
    const end = world.run(10_000);
    return { end, told, cycle: world.processor.cycle, state: Buffer.from(world.processor.save()).toString('hex') };
  });
  expect(ends[0]!.told).toHaveLength(1);
  expect(ends[1]).toEqual(ends[0]);
});

test('a comparison behind a subtraction with borrow whose carry was changed is by its signs', () => {
  // STC; MOV AL, 5; SBB AL, 5; then CMC, STC or CLC; SETL BL; SETLE BH; INC ECX; CMP ECX, 400; JNZ to the STC.
  for (const change of [0xf5, 0xf9, 0xf8]) {
    const compares = [0x0f, 0x9c, 0xc3, 0x0f, 0x9e, 0xc7];
    const loop = [0xf9, 0xb0, 5, 0x1c, 5, change, ...compares, 0x41, 0x81, 0xf9, ...d(400), 0x75, -0x15 & 0xff];
    const world = new World('pentiumM', 1 << 20, undefined, tunings[1]);
    world.flat([...code32.mov('ecx', 0), ...loop, ...code32.hlt]);
    world.run(100_000);
    expect([world.get('ecx'), world.get('ebx') & 0xffff]).toEqual([400, 0x0101]);
  }
});
