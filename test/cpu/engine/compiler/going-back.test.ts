/** Compiled code when a processor goes back to a saved state. */
import { afterEach, expect, test, vi } from 'vitest';
import { code32 } from '../../bytes.js';
import { places, World } from '../../world.js';

afterEach(() => vi.unstubAllGlobals());

const tuning = { look: 1, threshold: 1, batch: 1, delay: 0, patience: 1 };
/** MOV ECX, 1000; an instruction; DEC ECX; JNZ to it; HLT. */
const loop = (instruction: number): number[] => [
  ...code32.mov('ecx', 1000),
  instruction,
  0x49,
  0x75,
  0xfc,
  ...code32.hlt,
];
const [incEdx, decEdx] = [0x42, 0x4a];

/** A world that runs a loop, at its start; and what counts the modules that are compiled from now on. */
function start() {
  const world = new World('pentium3', 1 << 20, undefined, tuning);
  const counted = { modules: 0 };
  const { Module } = WebAssembly;
  class Counted extends Module {
    constructor(...settings: ConstructorParameters<typeof Module>) {
      super(...settings);
      counted.modules++;
    }
  }
  vi.stubGlobal('WebAssembly', { ...WebAssembly, Module: Counted, Instance: WebAssembly.Instance });
  world.flat(loop(incEdx));
  world.set('edx', 0);
  const saved = world.processor.save();
  const goBack = (): void => world.processor.load(saved, 0);
  return { world, counted, goBack };
}

test('code that is the same before and after is not compiled again', () => {
  const { world, counted, goBack } = start();
  world.run(10_000);
  expect(counted.modules).toBeGreaterThan(0);
  const { modules } = counted;
  for (let round = 0; round < 5; round++) {
    goBack();
    world.run(10_000);
    expect(world.get('edx')).toBe(1000);
  }
  expect(counted.modules).toBe(modules);
});

test('a page that holds other code is compiled for that, however often it is another', () => {
  const { world, counted, goBack } = start();
  for (let round = 0; round < 20; round++) {
    const before = counted.modules;
    const instruction = round % 2 === 0 ? incEdx : decEdx;
    world.memory.set(loop(instruction), places.code);
    world.core.code.replaced(world.memory.byteOffset + places.code);
    goBack();
    world.run(10_000);
    expect(world.get('edx') | 0).toBe(instruction === incEdx ? 1000 : -1000);
    expect(counted.modules).toBeGreaterThan(before);
  }
});
