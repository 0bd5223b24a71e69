/**
 * A run is one run however it is cut into pieces: by the cycles asked for, by saving and loading, by breakpoints set and
 * looks taken on the way. Each guest below works where cuts hurt.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.js';
import { cycle } from '../../src/base/integers.js';
import type { Machine, MachineDigest } from '../../src/machine/machine.js';
import { bootAddress, machineWith, newMachine, programStart, word } from './small-guests.js';

interface Guest {
  readonly program: readonly number[];
  /** More bytes in memory, by address. */
  readonly more?: Readonly<Record<number, readonly number[]>>;
  /** How far to run. */
  readonly cycles: number;
  /** What shows that the guest did what it is for. */
  readonly did: (machine: Machine) => boolean;
}

const handler = 0x7d00;
/** Interrupt 8 at `handler`, counter 0 divides by `period`, only the timer's interrupt is let through. */
const timer = (period: number): readonly number[] => [
  ...[0xc7, 0x06, 0x20, 0, ...word(handler)], // mov word [20h], handler
  ...[0xc7, 0x06, 0x22, 0, 0, 0], // mov word [22h], 0
  ...[0xb0, 0x34, 0xe6, 0x43], // mov al, 34h; out 43h, al
  ...[0xb0, period & 0xff, 0xe6, 0x40], // mov al, low; out 40h, al
  ...[0xb0, period >> 8, 0xe6, 0x40], // mov al, high; out 40h, al
  ...[0xb0, 0xfe, 0xe6, 0x21], // mov al, 0feh; out 21h, al
];
/** push ax; inc word [4f0h]; mov al, 20h; out 20h, al; pop ax; iret */
const countTick = [0x50, 0xff, 0x06, 0xf0, 0x04, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf];
const ticked = (machine: Machine): boolean => machine.readMemory(0x4f0, 2).some((byte) => byte !== 0);

/** Opens A20 and enters protected mode with flat 32-bit segments at `target`. */
const protectedAt = (target: number): readonly number[] => [
  ...[0xe4, 0x92, 0x0c, 2, 0xe6, 0x92], // in al, 92h; or al, 2; out 92h, al
  ...[0x0f, 0x01, 0x16, ...word(0x7e00)], // lgdt [7e00h]
  ...[0x0f, 0x20, 0xc0, 0x0c, 1, 0x0f, 0x22, 0xc0], // mov eax, cr0; or al, 1; mov cr0, eax
  ...[0x66, 0xea, ...word(target), ...word(target >> 16), 8, 0], // jmp dword 8:target
];
const flatSegments = {
  0x7e00: [0x17, 0, ...word(0x7e08), 0, 0],
  0x7e10: [0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0],
  0x7e18: [0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0],
};
/** mov ax, 10h; mov ds, ax */
const flatData = [0x66, 0xb8, 0x10, 0, 0x8e, 0xd8];
const dword = (value: number): readonly number[] => [...word(value), ...word(value >>> 16)];

/** mov dx, port; mov ax, value and index; out dx, ax */
const indexed = (port: number, index: number, value: number): readonly number[] => [
  ...[0xba, ...word(port), 0xb8, index, value, 0xef],
];
const hasGoneRound = (machine: Machine): boolean => ticked(machine) && machine.processor().registers.ebx! > 20;

const directory = 0x10_0000;
const pages = 0x10_1000;
/** The first 4 MiB mapped one to one. */
const pageTables = {
  [directory]: dword(pages | 3),
  [pages]: Array.from({ length: 1024 }, (_, page) => dword((page << 12) | 3)).flat(),
};

const guests: Readonly<Record<string, Guest>> = {
  'sleeps between timer ticks': {
    program: [...timer(1193), 0xfb, 0xf4, 0xeb, 0xfd], // sti; again: hlt; jmp again
    more: { [handler]: countTick },
    cycles: 1_000_000,
    did: ticked,
  },
  'copies memory while the timer ticks': {
    // sti; again: mov si, 8000h; mov di, 0a000h; mov cx, 1fffh; rep movsb; inc byte [8000h]; jmp again
    program: [
      ...timer(100),
      ...[0xfb, 0xbe, 0, 0x80, 0xbf, 0, 0xa0, 0xb9, 0xff, 0x1f, 0xf3, 0xa4],
      ...[0xfe, 0x06, 0, 0x80, 0xeb, 0xef],
    ],
    more: { [handler]: countTick },
    cycles: 1_000_000,
    did: ticked,
  },
  'scrolls and fills a text screen while the timer ticks': {
    program: [
      ...[0xb8, 0x00, 0xb8, 0x8e, 0xc0, ...timer(100), 0xfb], // mov ax, 0b800h; mov es, ax; sti
      // again: mov si, 160; xor di, di; mov cx, 1920; es: rep movsw; inc bx; mov ax, bx; mov cx, 80; rep stosw
      ...[0xbe, 160, 0, 0x31, 0xff, 0xb9, ...word(1920), 0x26, 0xf3, 0xa5],
      ...[0x43, 0x89, 0xd8, 0xb9, 80, 0, 0xf3, 0xab],
      // mov si, 7c00h; mov cx, 333; rep movsb; std; mov si, 2000h; mov di, 2345h; mov cx, 700; es: rep movsw; cld; jmp again
      ...[0xbe, 0, 0x7c, 0xb9, ...word(333), 0xf3, 0xa4],
      ...[0xfd, 0xbe, 0, 0x20, 0xbf, 0x45, 0x23, 0xb9, ...word(700), 0x26, 0xf3, 0xa5, 0xfc, 0xeb, 0xd5],
    ],
    more: { [handler]: countTick },
    cycles: 500_000,
    did: hasGoneRound,
  },
  'draws in four planes while the timer ticks': {
    program: [
      ...[0xb8, 0x00, 0xa0, 0x8e, 0xc0, ...timer(100), 0xfb], // mov ax, 0a000h; mov es, ax; sti
      ...[...indexed(0x3c4, 4, 0x06), ...indexed(0x3c4, 2, 0x0f), ...indexed(0x3ce, 6, 0x05)],
      // again: write mode 2, bit mask from the counter: mov al, 8; mov ah, bl; out dx, ax; xor di, di; mov ax, bx; mov cx, 3000; rep stosb
      ...[...indexed(0x3ce, 5, 0x02), 0x43, 0xb0, 8, 0x88, 0xdc, 0xef],
      ...[0x31, 0xff, 0x89, 0xd8, 0xb9, ...word(3000), 0xf3, 0xaa],
      // write mode 1: mov si, 100; mov cx, 5000; es: rep movsb; write mode 0: mov si, 7000h; mov cx, 200; rep movsb
      ...[...indexed(0x3ce, 5, 0x01), 0xbe, 100, 0, 0xb9, ...word(5000), 0x26, 0xf3, 0xa4],
      ...[...indexed(0x3ce, 5, 0x00), 0xbe, 0, 0x70, 0xb9, ...word(200), 0xf3, 0xa4],
      // push es; pop ds; mov si, di; push cs; pop es; mov di, 9000h; mov cx, 999; rep movsw; push ds; pop es; push cs; pop ds
      ...[0x06, 0x1f, 0x89, 0xfe, 0x0e, 0x07, 0xbf, 0, 0x90, 0xb9, ...word(999), 0xf3, 0xa5, 0x1e, 0x07, 0x0e, 0x1f],
      ...[0xeb, 0xb7], // jmp again
    ],
    more: { [handler]: [0x1e, 0x0e, 0x1f, ...countTick.slice(0, -1), 0x1f, 0xcf] }, // push ds; push cs; pop ds ... pop ds; iret
    cycles: 500_000,
    did: (machine) => hasGoneRound(machine) && machine.readMemory(0x9000, 1998).some((byte) => byte !== 0),
  },
  'holds interrupts back behind STI and MOV SS': {
    // again: sti; mov ss, cx; mov ss, cx; inc dx; cli; inc bx; jmp again
    program: [...timer(20), 0x31, 0xc9, 0xfb, 0x8e, 0xd1, 0x8e, 0xd1, 0x42, 0xfa, 0x43, 0xeb, 0xf6],
    more: { [handler]: countTick },
    cycles: 300_000,
    did: ticked,
  },
  'is stepped through by its own trap flag': {
    // mov word [4], handler; mov word [6], 0; pushf; pop ax; or ax, 100h; push ax; popf; again: inc bx; inc bx; jmp again
    program: [
      ...[0xc7, 0x06, 4, 0, ...word(handler), 0xc7, 0x06, 6, 0, 0, 0],
      ...[0x9c, 0x58, 0x0d, 0, 1, 0x50, 0x9d, 0x43, 0x43, 0xeb, 0xfc],
    ],
    more: { [handler]: [0xff, 0x06, 0xf0, 0x04, 0xcf] }, // inc word [4f0h]; iret
    cycles: 100_000,
    did: ticked,
  },
  'has code and data that share a place among the cached translations': {
    program: protectedAt(0x20_0000),
    more: {
      ...flatSegments,
      // xor ecx, ecx; again: inc ecx; mov [600010h], ecx; mov edx, [600020h]; inc ebx; inc ebx; jmp again
      0x20_0000: [
        ...flatData,
        ...[0x31, 0xc9, 0x41, 0x89, 0x0d, ...dword(0x60_0010), 0x8b, 0x15, ...dword(0x60_0020), 0x43, 0x43, 0xeb, 0xef],
      ],
    },
    cycles: 100_000,
    did: (machine) => machine.readMemory(0x60_0011, 1)[0] !== 0,
  },
  'rewrites its own instructions': {
    // again: add ax, 1234h; inc byte [again+1]; mov [500h], ax; nop; inc byte [back+3]; back: nop; xor ax, ax; jmp again
    program: [
      ...[0x05, 0x34, 0x12],
      ...[0xfe, 0x06, ...word(programStart + 1)],
      ...[0xa3, 0x00, 0x05, 0x90],
      ...[0x80, 0x36, ...word(programStart + 17), 0x01], // xor byte [place], 1: inc ax or inc cx
      ...[0x90, 0x40, 0xeb, 0xec],
    ],
    cycles: 200_000,
    did: (machine) => machine.processor().registers.ecx! > 100,
  },
  'watches timers and refresh by their ports': {
    // again: in al, 61h; stosb; xor al, al; out 43h, al; in al, 40h; stosb; in al, 40h; stosb; jmp again
    program: [
      0xe4, 0x61, 0xaa, 0x30, 0xc0, 0xe6, 0x43, 0xe4, 0x40, 0xaa, 0xe4, 0x40, 0xaa, 0x81, 0xcf, 0, 0x80, 0xeb, 0xed,
    ],
    cycles: 200_000,
    did: (machine) => new Set(machine.readMemory(0x9000, 0x1000)).size > 16,
  },
  'runs under paging, which marks the pages it touches': {
    program: protectedAt(0x20_0000),
    more: {
      ...flatSegments,
      ...pageTables,
      // mov eax, directory; mov cr3, eax; mov eax, cr0; or eax, 80000000h; mov cr0, eax
      0x20_0000: [
        ...flatData,
        ...[0xb8, ...dword(directory), 0x0f, 0x22, 0xd8],
        ...[0x0f, 0x20, 0xc0, 0x0d, ...dword(0x8000_0000), 0x0f, 0x22, 0xc0, 0xbb, ...dword(0x20_1000)],
        // again: inc dword [ebx]; add ebx, 1ffch; and ebx, 3fffffh; or ebx, 200000h; jmp again
        ...[0xff, 0x03, 0x81, 0xc3, ...dword(0x1ffc), 0x81, 0xe3, ...dword(0x3f_ffff)],
        ...[0x81, 0xcb, ...dword(0x20_1000), 0xeb, 0xea],
      ],
    },
    cycles: 100_000,
    did: (machine) => (machine.readMemory(pages + 4 * 0x201, 1)[0]! & 0x60) === 0x60,
  },
};

/** Runs a guest to eight moments; gives each one's digest. */
function digestsOf(guest: Guest, slice: () => number, between: (machine: Machine) => Machine): MachineDigest[] {
  let machine = between(machineWith(guest.program, guest.more));
  const begin = machine.cycle;
  const digests: MachineDigest[] = [];
  for (let part = 1; part <= 8; part++) {
    const end = begin + Math.floor((guest.cycles * part) / 8) + part;
    while (machine.cycle < end) {
      const until = cycle(Math.min(end, machine.cycle + slice()));
      if (machine.run(until).kind === 'cycle') expect(machine.cycle).toBe(until);
      machine = between(machine);
    }
    digests.push(machine.digest());
  }
  expect(guest.did(machine)).toBe(true);
  return digests;
}

const same = (machine: Machine): Machine => machine;
const whole = (): number => Infinity;

for (const [what, guest] of Object.entries(guests)) {
  describe(`a guest that ${what} has the same states at the same cycles`, () => {
    const random = seededRandom(7);
    let expected: MachineDigest[];
    beforeAll(() => {
      expected = digestsOf(guest, whole, same);
    });

    test('in slices of a few cycles', () => {
      expect(digestsOf(guest, () => 1 + random.below(60), same)).toEqual(expected);
    });

    test('in slices of any length, looked at between them', () => {
      const look = (machine: Machine): Machine => {
        if (random.below(4) === 0) machine.digest();
        if (random.below(4) === 0) machine.screen();
        return machine;
      };
      expect(digestsOf(guest, () => 1 + random.below(5000), look)).toEqual(expected);
    });

    test('saved and loaded on the way, by itself and by new machines', () => {
      const move = (machine: Machine): Machine => {
        const other = random.below(20) === 0 ? newMachine() : machine;
        other.load(machine.save());
        return other;
      };
      expect(digestsOf(guest, () => 1 + random.below(guest.cycles / 40), move)).toEqual(expected);
    });

    test('gone back on the way to where it was', () => {
      const goBack = (machine: Machine): Machine => {
        const snapshot = machine.save();
        machine.run(cycle(machine.cycle + random.below(guest.cycles / 10)));
        machine.load(snapshot);
        return machine;
      };
      expect(digestsOf(guest, () => 1 + random.below(guest.cycles / 40), goBack)).toEqual(expected);
    });

    test('with breakpoints set and stopped at', () => {
      const watch = (machine: Machine): Machine => {
        machine.breakpoints = new Set(random.below(3) === 0 ? [] : [bootAddress + random.below(200), handler]);
        return machine;
      };
      expect(digestsOf(guest, () => 1 + random.below(5000), watch)).toEqual(expected);
    });
  });
}

test('a machine saved right behind STI still holds a waiting interrupt back for one instruction', () => {
  // mov cx, 9000; back: loop back; sti; inc dx; jmp $
  const wait = [0xb9, ...word(9000), 0xe2, 0xfe, 0xfb];
  const program = [...timer(100), ...wait, 0x42, 0xeb, 0xfe];
  const behind = programStart + timer(100).length + wait.length;
  const machine = machineWith(program, { [handler]: countTick });
  machine.breakpoints = new Set([behind]);
  expect(machine.run(cycle(machine.cycle + 20_000))).toEqual({ kind: 'breakpoint', linear: behind });
  const other = newMachine();
  other.load(machine.save());
  other.run(cycle(other.cycle + 1));
  expect(other.processor().linear).toBe(behind + 1);
  other.run(cycle(other.cycle + 1));
  expect(other.processor().linear).toBe(handler);
});
