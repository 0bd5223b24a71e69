/** Images of the unit in memory: Intel SDM Vol. 1, figures 8-9 to 8-12; Vol. 2A, "FXSAVE". */
import { describe, expect, test } from 'vitest';
import { d, w } from '../bytes.js';
import { World } from '../world.js';
import { unitOf } from './unit.js';

const world = new World('pentium2');
const image = 0xd000;
const operand = 0xc008;

const fninit = [0xdb, 0xe3];
const fld1 = [0xd9, 0xe8];
const fldpi = [0xd9, 0xeb];
/** FILD DWORD [operand], in 32-bit and in 16-bit code. */
const load = [0xdb, 0x05, ...d(operand)];
const load16 = [0xdb, 0x06, ...w(operand)];

const bytesAt = (address: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => world.read(address + index, 1));
const words = (address: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => world.read(address + 2 * index, 2));

describe('FNSTENV', () => {
  test('stores offsets and selectors in protected mode, 28 bytes long', () => {
    world.flat([...fninit, ...fld1, ...load, 0xd9, 0x35, ...d(image), 0xf4]);
    world.run();
    const all = Array.from({ length: 7 }, (_, index) => world.read(image + 4 * index));
    const at = 0x8000 + 4;
    expect(all).toEqual([0xffff_037f, 0xffff_3000, 0xffff_1fff, at, 0x0305_0008, operand, 0xffff_0010]);
  });
  test('stores 16-bit offsets and selectors with a 16-bit operand size', () => {
    world.flat([...fninit, ...fld1, ...load, 0x66, 0xd9, 0x35, ...d(image), 0xf4]);
    world.run();
    expect(words(image, 8)).toEqual([0x037f, 0x3000, 0x1fff, 0x8004, 0x0008, operand, 0x0010, 0]);
  });
  test('stores linear addresses and the opcode in real mode', () => {
    // mov ax, 1234h; mov es, ax; fild dword [es:operand]; fnstenv [image]
    world.real([...fninit, 0xb8, ...w(0x1234), 0x8e, 0xc0, 0x26, ...load16, 0xd9, 0x36, ...w(image), 0xf4]);
    world.run();
    const linear = 0x12340 + operand;
    const high = (linear >> 16) << 12;
    expect(words(image, 7)).toEqual([0x037f, 0x3800, 0x7fff, 0x8007, 0x0306, linear & 0xffff, high]);
  });
  test('stores 32-bit linear addresses in real mode with a 32-bit operand size', () => {
    world.real([...fninit, 0xb8, ...w(0x1234), 0x8e, 0xc0, 0x26, ...load16, 0x66, 0xd9, 0x36, ...w(image), 0xf4]);
    world.run();
    const all = Array.from({ length: 7 }, (_, index) => world.read(image + 4 * index));
    const linear = 0x12340 + operand;
    const lowHalf = (0xffff_0000 | (linear & 0xffff)) >>> 0;
    expect(all.slice(3)).toEqual([0xffff_8007, 0x0306, lowHalf, (linear >> 16) << 12]);
  });
  test('says of each register whether it is valid, zero, special or empty', () => {
    // fldz; fld1; 1 / 0: an infinity; leaves ST(0) special, then valid, zero.
    world.flat([...fninit, 0xd9, 0xee, ...fld1, ...fld1, 0xd8, 0xf2, 0xd9, 0x35, ...d(image), 0xf4]);
    world.run();
    expect(world.read(image + 8, 2)).toBe(0b01_00_10_11_11_11_11_11);
  });
});

test('FLDENV brings back what FNSTENV stored, but for the masks', () => {
  const between = [0xd9, 0x2d, ...d(operand), ...fld1]; // FLDCW, and another register
  world.flat([...fninit, ...fldpi, 0xd9, 0x35, ...d(image), ...between, 0xd9, 0x25, ...d(image), 0xf4]);
  world.put16(operand, 0x27f);
  world.run();
  expect(unitOf(world)).toMatchObject({ control: 0x37f, top: 7, filled: 0x80 });
});

test.each([
  ['108 bytes', [], 108],
  ['94 bytes, with a 16-bit operand size', [0x66], 94],
])('FNSAVE and FRSTOR carry the whole unit: %s', (_name, prefix, bytes) => {
  world.flat([
    ...[...fninit, ...fld1, ...fldpi, ...load, 0xd9, 0xf7], // FINCSTP: TOP among the registers
    ...[...prefix, 0xdd, 0x35, ...d(image)],
    ...[...fldpi, ...prefix, 0xdd, 0x25, ...d(image), 0xf4],
  ]);
  world.put32(operand, -77);
  world.run(5);
  const before = unitOf(world);
  world.put(image + bytes, 0xa5);
  world.run(1);
  expect(unitOf(world)).toMatchObject({ control: 0x37f, status: 0, top: 0, filled: 0 });
  world.run();
  expect(unitOf(world)).toEqual(before);
  expect(world.read(image + bytes, 1)).toBe(0xa5);
});

describe('FXSAVE', () => {
  test('and FXRSTOR carry the whole unit, and change nothing by themselves', () => {
    world.flat([...fninit, ...fld1, ...fldpi, 0x0f, 0xae, 0x05, ...d(image), ...fninit, 0x0f, 0xae, 0x0d, ...d(image)]);
    world.run(4);
    const before = unitOf(world);
    expect(before).toMatchObject({ top: 6, filled: 0xc0 });
    expect(bytesAt(image, 6)).toEqual([0x7f, 0x03, 0x00, 0x30, 0xc0, 0x00]);
    world.run(2);
    expect(unitOf(world)).toEqual(before);
  });
  test('wants its image at a multiple of 16', () => {
    world.flat([0x0f, 0xae, 0x05, ...d(image + 8)]);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0 });
  });
  test('writes nothing where a part of its image is not there', () => {
    world.flat([...fninit, 0x0f, 0xae, 0x05, ...d(0xdf00)]);
    world.page();
    world.entry(0xe, 0xe000);
    world.put(0xdf00, 0x11, 0x22);
    expect(world.catch()).toMatchObject({ vector: 14 });
    expect(bytesAt(0xdf00, 2)).toEqual([0x11, 0x22]);
    expect(world.word('cr2')).toBe(0xe000);
  });
});

test('a number of 10 bytes across two pages is stored whole or not at all', () => {
  world.flat([...fninit, ...fldpi, 0xdb, 0x3d, ...d(0xdffa)]); // FSTP TBYTE
  world.page();
  world.entry(0xe, 0xe000 | 5);
  world.setWord('cr0', world.word('cr0') | 0x1_0000); // WP
  world.core.flushTranslations();
  expect(world.catch()).toMatchObject({ vector: 14 });
  expect(bytesAt(0xdffa, 6)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(unitOf(world)).toMatchObject({ top: 7, filled: 0x80 });
});
test('a store of 8 bytes over the next instruction is seen by it', () => {
  // FSTP QWORD over eight INC EAX, which become NOPs.
  world.flat([
    ...fninit,
    0xdd,
    0x05,
    ...d(operand),
    0xdd,
    0x1d,
    ...d(0x800e),
    ...new Array<number>(8).fill(0x40),
    0xf4,
  ]);
  world.put(operand, ...new Array<number>(8).fill(0x90));
  world.run();
  expect(world.get('eax')).toBe(0);
});
