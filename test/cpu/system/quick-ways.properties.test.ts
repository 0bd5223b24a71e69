/**
 * System instructions, interrupts and exceptions that the engine does by itself leave what the slow paths leave: registers, segments,
 * translations, shadows, memory. Processors with and without quick ways, and one that compiles, run the same random programs over the same
 * random tables, cut into the same random slices.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ProcessorModel } from '../../../src/cpu/model.js';
import { access, atLevel, code32, d, descriptor, gate, gateTypes } from '../bytes.js';
import { places, selectors, World } from '../world.js';

const ramBytes = 1 << 20;
const fastCallRegisters = 0x174;
const anySelector = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...selectors.data, ...selectors.code) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      0,
      1,
      3,
      0x13,
      0x20,
      0x3a,
      0x63,
      0x60,
      0x68,
      0x70,
      0x78,
      0x6b,
      0x14,
      0x1c,
      0x48,
      0xf8,
      0x108,
    ),
  },
);
const anyPointer = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...places.stacks) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      0x7008,
      0x7010,
      0x7014,
      0,
      4,
      0x1_0004,
      0xc004,
      places.code + 0x48,
      0x10_0000,
      0x5ff9,
      0xffff_fffc,
    ),
  },
);
const anyFlags = fc
  .tuple(
    fc.constantFrom(0, 0x200, 0x200),
    fc.constantFrom(0, 0, 0x3000, 0x1000),
    fc.constantFrom(0, 0, 0, 0, 0, 0x100, 0x4000, 0x1_0000, 0x4_0000, 0x8_0000, 0x10_0000, 0x20_0000, 0x2_0000),
    fc.nat(0xff),
  )
  .map(([a, b, c, e]) => a | b | c | (e & 0xd5) | 2);
const handlerAt = (vector: number): number => places.handlers + vector * places.handlerBytes;
const anyVector = fc.constantFrom(3, 0x20, 0x21, 0x22, 0x30, 0x3f, 0x40, 13);
const anyAddress = fc.oneof(
  fc.constantFrom(places.data, places.data + 0xffe, 0x6ff0),
  fc.constantFrom(places.gdt + 0x18, places.task + 4, places.code + 0x40, places.table + 0x18, 0x9_f000),
);

const {
  mov,
  push,
  pushRegister,
  popf,
  pushf,
  cli,
  sti,
  iret,
  iret16,
  nop,
  int,
  movSegment,
  loadEax,
  storeEax,
  inc,
  writeCr3,
} = code32;
const segmentPops = [[0x07], [0x1f], [0x0f, 0xa1], [0x0f, 0xa9], [0x17]];
const instruction: fc.Arbitrary<readonly number[]> = fc.oneof(
  { weight: 5, arbitrary: anyVector.map(int) },
  { weight: 1, arbitrary: fc.constantFrom([0xcc], [0xce]) },
  {
    weight: 6,
    arbitrary: fc
      .record({
        ss: anySelector,
        pointer: anyPointer,
        flags: anyFlags,
        cs: anySelector,
        at: fc.constantFrom(0, 0, 0, 1),
        isShort: fc.constantFrom(false, false, false, false, true),
      })
      .map(({ ss, pointer, flags, cs, at, isShort }) => {
        // Where it returns to lies behind the instruction.
        const before = [...push(ss), ...push(pointer), ...push(flags), ...push(cs)];
        const here = [0xe8, 0, 0, 0, 0]; // CALL to the next instruction: pushes its address.
        const last = isShort ? iret16 : iret;
        const add = [0x83, 0x04, 0x24, 4 + last.length + at]; // ADD [ESP], what follows.
        return [...before, ...here, ...add, ...last];
      }),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(anySelector, fc.constantFrom(0, 2, 3, 4, 5))
      .map(([selector, segment]) => [...mov('eax', selector), ...movSegment(segment)]),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(anySelector, fc.constantFrom(...segmentPops))
      .map(([selector, pop]) => [...push(selector), ...pop]),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(cli, sti, sti, pushf, [0x66, ...pushf], [...pushf, ...popf], [...sti, ...nop]),
  },
  { weight: 3, arbitrary: anyFlags.map((flags) => [...push(flags), ...popf]) },
  { weight: 1, arbitrary: anyFlags.map((flags) => [...push(flags), 0x66, ...popf, 0x58]) },
  { weight: 2, arbitrary: fc.constant([0x0f, 0x34]) },
  {
    weight: 2,
    arbitrary: anyPointer.map((pointer) => [...mov('ecx', pointer), 0xe8, 0, 0, 0, 0, 0x5a, 0x83, 0xc2, 6, 0x0f, 0x35]),
  },
  { weight: 2, arbitrary: fc.constantFrom(0, 2, 3, 4, 1).map((number) => [0x0f, 0x20, 0xc3 | (number << 3)]) },
  { weight: 1, arbitrary: fc.constant([...mov('eax', places.directory), ...writeCr3]) },
  { weight: 1, arbitrary: anyAddress.map((address) => [0x0f, 0x01, 0x3d, ...d(address)]) },
  { weight: 1, arbitrary: fc.constantFrom([0x0f, 0x06], [0x0f, 0xc8], [0x0f, 0x00, 0xc9]) },
  { weight: 1, arbitrary: anyAddress.map((address) => [0x0f, 0xc7, 0x0d, ...d(address)]) },
  { weight: 2, arbitrary: anyAddress.map(loadEax) },
  { weight: 2, arbitrary: anyAddress.map(storeEax) },
  { weight: 1, arbitrary: fc.constantFrom(inc('ebx'), pushRegister('ebx'), nop) },
);
const handler = fc.constantFrom(
  iret,
  iret,
  iret,
  [0x83, 0xc4, 4, ...iret],
  [0x83, 0xc4, 4, ...iret],
  [0xf4],
  [...sti, ...nop, ...iret],
  [0x0f, 0x35],
  [0x1f, 0x06, ...iret],
);

const attributes = fc.constantFrom(
  ...[
    access.code,
    access.data,
    access.data,
    access.conforming,
    access.readOnly,
    access.expandDown,
    access.executeOnly,
    access.code & ~1,
    access.data & ~1,
    access.data & ~0x80,
    access.code & ~0x80,
    access.ldt,
    access.task32,
  ],
);
const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        selector: fc.constantFrom(...selectors.code, ...selectors.data, 0x60, 0x68),
        attributes,
        level: fc.constantFrom(0, 0, 3, 3, 1),
        base: fc.constantFrom(0, 0, 0, 0x10, 0x1000),
        limit: fc.constantFrom(0xfffff, 0xfffff, 0xf, 0x6),
        flags: fc.constantFrom(0xc, 0xc, 0xc, 4, 8),
      })
      .map((each) => ({ kind: 'descriptor' as const, ...each })),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        vector: anyVector,
        type: fc.constantFrom(
          ...(['interrupt32', 'trap32', 'trap32', 'interrupt16', 'trap16', 'call32', 'task'] as const),
        ),
        selector: anySelector,
        level: fc.constantFrom(0, 3, 3),
        present: fc.constantFrom(true, true, true, false),
      })
      .map((each) => ({ kind: 'gate' as const, ...each })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ selector: anySelector, pointer: anyPointer })
      .map((each) => ({ kind: 'stack' as const, ...each })),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        page: fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 9, 12),
        frame: fc.constantFrom(0, 0, 0, 0, 12, 0xc0000),
        flags: fc.constantFrom(7, 7, 3, 5, 1, 0, 0x67, 0x107, 0x63),
      })
      .map((each) => ({ kind: 'page' as const, ...each })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ vector: anyVector, code: handler }).map((each) => ({ kind: 'handler' as const, ...each })),
  },
  { weight: 1, arbitrary: fc.constantFrom(0x66, 0x8, 0x9, 0x67).map((limit) => ({ kind: 'task' as const, limit })) },
  { weight: 1, arbitrary: fc.constantFrom(0x1ff, 0xff, 0x10f).map((limit) => ({ kind: 'idt' as const, limit })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 0x4_0000, 0x1_0000, 0x2a).map((bits) => ({ kind: 'control' as const, bits })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 0x8, 0x18, 0xb).map((selector) => ({ kind: 'fastCall' as const, selector })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(0x6ff8, 0x1080, places.code + 4, places.data)
      .map((address) => ({ kind: 'watch' as const, address })),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'ldt' as const }) },
  { weight: 1, arbitrary: fc.constantFrom(1, 2, 3).map((levels) => ({ kind: 'counter' as const, levels })) },
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
const step = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 9 }).map((cycles) => ({ kind: 'run' as const, cycles })) },
  { weight: 2, arbitrary: fc.constant({ kind: 'run' as const, cycles: 40 }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('raise' as const, 'lower' as const, 'nmi' as const, 'load' as const, 'look' as const)
      .map((kind) => ({ kind, cycles: 0 })),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const scene = fc.record({
  level: fc.constantFrom(0 as const, 0 as const, 3 as const, 3 as const, 3 as const, 1 as const),
  paging: fc.constantFrom(true, true, false),
  flags: anyFlags.map((flags) => flags & ~0x2_0000),
  changes: fc.array(change, { maxLength: 5 }),
  program: fc.array(instruction, { minLength: 1, maxLength: 14 }),
  repeats: fc.boolean(),
  steps: fc.array(step, { minLength: 2, maxLength: 20 }),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

/** Gates of every vector that lead to handlers which return, so that a program goes on. */
function prepare(world: World, { level, paging, flags, changes, program, repeats }: Scene): void {
  const bytes = program.flat();
  world.flat(repeats ? [...bytes, 0xe9, ...d(-bytes.length - 5)] : [...bytes, 0xf4], level);
  for (let vector = 0; vector < 0x40; vector++) {
    world.gate(vector, gate('interrupt32', selectors.code[0], handlerAt(vector), 3));
    const hasCode = [8, 10, 11, 12, 13, 14, 17].includes(vector);
    // An instruction that faults is stepped over, as far as two bytes do it: whatever comes then is a program as well.
    const skip = [0x83, 0x04, 0x24, 2];
    world.put(handlerAt(vector), ...(hasCode ? [0x83, 0xc4, 4, ...skip] : vector < 0x20 ? skip : []), ...iret);
  }
  if (paging) world.page();
  for (const each of changes) apply(world, each);
  world.flags = flags;
  // State as loading leaves it: breakpoints and alignment follow from it.
  world.processor.load(world.processor.save(), world.processor.cycle);
}
function apply(world: World, each: Change): void {
  const { processor } = world;
  switch (each.kind) {
    case 'descriptor':
      return world.descriptor(
        each.selector,
        descriptor(each.base, each.limit, atLevel(each.attributes, each.level), each.flags),
      );
    case 'gate':
      expect(gateTypes[each.type]).toBeGreaterThan(0);
      return world.gate(
        each.vector,
        gate(each.type, each.selector, handlerAt(each.vector), each.level, 0, each.present),
      );
    case 'stack':
      world.put32(places.task + 4, each.pointer);
      return world.put32(places.task + 8, each.selector);
    case 'page':
      return world.entry(each.page, (each.frame === 0 ? each.page << 12 : each.frame << 12) | each.flags);
    case 'handler':
      return world.put(handlerAt(each.vector), ...each.code);
    case 'task':
      return world.core.setSegmentField(7, 'limit', each.limit);
    case 'idt':
      return world.setWord('idtrLimit', each.limit);
    case 'control':
      if ((each.bits & 0xff) === 0) world.setWord('cr0', world.word('cr0') | each.bits);
      return;
    case 'fastCall': {
      const registers = (
        processor as unknown as { modelSpecific: { has?: unknown; write(number: number, value: bigint): void } }
      ).modelSpecific;
      if (!world.core.has('sep')) return;
      registers.write(fastCallRegisters, BigInt(each.selector));
      registers.write(fastCallRegisters + 1, BigInt(places.stacks[0]));
      return registers.write(fastCallRegisters + 2, BigInt(handlerAt(0x20)));
    }
    case 'counter': {
      if (world.model !== 'pentium2' && world.model !== 'pentiumM') return;
      const registers = (processor as unknown as { modelSpecific: { write(number: number, value: bigint): void } })
        .modelSpecific;
      return registers.write(0x186, BigInt(0x40_0079 | (each.levels << 16))); // Clocks at these levels.
    }
    case 'watch':
      world.setWord('dr0', each.address);
      return world.setWord('dr7', each.address === places.code + 4 ? 1 : 0xd_0001);
    case 'ldt':
      world.put(
        places.ldt,
        ...descriptor(0, 0xfffff, access.data, 0xc),
        ...descriptor(0, 0xfffff, atLevel(access.data, 3), 0xc),
        ...descriptor(0, 0xfffff, access.data, 0xc),
        ...descriptor(0, 0xfffff, access.code, 0xc),
      );
      world.core.setSegmentField(6, 'selector', selectors.ldt);
      world.core.setSegmentField(6, 'base', places.ldt);
      return world.core.setSegmentField(6, 'limit', 0x1f);
  }
}
/** Whoever looks at which pages were written. */
const looks = new Map<World, { look(): void }>();
function take(world: World, { kind, cycles }: Step): void {
  const { processor } = world;
  if (kind === 'run') world.run(cycles);
  else if (kind === 'raise') processor.setInterruptRequest(true);
  else if (kind === 'lower') processor.setInterruptRequest(false);
  else if (kind === 'nmi') {
    processor.setNonMaskableInterrupt(true);
    processor.setNonMaskableInterrupt(false);
  } else if (kind === 'load') processor.load(processor.save(), processor.cycle);
  else looks.get(world)!.look();
}
const eager = { look: 3, threshold: 1, batch: 1, delay: 1, patience: 1 };

for (const model of [
  '80386',
  '80486',
  'pentium',
  'pentium2',
  'pentiumM',
] as const satisfies readonly ProcessorModel[]) {
  const slow = new World(model, ramBytes, undefined, undefined, false);
  const quick = [new World(model, ramBytes), new World(model, ramBytes, undefined, eager)];

  test(`on the ${model}, quick ways leave what slow paths leave`, () => {
    for (const world of [slow, ...quick])
      looks.set(
        world,
        world.core.written.watch(world.core.plan.ram, ramBytes, () => {}),
      );
    fc.assert(
      fc.property(scene, (each) => {
        for (const world of [slow, ...quick]) prepare(world, each);
        for (const next of each.steps) {
          for (const world of [slow, ...quick]) take(world, next);
          const saved = slow.processor.save();
          for (const world of quick) {
            expect(world.processor.cycle).toBe(slow.processor.cycle);
            expect(Buffer.compare(world.processor.save(), saved)).toBe(0);
            expect(Buffer.compare(world.memory, slow.memory)).toBe(0);
          }
        }
      }),
      { numRuns: Number(process.env['RUNS'] ?? 100) },
    );
  });
}
