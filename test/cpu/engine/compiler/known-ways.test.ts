/** Compiled code that goes on in other pages, where it noted the way the last time. */
import { expect, test } from 'vitest';
import { code32, d } from '../../bytes.js';
import { places, World } from '../../world.js';

const rounds = 2000;
/** A routine in a page of its own, and another page that may take its place. */
const routine = 0x20000;
const other = 0x21000;
const patience = [0, 1];

const tuned = (patience: number): World =>
  new World('pentium3', 1 << 20, undefined, { look: 10, threshold: 1, batch: 1, delay: 0, patience });

/** A sum of what the routine gives in so many rounds, in EBX; then what follows. */
function summing(before: readonly number[], count: number, behind: readonly number[]): number[] {
  const start = [...before, ...code32.mov('ecx', count)];
  // CALL the routine; ADD EBX, EAX; DEC ECX; JNZ the call.
  const call = [0xe8, ...d(routine - (places.code + start.length + 5))];
  return [...start, ...call, 0x01, 0xc3, 0x49, 0x75, -10 & 0xff, ...behind];
}
const giving = (value: number): number[] => [...code32.mov('eax', value), 0xc3];

/** Runs code to its end; every page of the first megabyte lies where its address says, once paging is on. */
function run(world: World, code: readonly number[]): void {
  world.flat(code);
  world.put(places.directory, ...d(places.table | 3));
  for (let number = 0; number < 256; number++) world.put(places.table + number * 4, ...d((number << 12) | 3));
  world.set('ebx', 0);
  world.put(routine, ...giving(1));
  world.put(other, ...giving(10_000));
  for (let slice = 0; slice < 200; slice++) world.run(1000);
  expect(world.word('halted')).toBe(1);
}

test.each(patience)('a routine in another page that changes is run as it is now (patience %i)', (patience) => {
  const head = code32.mov('edi', 2);
  // MOV BYTE [what the routine gives], 100; DEC EDI; JNZ behind the head.
  const change = [0xc6, 0x05, ...d(routine + 1), 100, 0x4f, 0x75];
  const twice = summing(head, rounds, change);
  const code = [...twice, (head.length - twice.length - 1) & 0xff, ...code32.hlt];
  const world = tuned(patience);
  run(world, code);
  expect(world.get('ebx')).toBe(rounds + rounds * 100);
});

test.each(patience)('the page that lies at an address now is run there (patience %i)', (patience) => {
  const world = tuned(patience);
  // MOV EAX, directory; MOV CR3, EAX; MOV EAX, CR0; OR EAX, PG; MOV CR0, EAX.
  const page = [
    ...code32.mov('eax', places.directory),
    0x0f,
    0x22,
    0xd8,
    0x0f,
    0x20,
    0xc0,
    0x0d,
    ...d(0x8000_0000 | 0),
  ];
  const before = [...page, 0x0f, 0x22, 0xc0];
  const entry = places.table + (routine >> 12) * 4;
  // MOV DWORD [the routine's entry], the other page; INVLPG [routine].
  const move = (to: number): number[] => [0xc7, 0x05, ...d(entry), ...d(to | 3), 0x0f, 0x01, 0x3d, ...d(routine)];
  // There and back, so that all was compiled before the last time.
  const there = summing(summing(summing(before, rounds, move(other)), rounds, move(routine)), rounds, move(other));
  const code = summing(there, 3, code32.hlt);
  run(world, code);
  expect(world.get('ebx')).toBe(2 * rounds + rounds * 10_000 + 30_000);
});
