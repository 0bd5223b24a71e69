/**
 * Pages of 4 MiB, physical address extension, global pages and CR0.WP (Intel SDM Vol. 3A, chapter 4): rights, marks, reserved
 * bits, and what stays in the TLB.
 */
import { describe, expect, test } from 'vitest';
import { loadPageDirectoryPointers } from '../../../src/cpu/system/paging.js';
import { code32, d } from '../bytes.js';
import { places, World } from '../world.js';

const PRESENT = 1;
const WRITABLE = 2;
const USER = 4;
const ACCESSED = 0x20;
const DIRTY = 0x40;
const LARGE = 0x80;
const GLOBAL = 0x100;
const all = PRESENT | WRITABLE | USER;
const WP = 0x1_0000;
const cr4 = { PSE: 0x10, PAE: 0x20, PGE: 0x80 } as const;

const ramBytes = 16 << 20;
const world = new World('pentium2', ramBytes); // With PAT and PSE-36.
const early = new World('pentium', ramBytes); // With neither.
const { loadEax, storeEax, store, flushTlb, hlt, mov } = code32;
const here = places.code;
const spin = [0xeb, 0xfe];
/** Loads EBX, ECX from linear memory. */
const loadEbx = (address: number): number[] => [0x8b, 0x1d, ...d(address)];
const loadEcx = (address: number): number[] => [0x8b, 0x0d, ...d(address)];
/** INVLPG [address]. */
const invalidate = (address: number): number[] => [0x0f, 0x01, 0x3d, ...d(address)];
const writeCr4 = (value: number): number[] => [...mov('edx', value), 0x0f, 0x22, 0xe2];
const writeCr0 = (value: number): number[] => [...mov('edx', value), 0x0f, 0x22, 0xc2];

/** The second 4 MiB of linear memory, whose directory entry each test sets. */
const linear = 0x40_0000 + 0x12_3450;

function begin(on: World, code: readonly number[], entry: number, level: 0 | 3 = 0): void {
  on.flat(code, level);
  on.page();
  on.setWord('cr4', cr4.PSE);
  on.put32(places.directory + 4, entry);
}

describe('a page of 4 MiB', () => {
  test('maps all of it, and is marked in the directory', () => {
    begin(world, [...loadEax(linear), ...storeEax(linear + 0x10_0000), ...hlt], 0x80_0000 | LARGE | all);
    world.put32(0x92_3450, 0x1234_5678);
    expect(world.run()).toBe('halted');
    expect([world.get('eax'), world.read(0xa2_3450)]).toEqual([0x1234_5678, 0x1234_5678]);
    expect(world.read(places.directory + 4)).toBe(0x80_0000 | LARGE | all | ACCESSED | DIRTY);
  });
  test('is a table where CR4.PSE is clear', () => {
    begin(world, [...loadEax(linear), ...hlt], 0x2_0000 | LARGE | all);
    world.setWord('cr4', 0);
    world.put32(0x2_0000 + ((linear >>> 10) & 0xffc), 0x3_0000 | all);
    world.put32(0x3_0450, 7);
    world.run();
    expect(world.get('eax')).toBe(7);
  });
  const rows: readonly [
    what: string,
    on: World,
    entry: number,
    write: boolean,
    level: 0 | 3,
    code: number | undefined,
  ][] = [
    ['a read by the user of a supervisor’s page', world, 0x80_0000 | LARGE | PRESENT, false, 3, 5],
    ['a write by the user to a read-only page', world, 0x80_0000 | LARGE | PRESENT | USER, true, 3, 7],
    ['a write by the supervisor to a read-only page', world, 0x80_0000 | LARGE | PRESENT, true, 0, undefined],
    ['a page that is absent', world, 0x80_0000 | LARGE, false, 0, 0],
    ['a reserved bit', world, 0x82_0000 | LARGE | all, false, 0, 9],
    ['a reserved bit, written by the user', world, 0xa0_0000 | LARGE | all, true, 3, 15],
    ['PAT', world, 0x80_1000 | LARGE | all, false, 0, undefined],
    ['PAT before there was one', early, 0x80_1000 | LARGE | all, false, 0, 9],
    ['address bits above 32 before PSE-36', early, 0x80_2000 | LARGE | all, false, 0, 9],
  ];
  for (const [what, on, entry, write, level, errorCode] of rows) {
    test(`${what} ${errorCode === undefined ? 'is allowed' : `faults with ${errorCode}`}`, () => {
      begin(on, [...(write ? storeEax(linear) : loadEax(linear)), ...spin], entry, level);
      const caught = on.catch(3);
      if (errorCode === undefined) return expect(caught).toBeUndefined();
      expect(caught).toMatchObject({ vector: 14, errorCode, eip: here });
      expect(on.word('cr2')).toBe(linear);
      expect(on.read(places.directory + 4)).toBe(entry);
    });
  }
  test('above 4 GiB reads as an open bus and keeps nothing, by PSE-36', () => {
    begin(world, [...loadEbx(linear), ...storeEax(linear), ...loadEcx(linear), ...hlt], 0x80_2000 | LARGE | all);
    world.put32(0x92_3450, 5);
    world.run();
    expect([world.get('ebx'), world.get('ecx'), world.read(0x92_3450)]).toEqual([0xffff_ffff, 0xffff_ffff, 5]);
  });
  test('holds code', () => {
    begin(world, [...mov('eax', 0x40_0000), 0xff, 0xe0], 0x80_0000 | LARGE | all);
    world.put(0x80_0000, 0x43, ...hlt);
    expect(world.run()).toBe('halted');
    expect([world.get('ebx'), world.word('eip')]).toEqual([1, 0x40_0002]);
  });
  test('leaves the TLB whole with INVLPG of any address in it', () => {
    const change = store(places.directory + 4, 0xc0_0000 | LARGE | all);
    begin(
      world,
      [
        ...loadEax(linear),
        ...loadEax(linear + 0x20_0000),
        ...change,
        ...loadEbx(linear),
        ...invalidate(0x7f_f000),
        ...loadEcx(linear),
        ...[0x03, 0x0d, ...d(linear + 0x20_0000)], // ADD ECX
        ...hlt,
      ],
      0x80_0000 | LARGE | all,
    );
    world.put32(0x92_3450, 1);
    world.put32(0xd2_3450, 2);
    world.put32(0xf2_3450, 40);
    world.run();
    expect([world.get('ebx'), world.get('ecx')]).toEqual([1, 42]);
  });
  test('stays over save and load', () => {
    begin(
      world,
      [...loadEax(linear), ...invalidate(linear + 0x1000), ...loadEax(linear), ...hlt],
      0x80_0000 | LARGE | all,
    );
    world.put32(0x92_3450, 1);
    world.put32(0xd2_3450, 2);
    world.run(1);
    world.put32(places.directory + 4, 0xc0_0000 | LARGE | all);
    world.processor.load(world.processor.save(), world.processor.cycle);
    world.run();
    expect(world.get('eax')).toBe(2);
  });
});

test('INVLPG drops one small page alone, from level 0 alone', () => {
  const page = places.data;
  const code = [
    ...[...loadEax(page), ...loadEax(page + 0x1000)],
    ...[
      ...store(places.table + (page >> 12) * 4, 0x2_0000 | all),
      ...store(places.table + (page >> 12) * 4 + 4, 0x2_0000 | all),
    ],
    ...[...invalidate(page + 0x123), ...loadEbx(page), ...loadEcx(page + 0x1000), ...hlt],
  ];
  world.flat(code);
  world.page();
  world.put32(page, 1);
  world.put32(page + 0x1000, 2);
  world.put32(0x2_0000, 3);
  world.run();
  expect([world.get('ebx'), world.get('ecx')]).toEqual([3, 2]);
  world.flat(invalidate(page), 3);
  expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0 });
  world.flat([0x0f, 0x01, 0xf8]); // INVLPG of a register.
  expect(world.catch()).toMatchObject({ vector: 6 });
});

describe('a global page', () => {
  const entry = places.table + (places.data >> 12) * 4;
  const changed = store(entry, 0x2_0000 | all);
  function after(flush: readonly number[], pge: number, marks = GLOBAL): number {
    world.flat([...loadEax(places.data), ...changed, ...flush, ...loadEbx(places.data), ...hlt]);
    world.page();
    world.setWord('cr4', pge);
    world.entry(places.data >> 12, places.data | all | marks);
    world.put32(places.data, 1);
    world.put32(0x2_0000, 2);
    world.run();
    return world.get('ebx');
  }
  test('survives a load of CR3', () => expect(after(flushTlb, cr4.PGE)).toBe(1));
  test('does not where CR4.PGE is clear', () => expect(after(flushTlb, 0)).toBe(2));
  test('that is not marked so does not', () => expect(after(flushTlb, cr4.PGE, 0)).toBe(2));
  test('leaves with INVLPG', () => expect(after(invalidate(places.data), cr4.PGE)).toBe(2));
  test('leaves when CR4.PGE changes', () => expect(after(writeCr4(0), cr4.PGE)).toBe(2));
  test('leaves when paging is turned off and on', () => {
    expect(after([...writeCr0(1), ...writeCr0(0x8000_0001)], cr4.PGE)).toBe(2);
  });
});

describe('CR0.WP', () => {
  const number = places.data >> 12;
  for (const [set, dirty] of [
    [false, 0],
    [true, 0],
    [false, DIRTY],
    [true, DIRTY],
  ] as const) {
    test(`${set ? 'set' : 'clear'}: the supervisor’s write to a read-only page ${dirty ? 'that is dirty ' : ''}`, () => {
      world.flat([...loadEax(places.data), ...storeEax(places.data), ...spin]);
      world.page();
      world.setWord('cr0', world.word('cr0') | (set ? WP : 0));
      world.entry(number, places.data | PRESENT | USER | dirty);
      const caught = world.catch(4);
      if (set) expect(caught).toMatchObject({ vector: 14, errorCode: 3, eip: here + 5 });
      else expect(caught).toBeUndefined();
    });
  }
  test('holds for pages that the TLB already knows', () => {
    const on = writeCr0(0x8000_0001 | WP);
    world.flat([...storeEax(places.data), ...on, ...storeEax(places.data)]);
    world.page();
    world.entry(number, places.data | PRESENT);
    expect(world.catch()).toMatchObject({ vector: 14, errorCode: 3, eip: here + 5 + on.length });
  });
});

describe('physical address extension', () => {
  const pointers = 0xb020; // Not on a page: CR3 names 32 bytes.
  const directories = 0x2_0000;
  const tables = 0x3_0000;
  const low = (address: number): [number, number] => [address >>> 21, (address >>> 12) & 0x1ff];
  const put64 = (on: World, at: number, value: number, high = 0): void => {
    on.put32(at, value);
    on.put32(at + 4, high);
  };
  /** The first 4 MiB mapped to themselves, through two tables. */
  function extend(on: World, code: readonly number[], level: 0 | 3 = 0): void {
    on.flat(code, level);
    put64(on, pointers, directories | PRESENT);
    for (const half of [0, 1]) put64(on, directories + half * 8, (tables + half * 0x1000) | all);
    for (let page = 0; page < 1024; page++) put64(on, tables + page * 8, (page << 12) | all);
    on.setWord('cr4', cr4.PAE);
    on.setWord('cr0', 0x8000_0001);
    on.setWord('cr3', pointers);
    loadPageDirectoryPointers(on.core, pointers);
    on.core.flushTranslations();
  }
  const turnOn = (cr3 = pointers): number[] => [...mov('edx', cr3), 0x0f, 0x22, 0xda];
  const entryOf = (address: number): number => tables + low(address)[1] * 8;

  test('walks three levels, with marks in the last two', () => {
    extend(world, [...turnOn(), ...loadEax(places.data), ...storeEax(places.data + 4), ...hlt]);
    put64(world, entryOf(places.data), 0x4_0000 | all);
    world.put32(0x4_0000, 99);
    expect(world.run()).toBe('halted');
    expect([world.get('eax'), world.read(0x4_0004)]).toEqual([99, 99]);
    expect(world.read(pointers)).toBe(directories | PRESENT);
    expect(world.read(directories)).toBe(tables | all | ACCESSED);
    expect(world.read(entryOf(places.data))).toBe(0x4_0000 | all | ACCESSED | DIRTY);
  });
  test('has pages of 2 MiB without CR4.PSE', () => {
    extend(world, [...turnOn(), ...storeEax(0x2f_f000), ...hlt]);
    put64(world, directories + 8, 0x60_0000 | LARGE | all);
    world.set('eax', 7);
    world.run();
    expect(world.read(0x6f_f000)).toBe(7);
    expect(world.read(directories + 8)).toBe(0x60_0000 | LARGE | all | ACCESSED | DIRTY);
  });
  test('keeps the pointers until CR3 is loaded', () => {
    extend(world, [
      ...turnOn(),
      ...store(pointers, 0),
      ...invalidate(places.data),
      ...loadEax(places.data),
      ...turnOn(),
      ...loadEax(places.data),
    ]);
    const caught = world.catch();
    expect(caught).toBeUndefined(); // The handler is out of reach as well: a triple fault.
    expect(world.word('shutdown')).toBe(1);
  });
  const rows: readonly [
    what: string,
    at: 'pointer' | 'directory' | 'table' | 'large',
    low: number,
    high: number,
    code: number,
  ][] = [
    ['an absent entry', 'table', places.data, 0, 0],
    ['an address beyond 36 bits', 'table', places.data | all, 0x10, 9],
    ['bit 63', 'table', places.data | all, 0x8000_0000 | 0, 9],
    ['bit 63 of a directory entry', 'directory', tables | all, 0x8000_0000 | 0, 9],
    ['reserved bits of a large page', 'large', 0x2000 | LARGE | all, 0, 9],
    ['a table above 4 GiB, all ones', 'directory', tables | all, 1, 9],
    ['an absent directory entry', 'directory', tables, 0, 0],
  ];
  for (const [what, at, value, high, errorCode] of rows) {
    test(`${what} faults with ${errorCode}`, () => {
      const address = at === 'table' ? places.data : 0x20_1000;
      extend(world, [...turnOn(), ...loadEax(address)]);
      put64(world, at === 'table' ? entryOf(address) : directories + 8, value, high);
      expect(world.catch()).toMatchObject({ vector: 14, errorCode, eip: here + 8 });
      expect(world.word('cr2')).toBe(address);
    });
  }
  test('a page above 4 GiB reads as an open bus', () => {
    extend(world, [...turnOn(), ...loadEax(places.data), ...hlt]);
    put64(world, entryOf(places.data), places.data | all, 1);
    world.put32(places.data, 5);
    world.run();
    expect(world.get('eax')).toBe(0xffff_ffff);
  });
  test('reserved bits of a pointer that is present fault with the load, which then has no effect', () => {
    for (const [value, high] of [
      [directories | 3, 0],
      [directories | 0x101, 0],
      [directories | 0x21, 0],
      [directories | 1, 0x10],
    ] as const) {
      extend(world, [...turnOn(), ...turnOn(0xb040), ...hlt]);
      put64(world, 0xb040, value, high);
      expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0, eip: here + 8 + 5 });
      expect(world.word('cr3')).toBe(pointers);
    }
  });
  test('loads the pointers when paging or the extension is turned on, and faults likewise', () => {
    extend(world, [...writeCr0(0x8000_0001), ...loadEax(places.data), ...hlt]);
    world.setWord('cr0', 1);
    world.setWord('cr3', pointers);
    expect(world.run()).toBe('halted');
    extend(world, writeCr0(0x8000_0001));
    world.setWord('cr0', 1);
    world.setWord('cr3', pointers);
    put64(world, pointers + 8, 3);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0 });
    expect(world.word('cr0')).toBe(1);
  });
  test('keeps the pointers over save and load', () => {
    extend(world, [...turnOn(), ...loadEax(places.data), ...hlt]);
    world.run(2);
    const saved = world.processor.save();
    world.processor.reset();
    world.processor.load(saved, world.processor.cycle);
    put64(world, pointers, 0);
    expect(world.run()).toBe('halted');
  });
});

describe('control registers', () => {
  const status = 0x10; // ET
  test('CR0 keeps what exists and reads ET as one', () => {
    world.flat([...writeCr0(0x5fff_ffff), 0x0f, 0x20, 0xc0, ...hlt]);
    world.run();
    expect(world.get('eax')).toBe(0x4005_003f);
    world.clear();
    expect(world.word('cr0')).toBe(0x6000_0010);
  });
  for (const [what, value] of [
    ['NW without CD', 0x2000_0001],
    ['PG without PE', 0x8000_0000],
  ] as const) {
    test(`CR0 takes no ${what}`, () => {
      world.flat(writeCr0(value | status));
      expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0 });
    });
  }
  test('CR4 takes no bit that the model does not have', () => {
    for (const [on, allowed] of [
      [early, 0x5f],
      [world, 0x3ff],
    ] as const) {
      for (let bit = 0; bit < 32; bit++) {
        on.flat([...writeCr4((2 ** bit) | 0), ...hlt]);
        expect([bit, on.catch()?.vector]).toEqual([bit, ((allowed >>> bit) & 1) !== 0 ? undefined : 13]);
      }
    }
  });
  test('CR1 and those above CR4 do not exist', () => {
    for (const number of [1, 5, 6, 7]) {
      world.flat([0x0f, 0x20, 0xc0 | (number << 3)]);
      expect(world.catch()).toMatchObject({ vector: 6 });
    }
  });
});
