/** Paging (Intel 386 DX Programmer's Reference Manual, 230985, chapter 5): rights, marks, and what the TLB may remember. */
import { describe, expect, test } from 'vitest';
import { code32, d } from '../bytes.js';
import { places, selectors, World } from '../world.js';

const world = new World();
const { loadEax, storeEax, flushTlb, hlt, store } = code32;
const here = places.code;
const page = places.data;
const number = page >> 12;
const [code0, , , code3] = selectors.code;

const PRESENT = 1;
const WRITABLE = 2;
const USER = 4;
const ACCESSED = 0x20;
const DIRTY = 0x40;
const all = PRESENT | WRITABLE | USER;

describe('rights', () => {
  interface Row {
    readonly directory: number;
    readonly table: number;
    readonly level: 0 | 3;
    readonly write: boolean;
    /** The error code, or undefined where the access is allowed. */
    readonly errorCode: number | undefined;
  }
  const rows: Row[] = [];
  for (const directory of [0, PRESENT, PRESENT | USER, PRESENT | WRITABLE, all]) {
    for (const table of [0, PRESENT, PRESENT | USER, PRESENT | WRITABLE, all]) {
      for (const level of [0, 3] as const) {
        for (const write of [false, true]) {
          const rights = directory & table;
          const present = (rights & PRESENT) !== 0;
          const allowed = present && (level === 0 || ((rights & USER) !== 0 && (!write || (rights & WRITABLE) !== 0)));
          const code = (present ? 1 : 0) | (write ? 2 : 0) | (level === 3 ? 4 : 0);
          rows.push({ directory, table, level, write, errorCode: allowed ? undefined : code });
        }
      }
    }
  }
  for (const { directory, table, level, write, errorCode } of rows) {
    const what = `${write ? 'write' : 'read'} at level ${level} with directory ${directory} and table ${table}`;
    test(`${what} ${errorCode === undefined ? 'is allowed' : `faults with ${errorCode}`}`, () => {
      // The page under test lies in the second 4 MiB, whose directory entry is its own.
      const linear = 0x40_0000 + 0x5123;
      world.flat([...(write ? storeEax(linear) : loadEax(linear)), 0xeb, 0xfe], level);
      world.page();
      const second = 0x2_0000;
      world.put32(places.directory + 4, second | directory);
      world.put32(second + 5 * 4, page | table);
      const caught = world.catch(3);
      if (errorCode === undefined) expect(caught).toBeUndefined();
      else {
        expect(caught).toEqual({ vector: 14, errorCode, cs: level === 0 ? code0 : code3, eip: here });
        expect(world.word('cr2')).toBe(linear);
      }
      const marks = (entry: number): number => entry & (ACCESSED | DIRTY);
      const touched = errorCode === undefined;
      expect(marks(world.read(places.directory + 4))).toBe(touched ? ACCESSED : 0);
      expect(marks(world.read(second + 5 * 4))).toBe(touched ? ACCESSED | (write ? DIRTY : 0) : 0);
    });
  }
  test('code at level 3 needs the user right, and faults as a read', () => {
    world.flat([0xe9, ...d(page - here - 5)], 3);
    world.page();
    world.entry(number, page | PRESENT | WRITABLE);
    expect(world.catch()).toEqual({ vector: 14, errorCode: 5, cs: code3, eip: page });
    expect(world.word('cr2')).toBe(page);
  });
  test('levels 1 and 2 are supervisors', () => {
    for (const level of [1, 2] as const) {
      world.flat([...storeEax(page), 0xeb, 0xfe], level);
      world.page();
      world.entry(number, page | PRESENT);
      expect(world.catch(3)).toBeUndefined();
    }
  });
  test('a program at level 3 reaches descriptor tables that are the supervisor’s, through the processor alone', () => {
    world.flat([...code32.mov('eax', selectors.data[3]), ...code32.movSegment(3), ...loadEax(places.gdt)], 3);
    world.page();
    world.entry(places.gdt >> 12, places.gdt | PRESENT | WRITABLE);
    expect(world.catch()).toEqual({ vector: 14, errorCode: 5, cs: code3, eip: here + 7 });
    expect(world.selector('ds')).toBe(selectors.data[3]);
  });
  test('a doubleword over two pages needs both, and CR2 names the first byte that is missing', () => {
    world.flat(loadEax(page + 0xffd));
    world.page();
    world.entry(number + 1, 0);
    expect(world.catch()).toMatchObject({ vector: 14, errorCode: 0 });
    expect(world.word('cr2')).toBe(page + 0x1000);
    world.flat(loadEax(page + 0xffd));
    world.page();
    world.entry(number, 0);
    world.entry(number + 1, 0);
    expect(world.catch()).toMatchObject({ vector: 14, errorCode: 0 });
    expect(world.word('cr2')).toBe(page + 0xffd);
  });
  test('a store over two pages of which one is missing writes neither', () => {
    world.flat(store(page + 0xffe, 0x1111_1111));
    world.page();
    world.entry(number + 1, 0);
    world.catch();
    expect(world.read(page + 0xffe, 2)).toBe(0);
  });
});

describe('the TLB', () => {
  test('keeps a translation until CR3 is loaded', () => {
    world.flat([
      ...loadEax(page),
      ...store(places.table + number * 4, 0x2_0000 | all),
      ...[0x8b, 0x1d, ...d(page)], // MOV EBX, [page]
      ...flushTlb,
      ...[0x8b, 0x0d, ...d(page)], // MOV ECX, [page]
      ...hlt,
    ]);
    world.page();
    world.put32(page, 0x11);
    world.put32(0x2_0000, 0x22);
    world.run();
    expect([world.get('ebx'), world.get('ecx')]).toEqual([0x11, 0x22]);
  });
  test('keeps the translation of code until CR3 is loaded', () => {
    world.flat([]);
    world.page();
    // The program takes its own page away and goes on; after the flush the next fetch faults.
    world.put(here, ...store(places.table + (here >> 12) * 4, 0), ...code32.nop, ...flushTlb, ...hlt);
    expect(world.catch()).toEqual({ vector: 14, errorCode: 0, cs: code0, eip: here + 17 });
    expect(world.word('cr2')).toBe(here + 17);
  });
  test('does not remember that a page was absent', () => {
    world.flat([...loadEax(page), 0xeb, 0xfe], 3);
    world.page();
    world.put32(page, 0x11);
    world.entry(number, 0);
    world.gate(14, [...d((code0 << 16) | places.handlers), ...d(0x8e00)]);
    world.put(places.handlers, ...store(places.table + number * 4, page | all), 0x83, 0xc4, 4, 0xcf);
    world.run(8);
    expect([world.get('eax'), world.word('cpl')]).toEqual([0x11, 3]);
  });
  test('looks the tables up again for the first write, and sets the dirty mark then', () => {
    world.flat([...loadEax(page), ...hlt, ...storeEax(page), ...hlt]);
    world.page();
    world.run();
    expect(world.readEntry(number) & (ACCESSED | DIRTY)).toBe(ACCESSED);
    world.setWord('halted', 0);
    world.run();
    expect(world.readEntry(number) & (ACCESSED | DIRTY)).toBe(ACCESSED | DIRTY);
  });
  test('does not mark a page again that was cleaned without a flush, but does after one', () => {
    world.flat([
      ...storeEax(page),
      ...store(places.table + number * 4, page | all),
      ...storeEax(page),
      ...hlt,
      ...flushTlb,
      ...storeEax(page),
      ...hlt,
    ]);
    world.page();
    world.run();
    expect(world.readEntry(number) & DIRTY).toBe(0);
    world.setWord('halted', 0);
    world.run();
    expect(world.readEntry(number) & DIRTY).toBe(DIRTY);
  });
  test('is flushed by MOV CR0 that turns paging off or on', () => {
    world.flat([
      ...loadEax(page),
      ...[0x0f, 0x20, 0xc2, 0x81, 0xe2, ...d(0x7fff_ffff), 0x0f, 0x22, 0xc2], // CR0 without PG
      ...[0x8b, 0x1d, ...d(page)],
      ...[0x81, 0xca, ...d(0x8000_0000 | 0), 0x0f, 0x22, 0xc2],
      ...[0x8b, 0x0d, ...d(page)],
      ...hlt,
    ]);
    world.page();
    world.entry(number, 0x2_0000 | all);
    world.put32(page, 0x11);
    world.put32(0x2_0000, 0x22);
    world.run();
    expect([world.get('eax'), world.get('ebx'), world.get('ecx')]).toEqual([0x22, 0x11, 0x22]);
  });
  test('does not let level 3 use what level 0 looked up', () => {
    world.flat([
      ...loadEax(page),
      ...[selectors.data[3], places.stacks[3], code3, here + 0x40].flatMap(code32.push),
      0xcb,
    ]);
    world.put(here + 0x40, 0x36, ...loadEax(page));
    world.page();
    world.entry(number, page | PRESENT | WRITABLE);
    expect(world.catch()).toEqual({ vector: 14, errorCode: 5, cs: code3, eip: here + 0x40 });
  });
  test('serves pages that share a place in it', () => {
    // Linear pages 4 MiB apart: the same place for a cache of 1024 entries.
    const other = 0x40_0000 + page;
    const code = [];
    for (let turn = 0; turn < 4; turn++) code.push(0x03, 0x05, ...d(page), 0x03, 0x1d, ...d(other));
    world.flat([...code, ...hlt]);
    world.page();
    world.put32(places.directory + 4, 0x3_0000 | all);
    world.put32(0x3_0000 + number * 4, 0x2_0000 | all);
    world.put32(page, 1);
    world.put32(0x2_0000, 0x100);
    world.run();
    expect([world.get('eax'), world.get('ebx')]).toEqual([4, 0x400]);
  });
});

test('page tables and translated pages lie behind A20 like everything else', () => {
  const big = new World('80386', 4 << 20);
  big.flat([...loadEax(page), ...hlt]);
  big.page();
  big.entry(number, 0x10_0000 | page | all);
  big.put32(page, 0x11);
  big.put32(0x10_0000 | page, 0x22);
  big.core.addressMask = ~(1 << 20);
  big.core.flushTranslations();
  big.run();
  expect(big.get('eax')).toBe(0x11);
});
