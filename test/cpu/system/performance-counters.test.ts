/** Performance counters (Intel SDM Vol. 3B, chapter 18 and appendix A): what they count, when they interrupt, who may read them. */
import { describe, expect, test } from 'vitest';
import type { ProcessorModel } from '../../../src/cpu/model.js';
import { code32, d, gate } from '../bytes.js';
import { places, selectors, World } from '../world.js';

const { mov, nop, hlt, inc, int } = code32;
const wrmsr = [0x0f, 0x30];
const rdmsr = [0x0f, 0x32];
const rdpmc = [0x0f, 0x33];
const counters = [0xc1, 0xc2] as const;
const selects = [0x186, 0x187] as const;
/** Bits of an event select register. */
const USR = 1 << 16;
const OS = 1 << 17;
const EDGE = 1 << 18;
const INT = 1 << 20;
const EN = 1 << 22;
const INV = 1 << 23;
const cmask = (least: number): number => least << 24;
const events = {
  clocks: 0x79,
  retired: 0xc0,
  branches: 0xc4,
  masked: 0xc6,
  waiting: 0xc7,
  interrupts: 0xc8,
  taken: 0xc9,
  cacheMisses: 0x24,
} as const;

const overflows: number[] = [];
const worlds = new Map<string, World>();
function worldOf(model: ProcessorModel): World {
  if (!worlds.has(model)) {
    const local = {
      place: () => {},
      performanceInterrupt: (masks: boolean) => {
        overflows.push(worlds.get(model)!.processor.now, masks ? 1 : 0);
        worlds.get(model)!.processor.setNonMaskableInterrupt(true);
        worlds.get(model)!.processor.setNonMaskableInterrupt(false);
      },
    };
    worlds.set(model, new World(model, 1 << 20, local));
  }
  return worlds.get(model)!;
}
const world = worldOf('pentium3');

const write = (number: number, low: number, high = 0): number[] => [
  ...mov('ecx', number),
  ...mov('eax', low),
  ...mov('edx', high),
  ...wrmsr,
];
/** EAX and EDX hold the counter; the instruction in front of RDPMC counts as well. */
const readCounter = (index: number): number[] => [...mov('ecx', index), ...rdpmc];
/** What `body` adds to a counter that counts `selection`, without the instruction that stops it. */
function countOf(selection: number, body: readonly number[], slowly = false): number {
  world.flat([...write(selects[0], selection | EN), ...body, ...readCounter(0), ...hlt]);
  runToHalt(slowly);
  return world.get('eax');
}
function runToHalt(slowly: boolean, where = world): void {
  if (slowly) for (let count = 0; count < 3000 && where.run(1) === 'budget'; count++);
  else where.run(3000);
}
const times = (count: number, code: readonly number[]): number[] =>
  new Array<readonly number[]>(count).fill(code).flat();
const DEC_JNZ = [0x49, 0x75, 0xfd]; // Back to the DEC ECX.

for (const slowly of [false, true]) {
  describe(`a counter, ${slowly ? 'in single cycles' : 'in one go'},`, () => {
    const rows: readonly [what: string, event: keyof typeof events, body: readonly number[], count: number][] = [
      ['one of each plain instruction', 'retired', times(20, nop), 21],
      ['a clock for each of them', 'clocks', times(20, nop), 21],
      ['a repeated instruction once', 'retired', [...mov('ecx', 50), ...mov('edi', places.data), 0xf3, 0xaa], 4],
      ['a clock for each iteration', 'clocks', [...mov('ecx', 50), ...mov('edi', places.data), 0xf3, 0xaa], 53],
      [
        'a repeated load, which goes one by one, once',
        'retired',
        [...mov('ecx', 9), ...mov('esi', places.data), 0xf3, 0xac],
        4,
      ],
      ['a repetition of zero times once', 'retired', [...mov('ecx', 0), 0xf3, 0xaa], 3],
      ['INT and IRET', 'retired', int(0x21), 3],
      ['no instruction for a fault, but a clock', 'clocks', [0x0f, 0x0b], 4],
      ['the handler of a fault alone', 'retired', [0x0f, 0x0b], 3],
      ['a loop', 'retired', [...mov('ecx', 10), ...DEC_JNZ], 22],
      ['its branches', 'branches', [...mov('ecx', 10), ...DEC_JNZ], 10],
      ['those that were taken', 'taken', [...mov('ecx', 10), ...DEC_JNZ], 9],
      ['a taken branch to the instruction behind it', 'taken', [0x31, 0xc0, 0x74, 0], 1],
      ['none where that one is not taken', 'taken', [0x31, 0xc0, 0x75, 0], 0],
      ['calls, returns and far ones', 'taken', [0xe8, ...d(0), 0x83, 0x04, 0x24, 5, 0xc3, 0x90], 2],
      ['LOOP to the instruction behind it', 'taken', [...mov('ecx', 2), 0xe2, 0, 0xe2, 0, 0xe3, 0], 2],
      ['clocks with interrupts masked', 'masked', [...nop, 0xfb, ...nop, ...nop, 0xfa, ...nop], 4],
      ['nothing of a cache', 'cacheMisses', times(9, nop), 0],
    ];
    for (const [what, event, body, count] of rows) {
      test(`counts ${what}`, () => {
        const returns = (): void => {
          // INT 21h returns; #UD returns behind its instruction.
          world.put(places.handlers + 0x21 * 16, ...code32.iret);
          world.put(places.handlers + 6 * 16, 0x83, 0x04, 0x24, 2, ...code32.iret);
        };
        world.flat([...write(selects[0], events[event] | OS | EN), ...body, ...readCounter(0), ...hlt]);
        returns();
        runToHalt(slowly);
        expect(world.get('eax')).toBe(count);
        expect(world.get('edx')).toBe(0);
      });
    }
    test('counts interrupts, and no clocks of the time that was slept', () => {
      world.flat([
        ...write(selects[1], events.interrupts | OS),
        ...write(selects[0], events.clocks | OS | EN),
        0xfb,
        ...hlt,
        ...readCounter(1),
        ...[0x89, 0xc3], // MOV EBX, EAX
        ...readCounter(0),
        ...hlt,
      ]);
      world.vector = 0x30;
      world.put(places.handlers + 0x30 * 16, ...code32.iret);
      runToHalt(slowly);
      world.processor.cycle += 100_000;
      world.processor.setInterruptRequest(true);
      runToHalt(slowly);
      expect(world.get('ebx')).toBe(1);
      // STI, HLT, the interrupt, IRET, and four more.
      expect(world.get('eax')).toBe(8);
    });
    test('counts at level 0 or at the others', () => {
      const counts = [OS, USR, OS | USR].map((levels) => {
        const outer = 0x7800;
        const frame = [selectors.data[3], places.stacks[3], 2, selectors.code[3], outer];
        world.flat([...write(selects[0], events.retired | levels | EN), ...frame.flatMap(code32.push), ...code32.iret]);
        world.put(outer, ...times(5, nop), ...int(0x21), ...times(3, nop));
        world.gate(0x21, gate('interrupt32', selectors.code[0], places.handlers + 0x21 * 16, 3));
        world.put(places.handlers + 0x21 * 16, ...nop, ...nop, ...code32.iret);
        const cycles = 4 + 6 + 6 + 3 + 2;
        if (slowly) for (let count = 0; count < cycles; count++) world.run(1);
        else world.run(cycles);
        return valueOf(0);
      });
      // Five pushes, IRETD, the handler; five NOPs, INT, two NOPs.
      expect(counts).toEqual([9, 8, 17]);
    });
    test('counts cycles with enough events, or with too few', () => {
      const body = [...mov('ecx', 20), ...mov('edi', places.data), 0xf3, 0xaa];
      const { retired, clocks } = events;
      expect(countOf(retired | OS | cmask(1), body, slowly)).toBe(4);
      expect(countOf(retired | OS | cmask(1) | INV, body, slowly)).toBe(19);
      expect(countOf(retired | OS | cmask(2), body, slowly)).toBe(0);
      expect(countOf(retired | OS | cmask(16) | INV, body, slowly)).toBe(23);
      expect(countOf(clocks | OS | INV, body, slowly)).toBe(23);
    });
    test('counts how often its condition begins', () => {
      const body = [...nop, ...mov('ecx', 3), ...mov('edi', places.data), 0xf3, 0xaa, ...nop, 0x0f, 0x0b, ...nop];
      const edges = (selection: number): number => {
        world.flat([...write(selects[0], selection | OS | EN | EDGE), ...body, ...readCounter(0), ...hlt]);
        world.put(places.handlers + 6 * 16, 0x83, 0x04, 0x24, 2, ...code32.iret);
        runToHalt(slowly);
        return world.get('eax');
      };
      expect(edges(events.clocks)).toBe(1);
      expect(edges(events.retired)).toBe(3);
      expect(edges(events.retired | cmask(1) | INV)).toBe(2);
    });
    test('interrupts in front of the instruction after the one that overflowed it', () => {
      overflows.length = 0;
      world.flat([
        ...write(counters[0], -10),
        ...write(selects[0], events.retired | OS | INT | EN),
        ...mov('ecx', 3),
        ...mov('edi', places.data),
        ...[0xf3, 0xaa],
        ...times(20, inc('ebx')),
        ...hlt,
      ]);
      if (slowly) runToHalt(true);
      const caught = world.catch();
      expect(caught).toMatchObject({ vector: 2 });
      expect(world.get('ebx')).toBe(7);
      expect(overflows).toEqual([8 + 2 + 3 + 7, 0]);
      // The NMI's own cycle and the HLT of its handler follow.
      expect(valueOf(0)).toBe(1);
    });
    test('interrupts over and over, each time it comes round', () => {
      overflows.length = 0;
      world.flat([
        ...write(counters[1], -7),
        ...write(selects[1], events.clocks | OS | INT),
        ...write(selects[0], EN),
        0xeb,
        0xfe,
      ]);
      // MOV ECX, C2h; MOV EAX, -7; WRMSR; IRET
      world.put(places.handlers + 2 * 16, ...mov('ecx', counters[1]), ...mov('eax', -7), ...wrmsr, ...code32.iret);
      for (let count = 0; count < (slowly ? 100 : 1); count++) world.run(slowly ? 1 : 100);
      const at = overflows.filter((_, index) => index % 2 === 0);
      expect(at[0]).toBe(12 + 7);
      // The interrupt and three instructions; then seven clocks.
      expect(at.slice(1, 6).map((cycle, index) => cycle - at[index]!)).toEqual([11, 11, 11, 11, 11]);
    });
  });
}

/** A counter's value at this boundary. */
function valueOf(index: 0 | 1, where = world): number {
  where.processor.save();
  return where.core.view.getUint32(where.processor['modelSpecific']['counterPlaces'].values[index]!, true);
}

describe('counters', () => {
  test('are both switched on by the first select register', () => {
    world.flat([...write(selects[1], events.retired | OS), ...times(4, nop), ...readCounter(1), ...hlt]);
    world.run();
    expect(world.get('eax')).toBe(0);
    world.flat([
      ...write(selects[1], events.retired | OS | EN),
      ...write(selects[0], EN),
      ...times(4, nop),
      ...readCounter(1),
      ...hlt,
    ]);
    world.run();
    expect(world.get('eax')).toBe(5);
  });
  test('go on from what is written, sign-extended, and wrap after 40 bits', () => {
    world.flat([
      ...write(selects[0], events.retired | OS | EN),
      ...write(counters[0], -3, 0x55),
      ...mov('ecx', 0),
      ...rdpmc,
      ...[0x89, 0xd3, 0x89, 0xc6], // MOV EBX, EDX; MOV ESI, EAX
      ...rdpmc,
      ...hlt,
    ]);
    world.run();
    expect([world.get('ebx'), world.get('esi')]).toEqual([0xff, 0xffff_fffe]);
    expect([world.get('edx'), world.get('eax')]).toEqual([0, 1]);
  });
  test('stop with their value when they are switched off', () => {
    world.flat([
      ...write(selects[0], events.retired | OS | EN),
      ...times(4, nop),
      ...write(selects[0], events.retired | OS),
      ...times(9, nop),
      ...readCounter(0),
      ...hlt,
    ]);
    world.run();
    expect(world.get('eax')).toBe(8);
  });
  test('are read by RDMSR as by RDPMC', () => {
    world.flat([
      ...write(selects[0], events.clocks | OS | EN),
      ...times(6, nop),
      ...mov('ecx', 0xc1),
      ...rdmsr,
      ...hlt,
    ]);
    world.run();
    expect(world.get('eax')).toBe(7);
  });
  test('go on over a save, a load and INIT, and stop at reset', () => {
    world.flat([...write(selects[0], events.clocks | OS | EN), ...times(40, nop)]);
    world.run(10);
    world.processor.load(world.processor.save(), world.processor.cycle);
    world.run(4);
    expect(valueOf(0)).toBe(10);
    world.processor.init();
    expect(valueOf(0)).toBe(10);
    world.processor.reset();
    expect(valueOf(0)).toBe(0);
  });
  test('count a clock and no instruction where a coprocessor error makes the next one stand still', () => {
    // FNINIT; FLDCW; FLDZ; FLD1; FDIV ST, ST(1), which divides by zero; FWAIT
    const code = [0xdb, 0xe3, 0xd9, 0x2d, ...d(places.data), 0xd9, 0xee, 0xd9, 0xe8, 0xd8, 0xf1, 0x9b];
    world.flat([...write(selects[1], events.clocks | OS), ...write(selects[0], events.retired | OS | EN), ...code]);
    world.put32(places.data, 0x37b);
    expect(world.run()).toBe('halted');
    expect([valueOf(0), valueOf(1)]).toEqual([5, 6]);
  });
  test("mask the Pentium M's entry when they interrupt", () => {
    const where = worldOf('pentiumM');
    overflows.length = 0;
    where.flat([...write(counters[0], -3), ...write(selects[0], events.clocks | OS | INT | EN), ...times(9, nop)]);
    where.run(12);
    expect(overflows).toEqual([11, 1]);
  });
});

describe("the Pentium's counters", () => {
  const where = worldOf('pentiumMmx');
  const ANY = 3;
  test('count an event or clocks by the fields of one register', () => {
    const control = 0x16 | (ANY << 6) | ((4 | ANY) << 22);
    const read = (index: number): number[] => readCounter(index);
    const fill = [...mov('ecx', 50), ...mov('edi', places.data), 0xf3, 0xaa];
    where.flat([...write(0x11, control), ...fill, ...read(0), 0x89, 0xc3, ...read(1), ...hlt]);
    where.run();
    expect(where.get('ebx')).toBe(4);
    expect(where.get('eax')).toBe(52 + 4);
  });
  test('count at levels 0 to 2 or at level 3, and not at all', () => {
    for (const [control, count] of [
      [1, 6],
      [2, 0],
      [0, 0],
      [4, 0],
      [5, 6],
    ] as const) {
      where.flat([...write(0x11, 0x16 | (control << 6)), ...times(5, nop), ...readCounter(0), ...hlt]);
      where.run();
      expect([control, where.get('eax')]).toEqual([control, count]);
    }
  });
  test('take all of their 40 bits', () => {
    where.flat([...write(0x12, 0x1234_5678, 0x9a), ...readCounter(0), ...hlt]);
    where.run();
    expect([where.get('edx'), where.get('eax')]).toEqual([0x9a, 0x1234_5678]);
  });
});
