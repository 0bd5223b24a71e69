/** Who may execute vector instructions, and what becomes of memory operands (Intel SDM Vol. 3A, chapters 12 and 13; Vol. 2, section 2.4). */
import { describe, expect, test } from 'vitest';
import type { ProcessorModel } from '../../../../src/cpu/model.js';
import { access, B, code32, descriptor } from '../../bytes.js';
import { places, selectors } from '../../world.js';
import { data, direct, singles, vector, VectorWorld } from './machine.js';

const UD = 6;
const NM = 7;
const GP = 13;
const PF = 14;
const MF = 16;

const paddb = [0x0f, 0xfc, 0xc1];
const paddbXmm = [0x66, 0x0f, 0xfc, 0xc1];
const pavgb = [0x0f, 0xe0, 0xc1];
const addps = [0x0f, 0x58, 0xc1];
const addpd = [0x66, 0x0f, 0x58, 0xc1];
const movntiStore = [0x0f, 0xc3, ...direct(0, data)];
const emms = [0x0f, 0x77];
const sfence = [0x0f, 0xae, 0xf8];
const EM = 4;
const TS = 8;

const worlds = new Map<ProcessorModel, VectorWorld>();
function world(model: ProcessorModel = 'pentiumM'): VectorWorld {
  const known = worlds.get(model) ?? new VectorWorld(model);
  worlds.set(model, known);
  return known;
}
/** The vector that an instruction ends with, undefined for none. */
function outcome(
  code: readonly number[],
  model?: ProcessorModel,
  prepare?: (world: VectorWorld) => void,
): number | undefined {
  const machine = world(model).ready(code);
  prepare?.(machine);
  return machine.catch()?.vector;
}

describe('a model without the feature', () => {
  test.each([
    ['pentium', paddb, UD],
    ['pentiumMmx', paddb, undefined],
    ['pentiumMmx', pavgb, UD],
    ['pentium2', pavgb, UD],
    ['pentium2', addps, UD],
    ['pentium3', pavgb, undefined],
    ['pentium3', addps, undefined],
    ['pentium3', sfence, undefined],
    ['pentium3', paddbXmm, UD],
    ['pentium3', addpd, UD],
    ['pentium3', movntiStore, UD],
    ['pentiumM', addpd, undefined],
    ['pentiumM', paddbXmm, undefined],
    ['pentiumM', movntiStore, undefined],
  ] as const)('%s: %j', (model, code, expected) => {
    expect(outcome(code, model)).toBe(expected);
  });
});

describe('what the system has switched off', () => {
  const set = (bits: number) => (machine: VectorWorld) => machine.setWord('cr0', machine.word('cr0') | bits);
  test('emulation makes every vector instruction an invalid opcode, before a task switch is noticed', () => {
    for (const code of [paddb, emms, addps, paddbXmm]) {
      expect(outcome(code, undefined, set(EM))).toBe(UD);
      expect(outcome(code, undefined, set(EM | TS))).toBe(UD);
    }
  });
  test('a task switch is reported by #NM', () => {
    for (const code of [paddb, emms, addps, paddbXmm]) expect(outcome(code, undefined, set(TS))).toBe(NM);
  });
  test('without OSFXSR there is no SSE, but MMX and its later additions', () => {
    const off = (machine: VectorWorld): void => machine.setWord('cr4', 0);
    for (const code of [addps, addpd, paddbXmm, [0x0f, 0xae, ...direct(2, data)]])
      expect(outcome(code, undefined, off)).toBe(UD);
    for (const code of [paddb, pavgb, emms, sfence, movntiStore]) expect(outcome(code, undefined, off)).toBeUndefined();
  });
  test('fences and MOVNTI ask for nothing', () => {
    for (const code of [sfence, [0x0f, 0xae, 0xe8], [0x0f, 0xae, 0xf0], movntiStore]) {
      expect(outcome(code, undefined, set(EM | TS))).toBeUndefined();
    }
  });
  test('an exception that waits in the x87 is reported by MMX, not by SSE', () => {
    const waiting = (machine: VectorWorld): void => machine.setWord('x87Status', 0x81);
    for (const code of [paddb, emms, [0x0f, 0x2d, 0xc1]]) expect(outcome(code, undefined, waiting)).toBe(MF);
    for (const code of [addps, paddbXmm]) expect(outcome(code, undefined, waiting)).toBeUndefined();
  });
});

describe('prefixes', () => {
  test('LOCK makes any of them invalid', () => {
    for (const code of [paddb, addps, addpd, [0x0f, 0x7f, ...direct(0, data)]])
      expect(outcome([0xf0, ...code])).toBe(UD);
  });
  test('a prefix for which there is no form makes the opcode invalid', () => {
    for (const code of [
      [0xf3, 0x0f, 0x54, 0xc1],
      [0xf2, 0x0f, 0xfc, 0xc1],
      [0xf3, 0x0f, 0x50, 0xc1],
      [0x66, 0x0f, 0x77],
    ]) {
      expect({ code, outcome: outcome(code) }).toEqual({ code, outcome: UD });
    }
  });
  test('F2 and F3 count before 66, and of them the last', () => {
    const machine = world().ready([0x66, 0xf2, 0xf3, 0x0f, 0x58, 0xc1]); // ADDSS
    machine.setXmm(0, singles(1, 1, 1, 1));
    machine.setXmm(1, singles(2, 2, 2, 2));
    machine.run();
    expect(machine.xmm(0)).toEqual(singles(3, 1, 1, 1));
  });
  test('a register where only memory will do, and memory where only a register will, are invalid', () => {
    for (const code of [
      [0x0f, 0x13, 0xc1],
      [0x0f, 0x2b, 0xc1],
      [0x0f, 0xe7, 0xc1],
      [0x0f, 0xd7, ...direct(0, data)],
      [0x0f, 0x50, ...direct(0, data)],
      [0x0f, 0x71, ...direct(2, data), 1],
      [0x0f, 0x71, 0xc1 | (1 << 3), 1],
      [0x0f, 0xf7, ...direct(0, data)],
    ]) {
      expect({ code, outcome: outcome(code) }).toEqual({ code, outcome: UD });
    }
  });
});

describe('memory operands', () => {
  test('of 16 bytes lie at a multiple of 16, unless the instruction is for unaligned ones', () => {
    for (const [code, expected] of [
      [[0x0f, 0x58, ...direct(0, data + 8)], GP],
      [[0x66, 0x0f, 0xfc, ...direct(0, data + 1)], GP],
      [[0x0f, 0x29, ...direct(0, data + 4)], GP],
      [[0x0f, 0x28, ...direct(0, data + 4)], GP],
      [[0x66, 0x0f, 0xe7, ...direct(0, data + 2)], GP],
      [[0x0f, 0x10, ...direct(0, data + 1)], undefined],
      [[0xf3, 0x0f, 0x7f, ...direct(0, data + 1)], undefined],
      [[0xf2, 0x0f, 0x58, ...direct(0, data + 1)], undefined],
      [[0x0f, 0xfc, ...direct(0, data + 1)], undefined],
      [[0x66, 0x0f, 0xd6, ...direct(0, data + 1)], undefined],
    ] as const) {
      expect({ code, outcome: outcome(code) }).toEqual({ code, outcome: expected });
    }
  });
  test('are judged by their linear address', () => {
    const machine = world().ready([
      ...code32.mov('eax', selectors.free),
      ...code32.movSegment(3),
      0x0f,
      0x28,
      ...direct(0, 8),
    ]);
    machine.descriptor(selectors.free, descriptor(data + 8, 0xfff, access.data, B));
    machine.setXmm(0, vector(1, 2, 3, 4));
    expect(machine.catch()).toBeUndefined();
    expect(machine.xmm(0)).toEqual(vector(0, 0, 0, 0));
  });
  test('end at the segment limit, and the stack has its own fault', () => {
    const limited = (machine: VectorWorld): void =>
      machine.descriptor(selectors.free, descriptor(data, 0x16, access.data, B));
    const load = (...code: number[]): number[] => [
      ...code32.mov('eax', selectors.free),
      ...code32.movSegment(3),
      ...code,
    ];
    expect(outcome(load(0x0f, 0x10, ...direct(0, 7)), undefined, limited)).toBeUndefined();
    expect(outcome(load(0x0f, 0x10, ...direct(0, 8)), undefined, limited)).toBe(GP);
    expect(outcome(load(0x0f, 0x11, ...direct(0, 8)), undefined, limited)).toBe(GP);
  });
  test('of MMX unpacking to the lower half are 4 bytes long', () => {
    const machine = world().ready([0x0f, 0x60, ...direct(0, places.data + 0xffc)]);
    machine.page();
    machine.entry((places.data >> 12) + 1, 0);
    expect(machine.catch()).toBeUndefined();
    const whole = world().ready([0x0f, 0x68, ...direct(0, places.data + 0xffc)]);
    whole.page();
    whole.entry((places.data >> 12) + 1, 0);
    expect(whole.catch()?.vector).toBe(PF);
  });
});

describe('a page fault in the middle of an operand', () => {
  const absent = (machine: VectorWorld): void => {
    machine.page();
    machine.entry((data >> 12) + 1, 0);
  };
  const end = data + 0xff8;
  test('leaves the registers as they were', () => {
    for (const code of [
      [0x0f, 0x10, ...direct(0, end)],
      [0xf3, 0x0f, 0x6f, ...direct(0, end)],
      [0xf2, 0x0f, 0x58, ...direct(0, end + 4)],
      [0x0f, 0xfc, ...direct(0, end + 4)],
    ]) {
      const machine = world().ready(code);
      absent(machine);
      machine.setXmm(0, vector(1, 2, 3, 4));
      machine.setMm(0, vector(5, 6).slice(0, 8));
      const empty = machine.word('x87Empty');
      expect(machine.catch()?.vector).toBe(PF);
      expect(machine.word('cr2')).toBe(data + 0x1000);
      expect(machine.xmm(0)).toEqual(vector(1, 2, 3, 4));
      expect(machine.mm(0).slice(0, 8)).toEqual(vector(5, 6));
      expect(machine.word('x87Empty')).toBe(empty);
    }
  });
  test('leaves memory as it was', () => {
    for (const code of [
      [0x0f, 0x11, ...direct(0, end)],
      [0x0f, 0x7f, ...direct(0, end + 4)],
      [0x66, 0x0f, 0xd6, ...direct(0, end + 4)],
      [0x0f, 0x7e, ...direct(0, end + 6)],
    ]) {
      const machine = world().ready(code);
      absent(machine);
      machine.put(end, 1, 2, 3, 4, 5, 6, 7, 8);
      machine.setXmm(0, vector(-1, -1, -1, -1));
      machine.setMm(0, vector(-1, -1));
      expect(machine.catch()?.vector).toBe(PF);
      expect([...machine.bytes(end, 8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    }
  });
  test('is none where both pages are there', () => {
    const machine = world().ready([0x0f, 0x10, ...direct(0, end), 0x0f, 0x11, ...direct(0, end + 0x1000)]);
    machine.page();
    machine.put(end, ...new Array<number>(16).fill(0).map((_, index) => index + 1));
    expect(machine.catch()).toBeUndefined();
    expect(machine.bytes(end + 0x1000, 16)).toEqual(machine.bytes(end, 16));
  });
});

describe('stores', () => {
  test('into code are seen by the next instruction', () => {
    for (const store of [
      [0x0f, 0x11, ...direct(0, 0x8010)],
      [0x0f, 0x29, ...direct(0, 0x8010)],
      [0x0f, 0x7f, ...direct(0, 0x8010)],
    ]) {
      const machine = world().ready([]);
      machine.put(places.code, ...store);
      for (let at = places.code + store.length; at < 0x8010; at++) machine.put(at, 0x90);
      machine.put(0x8010, ...new Array<number>(8).fill(0x40), 0xf4); // INC EAX, eight times.
      machine.setXmm(0, vector(0x4141_4141, 0x4141_4141, 0xf4, 0)); // INC ECX
      machine.setMm(0, vector(0x4141_4141, 0x4141_4141));
      machine.run();
      expect([machine.get('eax'), machine.get('ecx')]).toEqual([0, 8]);
    }
  });
  test('through a mask write the chosen bytes, at the segment and with the address size that prefixes name', () => {
    const machine = world().ready([0x0f, 0xf7, 0xc1]);
    machine.put(data, ...new Array<number>(16).fill(0xcc));
    machine.set('edi', data + 1);
    machine.setMm(0, vector(0x04030201, 0x08070605));
    machine.setMm(1, vector(0x00800080, 0xff7f00c0));
    machine.run();
    expect([...machine.bytes(data, 10)]).toEqual([0xcc, 1, 0xcc, 3, 0xcc, 5, 0xcc, 0xcc, 8, 0xcc]);

    const other = world().ready([0x26, 0x67, 0x66, 0x0f, 0xf7, 0xc1]);
    other.set('edi', 0x1234_0000 | data);
    other.setXmm(0, vector(0x11, 0, 0, 0x2200_0000));
    other.setXmm(1, vector(0x80, 0, 0, 0x8000_0000));
    other.run();
    expect([...other.bytes(data, 16)]).toEqual([0x11, ...new Array<number>(14).fill(0), 0x22]);
  });
  test('through a mask fault before they write, and without a chosen byte not at all', () => {
    const machine = world().ready([0x66, 0x0f, 0xf7, 0xc1]);
    machine.page();
    machine.entry((data >> 12) + 1, 0);
    machine.set('edi', data + 0xff8);
    machine.setXmm(0, vector(-1, -1, -1, -1));
    machine.setXmm(1, vector(-1, 0, 0x80, 0));
    expect(machine.catch()?.vector).toBe(PF);
    expect(machine.bytes(data + 0xff8, 8)).toEqual(new Uint8Array(8));
    const nothing = world().ready([0x66, 0x0f, 0xf7, 0xc1]);
    nothing.page();
    nothing.entry(data >> 12, 0);
    nothing.set('edi', data);
    expect(nothing.catch()).toBeUndefined();
  });
});

test('everything a vector register holds is saved with the state', () => {
  const machine = world().ready([]);
  machine.setXmm(3, vector(1, 2, 3, 4));
  machine.setMm(2, vector(5, 6));
  machine.setWord('mxcsr', 0x9fc0);
  const saved = machine.processor.save();
  const other = new VectorWorld();
  other.processor.load(saved, 0);
  expect([other.xmm(3), other.mm(2).slice(0, 8), other.word('mxcsr')]).toEqual([
    vector(1, 2, 3, 4),
    vector(5, 6),
    0x9fc0,
  ]);
  other.processor.reset();
  expect([other.xmm(3), other.word('mxcsr')]).toEqual([vector(0, 0, 0, 0), 0x1f80]);
});
