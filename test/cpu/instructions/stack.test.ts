/** What only the stack shows. */
import { expect, test } from 'vitest';
import { access, code32, d, descriptor, G } from '../bytes.js';
import { places, selectors, World } from '../world.js';

const world = new World();
const { hlt, mov, movSegment } = code32;

test('a segment register pushed with 32 bits stores 16 of them', () => {
  for (const code of [[0x1e], [0x0f, 0xa0], [0x0e]]) {
    world.flat([...code, ...hlt]);
    world.put32(places.stacks[0] - 4, 0xdead_beef);
    world.run();
    expect(world.read(places.stacks[0] - 4)).toBe((0xdead_0000 | (code[0] === 0x0e ? 8 : 0x10)) >>> 0);
    expect(world.get('esp')).toBe(places.stacks[0] - 4);
  }
});
test('PUSH ESP stores ESP as it was, POP ESP leaves what it popped', () => {
  world.flat([0x54, 0x58, ...code32.push(0x1234), 0x5c, ...hlt]);
  world.run();
  expect([world.get('eax'), world.get('esp')]).toEqual([places.stacks[0], 0x1234]);
});
test('POP to memory addresses with ESP as it is afterwards', () => {
  world.flat([...code32.push(0x77), 0x8f, 0x44, 0x24, 0x08, ...hlt]);
  world.run();
  expect(world.read(places.stacks[0] + 8)).toBe(0x77);
});
test('ARPL that changes nothing does not write', () => {
  const load = [...mov('eax', selectors.free), ...movSegment(3)];
  for (const [source, fault] of [
    [0, false],
    [3, true],
  ] as const) {
    world.flat([...load, ...mov('ecx', source), 0x63, 0x0d, ...d(places.data), ...hlt]);
    world.descriptor(selectors.free, descriptor(0, 0xfffff, access.readOnly, G));
    expect(world.catch() !== undefined).toBe(fault);
  }
});
test('ENTER copies the display, and LEAVE undoes the frame', () => {
  world.flat([0xc8, 0x20, 0, 3, ...hlt, 0xc9, ...hlt]);
  const frame = places.stacks[0] - 0x40;
  world.set('ebp', frame);
  world.put32(frame - 4, 0x11);
  world.put32(frame - 8, 0x22);
  world.run();
  const top = places.stacks[0];
  expect([4, 8, 12, 16].map((below) => world.read(top - below))).toEqual([frame, 0x11, 0x22, top - 4]);
  expect([world.get('ebp'), world.get('esp')]).toEqual([top - 4, top - 16 - 0x20]);
  world.setWord('halted', 0);
  world.run();
  expect([world.get('ebp'), world.get('esp')]).toEqual([frame, top]);
});
test('PUSHA and POPA pass ESP over', () => {
  world.flat([0x60, ...mov('edi', 0), ...mov('eax', 0), 0x61, ...hlt]);
  world.set('eax', 1);
  world.set('edi', 2);
  world.run();
  expect([world.get('eax'), world.get('edi'), world.get('esp')]).toEqual([1, 2, places.stacks[0]]);
  expect(world.read(places.stacks[0] - 20)).toBe(places.stacks[0]);
});
