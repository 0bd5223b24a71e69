/** Debug registers, RF and INT1 by Intel SDM Vol. 3B, chapter 17; every case in one go and instruction by instruction. */
import { beforeEach, describe, expect, test } from 'vitest';
import { access, code32, d, descriptor } from '../bytes.js';
import { places, selectors, World } from '../world.js';

const world = new World('pentium');
const { nop, hlt, inc, mov, int, movSegment, storeByte, store, loadEax, outAl } = code32;
const here = places.code;
const DE = 8;
const RF = 0x1_0000;
const TF = 0x100;
const debugVector = 1;

const kinds = { execute: 0, write: 1, port: 2, access: 3 } as const;
const lengths = { 1: 0, 2: 1, 4: 3 } as const;

/** Arms breakpoint `index` locally, through the instructions that programs use. */
function arm(index: number, kind: keyof typeof kinds, address: number, length: 1 | 2 | 4 = 1): void {
  world.setWord((['dr0', 'dr1', 'dr2', 'dr3'] as const)[index]!, address);
  const field = kinds[kind] | (lengths[length] << 2);
  writeControl((world.word('dr7') & ~(0xf << (16 + index * 4))) | (field << (16 + index * 4)) | (1 << (index * 2)));
}
/** MOV DR7, EAX, executed elsewhere. */
function writeControl(value: number): void {
  const [eax, eip] = [world.get('eax'), world.word('eip')];
  world.put(0x7800, ...mov('eax', value), 0x0f, 0x23, 0xf8);
  world.setWord('eip', 0x7800);
  world.run(2);
  world.set('eax', eax);
  world.setWord('eip', eip);
}
/** Runs until a handler halts; gives its vector, where it came from, and B0 to B3. */
function caught(slowly: boolean): [number, number, number] | undefined {
  if (slowly) for (let count = 0; count < 100 && world.run(1) === 'budget'; count++);
  const found = world.catch();
  return found === undefined ? undefined : [found.vector, found.eip, world.word('dr6') & 0xf];
}

for (const slowly of [false, true]) {
  describe(`a code breakpoint, ${slowly ? 'in single cycles' : 'in one go'}`, () => {
    test('faults in front of the instruction, with RF clear in the pushed flags', () => {
      world.flat([...inc('eax'), ...inc('ebx'), ...inc('ecx'), ...hlt]);
      arm(0, 'execute', here + 1);
      expect(caught(slowly)).toEqual([debugVector, here + 1, 1]);
      expect([world.get('eax'), world.get('ebx')]).toEqual([1, 0]);
      expect(world.frame()(2) & RF).toBe(0);
    });
    test('goes past the instruction once when IRETD sets RF', () => {
      world.flat([...inc('eax'), ...inc('ebx'), 0xeb, 0xfd]); // JMP back to INC EBX
      arm(1, 'execute', here + 1);
      // The handler sets RF in the image on its stack, counts, and halts at the third time.
      world.put(places.handlers + 16, 0x80, 0x4c, 0x24, 0x0a, 1, 0x41, 0x83, 0xf9, 3, 0x74, 1, 0xcf, 0xf4);
      if (slowly) for (let count = 0; count < 100 && world.run(1) === 'budget'; count++);
      else world.run();
      expect([world.get('ecx'), world.get('ebx')]).toEqual([3, 2]);
    });
    test('comes again without RF', () => {
      world.flat([...nop, ...hlt]);
      arm(0, 'execute', here);
      world.put(places.handlers + 16, 0x41, 0x83, 0xf9, 5, 0x74, 1, 0xcf, 0xf4); // INC ECX; CMP ECX, 5; JE; IRET; HLT
      if (slowly) for (let count = 0; count < 100 && world.run(1) === 'budget'; count++);
      else world.run();
      expect(world.get('ecx')).toBe(5);
    });
    test('on a repeated string instruction faults in front of the first iteration alone', () => {
      world.flat([0xf3, 0xaa, ...inc('ebx'), ...hlt]);
      world.set('ecx', 20);
      world.set('edx', 0);
      world.set('edi', places.data);
      arm(0, 'execute', here);
      world.put(places.handlers + 16, 0x80, 0x4c, 0x24, 0x0a, 1, 0x42, 0xcf); // Sets RF, INC EDX.
      if (slowly) for (let count = 0; count < 100 && world.run(1) === 'budget'; count++);
      else world.run();
      expect([world.get('edx'), world.get('ecx'), world.get('ebx')]).toEqual([1, 0, 1]);
    });
    test('is met at the target of a jump, in a block decoded before', () => {
      world.flat([...inc('eax'), 0x83, 0xf8, 3, 0x75, 0xfa, ...hlt]); // INC EAX; CMP EAX, 3; JNE
      world.run(4);
      arm(2, 'execute', here);
      expect(caught(slowly)).toEqual([debugVector, here, 4]);
      expect(world.get('eax')).toBe(2);
    });
    test('goes before a page fault of the same fetch', () => {
      world.flat([...nop]);
      world.page();
      world.entry(0xd, 0);
      world.setWord('eip', 0xd000);
      arm(0, 'execute', 0xd000);
      expect(caught(slowly)).toEqual([debugVector, 0xd000, 1]);
    });
    test('does not count right after MOV SS', () => {
      world.flat([...mov('eax', selectors.data[0]), ...movSegment(2), ...inc('ebx'), ...hlt]);
      arm(0, 'execute', here + 7);
      if (slowly) for (let count = 0; count < 100 && world.run(1) === 'budget'; count++);
      expect(world.run()).toBe('halted');
      expect(world.get('ebx')).toBe(1);
    });
    test('in the shadow of STI does count', () => {
      world.flat([...code32.sti, ...inc('ebx'), ...hlt]);
      arm(0, 'execute', here + 1);
      expect(caught(slowly)).toEqual([debugVector, here + 1, 1]);
    });
  });

  describe(`a data breakpoint, ${slowly ? 'in single cycles' : 'in one go'}`, () => {
    const at = places.data + 8;
    const reads = loadEax(at);
    const writes = storeByte(at, 1);
    const cases: readonly [string, 'write' | 'access', readonly number[], boolean][] = [
      ['on writes traps a write', 'write', writes, true],
      ['on writes passes a read', 'write', reads, false],
      ['on accesses traps a write', 'access', writes, true],
      ['on accesses traps a read', 'access', reads, true],
      ['on writes traps a read-modify-write', 'write', [0xff, 0x05, ...d(at)], true],
      ['on writes traps a push', 'write', [...mov('esp', at + 4), 0x50], true],
      ['on accesses passes LEA', 'access', [0x8d, 0x05, ...d(at)], false],
    ];
    for (const [name, kind, code, met] of cases) {
      test(`${name}, behind the instruction`, () => {
        world.flat([...code, ...inc('ebx'), ...hlt]);
        arm(3, kind, at);
        if (met) {
          expect(caught(slowly)).toEqual([debugVector, here + code.length, 8]);
          expect(world.get('ebx')).toBe(0);
        } else {
          expect(caught(slowly)).toBeUndefined();
          expect(world.get('ebx')).toBe(1);
        }
      });
    }
    const spans: readonly [1 | 2 | 4, number, number, readonly number[]][] = [
      [1, 9, 1, [9]],
      [2, 8, 1, [8, 9]],
      [2, 9, 1, [8, 9]], // The lowest address bits do not count.
      [4, 8, 1, [8, 9, 10, 11]],
      [4, 11, 1, [8, 9, 10, 11]],
      [1, 9, 4, [6, 7, 8, 9]],
      [4, 8, 2, [7, 8, 9, 10, 11]],
    ];
    for (const [length, offset, width, met] of spans) {
      test(`of ${length} bytes at ...${offset} meets accesses of ${width} bytes at ${met.join(', ')}`, () => {
        const found: number[] = [];
        for (let place = 4; place < 16; place++) {
          const to = places.data + place;
          const code = width === 1 ? storeByte(to, 1) : width === 4 ? store(to, 1) : [0x66, 0xc7, 0x05, ...d(to), 1, 0];
          world.flat([...code, ...hlt]);
          arm(0, 'write', places.data + offset, length);
          if (caught(slowly)?.[0] === debugVector) found.push(place);
        }
        expect(found).toEqual(met);
      });
    }
    test('in the second of two pages meets a write across their border', () => {
      world.flat([...store(places.data + 0xffe, 1), ...hlt]);
      arm(0, 'write', places.data + 0x1000);
      expect(caught(slowly)?.[0]).toBe(debugVector);
    });
    test('traps after the iteration of a repeated instruction that met it, with RF set in the pushed flags', () => {
      world.flat([0xf3, 0xaa, ...hlt]);
      world.set('ecx', 20);
      world.set('edi', places.data);
      arm(0, 'write', places.data + 5);
      expect(caught(slowly)).toEqual([debugVector, here, 1]);
      expect(world.get('ecx')).toBe(14);
      expect(world.frame()(2) & RF).toBe(RF);
    });
    test('waits for one more instruction after MOV SS from memory', () => {
      world.flat([0x8e, 0x15, ...d(at), ...inc('ebx'), ...inc('ebx'), ...hlt]);
      world.put(at, selectors.data[0]);
      arm(0, 'access', at);
      expect(caught(slowly)).toEqual([debugVector, here + 7, 1]);
      expect(world.get('ebx')).toBe(1);
    });
    test('after MOV SS from memory and INT n comes in front of the handler', () => {
      world.flat([0x8e, 0x15, ...d(at), ...int(0x30)]);
      world.put(at, selectors.data[0]);
      arm(0, 'access', at);
      expect(caught(slowly)).toEqual([debugVector, places.handlers + 0x30 * 16, 1]);
    });
    test('is forgotten when the instruction faults', () => {
      world.flat([0xa4]); // MOVSB: reads what is watched, then faults.
      world.page();
      world.entry(0x12, 0);
      world.set('esi', at);
      world.set('edi', 0x12000);
      arm(0, 'access', at);
      expect(caught(slowly)).toEqual([14, here, 0]);
      world.run(1);
      expect(world.word('pendingDebug')).toBe(0);
    });
    test('meets what an interrupt pushes, in front of its handler', () => {
      world.flat([...nop, ...hlt]);
      world.flags = 0x200;
      arm(0, 'write', places.stacks[0] - 4, 4);
      world.vector = 0x30;
      world.processor.setInterruptRequest(true);
      expect(caught(slowly)).toEqual([debugVector, places.handlers + 0x30 * 16, 1]);
    });
    test('comes in one exception with a single step', () => {
      world.flat([...writes, ...hlt]);
      arm(0, 'write', at);
      world.flags = TF;
      expect(caught(slowly)).toEqual([debugVector, here + writes.length, 1]);
      expect(world.word('dr6') & 0xe000).toBe(0x4000);
    });
    test('goes before an interrupt that arrives with the same instruction', () => {
      world.flat([...outAl(0x10), ...writes, ...hlt]);
      world.flags = 0x200;
      arm(0, 'write', at);
      world.run(1);
      world.readBus = () => 0;
      world.run(1);
      world.processor.setInterruptRequest(true);
      expect(caught(slowly)?.[0]).toBe(debugVector);
    });
  });

  describe(`a port breakpoint, ${slowly ? 'in single cycles' : 'in one go'}`, () => {
    test('traps behind IN and OUT when CR4.DE is set', () => {
      for (const code of [outAl(0x42), code32.inAl(0x42)]) {
        world.flat([...code, ...hlt]);
        world.setWord('cr4', DE);
        arm(0, 'port', 0x42);
        expect(caught(slowly)).toEqual([debugVector, here + 2, 1]);
      }
    });
    test('covers as many ports as its length says', () => {
      world.flat([...outAl(0x41), ...outAl(0x43), ...hlt]);
      world.setWord('cr4', DE);
      arm(0, 'port', 0x42, 2);
      expect(caught(slowly)).toEqual([debugVector, here + 4, 1]);
    });
    test('is none while CR4.DE is clear', () => {
      world.flat([...outAl(0x42), ...hlt]);
      arm(0, 'port', 0x42);
      expect(caught(slowly)).toBeUndefined();
    });
  });
}

describe('debug registers', () => {
  const readDr = (index: number): number[] => [0x0f, 0x21, 0xc0 | (index << 3)];
  const writeDr = (index: number): number[] => [0x0f, 0x23, 0xc0 | (index << 3)];
  beforeEach(() => world.flat(hlt));

  test('read their reserved bits as the manual says', () => {
    world.flat([...mov('eax', -1), ...writeDr(6), ...readDr(6), ...hlt]);
    world.run();
    expect(world.get('eax')).toBe(0xffff_efff);
    world.flat([...mov('eax', ~0x2000), ...writeDr(7), ...readDr(7), ...hlt]);
    world.run();
    expect(world.get('eax') & 0xfc00).toBe(0x0400);
    world.flat([...mov('eax', 0), ...writeDr(6), ...readDr(6), ...hlt]);
    world.run();
    expect(world.get('eax')).toBe(0xffff_0ff0);
  });
  test('4 and 5 are 6 and 7 while CR4.DE is clear, and #UD while it is set', () => {
    world.flat([...readDr(4), 0x89, 0xc3, ...readDr(5), ...hlt]);
    world.run();
    expect([world.get('ebx'), world.get('eax')]).toEqual([0xffff_0ff0, 0x400]);
    for (const code of [readDr(4), writeDr(5)]) {
      world.flat([...code, ...hlt]);
      world.setWord('cr4', DE);
      expect(world.catch()).toEqual({ vector: 6, cs: 8, eip: here });
    }
  });
  test('are #GP(0) outside level 0', () => {
    world.flat([...readDr(0)], 3);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0 });
  });
  for (const code of [readDr(0), writeDr(7)]) {
    test(`fault in front of MOV with DR7.GD set, which the handler finds clear (${code.join(' ')})`, () => {
      world.flat([...code, ...hlt]);
      world.setWord('dr7', 0x2400);
      expect(world.catch()).toEqual({ vector: 1, cs: 8, eip: here });
      expect(world.word('dr6')).toBe(0xffff_2ff0);
      expect(world.word('dr7')).toBe(0x400);
      expect(world.frame()(2) & RF).toBe(RF);
    });
  }
  test('tell of the last breakpoint in B0 to B3, and keep BS, BT and BD', () => {
    world.flat([...storeByte(places.data, 1), ...storeByte(places.data + 16, 1), ...hlt]);
    world.setWord('dr6', 0xffff_eff1);
    arm(1, 'write', places.data);
    world.catch();
    expect(world.word('dr6')).toBe(0xffff_eff2);
  });
  test('do not arm a breakpoint without L or G', () => {
    world.flat([...storeByte(places.data, 1), ...hlt]);
    world.setWord('dr0', places.data);
    writeControl(0x0001_0000);
    expect([world.run(), world.word('eip')]).toEqual(['halted', here + 8]);
  });
  test('lose their local enables in a task switch, and keep the global ones', () => {
    world.flat([...code32.jumpFar(selectors.otherTask, 0)]);
    world.put32(places.otherTask + 0x20, here + 0x40);
    world.put32(places.otherTask + 0x24, 2);
    world.put32(places.otherTask + 0x38, 0x6000);
    [0x48, 0x50, 0x54, 0x58, 0x5c].forEach((at) => world.put32(places.otherTask + at, selectors.data[0]));
    world.put32(places.otherTask + 0x4c, selectors.code[0]);
    world.put(here + 0x40, ...hlt);
    writeControl(0x3ff);
    world.run();
    expect(world.word('dr7')).toBe(0x6aa);
  });
  test('name a task switch to a task with its T bit set', () => {
    world.flat([...code32.jumpFar(selectors.otherTask, 0)]);
    world.put32(places.otherTask + 0x20, here + 0x40);
    world.put32(places.otherTask + 0x24, 2);
    world.put32(places.otherTask + 0x38, 0x6000);
    world.put32(places.otherTask + 0x64, 1);
    [0x48, 0x50, 0x54, 0x58, 0x5c].forEach((at) => world.put32(places.otherTask + at, selectors.data[0]));
    world.put32(places.otherTask + 0x4c, selectors.code[0]);
    expect(world.catch()).toEqual({ vector: 1, cs: 8, eip: here + 0x40 });
    expect(world.word('dr6')).toBe(0xffff_8ff0);
  });
  test('survive saving and loading with their breakpoints armed', () => {
    world.flat([...nop, ...storeByte(places.data, 1), ...hlt]);
    arm(0, 'write', places.data);
    const saved = world.processor.save();
    writeControl(0);
    world.processor.load(saved, world.processor.cycle);
    expect(world.catch()?.vector).toBe(1);
  });
  test('are clear after reset and INIT', () => {
    arm(0, 'write', places.data);
    world.processor.init();
    expect([world.word('dr0'), world.word('dr6'), world.word('dr7')]).toEqual([0, 0xffff_0ff0, 0x400]);
  });
});

test('a segment descriptor that is read for a segment load meets a data breakpoint', () => {
  world.flat([...mov('eax', selectors.free), ...movSegment(0), ...hlt]);
  world.descriptor(selectors.free, descriptor(0, 0xfffff, access.data, 0xc));
  arm(0, 'access', places.gdt + selectors.free, 4);
  expect(world.catch()?.eip).toBe(here + 7);
});
