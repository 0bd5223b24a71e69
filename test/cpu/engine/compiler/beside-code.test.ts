/** Compiled stores into a page that also holds code. */
import { expect, test } from 'vitest';
import { code32, d } from '../../bytes.js';
import { places, World } from '../../world.js';

const rounds = 2000;
const routine = 0x80;
/** Four bytes up to here have their last two in the routine: its opcode, and the lowest byte of what it loads. */
const straddling = routine - 2;
const between = 0x60;

/**
 * One instruction stores beside the code for many rounds, then for three rounds across the line's end into a routine in the next line, which gives what
 * was stored; EBX is the sum of what it gave.
 */
function storing(): number[] {
  const to = (here: number, target: number): number => (target - here) & 0xff;
  const start = [...code32.mov('ecx', rounds), ...code32.mov('esi', places.code + between)];
  // MOV EDX, ECX; SHL EDX, 24; OR EDX, the opcode's byte; MOV [ESI], EDX.
  const store = [0x89, 0xca, 0xc1, 0xe2, 24, 0x81, 0xca, ...d(0xb8_0000), 0x89, 0x16];
  // CALL the routine; ADD EBX, EAX; DEC ECX; JNZ the store.
  const called = start.length + store.length + 5;
  const again = [0xe8, ...d(routine - called), 0x01, 0xc3, 0x49, 0x75, to(called + 5, start.length)];
  // CMP ESI, the other place; JE behind the next three.
  const next = [...code32.mov('ecx', 3), ...code32.mov('esi', places.code + straddling)];
  const compare = [0x81, 0xfe, ...d(places.code + straddling), 0x74, next.length + 2];
  const before = [...start, ...store, ...again, ...compare, ...next];
  const all = [...before, 0xeb, to(before.length + 2, start.length), ...code32.hlt];
  const gap = Array.from({ length: routine - all.length }, () => code32.nop[0]!);
  // MOV EAX, 7; RET.
  return [...all, ...gap, ...code32.mov('eax', 7), 0xc3];
}

test.each([0, 1])('a store beside code sees code in the line of its last byte (patience %i)', (patience) => {
  const world = new World('pentium3', 1 << 20, undefined, { look: 10, threshold: 1, batch: 1, delay: 0, patience });
  world.flat(storing());
  world.set('ebx', 0);
  for (let slice = 0; slice < 100; slice++) world.run(1000);
  expect(world.word('halted')).toBe(1);
  expect(world.get('ebx')).toBe(7 * rounds + 3 + 2 + 1);
});
