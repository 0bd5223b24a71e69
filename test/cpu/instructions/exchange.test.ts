/** CMPXCHG, CMPXCHG8B, XADD, BSWAP, CMOVcc, hints and UD2: results, rights and faults that leave everything alone. */
import { describe, expect, test } from 'vitest';
import { code32, d } from '../bytes.js';
import { places, World } from '../world.js';

const world = new World('pentium3');
const { mov, hlt } = code32;
const here = places.code;
const page = places.data;
const number = page >> 12;
const ZF = 0x40;
const WP = 0x1_0000;

/** CMPXCHG8B [address]. */
const exchange8 = (address: number): number[] => [0x0f, 0xc7, 0x0d, ...d(address)];

describe('CMPXCHG8B', () => {
  const set = [...mov('eax', 1), ...mov('edx', 2), ...mov('ebx', 3), ...mov('ecx', 4)];
  test('stores ECX:EBX where the operand is EDX:EAX', () => {
    world.flat([...set, ...exchange8(page), ...hlt]);
    world.put(page, ...d(1), ...d(2));
    world.run();
    expect([world.read(page), world.read(page + 4), world.flags & ZF]).toEqual([3, 4, ZF]);
  });
  test('loads the operand otherwise, and writes it back', () => {
    world.flat([...set, ...exchange8(page), ...hlt]);
    world.page();
    world.put(page, ...d(1), ...d(7));
    world.run();
    expect([world.get('eax'), world.get('edx'), world.flags & ZF]).toEqual([1, 7, 0]);
    expect([world.read(page), world.read(page + 4)]).toEqual([1, 7]);
    expect(world.readEntry(number) & 0x40).toBe(0x40); // Dirty.
  });
  test('of a register does not exist', () => {
    world.flat([0x0f, 0xc7, 0xc8]);
    expect(world.catch()).toMatchObject({ vector: 6 });
  });
  for (const [what, half] of [
    ['first', 0],
    ['second', 1],
  ] as const) {
    test(`whose ${what} half cannot be written faults as a write and changes nothing`, () => {
      world.flat([...set, ...exchange8(page + 0xffc)]);
      world.page();
      world.setWord('cr0', world.word('cr0') | WP);
      world.put(page + 0xffc, ...d(1), ...d(2));
      world.entry(number + half, (page + half * 0x1000) | 5);
      expect(world.catch()).toMatchObject({ vector: 14, errorCode: 3, eip: here + 20 });
      expect(world.word('cr2')).toBe(half === 0 ? page + 0xffc : page + 0x1000);
      expect([world.read(page + 0xffc), world.read(page + 0x1000), world.get('eax')]).toEqual([1, 2, 1]);
    });
  }
  test('takes a LOCK prefix', () => {
    world.flat([...set, 0xf0, ...exchange8(page), ...hlt]);
    world.put(page, ...d(1), ...d(2));
    expect(world.run()).toBe('halted');
  });
});

describe('CMPXCHG', () => {
  test('of a page that cannot be written faults even where nothing would change', () => {
    world.flat([...mov('eax', 1), 0x0f, 0xb1, 0x1d, ...d(page)]);
    world.page();
    world.setWord('cr0', world.word('cr0') | WP);
    world.entry(number, page | 5);
    world.put32(page, 9);
    expect(world.catch()).toMatchObject({ vector: 14, errorCode: 3, eip: here + 5 });
    expect(world.get('eax')).toBe(1);
  });
  test('with AL changes AL alone', () => {
    world.flat([...mov('eax', 0x1234_5678), 0x0f, 0xb0, 0x1d, ...d(page), ...hlt]);
    world.put32(page, 0x99);
    world.run();
    expect(world.get('eax')).toBe(0x1234_5699);
  });
  test('does not exist on the 80386, nor do XADD and BSWAP', () => {
    const older = new World('80386');
    for (const code of [
      [0x0f, 0xb1, 0xc0],
      [0x0f, 0xc1, 0xc0],
      [0x0f, 0xc8],
      [0x0f, 0x08],
      [0x0f, 0x01, 0x38],
    ]) {
      older.flat(code);
      expect(older.catch()).toMatchObject({ vector: 6, eip: here });
    }
  });
});

test('XADD of a register with itself doubles it', () => {
  world.flat([...mov('ebx', 21), 0x0f, 0xc1, 0xdb, ...hlt]);
  world.run();
  expect(world.get('ebx')).toBe(42);
});

describe('CMOVcc', () => {
  test('reads its source, and faults, where the condition does not hold', () => {
    world.flat([0x31, 0xc0, 0x0f, 0x45, 0x1d, ...d(page)]); // XOR EAX, EAX; CMOVNE EBX, [page]
    world.page();
    world.entry(number, 0);
    expect(world.catch()).toMatchObject({ vector: 14, errorCode: 0, eip: here + 2 });
  });
  test('came with the Pentium Pro', () => {
    const older = new World('pentiumMmx');
    older.flat([0x0f, 0x44, 0xc0]);
    expect(older.catch()).toMatchObject({ vector: 6 });
  });
});

describe('hints', () => {
  const nowhere = 0x40_0000;
  test('touch no memory', () => {
    const codes = [0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f].flatMap((opcode) => [
      ...[0x0f, opcode, 0x05, ...d(nowhere)],
      ...[0x66, 0x0f, opcode, 0x44, 0x00, 0x00],
      ...[0x0f, opcode, 0xc0],
    ]);
    world.flat([...codes, 0xf3, 0x90, ...hlt]); // PAUSE comes last.
    world.page();
    expect(world.run()).toBe('halted');
    expect(world.processor.cycle).toBe(26);
  });
  test('are invalid before the P6 family', () => {
    const older = new World('pentium');
    older.flat([0x0f, 0x1f, 0xc0]);
    expect(older.catch()).toMatchObject({ vector: 6 });
  });
  test('but CLFLUSH faults as a load does', () => {
    const newest = new World('pentiumM');
    newest.flat([0x0f, 0xae, 0x3d, ...d(nowhere)]);
    newest.page();
    newest.put32(places.directory + 4, 0);
    expect(newest.catch()).toMatchObject({ vector: 14, errorCode: 0 });
    world.flat([0x0f, 0xae, 0x3d, ...d(page)]);
    expect(world.catch()).toMatchObject({ vector: 6 });
    newest.flat([0x0f, 0xae, 0x3d, ...d(page), ...hlt]);
    expect(newest.run()).toBe('halted');
  });
});

test('UD2 and RSM are invalid opcodes', () => {
  for (const code of [
    [0x0f, 0x0b],
    [0x0f, 0xaa],
    [0x0f, 0xff],
    [0x0f, 0xb9, 0xc0],
  ]) {
    world.flat(code);
    expect(world.catch()).toMatchObject({ vector: 6, eip: here });
  }
});

test('INVD and WBINVD are for level 0 alone', () => {
  for (const opcode of [0x08, 0x09]) {
    world.flat([0x0f, opcode], 3);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0 });
    world.flat([0x0f, opcode, ...hlt]);
    expect(world.run()).toBe('halted');
  }
});

test('a register of the 80386’s TLB test is gone with the Pentium', () => {
  world.flat([0x0f, 0x24, 0xf0]);
  expect(world.catch()).toMatchObject({ vector: 6 });
});
