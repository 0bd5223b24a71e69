/** MXCSR, exceptions, and the x87 registers that MMX shares (Intel SDM Vol. 1, sections 9.5, 10.2.3 and 11.5). */
import { describe, expect, test } from 'vitest';
import { cr4Bits } from '../../../../src/cpu/system/control-bits.js';
import { data, direct, doubles, singles, vector, VectorWorld } from './machine.js';

const UD = 6;
const GP = 13;
const XM = 19;
const [IE, DE, ZE, OE, UE, PE] = [1, 2, 4, 8, 0x10, 0x20];
const masked = 0x1f80;
const maskOf = (flag: number): number => flag << 7;

const world = new VectorWorld();
const third = new VectorWorld('pentium3');

const ldmxcsr = [0x0f, 0xae, ...direct(2, data)];
const stmxcsr = [0x0f, 0xae, ...direct(3, data)];

describe('MXCSR', () => {
  test('is loaded and stored', () => {
    world.ready([...ldmxcsr, 0x0f, 0xae, ...direct(3, data + 4)]);
    world.put32(data, 0xffff);
    expect(world.catch()).toBeUndefined();
    expect(world.read(data + 4)).toBe(0xffff);
    world.ready(stmxcsr).run();
    expect(world.read(data)).toBe(masked);
  });
  test('has no reserved bits, to which denormals-are-zero belongs before SSE2', () => {
    for (const [machine, value, expected] of [
      [world, 0x1_0000, GP],
      [world, 0x8000_0000, GP],
      [world, 0x1fc0, undefined],
      [third, 0x1fc0, GP],
      [third, 0x9fbf, undefined],
    ] as const) {
      machine.ready(ldmxcsr);
      machine.put32(data, value);
      expect(machine.catch()?.vector).toBe(expected);
      expect(machine.word('mxcsr')).toBe(expected === undefined ? value : masked);
    }
  });
});

describe('an exception that is not masked', () => {
  /** Runs an instruction on XMM0 and XMM1 with one exception unmasked. */
  function run(code: readonly number[], unmasked: number, a: Uint8Array, b: Uint8Array): number | undefined {
    world.ready(code);
    world.setWord('mxcsr', masked & ~maskOf(unmasked));
    world.setXmm(0, a);
    world.setXmm(1, b);
    return world.catch()?.vector;
  }
  const flags = (): number => world.word('mxcsr') & 0x3f;

  test('is #XM, sets its flag, and leaves the target', () => {
    const cases = [
      [[0xf2, 0x0f, 0x5e, 0xc1], ZE, doubles(1, 7), doubles(0, 0)],
      [[0xf2, 0x0f, 0x58, 0xc1], PE, doubles(1, 7), doubles(1e-30, 0)],
      [[0xf3, 0x0f, 0x59, 0xc1], OE, singles(1e30, 1), singles(1e30, 1)],
      [[0xf3, 0x0f, 0x59, 0xc1], UE, singles(1e-30, 1), singles(1e-30, 1)],
      [[0xf3, 0x0f, 0x58, 0xc1], DE, singles(1e-40, 1), singles(1, 1)],
      [[0xf2, 0x0f, 0x51, 0xc1], IE, doubles(1, 7), doubles(-4, 0)],
      [[0x66, 0x0f, 0x2f, 0xc1], IE, doubles(NaN, 0), doubles(1, 0)],
      [[0xf2, 0x0f, 0x2d, 0xc1], IE, doubles(0, 0), doubles(1e20, 0)],
    ] as const;
    for (const [code, exception, a, b] of cases) {
      expect(run(code, exception, a, b)).toBe(XM);
      expect(flags() & exception).toBe(exception);
      expect(world.xmm(0).slice(0, a.length)).toEqual(a);
      expect(world.get('eax')).toBe(0);
    }
  });
  test('is an invalid opcode where the system has not asked for #XM', () => {
    world.ready([0xf2, 0x0f, 0x5e, 0xc1]);
    world.setWord('cr4', cr4Bits.OSFXSR);
    world.setWord('mxcsr', masked & ~maskOf(ZE));
    world.setXmm(0, doubles(1, 1));
    expect(world.catch()?.vector).toBe(UD);
    expect(flags()).toBe(ZE);
  });
  test('keeps all lanes from being written; before the computation it hides what would come of it', () => {
    // The first lane is inexact, the second a division by zero.
    expect(run([0x66, 0x0f, 0x5e, 0xc1], ZE, doubles(1, 1), doubles(3, 0))).toBe(XM);
    expect(world.xmm(0)).toEqual(doubles(1, 1));
    expect(flags()).toBe(ZE);
    expect(run([0x66, 0x0f, 0x5e, 0xc1], PE, doubles(1, 1), doubles(3, 0))).toBe(XM);
    expect(flags()).toBe(ZE | PE);
  });
  test('is none where another is masked', () => {
    expect(run([0x66, 0x0f, 0x5e, 0xc1], OE, doubles(1, 1), doubles(3, 0))).toBeUndefined();
    expect(world.xmm(0)).toEqual(doubles(1 / 3, Infinity));
    expect(flags()).toBe(ZE | PE);
  });
});

test('flags stay until they are cleared, and what needs no kernel says the same', () => {
  world.ready([0xf2, 0x0f, 0x58, 0xc1, 0xf2, 0x0f, 0x58, 0xc1, 0xf2, 0x0f, 0x59, 0xc2]);
  world.setXmm(0, doubles(1, 0));
  world.setXmm(1, doubles(1e-20, 0));
  world.setXmm(2, doubles(1e-310, 0));
  world.run(1);
  expect(world.word('mxcsr')).toBe(masked | PE);
  world.run(1);
  expect(world.word('mxcsr')).toBe(masked | PE);
  world.run(1);
  expect(world.word('mxcsr')).toBe(masked | PE | DE);
});

describe('the registers that MMX shares with the x87', () => {
  test('are all filled, and TOP is 0, after any of its instructions; what is written looks like a NaN', () => {
    for (const code of [
      [0x0f, 0xfc, 0xc1],
      [0x0f, 0x6e, 0xc0],
      [0x0f, 0x7e, 0xc0],
      [0x0f, 0xd7, 0xc0],
      [0xf3, 0x0f, 0xd6, 0xc0],
      [0x0f, 0x7f, ...direct(0, data)],
    ]) {
      world.ready(code);
      world.setWord('x87Top', 0x30);
      world.setWord('x87Empty', 0xff);
      expect(world.catch()).toBeUndefined();
      expect([world.word('x87Top'), world.word('x87Empty')]).toEqual([0, 0]);
    }
    world.ready([0x0f, 0xfc, 0xc1]);
    world.run();
    expect([...world.mm(0).slice(8)]).toEqual([0xff, 0xff]);
    expect([...world.mm(1).slice(8)]).toEqual([0, 0]);
  });
  test('are empty after EMMS, which resets TOP and leaves what they hold', () => {
    world.ready([0x0f, 0x77]);
    world.setWord('x87Top', 0x20);
    world.setMm(1, vector(1, 2));
    world.run();
    expect([world.word('x87Top'), world.word('x87Empty'), world.mm(1).slice(0, 8)]).toEqual([0, 0xff, vector(1, 2)]);
  });
  test('are left alone by instructions on XMM registers and memory', () => {
    for (const code of [
      [0x66, 0x0f, 0xfc, 0xc1],
      [0x0f, 0x2a, ...direct(0, data)],
    ]) {
      world.ready(code);
      world.setWord('x87Empty', 0xff);
      world.run();
      expect(world.word('x87Empty')).toBe(0xff);
    }
  });
});

describe('FXSAVE and FXRSTOR', () => {
  const save = [0x0f, 0xae, ...direct(0, data)];
  const restore = [0x0f, 0xae, ...direct(1, data)];
  test('keep MXCSR, its mask and the XMM registers', () => {
    world.ready([...save, 0x0f, 0x57, 0xe4, ...restore]);
    world.setWord('mxcsr', 0x5fa1);
    world.setXmm(4, vector(1, 2, 3, 4));
    expect(world.catch()).toBeUndefined();
    expect([world.read(data + 24), world.read(data + 28)]).toEqual([0x5fa1, 0xffff]);
    expect(world.bytes(data + 160 + 64, 16)).toEqual(vector(1, 2, 3, 4));
    expect(world.xmm(4)).toEqual(vector(1, 2, 3, 4));
    third.ready(save).run();
    expect(third.read(data + 28)).toBe(0xffbf);
  });
  test('refuse an image with a bit that MXCSR does not have, and take nothing of it', () => {
    world.ready(restore);
    world.put32(data, 0x37f);
    world.put32(data + 24, 0x10000);
    world.put32(data + 160, 99);
    const control = world.word('x87Control');
    expect(world.catch()?.vector).toBe(GP);
    expect([world.word('mxcsr'), world.xmm(0), world.word('x87Control')]).toEqual([
      masked,
      vector(0, 0, 0, 0),
      control,
    ]);
  });
});
