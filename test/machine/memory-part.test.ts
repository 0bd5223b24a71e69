import { expect, test } from 'vitest';
import { fastHash, pageHashes } from '../../src/base/digest.js';
import { cycle, hex } from '../../src/base/integers.js';
import { machineWith } from './small-guests.js';

/** Fills memory from 64 KiB up with a counter, a word at a time, for ever. */
const filler = [
  ...[0xb8, 0x00, 0x10, 0x8e, 0xc0], // mov ax, 1000h; mov es, ax
  ...[0xbf, 0x00, 0x00], // again: mov di, 0
  ...[0x26, 0x89, 0x1d], // next: mov [es:di], bx
  ...[0x43, 0x83, 0xc7, 0x02], // inc bx; add di, 2
  ...[0x75, 0xf7], // jnz next
  ...[0xeb, 0xf2], // jmp again
];
/** The same in the display's window, opened for every plane. */
const displayFiller = [
  ...[0xba, 0xc2, 0x03, 0xb0, 0x03, 0xee], // mov dx, 3c2h; mov al, 3; out dx, al
  ...[0xba, 0xc4, 0x03, 0xb8, 0x02, 0x0f, 0xef], // mov dx, 3c4h; mov ax, 0f02h; out dx, ax
  ...[0xb8, 0x04, 0x06, 0xef], // mov ax, 0604h; out dx, ax
  ...[0xba, 0xce, 0x03, 0xb8, 0x08, 0xff, 0xef], // mov dx, 3ceh; mov ax, ff08h; out dx, ax
  ...filler.with(2, 0xb8),
];
const step = 20_000;

test.each([
  ['memory', filler],
  ['videoMemory', displayFiller],
])('the digest of %s is that of all its pages, however often it was asked for', (part, program) => {
  const machine = machineWith(program);
  const digests = new Set<string>();
  for (let round = 0; round < 12; round++) {
    machine.run(cycle(machine.cycle + step));
    const digest = machine.digest().parts[part]!;
    digests.add(digest);
    expect(digest).toBe(hex(fastHash(pageHashes(machine.save().pages![part]!.bytes())), 16));
    if (round === 5) machine.load(machine.save());
  }
  expect(digests.size).toBeGreaterThan(6);
});

test('a machine put back to a snapshot has its memory again, and the same run before it', () => {
  const machine = machineWith(filler);
  const moments = Array.from({ length: 5 }, () => {
    machine.run(cycle(machine.cycle + step));
    return { snapshot: machine.save(), memory: machine.readMemory(0, 0x40000), digest: machine.digest() };
  });
  for (const at of [3, 0, 4, 1, 2]) {
    const { snapshot, memory, digest } = moments[at]!;
    machine.load(snapshot);
    expect(Buffer.compare(machine.readMemory(0, 0x40000), memory)).toBe(0);
    expect(machine.digest()).toEqual(digest);
    machine.run(cycle(machine.cycle + step));
    if (at < 4) expect(machine.digest()).toEqual(moments[at + 1]!.digest);
  }
});
