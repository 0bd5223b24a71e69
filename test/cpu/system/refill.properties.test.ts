/**
 * A refill in WebAssembly leaves what the slow path leaves: translations, their order and their bookkeeping, marks in the tables, and
 * what the access finds. Two processors take the same steps; the one asks its engine first, the other never.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CodeCache } from '../../../src/cpu/decode/code-cache.js';
import type { Interpreter } from '../../../src/cpu/engine/interpreter/instance.js';
import { regions } from '../../../src/cpu/layout.js';
import type { ProcessorModel } from '../../../src/cpu/model.js';
import { faultSignal } from '../../../src/cpu/system/core.js';
import { loadPageDirectoryPointers } from '../../../src/cpu/system/paging.js';
import { d } from '../bytes.js';
import { places, World } from '../world.js';

const ramBytes = 8 << 20;
const WP = 0x1_0000;
const [PSE, PAE, PGE] = [0x10, 0x20, 0x80];
const directory = 0x10_0000;
const pointers = 0x10_8000;
/** Pages that are tables as well, one beyond memory, and one that is not there at all. */
const frames = [0x10_0000, 0x10_1000, 0x10_2000, 0x20_0000, 0x30_0000, 0x40_0000, 0x7f_f000, 0x80_0000, 0xc000_0000];

const place = fc.record({
  // 4 stretches of 4 MiB on, or 8 of 2 MiB, page 0 has the entry of page 1 here.
  top: fc.constantFrom(0, 1, 4, 8, 9),
  page: fc.constantFrom(0, 1, 2, 0x1ff),
  offset: fc.constantFrom(0, 0x7fc, 0xffc, 0xffe),
});
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('access' as const),
      place,
      write: fc.boolean(),
      user: fc.boolean(),
      bytes: fc.constantFrom(1 as const, 2 as const, 4 as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      place,
      inTop: fc.boolean(),
      frame: fc.constantFrom(...frames),
      flags: fc.constantFrom(7, 7, 7, 5, 3, 1, 0, 0x87, 0x85, 0x107, 0x187, 0x2087, 0x67),
      high: fc.constantFrom(0, 0, 0, 0, 0x10, 1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'flushLocal' as const, 'load' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flushPage' as const), place }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('decode' as const), frame: fc.constantFrom(...frames.slice(0, 7)) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const setting = fc.record({
  paging: fc.constantFrom(true, true, true, false),
  extended: fc.boolean(),
  large: fc.boolean(),
  globals: fc.boolean(),
  protect: fc.boolean(),
  addressLine20: fc.constantFrom(true, true, false),
});
type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never;

class Side {
  readonly world: World;

  constructor(
    model: ProcessorModel,
    private readonly refills: boolean,
  ) {
    this.world = new World(model, ramBytes);
  }
  private get engine(): Interpreter {
    return (this.world.processor as unknown as { engine: Interpreter }).engine;
  }
  begin(set: Setting): void {
    const { world } = this;
    world.clear();
    world.core.addressMask = set.addressLine20 ? -1 : ~0x10_0000;
    world.setWord('cr4', (set.extended ? PAE : 0) | (set.large ? PSE : 0) | (set.globals ? PGE : 0));
    world.setWord('cr3', set.extended ? pointers : directory);
    world.put32(pointers, directory | 1);
    if (set.extended) loadPageDirectoryPointers(world.core, pointers);
    world.setWord('cr0', ((set.paging ? 0x8000_0000 : 0) | 1 | (set.protect ? WP : 0)) >>> 0);
    world.core.flushTranslations();
  }
  /** What an access finds, as text. */
  access(linear: number, bytes: 1 | 2 | 4, write: boolean, user: boolean): string {
    const { core } = this.world;
    core.set('cpl', user ? 3 : 0);
    if (this.refills) {
      const host = write ? this.engine.refillWrite(linear, bytes) : this.engine.refillRead(linear, bytes);
      if (host !== 0) {
        if (write) for (let index = 0; index < bytes; index++) core.u8[host + index] = 0x5a;
        return write ? 'written' : String(core.u8.slice(host, host + bytes));
      }
    }
    try {
      if (write) core.writeLinear(linear, 0x5a5a_5a5a, bytes, user);
      const value = write ? 0 : core.readLinear(linear, bytes, user);
      return write ? 'written' : String(new Uint8Array(Int32Array.of(value).buffer).slice(0, bytes));
    } catch (problem) {
      if (problem !== faultSignal) throw problem;
      return JSON.stringify([core.takeNoted(), core.get('cr2')]);
    }
  }
  take(set: Setting, each: Step): string {
    const { world } = this;
    const { core, processor } = world;
    const bytes = set.extended ? 8 : 4;
    const linear = 'place' in each ? linearOf(set, each.place) : 0;
    switch (each.kind) {
      case 'access':
        return this.access(linear, each.bytes, each.write, each.user);
      case 'change': {
        const inTop = directory + each.place.top * bytes;
        const top = world.read(inTop);
        const at = each.inTop || (top & 1) === 0 ? inTop : (top & ~0xfff) + each.place.page * bytes;
        world.put32(at, each.frame | each.flags);
        if (set.extended) world.put32(at + 4, each.high);
        return '';
      }
      case 'flushPage':
        core.tlb.flushPage(linear);
        return '';
      case 'load':
        processor.load(processor.save(), processor.cycle);
        return '';
      case 'decode': {
        const host = core.plan.ram + each.frame;
        const code = core.code as CodeCache;
        const mode = { code32: true, stack32: true, startsInside: false };
        return String(code.recordAt(code.table(host, mode), host, 0x7fc, mode));
      }
      default:
        core.tlb[each.kind]();
        return '';
    }
  }
  /** Translations and their bookkeeping. */
  get bookkeeping(): Uint8Array {
    return this.world.core.u8.slice(regions.supervisorTlb, regions.writtenPages);
  }
}

function linearOf({ extended }: Setting, at: { top: number; page: number; offset: number }): number {
  return at.top * (extended ? 0x20_0000 : 0x40_0000) + at.page * 0x1000 + at.offset;
}

for (const model of ['80386', '80486', 'pentium2', 'pentiumM'] as const) {
  const [fast, slow] = [new Side(model, true), new Side(model, false)];

  test(`on the ${model}, a refill by the engine leaves what the slow path leaves`, () => {
    const possible = (set: Setting): Setting => {
      const [isOld, is386] = [model === '80386' || model === '80486', model === '80386'];
      const none = { extended: false, large: false, globals: false };
      return { ...set, ...(isOld ? none : {}), protect: set.protect && !is386 };
    };
    fc.assert(
      fc.property(setting, fc.array(step, { minLength: 10, maxLength: 80 }), (wanted, steps) => {
        const set = possible(wanted);
        for (const side of [fast, slow]) side.begin(set);
        for (const each of steps) {
          expect(fast.take(set, each)).toBe(slow.take(set, each));
          expect(Buffer.compare(fast.bookkeeping, slow.bookkeeping)).toBe(0);
        }
        expect(Buffer.compare(fast.world.processor.save(), slow.world.processor.save())).toBe(0);
        expect(Buffer.compare(fast.world.memory, slow.world.memory)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
}

test('most accesses need no slow path', () => {
  const side = new Side('pentium2', true);
  side.begin({ paging: true, extended: false, large: false, globals: false, protect: true, addressLine20: true });
  const { world } = side;
  world.put32(directory, 0x20_0007);
  for (let page = 0; page < 1024; page++) world.put32(0x20_0000 + page * 4, (page << 12) | 7);
  for (const write of [false, true]) {
    world.core.writeLinear(0x5_0000, 0, 4, false);
    world.core.tlb.flush();
    const engine = (world.processor as unknown as { engine: Interpreter }).engine;
    const host = write ? engine.refillWrite(0x5_0010, 4) : engine.refillRead(0x5_0010, 4);
    expect(host).toBe(world.core.plan.ram + 0x5_0010);
  }
});

test('code that stops at a breakpoint is not translated before it stops', () => {
  const [whole, stepped] = [new World('pentium2', 1 << 20), new World('pentium2', 1 << 20)];
  const target = places.data;
  for (const world of [whole, stepped]) {
    world.flat([0xe9, ...d(target - places.code - 5)]); // JMP
    world.page();
    world.setWord('eip', target);
    world.put(target, 0x90, 0xf4);
    world.run(1);
    world.setWord('eip', places.code);
    world.core.tlb.flush();
    // DR0 and DR7 as a program would have set them.
    world.setWord('dr0', target);
    world.setWord('dr7', 1);
    world.processor.load(world.processor.save(), world.processor.cycle);
  }
  whole.run(2);
  for (let count = 0; count < 2; count++) stepped.run(1);
  expect(Buffer.compare(whole.processor.save(), stepped.processor.save())).toBe(0);
});
