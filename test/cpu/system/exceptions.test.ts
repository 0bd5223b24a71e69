/** Faults while faults are delivered (Intel SDM Vol. 3A, section 6.15, "Interrupt 8: Double Fault"). */
import { expect, test } from 'vitest';
import { code32, gate } from '../bytes.js';
import { places, selectors, World } from '../world.js';

const world = new World();
const here = places.code;
const absent = (vector: number): void => world.gate(vector, gate('interrupt32', 8, 0, 0, 0, false));
const ud = [0x0f, 0x0b];
const divideError = [0x31, 0xc9, 0xf7, 0xf1];
const protection = [0x8e, 0xd8]; // MOV DS, AX with a selector outside its table.

function start(code: readonly number[]): void {
  world.flat(code);
  world.set('eax', 0xff8);
}

test('a fault while a benign one is delivered is delivered in its place, with EXT', () => {
  start(ud);
  absent(6);
  expect(world.catch()).toEqual({ vector: 11, errorCode: 6 * 8 + 3, cs: 8, eip: here });
});
test('two contributory faults are a double fault with error code 0', () => {
  start(protection);
  absent(13);
  expect(world.catch()).toEqual({ vector: 8, errorCode: 0, cs: 8, eip: here });
  start(divideError);
  absent(0);
  expect(world.catch()).toEqual({ vector: 8, errorCode: 0, cs: 8, eip: here + 2 });
});
test('a fault of two steps, each contributory, is a double fault whatever the first one was', () => {
  start(ud);
  absent(6);
  absent(11);
  expect(world.catch()).toEqual({ vector: 8, errorCode: 0, cs: 8, eip: here });
});
test('a contributory fault while a page fault is delivered is a double fault', () => {
  start(code32.loadEax(places.data));
  world.page();
  world.entry(places.data >> 12, 0);
  absent(14);
  expect(world.catch()).toEqual({ vector: 8, errorCode: 0, cs: 8, eip: here });
});
/** Moves the interrupt table so that gate `vector` is the first of a page, and takes the page of the gates before away. */
function splitTable(vector: number): number {
  const table = places.data + 0x1000 - vector * 8;
  for (let at = 0; at < 64 * 8; at++) world.put(table + at, world.read(places.idt + at, 1));
  world.setWord('idtrBase', table);
  world.page();
  world.entry(places.data >> 12, 0);
  return table;
}
test('a page fault while a contributory fault is delivered is delivered as a page fault, without EXT', () => {
  start(protection);
  const table = splitTable(14);
  expect(world.catch()).toEqual({ vector: 14, errorCode: 0, cs: 8, eip: here });
  expect(world.word('cr2')).toBe(table + 13 * 8);
});
test('a page fault while a page fault is delivered is a double fault', () => {
  start([...code32.loadEax(places.data)]);
  const table = splitTable(15);
  world.put(table + 8 * 8, 0); // Gate 8 lies on the absent page too: nothing is left but to shut down.
  expect(world.run()).toBe('shutdown');
  start([...code32.loadEax(places.data + 0x2000)]);
  world.page();
  world.entry((places.data + 0x2000) >> 12, 0);
  world.gate(14, gate('interrupt32', selectors.code[0], 0));
  world.descriptor(selectors.code[0], [0, 0, 0, 0, 0, 0, 0, 0]);
  expect(world.run()).toBe('shutdown');
});
test('a fault while a double fault is delivered shuts down', () => {
  start(protection);
  absent(13);
  absent(8);
  expect(world.run()).toBe('shutdown');
  expect(world.run()).toBe('shutdown');
  expect(world.processor.cycle).toBe(1);
});
test('an interrupt table without room for anything shuts down at the first fault', () => {
  start(ud);
  world.setWord('idtrLimit', 0);
  expect(world.run()).toBe('shutdown');
});
test('an external interrupt is benign even at the vector of a contributory or double fault', () => {
  for (const vector of [8, 10, 13, 14]) {
    start([0x90]);
    absent(vector);
    world.flags = 0x200;
    world.vector = vector;
    world.processor.setInterruptRequest(true);
    expect(world.catch()).toEqual({ vector: 11, errorCode: vector * 8 + 3, cs: 8, eip: here });
  }
});
test('an external interrupt at the vector of a fault with an error code pushes none', () => {
  start([0x90]);
  world.flags = 0x200;
  world.vector = 13;
  world.processor.setInterruptRequest(true);
  world.run();
  expect(world.get('esp')).toBe(places.stacks[0] - 12);
});
test('a double fault through a task gate runs on the stack of its task', () => {
  start(protection);
  absent(13);
  world.gate(8, gate('task', selectors.otherTask, 0));
  world.put32(places.otherTask + 0x20, places.data);
  world.put32(places.otherTask + 0x38, places.stacks[1]);
  world.put32(places.otherTask + 0x4c, selectors.code[0]);
  for (const at of [0x48, 0x50, 0x54, 0x58, 0x5c]) world.put32(places.otherTask + at, selectors.data[0]);
  world.put(places.data, ...code32.hlt);
  expect([world.run(), world.word('eip')]).toEqual(['halted', places.data + 1]);
  expect([world.get('esp'), world.read(places.stacks[1] - 4)]).toEqual([places.stacks[1] - 4, 0]);
  expect(world.read(places.task + 0x20)).toBe(here);
});
