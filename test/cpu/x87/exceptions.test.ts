/** When the x87 may be used, and how what it finds wrong is reported (Intel SDM Vol. 1, sections 8.6 and 8.7; Vol. 3A, section 2.5). */
import { beforeEach, describe, expect, test } from 'vitest';
import { w } from '../bytes.js';
import { places, World } from '../world.js';
import { status, unitOf } from './unit.js';

const world = new World('80486');
const errors: boolean[] = [];
world.onNumericError = (level) => void errors.push(level);
beforeEach(() => world.processor.setIgnoreNumericError(false));

const fninit = [0xdb, 0xe3];
const fnclex = [0xdb, 0xe2];
const fld1 = [0xd9, 0xe8];
const fldz = [0xd9, 0xee];
const fnstsw = [0xdf, 0xe0];
const wait = [0x9b];
const nop = [0x90];
/** FLDCW [data]. */
const loadControl = [0xd9, 0x2d, 0x00, 0xc0, 0x00, 0x00];
/** Unmasks everything, and divides 1 by 0. */
const divideByZero = [...fninit, ...loadControl, ...fld1, ...fldz, 0xde, 0xf9];
const divideSteps = 5;
const cr0 = { PE: 1, MP: 2, EM: 4, TS: 8, NE: 0x20 } as const;

function start(code: readonly number[], bits: number): void {
  world.flat(code);
  world.put(0xc000, ...w(0x340));
  world.setWord('cr0', cr0.PE | bits);
  errors.length = 0;
}

describe('device not available', () => {
  test.each([
    ['an escape, with EM', fld1, cr0.EM, 7],
    ['an escape, with TS', fld1, cr0.TS, 7],
    ['a control instruction, with TS', fninit, cr0.TS, 7],
    ['WAIT, with TS and MP', wait, cr0.TS | cr0.MP, 7],
  ])('%s', (_name, code, bits, vector) => {
    start([...code], bits);
    expect(world.catch()).toMatchObject({ vector, eip: places.code });
  });
  test.each([
    ['WAIT, with TS alone', cr0.TS],
    ['WAIT, with EM and MP', cr0.EM | cr0.MP],
  ])('not %s', (_name, bits) => {
    start([...wait, 0xf4], bits);
    expect(world.catch()).toBeUndefined();
  });
});

describe('an unmasked exception, reported inside', () => {
  test('comes up at the next waiting instruction, as vector 16', () => {
    start([...divideByZero, ...nop, ...nop, ...fld1], cr0.NE);
    expect(world.catch()).toMatchObject({ vector: 16, eip: places.code + divideByZero.length + 2 });
    expect(errors).toEqual([]);
  });
  test('comes up at WAIT', () => {
    start([...divideByZero, ...wait], cr0.NE);
    expect(world.catch()).toMatchObject({ vector: 16, eip: places.code + divideByZero.length });
  });
  test('leaves operands and stack as they were where it precedes the result', () => {
    start([...divideByZero, 0xf4], cr0.NE);
    world.run(divideSteps);
    expect(unitOf(world)).toMatchObject({ top: 6, filled: 0xc0, status: status.ZE | status.ES | status.B });
  });
  test('does not hold up control instructions', () => {
    start([...divideByZero, ...fnstsw, ...fnclex, ...fld1, 0xf4], cr0.NE);
    expect(world.catch()).toBeUndefined();
    expect(world.get('eax')).toBe(0xb000 | status.ZE | status.ES);
    expect(unitOf(world)).toMatchObject({ top: 5, status: 0 });
  });
  test('comes up when a control word unmasks what was masked', () => {
    // 1 / 0 with everything masked, then FLDCW.
    start([...fninit, ...fld1, ...fldz, 0xde, 0xf9, ...loadControl, ...fld1], cr0.NE);
    expect(world.catch()).toMatchObject({ vector: 16, eip: places.code + 14 });
  });
  test('keeps where it happened for FNSTENV, which masks everything', () => {
    start([...divideByZero, 0xd9, 0x35, 0x00, 0xc1, 0x00, 0x00, 0xf4], cr0.NE); // FNSTENV [data + 100h]
    world.run();
    const [control, , tags, offset, selector, dataOffset] = Array.from({ length: 7 }, (_, index) =>
      world.read(0xc100 + index * 4),
    );
    expect(control).toBe(0xffff_0340);
    expect(tags! & 0xffff).toBe(0x1fff); // ST(0) is zero, ST(1) valid.
    expect(offset).toBe(places.code + divideByZero.length - 2);
    expect(selector).toBe((0x06f9 << 16) | 0x08);
    expect(dataOffset).toBe(0);
    expect(unitOf(world).control).toBe(0x37f);
  });
});

describe('an unmasked exception, reported outside', () => {
  test('raises the error output at once, until it is cleared', () => {
    start([...divideByZero, ...fnclex, 0xf4], 0);
    world.run(divideSteps);
    expect(errors).toEqual([true]);
    world.run(1);
    expect(errors).toEqual([true, false]);
  });
  test('stops the processor in front of the next waiting instruction, until an interrupt', () => {
    start([...divideByZero, ...fld1, 0xf4], 0);
    expect(world.run()).toBe('halted');
    expect(world.word('eip')).toBe(places.code + divideByZero.length);
    world.flags = 0x202;
    world.processor.setInterruptRequest(true);
    const caught = world.catch();
    expect(caught).toMatchObject({ vector: 0x20, eip: places.code + divideByZero.length });
  });
  test('is passed over while the processor is told to ignore it', () => {
    start([...divideByZero, ...fld1, 0xf4], 0);
    world.run(divideSteps);
    world.processor.setIgnoreNumericError(true);
    expect(world.catch()).toBeUndefined();
    expect(unitOf(world)).toMatchObject({ top: 5 });
  });
  test('changes sides with CR0.NE', () => {
    // mov eax, 21h; mov cr0, eax; then an x87 instruction.
    start([...divideByZero, 0xb8, 0x21, 0, 0, 0, 0x0f, 0x22, 0xc0, ...fld1], 0);
    expect(world.catch()).toMatchObject({ vector: 16 });
    expect(errors).toEqual([true, false]);
  });
});

test('a store that an exception withholds writes nothing, but its operand is remembered and its address looked at', () => {
  // A number beyond a double, then FSTP QWORD [0c100h] with overflow not masked; FNSTENV.
  const huge = [0xdb, 0x2d, 0x10, 0xc0, 0x00, 0x00]; // FLD TBYTE [0c010h]
  const store = (address: number): number[] => [0xdd, 0x1d, ...w(address), 0, 0];
  start([...fninit, ...loadControl, ...huge, ...store(0xc100), 0xd9, 0x35, 0x00, 0xc2, 0x00, 0x00, 0xf4], cr0.NE);
  world.put(0xc010, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xfe, 0x7f);
  world.put32(0xc100, 0x1234_5678);
  world.run();
  expect(world.read(0xc100)).toBe(0x1234_5678);
  expect(world.read(0xc200 + 20)).toBe(0xc100);
  expect(unitOf(world)).toMatchObject({ top: 7, filled: 0x80 });
  start([...fninit, ...loadControl, ...huge, ...store(0xe000)], cr0.NE);
  world.put(0xc010, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xfe, 0x7f);
  world.page();
  world.entry(0xe, 0xe000);
  expect(world.catch()).toMatchObject({ vector: 14 });
});
test('a page fault of an operand leaves the stack as it was, so that the instruction can start anew', () => {
  start([...fninit, ...fld1, ...fld1, 0xdd, 0x1d, 0xfc, 0xdf, 0x00, 0x00], cr0.NE); // FSTP QWORD [0dffch]
  world.page();
  world.entry(0xe, 0xe000);
  expect(world.catch()).toMatchObject({ vector: 14, eip: places.code + 6 });
  expect(unitOf(world)).toMatchObject({ top: 6, filled: 0xc0 });
  expect(world.read(0xdffc)).toBe(0);
});
test('after the reset pin all is zero, nothing is empty and nothing masked; FNINIT then makes it usable', () => {
  world.processor.reset();
  expect(unitOf(world)).toMatchObject({ control: 0x40, status: 0, top: 0, filled: 0xff });
  start([...fninit], 0);
  world.run(1);
  expect(unitOf(world)).toMatchObject({ control: 0x37f, status: 0, top: 0, filled: 0 });
});
test('a processor without the unit does nothing at an escape, and its WAIT does not wait', () => {
  const plain = new World('80386');
  plain.flat([...fld1, ...wait, 0xf4]);
  expect(plain.catch()).toBeUndefined();
  plain.flat([0x66, ...fld1, 0xf4]);
  plain.setWord('cr0', cr0.PE | cr0.EM);
  expect(plain.catch()).toMatchObject({ vector: 7 });
});
