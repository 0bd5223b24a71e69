/** The NMI and INIT pins (Intel SDM Vol. 3A, sections 6.7 and 9.1). */
import { describe, expect, test } from 'vitest';
import { segmentIndex, xmmRegisters } from '../../src/cpu/layout.js';
import { setSegment } from '../../src/cpu/system/segments.js';
import { code32, d, w } from './bytes.js';
import { places, selectors, World } from './world.js';

const world = new World('pentium');
const { nop, hlt, inc, iret, mov, movSegment, storeByte } = code32;
const here = places.code;
const nmi = 2;
const handler = places.handlers + nmi * places.handlerBytes;

function pulse(): void {
  world.processor.setNonMaskableInterrupt(true);
  world.processor.setNonMaskableInterrupt(false);
}

describe('a non-maskable interrupt', () => {
  test('is taken at the next boundary whatever IF says', () => {
    world.flat([...inc('eax'), ...inc('eax'), ...hlt]);
    world.run(1);
    pulse();
    expect(world.catch()).toEqual({ vector: nmi, cs: 8, eip: here + 1 });
  });
  test('comes with the edge of its pin, once', () => {
    world.flat([...nop, ...hlt]);
    world.put(handler, ...inc('ecx'), ...iret);
    world.processor.setNonMaskableInterrupt(true);
    world.processor.setNonMaskableInterrupt(true);
    world.run();
    expect(world.get('ecx')).toBe(1);
  });
  test('that comes while another is handled waits for IRET, and is one however many came', () => {
    world.flat([...nop, ...nop, ...hlt]);
    world.put(handler, ...inc('ecx'), ...nop, ...iret);
    pulse();
    world.run(2);
    pulse();
    pulse();
    world.run(1);
    expect(world.get('ecx')).toBe(1);
    world.run(3); // IRET, the second NMI, INC.
    expect(world.get('ecx')).toBe(2);
    world.run();
    expect(world.get('ecx')).toBe(2);
  });
  test('waits for IRET in real mode too', () => {
    world.real([...nop, ...nop, ...hlt]);
    world.put(nmi * 4, ...w(0x3800), 0, 0);
    world.put(0x3800, 0x41, 0x90, 0xcf); // INC CX; NOP; IRET
    pulse();
    world.run(2);
    pulse();
    world.run(1);
    expect(world.get('ecx')).toBe(1);
    world.run();
    expect(world.get('ecx')).toBe(2);
  });
  test('wakes HLT up with IF clear', () => {
    world.flat([...hlt, ...inc('ebx'), ...hlt]);
    world.put(handler, ...iret);
    expect(world.run()).toBe('halted');
    pulse();
    expect(world.processor.interruptDue).toBe(true);
    world.run();
    expect(world.get('ebx')).toBe(1);
  });
  test('is held back after MOV SS, and not after STI', () => {
    world.flat([...mov('eax', selectors.data[0]), ...movSegment(2), ...inc('ebx'), ...hlt]);
    world.run(2);
    pulse();
    expect(world.catch()?.eip).toBe(here + 8);
    world.flat([...code32.sti, ...inc('ebx'), ...hlt]);
    world.run(1);
    pulse();
    expect(world.catch()?.eip).toBe(here + 1);
  });
  test('of two loads of SS in a row is held back by the first alone', () => {
    world.flat([...mov('eax', selectors.data[0]), ...movSegment(2), ...movSegment(2), ...inc('ebx'), ...hlt]);
    world.run(2);
    pulse();
    expect(world.catch()?.eip).toBe(here + 9);
  });
  test('goes before an interrupt request and behind a debug trap', () => {
    world.flat([...nop, ...hlt]);
    world.flags = 0x200;
    world.processor.setInterruptRequest(true);
    pulse();
    expect(world.catch()).toEqual({ vector: nmi, cs: 8, eip: here });
    world.flat([...storeByte(places.data, 1), ...hlt]);
    world.flags = 0x100;
    world.onPortWrite = () => {};
    world.run(1);
    pulse();
    world.run(1);
    expect(world.word('eip')).toBe(places.handlers + 16); // The trap first,
    expect(world.catch()).toEqual({ vector: nmi, cs: 8, eip: places.handlers + 16 }); // the NMI in front of its handler.
  });
  test('is remembered by saving and loading', () => {
    world.flat([...nop, ...nop, ...hlt]);
    world.put(handler, ...inc('ecx'), ...nop, ...iret);
    pulse();
    world.run(2);
    pulse();
    const saved = world.processor.save();
    world.processor.reset();
    world.processor.load(saved, world.processor.cycle);
    expect(world.processor.interruptDue).toBe(false);
    world.run();
    expect(world.get('ecx')).toBe(2);
  });
  test('raised by the instruction that runs is taken right behind it', () => {
    world.flat([...nop, ...code32.outAl(0x10), ...inc('eax'), ...hlt]);
    world.onPortWrite = pulse;
    const found = world.catch();
    world.onPortWrite = () => {};
    expect(found).toEqual({ vector: nmi, cs: 8, eip: here + 3 });
  });
});

describe('INIT', () => {
  test('starts the processor over, and keeps memory and how it caches', () => {
    world.flat([...inc('eax'), ...hlt]);
    world.put(places.data, ...d(0x1234_5678));
    world.setWord('cr0', 0x4000_0001);
    world.run();
    world.processor.init();
    expect(world.registers).toMatchObject({ eax: 0, eip: 0xfff0, eflags: 2 });
    expect(world.segment('cs', 'base')).toBe(0xffff_0000);
    expect(world.word('cr0') & 0x6000_0001).toBe(0x4000_0000);
    expect(world.word('halted')).toBe(0);
    expect(world.read(places.data)).toBe(0x1234_5678);
  });
  test('leaves numeric units and model-specific registers as they are, which reset does not', () => {
    const latest = new World('pentium3');
    latest.real([0xdb, 0xe3, 0xd9, 0xe8, 0xb9, ...w(0x174), 0xb8, ...w(0x1234), 0x0f, 0x30, 0xf4]); // FNINIT; FLD1; MOV CX; MOV AX; WRMSR
    latest.set('edx', 0);
    latest.core.u8[xmmRegisters] = 0x5a;
    latest.setWord('mxcsr', 0x1fa0);
    latest.run();
    latest.processor.init();
    const kept = [latest.core.u8[xmmRegisters], latest.word('mxcsr'), latest.word('x87Empty')];
    setSegment(latest.core, segmentIndex.cs, 0, 0, 0xffff, 0x93);
    latest.put(places.code, 0xb9, ...w(0x174), 0x0f, 0x32, 0xf4); // MOV CX; RDMSR
    latest.setWord('eip', places.code);
    latest.processor.modeChanged();
    latest.run();
    expect([...kept, latest.get('eax')]).toEqual([0x5a, 0x1fa0, 0xfe, 0x1234]);
    latest.processor.reset();
    expect([latest.core.u8[xmmRegisters], latest.word('mxcsr')]).toEqual([0, 0x1f80]);
  });
});
