/** Places where regions go on in the interpreter rarely but many times. */
import { afterEach, expect, test, vi } from 'vitest';
import { code32, d, gate } from '../../bytes.js';
import { places, selectors, World } from '../../world.js';

afterEach(() => vi.unstubAllGlobals());

/** Rarely enough seen by looks that what compiles the second place is what the region tells. */
const tuning = { look: 1000, threshold: 8, batch: 1, delay: 0, patience: 1 };
const turns = 1000;
const otherPage = 0x20000;

/** Runs something; gives how many modules were compiled in that time. */
function modulesIn(run: () => void): number {
  let modules = 0;
  const { Module } = WebAssembly;
  class Counted extends Module {
    constructor(...settings: ConstructorParameters<typeof Module>) {
      super(...settings);
      modules++;
    }
  }
  vi.stubGlobal('WebAssembly', { ...WebAssembly, Module: Counted, Instance: WebAssembly.Instance });
  run();
  vi.unstubAllGlobals();
  return modules;
}

/** Runs code until it halts, `other` of it at an address of its own; gives how many modules were compiled, and the state at the end. */
function modulesOf(code: readonly number[], compiler?: typeof tuning, other: readonly number[] = []) {
  const world = new World('pentium3', 1 << 20, undefined, compiler);
  const modules = modulesIn(() => {
    world.flat(code);
    world.put(otherPage, ...other);
    // In slices as a machine's timers cut them: what is told twice in one is frequent.
    for (let slice = 0; slice < 4000; slice++) world.run(1000);
  });
  return { modules, state: world.processor.save() };
}

/** No look sees anything. */
const blind = { ...tuning, look: 1 << 30, threshold: 1 << 30 };
/** A system that halts, and that an interrupt wakes so many times; its handler counts in ECX, and calls another page. */
function idleFor(wakes: number, rounds: number, compiler?: typeof tuning) {
  const world = new World('pentium3', 1 << 20, undefined, compiler);
  const modules = modulesIn(() => {
    // STI; HLT; JMP to it.
    world.flat([...code32.sti, ...code32.hlt, 0xeb, 0xfc]);
    const handler = otherPage + 0x1000;
    world.gate(0x20, gate('interrupt32', selectors.code[0], handler));
    // DEC ECX; JNZ; CALL; IRET. There: INC EBX; ADD EDX, EBX; RET.
    const count = [...code32.mov('ecx', rounds), 0x49, 0x75, 0xfd];
    world.put(handler, ...count, 0xe8, ...d(otherPage - handler - count.length - 5), ...code32.iret);
    world.put(otherPage, 0x43, 0x01, 0xda, 0xc3);
    world.run(100);
    for (let wake = 0; wake < wakes; wake++) {
      world.processor.setInterruptRequest(true);
      world.run(20_000);
    }
  });
  return { modules, state: world.processor.save() };
}

/** A long loop, then by an indirect jump a place that no look sees in time; both again and again. */
function rarely(rounds: number): number[] {
  const start = [...code32.mov('edi', rounds), ...code32.mov('eax', places.code + 0x20)];
  // MOV ECX, turns; DEC ECX; JNZ; JMP EAX.
  const loop = [...code32.mov('ecx', turns), 0x49, 0x75, 0xfd, 0xff, 0xe0];
  const gap = Array.from({ length: 0x20 - start.length - loop.length }, () => code32.nop[0]!);
  // INC EDX; DEC EDI; JNZ loop; HLT.
  const back = start.length - (0x20 + 2 + 6);
  return [...start, ...loop, ...gap, 0x42, 0x4f, 0x0f, 0x85, ...d(back), ...code32.hlt];
}

test('what a region leaves to the interpreter rarely but many times becomes a small region of its own', () => {
  expect(modulesOf(rarely(24), tuning).modules).toBe(1);
  const { modules, state } = modulesOf(rarely(600), tuning);
  expect(modules).toBe(2);
  expect(state).toEqual(modulesOf(rarely(600)).state);
});

test('what the interpreter runs behind such a place, on other pages too, is compiled along with it', () => {
  // The same loop, but the place jumps to a page that jumps to a third one, which comes back.
  const far = otherPage + 0x1000;
  const head = [...code32.mov('edi', 600), ...code32.mov('eax', otherPage)];
  const loop = [...code32.mov('ecx', turns), 0x49, 0x75, 0xfd, 0xff, 0xe0];
  const jump = (from: number, to: number): number[] => [0xe9, ...d(to - from - 5)];
  const back = far + 1;
  // DEC EDI; JNZ loop; HLT.
  const other = [0x42, ...jump(otherPage + 1, far)];
  const third = [0x4f, 0x0f, 0x85, ...d(places.code + head.length - back - 6), ...code32.hlt];
  const pages = [...other, ...Array.from({ length: 0x1000 - other.length }, () => code32.nop[0]!), ...third];
  const code = [...head, ...loop];
  const { modules, state } = modulesOf(code, tuning, pages);
  expect(modules).toBe(2);
  expect(state).toEqual(modulesOf(code, undefined, pages).state);
});

test('a page whose code changes again and again is left to the interpreter for good, whatever regions tell', () => {
  // NOP, which becomes CLD and NOP again; DEC ECX; JNZ; JMP EBX.
  const changing = [0x90, 0x49, 0x75, 0xfd, 0xff, 0xe3];
  const rounds = (count: number, looped: number, start: number): number[] => {
    const head = [...code32.mov('edi', count), ...code32.mov('eax', otherPage)];
    const body = [...code32.mov('ecx', looped), ...code32.mov('ebx', start + head.length + 12), 0xff, 0xe0];
    return [...head, ...body];
  };
  // XOR BYTE [other page], 6Ch; DEC EDI; JNZ to the body.
  const change = [0x80, 0x35, ...d(otherPage), 0x6c, 0x4f, 0x75, -10 - 12];
  const first = [...rounds(12, 20_000, places.code), ...change];
  const second = [...rounds(20_000, 1, places.code + first.length), 0x4f, 0x75, -3 - 12];
  const code = [...first, ...second, ...code32.hlt].map((byte) => byte & 0xff);
  const { modules, state } = modulesOf(code, tuning, changing);
  // One for each of nine changes, and one for the second loop.
  expect(modules).toBe(10);
  expect(state).toEqual(modulesOf(code, undefined, changing).state);
});

test('what runs from one halt to the next is compiled, on all its pages, once it was woken some dozens of times', () => {
  expect(idleFor(32, 3, blind).modules).toBe(0);
  const { modules, state } = idleFor(1000, 3, blind);
  expect(modules).toBe(1);
  expect(state).toEqual(idleFor(1000, 3).state);
});

test('a place in the middle of such code that it does not lead to is compiled when the idling system comes there', () => {
  // MOV EAX, 400; DEC EAX; JNZ; INC ECX; CMP ECX, wakes; JA behind the next; INC EBX; INC EDX; IRET.
  const loop = [...code32.mov('eax', 400), 0x48, 0x75, 0xfd];
  const last = [0x77, 0x01, 0x43, 0x42, ...code32.iret];
  const handler = (wakes: number): number[] => [...loop, 0x41, 0x81, 0xf9, ...d(wakes), ...last];
  const ran = (wakes: number, compiler?: typeof tuning) => {
    const world = new World('pentium3', 1 << 20, undefined, compiler);
    const modules = modulesIn(() => {
      world.flat([...code32.sti, ...code32.hlt, 0xeb, 0xfc]);
      world.gate(0x20, gate('interrupt32', selectors.code[0], otherPage));
      world.put(otherPage, ...handler(wakes));
      world.run(100);
      for (let wake = 0; wake < 200; wake++) {
        world.processor.setInterruptRequest(true);
        world.run(1000);
      }
    });
    return { modules, state: world.processor.save() };
  };
  expect(ran(1000, blind).modules).toBe(1);
  expect(ran(100, blind).modules).toBe(2);
  expect(ran(100, blind).state).toEqual(ran(100).state);
});

test('what goes on for long before it halts again is not', () => {
  const { modules, state } = idleFor(1000, 3000, blind);
  expect(modules).toBe(0);
  expect(state).toEqual(idleFor(1000, 3000).state);
});

test('a page that is replaced in the middle of such a walk is watched like any other when it is compiled', () => {
  // MOV ECX, 3; INC EBX; DEC ECX; JNZ; IRET.
  const handler = otherPage + 0x1000;
  const code = [...code32.mov('ecx', 3), 0x43, 0x49, 0x75, 0xfd, ...code32.iret];
  const ebx = (compiler?: typeof tuning): number => {
    const world = new World('pentium3', 1 << 20, undefined, compiler);
    const wake = (cycles: number): void => {
      world.processor.setInterruptRequest(true);
      world.run(cycles);
    };
    world.flat([...code32.sti, ...code32.hlt, 0xeb, 0xfc]);
    world.gate(0x20, gate('interrupt32', selectors.code[0], handler));
    world.put(handler, ...code);
    world.run(100);
    for (let count = 1; count < 32; count++) wake(1000);
    // Back to in front of the handler after its first block was walked along.
    wake(1);
    const { cycle } = world.processor;
    const saved = world.processor.save();
    world.run(4);
    world.core.code.replaced(world.memory.byteOffset + handler);
    world.processor.load(saved, cycle);
    world.run(1000);
    for (let count = 0; count < 100; count++) wake(1000);
    world.put(handler + 5, 0x4b);
    for (let count = 0; count < 100; count++) wake(1000);
    return world.get('ebx');
  };
  expect(ebx(blind)).toBe(ebx());
});
