/**
 * Whatever page tables hold and whatever was looked up before, an access does what a plain walk of the tables says, as long as
 * every change of an entry is followed by the flush that the manual asks for.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { faultSignal } from '../../../src/cpu/system/core.js';
import { loadPageDirectoryPointers } from '../../../src/cpu/system/paging.js';
import { World } from '../world.js';

const ramBytes = 8 << 20;
const bits = { present: 1, writable: 2, user: 4, accessed: 0x20, dirty: 0x40, size: 0x80, global: 0x100 } as const;
const WP = 0x1_0000;
const [PSE, PAE, PGE] = [0x10, 0x20, 0x80];

/** Where the tables lie; entries lead to any of these frames, so that tables may well be pages and pages tables. */
const directory = 0x10_0000;
const pointers = 0x10_8000;
const frames = [0x10_0000, 0x10_1000, 0x10_2000, 0x20_0000, 0x30_0000, 0x40_0000, 0x42_0000, 0x7f_f000];

interface Setting {
  readonly extended: boolean;
  readonly large: boolean;
  readonly globals: boolean;
  readonly protect: boolean;
}

/** What an access must do: a fault's code, or the physical address and the entries that are marked. */
type Expected = { readonly code: number } | { readonly physical: number; readonly marks: readonly [number, number][] };

/** A walk written down as the manual's figures 4-2 to 4-7 show it, with nothing remembered. */
function plainWalk(world: World, set: Setting, linear: number, write: boolean, user: boolean): Expected {
  const base = (write ? 2 : 0) | (user ? 4 : 0);
  const entryBytes = set.extended ? 8 : 4;
  const pageShift = set.extended ? 21 : 22;
  const topIndex = set.extended ? (linear >>> 21) & 0x1ff : linear >>> 22;
  let table = directory;
  if (set.extended) {
    const pointer = world.read(pointers + (linear >>> 30) * 8);
    if ((pointer & 1) === 0) return { code: base };
    table = pointer & ~0xfff;
  }
  const topAt = table + topIndex * entryBytes;
  const top = world.read(topAt);
  if ((top & bits.present) === 0) return { code: base };
  if (set.extended && world.read(topAt + 4) !== 0) return { code: base | 9 };
  const isLarge = (top & bits.size) !== 0 && (set.extended || set.large);
  let rights = top;
  let frame = top & -(2 ** pageShift) & -0x1000;
  let offset = linear & (2 ** pageShift - 1);
  const marks: [number, number][] = [];
  if (isLarge) {
    // Bits 13 to 20 are reserved, or 17 to 21 where bits 13 to 16 extend the address.
    if ((top & (set.extended ? 0x1f_e000 : 0x3e_0000)) !== 0) return { code: base | 9 };
    if (!set.extended && (top & 0x1_e000) !== 0) frame = NaN;
    marks.push([topAt, bits.accessed | (write ? bits.dirty : 0)]);
  } else {
    const at = (top & ~0xfff) + ((linear >>> 12) & (set.extended ? 0x1ff : 0x3ff)) * entryBytes;
    const entry = world.read(at);
    if ((entry & bits.present) === 0) return { code: base };
    if (set.extended && world.read(at + 4) !== 0) return { code: base | 9 };
    rights &= entry;
    frame = entry & ~0xfff;
    offset = linear & 0xfff;
    marks.push([topAt, bits.accessed], [at, bits.accessed | (write ? bits.dirty : 0)]);
  }
  const isAllowed = user
    ? (rights & bits.user) !== 0 && (!write || (rights & bits.writable) !== 0)
    : !write || (rights & bits.writable) !== 0 || !set.protect;
  return isAllowed ? { physical: frame + offset, marks } : { code: base | 1 };
}

const setting = fc.record({
  extended: fc.boolean(),
  large: fc.boolean(),
  globals: fc.boolean(),
  protect: fc.boolean(),
});
const entryValue = fc
  .record({
    frame: fc.constantFrom(...frames),
    flags: fc.constantFrom(7, 7, 7, 5, 3, 1, 0, 0x87, 0x85, 0x107, 0x187, 0x2087, 0x67),
    high: fc.constantFrom(0, 0, 0, 0, 0, 0x10),
  })
  .map(({ frame, flags, high }) => ({ low: frame | flags, high }));
/** Few places, so that they meet. */
const place = fc.record({
  top: fc.integer({ min: 0, max: 3 }),
  page: fc.constantFrom(0, 1, 0x1ff),
  offset: fc.constantFrom(0, 0x7fc, 0xffc),
});
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('access' as const), place, write: fc.boolean(), user: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('change' as const), place, inTop: fc.boolean(), value: entryValue }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('saveAndLoad' as const) }) },
);

const world = new World('pentium2', ramBytes);

function begin(set: Setting): void {
  const { core } = world;
  world.clear();
  world.setWord('cr4', (set.extended ? PAE : 0) | (set.large ? PSE : 0) | (set.globals ? PGE : 0));
  world.setWord('cr3', set.extended ? pointers : directory);
  world.put32(pointers, directory | 1);
  if (set.extended) loadPageDirectoryPointers(core, pointers);
  world.setWord('cr0', (0x8000_0001 | (set.protect ? WP : 0)) >>> 0);
  core.tlb.flush();
}

function linearOf({ extended }: Setting, at: { top: number; page: number; offset: number }): number {
  return at.top * (extended ? 0x20_0000 : 0x40_0000) + at.page * 0x1000 + at.offset;
}

/** What the processor did: a fault's code, or what lies at the address. */
function access(linear: number, write: boolean, user: boolean): { code: number } | { value: number } {
  const { core } = world;
  try {
    if (write) core.writeLinear(linear, 0x5a5a_5a5a, 4, user);
    return { value: core.readLinear(linear, 4, user) >>> 0 };
  } catch (problem) {
    if (problem !== faultSignal) throw problem;
    expect(core.get('cr2')).toBe(linear);
    return { code: core.takeNoted().errorCode };
  }
}

/** Whether a physical address lies in what is a table at the moment: a store there changes entries, and asks for a flush. */
function isTable(set: Setting, physical: number): boolean {
  const page = physical & ~0xfff;
  const tables = [0, 1, 2, 3].map((top) => world.read(directory + top * (set.extended ? 8 : 4)) & ~0xfff);
  return page === directory || page === pointers || tables.includes(page);
}

test('an access does what the tables say', () => {
  fc.assert(
    fc.property(setting, fc.array(step, { minLength: 10, maxLength: 60 }), (set, steps) => {
      begin(set);
      for (const each of steps) {
        if (each.kind === 'saveAndLoad') {
          world.processor.load(world.processor.save(), world.processor.cycle);
          continue;
        }
        const linear = linearOf(set, each.place);
        if (each.kind === 'change') {
          const bytes = set.extended ? 8 : 4;
          const top = world.read(directory + each.place.top * bytes);
          const at =
            each.inTop || (top & 1) === 0
              ? directory + each.place.top * bytes
              : (top & ~0xfff) + each.place.page * bytes;
          world.put32(at, each.value.low);
          if (set.extended) world.put32(at + 4, each.value.high);
          // Any entry may be reached in many ways here: everything goes, global pages too.
          world.core.tlb.flush();
          continue;
        }
        const expected = plainWalk(world, set, linear, each.write, each.user);
        if ('code' in expected) {
          expect(access(linear, each.write, each.user)).toEqual(expected);
          continue;
        }
        const isNowhere = Number.isNaN(expected.physical);
        const before = isNowhere || expected.physical >= ramBytes ? 0xffff_ffff : undefined;
        const changesTable = each.write && !isNowhere && isTable(set, expected.physical);
        const found = access(linear, each.write, each.user);
        if (changesTable) world.core.tlb.flush();
        if (before !== undefined) expect(found).toEqual({ value: before });
        else if (each.write) expect(found).toEqual({ value: world.read(expected.physical) });
        else expect(found).toEqual({ value: world.read(expected.physical) });
        // A marked entry may itself have been overwritten by the access; then it holds what was written.
        for (const [at, marks] of expected.marks) {
          const entry = world.read(at);
          if (!each.write || entry !== 0x5a5a_5a5a) expect(entry & marks).toBe(marks);
        }
      }
    }),
    { numRuns: 400 },
  );
});

test('INVLPG alone, or a load of CR3 alone where nothing is global, is flush enough', () => {
  const change = fc.record({ place, value: entryValue, by: fc.constantFrom('page' as const, 'local' as const) });
  fc.assert(
    fc.property(setting, fc.array(change, { minLength: 5, maxLength: 40 }), (set, changes) => {
      begin({ ...set, globals: false });
      const bytes = set.extended ? 8 : 4;
      // Each of four directory entries has a table of its own, or is changed to a large page.
      const tables = [0x11_0000, 0x11_1000, 0x11_2000, 0x11_3000];
      tables.forEach((table, index) => world.put32(directory + index * bytes, table | 7));
      for (const { place: at, value, by } of changes) {
        const linear = linearOf(set, at);
        const other = linear ^ 0x4_0000;
        const wasLarge = (world.read(directory + at.top * bytes) & bits.size) !== 0 && (set.extended || set.large);
        access(linear, false, false);
        access(other, false, false);
        world.put32(directory + at.top * bytes, (value.low & bits.size) !== 0 ? value.low : tables[at.top]! | 7);
        if ((value.low & bits.size) === 0) world.put32(tables[at.top]! + at.page * bytes, value.low);
        if (by === 'page') world.core.tlb.flushPage(linear);
        else world.core.tlb.flushLocal();
        // Of a large page everything is dropped with any address in it.
        for (const looked of wasLarge ? [linear, other] : [linear]) {
          const expected = plainWalk(world, set, looked, false, false);
          const found = access(looked, false, false);
          if ('code' in expected) expect(found).toEqual(expected);
          else if (expected.physical < ramBytes) expect(found).toEqual({ value: world.read(expected.physical) });
        }
      }
    }),
    { numRuns: 300 },
  );
});
