/** Segment registers in protected mode, and the instructions that look at descriptors (Intel SDM Vol. 3A, chapters 3 and 5). */
import { describe, expect, test } from 'vitest';
import { access, atLevel, B, code32, d, descriptor, G, gate } from '../bytes.js';
import { places, selectors, World } from '../world.js';

const world = new World();
const { mov, movSegment, hlt } = code32;
const here = places.code;
const [code0, code1, , code3] = selectors.code;
const [data0, data1, , data3] = selectors.data;
const ZF = 0x40;

describe('loading DS', () => {
  const load = (selector: number): number[] => [...mov('eax', selector), ...movSegment(3)];
  test('of a null selector is allowed, and only its use is #GP(0)', () => {
    for (const selector of [0, 3]) {
      world.flat([...load(selector), ...code32.loadEax(places.data)]);
      expect(world.catch()).toEqual({ vector: 13, errorCode: 0, cs: code0, eip: here + 7 });
      expect(world.selector('ds')).toBe(selector);
    }
  });
  const cases: readonly [string, 0 | 3, number, number, number | undefined][] = [
    ['a readable code segment', 0, access.code, 0, undefined],
    ['an execute-only code segment', 0, access.executeOnly, 0, 13],
    ['a read-only segment', 0, access.readOnly, 0, undefined],
    ['an inner data segment at level 3', 3, access.data, 0, 13],
    ['an outer data segment', 0, atLevel(access.data, 3), 0, undefined],
    ['a data segment with too high an RPL', 0, access.data, 3, 13],
    ['an inner conforming segment at level 3', 3, access.conforming, 3, undefined],
    ['an absent segment', 0, access.data & ~0x80, 0, 11],
    ['a system segment', 0, access.ldt, 0, 13],
  ];
  for (const [name, level, type, rpl, vector] of cases) {
    test(`of ${name} is ${vector === undefined ? 'allowed' : `fault ${vector} with the selector`}`, () => {
      world.flat([...load(selectors.free | rpl), 0xeb, 0xfe], level);
      world.descriptor(selectors.free, descriptor(0x1234, 0xff, type, B));
      const before = world.selector('ds');
      const caught = world.catch(5);
      if (vector === undefined) {
        expect(caught).toBeUndefined();
        expect([world.segment('ds', 'base'), world.segment('ds', 'limit')]).toEqual([0x1234, 0xff]);
      } else {
        const cs = level === 0 ? code0 : code3;
        expect(caught).toEqual({ vector, errorCode: selectors.free, cs, eip: here + 5 });
        expect(world.selector('ds')).toBe(before);
      }
    });
  }
  test('of a selector outside the table is #GP with it', () => {
    for (const selector of [0xff8, 0x100, 0x0c]) {
      world.flat(load(selector));
      expect(world.catch()).toEqual({ vector: 13, errorCode: selector, cs: code0, eip: here + 5 });
    }
  });
  test('takes the last descriptor of the table, and not one that ends beyond the limit', () => {
    world.flat([...load(selectors.free4), ...hlt]);
    world.descriptor(selectors.free4, descriptor(0, 0xff, access.data, B));
    world.setWord('gdtrLimit', selectors.free4 + 7);
    expect(world.run()).toBe('halted');
    world.flat(load(selectors.free4));
    world.descriptor(selectors.free4, descriptor(0, 0xff, access.data, B));
    world.setWord('gdtrLimit', selectors.free4 + 6);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: selectors.free4 });
  });
  test('sets the accessed bit of the descriptor', () => {
    world.flat([...load(selectors.free), ...hlt]);
    world.descriptor(selectors.free, descriptor(0, 0xff, access.data & ~1, B));
    world.run();
    expect(world.read(places.gdt + selectors.free + 5, 1)).toBe(access.data);
  });
  test('takes a limit in pages with G set', () => {
    world.flat([...load(selectors.free), ...hlt]);
    world.descriptor(selectors.free, descriptor(0x1234_5678, 0x12345, access.data, G | B));
    world.run();
    expect([world.segment('ds', 'base'), world.segment('ds', 'limit')]).toEqual([0x1234_5678, 0x1234_5fff]);
  });
  test('by LDS, POP DS and LFS leaves everything alone when it faults', () => {
    for (const code of [[0xc5, 0x1d, ...d(places.data)], [0x0f, 0xb4, 0x1d, ...d(places.data)], [0x1f]]) {
      world.flat(code);
      world.put32(places.data, 0x1111_1111);
      world.put32(places.data + 4, 0xff8);
      world.put32(places.stacks[0], 0xff8);
      world.set('ebx', 0x2222_2222);
      expect(world.catch()).toEqual({ vector: 13, errorCode: 0xff8, cs: code0, eip: here });
      expect(world.get('ebx')).toBe(0x2222_2222);
      expect(world.get('esp')).toBe(places.stacks[0] - 16);
    }
  });
});

describe('loading SS', () => {
  const cases: readonly [string, number, number, number][] = [
    ['a null selector', 0, 13, 0],
    ['another RPL', data0 | 1, 13, data0],
    ['another level', data3 & ~3, 13, data3 & ~3],
    ['a read-only segment', selectors.free, 13, selectors.free],
    ['a code segment', code0, 13, code0],
    ['an absent segment', selectors.free2, 12, selectors.free2],
  ];
  for (const [name, selector, vector, errorCode] of cases) {
    test(`of ${name} is fault ${vector}`, () => {
      world.flat([...mov('eax', selector), ...movSegment(2)]);
      world.descriptor(selectors.free, descriptor(0, 0xfffff, access.readOnly, G | B));
      world.descriptor(selectors.free2, descriptor(0, 0xfffff, access.data & ~0x80, G | B));
      expect(world.catch()).toEqual({ vector, errorCode, cs: code0, eip: here + 5 });
      expect(world.selector('ss')).toBe(data0);
    });
  }
  test('by LSS takes both halves at once', () => {
    world.flat([0x0f, 0xb2, 0x25, ...d(places.data), ...hlt]);
    world.descriptor(selectors.free, descriptor(0x1_0000, 0xffff, access.data, 0));
    world.put(places.data, ...d(0x1234), selectors.free, 0);
    world.run();
    expect([world.selector('ss'), world.get('esp'), world.segment('ss', 'base')]).toEqual([
      selectors.free,
      0x1234,
      0x1_0000,
    ]);
  });
});

describe('looking at descriptors', () => {
  const LAR = 0x02;
  const LSL = 0x03;
  /** LAR or LSL EBX, AX. */
  function look(opcode: number, selector: number, level: 0 | 3 = 0): number | undefined {
    world.flat([0x0f, opcode, 0xd8, 0xeb, 0xfe], level);
    prepareTypes();
    world.set('eax', selector);
    world.set('ebx', 0xdead_beef);
    world.run(2);
    return (world.flags & ZF) === 0 ? undefined : world.get('ebx');
  }
  /** Descriptors 80h to F8h: system types 0 to 15, all of level 0. */
  function prepareTypes(): void {
    for (let type = 0; type < 16; type++) {
      world.descriptor(0x80 + type * 8, descriptor(0x1234_5678, 0x54321, 0x80 | type, G));
    }
    world.descriptor(selectors.free, descriptor(0, 0x12, access.conforming, B));
    world.descriptor(selectors.free2, descriptor(0, 0x12, access.data & ~0x80, B));
  }

  test('LAR gives the access bytes of segments and of the system types that have any', () => {
    expect(look(LAR, data0)).toBe(0x00c0_9300);
    const found = Array.from({ length: 16 }, (_, type) => look(LAR, 0x80 + type * 8));
    const expected = Array.from({ length: 16 }, (_, type) =>
      [1, 2, 3, 4, 5, 9, 11, 12].includes(type) ? 0x0080_8000 | (type << 8) : undefined,
    );
    expect(found).toEqual(expected);
  });
  test('LSL gives limits in bytes, of segments and of the system types that have one', () => {
    expect(look(LSL, data0)).toBe(0xffff_ffff);
    const found = Array.from({ length: 16 }, (_, type) => look(LSL, 0x80 + type * 8));
    const expected = Array.from({ length: 16 }, (_, type) =>
      [1, 2, 3, 9, 11].includes(type) ? 0x5432_1fff : undefined,
    );
    expect(found).toEqual(expected);
  });
  test('both leave the target alone when they clear ZF', () => {
    look(LAR, 0xff8);
    expect(world.get('ebx')).toBe(0xdead_beef);
  });
  test('with 16-bit operands they write 16 bits', () => {
    world.flat([0x66, 0x0f, LAR, 0xd8, 0x66, 0x0f, LSL, 0xc8, ...hlt]);
    world.set('eax', data0);
    world.set('ebx', 0x1111_1111);
    world.set('ecx', 0x1111_1111);
    world.run();
    expect([world.get('ebx'), world.get('ecx')]).toEqual([0x1111_9300, 0x1111_ffff]);
  });
  test('null, outside, hidden by CPL and hidden by RPL clear ZF; conforming code is never hidden', () => {
    for (const opcode of [LAR, LSL]) {
      expect(look(opcode, 0)).toBeUndefined();
      expect(look(opcode, 3)).toBeUndefined();
      expect(look(opcode, 0xff8)).toBeUndefined();
      expect(look(opcode, data1, 3)).toBeUndefined();
      expect(look(opcode, data0 | 3)).toBeUndefined();
      expect(look(opcode, code1 & ~3)).toBeDefined();
      expect(look(opcode, selectors.free | 3, 3)).toBeDefined();
      expect(look(opcode, selectors.free2)).toBeDefined(); // Absent ones can be looked at.
    }
  });
  test('VERR and VERW tell what may be read and written', () => {
    const verify = (digit: number, selector: number, level: 0 | 3 = 0): boolean => {
      world.flat([0x0f, 0x00, 0xc0 | (digit << 3), 0xeb, 0xfe], level);
      prepareTypes();
      world.descriptor(selectors.free3, descriptor(0, 0xff, access.readOnly, B));
      world.descriptor(selectors.free4, descriptor(0, 0xff, access.executeOnly, B));
      world.set('eax', selector);
      world.run(2);
      return (world.flags & ZF) !== 0;
    };
    const both = (selector: number, level: 0 | 3 = 0): boolean[] => [
      verify(4, selector, level),
      verify(5, selector, level),
    ];
    expect(both(data0)).toEqual([true, true]);
    expect(both(code0)).toEqual([true, false]);
    expect(both(selectors.free3)).toEqual([true, false]);
    expect(both(selectors.free4)).toEqual([false, false]);
    expect(both(data0, 3)).toEqual([false, false]);
    expect(both(data3, 3)).toEqual([true, true]);
    expect(both(selectors.free | 3, 3)).toEqual([true, false]);
    expect(both(0)).toEqual([false, false]);
    expect(both(0x80 + 2 * 8)).toEqual([false, false]);
  });
  test('ARPL raises RPL to that of the other selector and tells whether it did', () => {
    const adjust = (target: number, source: number): [number, boolean] => {
      world.flat([0x63, 0xc8, ...hlt]); // ARPL AX, CX
      world.set('eax', target);
      world.set('ecx', source);
      world.run();
      return [world.get('eax'), (world.flags & ZF) !== 0];
    };
    expect(adjust(0xabcd_1230, 0x0003)).toEqual([0xabcd_1233, true]);
    expect(adjust(0x1232, 0x0001)).toEqual([0x1232, false]);
    expect(adjust(0x1231, 0x0001)).toEqual([0x1231, false]);
  });
  test('none of them is there in real mode', () => {
    for (const code of [
      [0x0f, LAR, 0xd8],
      [0x0f, LSL, 0xd8],
      [0x0f, 0, 0xe0],
      [0x0f, 0, 0xd8],
      [0x0f, 0, 0xc0],
      [0x63, 0xc8],
    ]) {
      world.real(code);
      expect(world.run()).toBe('halted');
      expect(world.word('eip')).toBe(places.handlers + 6 * 2 + 1);
    }
  });
});

describe('levels', () => {
  const privileged: readonly [string, number[]][] = [
    ['HLT', [0xf4]],
    ['LGDT', [0x0f, 0x01, 0x15, ...d(places.data)]],
    ['LIDT', [0x0f, 0x01, 0x1d, ...d(places.data)]],
    ['LMSW', [0x0f, 0x01, 0xf0]],
    ['CLTS', [0x0f, 0x06]],
    ['MOV from CR0', [0x0f, 0x20, 0xc0]],
    ['MOV to CR0', [0x0f, 0x22, 0xc0]],
    ['MOV from DR7', [0x0f, 0x21, 0xf8]],
    ['MOV to TR6', [0x0f, 0x26, 0xf0]],
  ];
  for (const [name, code] of privileged) {
    test(`${name} at levels 1 to 3 is #GP(0)`, () => {
      for (const level of [1, 2, 3] as const) {
        world.flat(code, level);
        expect(world.catch()).toEqual({ vector: 13, errorCode: 0, cs: selectors.code[level], eip: here });
      }
    });
  }
  test('CLI and STI ask IOPL', () => {
    for (const [level, iopl, allowed] of [
      [3, 2, false],
      [3, 3, true],
      [1, 0, false],
      [1, 1, true],
    ] as const) {
      for (const code of [0xfa, 0xfb]) {
        world.flat([code, 0xeb, 0xfe], level);
        world.flags = iopl << 12;
        expect(world.catch(3) === undefined).toBe(allowed);
      }
    }
  });
  test('POPF at level 3 leaves IOPL, and IF where IOPL is lower, without a fault', () => {
    world.flat([0x6a, 0x02, ...code32.popf, 0x68, ...d(0x3202), ...code32.popf, 0xeb, 0xfe], 3);
    world.flags = 0x1200;
    world.run(6);
    expect(world.flags & 0x3200).toBe(0x1200);
  });
  test('SGDT, SIDT, SMSW, SLDT and STR run at level 3', () => {
    world.flat(
      [
        ...[0x0f, 0x01, 0x05, ...d(places.data), 0x0f, 0x01, 0x0d, ...d(places.data + 8)],
        ...[0x0f, 0x01, 0xe0, 0x0f, 0x00, 0xc1, 0x0f, 0x00, 0xca, 0xeb, 0xfe],
      ],
      3,
    );
    world.run(6);
    expect([world.read(places.data, 2), world.read(places.data + 2)]).toEqual([world.word('gdtrLimit'), places.gdt]);
    expect([world.read(places.data + 8, 2), world.read(places.data + 10)]).toEqual([
      world.word('idtrLimit'),
      places.idt,
    ]);
    expect([world.get('eax') & 1, world.get('ecx'), world.get('edx')]).toEqual([1, 0, selectors.task]);
  });
  test('LMSW sets PE and never clears it; MOV CR0 with PG but not PE is #GP(0)', () => {
    world.flat([0x31, 0xc0, 0x0f, 0x01, 0xf0, 0x0f, 0x20, 0xc3, ...hlt]);
    world.run();
    expect(world.get('ebx') & 1).toBe(1);
    world.flat([...mov('eax', 0x8000_0000), 0x0f, 0x22, 0xc0]);
    expect(world.catch()).toEqual({ vector: 13, errorCode: 0, cs: code0, eip: here + 5 });
  });
  test('ESC and WAIT raise #NM as EM, TS and MP say', () => {
    const [MP, EM, TS] = [2, 4, 8];
    for (const [code, bits, raised] of [
      [[0xd9, 0xe8], 0, false],
      [[0xd9, 0xe8], MP, false],
      [[0xd9, 0xe8], EM, true],
      [[0xd9, 0xe8], TS, true],
      [[0x9b], TS, false],
      [[0x9b], MP, false],
      [[0x9b], MP | TS, true],
    ] as const) {
      world.flat([...code, ...hlt]);
      world.setWord('cr0', 1 | bits);
      expect(world.catch()).toEqual(raised ? { vector: 7, cs: code0, eip: here } : undefined);
    }
  });
});

test('a gate names its segment by a selector whose RPL is not looked at', () => {
  world.flat(code32.int(0x30));
  world.gate(0x30, gate('interrupt32', code0 | 3, places.handlers + 0x30 * places.handlerBytes));
  expect(world.catch()).toMatchObject({ vector: 0x30 });
  expect(world.selector('cs')).toBe(code0);
});
