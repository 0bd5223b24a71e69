/** Faults leave everything as it was, so that the instruction runs again once the handler mended things (SDM Vol. 3A, section 6.6). */
import { describe, expect, test } from 'vitest';
import { access, B, code32, d, descriptor, G } from './bytes.js';
import { places, selectors, World } from './world.js';

const world = new World();
const here = places.code;
const page = places.data + 0x1000;
const { hlt } = code32;

/** A fault in the middle, and what must hold afterwards. */
interface Case {
  readonly name: string;
  readonly code: number[];
  /** Sets registers and memory; `page` is the first absent page, `page - 0x1000` is there. */
  readonly prepare: () => void;
  /** CR2 and the error code. */
  readonly address: number;
  readonly errorCode: number;
}

const READ = 0;
const WRITE = 2;

const cases: readonly Case[] = [
  { name: 'PUSHA', code: [0x60], prepare: () => world.set('esp', page + 12), address: page + 8, errorCode: WRITE },
  {
    name: 'PUSHA whose last stores hit the page',
    code: [0x60],
    prepare: () => {
      world.entry((page - 0x1000) >> 12, 0);
      world.entry(page >> 12, page | 7);
      world.set('esp', page + 16);
    },
    address: page - 4,
    errorCode: WRITE,
  },
  { name: 'POPA', code: [0x61], prepare: () => world.set('esp', page - 16), address: page, errorCode: READ },
  {
    name: 'PUSH of memory',
    code: [0xff, 0x35, ...d(page)],
    prepare: () => {},
    address: page,
    errorCode: READ,
  },
  {
    name: 'PUSH of memory without a stack',
    code: [0xff, 0x35, ...d(page - 4)],
    prepare: () => world.set('esp', page + 0x20),
    address: page + 0x1c,
    errorCode: WRITE,
  },
  {
    name: 'POP to memory',
    code: [0x8f, 0x05, ...d(page)],
    prepare: () => world.set('esp', page - 0x20),
    address: page,
    errorCode: WRITE,
  },
  {
    name: 'POP to memory that ESP addresses',
    code: [0x8f, 0x44, 0x24, 0x1c],
    prepare: () => world.set('esp', page - 0x20),
    address: page,
    errorCode: WRITE,
  },
  { name: 'POP from nothing', code: [0x58], prepare: () => world.set('esp', page), address: page, errorCode: READ },
  {
    name: 'POP of a segment register',
    code: [0x1f],
    prepare: () => world.set('esp', page),
    address: page,
    errorCode: READ,
  },
  {
    name: 'CALL',
    code: [0xe8, ...d(0x100)],
    prepare: () => world.set('esp', page + 4),
    address: page,
    errorCode: WRITE,
  },
  {
    name: 'CALL through memory',
    code: [0xff, 0x15, ...d(page)],
    prepare: () => {},
    address: page,
    errorCode: READ,
  },
  {
    name: 'CALL through memory without a stack',
    code: [0xff, 0x15, ...d(page - 4)],
    prepare: () => world.set('esp', page + 4),
    address: page,
    errorCode: WRITE,
  },
  {
    name: 'far CALL, second word',
    code: code32.callFar(selectors.code[0], 0x1234),
    prepare: () => {
      world.entry((page - 0x1000) >> 12, 0);
      world.entry(page >> 12, page | 7);
      world.set('esp', page + 4);
    },
    address: page - 4,
    errorCode: WRITE,
  },
  { name: 'RET', code: [0xc2, 8, 0], prepare: () => world.set('esp', page), address: page, errorCode: READ },
  { name: 'far RET', code: [0xcb], prepare: () => world.set('esp', page - 4), address: page, errorCode: READ },
  { name: 'IRET', code: [0xcf], prepare: () => world.set('esp', page - 8), address: page, errorCode: READ },
  { name: 'POPF', code: [0x9d], prepare: () => world.set('esp', page), address: page, errorCode: READ },
  { name: 'LEAVE', code: [0xc9], prepare: () => world.set('ebp', page), address: page, errorCode: READ },
  {
    name: 'ENTER while it pushes the display',
    code: [0xc8, 0x10, 0, 4],
    prepare: () => {
      world.entry((page - 0x1000) >> 12, 0);
      world.entry(page >> 12, page | 7);
      world.set('esp', page + 8);
      world.set('ebp', places.stacks[0] - 0x20);
    },
    address: page - 4,
    errorCode: WRITE,
  },
  {
    name: 'ENTER while it reads the display',
    code: [0xc8, 0x10, 0, 4],
    prepare: () => world.set('ebp', page + 8),
    address: page + 4,
    errorCode: READ,
  },
  {
    name: 'ENTER whose frame ends on the page',
    code: [0xc8, 0x00, 0x10, 0],
    prepare: () => world.set('esp', page + 0x1800),
    address: page + 0x7fc,
    errorCode: WRITE,
  },
  { name: 'ADD to memory', code: [0x01, 0x05, ...d(page)], prepare: () => {}, address: page, errorCode: WRITE },
  {
    name: 'ADD to memory half there',
    code: [0x01, 0x05, ...d(page - 2)],
    prepare: () => {},
    address: page,
    errorCode: WRITE,
  },
  {
    name: 'MOV to memory half there',
    code: [0x89, 0x05, ...d(page - 3)],
    prepare: () => {},
    address: page,
    errorCode: WRITE,
  },
  {
    name: 'MOV from memory half there',
    code: [0x8b, 0x0d, ...d(page - 1)],
    prepare: () => {},
    address: page,
    errorCode: READ,
  },
  { name: 'XCHG', code: [0x87, 0x05, ...d(page)], prepare: () => {}, address: page, errorCode: WRITE },
  { name: 'INC', code: [0xff, 0x05, ...d(page)], prepare: () => {}, address: page, errorCode: WRITE },
  { name: 'SHL by CL', code: [0xd3, 0x25, ...d(page)], prepare: () => {}, address: page, errorCode: WRITE },
  {
    name: 'BTS of a far bit',
    code: [0x0f, 0xab, 0x05, ...d(page)],
    prepare: () => {},
    address: page,
    errorCode: WRITE,
  },
  { name: 'SETZ', code: [0x0f, 0x94, 0x05, ...d(page)], prepare: () => {}, address: page, errorCode: WRITE },
  { name: 'DIV', code: [0xf7, 0x35, ...d(page)], prepare: () => {}, address: page, errorCode: READ },
  {
    name: 'LES, selector',
    code: [0xc4, 0x1d, ...d(page - 4)],
    prepare: () => {},
    address: page,
    errorCode: READ,
  },
  {
    name: 'BOUND, upper bound',
    code: [0x62, 0x05, ...d(page - 4)],
    prepare: () => world.put32(page - 4, 0x8000_0000),
    address: page,
    errorCode: READ,
  },
  {
    name: 'SGDT, base',
    code: [0x0f, 0x01, 0x05, ...d(page - 2)],
    prepare: () => {},
    address: page,
    errorCode: WRITE,
  },
  {
    name: 'MOVS, store',
    code: [0xa5],
    prepare: () => {
      world.set('esi', places.data);
      world.set('edi', page);
    },
    address: page,
    errorCode: WRITE,
  },
  {
    name: 'CMPS, second operand',
    code: [0xa7],
    prepare: () => {
      world.set('esi', places.data);
      world.set('edi', page);
    },
    address: page,
    errorCode: READ,
  },
  {
    name: 'INS',
    code: [0x6d],
    prepare: () => world.set('edi', page),
    address: page,
    errorCode: WRITE,
  },
  {
    name: 'OUTS',
    code: [0x6f],
    prepare: () => world.set('esi', page),
    address: page,
    errorCode: READ,
  },
  { name: 'XLAT', code: [0xd7], prepare: () => world.set('ebx', page), address: page, errorCode: READ },
  {
    name: 'code that goes on in the page',
    code: [0xe9, ...d(page - 3 - here - 5)],
    prepare: () => world.put(page - 3, 0xb8, 1, 2),
    address: page,
    errorCode: READ,
  },
];

describe('a page fault in the middle of', () => {
  for (const { name, code, prepare, address, errorCode } of cases) {
    test(`${name} changes nothing but CR2`, () => {
      // A task gate keeps the faulting registers out of the handler's hands: they lie in the TSS.
      world.flat([...code, ...hlt]);
      world.gate(14, [0, 0, ...[selectors.otherTask, 0], 0, 0x85, 0, 0]);
      world.put32(places.otherTask + 0x1c, places.directory);
      world.put32(places.otherTask + 0x20, places.handlers);
      world.put32(places.otherTask + 0x38, places.stacks[1]);
      world.put32(places.otherTask + 0x4c, selectors.code[0]);
      for (const at of [0x48, 0x50, 0x54, 0x58, 0x5c]) world.put32(places.otherTask + at, selectors.data[0]);
      world.page();
      world.entry(page >> 12, 0);
      for (const [index, register] of (['eax', 'ecx', 'edx', 'ebx', 'esi', 'edi'] as const).entries()) {
        world.set(register, 0x0101_0101 * index);
      }
      world.flags = 0x8d7;
      prepare();
      const crossing = name.startsWith('code');
      if (crossing) world.run(1);
      const before = world.registers;
      const ports = world.portWrites.length;
      expect(world.run()).toBe('halted');
      expect(world.word('cr2')).toBe(address);
      expect(world.read(places.stacks[1] - 4)).toBe(errorCode);
      const task = places.task;
      const after = Object.fromEntries(
        ['eip', 'eflags', 'eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'].map((register, index) => [
          register,
          world.read(task + 0x20 + 4 * index),
        ]),
      );
      after.eflags! &= ~0x1_0000; // RF, set in what a fault saves.
      expect(after).toEqual(before);
      expect(world.portWrites.length).toBe(ports);
    });
  }
});

describe('a page fault in a repeated', () => {
  test('MOVS keeps the iterations that were done', () => {
    world.flat([0xf3, 0xa4, ...hlt]);
    world.page();
    world.entry(page >> 12, 0);
    world.set('esi', places.data);
    world.set('edi', page - 5);
    world.set('ecx', 20);
    expect(world.catch()).toEqual({ vector: 14, errorCode: WRITE, cs: 8, eip: here });
    expect([world.get('ecx'), world.get('esi'), world.get('edi')]).toEqual([15, places.data + 5, page]);
    expect(world.processor.cycle).toBe(5 + 1 + 1);
  });
  test('CMPS keeps the flags of the iteration before', () => {
    world.flat([0xf3, 0xa6, ...hlt]);
    world.page();
    world.entry(page >> 12, 0);
    world.set('esi', places.data);
    world.set('edi', page - 2);
    world.set('ecx', 20);
    world.flags = 0;
    world.catch();
    expect(world.frame()(3) & 0x40).toBe(0x40);
    expect(world.get('ecx')).toBe(18);
  });
  test('INS does not read a port whose byte could not be stored', () => {
    world.flat([0xf3, 0x6c, ...hlt]);
    world.page();
    world.entry(page >> 12, 0);
    world.set('edi', page - 3);
    world.set('ecx', 10);
    let reads = 0;
    world.readPort = () => ++reads;
    world.catch();
    expect([reads, world.read(page - 1, 1), world.get('ecx')]).toEqual([3, 3, 7]);
  });
});

describe('a limit', () => {
  const small = (accessByte: number, limit: number): void =>
    world.descriptor(selectors.free, descriptor(places.data, limit, accessByte, B));
  const load = (segment: number): number[] => [...code32.mov('eax', selectors.free), ...code32.movSegment(segment)];
  const at = here + load(3).length;

  test('of a data segment is #GP(0) from the first byte beyond it', () => {
    for (const [offset, bytes, fits] of [
      [0xffc, 4, true],
      [0xffd, 4, false],
      [0xffe, 2, true],
      [0xfff, 2, false],
      [0xfff, 1, true],
      [0x1000, 1, false],
    ] as const) {
      const code = { 1: [0xa0], 2: [0x66, 0xa1], 4: [0xa1] }[bytes];
      for (const write of [false, true]) {
        world.flat([...load(3), ...code.slice(0, -1), code.at(-1)! + (write ? 2 : 0), ...d(offset), ...hlt]);
        small(access.data, 0xfff);
        if (fits) expect(world.run()).toBe('halted');
        const expected = { vector: 13, errorCode: 0, cs: 8, eip: at };
        expect(fits ? undefined : world.catch()).toEqual(fits ? undefined : expected);
      }
    }
  });
  test('of the stack segment is #SS(0)', () => {
    world.flat([0x16, 0x07, ...load(2), ...code32.mov('esp', 0x1004), 0x58, 0x58]);
    small(access.data, 0xfff);
    world.gate(12, [...d((selectors.code[0] << 16) | 0x3100), ...d(0x8e00)]);
    world.put(0x3100, 0xeb, 0xfe);
    world.set('esp', places.stacks[0]);
    // The handler runs on the same stack, which has no room either: so a TSS stack at level 3 is used instead.
    expect(world.run()).toBe('shutdown');
    world.flat([...load(2), ...code32.mov('esp', 0x1000), 0x58], 3);
    world.descriptor(selectors.free, descriptor(places.data, 0xfff, access.data | 0x60, B));
    world.put(here + 1, selectors.free | 3);
    expect(world.catch()).toEqual({ vector: 12, errorCode: 0, cs: selectors.code[3], eip: at + 5 });
  });
  test('of the stack segment is #SS(0) for operands that address it, #GP(0) with an override', () => {
    world.flat([0x8b, 0x45, 0], 3);
    world.core.setSegmentField(2, 'limit', 0xfff);
    world.core.view.setBigInt64(0x100 + 2 * 32 + 16, 0x1000n, true);
    world.set('ebp', 0x1000);
    expect(world.catch()).toMatchObject({ vector: 12, errorCode: 0 });
  });
  test('of an expand-down segment lies below it (SDM Vol. 3A, section 5.3)', () => {
    for (const [offset, fits] of [
      [0xfff, false],
      [0x1000, true],
      [0x1fffc, true],
    ] as const) {
      world.flat([...load(3), 0xa1, ...d(offset), ...hlt]);
      world.descriptor(selectors.free, descriptor(0, 0xfff, access.expandDown, B));
      expect(world.catch() === undefined).toBe(fits);
    }
  });
  test('of a small expand-down segment ends at 64 KiB', () => {
    for (const [offset, fits] of [
      [0xfffc, true],
      [0xfffd, false],
      [0x10000, false],
    ] as const) {
      world.flat([...load(3), 0xa1, ...d(offset), ...hlt]);
      world.descriptor(selectors.free, descriptor(0, 0xfff, access.expandDown, 0));
      expect(world.catch() === undefined).toBe(fits);
    }
  });
  test('a write to a read-only or code segment, and a read of an execute-only one, are #GP(0)', () => {
    for (const [type, write, allowed] of [
      [access.readOnly, false, true],
      [access.readOnly, true, false],
      [access.code, false, true],
      [access.code, true, false],
    ] as const) {
      world.flat([...load(3), write ? 0xa3 : 0xa1, ...d(0), ...hlt]);
      world.descriptor(selectors.free, descriptor(0, 0xfffff, type, G | B));
      const caught = world.catch();
      expect(caught).toEqual(allowed ? undefined : { vector: 13, errorCode: 0, cs: 8, eip: at });
    }
    world.flat([0x2e, 0xa1, ...d(0), ...hlt]);
    world.descriptor(selectors.free, descriptor(0, 0xfffff, access.executeOnly, G | B));
    world.put(here, ...code32.jumpFar(selectors.free, here + 7), 0x2e, 0xa1, ...d(0), ...hlt);
    expect(world.catch()).toEqual({ vector: 13, errorCode: 0, cs: selectors.free, eip: here + 7 });
  });
  test('a 16-bit stack wraps SP and leaves the upper half of ESP alone', () => {
    world.flat([...load(2), ...code32.mov('esp', 0xabcd_0002), ...code32.push(0x1234_5678), ...hlt]);
    world.descriptor(selectors.free, descriptor(places.data, 0xffff, access.data, 0));
    // Two bytes at 0 and two at FFFEh do not fit a doubleword: it is stored at FFFEh and faults beyond the limit.
    expect(world.run()).toBe('shutdown');
    world.flat([...load(2), ...code32.mov('esp', 0xabcd_0000), ...code32.push(0x1234_5678), ...hlt]);
    world.descriptor(selectors.free, descriptor(places.data, 0xffff, access.data, 0));
    expect(world.run()).toBe('halted');
    expect([world.get('esp'), world.read(places.data + 0xfffc)]).toEqual([0xabcd_fffc, 0x1234_5678]);
  });
});

test('a fault is mended and the instruction runs to its end', () => {
  world.flat([0x60, ...hlt]);
  world.page();
  world.entry(page >> 12, 0);
  world.gate(14, [...d((selectors.code[0] << 16) | places.handlers), ...d(0x8e00)]);
  // The handler maps the page, flushes the TLB, drops the error code and returns; level 0 of a level 3 program.
  world.put(
    places.handlers,
    ...[0x50, ...code32.store(places.table + (page >> 12) * 4, page | 7), 0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8],
    ...[0x58, 0x83, 0xc4, 4, 0xcf],
  );
  world.setWord('cpl', 0);
  world.set('esp', page + 12);
  world.set('eax', 0x1111_1111);
  // At level 0 the handler has the same stack: it is the absent page, and no double fault can be delivered either.
  expect(world.run()).toBe('shutdown');

  world.flat([0x60, 0xeb, 0xfe], 3);
  world.page();
  world.entry(page >> 12, 0);
  world.gate(14, [...d((selectors.code[0] << 16) | places.handlers), ...d(0x8e00)]);
  world.put(
    places.handlers,
    ...[0x50, ...code32.store(places.table + (page >> 12) * 4, page | 7), 0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8],
    ...[0x58, 0x83, 0xc4, 4, 0xcf],
  );
  world.set('esp', page + 12);
  world.set('eax', 0x1111_1111);
  world.run(20);
  expect([world.word('cpl'), world.get('esp'), world.read(page + 8)]).toEqual([3, page - 20, 0x1111_1111]);
});
