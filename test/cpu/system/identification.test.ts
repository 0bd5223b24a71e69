/** CPUID and the ID flag (Intel SDM Vol. 2A, "CPUID"; application note 485), on every model. */
import { describe, expect, test } from 'vitest';
import { declarationOf, featureBits, has, models, type Feature } from '../../../src/cpu/model.js';
import { code32, d } from '../bytes.js';
import { World } from '../world.js';

const { mov, hlt } = code32;
const identify = [0x0f, 0xa2];

const later = models.filter((model) => has(model, 'cpuid'));
const worlds = new Map(models.slice(2).map((model) => [model, new World(model)]));

/** EAX, EBX, ECX, EDX after CPUID. */
function leaf(model: (typeof models)[number], number: number): [number, number, number, number] {
  const world = worlds.get(model)!;
  world.flat([...mov('eax', number), ...identify, ...hlt], 0);
  world.run();
  return [world.get('eax'), world.get('ebx'), world.get('ecx'), world.get('edx')];
}
const text = (...words: number[]): string =>
  Buffer.from(Uint32Array.from(words).buffer).toString('latin1').replaceAll('\0', '');

describe.each(later)('CPUID of the %s', (model) => {
  test('tells the vendor and the last leaf', () => {
    const [last, ebx, ecx, edx] = leaf(model, 0);
    expect(text(ebx, edx, ecx)).toBe('GenuineIntel');
    expect(last).toBe(declarationOf(model).caches === undefined ? 1 : 2);
  });
  test('gives the signature that EDX holds after reset', () => {
    const world = worlds.get(model)!;
    world.clear();
    expect(leaf(model, 1)[0]).toBe(declarationOf(model).signature);
    world.clear();
    expect(world.get('edx')).toBe(declarationOf(model).signature);
  });
  test('claims what the model has, and no local APIC where the board has none', () => {
    const claimed = leaf(model, 1)[3];
    for (const [feature, bit] of Object.entries(featureBits) as [Feature, number][]) {
      expect([feature, (claimed >>> bit) & 1]).toEqual([feature, feature !== 'apic' && has(model, feature) ? 1 : 0]);
    }
  });
  test('answers a leaf beyond the last as the last', () => {
    const last = leaf(model, 0)[0];
    expect(leaf(model, 0x1234)).toEqual(leaf(model, last));
  });
  test('is at hand at every level, and tells of itself by a flag that can be changed', () => {
    const world = worlds.get(model)!;
    const flip = [0x9c, 0x81, 0x34, 0x24, ...d(1 << 21), 0x9d]; // PUSHFD; XOR [ESP], ID; POPFD
    world.flat([...mov('eax', 0), ...identify, ...flip, 0xeb, 0xfe], 3);
    world.run(8);
    expect([world.get('ebx'), (world.flags >>> 21) & 1]).toEqual([0x756e_6547, 1]);
  });
});

test('the Pentium M has a name, and the Pentium III none', () => {
  const words = [2, 3, 4].flatMap((number) => leaf('pentiumM', 0x8000_0000 + number));
  expect(leaf('pentiumM', 0x8000_0000)[0]).toBe(0x8000_0004);
  expect(text(...words)).toBe('Intel(R) Pentium(R) M processor');
  expect(leaf('pentium3', 0x8000_0000)).toEqual(leaf('pentium3', 2));
});
test('the Pentium M flushes lines of 64 bytes', () => {
  expect(leaf('pentiumM', 1)[1]).toBe(0x0816);
});
test('caches are described in leaf 2', () => {
  expect(leaf('pentium3', 2).map((word) => word.toString(16))).toEqual(['3020101', '0', '0', 'c040882']);
});
test('the 80386 has neither CPUID nor the flag', () => {
  const world = worlds.get('80386')!;
  world.flat(identify);
  expect(world.catch()).toMatchObject({ vector: 6 });
  world.flat([...code32.push(1 << 21), ...code32.popf, ...hlt]);
  world.run();
  expect(world.flags & (1 << 21)).toBe(0);
});
test('AC came with the 80486, and CR4 with the Pentium', () => {
  for (const [model, flag] of [
    ['80386', 0],
    ['80486', 1],
  ] as const) {
    const world = worlds.get(model)!;
    world.flat([...code32.push(1 << 18), ...code32.popf, ...hlt]);
    world.run();
    expect((world.flags >>> 18) & 1).toBe(flag);
    world.flat([0x0f, 0x20, 0xe0]); // MOV EAX, CR4
    expect(world.catch()).toMatchObject({ vector: 6 });
  }
  worlds.get('pentium')!.flat([0x0f, 0x20, 0xe0, ...hlt]);
  expect(worlds.get('pentium')!.run()).toBe('halted');
});
