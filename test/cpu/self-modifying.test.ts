/** Code that changes: a store takes effect at the very next instruction, whoever stored and wherever the code was decoded. */
import { describe, expect, test } from 'vitest';
import { code32, d, descriptor, access, G } from './bytes.js';
import { places, selectors, World } from './world.js';

const world = new World();
const { hlt, inc, mov, storeByte, store, nop } = code32;
const here = places.code;
const INC_EBX = 0x43;
const INC_ECX = 0x41;

describe('a store', () => {
  test('changes the next instruction', () => {
    world.flat([...storeByte(here + 7, INC_ECX), ...inc('ebx'), ...hlt]);
    world.run();
    expect([world.get('ebx'), world.get('ecx')]).toEqual([0, 1]);
  });
  test('changes an instruction after one that stays', () => {
    world.flat([...storeByte(here + 8, INC_ECX), ...nop, ...inc('ebx'), ...nop, ...hlt]);
    world.run();
    expect([world.get('ebx'), world.get('ecx')]).toEqual([0, 1]);
  });
  test('changes the immediate of the next instruction', () => {
    world.flat([...store(here + 11, 0x1234_5678), ...mov('ebx', 1), ...hlt]);
    world.run();
    expect(world.get('ebx')).toBe(0x1234_5678);
  });
  test('changes the instruction that stores, when it is run again', () => {
    // ADD BYTE [its own immediate], 1 in a loop of 5.
    world.flat([...mov('ecx', 5), 0x80, 0x05, ...d(here + 11), 1, 0xe2, 0xf7, ...hlt]);
    world.run();
    expect(world.read(here + 11, 1)).toBe(32); // 1 doubled five times.
  });
  test('changes code in another line of the same page, and data beside code stays data', () => {
    world.flat([...storeByte(here + 0x200, INC_ECX), 0xe9, ...d(0x200 - 12)]);
    world.put(here + 0x200, ...inc('ebx'), ...hlt);
    world.run();
    world.put(here + 0x200, INC_EBX);
    world.setWord('halted', 0);
    world.setWord('eip', here);
    world.run();
    expect([world.get('ebx'), world.get('ecx')]).toEqual([0, 2]);
  });
  test('that hits code and data at once changes both', () => {
    // A doubleword over the last two bytes of data and the first two of code.
    world.flat([
      ...store(here + 13, (INC_ECX << 16) | (0x90 << 24)),
      0xeb,
      3,
      0,
      0,
      0,
      ...inc('ebx'),
      ...inc('ebx'),
      ...hlt,
    ]);
    world.run();
    expect([world.get('ebx'), world.get('ecx')]).toEqual([0, 1]);
  });
  test('across a page boundary changes the code of both pages', () => {
    const page = places.data + 0x1000;
    world.flat([...store(page - 2, 0x4141_4141), 0xe9, ...d(page - 2 - here - 15)]);
    world.put(page - 2, INC_EBX, INC_EBX, INC_EBX, INC_EBX, ...hlt);
    // Once before the change, so that both pages hold decoded code.
    world.setWord('eip', page - 2);
    world.run();
    expect(world.get('ebx')).toBe(4);
    world.setWord('halted', 0);
    world.setWord('eip', here);
    world.run();
    expect([world.get('ebx'), world.get('ecx')]).toEqual([4, 4]);
  });
  test('changes an instruction that crosses a page boundary', () => {
    const page = places.data + 0x1000;
    world.flat([0xe9, ...d(page - 9 - here - 5)]);
    world.put(page - 9, ...storeByte(page, 0x77), ...mov('ebx', 0x1111_1111), ...hlt);
    world.run();
    expect(world.get('ebx')).toBe(0x1111_7711);
  });
  test('through another linear address of the same page changes the code', () => {
    world.flat([...storeByte(places.data + 7 + 0x3000, INC_ECX), ...inc('ebx'), ...hlt]);
    world.put(places.data, ...storeByte(places.data + 7 + 0x3000, INC_ECX), ...inc('ebx'), ...hlt);
    world.page();
    world.entry((places.data + 0x3000) >> 12, places.data | 7);
    world.setWord('eip', places.data);
    world.run();
    expect([world.get('ebx'), world.get('ecx')]).toEqual([0, 1]);
  });
  test('changes code that runs at two linear addresses, at both', () => {
    const other = places.data + 0x3000;
    world.flat([]);
    world.page();
    world.entry(other >> 12, places.data | 7);
    world.put(places.data, ...inc('ebx'), ...hlt);
    for (const at of [places.data, other]) {
      world.setWord('halted', 0);
      world.setWord('eip', at);
      world.run();
    }
    expect(world.get('ebx')).toBe(2);
    world.put(places.data, INC_ECX);
    for (const at of [places.data, other]) {
      world.setWord('halted', 0);
      world.setWord('eip', at);
      world.run();
    }
    expect([world.get('ebx'), world.get('ecx')]).toEqual([2, 2]);
  });
  test('changes code that runs in segments of both sizes', () => {
    world.flat([]);
    world.descriptor(selectors.free, descriptor(0, 0xfffff, access.code, G));
    // 16-bit: MOV AX, 4142h; HLT. 32-bit: MOV EAX, F4F44142h ...
    world.put(places.data, 0xb8, 0x42, 0x41, 0xf4, 0xf4, 0xf4);
    for (const selector of [selectors.free, selectors.code[0]]) {
      world.put(here, ...code32.jumpFar(selector, places.data));
      world.setWord('halted', 0);
      world.setWord('eip', here);
      world.core.setSegmentField(1, 'attributes', 0xc09b);
      world.processor.modeChanged();
      world.run();
    }
    expect(world.get('eax')).toBe(0xf4f4_4142);
    world.put(places.data + 1, 0x43);
    world.setWord('halted', 0);
    world.setWord('eip', places.data);
    world.run();
    expect(world.get('eax')).toBe(0xf4f4_4143);
  });
  test('by a bus master changes code', () => {
    world.flat([...inc('ebx'), 0xeb, 0xfd]);
    world.run(10);
    world.put(here, INC_ECX);
    world.run(10);
    expect([world.get('ebx'), world.get('ecx')]).toEqual([5, 5]);
  });
  test('of the stack changes code', () => {
    world.flat([...code32.push(0x9090_9000 | INC_ECX), ...inc('ebx'), ...hlt]);
    world.set('esp', here + 9);
    world.run();
    expect([world.get('ebx'), world.get('ecx')]).toEqual([0, 1]);
  });
  test('of an interrupt frame changes code', () => {
    world.flat([...code32.int(0x30), ...hlt]);
    world.set('esp', here + 0x40 + 12);
    world.gate(0x30, [...d((selectors.code[0] << 16) | ((here + 0x40) & 0xffff)), ...d(0x8e00)]);
    // The handler is where the frame comes to lie: it starts with the pushed EIP.
    world.put(here + 0x40, ...inc('ebx'), ...hlt);
    world.setWord('eip', here + 0x40);
    world.run();
    world.setWord('halted', 0);
    world.setWord('eip', here);
    world.run(2);
    expect(world.read(here + 0x40)).toBe(here + 2);
    expect(world.get('ebx')).toBe(1);
  });
});

describe('a repeated string instruction', () => {
  test('that writes over what follows it changes that', () => {
    world.flat([0xf3, 0xaa, ...new Array<number>(16).fill(INC_EBX), ...hlt]);
    world.set('edi', here + 2);
    world.set('ecx', 12);
    world.set('eax', INC_ECX);
    world.run();
    expect([world.get('ebx'), world.get('ecx')]).toEqual([4, 12]);
  });
  // Seen as an instruction of its own at every iteration, whatever the slices: the count stops where it was overwritten.
  for (const slices of ['one go', 'single steps']) {
    for (const [name, at] of [
      ['inside a page', places.data + 0x100],
      ['across a page boundary', places.data + 0xfff],
    ] as const) {
      test(`that overwrites itself stops there, ${name}, in ${slices}`, () => {
        world.flat([0xe9, ...d(at - here - 5)]);
        world.put(at, 0xf3, 0xaa, ...hlt);
        world.set('edi', at - 3);
        world.set('ecx', 100);
        world.set('eax', INC_EBX);
        world.put(at + 2, 0xf4);
        if (slices === 'one go') world.run();
        else while (world.run(1) === 'budget' && world.processor.cycle < 200);
        // Three bytes in front, then its prefix: what is left is INC EBX; STOSB, which goes on alone.
        expect([world.get('ecx'), world.get('ebx'), world.read(at - 1, 1), world.read(at, 1)]).toEqual([
          96,
          1,
          INC_EBX,
          INC_EBX,
        ]);
      });
    }
  }
});

test('code that changes for ever goes on running', () => {
  // Each turn of the loop overwrites an instruction of it: more records than there is room for.
  world.flat([
    ...mov('ecx', 300_000),
    ...[0xfe, 0x05, ...d(here + 12)], // INC BYTE [the immediate that follows]
    ...[0xb0, 0x00], // MOV AL, imm8
    ...[0x49, 0x75, 0xf5], // DEC ECX; JNZ
    ...hlt,
  ]);
  expect(world.run(2_000_000)).toBe('halted');
  expect(world.get('eax') & 0xff).toBe(300_000 & 0xff);
});

test('a jump with 16-bit operands leaves a page beyond EIP 64 KiB, though the same page was jumped in from below', () => {
  // The page is mapped at its own address and 128 KiB further up; the jump's target has 16 bits.
  const above = places.data + 0x2_0000;
  const jump = [0x66, 0xeb, 0x02, 0x00, 0x00]; // JMP SHORT over two bytes
  const tell = [0xe8, ...d(0), 0x58, 0x41, 0xff, 0xe3]; // CALL next; POP EAX; INC ECX; JMP EBX
  const passes = [places.data, above].flatMap((at) => [...mov('ebx', 0), 0xe9, ...d(at - here)]);
  const code = [...passes, ...hlt];
  const patch = (at: number, value: number): void => void code.splice(at, 4, ...d(value));
  patch(1, here + 10);
  patch(11, here + 20);
  patch(6, places.data - (here + 10));
  patch(16, above - (here + 20));
  world.flat(code);
  world.page();
  world.entry(above >> 12, places.data | 7);
  world.put(places.data, ...jump, ...tell);
  world.run();
  expect([world.get('ecx'), world.get('eax')]).toEqual([2, places.data + jump.length + 5]);
});
