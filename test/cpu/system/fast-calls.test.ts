/** SYSENTER and SYSEXIT (Intel SDM Vol. 2B): segments from a register, whatever the tables hold. */
import { describe, expect, test } from 'vitest';
import { code32, d } from '../bytes.js';
import { places, selectors, World } from '../world.js';

const world = new World('pentium3');
const { mov, hlt } = code32;
const sysenter = [0x0f, 0x34];
const sysexit = [0x0f, 0x35];
const setRegister = (number: number, value: number): number[] => [
  ...mov('ecx', number),
  ...mov('eax', value),
  ...mov('edx', 0),
  ...[0x0f, 0x30],
];
const entry = places.code + 0x800;
const outside = places.code + 0x900;
const setUp = (selector: number): number[] => [
  ...setRegister(0x174, selector),
  ...setRegister(0x175, places.stacks[0] - 0x40),
  ...setRegister(0x176, entry),
];
/** Goes to level 3 at `outside`. */
const leave = [
  ...[selectors.data[3], places.stacks[3], selectors.code[3], outside].flatMap(code32.push),
  ...code32.retf,
];

describe('SYSENTER', () => {
  test('enters level 0 with flat segments beside the register’s selector, interrupts shut', () => {
    world.flat([...setUp(0x83), ...leave]);
    world.put(outside, ...sysenter);
    world.put(entry, ...hlt);
    world.flags = 0x3202;
    expect(world.run()).toBe('halted');
    expect([world.selector('cs'), world.selector('ss')]).toEqual([0x80, 0x88]);
    expect([world.word('cpl'), world.get('esp'), world.word('eip')]).toEqual([0, places.stacks[0] - 0x40, entry + 1]);
    expect(world.flags & 0x200).toBe(0);
    expect([world.segment('cs', 'limit'), world.segment('ss', 'limit')]).toEqual([0xffff_ffff, 0xffff_ffff]);
    expect([world.segment('cs', 'attributes'), world.segment('ss', 'attributes')]).toEqual([0xc09b, 0xc093]);
  });
  test('faults where the register holds a null selector', () => {
    for (const selector of [0, 3]) {
      world.flat([...setUp(selector), ...sysenter]);
      expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0 });
    }
  });
  test('does not exist on the Pentium Pro, and faults in real mode', () => {
    const older = new World('pentiumPro');
    older.flat(sysenter);
    expect(older.catch()).toMatchObject({ vector: 6 });
    world.real(sysenter);
    world.run();
    expect(world.word('eip')).toBe(places.handlers + 2 * 13 + 1);
  });
});

describe('SYSEXIT', () => {
  test('leaves for level 3 at EDX with its stack at ECX', () => {
    world.flat([...setRegister(0x174, 0x80), ...mov('edx', outside), ...mov('ecx', places.stacks[3]), ...sysexit]);
    world.put(outside, 0xeb, 0xfe);
    world.run(40);
    expect([world.selector('cs'), world.selector('ss'), world.word('cpl')]).toEqual([0x93, 0x9b, 3]);
    expect([world.word('eip'), world.get('esp')]).toEqual([outside, places.stacks[3]]);
    expect([world.segment('cs', 'attributes'), world.segment('ss', 'attributes')]).toEqual([0xc0fb, 0xc0f3]);
  });
  test('is for level 0 alone', () => {
    world.flat([...setUp(0x80), ...leave]);
    world.put(outside, ...sysexit);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0, eip: outside });
  });
  test('faults where the register holds a null selector', () => {
    world.flat([...setUp(0), ...sysexit, ...d(0)]);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0 });
  });
});
