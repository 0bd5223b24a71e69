/** Alignment checks by Intel SDM Vol. 3A, section 6.15, interrupt 17. */
import { describe, expect, test } from 'vitest';
import { code32, d } from '../bytes.js';
import { places, World } from '../world.js';

const world = new World('80486');
const { hlt, inc, loadEax, storeEax, pushRegister, mov, int } = code32;
const here = places.code;
const AM = 0x4_0000;
const AC = 0x4_0000;
const at = places.data;

function check(code: readonly number[], level: 0 | 3 = 3, flags = AC, control = AM): void {
  world.flat([...code, 0x0f, 0x0b], level);
  world.flags = flags;
  world.setWord('cr0', world.word('cr0') | control);
  world.processor.modeChanged();
}
const alignmentFault = { vector: 17, errorCode: 0, eip: here };

describe('a misaligned access', () => {
  const cases: readonly [string, readonly number[], boolean][] = [
    ['a doubleword at an odd address', loadEax(at + 1), true],
    ['a doubleword at half a doubleword', loadEax(at + 2), true],
    ['an aligned doubleword', loadEax(at + 4), false],
    ['a store', storeEax(at + 3), true],
    ['a word at an odd address', [0x66, 0xa1, ...d(at + 1)], true],
    ['a word at an even address', [0x66, 0xa1, ...d(at + 2)], false],
    ['a byte anywhere', [0xa0, ...d(at + 3)], false],
    ['a read-modify-write', [0xff, 0x05, ...d(at + 1)], true],
    ['a doubleword across two pages', loadEax(at + 0xffe), true],
    ['LEA', [0x8d, 0x05, ...d(at + 1)], false],
  ];
  for (const [name, code, faults] of cases) {
    test(`${name} ${faults ? 'is #AC(0)' : 'passes'} at level 3 with AM and AC set`, () => {
      check(code);
      expect(world.catch()).toMatchObject(faults ? alignmentFault : { vector: 6 });
    });
  }
  for (const [name, level, flags, control] of [
    ['below level 3', 0, AC, AM],
    ['with AC clear', 3, 0, AM],
    ['with CR0.AM clear', 3, AC, 0],
  ] as const) {
    test(`passes ${name}`, () => {
      check(loadEax(at + 1), level, flags, control);
      expect(world.catch()).toMatchObject({ vector: 6 });
    });
  }
  test('of the stack is #AC(0) as well', () => {
    check(pushRegister('eax'));
    world.set('esp', places.stacks[3] - 1);
    expect(world.catch()).toMatchObject(alignmentFault);
  });
  test('faults from the instruction after POPF that set AC on, and no longer after the one that clears it', () => {
    check([...loadEax(at + 1), 0x68, ...d(AC), 0x9d, ...loadEax(at + 1)], 3, 0);
    expect(world.catch()).toMatchObject({ vector: 17, eip: here + 11 });
    check([0x68, ...d(0), 0x9d, ...loadEax(at + 1)]);
    expect(world.catch()).toMatchObject({ vector: 6 });
  });
  test('passes in the handler of an interrupt, and faults again after its IRET', () => {
    check([...int(0x30), ...inc('ebx'), ...loadEax(at + 1)]);
    world.gate(0x30, [0x00, 0x33, 0x08, 0, 0, 0xee, 0, 0]);
    world.put(places.handlers + 0x300, ...loadEax(at + 1), ...code32.iret);
    expect(world.catch()).toMatchObject({ vector: 17, eip: here + 3 });
    expect(world.get('ebx')).toBe(1);
  });
  test('on a page that is not there is #AC, as alignment is looked at first', () => {
    check(loadEax(0x12001));
    world.page();
    world.entry(0x12, 0);
    expect(world.catch()).toMatchObject({ vector: 17 });
  });
  test('leaves fast accesses as they were once checks end', () => {
    check([...mov('eax', 1), 0x68, ...d(0), 0x9d, ...storeEax(at + 1), ...hlt]);
    expect(world.catch()?.vector).toBe(13); // HLT at level 3.
    expect(world.read(at + 1)).toBe(1);
  });
});

test('what the segment refuses goes before alignment, for CMPXCHG8B as for every access', () => {
  const pentium = new World('pentium');
  const exchange = (address: number): void => {
    pentium.flat([0x0f, 0xc7, 0x0d, ...d(address), 0x0f, 0x0b], 3);
    pentium.flags = AC;
    pentium.setWord('cr0', pentium.word('cr0') | AM);
    pentium.processor.modeChanged();
  };
  exchange(at + 1);
  expect(pentium.catch()).toMatchObject(alignmentFault);
  exchange(0xffff_fffd);
  expect(pentium.catch()).toMatchObject({ vector: 13, errorCode: 0, eip: here });
});
