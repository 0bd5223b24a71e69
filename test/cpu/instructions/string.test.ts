/** Repeated string instructions: however many iterations go at once, the states at every boundary are those of one by one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { segmentIndex } from '../../../src/cpu/layout.js';
import type { ProcessorModel } from '../../../src/cpu/model.js';
import { setSegment } from '../../../src/cpu/system/segments.js';
import { code32, d } from '../bytes.js';
import { places, World } from '../world.js';

const ramBytes = 0x2_0000;
const DF = 0x400;
/** Linear pages from here on lead to the same memory once more. */
const alias = 0x40_0000;
const aliasTable = 0x1_0000;
const worlds = {
  '80286': [new World('80286', ramBytes), new World('80286', ramBytes)],
  '80386': [new World('80386', ramBytes), new World('80386', ramBytes)],
} as const satisfies Partial<Record<ProcessorModel, readonly [World, World]>>;

interface Case {
  readonly model: keyof typeof worlds;
  readonly mode: 'real' | 'flat' | 'paged';
  readonly prefixes: readonly number[];
  readonly opcode: number;
  readonly esi: number;
  readonly edi: number;
  readonly ecx: number;
  readonly eax: number;
  readonly flags: number;
  /** Where code lies that was run before, in the data's pages. */
  readonly code: readonly number[];
  /** What a byte of data is: its place modulo this, so that comparisons come to an end late or soon. */
  readonly pattern: number;
  readonly limit: number;
  readonly boundaries: readonly number[];
}

const near = (place: number, distance: number): fc.Arbitrary<number> =>
  fc.integer({ min: -distance, max: distance }).map((by) => place + by);
const index = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: places.data, max: places.data + 0x3000 }) },
  { weight: 3, arbitrary: near(places.data + 0x1000, 80) },
  { weight: 1, arbitrary: near(places.data + 0x800, 40) },
  { weight: 1, arbitrary: near(places.code + 0x10, 200) },
  { weight: 1, arbitrary: near(0xffff, 300) },
  { weight: 1, arbitrary: near(ramBytes, 40) },
  { weight: 1, arbitrary: near(alias + places.data + 0x1000, 80) },
  { weight: 1, arbitrary: near(alias + places.code + 0x10, 80) },
);
const count = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.integer({ min: 0, max: 400 }),
  near(0x1000, 0x1000),
  near(0x1_0000, 2),
);

const cases: fc.Arbitrary<Case> = fc
  .record({
    model: fc.constantFrom('80286', '80386', '80386', '80386'),
    mode: fc.constantFrom('real', 'flat', 'paged'),
    prefixes: fc
      .tuple(fc.constantFrom(0xf2, 0xf3), fc.subarray([0x66, 0x67]), fc.subarray([0x26]))
      .map(([repeat, sizes, segment]) => [...sizes, ...segment, repeat]),
    opcode: fc.constantFrom(0xa4, 0xa5, 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xae, 0xaf, 0x6c, 0x6d, 0x6e, 0x6f),
    esi: index,
    edi: index,
    /** Often close together. */
    distance: fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: -20, max: 20 }), near(alias, 9)),
    ecx: count,
    eax: fc.oneof(fc.constant(0), fc.integer()),
    flags: fc.tuple(fc.constantFrom(0, 0, DF), fc.constantFrom(0, 0xd5)).map(([a, b]) => a | b),
    code: fc.array(near(places.data + 0x1000, 200), { maxLength: 4 }),
    pattern: fc.constantFrom(1, 1, 2, 61, 256),
    limit: fc.constantFrom(-1, -1, 0xc7ff, 0xd003, 0xffff),
    boundaries: fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 6 }),
  })
  .map(({ distance, ...each }) => ({
    ...each,
    edi: distance === 0 ? each.edi : each.esi + distance,
    // The 80286 has no such prefixes, and no protected mode here.
    ...(each.model === '80286'
      ? { mode: 'real' as const, prefixes: each.prefixes.filter((byte) => byte > 0x67 || byte === 0x26) }
      : {}),
  }));

const RETURN = 0xc3;

function prepare(world: World, each: Case): void {
  const { core, processor } = world;
  // Calls of the code that lies among the data, the instruction, and a change that shows when it was done.
  const calls =
    each.mode === 'real' ? [] : each.code.flatMap((at, index) => [0xe8, ...d(at - (places.code + 5 * index + 5))]);
  const program = [...calls, ...each.prefixes, each.opcode, 0x43, 0x43, 0xf4];
  if (each.mode === 'real') world.real(program);
  else world.flat(program);
  for (let at = 0; at < 0x4000; at++) world.memory[places.data + at] = (at * 7) % each.pattern;
  for (const at of each.code) world.put(at, ...(each.mode === 'real' ? [0x90] : [0x41, 0x49, RETURN]));
  if (each.mode === 'paged') {
    world.page();
    world.put32(places.directory + 4, aliasTable | 7);
    for (let page = 0; page < 1024; page++) world.put32(aliasTable + page * 4, ((page & 0x1f) << 12) | 7);
  }
  if (each.mode !== 'real') {
    for (const name of ['es', 'ds'] as const) {
      setSegment(core, segmentIndex[name], 0x10, 0, each.limit, core.segmentField(segmentIndex[name], 'attributes'));
    }
  }
  for (const name of ['esi', 'edi', 'ecx', 'eax'] as const) world.set(name, each[name]);
  world.flags = each.flags;
  processor.modeChanged();
  world.readBus = (physical) => (physical * 5) & 0xff;
  world.writeBus = (physical, value) => void world.portWrites.push([processor.now, physical, value]);
  attachBuffer(world, each.ecx % 61);
}

/** A port with a buffer: an access in its middle moves on, one at its end shows when it came, and interrupts. */
function attachBuffer(world: World, bytes: number): void {
  const { processor } = world;
  let left = bytes;
  const pass = (by: number): number => {
    left -= by;
    if (left > 0) return left;
    left = bytes;
    processor.stopAfterThis();
    return processor.now;
  };
  const many = (length: number, width: number): number => Math.max(0, Math.min(length, left - 1)) & -width;
  world.readPort = (_port, width) => pass(width) & 0xff;
  world.readPorts = (_port, into, width) => {
    const moved = many(into.length, width);
    for (let at = 0; at < moved; at += width) {
      into.fill(0, at, at + width);
      into[at] = pass(width) & 0xff;
    }
    return moved;
  };
  world.onPortWrite = () => {
    world.portWrites.push([pass(world.portWrites.at(-1)![2]), 0, 0]);
  };
  world.writePorts = (port, from, width) => {
    const moved = many(from.length, width);
    for (let at = 0; at < moved; at += width) {
      const value = from.subarray(at, at + width).reduceRight((high, byte) => high * 256 + byte, 0);
      world.portWrites.push([port, value, width], [pass(width), 0, 0]);
    }
    return moved;
  };
}

const stateOf = (world: World) => ({
  cycle: world.processor.cycle,
  registers: world.registers,
  bus: JSON.stringify(world.portWrites),
  saved: Buffer.from(world.processor.save()).toString('base64'),
});

function sameAtEveryBoundary(each: Case): void {
  const [fast, slow] = worlds[each.model];
  for (const world of [fast, slow]) prepare(world, each);
  for (const boundary of each.boundaries) {
    const until = fast.processor.cycle + boundary;
    fast.processor.run(boundary);
    while (slow.processor.cycle < Math.min(until, fast.processor.cycle)) {
      const before = slow.processor.cycle;
      slow.processor.run(1);
      if (slow.processor.cycle === before) break;
    }
    expect(stateOf(fast)).toEqual(stateOf(slow));
    expect(Buffer.compare(fast.memory, slow.memory)).toBe(0);
  }
}

describe('repeated string instructions', () => {
  test('have the same states at every boundary as one iteration after another', () => {
    fc.assert(fc.property(cases, sameAtEveryBoundary), { numRuns: 300 });
  }, 120_000);

  /** Runs in one go from flat memory that counts up; gives the bytes from 0xc000 on. */
  const moved = (code: readonly number[], esi: number, edi: number, ecx: number, flags = 0): number[] => {
    const world = worlds['80386'][0];
    world.flat([...code, ...code32.hlt]);
    for (let at = 0; at < 64; at++) world.memory[places.data + at] = at;
    world.set('esi', places.data + esi);
    world.set('edi', places.data + edi);
    world.set('ecx', ecx);
    world.flags = flags;
    world.run(5000);
    expect(world.get('ecx')).toBe(0);
    return [...world.memory.slice(places.data, places.data + 1024)];
  };
  test('repeat a byte that is copied to the next place', () => {
    expect(moved([0xf3, 0xa4], 7, 8, 900).slice(6, 910)).toEqual([6, ...Array<number>(901).fill(7), 0, 0]);
  });
  test('repeat a pattern that is longer than an element', () => {
    const bytes = moved([0xf3, 0xa4], 3, 6, 300);
    expect(bytes.slice(3, 307)).toEqual([...Array.from({ length: 303 }, (_, at) => 3 + (at % 3)), 0]);
  });
  test('take part of each element from the one before where the distance is shorter', () => {
    const bytes = moved([0xf3, 0xa5], 0, 1, 3);
    const slow = Array.from({ length: 64 }, (_, at) => at);
    for (let element = 0; element < 3; element++)
      slow.splice(1 + element * 4, 4, ...slow.slice(element * 4, element * 4 + 4));
    expect(bytes.slice(0, 64)).toEqual(slow);
  });
  test('move upwards into themselves when they count down', () => {
    const bytes = moved([0xf3, 0xa4], 31, 40, 32, DF);
    expect(bytes.slice(9, 41)).toEqual(Array.from({ length: 32 }, (_, at) => at));
  });
  test('stop in front of a changed instruction of their own', () => {
    const world = worlds['80386'][0];
    // REP STOSB over its own prefix: without it, one more byte is stored, and INC EBX follows.
    world.flat([0xf3, 0xaa, 0x43, ...code32.hlt]);
    world.set('edi', places.code - 100);
    world.set('ecx', 1000);
    world.set('eax', 0x90);
    world.run(102);
    expect(world.get('edi')).toBe(places.code + 1);
    expect(world.word('eip')).toBe(places.code + 1);
  });
});
