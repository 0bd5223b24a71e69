/** RF and INT1 (Intel SDM Vol. 3B, section 17.3.1.1; Vol. 2A, "INT n/INTO/INT3/INT1"). */
import { describe, expect, test } from 'vitest';
import { code32 } from '../bytes.js';
import { places, World } from '../world.js';

const world = new World('pentium');
const { nop, hlt, int, iret, push } = code32;
const here = places.code;
const RF = 0x1_0000;
const TF = 0x100;

describe('RF', () => {
  const image = (): number => world.frame()(2) & RF;

  test('is set in what a fault pushes', () => {
    world.flat([0x0f, 0x0b]);
    world.catch();
    expect(image()).toBe(RF);
  });
  test('is clear in what INT n, and an interrupt between instructions, push', () => {
    world.flat([...push(RF | 2), ...push(8), ...push(here + 0x40), ...iret]);
    world.put(here + 0x40, ...int(0x30));
    expect(world.catch()?.vector).toBe(0x30);
    expect(image()).toBe(0);
  });
  test('is set in what an interrupt pushes between IRETD that set it and the next instruction', () => {
    for (const slowly of [false, true]) {
      world.flat([...push(RF | 0x202), ...push(8), ...push(here + 0x40), ...iret]);
      world.put(here + 0x40, ...nop, ...nop, ...hlt);
      world.run(slowly ? 4 : 3);
      world.processor.setInterruptRequest(true);
      expect(world.catch()?.eip).toBe(here + 0x40);
      expect(image()).toBe(RF);
    }
  });
  test('is gone after one instruction', () => {
    world.flat([...push(RF | 0x202), ...push(8), ...push(here + 0x40), ...iret]);
    world.put(here + 0x40, ...nop, ...nop, ...hlt);
    world.run(5);
    world.processor.setInterruptRequest(true);
    expect(world.catch()?.eip).toBe(here + 0x41);
    expect(image()).toBe(0);
  });
  test('is set in what an interrupt pushes between two iterations of a repeated instruction, and clear behind the last one', () => {
    for (const [cycles, expected] of [
      [3, RF],
      [5, 0],
    ] as const) {
      world.flat([0xf3, 0xaa, ...nop, ...hlt]);
      world.set('ecx', 5);
      world.set('edi', places.data);
      world.flags = 0x200;
      world.run(cycles);
      world.processor.setInterruptRequest(true);
      world.catch();
      expect([cycles, image()]).toEqual([cycles, expected]);
    }
  });
  test('never shows in what PUSHFD pushes', () => {
    world.flat([...push(RF | 2), ...push(8), ...push(here + 0x40), ...iret]);
    world.put(here + 0x40, 0x9c, ...hlt);
    world.run();
    expect(world.read(world.get('esp')) & RF).toBe(0);
  });
});

describe('INT1', () => {
  test('traps behind itself, leaves DR6 alone, and asks for no privilege', () => {
    world.flat([0xf1, ...hlt], 3);
    expect(world.catch()).toEqual({ vector: 1, cs: 0x3b, eip: here + 1 });
    expect(world.word('dr6')).toBe(0xffff_0ff0);
  });
  test('counts as external where its delivery faults', () => {
    world.flat([0xf1, ...hlt]);
    world.gate(1, [0, 0, 0, 0, 0, 0, 0, 0]);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 1 * 8 + 2 + 1 });
  });
  test('takes no single step on its way', () => {
    world.flat([0xf1, ...hlt]);
    world.flags = TF;
    world.catch();
    expect(world.word('dr6')).toBe(0xffff_0ff0);
  });
});
