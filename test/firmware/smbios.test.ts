import { describe, expect, test } from 'vitest';
import { cycle } from '../../src/base/integers.js';
import type { Machine, MachineDescription } from '../../src/machine/machine.js';
import { bootAddress, newMachine } from '../machine/small-guests.js';

/** A machine with a PCI bus whose firmware has just jumped to the boot sector. */
function started(changes: Partial<MachineDescription> = {}): Machine {
  const machine = newMachine({ board: 'i440fx', processor: 'pentium3', memoryBytes: 32 << 20, ...changes });
  machine.breakpoints = new Set([bootAddress]);
  expect(machine.run(cycle(1_000_000_000)).kind).toBe('breakpoint');
  return machine;
}

const latin1 = new TextDecoder('latin1');
const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);

/** The entry point, found as a system finds it. */
function entryPoint(machine: Machine): DataView {
  let at = 0xf0000;
  while (latin1.decode(machine.readMemory(at, 4)) !== '_SM_') at += 16;
  const bytes = machine.readMemory(at, machine.readMemory(at + 5, 1)[0]!);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

interface Structure {
  readonly type: number;
  readonly handle: number;
  readonly bytes: readonly number[];
  readonly words: (at: number) => number;
  readonly strings: readonly string[];
}

/** The structures of the table, in their order. */
function structures(machine: Machine): Structure[] {
  const entry = entryPoint(machine);
  const data = machine.readMemory(entry.getUint32(24, true), entry.getUint16(22, true));
  const found: Structure[] = [];
  for (let at = 0; at < data.length;) {
    const bytes = [...data.subarray(at, at + data[at + 1]!)];
    let end = (at += bytes.length);
    while (data[end] !== 0 || data[end + 1] !== 0) end++;
    const words = (offset: number): number => bytes[offset]! | (bytes[offset + 1]! << 8);
    const strings = latin1.decode(data.subarray(at, end)).split('\0');
    found.push({ type: bytes[0]!, handle: words(2), bytes, words, strings });
    at = end + 2;
  }
  return found;
}
const ofType = (machine: Machine, type: number): Structure[] =>
  structures(machine).filter((structure) => structure.type === type);

/** What the processor's structure says: its family, its maker and its name, and its bus's and its own megahertz. */
function processorOf(machine: Machine): unknown[] {
  const [processor] = ofType(machine, 4);
  const { bytes, words, strings } = processor!;
  expect(words(0x14)).toBe(words(0x16)); // It runs as fast as it can.
  return [bytes[6], strings[bytes[7]! - 1], strings[bytes[0x10]! - 1], words(0x12), words(0x16)];
}

/** Caches by their handles: level, kind (3 instructions, 4 data, 5 both), KiB, associativity (4 2-way, 5 4-way, 7 8-way). */
const cachesOf = (machine: Machine): Map<number, number[]> =>
  new Map(
    ofType(machine, 7).map(({ handle, bytes, words }) => [
      handle,
      [(bytes[5]! & 7) + 1, bytes[0x11]!, words(9), bytes[0x12]!],
    ]),
  );

describe('SMBIOS', () => {
  test('is found by both names of its entry point, and tells as many structures as its table has', () => {
    const machine = started();
    const entry = entryPoint(machine);
    const bytes = new Uint8Array(entry.buffer, entry.byteOffset, entry.byteLength);
    expect(latin1.decode(bytes.subarray(16, 21))).toBe('_DMI_');
    expect([sum(bytes), sum(bytes.subarray(16, 31))]).toEqual([0, 0]);
    const all = structures(machine);
    expect(all).toHaveLength(entry.getUint16(28, true));
    expect(all.at(-1)!.type).toBe(127);
    expect(new Set(all.map(({ handle }) => handle)).size).toBe(all.length);
    const largest = all.map(({ bytes: { length }, strings }) => length + strings.join('\0').length + 2);
    expect(Math.max(...largest)).toBe(entry.getUint16(8, true));
    expect(all.find(({ type }) => type === 1)!.strings).toEqual(['tsvm-test', '440FX PC', '1']);
  });

  test('tells of a motherboard in the enclosure', () => {
    const machine = started();
    const [board] = ofType(machine, 2);
    expect(board!.strings.slice(0, 2)).toEqual(['tsvm-test', '440FX PC']);
    expect([board!.words(11), board!.bytes[13]]).toEqual([ofType(machine, 3)[0]!.handle, 0x0a]);
  });

  test.each([
    ['80386', 33, [0x05, 'Intel', '80386', 0, 0]],
    ['80486', 66, [0x06, 'GenuineIntel', '80486', 0, 0]], // No time-stamp counter: nobody can tell.
    ['pentium', 133, [0x0b, 'GenuineIntel', 'Pentium', 100, 133]],
    ['pentiumMmx', 233, [0x0e, 'GenuineIntel', 'Pentium MMX', 100, 233]],
    ['pentiumPro', 1, [0x0c, 'GenuineIntel', 'Pentium Pro', 100, 1]],
    ['pentium2', 50, [0x0d, 'GenuineIntel', 'Pentium II', 100, 50]],
    ['pentium3', 667, [0x11, 'GenuineIntel', 'Pentium III', 100, 667]],
    ['pentiumM', 1000, [0xb9, 'GenuineIntel', 'Intel(R) Pentium(R) M processor', 100, 1000]],
  ] as const)('names a processor %s, and the %d MHz that its description says', (processor, megahertz, told) => {
    expect(processorOf(started({ processor, cyclesPerSecond: megahertz * 1_000_000 }))).toEqual(told);
  });

  test.each([
    ['80386', []],
    ['80486', [[1, 5, 8, 5]]],
    [
      'pentium',
      [
        [1, 3, 8, 4],
        [1, 4, 8, 4],
      ],
    ],
    [
      'pentiumMmx',
      [
        [1, 3, 16, 5],
        [1, 4, 16, 5],
      ],
    ],
    [
      'pentiumPro',
      [
        [1, 3, 8, 5],
        [1, 4, 8, 4],
        [2, 5, 256, 5],
      ],
    ],
    [
      'pentium2',
      [
        [1, 3, 16, 5],
        [1, 4, 16, 5],
        [2, 5, 512, 5],
      ],
    ],
    [
      'pentium3',
      [
        [1, 3, 16, 5],
        [1, 4, 16, 5],
        [2, 5, 256, 7],
      ],
    ],
    [
      'pentiumM',
      [
        [1, 3, 32, 7],
        [1, 4, 32, 7],
        [2, 5, 2048, 7],
      ],
    ],
  ] as const)('tells the caches of a %s, and which of them are its first and its second', (processor, caches) => {
    const machine = started({ processor });
    const found = cachesOf(machine);
    const inOrder = [...found.values()].sort(([level = 0, kind = 0], other) => level - other[0]! || kind - other[1]!);
    expect(inOrder).toEqual(caches);
    for (const { bytes } of ofType(machine, 7)) expect(bytes[5]! & 0x80).toBe(0x80); // POST switched them on.
    const { words } = ofType(machine, 4)[0]!;
    const levels = [0x1a, 0x1c, 0x1e].map((at) => (words(at) === 0xffff ? 0 : found.get(words(at))![0]));
    expect(levels).toEqual([1, 2, 3].map((level) => (caches.some(([each]) => each === level) ? level : 0)));
  });

  test('lists the PCI slots as they are numbered, which of them hold cards, and the display beside them', () => {
    const machine = started({
      display: 'vbe',
      network: [{ card: 'e1000', network: 'none' }],
      devices: ['virtio-rng'],
      slots: [{ card: 'virtioRng', slot: 20 }],
    });
    const slots = ofType(machine, 9).map(({ bytes, words, strings }) => [
      strings[0],
      words(9),
      bytes[16]! >> 3,
      bytes[7] === 4 ? 'in use' : 'free',
    ]);
    expect(slots).toEqual([
      ...[1, 2, 3, 4, 5, 6, 7, 8].map((slot) => [`PCI ${slot}`, slot, slot + 2, slot === 2 ? 'in use' : 'free']),
      ['PCI 18', 18, 20, 'in use'],
    ]);
    expect(ofType(machine, 41).map(({ bytes }) => [bytes[5], bytes[10]])).toEqual([[0x83, 2 << 3]]);
  });

  test('of a board with hot plug lists every slot by the number that ACPI gives it', () => {
    const slots = ofType(started({ devices: ['pci-hot-plug'] }), 9);
    expect(slots.map(({ words, bytes }) => [words(9), bytes[16]! >> 3, bytes[12]! & 2])).toEqual(
      Array.from({ length: 29 }, (_, at) => [at + 3, at + 3, 2]),
    );
  });
});
