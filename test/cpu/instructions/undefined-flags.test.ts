/**
 * What the 80386 itself does where its manual says "undefined". Other processors differ, so hardware vectors say nothing here;
 * the rules are those that others measured on a 386SX.
 */
import { expect, test } from 'vitest';
import { World } from '../world.js';

const world = new World();
const [CF, PF, AF, ZF, SF, OF] = [0x001, 0x004, 0x010, 0x040, 0x080, 0x800];
const hlt = 0xf4;

/** Runs one instruction on AX, CX and flags; gives AX and the status flags. */
function run(code: readonly number[], ax: number, cx: number, flags: number): [number, number] {
  world.real([...code, hlt]);
  world.set('eax', ax);
  world.set('ecx', cx);
  world.flags = flags;
  world.run();
  return [world.get('eax') & 0xffff, world.flags & 0x8d5];
}
const addition = (left: number, right: number): number => run([0x00, 0xc8], left, right, 0)[1];
const subtraction = (left: number, right: number): number => run([0x28, 0xc8], left, right, 0)[1];

test('AAA and AAS leave PF, ZF, SF and OF of the addition or subtraction before the upper half is cut off', () => {
  for (let al = 0; al < 256; al++) {
    for (const auxiliary of [0, AF]) {
      const adjusts = (al & 15) > 9 || auxiliary !== 0;
      const carries = adjusts ? CF | AF : 0;
      const others = PF | ZF | SF | OF;
      expect(run([0x37], al, 0, auxiliary)[1]).toBe((addition(al, adjusts ? 6 : 0) & others) | carries);
      expect(run([0x3f], al, 0, auxiliary)[1]).toBe((subtraction(al, adjusts ? 6 : 0) & others) | carries);
    }
  }
});
test('AAD leaves the flags of its addition', () => {
  for (const [ah, al] of [
    [0, 1],
    [3, 0x70],
    [0x1a, 0xfe],
    [9, 9],
  ] as const) {
    expect(run([0xd5, 10], (ah << 8) | al, 0, CF | AF | OF)[1]).toBe(addition(al, (ah * 10) & 0xff));
  }
});
test('SHL and SHR set AF', () => {
  for (const digit of [4, 5]) {
    for (const count of [1, 3, 7]) expect(run([0xd2, 0xc0 | (digit << 3)], 0x5a, count, 0)[1] & AF).toBe(AF);
    expect(run([0xd2, 0xc0 | (digit << 3)], 0x5a, 0, 0)[1] & AF).toBe(0);
  }
});
test('SHL and SHR of a byte by 8, 16 and 24 places leave its last bit in CF, and zero by as many others', () => {
  for (const count of [8, 9, 15, 16, 17, 23, 24, 25, 31]) {
    const edge = count % 8 === 0 ? CF : 0;
    expect(run([0xd2, 0xe0], 0x01, count, 0)).toEqual([0, PF | AF | ZF | edge | (edge === 0 ? 0 : OF)]);
    expect(run([0xd2, 0xe0], 0xfe, count, CF)).toEqual([0, PF | AF | ZF]);
    expect(run([0xd2, 0xe8], 0x80, count, 0)).toEqual([0, PF | AF | ZF | edge]);
    expect(run([0xd2, 0xe8], 0x7f, count, CF)).toEqual([0, PF | AF | ZF]);
  }
});
test('SHL and SHR of a word by 16 places leave its last bit in CF', () => {
  expect(run([0xd3, 0xe0], 0x0001, 16, 0)).toEqual([0, PF | AF | ZF | CF | OF]);
  expect(run([0xd3, 0xe8], 0x8000, 16, 0)).toEqual([0, PF | AF | ZF | CF]);
});
test('BT leaves OF as a rotate right by the bit number does', () => {
  for (let index = 0; index < 16; index++) {
    const value = 0x8421;
    const [, rotated] = run([0xd3, 0xc8], value, index, 0);
    const [, tested] = run([0x0f, 0xa3, 0xc8], value, index, CF | OF);
    if (index > 0) expect(tested & OF).toBe(rotated & OF);
    expect(tested & CF).toBe((value >> index) & 1);
  }
});
