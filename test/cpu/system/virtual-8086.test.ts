/** Virtual-8086 mode (Intel SDM Vol. 3B, chapter 20): the way in, the way out, and what IOPL holds back. */
import { describe, expect, test } from 'vitest';
import { code32, gate, w } from '../bytes.js';
import { places, selectors, World } from '../world.js';

const world = new World();
const { push, iret } = code32;
const here = places.code;
/** The program in virtual-8086 mode, at segment 1000h. */
const segment = 0x1000;
const base = segment * 16;
const [code0] = selectors.code;
const [data0] = selectors.data;
const VM = 0x2_0000;
const IF = 0x200;
const NT = 0x4000;
const IOPL3 = 0x3000;

/** Level 0 enters virtual-8086 mode by IRET with these flags and runs `program`. */
function start(program: readonly number[], flags = IOPL3, eip = 0x100): void {
  const frame = [eip, segment, VM | 2 | flags, 0x0800, segment, 0x1100, 0x1200, 0x1300, 0x1400];
  world.flat([...frame.reverse().flatMap(push), ...iret]);
  world.put(base + 0x100, ...program);
}
const entry = 10;

/** What the monitor at level 0 finds on its stack, from EIP upwards. */
const frame = (skip: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => world.frame()(index + skip));

describe('IRET to virtual-8086 mode', () => {
  test('takes EIP, CS, EFLAGS, ESP, SS, ES, DS, FS and GS, all segments of 64 KiB', () => {
    start([0xeb, 0xfe]);
    world.run(entry + 2);
    expect(world.flags & (VM | IOPL3)).toBe(VM | IOPL3);
    expect([world.word('cpl'), world.word('eip'), world.get('esp')]).toEqual([3, 0x100, 0x800]);
    const names = ['cs', 'ss', 'es', 'ds', 'fs', 'gs'] as const;
    expect(names.map((name) => world.selector(name))).toEqual([0x1000, 0x1000, 0x1100, 0x1200, 0x1300, 0x1400]);
    for (const name of names) {
      expect([world.segment(name, 'base'), world.segment(name, 'limit')]).toEqual([world.selector(name) * 16, 0xffff]);
    }
  });
  test('refuses an EIP beyond 64 KiB with #GP(0), still at level 0', () => {
    start([0xeb, 0xfe], IOPL3, 0x1_0000);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0, cs: code0, eip: here + 9 * 5 });
  });
  test('from level 3 keeps VM clear', () => {
    world.flat([...[0x100, selectors.code[3], VM | 2].reverse().flatMap(push), ...iret], 3);
    world.put(0x100, 0xeb, 0xfe);
    world.run(6);
    expect([world.flags & VM, world.word('eip')]).toEqual([0, 0x100]);
  });
  test('is the only way in besides a task: POPF at level 0 leaves VM alone', () => {
    world.flat([...push(VM | 2), ...code32.popf, ...code32.hlt]);
    world.run();
    expect(world.flags & VM).toBe(0);
  });
});

describe('in virtual-8086 mode', () => {
  test('segment loads are those of real mode', () => {
    start([0xb8, ...w(0x2345), 0x8e, 0xd8, 0x8e, 0xd0, 0xeb, 0xfe]);
    world.run(entry + 5);
    expect([world.segment('ds', 'base'), world.segment('ss', 'base'), world.segment('ds', 'limit')]).toEqual([
      0x2_3450, 0x2_3450, 0xffff,
    ]);
  });
  test('far calls and returns are those of real mode', () => {
    start([0x9a, ...w(0x200), ...w(0x2000), 0x40, 0xeb, 0xfe]);
    world.put(0x2_0200, 0x43, 0xcb);
    world.run(entry + 5);
    expect([world.get('ebx') & 0xffff, world.selector('cs'), world.get('esp')]).toEqual([1, segment, 0x800]);
  });
  test('an offset beyond 64 KiB is #GP(0)', () => {
    start([0x67, 0xa0, 0, 0, 1, 0]); // MOV AL, [10000h]
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0, cs: segment, eip: 0x100 });
  });

  const sensitive: readonly [string, number[]][] = [
    ['CLI', [0xfa]],
    ['STI', [0xfb]],
    ['PUSHF', [0x9c]],
    ['POPF', [0x9d]],
    ['INT n', [0xcd, 0x30]],
    ['IRET', [0xcf]],
    ['PUSHFD', [0x66, 0x9c]],
    ['IRETD', [0x66, 0xcf]],
  ];
  for (const [name, code] of sensitive) {
    test(`${name} with IOPL below 3 is #GP(0) to the monitor`, () => {
      start(code, 0x2000);
      expect(world.catch()).toEqual({ vector: 13, errorCode: 0, cs: segment, eip: 0x100 });
      expect(world.get('esp')).toBe(places.stacks[0] - 40);
    });
  }
  const privileged: readonly [string, number[]][] = [
    ['HLT', [0xf4]],
    ['LGDT', [0x0f, 0x01, 0x16, 0, 0]],
    ['LIDT', [0x0f, 0x01, 0x1e, 0, 0]],
    ['LMSW', [0x0f, 0x01, 0xf0]],
    ['CLTS', [0x0f, 0x06]],
    ['MOV from CR0', [0x0f, 0x20, 0xc0]],
    ['MOV to CR3', [0x0f, 0x22, 0xd8]],
    ['MOV to DR7', [0x0f, 0x23, 0xf8]],
  ];
  for (const [name, code] of privileged) {
    test(`${name} is #GP(0) whatever IOPL is`, () => {
      start(code);
      expect(world.catch()).toEqual({ vector: 13, errorCode: 0, cs: segment, eip: 0x100 });
    });
  }
  const unknown: readonly [string, number[]][] = [
    ['LLDT', [0x0f, 0x00, 0xd0]],
    ['LTR', [0x0f, 0x00, 0xd8]],
    ['SLDT', [0x0f, 0x00, 0xc0]],
    ['STR', [0x0f, 0x00, 0xc8]],
    ['VERR', [0x0f, 0x00, 0xe0]],
    ['VERW', [0x0f, 0x00, 0xe8]],
    ['LAR', [0x0f, 0x02, 0xc0]],
    ['LSL', [0x0f, 0x03, 0xc0]],
    ['ARPL', [0x63, 0xc0]],
  ];
  for (const [name, code] of unknown) {
    test(`${name} is #UD`, () => {
      start(code);
      expect(world.catch()).toEqual({ vector: 6, cs: segment, eip: 0x100 });
    });
  }
  test('SMSW and SGDT run', () => {
    start([0x0f, 0x01, 0xe0, 0x0f, 0x01, 0x06, 0, 2, 0xeb, 0xfe]);
    world.run(entry + 4);
    expect([world.get('eax') & 1, world.read(0x1_2200, 2)]).toEqual([1, world.word('gdtrLimit')]);
  });
  test('IN asks the permission map whatever IOPL is', () => {
    start([0xe4, 0x10]);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0 });
    start([0xe4, 0x10, 0xeb, 0xfe]);
    world.core.setSegmentField(7, 'limit', 0x70);
    world.run(entry + 3);
    expect(world.get('eax') & 0xff).toBe(0xff);
  });
  test('CLI, STI, PUSHF and POPF run with IOPL 3, and never touch IOPL or VM', () => {
    start([0xfb, 0x9c, 0x58, 0x6a, 0, 0x9d, 0x9c, 0x5b, 0xeb, 0xfe]);
    world.run(entry + 9);
    expect([world.get('eax') & 0xffff, world.get('ebx') & 0xffff]).toEqual([IOPL3 | IF | 2, IOPL3 | 2]);
    expect(world.flags & (VM | IF | IOPL3)).toBe(VM | IOPL3);
  });
  test('IRET with IOPL 3 returns within the mode, and never touches IOPL or VM', () => {
    start([0x6a, 0, 0x68, ...w(0x2000), 0x68, ...w(0x300), 0xcf]);
    world.put(0x2_0300, 0xeb, 0xfe);
    world.run(entry + 5);
    expect([world.selector('cs'), world.word('eip'), world.flags & (VM | IOPL3)]).toEqual([0x2000, 0x300, VM | IOPL3]);
  });
});

describe('an interrupt out of virtual-8086 mode', () => {
  function throughGate(
    program: readonly number[],
    vector: number,
    level = 3,
    type: 'interrupt32' | 'trap32' = 'trap32',
  ): void {
    start(program, IOPL3 | IF);
    world.gate(vector, gate(type, code0, places.handlers + vector * places.handlerBytes, level));
  }

  test('pushes GS, FS, DS, ES, SS, ESP, EFLAGS, CS and EIP, and clears the data segments', () => {
    throughGate([0xcd, 0x30], 0x30);
    expect(world.catch()).toEqual({ vector: 0x30, cs: segment, eip: 0x102 });
    expect(world.get('esp')).toBe(places.stacks[0] - 36);
    expect(frame(0, 9)).toEqual([0x102, segment, VM | IOPL3 | IF | 2, 0x800, segment, 0x1100, 0x1200, 0x1300, 0x1400]);
    expect(['es', 'ds', 'fs', 'gs'].map((name) => world.selector(name as 'es'))).toEqual([0, 0, 0, 0]);
    expect([world.selector('ss'), world.word('cpl'), world.flags & VM]).toEqual([data0, 0, 0]);
  });
  test('returns into the mode by IRET', () => {
    throughGate([0xcd, 0x30, 0x43, 0xeb, 0xfe], 0x30);
    world.put(places.handlers + 0x30 * places.handlerBytes, 0x41, ...iret);
    world.run(entry + 6);
    expect([world.get('ebx') & 0xffff, world.get('ecx') & 0xffff, world.selector('gs')]).toEqual([1, 1, 0x1400]);
    expect(world.flags & (VM | IF)).toBe(VM | IF);
  });
  test('by INT n needs a gate of level 3', () => {
    throughGate([0xcd, 0x30], 0x30, 2);
    expect(world.catch()).toEqual({ vector: 13, errorCode: 0x182, cs: segment, eip: 0x100 });
  });
  test('by INT3 and INTO asks no IOPL, only the gate', () => {
    for (const [code, vector] of [
      [[0xcc], 3],
      [[0xb0, 0x7f, 0x04, 0x01, 0xce], 4],
    ] as const) {
      start(code, 0);
      world.gate(vector, gate('trap32', code0, places.handlers + vector * places.handlerBytes, 3));
      expect(world.catch()).toEqual({ vector, cs: segment, eip: 0x100 + code.length });
    }
  });
  test('to a code segment of another level than 0 is #GP with it', () => {
    throughGate([0xcd, 0x30], 0x30);
    world.gate(0x30, gate('trap32', selectors.code[1], places.handlers, 3));
    expect(world.catch()).toEqual({ vector: 13, errorCode: selectors.code[1] & ~3, cs: segment, eip: 0x100 });
  });
  test('from outside is taken with IF set and pushes the same frame', () => {
    start([0xeb, 0xfe], IF);
    world.run(entry + 5);
    world.processor.setInterruptRequest(true);
    world.vector = 0x21;
    expect(world.catch()).toEqual({ vector: 0x21, cs: segment, eip: 0x100 });
    expect(frame(3, 2)).toEqual([0x800, segment]);
  });
  test('with an error code pushes it last', () => {
    start([0x36, 0xa1, 0xff, 0xff]); // MOV AX, SS:[FFFFh]
    expect(world.catch()).toEqual({ vector: 12, errorCode: 0, cs: segment, eip: 0x100 });
    expect(world.get('esp')).toBe(places.stacks[0] - 40);
  });
  test('through a 16-bit gate pushes words', () => {
    start([0xcd, 0x30], IOPL3);
    world.gate(0x30, gate('trap16', code0, places.handlers + 0x30 * places.handlerBytes, 3));
    world.run();
    const top = world.get('esp');
    expect(top).toBe(places.stacks[0] - 18);
    expect([0, 2, 6, 8, 16].map((at) => world.read(top + at, 2))).toEqual([0x102, segment, 0x800, segment, 0x1400]);
  });
});

describe('tasks', () => {
  test('whose EFLAGS have VM start in virtual-8086 mode, and IRET with NT goes back there', () => {
    world.flat(code32.jumpFar(selectors.otherTask, 0));
    const { otherTask } = places;
    world.put32(otherTask + 0x20, 0x100);
    world.put32(otherTask + 0x24, VM | IOPL3 | 2);
    world.put32(otherTask + 0x38, 0x800);
    world.put32(otherTask + 4, places.stacks[1]);
    world.put32(otherTask + 8, data0);
    for (const [index, value] of [0x1100, segment, segment, 0x1200, 0x1300, 0x1400].entries()) {
      world.put32(otherTask + 0x48 + index * 4, value);
    }
    world.put(base + 0x100, 0xcd, 0x30, 0x43, 0xeb, 0xfe);
    const third = 0x3_0000;
    world.descriptor(0x88, [0x67, 0, 0, 0, 3, 0x89, 0, 0]);
    world.gate(0x30, gate('task', 0x88, 0, 3));
    world.put32(third + 0x20, places.data);
    world.put32(third + 0x38, places.stacks[2]);
    world.put32(third + 0x4c, code0);
    for (const at of [0x48, 0x50, 0x54, 0x58, 0x5c]) world.put32(third + at, data0);
    world.put(places.data, 0x41, ...iret);
    world.run(2);
    expect([world.selector('tr'), world.flags & (VM | NT), world.word('eip')]).toEqual([0x88, NT, places.data]);
    world.run(3);
    expect([world.word('cpl'), world.flags & (VM | NT), world.get('ebx')]).toEqual([3, VM, 1]);
    expect([world.selector('gs'), world.segment('cs', 'base')]).toEqual([0x1400, base]);
  });
});
