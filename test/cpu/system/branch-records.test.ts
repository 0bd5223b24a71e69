/** DEBUGCTL (Intel SDM Vol. 3B, chapter 17): single steps on branches, and the records of the last ones. */
import { describe, expect, test } from 'vitest';
import { code32, d } from '../bytes.js';
import { places, World } from '../world.js';

const { mov, nop, hlt, iret } = code32;
const here = places.code;
const LBR = 1;
const BTF = 2;
const TF = 0x100;
const family = new World('pentium3');
const stack = new World('pentiumM');

const wrmsr = (number: number, value: number): number[] => [
  ...mov('ecx', number),
  ...mov('eax', value),
  ...mov('edx', 0),
  ...[0x0f, 0x30],
];
/** The code behind it begins at {@link body}. */
const control = (bits: number): number[] => wrmsr(0x1d9, bits);
const body = here + control(0).length;
/** A register's halves. */
function read(world: World, number: number): [low: number, high: number] {
  const value = world.processor['modelSpecific'].read(number);
  return [Number(value & 0xffff_ffffn), Number(value >> 32n)];
}
const lastBranch = (world: World): number[] => [0x1db, 0x1dc].map((number) => read(world, number)[0]);
const beforeEvent = (world: World): number[] => [0x1dd, 0x1de].map((number) => read(world, number)[0]);
function run(world: World, slowly: boolean): void {
  if (slowly) for (let count = 0; count < 500 && world.run(1) === 'budget'; count++);
  else world.run();
}

for (const slowly of [false, true]) {
  describe(`the last branch record, ${slowly ? 'in single cycles' : 'in one go'},`, () => {
    const rows: readonly [what: string, code: readonly number[], from: number, to: number][] = [
      ['a jump', [...nop, 0xeb, 1, ...nop, ...hlt], 1, 4],
      ['a jump to the instruction behind it', [0xeb, 0, ...hlt], 0, 2],
      ['a conditional jump', [0x31, 0xc0, 0x74, 1, ...nop, ...hlt], 2, 5],
      ['one to the instruction behind it', [0x31, 0xc0, 0x74, 0, ...hlt], 2, 4],
      ['the last of two', [0xeb, 0, 0x31, 0xc0, 0x74, 1, ...nop, ...hlt], 4, 7],
      ['none that is not taken', [0xeb, 0, 0x31, 0xc0, 0x75, 0, ...hlt], 0, 2],
      ['a call', [0xe8, ...d(2), ...nop, ...nop, ...hlt], 0, 7],
      ['a return', [0xe8, ...d(1), ...hlt, 0xc3], 6, 5],
      ['a loop', [...mov('ecx', 2), 0xe2, 0xfe, ...hlt], 5, 5],
      ['no repetition', [0xeb, 0, ...mov('ecx', 4), ...mov('edi', places.data), 0xf3, 0xaa, ...hlt], 0, 2],
    ];
    for (const [what, code, from, to] of rows) {
      test(`holds ${what}`, () => {
        family.flat([...control(LBR), ...code]);
        run(family, slowly);
        expect(lastBranch(family)).toEqual([body + from, body + to]);
        expect(beforeEvent(family)).toEqual([0, 0]);
      });
    }
    test('holds an interrupt, and the other record the branch before it', () => {
      family.flat([...control(LBR), 0xeb, 0, ...nop, 0xfb, ...nop, ...nop, ...hlt]);
      family.vector = 0x30;
      family.processor.setInterruptRequest(true);
      run(family, slowly);
      expect(lastBranch(family)).toEqual([body + 5, places.handlers + 0x30 * 16]);
      expect(beforeEvent(family)).toEqual([body, body + 2]);
    });
    test('holds an exception by the address of the instruction that raised it', () => {
      family.flat([...control(LBR), 0xeb, 0, 0x0f, 0x0b]);
      run(family, slowly);
      expect(lastBranch(family)).toEqual([body + 2, places.handlers + 6 * 16]);
      expect(beforeEvent(family)).toEqual([body, body + 2]);
    });
    test('stands still from a debug exception on, which clears what asked for it', () => {
      family.flat([...control(LBR | 0x40), 0xeb, 0, 0xf1]); // INT1
      family.put(places.handlers + 16, 0xeb, 0, ...hlt);
      run(family, slowly);
      expect(lastBranch(family)).toEqual([body, body + 2]);
      expect(read(family, 0x1d9)[0]).toBe(0x40);
    });
    test('is not written while LBR is clear, and not by WRMSR', () => {
      family.flat([...control(LBR), 0xeb, 0, ...control(0), 0xeb, 0, ...wrmsr(0x1db, 0)]);
      run(family, slowly);
      expect(lastBranch(family)).toEqual([body, body + 2]);
      expect(family.word('eip')).toBe(places.handlers + 13 * 16 + 1);
    });
    test('has a place for eight branches on the Pentium M, as linear addresses', () => {
      const jumps = new Array<number[]>(10).fill([0xeb, 0]).flat();
      stack.flat([...control(LBR), ...jumps, 0x0f, 0x0b]);
      run(stack, slowly);
      expect(read(stack, 0x1c9)[0]).toBe(3);
      // Ten jumps and the exception: 1, 2, … 7, 0, 1, 2, 3.
      expect(read(stack, 0x43)).toEqual([body + 20, places.handlers + 6 * 16]);
      expect(read(stack, 0x42)).toEqual([body + 18, body + 20]);
      expect(read(stack, 0x44)).toEqual([body + 6, body + 8]);
      expect([read(stack, 0x1de)[0], read(stack, 0x1dd)[0]]).toEqual([body + 18, body + 20]);
    });
  });

  describe(`single steps on branches, ${slowly ? 'in single cycles' : 'in one go'},`, () => {
    /** Where the debug exceptions came from, up to HLT; the handler asks for the next one. */
    function steps(code: readonly number[], bits: number): number[] {
      const found: number[] = [];
      family.flat([...control(bits), 0x68, ...d(TF | 2), 0x9d, ...code]);
      // OUT 0, AL tells; then DEBUGCTL is written again.
      family.put(places.handlers + 16, 0xe6, 0, 0x60, ...control(bits), 0x61, ...iret);
      family.onPortWrite = () => found.push(family.frame()(0) - body - 6);
      run(family, slowly);
      family.onPortWrite = () => {};
      return found;
    }
    const code = [...nop, 0xeb, 0, 0x31, 0xc0, 0x75, 0, 0x74, 1, ...nop, ...mov('ecx', 2), 0xe2, 0xfe, ...nop, ...hlt];
    test('stop behind branches that were taken', () => {
      expect(steps(code, BTF)).toEqual([3, 10, 15]);
    });
    test('stop behind every instruction without BTF', () => {
      expect(steps(code, 0).slice(0, 9)).toEqual([1, 3, 5, 7, 10, 15, 15, 17, 18]);
    });
    test('end with the debug exception, which clears BTF and sets BS', () => {
      family.flat([...control(BTF | LBR), 0x68, ...d(TF | 2), 0x9d, ...nop, ...nop, 0xeb, 0]);
      run(family, slowly);
      expect(family.word('eip')).toBe(places.handlers + 16 + 1);
      expect(family.frame()(0)).toBe(body + 6 + 4);
      expect(family.word('dr6') & 0x4000).toBe(0x4000);
      expect(read(family, 0x1d9)[0]).toBe(0);
      expect(lastBranch(family)).toEqual([body + 6 + 2, body + 6 + 4]);
    });
  });
}
