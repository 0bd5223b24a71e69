import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.js';
import { sha256Hex } from '../../src/base/digest.js';
import { cycle } from '../../src/base/integers.js';
import type { Machine } from '../../src/machine/machine.js';
import {
  description,
  diskMedium,
  floppyMedium,
  machineWith,
  newMachine,
  programStart,
  prologueCycles,
  runFor,
  word,
} from './small-guests.js';

/** For ever: hlt; jmp back. Interrupts stay off. */
const halt = [0xf4, 0xeb, 0xfd];
/** jmp $ */
const forever = [0xeb, 0xfe];

test('firmware tells in the equipment word whether there is a coprocessor', () => {
  const coprocessor = 0x02;
  const found = (['80386', '80486'] as const).map(
    (processor) => machineWith(halt, {}, processor).readMemory(0x410, 1)[0]! & coprocessor,
  );
  expect(found).toEqual([0, coprocessor]);
});

describe('a machine just switched on', () => {
  test('stands at the reset vector, in real mode, its memory empty', () => {
    const machine = newMachine();
    expect(machine.cycle).toBe(0);
    expect(machine.processor()).toMatchObject({ mode: 'real', linear: 0xffff_fff0, halted: false });
    expect(machine.processor().registers).toMatchObject({ cs: 0xf000, eip: 0xfff0, cr0: 0, eflags: 2 });
    expect(machine.readMemory(0, 0xa0000).some((byte) => byte !== 0)).toBe(false);
  });

  test('has its firmware below 1 MiB and below 4 GiB', () => {
    const machine = newMachine();
    expect(machine.readMemory(0xffff0, 16)).toEqual(machine.readMemory(0xffff_fff0, 16));
    expect(machine.readMemory(0xffff0, 1)[0]).not.toBe(0);
  });

  test('is the same machine every time, and another one for another date, medium or memory', () => {
    const digest = newMachine().digest();
    expect(newMachine().digest()).toEqual(digest);
    const others = [
      newMachine({ memoryBytes: 4 << 20 }),
      newMachine({ media: {} }),
      newMachine({ media: { disk0: diskMedium, floppyA: floppyMedium } }),
    ];
    expect(new Set([digest, ...others.map((machine) => machine.digest())].map(({ sha256 }) => sha256)).size).toBe(4);
  });

  test('digests each of its parts, and all of them together', () => {
    const { sha256, parts } = newMachine().digest();
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    const saved = newMachine().save();
    const kinds = [saved.parts, saved.pages!, saved.drives!];
    expect(Object.keys(parts).sort()).toEqual(kinds.flatMap((kind) => Object.keys(kind)).sort());
    for (const part of ['processor', 'memory', 'pit', 'picMaster', 'vga', 'disk0', 'timeline']) {
      expect(parts[part]).toMatch(/^[0-9a-f]{16}$/);
    }
  });
});

describe('time', () => {
  test('is one cycle an instruction', () => {
    const machine = machineWith([0x40, 0x40, 0x40, ...forever]); // inc ax, three times
    expect(runFor(machine, prologueCycles + 2)).toEqual({ kind: 'cycle' });
    expect(machine.processor()).toMatchObject({ linear: programStart + 2, registers: { eax: 2 } });
  });

  test('is one cycle an iteration of a repeated instruction', () => {
    // mov di, 500h; mov cx, 8; rep stosb
    const machine = machineWith([0xbf, 0, 5, 0xb9, 8, 0, 0xf3, 0xaa, ...forever]);
    runFor(machine, prologueCycles + 2 + 3);
    expect(machine.processor()).toMatchObject({ linear: programStart + 6, registers: { ecx: 5, edi: 0x503 } });
  });

  test('stops at exactly the cycle asked for, whatever lies on the way', () => {
    const machine = machineWith(forever);
    for (let at = 1; at < 200_000; at = at * 2 + 1) {
      const until = cycle(machine.cycle + at);
      expect(machine.run(until)).toEqual({ kind: 'cycle' });
      expect(machine.cycle).toBe(until);
    }
    const { cycle: before } = machine;
    expect(machine.run(before)).toEqual({ kind: 'cycle' });
    expect(machine.cycle).toBe(before);
  });

  test('passes for a processor that nothing can wake, and costs nothing', () => {
    const machine = machineWith(halt);
    runFor(machine, prologueCycles + 1);
    const { parts } = machine.digest();
    const day = cycle(machine.cycle + 60 * description.cyclesPerSecond);
    expect(machine.run(day)).toEqual({ kind: 'halted' });
    expect(machine.cycle).toBe(day);
    const later = machine.digest().parts;
    expect(later.rtc).not.toBe(parts.rtc);
    expect(later.memory).toBe(parts.memory);
    expect(machine.run(day)).toEqual({ kind: 'cycle' });
  });

  test('wakes a halted processor at the very cycle of the timer tick', () => {
    const period = 1000;
    const handler = 0x7d00;
    const machine = machineWith(
      [
        ...[0xc7, 0x06, 0x20, 0, ...word(handler)], // mov word [20h], handler
        ...[0xc7, 0x06, 0x22, 0, 0, 0], // mov word [22h], 0
        ...[0xb0, 0x34, 0xe6, 0x43], // mov al, 34h; out 43h, al: counter 0 divides
        ...[0xb0, period & 0xff, 0xe6, 0x40], // mov al, low; out 40h, al
        ...[0xb0, period >> 8, 0xe6, 0x40], // mov al, high; out 40h, al
        ...[0xb0, 0xfe, 0xe6, 0x21], // mov al, 0feh; out 21h, al: no interrupt but the timer's
        ...[0xfb, 0xf4, 0xeb, 0xfd], // sti; again: hlt; jmp again
      ],
      { [handler]: [0xb0, 0x20, 0xe6, 0x20, 0xcf] }, // mov al, 20h; out 20h, al; iret
    );
    machine.breakpoints = new Set([handler]);
    const rises: number[] = [];
    while (rises.length < 20) {
      expect(runFor(machine, 10_000_000)).toMatchObject({ kind: 'breakpoint' });
      rises.push(machine.cycle - 1); // Taking the interrupt is a cycle.
    }
    // The timer's ticks since power-on, counted apart: 14.31818 MHz / 12 of 50 MHz.
    const ticksAt = (at: number): bigint => (BigInt(at) * 14_318_180n) / (12n * 50_000_000n);
    const first = rises[1]!;
    rises.slice(1).forEach((at, index) => {
      expect(ticksAt(at) - ticksAt(first)).toBe(BigInt(index * period));
      expect(ticksAt(at - 1)).toBe(ticksAt(at) - 1n);
    });
  });

  test('stands still after a triple fault, until the reset button', () => {
    const machine = machineWith([0x0f, 0x01, 0x1e, 0, 5, 0xcc]); // lidt [500h], which is empty; int3
    const stop = runFor(machine, 1000);
    expect(stop).toEqual({ kind: 'shutdown', detail: 'triple fault' });
    const { cycle: at } = machine;
    expect(runFor(machine, 1000)).toEqual(stop);
    expect(machine.cycle).toBe(at);
    machine.input({ kind: 'reset' });
    expect(runFor(machine, 1000)).toEqual({ kind: 'cycle' });
  });
});

describe('accesses that nothing answers', () => {
  test('are answered by an open bus and counted by port and by page', () => {
    const machine = machineWith([
      ...[0xba, 0x34, 0x12, 0xec, 0xed, 0xee], // mov dx, 1234h; in al, dx; in ax, dx; out dx, al
      ...[0xa3, 0x00, 0x05], // mov [500h], ax
      ...[0xb8, 0x00, 0xd0, 0x8e, 0xd8, 0xa0, 0x10, 0x00], // mov ax, 0d000h; mov ds, ax; mov al, [10h]
      ...[0xa2, 0x10, 0x00, ...halt], // mov [10h], al
    ]);
    const before = new Map(machine.unknownAccesses());
    runFor(machine, 100);
    const more = [...machine.unknownAccesses()].filter(([key, count]) => before.get(key) !== count);
    expect(more).toEqual([
      ['in 0x1234', 2],
      ['in 0x1235', 1],
      ['out 0x1234', 1],
      ['read 0x000d0000', 1],
      ['write 0x000d0000', 1],
    ]);
    expect([...machine.readMemory(0x500, 2)]).toEqual([0xff, 0xff]);
  });
});

describe('a breakpoint', () => {
  // inc ax; inc bx; inc cx; jmp back
  const loop = [0x40, 0x43, 0x41, 0xeb, 0xfb];
  const stops = (machine: Machine, cycles: number) => {
    const stop = runFor(machine, cycles);
    return stop.kind === 'breakpoint' ? stop.linear - programStart : stop.kind;
  };

  test('stops before its instruction, in the middle of code that has run before, every time round', () => {
    const machine = machineWith(loop);
    runFor(machine, 1000);
    machine.breakpoints = new Set([programStart + 1]);
    expect(stops(machine, 100)).toBe(1);
    const { eax, ebx } = machine.processor().registers;
    expect((eax! & 0xffff) - (ebx! & 0xffff)).toBe(1);
    const { cycle: at } = machine;
    expect([stops(machine, 100), machine.cycle - at]).toEqual([1, 4]);
  });

  test('may be one of several, and is taken away by none', () => {
    const machine = machineWith(loop);
    machine.breakpoints = new Set([programStart, programStart + 2]);
    expect([stops(machine, 100), stops(machine, 100), stops(machine, 100)]).toEqual([0, 2, 0]);
    machine.breakpoints = new Set();
    expect(stops(machine, 100)).toBe('cycle');
  });

  test('stops at an address of the firmware', () => {
    const machine = newMachine();
    machine.breakpoints = new Set([0xffff_fff0]);
    expect(runFor(machine, 100)).toEqual({ kind: 'breakpoint', linear: 0xffff_fff0 });
    expect(machine.cycle).toBe(0);
    expect(runFor(machine, 1)).toEqual({ kind: 'cycle' });
  });

  test('works on after a state was loaded', () => {
    const machine = machineWith(loop);
    machine.breakpoints = new Set([programStart + 1]);
    stops(machine, 100);
    const snapshot = machine.save();
    stops(machine, 100);
    machine.load(snapshot);
    expect([stops(machine, 100), machine.processor().linear - programStart]).toEqual([1, 1]);
  });
});

describe('a snapshot', () => {
  // inc word [500h]; jmp back
  const counter = [0xff, 0x06, 0, 5, 0xeb, 0xfa];

  test('brings a machine back, and a new machine to where the first was', () => {
    const machine = machineWith(counter);
    runFor(machine, 12_345);
    const snapshot = machine.save();
    const [here, there] = [machine.digest(), newMachine()];
    runFor(machine, 54_321);
    const later = machine.digest();
    expect(later).not.toEqual(here);
    for (const other of [machine, there]) {
      other.load(snapshot);
      expect(other.cycle).toBe(snapshot.cycle);
      expect(other.digest()).toEqual(here);
      runFor(other, 54_321);
      expect(other.digest()).toEqual(later);
    }
  });

  test('is not changed by the machine that goes on', () => {
    const machine = machineWith(counter);
    const snapshot = machine.save();
    const digests = (): string[] => Object.values(snapshot.parts).map(sha256Hex);
    const before = digests();
    runFor(machine, 100_000);
    expect(digests()).toEqual(before);
  });

  test('differs from another by part, field and both values; looking for them changes nothing', () => {
    const machine = machineWith([0x66, 0xb8, 1, 2, 3, 4, 0xa2, 0x23, 5, ...forever]); // mov eax, 4030201h; mov [523h], al
    runFor(machine, prologueCycles);
    const left = machine.save();
    runFor(machine, 2);
    const right = machine.save();
    const digest = machine.digest();
    const found = machine.diff(left, right);
    expect(found).toContainEqual({ part: 'processor', path: 'eax', left: '0x0', right: '0x4030201' });
    expect(found).toContainEqual({ part: 'memory', path: '0x523', left: '0x00', right: '0x01' });
    expect(machine.diff(left, left)).toEqual([]);
    expect(machine.digest()).toEqual(digest);
  });

  test('that lacks a part is our mistake', () => {
    const machine = newMachine();
    const { cycle: at, parts } = machine.save();
    const { pit, ...others } = parts;
    expect(pit).toBeDefined();
    expect(() => machine.load({ cycle: at, parts: others })).toThrow(InvariantError);
  });
});

describe('looking at a machine', () => {
  test('at memory, screen, processor or state changes nothing, wherever one looks', () => {
    const program = [0xe4, 0x61, 0xe4, 0x40, 0xe6, 0x80, 0xff, 0x06, 0, 5, 0xeb, 0xf4]; // Reads ports 61h and 40h, counts.
    const [looked, alone] = [machineWith(program), machineWith(program)];
    for (let step = 1; step < 40; step++) {
      runFor(looked, 997 * step);
      looked.screen();
      looked.processor();
      looked.save();
      looked.unknownAccesses();
      looked.readMemory(0, 0x110000);
      looked.readMemory(0xfee0_0000, 64);
    }
    alone.run(looked.cycle);
    expect(looked.digest()).toEqual(alone.digest());
    expect([...looked.unknownAccesses()]).toEqual([...alone.unknownAccesses()]);
  });

  test('beyond its memory shows all ones', () => {
    const machine = newMachine();
    expect([...machine.readMemory(description.memoryBytes - 2, 4)]).toEqual([0, 0, 0xff, 0xff]);
  });
});

describe('two machines of one process', () => {
  test('know nothing of each other', () => {
    const counting = (register: number): number[] => [0x40 + register, 0xff, 0x06, 0, 5, 0xeb, 0xf9];
    const alone = [0, 3].map((register) => machineWith(counting(register)));
    const together = [0, 3].map((register) => machineWith(counting(register)));
    for (const machine of alone) runFor(machine, 50_000);
    for (let step = 0; step < 50; step++) for (const machine of together) runFor(machine, 1000);
    together.forEach((machine, index) => expect(machine.digest()).toEqual(alone[index]!.digest()));
    expect(together[0]!.digest()).not.toEqual(together[1]!.digest());
  });
});
