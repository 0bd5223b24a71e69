/** RDMSR, WRMSR, RDTSC and RDPMC (Intel SDM Vol. 2B; Vol. 3B, appendix B): values, rights, and what faults. */
import { describe, expect, test } from 'vitest';
import { models, type ProcessorModel } from '../../../src/cpu/model.js';
import { code32, d } from '../bytes.js';
import { places, World } from '../world.js';

const worlds = new Map<ProcessorModel, World>(models.slice(3).map((model) => [model, new World(model)]));
const { mov, hlt } = code32;
const rdtsc = [0x0f, 0x31];
const rdmsr = [0x0f, 0x32];
const wrmsr = [0x0f, 0x30];
const rdpmc = [0x0f, 0x33];
const GENERAL_PROTECTION = 13;
const INVALID_OPCODE = 6;

const pair = (world: World): bigint => (BigInt(world.get('edx')) << 32n) | BigInt(world.get('eax'));
const setPair = (value: bigint): number[] => [
  ...mov('eax', Number(value & 0xffff_ffffn)),
  ...mov('edx', Number(value >> 32n)),
];

/** Reads a register; the vector where it faults. */
function read(model: ProcessorModel, number: number): bigint | number {
  const world = worlds.get(model)!;
  world.flat([...mov('ecx', number), ...rdmsr, ...hlt]);
  return world.catch()?.vector ?? pair(world);
}
/** Writes a register and reads it back; the vector where writing faults. */
function write(model: ProcessorModel, number: number, value: bigint): bigint | number {
  const world = worlds.get(model)!;
  world.flat([...mov('ecx', number), ...setPair(value), ...wrmsr, ...setPair(0n), ...rdmsr, ...hlt]);
  return world.catch()?.vector ?? pair(world);
}

describe('model-specific registers', () => {
  test('that a model does not have fault', () => {
    for (const [model, number] of [
      ['pentium', 0x1b],
      ['pentium', 0x174],
      ['pentium', 0xfe],
      ['pentiumPro', 0x174],
      ['pentiumPro', 0x277],
      ['pentium3', 0x1a0],
      ['pentium3', 0x1b], // No local APIC on this board.
      ['pentium3', 0xc000_0080],
      ['pentiumM', 0x1234],
      ['pentiumM', 0xffff_ffff],
    ] as const) {
      expect([model, number, read(model, number)]).toEqual([model, number, GENERAL_PROTECTION]);
      expect([model, number, write(model, number, 0n)]).toEqual([model, number, GENERAL_PROTECTION]);
    }
  });
  test('that are for reading alone fault when written, and the other way round', () => {
    expect(read('pentium3', 0xfe)).toBe(0x508n);
    expect(write('pentium3', 0xfe, 0x508n)).toBe(GENERAL_PROTECTION);
    expect(read('pentium3', 0x179)).toBe(0x105n);
    expect(write('pentium3', 0x179, 0n)).toBe(GENERAL_PROTECTION);
    expect(read('pentium3', 0x79)).toBe(GENERAL_PROTECTION);
  });
  const rows: readonly [what: string, number: number, value: bigint, read: bigint | number][] = [
    ['SYSENTER_CS', 0x174, 0x8n, 0x8n],
    ['SYSENTER_EIP', 0x176, 0xc010_0000n, 0xc010_0000n],
    ['a variable range', 0x200, 0xf_8000_0006n, 0xf_8000_0006n],
    ['a variable range of a type that does not exist', 0x200, 0x8000_0002n, GENERAL_PROTECTION],
    ['a variable range beyond 36 bits', 0x200, 0x10_0000_0000n, GENERAL_PROTECTION],
    ['reserved bits of a variable range', 0x200, 0x106n, GENERAL_PROTECTION],
    ['a mask', 0x20f, 0xf_f000_0800n, 0xf_f000_0800n],
    ['reserved bits of a mask', 0x20f, 0x1n, GENERAL_PROTECTION],
    ['a range beyond the last', 0x210, 0n, GENERAL_PROTECTION],
    ['a fixed range', 0x250, 0x0605_0401_0006_0504n, 0x0605_0401_0006_0504n],
    ['a fixed range with a wrong type', 0x26f, 0x0700_0000_0000_0000n, GENERAL_PROTECTION],
    ['the default type', 0x2ff, 0xc06n, 0xc06n],
    ['reserved bits of the default type', 0x2ff, 0x1000n, GENERAL_PROTECTION],
    ['the PAT', 0x277, 0x0001_0405_0607_0001n, 0x0001_0405_0607_0001n],
    ['a type that the PAT does not know', 0x277, 2n, GENERAL_PROTECTION],
    ['MCG_STATUS', 0x17a, 7n, 7n],
    ['reserved bits of MCG_STATUS', 0x17a, 8n, GENERAL_PROTECTION],
    ['MC0_CTL', 0x400, 0xffff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn],
    ['MC4_STATUS, cleared', 0x411, 0n, 0n],
    ['MC4_STATUS, set', 0x411, 1n, GENERAL_PROTECTION],
    ['MC0_MISC', 0x403, 0n, GENERAL_PROTECTION],
    ['a performance counter, its sign extended', 0xc1, 0x12_8000_0000n, 0xff_8000_0000n],
    ['an event beyond 32 bits', 0x186, 0x1_0000_0000n, GENERAL_PROTECTION],
  ];
  for (const [what, number, value, expected] of rows) {
    test(`${what}: ${typeof expected === 'number' ? 'a write faults' : 'a write stays'}`, () => {
      expect(write('pentium3', number, value)).toBe(expected);
    });
  }
  test('are for level 0 alone', () => {
    for (const instruction of [rdmsr, wrmsr]) {
      const world = worlds.get('pentium3')!;
      world.flat([...mov('ecx', 0x10), ...instruction], 3);
      expect(world.catch()).toMatchObject({ vector: GENERAL_PROTECTION, errorCode: 0, eip: places.code + 5 });
    }
  });
  test('do not exist on the 80486', () => {
    for (const instruction of [rdmsr, wrmsr, rdtsc]) {
      worlds.get('80486')!.flat(instruction);
      expect(worlds.get('80486')!.catch()).toMatchObject({ vector: INVALID_OPCODE });
    }
  });
  test('keep what is written over a save and a load, and lose it at reset', () => {
    const world = worlds.get('pentium3')!;
    write('pentium3', 0x277, 0x0001_0405_0607_0001n);
    const saved = world.processor.save();
    world.processor.reset();
    expect(Buffer.from(world.processor.save()).equals(saved)).toBe(false);
    world.processor.load(saved, world.processor.cycle);
    expect(Buffer.from(world.processor.save()).equals(saved)).toBe(true);
    expect(read('pentium3', 0x277)).toBe(0x0007_0406_0007_0406n);
  });
});

describe('the time-stamp counter', () => {
  test('counts cycles from reset', () => {
    const world = worlds.get('pentium3')!;
    world.flat([...code32.nop, ...code32.nop, ...rdtsc, ...hlt]);
    world.run();
    expect(pair(world)).toBe(2n);
    world.processor.cycle = 5_000_000_000;
    world.setWord('halted', 0);
    world.setWord('eip', places.code);
    world.run();
    expect(pair(world)).toBe(5_000_000_002n);
  });
  test('goes on from what is written: 64 bits on the Pentium, the low half on the P6 family', () => {
    for (const [model, expected] of [
      ['pentium', 0x1_0000_0005n],
      ['pentium3', 5n],
    ] as const) {
      const world = worlds.get(model)!;
      world.flat([...mov('ecx', 0x10), ...setPair(0x1_0000_0004n), ...wrmsr, ...rdtsc, ...hlt]);
      world.run();
      expect(pair(world)).toBe(expected);
    }
  });
  test('is hidden from outer levels by CR4.TSD', () => {
    const world = worlds.get('pentium3')!;
    for (const [level, hidden] of [
      [0, 4],
      [3, 0],
      [3, 4],
    ] as const) {
      world.flat([...rdtsc, 0xeb, 0xfe], level);
      world.setWord('cr4', hidden);
      const caught = world.catch(5);
      if (level === 3 && hidden !== 0) expect(caught).toMatchObject({ vector: GENERAL_PROTECTION, errorCode: 0 });
      else expect(caught).toBeUndefined();
    }
  });
});

describe('RDPMC', () => {
  test('reads a counter, at outer levels where CR4.PCE is set', () => {
    const world = worlds.get('pentium3')!;
    for (const [level, allowed, counter, vector] of [
      [0, 0, 1, undefined],
      [3, 0x100, 0, undefined],
      [3, 0, 0, GENERAL_PROTECTION],
      [0, 0, 2, GENERAL_PROTECTION],
    ] as const) {
      world.flat([...mov('ecx', counter), ...rdpmc, 0xeb, 0xfe], level);
      world.setWord('cr4', allowed);
      expect(world.catch(6)?.vector).toBe(vector);
    }
  });
});

test('a local APIC is told where it lies and whether it is on, and CPUID follows', () => {
  const told: [number, boolean][] = [];
  const world = new World('pentium3', 1 << 20, { place: (physical, enabled) => void told.push([physical, enabled]) });
  world.flat([
    ...mov('ecx', 0x1b),
    ...rdmsr,
    ...[0x89, 0xc6], // MOV ESI, EAX
    ...setPair(0xfed0_0000n),
    ...wrmsr,
    ...mov('eax', 1),
    ...[0x0f, 0xa2],
    ...hlt,
  ]);
  told.length = 0;
  world.run();
  expect(world.get('esi')).toBe(0xfee0_0900);
  expect(told).toEqual([[0xfed0_0000, false]]);
  expect((world.get('edx') >>> 9) & 1).toBe(0);
  world.processor.load(world.processor.save(), world.processor.cycle);
  expect(told.at(-1)).toEqual([0xfed0_0000, false]);
  world.clear();
  expect(told.at(-1)).toEqual([0xfee0_0000, true]);
  world.flat([...mov('eax', 1), 0x0f, 0xa2, ...mov('ecx', 0x1b), ...mov('eax', 0xfee0_0901), ...wrmsr, ...d(0)]);
  expect(world.catch()).toMatchObject({ vector: GENERAL_PROTECTION });
});
