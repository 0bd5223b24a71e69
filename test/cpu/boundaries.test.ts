/** What may happen between two instructions: interrupts and their shadows, single steps, HLT, and where code may lie. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { access, B, code32, d, descriptor, gate } from './bytes.js';
import { places, selectors, World } from './world.js';

const world = new World();
const { nop, hlt, sti, cli, mov, inc, popf, push, int, iret, movSegment } = code32;
const IF = 0x200;
const TF = 0x100;
const here = places.code;
/** IRQ handler: a HLT of vector 20h. */
const irq = 0x20;

beforeEach(() => {
  world.vector = irq;
});

/** Runs instruction by instruction until a handler halts. */
function runSlowly(most = 100): void {
  for (let count = 0; count < most && world.run(1) === 'budget'; count++);
}

describe('an interrupt request (SDM Vol. 3A, section 6.8)', () => {
  test('is taken before the next instruction when IF is set', () => {
    world.flat([...inc('eax'), ...hlt]);
    world.flags = IF;
    world.processor.setInterruptRequest(true);
    expect(world.catch()).toEqual({ vector: irq, cs: 8, eip: here });
    expect(world.get('eax')).toBe(0);
  });
  test('waits while IF is clear', () => {
    world.flat([...inc('eax'), ...hlt]);
    world.processor.setInterruptRequest(true);
    expect(world.run()).toBe('halted');
    expect(world.word('eip')).toBe(here + 2);
  });

  const shadows: readonly [string, readonly number[], number][] = [
    ['STI', sti, 1],
    ['MOV SS', [...mov('eax', selectors.data[0]), ...movSegment(2)], 7],
    ['POP SS', [...push(selectors.data[0]), 0x17], 6],
  ];
  for (const slices of ['one go', 'single steps'] as const) {
    for (const [name, code, length] of shadows) {
      test(`is held back for exactly one instruction after ${name}, in ${slices}`, () => {
        world.flat([...code, ...inc('ebx'), ...inc('ebx'), ...inc('ebx'), ...hlt]);
        if (name !== 'STI') world.flags = IF;
        const before = name === 'STI' ? 0 : 2;
        // The request comes with the shadowing instruction itself, when everything before it is done.
        world.run(name === 'STI' ? 1 : before);
        world.processor.setInterruptRequest(true);
        if (slices === 'one go') world.run();
        else runSlowly();
        expect(world.catch()).toEqual({ vector: irq, cs: 8, eip: here + length + 1 });
        expect(world.get('ebx')).toBe(1);
      });
    }
    test(`that was pending before STI comes after one more instruction, in ${slices}`, () => {
      world.flat([...sti, ...inc('ebx'), ...inc('ebx'), ...inc('ebx'), ...hlt]);
      world.processor.setInterruptRequest(true);
      if (slices === 'one go') world.run();
      else runSlowly();
      expect(world.get('ebx')).toBe(1);
      expect(world.catch()?.eip).toBe(here + 2);
    });
    test(`does not come between STI and CLI, in ${slices}`, () => {
      world.flat([...sti, ...cli, ...inc('ebx'), ...hlt]);
      world.processor.setInterruptRequest(true);
      if (slices === 'one go') world.run();
      else runSlowly();
      expect(world.catch()).toBeUndefined();
      expect(world.get('ebx')).toBe(1);
    });
    test(`finds HLT after STI halted, and comes back behind it, in ${slices}`, () => {
      world.flat([...sti, ...hlt, ...inc('ebx'), ...hlt]);
      world.processor.setInterruptRequest(true);
      if (slices === 'one go') world.run();
      else runSlowly();
      expect(world.catch()?.eip).toBe(here + 2);
      expect(world.get('ebx')).toBe(0);
    });
  }
  for (const slices of ['one go', 'single steps'] as const) {
    test(`raised while an instruction is fetched from the bus comes before it, in ${slices}`, () => {
      const outside = world.ramBytes;
      world.flat([0xe9, ...d(outside - here - 5)]);
      world.flags = IF;
      world.readBus = () => {
        world.processor.setInterruptRequest(true);
        return inc('ebx')[0]!;
      };
      if (slices === 'one go') world.run();
      else runSlowly();
      world.readBus = () => -1;
      expect(world.catch()).toEqual({ vector: irq, cs: 8, eip: outside });
      expect(world.get('ebx')).toBe(0);
    });
  }
  test('has no shadow after an STI that changes nothing', () => {
    world.flat([...sti, ...inc('ebx'), ...hlt]);
    world.flags = IF;
    world.run(1);
    world.processor.setInterruptRequest(true);
    expect(world.catch()?.eip).toBe(here + 1);
  });
  test('is taken right after POPF and IRET that set IF', () => {
    world.flat([...push(IF), ...popf, ...inc('ebx'), ...hlt]);
    world.processor.setInterruptRequest(true);
    expect(world.catch()?.eip).toBe(here + 6);
    world.flat([...push(IF), ...push(8), ...push(here + 0x20), ...iret]);
    world.put(here + 0x20, ...inc('ebx'), ...hlt);
    world.processor.setInterruptRequest(true);
    expect(world.catch()?.eip).toBe(here + 0x20);
    expect(world.get('ebx')).toBe(0);
  });
  test('interrupts a repeated string instruction between two iterations', () => {
    world.flat([0xf3, 0xaa, ...hlt]); // REP STOSB
    world.flags = IF;
    world.set('edi', places.data);
    world.set('ecx', 100);
    world.set('eax', 0x55);
    world.run(40);
    world.processor.setInterruptRequest(true);
    expect(world.catch()?.eip).toBe(here);
    expect(world.get('ecx')).toBe(60);
    expect(world.get('edi')).toBe(places.data + 40);
    expect(world.read(places.data + 39, 1)).toBe(0x55);
    expect(world.read(places.data + 40, 1)).toBe(0);
  });
  test('wakes HLT up, and the handler returns behind it', () => {
    world.flat([...hlt, ...inc('ebx'), ...hlt]);
    world.put(places.handlers + irq * places.handlerBytes, ...inc('ecx'), ...iret);
    world.flags = IF;
    expect(world.run()).toBe('halted');
    world.processor.setInterruptRequest(true);
    expect(world.run()).toBe('halted');
    expect([world.get('ebx'), world.get('ecx'), world.word('eip')]).toEqual([1, 1, here + 3]);
  });
  test('does not wake HLT up while IF is clear', () => {
    world.flat([...hlt]);
    world.run();
    world.processor.setInterruptRequest(true);
    expect(world.run(100)).toBe('halted');
    expect(world.word('eip')).toBe(here + 1);
  });
});

describe('single-stepping (SDM Vol. 3B, section 17.3.1.4)', () => {
  const startStepping = [...push(TF | 2), ...popf];
  const first = here + startStepping.length;

  test('traps after the instruction that follows the one that set TF', () => {
    world.flat([...startStepping, ...inc('eax'), ...inc('eax'), ...hlt]);
    expect(world.catch()).toEqual({ vector: 1, cs: 8, eip: first + 1 });
    expect(world.get('eax')).toBe(1);
    expect(world.word('dr6') & 0x4000).toBe(0x4000);
  });
  test('clears TF for the handler and pushes it set', () => {
    world.flat([...startStepping, ...nop, ...hlt]);
    world.catch();
    expect(world.flags & TF).toBe(0);
    expect(world.frame()(2) & TF).toBe(TF);
  });
  test('traps after the instruction that clears TF', () => {
    world.flat([...push(2), ...startStepping, ...popf, ...hlt]);
    world.put(places.handlers + places.handlerBytes, ...inc('ecx'), ...iret);
    expect(world.run()).toBe('halted');
    expect(world.get('ecx')).toBe(1);
  });
  test('traps after each iteration of a repeated string instruction', () => {
    world.flat([...mov('ecx', 3), ...mov('edi', places.data), ...startStepping, 0xf3, 0xaa, ...hlt]);
    expect(world.catch()?.eip).toBe(here + 10 + startStepping.length);
    expect(world.get('ecx')).toBe(2);
  });
  test('does not trap on the way into INT n', () => {
    world.flat([...startStepping, ...int(0x30), ...hlt]);
    expect(world.catch()?.vector).toBe(0x30);
    expect(world.frame()(2) & TF).toBe(TF);
  });
  test('traps after HLT, which it wakes up', () => {
    world.flat([...startStepping, ...hlt, ...nop]);
    world.put(places.handlers + places.handlerBytes, ...inc('ecx'), ...hlt);
    expect(world.run()).toBe('halted');
    expect([world.get('ecx'), world.frame()(0)]).toEqual([1, first + 1]);
  });
  test('is held back after MOV SS, and traps after the next instruction', () => {
    world.flat([...mov('eax', selectors.data[0]), ...startStepping, ...movSegment(2), ...inc('ebx'), ...hlt]);
    expect(world.catch()?.eip).toBe(first + 5 + 3);
    expect(world.get('ebx')).toBe(1);
  });
  test('is not held back after STI', () => {
    world.flat([...startStepping, ...sti, ...inc('ebx'), ...hlt]);
    expect(world.catch()?.eip).toBe(first + 1);
  });
  test('comes before an interrupt that arrives with the same instruction', () => {
    world.flat([...push(TF | IF), ...popf, ...inc('eax'), ...hlt]);
    world.run(3);
    world.processor.setInterruptRequest(true);
    expect(world.catch()).toEqual({ vector: 1, cs: 8, eip: here + 7 });
  });
  test('does not trap an instruction that faulted', () => {
    world.flat([...startStepping, 0x0f, 0x0b]);
    expect(world.catch()).toEqual({ vector: 6, cs: 8, eip: first });
  });
  test('never spends more cycles than it was given', () => {
    world.flat([...startStepping, ...nop, ...nop, ...nop, ...hlt]);
    world.put(places.handlers + places.handlerBytes, ...iret);
    for (let cycle = 1; cycle < 12; cycle++) {
      world.run(1);
      expect(world.processor.cycle).toBe(cycle);
    }
  });
});

describe('what an instruction may be', () => {
  const lockRefused: readonly [string, readonly number[]][] = [
    ['NOP', nop],
    ['MOV to memory', [0x89, 0x05, ...d(places.data)]],
    ['ADD to a register', [0x01, 0xc0]],
    ['ADD from memory', [0x03, 0x05, ...d(places.data)]],
    ['CMP with memory', [0x39, 0x05, ...d(places.data)]],
    ['BT of memory', [0x0f, 0xa3, 0x05, ...d(places.data)]],
    ['a string instruction', [0xa4]],
  ];
  for (const [name, code] of lockRefused) {
    test(`LOCK with ${name} is #UD (SDM Vol. 2A, "LOCK")`, () => {
      world.flat([0xf0, ...code, ...hlt]);
      expect(world.catch()).toEqual({ vector: 6, cs: 8, eip: here });
    });
  }
  const lockAllowed: readonly [string, number[]][] = [
    ['ADD', [0x01, 0x05, ...d(places.data)]],
    ['INC', [0xff, 0x05, ...d(places.data)]],
    ['NOT', [0xf7, 0x15, ...d(places.data)]],
    ['XCHG', [0x87, 0x05, ...d(places.data)]],
    ['BTS', [0x0f, 0xab, 0x05, ...d(places.data)]],
  ];
  for (const [name, code] of lockAllowed) {
    test(`LOCK with ${name} to memory runs`, () => {
      world.flat([0xf0, ...code, ...hlt]);
      expect([world.run(), world.word('eip')]).toEqual(['halted', here + code.length + 2]);
    });
  }
  test('fifteen bytes run, sixteen are #GP(0) (SDM Vol. 3A, section 6.15, interrupt 13)', () => {
    const prefixes = (count: number): number[] => new Array<number>(count).fill(0x3e);
    world.flat([...prefixes(14), ...nop, ...hlt]);
    expect([world.run(), world.word('eip')]).toEqual(['halted', here + 16]);
    world.flat([...prefixes(15), ...nop, ...hlt]);
    expect(world.catch()).toEqual({ vector: 13, errorCode: 0, cs: 8, eip: here });
  });
  test('sixteen bytes across a page boundary are #GP(0) as well', () => {
    const at = places.data + 0x1000 - 8;
    world.flat([0xe9, ...d(at - here - 5)]);
    world.put(at, ...new Array<number>(15).fill(0x3e), ...nop);
    expect(world.catch()).toEqual({ vector: 13, errorCode: 0, cs: 8, eip: at });
  });
  const invalid: readonly [string, number[]][] = [
    ['UD2', [0x0f, 0x0b]],
    ['LEA of a register', [0x8d, 0xc0]],
    ['LES of a register', [0xc4, 0xc0]],
    ['LSS of a register', [0x0f, 0xb2, 0xc0]],
    ['BOUND of a register', [0x62, 0xc0]],
    ['far JMP through a register', [0xff, 0xe8]],
    ['far CALL through a register', [0xff, 0xd8]],
    ['MOV to CS', [0x8e, 0xc8]],
    ['MOV to a segment register that is none', [0x8e, 0xf0]],
    ['MOV from a segment register that is none', [0x8c, 0xf8]],
    ['MOV from CR1', [0x0f, 0x20, 0xc8]],
    ['MOV to CR5', [0x0f, 0x22, 0xe8]],
    ['LGDT of a register', [0x0f, 0x01, 0xd0]],
    ['SIDT to a register', [0x0f, 0x01, 0xc8]],
    ['FE /2', [0xfe, 0xd0]],
    ['FF /7', [0xff, 0xf8]],
    ['8F /1', [0x8f, 0xc8]],
    ['C6 /1', [0xc6, 0xc8, 0]],
    ['0F FF', [0x0f, 0xff]],
    ['0F 00 /6', [0x0f, 0x00, 0xf0]],
  ];
  for (const [name, code] of invalid) {
    test(`${name} is #UD`, () => {
      world.flat([...code, ...hlt]);
      expect(world.catch()).toEqual({ vector: 6, cs: 8, eip: here });
    });
  }
});

describe('code', () => {
  test('crosses a page boundary at every byte', () => {
    const code = [...mov('eax', 0x1234_5678), 0x05, ...d(0x1111_1111), ...hlt];
    for (let before = 1; before < code.length; before++) {
      const at = places.data + 0x1000 - before;
      world.flat([0xe9, ...d(at - here - 5)]);
      world.put(at, ...code);
      expect(world.run()).toBe('halted');
      expect(world.get('eax')).toBe(0x2345_6789);
    }
  });
  test('runs up to the last byte of its segment, and #GP(0) comes behind it', () => {
    world.flat([]);
    const limit = 0x0fff;
    world.descriptor(selectors.free, descriptor(places.data, limit, access.code, B));
    world.put(here, ...code32.jumpFar(selectors.free, limit - 4));
    world.put(places.data + limit - 4, ...mov('eax', 7));
    expect(world.catch()).toEqual({ vector: 13, errorCode: 0, cs: selectors.free, eip: limit + 1 });
    expect(world.get('eax')).toBe(7);
  });
  test('whose last byte lies beyond the limit is #GP(0) with nothing done', () => {
    for (const limit of [0x800, 0xffe, 0xfff, 0x1000, 0x1001]) {
      world.flat([]);
      world.descriptor(selectors.free, descriptor(places.data, limit, access.code, B));
      world.put(here, ...code32.jumpFar(selectors.free, limit - 3));
      world.put(places.data + limit - 3, ...mov('eax', 7));
      expect(world.catch()).toEqual({ vector: 13, errorCode: 0, cs: selectors.free, eip: limit - 3 });
      expect(world.get('eax')).toBe(0);
    }
  });
  test('that jumps beyond the limit faults at the jump', () => {
    for (const jump of [
      [0xe9, ...d(0x2000)],
      [0x74, 0x7f],
      [0xe8, ...d(0x2000)],
      [0xff, 0xe2],
      [0xff, 0xd2],
      [0xe2, 0x7f],
    ]) {
      world.flat([]);
      world.descriptor(selectors.free, descriptor(places.data, 0x10, access.code, B));
      world.put(here, 0x39, 0xc0, ...mov('ecx', 5), ...mov('edx', 0x4000), ...code32.jumpFar(selectors.free, 0));
      world.put(places.data, ...jump);
      const before = world.get('esp');
      expect(world.catch()).toEqual({ vector: 13, errorCode: 0, cs: selectors.free, eip: 0 });
      expect(world.get('ecx')).toBe(5);
      expect(world.get('esp')).toBe(before - 16);
    }
  });
  test('of 16 bits wraps relative jumps at 64 KiB', () => {
    world.real([0xb8, 0x01, 0x00, 0xf4], 0x0010);
    world.setWord('eip', 0xfff0);
    world.put(0xfff0, 0xe9, 0x1d, 0x00); // To FFF3h + 1Dh = 0010h.
    world.put(0x0010, 0xb8, 0x01, 0x00, 0xf4);
    expect(world.run(3)).toBe('budget');
    expect([world.get('eax'), world.word('eip')]).toEqual([1, 0x0014]);
  });
  test('that runs over the end of a 64 KiB segment in real mode raises #GP', () => {
    world.real([]);
    world.setWord('eip', 0xffff);
    world.put(0xffff, 0x90);
    expect(world.run()).toBe('halted');
    expect(world.word('eip')).toBe(places.handlers + 13 * 2 + 1);
  });
});

describe('real mode', () => {
  const vectorCaught = (): number => (world.run() === 'halted' ? (world.word('eip') - 1 - places.handlers) / 2 : -1);

  test('pushes flags, CS and IP, clears IF and TF, and takes the vector', () => {
    world.real([0xcd, 0x40]);
    world.flags = IF;
    expect(vectorCaught()).toBe(0x40);
    expect(world.get('esp')).toBe(0x7c00 - 6);
    expect([world.read(0x7bfa, 2), world.read(0x7bfc, 2), world.read(0x7bfe, 2)]).toEqual([here + 2, 0, 0x202]);
    expect(world.flags & IF).toBe(0);
  });
  test('has no error codes', () => {
    world.real([0xa1, 0xff, 0xff]); // MOV AX, [FFFFh]
    expect(vectorCaught()).toBe(13);
    expect(world.get('esp')).toBe(0x7c00 - 6);
    expect(world.read(0x7bfa, 2)).toBe(here);
  });
  test('raises #SS for a word that wraps the stack segment', () => {
    world.real([0x89, 0x46, 0x00]); // MOV [BP+0], AX
    world.set('ebp', 0xffff);
    expect(vectorCaught()).toBe(12);
  });
  test('wraps SP from 0 to FFFEh', () => {
    world.real([0x50, 0xf4]); // PUSH AX
    world.set('esp', 0x1234_0000);
    world.set('eax', 0xabcd);
    world.run();
    expect([world.get('esp'), world.read(0xfffe, 2)]).toEqual([0x1234_fffe, 0xabcd]);
  });
  test('shuts down when an interrupt finds no stack, as SP = 1 leaves none', () => {
    world.real([0xcd, 0x40]);
    world.set('esp', 1);
    expect(world.run()).toBe('shutdown');
  });
  test('takes vector 8 where the interrupt table is too short (386 Programmer’s Reference, section 14.5)', () => {
    world.real([0xcd, 0x40]);
    world.setWord('idtrLimit', 0x40 * 4 + 2);
    expect(vectorCaught()).toBe(8);
  });
  test('keeps the hidden limit of a segment loaded in protected mode', () => {
    world.real([0x67, 0x66, 0xa1, ...d(places.data + 0x4_0000), 0xf4]); // MOV EAX, [4C000h]
    world.put32(places.data + 0x4_0000, 0x1234_5678);
    world.core.setSegmentField(3, 'limit', -1);
    world.core.view.setBigInt64(0x80 + 128 + 3 * 32 + 16, 2n ** 32n, true);
    world.run();
    expect(world.get('eax')).toBe(0x1234_5678);
  });
  test('masks address line 20 when A20 is closed', () => {
    world.real([0xa0, 0x10, 0x00, 0xf4]); // MOV AL, [0010h] with DS = FFFFh
    const big = new World('80386', 2 << 20);
    for (const [open, value] of [
      [true, 0x22],
      [false, 0x11],
    ] as const) {
      big.real([0xb8, 0xff, 0xff, 0x8e, 0xd8, 0xa0, 0x10, 0x00, 0xf4]);
      big.put(0x0, 0x11);
      big.put(0x10_0000, 0x22);
      big.core.addressMask = open ? -1 : ~(1 << 20);
      big.core.flushTranslations();
      big.run();
      expect(big.get('eax') & 0xff).toBe(value);
    }
  });
  test('enters protected mode through LMSW and a far jump, and leaves it through MOV CR0', () => {
    world.real([
      ...[0x0f, 0x01, 0x16, 0x00, 0x05], // LGDT [0500h]
      ...[0xb8, 0x01, 0x00, 0x0f, 0x01, 0xf0], // LMSW AX
      ...[0xea, 0x00, 0xc0, 0x08, 0x00], // JMP 8:C000h
    ]);
    world.put(0x500, 0x1f, 0, ...d(0x600));
    world.put(0x608, ...descriptor(0, 0xffff, access.code, 0), ...descriptor(0, 0xffff, access.data, 0));
    world.put(places.data, 0x0f, 0x20, 0xc0, 0x24, 0xfe, 0x0f, 0x22, 0xc0, 0xea, 0x00, 0xd0, 0x00, 0x00); // MOV EAX, CR0 ...
    world.put(places.data + 0x1000, 0xb0, 0x77, 0xf4);
    expect(world.run()).toBe('halted');
    expect([world.get('eax') & 0xff, world.word('cr0') & 1, world.selector('cs')]).toEqual([0x77, 0, 0]);
  });
});

test('a task gate in the interrupt table takes an external interrupt that arrives at a boundary', () => {
  world.flat([...inc('eax'), ...hlt]);
  world.flags = IF;
  world.gate(irq, gate('task', selectors.otherTask, 0));
  world.put32(places.otherTask + 0x20, here + 0x40);
  world.put32(places.otherTask + 0x4c, selectors.code[0]);
  for (const at of [0x48, 0x50, 0x54, 0x58, 0x5c]) world.put32(places.otherTask + at, selectors.data[0]);
  world.put32(places.otherTask + 0x38, places.stacks[1]);
  world.put(here + 0x40, ...hlt);
  world.processor.setInterruptRequest(true);
  expect(world.run()).toBe('halted');
  expect([world.word('eip'), world.selector('tr')]).toEqual([here + 0x41, selectors.otherTask]);
  expect(world.read(places.otherTask, 2)).toBe(selectors.task);
});

describe('a run whose end an instruction brings nearer', () => {
  const program = [...inc('eax'), ...code32.outAl(0x10), ...Array.from({ length: 10 }, () => inc('eax')).flat()];
  afterEach(() => {
    world.onPortWrite = () => {};
  });
  test.each([0, 1, 2, 5, 9, 50])('ends %i cycles after it, though not before that instruction does', (cycles) => {
    world.flat([...program, 0xeb, 0x00, ...program, 0xeb, 0xfe]);
    world.onPortWrite = () => world.processor.endBy(world.processor.now + cycles);
    expect(world.run()).toBe('budget');
    // A later write cannot put the end off again.
    expect(world.processor.cycle).toBe(1 + Math.max(cycles, 1));
  });
  test('does not go further for it', () => {
    world.flat([...program, 0xeb, 0xfe]);
    world.onPortWrite = () => world.processor.endBy(world.processor.now + 500);
    world.run(100);
    expect(world.processor.cycle).toBe(100);
  });
});
