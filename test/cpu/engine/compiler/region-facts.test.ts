/** What regions rely on does not hold everywhere. */
import { expect, test } from 'vitest';
import { access, B, code32, d, descriptor, G } from '../../bytes.js';
import { places, selectors, World } from '../../world.js';

const tuning = { look: 100, threshold: 1, batch: 1, delay: 0, patience: 1 };
const callee = 0xb000;
const base = 0x2_0000;
const rounds = 5000;

/** Calls another page again and again: MOV ECX, rounds; CALL callee; DEC ECX; JNZ. */
const calls = (from: number): number[] => [
  ...code32.mov('ecx', rounds),
  ...[0xe8, ...d(callee - from - 10)],
  ...[0x49, 0x75, 0xf8],
];

test('where code does not begin at 0 its jumps lead where its segment says, although its data are flat', () => {
  const world = new World('pentium3', 1 << 20, undefined, tuning);
  world.flat([...calls(places.code), ...code32.jumpFar(selectors.free, places.code)]);
  world.descriptor(selectors.free, descriptor(base, 0xf_ffff, access.code, G | B));
  world.put(callee, ...code32.inc('ebx'), 0xc3);
  world.put(base + places.code, ...calls(places.code), ...code32.hlt);
  world.put(base + callee, ...code32.inc('edx'), 0xc3);
  world.set('ebx', 0);
  world.set('edx', 0);
  world.run(1_000_000);
  expect([world.get('ebx'), world.get('edx')]).toEqual([rounds, rounds]);
});
