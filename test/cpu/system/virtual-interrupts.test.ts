/** The virtual interrupt flag (Intel SDM Vol. 3B, sections 20.3 and 20.4). */
import { describe, expect, test } from 'vitest';
import { code32, d, gate, w } from '../bytes.js';
import { places, selectors, World } from '../world.js';

const world = new World('pentium');
const { push, iret } = code32;
const here = places.code;
const segment = 0x1000;
const base = segment * 16;
const [TF, IF, VM, VIF, VIP] = [0x100, 0x200, 0x2_0000, 0x8_0000, 0x10_0000];
const IOPL3 = 0x3000;
const [VME, PVI] = [1, 2];
/** Where the redirection bitmap lies in the TSS, and the permission map behind it. */
const bitmap = 0x68;
const stop = [0xeb, 0xfe];
const handlerOffset = 0x4000;

/** Enters virtual-8086 mode with these flags; every INT n is the task's own unless `monitored`. */
function start(program: readonly number[], flags: number, monitored: readonly number[] = []): void {
  const frame = [0x100, segment, VM | 2 | flags, 0x0800, segment, 0, 0, 0, 0];
  world.flat([...frame.reverse().flatMap(push), ...iret]);
  world.put(base + 0x100, ...program);
  world.setWord('cr4', VME);
  world.put16(places.task + 0x66, bitmap + 32);
  for (let byte = 0; byte < 32; byte++) world.put(places.task + bitmap + byte, 0);
  for (const vector of monitored) world.put(places.task + bitmap + (vector >> 3), 1 << (vector & 7));
  // The task register's limit covers both maps.
  world.core.setSegmentField(7, 'limit', bitmap + 32);
  world.put(0x30 * 4, ...w(handlerOffset), ...w(segment));
  world.put(base + handlerOffset, ...stop);
}
const entry = 10;
const run = (instructions: number): void => void world.run(entry + instructions);
const protection = { vector: 13, errorCode: 0, cs: segment };

describe('with CR4.VME and IOPL below 3', () => {
  test('STI sets VIF, CLI clears it, and IF stays', () => {
    start([0xfb, 0xfa, ...stop], IF);
    run(1);
    expect(world.flags & (VIF | IF)).toBe(VIF | IF);
    run(-entry + 1);
    expect(world.flags & (VIF | IF)).toBe(IF);
  });
  test('STI with VIP set is #GP(0), with IF still as it was', () => {
    start([0xfb], VIP);
    expect(world.catch()).toMatchObject({ ...protection, eip: 0x100 });
  });
  for (const virtual of [0, VIF]) {
    test(`PUSHF stores VIF in place of IF, and an IOPL of 3 (VIF ${virtual ? 'set' : 'clear'})`, () => {
      start([0x9c, ...stop], virtual | (virtual ? 0 : IF));
      run(1);
      expect(world.read(base + 0x7fe, 2) & (IF | IOPL3)).toBe(IOPL3 | (virtual ? IF : 0));
    });
    test(`POPF takes IF into VIF, and leaves IF and IOPL alone (to ${virtual ? 1 : 0})`, () => {
      start([0x68, ...w((virtual ? IF : 0) | 0x41), 0x9d, ...stop], virtual ^ VIF);
      run(2);
      expect(world.flags & (VIF | IF | IOPL3 | 0x41)).toBe(virtual | 0x41);
    });
    test(`IRET takes IF into VIF (to ${virtual ? 1 : 0})`, () => {
      const image = virtual ? IF : 0;
      start([0x68, ...w(image), 0x68, ...w(segment), 0x68, ...w(0x300), 0xcf], IF | (virtual ^ VIF));
      world.put(base + 0x300, ...stop);
      run(4);
      expect(world.word('eip')).toBe(0x300);
      expect(world.flags & (VIF | IF)).toBe(virtual | IF);
    });
  }
  test('POPF and IRET with TF, or with IF while VIP is set, are #GP(0)', () => {
    const cases: readonly [number, number][] = [
      [TF, 0],
      [IF, VIP],
    ];
    for (const [image, flags] of cases) {
      start([0x68, ...w(image), 0x9d], flags);
      expect(world.catch()).toMatchObject({ ...protection, eip: 0x103 });
      start([0x68, ...w(image), 0x68, ...w(segment), 0x68, ...w(0x300), 0xcf], flags);
      expect(world.catch()).toMatchObject({ ...protection, eip: 0x109 });
    }
  });
  test('POPF without IF passes while VIP is set', () => {
    start([0x6a, 0, 0x9d, ...stop], VIP | VIF);
    run(2);
    expect(world.flags & (VIF | VIP)).toBe(VIP);
  });
  for (const code of [
    [0x66, 0x9c],
    [0x66, 0x9d],
    [0x66, 0xcf],
  ]) {
    test(`the 32-bit form ${code.map((byte) => byte.toString(16)).join(' ')} is #GP(0)`, () => {
      start(code, 0);
      expect(world.catch()).toMatchObject({ ...protection, eip: 0x100 });
    });
  }
  test('INT n goes to the task with VIF in the pushed IF, and clears VIF and TF', () => {
    start([0xcd, 0x30], VIF);
    run(1);
    expect([world.selector('cs'), world.word('eip'), world.word('cpl')]).toEqual([segment, handlerOffset, 3]);
    expect(world.read(base + 0x7fe, 2) & (IF | IOPL3)).toBe(IF | IOPL3);
    expect([world.read(base + 0x7fc, 2), world.read(base + 0x7fa, 2)]).toEqual([segment, 0x102]);
    expect(world.flags & (VIF | VM)).toBe(VM);
  });
  test('INT n that the bitmap gives to the monitor is #GP(0)', () => {
    start([0xcd, 0x30], 0, [0x30]);
    expect(world.catch()).toMatchObject({ ...protection, eip: 0x100 });
  });
  test('INT n with the bitmap beyond the TSS is #GP(0)', () => {
    start([0xcd, 0x30], 0);
    world.core.setSegmentField(7, 'limit', 0x67);
    expect(world.catch()).toMatchObject({ ...protection, eip: 0x100 });
  });
});

describe('with CR4.VME and IOPL 3', () => {
  test('INT n goes to the task with its flags as they are, and clears IF', () => {
    start([0xcd, 0x30], IOPL3 | IF);
    run(1);
    expect(world.word('eip')).toBe(handlerOffset);
    expect(world.read(base + 0x7fe, 2) & (IF | IOPL3)).toBe(IF | IOPL3);
    expect(world.flags & (IF | IOPL3)).toBe(IOPL3);
  });
  test('INT n that the bitmap gives to the monitor goes through the gate', () => {
    start([0xcd, 0x30], IOPL3, [0x30]);
    world.gate(0x30, gate('interrupt32', selectors.code[0], places.handlers + 0x30 * 16, 3));
    expect(world.catch()).toMatchObject({ vector: 0x30, cs: segment, eip: 0x102 });
  });
  test('INT3 always goes through the gate', () => {
    start([0xcc], IOPL3);
    world.gate(3, gate('interrupt32', selectors.code[0], places.handlers + 3 * 16, 3));
    expect(world.catch()).toMatchObject({ vector: 3, eip: 0x101 });
  });
  test('CLI acts on IF', () => {
    start([0xfa, ...stop], IOPL3 | IF | VIF);
    run(1);
    expect(world.flags & (IF | VIF)).toBe(VIF);
  });
});

describe('with CR4.PVI', () => {
  /** A program of a level with IOPL 0. */
  const program = (code: readonly number[], level: 1 | 3, flags = 0): void => {
    world.flat(code, level);
    world.flags = flags;
    world.setWord('cr4', PVI);
  };
  test('STI and CLI of level 3 act on VIF', () => {
    program([0xfb, 0xfa, ...stop], 3);
    world.run(1);
    expect(world.flags & (VIF | IF)).toBe(VIF);
    world.run(1);
    expect(world.flags & (VIF | IF)).toBe(0);
  });
  test('STI with VIP set is #GP(0)', () => {
    program([0xfb], 3, VIP);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0, eip: here });
  });
  test('STI of level 1 is #GP(0)', () => {
    program([0xfb], 1);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0, eip: here });
  });
  test('PUSHF and POPF leave VIF out of it', () => {
    program([0x68, ...d(0), 0x9d, 0x9c, ...stop], 3, VIF | IF);
    world.run(3);
    expect(world.flags & (VIF | IF)).toBe(VIF | IF);
    expect(world.read(world.get('esp')) & (VIF | IF)).toBe(VIF | IF);
  });
});

test('IRETD to the same level loads VIF and VIP at level 0 alone', () => {
  for (const level of [0, 3] as const) {
    world.flat([...push(VIF | VIP | 2), ...push(selectors.code[level]), ...push(here + 0x40), ...iret], level);
    world.put(here + 0x40, ...stop);
    world.run(5);
    expect(world.flags & (VIF | VIP)).toBe(level === 0 ? VIF | VIP : 0);
  }
});
