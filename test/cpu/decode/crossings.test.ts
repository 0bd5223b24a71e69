/** Instructions that cross from one page into the next are decoded once, and notice whatever could make them others. */
import { beforeEach, describe, expect, test } from 'vitest';
import { setSegment } from '../../../src/cpu/system/segments.js';
import { segmentIndex } from '../../../src/cpu/layout.js';
import { code32, d } from '../bytes.js';
import { places, selectors, World } from '../world.js';

const world = new World('pentiumM');
const page = places.data + 0x1000;
const other = page + 0x2000;
/** MOV EBX, imm32 with two bytes of its immediate in the second page. */
const start = page - 3;

/** Reached by a jump, as the engine finds it by itself then. */
const jump = [0xe9, ...d(start - places.code - 5)];
function go(from: number = places.code): ReturnType<World['catch']> {
  world.setWord('halted', 0);
  world.setWord('eip', from);
  return world.catch(100);
}
/** What the instruction loads when it is run, three times alike. */
function loaded(): number {
  const values = [0, 1, 2].map(() => {
    world.set('ebx', 0);
    go();
    return world.get('ebx');
  });
  expect(new Set(values).size).toBe(1);
  return values[0]!;
}

beforeEach(() => {
  world.flat(jump);
  world.put(start, 0xbb, ...d(0x1122_3344), ...code32.hlt);
});

describe('an instruction that crosses into the next page', () => {
  test('runs as often as it is reached', () => {
    expect(loaded()).toBe(0x1122_3344);
  });
  test('is another one when its bytes in the first page change', () => {
    loaded();
    world.put(start, 0xb9);
    world.set('ecx', 0);
    go();
    expect(world.get('ecx')).toBe(0x1122_3344);
  });
  test('is another one when its bytes in the second page change, by whoever stores them', () => {
    loaded();
    world.put(page, 0x99);
    expect(loaded()).toBe(0x1199_3344);
    world.put(places.code, ...code32.storeByte(page + 1, 0x77), 0xe9, ...d(start - places.code - 12));
    go();
    expect(world.get('ebx')).toBe(0x7799_3344);
    expect(loaded()).toBe(0x7799_3344);
  });
  test('stays when only bytes behind it change', () => {
    loaded();
    world.put(page + 3, 0x90);
    expect(loaded()).toBe(0x1122_3344);
  });
  test('is another one when the second page lies elsewhere, and the old one again when that is back', () => {
    world.put(other, 0xaa, 0xbb, ...code32.hlt);
    world.page();
    expect(loaded()).toBe(0x1122_3344);
    for (const [physical, expected] of [
      [other, 0xbbaa_3344],
      [page, 0x1122_3344],
      [other, 0xbbaa_3344],
    ] as const) {
      world.entry(page >> 12, physical | 7);
      world.core.flushTranslations();
      expect(loaded()).toBe(expected);
    }
  });
  test('faults in front of itself when the second page is gone, and runs when it is back', () => {
    world.page();
    loaded();
    world.entry(page >> 12, 0);
    world.core.flushTranslations();
    expect(go()).toMatchObject({ vector: 14, eip: start });
    expect(world.word('cr2')).toBe(page);
    world.entry(page >> 12, page | 7);
    expect(loaded()).toBe(0x1122_3344);
  });
  test('faults when the code segment no longer reaches its end', () => {
    loaded();
    setSegment(world.core, segmentIndex.cs, selectors.code[0]!, 0, page, 0xc09b);
    world.processor.modeChanged();
    expect(go()).toMatchObject({ vector: 13, eip: start });
  });
  test('may be the last one of a block, and the target of a jump that was taken before', () => {
    world.put(start - 4, 0x41, 0x41, 0x41, 0x41); // Four times INC ECX.
    for (const [round, bytes] of [0x1122_3344, 0x1122_3344, 0x5522_3344].entries()) {
      if (round === 2) world.put(page + 1, 0x55);
      world.set('ecx', 0);
      go(start - 4);
      expect([world.get('ecx'), world.get('ebx')]).toEqual([4, bytes]);
    }
  });
  test('spends one cycle, and none when there is none to spend', () => {
    loaded();
    world.setWord('halted', 0);
    world.setWord('eip', start - 1);
    world.put(start - 1, 0x41);
    world.set('ebx', 0);
    world.run(1);
    expect([world.word('eip'), world.get('ebx')]).toEqual([start, 0]);
    world.run(1);
    expect([world.word('eip'), world.get('ebx')]).toEqual([start + 5, 0x1122_3344]);
  });
});
