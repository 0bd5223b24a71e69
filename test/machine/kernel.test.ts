import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../src/base/digest.js';
import { cycle } from '../../src/base/integers.js';
import { createMachine } from '../../src/machine/index.js';
import type { KernelDescription, Machine, MachineDescription } from '../../src/machine/machine.js';
import { elfImage, linuxImage, multiboot2Header, multibootHeader } from '../firmware/boot/samples.js';
import { description } from './small-guests.js';

/** A machine whose description holds a kernel. */
function machineWith(
  protocol: KernelDescription['protocol'],
  image: Uint8Array,
  more: Partial<MachineDescription> = {},
): Machine {
  const sha256 = sha256Hex(image);
  const kernel: KernelDescription = { protocol, image: { sha256, size: image.length }, commandLine: 'a=1' };
  const all: MachineDescription = { ...description, memoryBytes: 32 << 20, media: {}, kernel, ...more };
  return createMachine(all, new Map([[sha256, image]]), { date: 1_700_000_000, seed: 1 });
}

/** Runs until the kernel halts; its registers then. */
function registersAtHalt(machine: Machine): Readonly<Record<string, number>> {
  machine.run(cycle(200_000_000));
  const { halted, registers } = machine.processor();
  expect(halted).toBe(true);
  return registers;
}

/** A dword of memory. */
const dword = (machine: Machine, at: number): number =>
  new DataView(machine.readMemory(at, 4).buffer).getUint32(0, true);
const string = (machine: Machine, at: number): string => {
  const bytes = machine.readMemory(at, 64);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
};

/** hlt; jmp back */
const halt = [0xf4, 0xeb, 0xfd];

describe.each(['pc', 'i440fx'] as const)("a kernel on the board '%s'", (board) => {
  const processor = board === 'pc' ? '80386' : 'pentium3';

  test('of Multiboot runs in protected mode and finds its memory map', () => {
    const image = elfImage({ address: 0x100000, bytes: [...halt, 0, ...multibootHeader(3)] });
    const machine = machineWith('multiboot', image, { board, processor });
    const { eax, ebx, cr0 } = registersAtHalt(machine);
    expect([eax! >>> 0, cr0! & 1]).toEqual([0x2badb002, 1]);
    const field = (at: number): number => dword(machine, ebx! + at);
    expect(field(0)).toBe(0x24d);
    expect(string(machine, field(16))).toBe('a=1');
    expect([field(4), field(8)]).toEqual([639, 31 * 1024 - (board === 'pc' ? 0 : 64)]);
    const entries = Array.from({ length: field(44) / 24 }, (_, index) => field(48) + index * 24);
    const usable = entries.filter((at) => dword(machine, at + 20) === 1);
    expect(usable.map((at) => [dword(machine, at + 4), dword(machine, at + 12)])).toEqual([
      [0, 639 * 1024],
      [1 << 20, field(8) * 1024],
    ]);
  });

  test('of Multiboot has its code under selector 08h and its data under 10h, from a table that is still there', () => {
    // mov ecx, cs; mov edx, ds; mov esi, ss; jmp 08h:10000Fh; nop …; mov es, edx; hlt; jmp back
    const code = [0x8c, 0xc9, 0x8c, 0xda, 0x8c, 0xd6, 0xea, 0x0f, 0x00, 0x10, 0x00, 0x08, 0x00, 0x90, 0x90, 0x8e, 0xc2];
    const image = elfImage({ address: 0x100000, bytes: [...code, ...halt, ...multibootHeader(0)] });
    const { ecx, edx, esi } = registersAtHalt(machineWith('multiboot', image, { board, processor }));
    expect([ecx, edx, esi]).toEqual([0x08, 0x10, 0x10]);
  });

  test('of Multiboot runs, and changes its own code, at the end of the 2 GiB that a machine may have', () => {
    const base = 0x7ffe0000;
    const changed = base + 0xfff; // Its two bytes lie in two pages.
    const dwordBytes = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
    const rounds = 5000;
    const code = [
      ...[0xbc, ...dwordBytes(0x9000), 0x31, 0xdb, 0x31, 0xc0, 0xb9, ...dwordBytes(rounds)], // mov esp, 9000h; ebx, eax = 0; mov ecx, rounds
      ...[0x88, 0x0d, ...dwordBytes(changed + 1)], // next: mov [changed + 1], cl
      ...[0xe8, ...dwordBytes(changed - (base + 25))], // call changed
      ...[0x01, 0xc3, 0xe2, 0xf1], // add ebx, eax; loop next
      ...halt,
    ];
    const start = [...code, ...Array.from({ length: (4 - (code.length % 4)) % 4 }, () => 0), ...multibootHeader(0)];
    const bytes = [...start, ...Array.from({ length: 0xfff - start.length }, () => 0x90), 0xb0, 0x00, 0xc3]; // changed: mov al, 0; ret
    const machine = machineWith('multiboot', elfImage({ address: base, bytes }), {
      board,
      processor,
      memoryBytes: 2 ** 31,
    });
    let sum = 0;
    for (let round = rounds; round > 0; round--) sum += round & 0xff;
    expect(registersAtHalt(machine).ebx).toBe(sum);
    const before = machine.digest().sha256;
    machine.load(machine.save());
    expect(machine.digest().sha256).toBe(before);
  });

  test('of Multiboot2 finds tags up to the ending one: a text screen where it asks for no other, and no drive', () => {
    const machine = machineWith('multiboot2', multiboot2Kernel(), { board, processor });
    const tags = tagsOf(machine);
    expect([...tags.keys()]).toEqual([1, 2, 4, 8, ...(board === 'pc' ? [] : [14, 15, 10]), 6, 0]);
    const at = tags.get(8)!;
    expect([dword(machine, at), dword(machine, at + 8), dword(machine, at + 12), dword(machine, at + 16)]).toEqual([
      ...[0xb8000, 160, 80, 25],
    ]);
    expect([...machine.readMemory(at + 20, 2)]).toEqual([16, 2]);
    expect([dword(machine, tags.get(4)!), dword(machine, tags.get(4)! + 4)]).toEqual([
      ...[639, 31 * 1024 - (board === 'pc' ? 0 : 64)],
    ]);
  });

  test('of Multiboot2 that could be placed elsewhere is told where it is', () => {
    const machine = machineWith('multiboot2', multiboot2Kernel([10, 24, 0x100000, 0x2000000, 4096, 0]), {
      board,
      processor,
    });
    expect(dword(machine, tagsOf(machine).get(21)!)).toBe(0x100000);
  });

  test('of Linux starts in real mode in its own segment, with the firmware’s services', () => {
    const image = linuxImage({});
    // mov ah, 88h; int 15h; mov bx, cs; mov cx, ds; hlt; jmp back
    image.set([0xb4, 0x88, 0xcd, 0x15, 0x8c, 0xcb, 0x8c, 0xd9, ...halt], 0x200);
    // The header's own place is jumped over.
    const { bx, ax, cx } = low(registersAtHalt(machineWith('linux', entered(image), { board, processor })));
    expect([bx, cx]).toEqual([0x1020, 0x1000]);
    expect(ax).toBe(31 * 1024 - (board === 'pc' ? 0 : 64));
  });

  test('is there again after a reset', () => {
    // inc dword [100010h]; hlt; jmp back. The counter is part of the image.
    const code = [0xff, 0x05, 0x10, 0x00, 0x10, 0x00, ...halt, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0];
    const image = elfImage({ address: 0x100000, bytes: [...code, ...multibootHeader(0)] });
    const machine = machineWith('multiboot', image, { board, processor });
    registersAtHalt(machine);
    expect(dword(machine, 0x100010)).toBe(6);
    machine.input({ kind: 'reset' });
    machine.run(cycle(machine.cycle + 200_000_000));
    expect(dword(machine, 0x100010)).toBe(6);
    expect(machine.processor().registers.eax! >>> 0).toBe(0x2badb002);
  });
});

describe('a kernel of Multiboot2', () => {
  const board = { board: 'i440fx', processor: 'pentium3', display: 'vbe' } as const;

  test('gets the graphics mode that its header asks for, and is told of it', () => {
    const machine = machineWith('multiboot2', multiboot2Kernel([5, 20, 800, 600, 32]), board);
    const at = tagsOf(machine).get(8)!;
    expect(dword(machine, at)).toBeGreaterThanOrEqual(0xe0000000);
    expect([8, 12, 16].map((offset) => dword(machine, at + offset))).toEqual([3200, 800, 600]);
    expect([...machine.readMemory(at + 20, 10)]).toEqual([32, 1, 0, 0, 16, 8, 8, 8, 0, 8]);
    expect(machine.screen().width).toBe(800);
  });

  test('keeps the text screen on a display that could do more, where its header asks for nothing', () => {
    const machine = machineWith('multiboot2', multiboot2Kernel(), board);
    expect(dword(machine, tagsOf(machine).get(8)!)).toBe(0xb8000);
  });

  test('is told of power management as INT 15h would tell it, with the entry of its 32-bit functions', () => {
    const machine = machineWith('multiboot2', multiboot2Kernel(), board);
    const at = tagsOf(machine).get(10)!;
    const words = [0, 2, 8, 10, 12, 14, 16, 18].map((offset) => dword(machine, at + offset) & 0xffff);
    expect(words).toEqual([0x0102, 0xf000, 0xf000, 0xf000, 3, 0xffff, 0xffff, 0xffff]);
    const entry = machine.readMemory(0xf0000 + dword(machine, at + 4), 6);
    expect([entry[0], entry[5]]).toEqual([0xe8, 0xcb]); // call near; retf
  });
});

test('a kernel that halts with interrupts off is not taken for one that halts for ever while the timer reaches it as NMI', () => {
  const code = (entry: number): number[] => [
    ...[0xb8, 0x00, 0x00, 0xc0, 0xfe], // mov eax, FEC00000h
    ...[0xc7, 0x00, 0x14, 0x00, 0x00, 0x00], // mov dword [eax], 14h
    ...[0xc7, 0x40, 0x10, 0x00, entry, 0x00, 0x00], // mov dword [eax + 10h], entry << 8
    ...[0x0f, 0x01, 0x1d, 0x28, 0x00, 0x10, 0x00], // lidt [100028h], which is empty: an interrupt ends in a shutdown
    ...halt,
  ];
  const end = (entry: number): string => {
    const image = elfImage({ address: 0x100000, bytes: [...code(entry), ...multibootHeader(0), 0, 0, 0, 0, 0, 0] });
    const machine = machineWith('multiboot', image, { board: 'i440fx', processor: 'pentium3' });
    for (;;) {
      const { kind } = machine.run(cycle(machine.cycle + 50_000)); // A millisecond; the timer's tick takes 55.
      if (kind !== 'cycle') return kind;
    }
  };
  expect(end(0x04)).toBe('shutdown'); // NMI
  expect(end(0x00)).toBe('halted'); // A vector
});

/** A kernel of Multiboot2 that halts, with tags in its header. */
const multiboot2Kernel = (...tags: readonly (readonly number[])[]): Uint8Array =>
  elfImage({ address: 0x100000, bytes: [...halt, 0, 0, 0, 0, 0, ...multiboot2Header(...tags)] });

/** Where the contents of its information's tags are, by their types, once it has halted. */
function tagsOf(machine: Machine): ReadonlyMap<number, number> {
  const { eax, ebx } = registersAtHalt(machine);
  expect(eax! >>> 0).toBe(0x36d76289);
  const end = ebx! + dword(machine, ebx!);
  const tags = new Map<number, number>();
  for (let at = ebx! + 8; at < end; at += Math.ceil(dword(machine, at + 4) / 8) * 8)
    tags.set(dword(machine, at), at + 8);
  return tags;
}

/** The low halves of registers. */
function low(registers: Readonly<Record<string, number>>): { ax: number; bx: number; cx: number } {
  const half = (name: string): number => registers[name]! & 0xffff;
  return { ax: half('eax'), bx: half('ebx'), cx: half('ecx') };
}

/** Linux's set-up code begins at 200h with a jump over its header. */
function entered(image: Uint8Array): Uint8Array {
  const changed = image.slice();
  const code = changed.slice(0x200, 0x20b);
  changed.set(code, 0x280);
  changed.set([0xeb, 0x7e], 0x200);
  const view = new DataView(changed.buffer);
  view.setUint32(0x202, 0x53726448, true);
  view.setUint16(0x206, 0x20f, true);
  return changed;
}
