/** Instructions that compiled code leaves half-way, and the interpreter runs from their start. */
import { expect, test } from 'vitest';
import { code32, d } from '../../bytes.js';
import { places, World } from '../../world.js';

const rounds = 200;
const top = places.code + 0x8000;

/** ENTER copies from where it pushes, and its new top of the stack lies in a page that the TLB does not know; EBX is the sum of the first copies. */
function entering(): number[] {
  const frame = [...code32.mov('esp', top), ...code32.mov('ebp', top - 8)];
  const display = [1, 2, 3].flatMap((value) => code32.store(top - 8 - 4 * value, value));
  // ENTER 0x2000, 4; ADD EBX, [the first copy]; DEC ECX; JNZ.
  const enter = [0xc8, 0x00, 0x20, 4, 0x03, 0x1d, ...d(top - 8), 0x49, 0x0f, 0x85];
  const loop = [...code32.flushTlb, ...frame, ...display, ...enter];
  return [...code32.mov('ecx', rounds), ...loop, ...d(-loop.length - 4), ...code32.hlt];
}

test.each([0, 1, 256])('ENTER never reads what it pushed before it was left (patience %i)', (patience) => {
  const world = new World('pentium3', 1 << 20, undefined, { look: 10, threshold: 1, batch: 1, delay: 0, patience });
  world.flat(entering());
  world.page();
  world.set('ebx', 0);
  for (let slice = 0; slice < 20; slice++) world.run(1000);
  expect(world.word('halted')).toBe(1);
  expect(world.get('ebx')).toBe(rounds);
});
