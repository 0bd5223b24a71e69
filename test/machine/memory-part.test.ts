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
const step = 20_000;

test('the digest of memory is that of all its pages, however often it was asked for', () => {
  const machine = machineWith(filler);
  for (let round = 0; round < 12; round++) {
    machine.run(cycle(machine.cycle + step));
    const { memory } = machine.digest().parts;
    expect(memory).toBe(hex(fastHash(pageHashes(machine.save().pages!.memory!.bytes())), 16));
    if (round === 5) machine.load(machine.save());
  }
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
