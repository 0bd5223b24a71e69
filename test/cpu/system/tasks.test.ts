/** Task state segments and hardware task switches (Intel SDM Vol. 3A, chapter 7). */
import { beforeEach, describe, expect, test } from 'vitest';
import { access, atLevel, B, code32, d, descriptor, G, gate } from '../bytes.js';
import { places, selectors, World } from '../world.js';

const world = new World();
const { callFar, jumpFar, hlt, inc, int, iret, mov, ltr, push, popf } = code32;
const here = places.code;
/** Where the other task starts. */
const there = places.data;
const [code0, , , code3] = selectors.code;
const [data0, , , data3] = selectors.data;
const { task, otherTask } = places;
const NT = 0x4000;
const TS = 8;
const BUSY = 2;

/** Offsets in a 32-bit TSS (SDM figure 7-2). */
const field = {
  link: 0,
  cr3: 0x1c,
  eip: 0x20,
  eflags: 0x24,
  eax: 0x28,
  esp: 0x38,
  es: 0x48,
  cs: 0x4c,
  ss: 0x50,
  ds: 0x54,
  fs: 0x58,
  gs: 0x5c,
  ldt: 0x60,
  trap: 0x64,
} as const;

function put(name: keyof typeof field, value: number): void {
  world.put32(otherTask + field[name], value);
}
const saved = (name: keyof typeof field): number => world.read(task + field[name]);
const typeOf = (selector: number): number => world.read(places.gdt + selector + 5, 1) & 0x1f;

/** The code of the first task; a second one at level 0 is ready. */
function start(code: readonly number[], level: 0 | 3 = 0): void {
  world.flat(code, level);
  put('eip', there);
  put('eflags', 2);
  put('esp', places.stacks[1]);
  put('cs', code0);
  for (const name of ['es', 'ss', 'ds', 'fs', 'gs'] as const) put(name, data0);
  world.put(there, ...hlt);
}

describe('a task switch', () => {
  test('by JMP saves the whole old task and loads the whole new one', () => {
    start(jumpFar(selectors.otherTask, 0));
    const names = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
    for (const [index, name] of names.entries()) {
      if (name !== 'esp') world.set(name, 0x1111_0000 + index);
      world.put32(otherTask + 0x28 + index * 4, name === 'esp' ? places.stacks[1] : 0x2222_0000 + index);
    }
    world.flags = 0x2c6;
    put('eflags', 0x97);
    expect(world.run()).toBe('halted');
    expect(world.word('eip')).toBe(there + 1);
    expect(saved('eip')).toBe(here + 7);
    expect(saved('eflags')).toBe(0x2c6);
    for (const [index, name] of names.entries()) {
      expect(world.get(name)).toBe(name === 'esp' ? places.stacks[1] : 0x2222_0000 + index);
      expect(world.read(task + 0x28 + index * 4)).toBe(name === 'esp' ? places.stacks[0] : 0x1111_0000 + index);
    }
    expect(['es', 'cs', 'ss', 'ds', 'fs', 'gs'].map((_, index) => world.read(task + 0x48 + 4 * index, 2))).toEqual([
      data0,
      code0,
      data0,
      data0,
      data0,
      data0,
    ]);
    expect(world.flags).toBe(0x97);
    expect([world.selector('tr'), world.word('cr0') & TS]).toEqual([selectors.otherTask, TS]);
  });
  test('by JMP moves the busy mark and links nothing', () => {
    start(jumpFar(selectors.otherTask, 0));
    put('link', 0x1234);
    world.run();
    expect([typeOf(selectors.task), typeOf(selectors.otherTask)]).toEqual([9, 9 | BUSY]);
    expect([world.read(otherTask, 2), world.flags & NT]).toEqual([0x1234, 0]);
  });
  test('by CALL leaves the old task busy, links it and sets NT; IRET returns', () => {
    start([...callFar(selectors.otherTask, 0), ...inc('ebx'), ...hlt]);
    world.put(there, ...inc('ecx'), ...iret, ...inc('edx'), ...hlt);
    world.run(1);
    expect([typeOf(selectors.task), typeOf(selectors.otherTask)]).toEqual([9 | BUSY, 9 | BUSY]);
    expect([world.read(otherTask, 2), world.flags & NT]).toEqual([selectors.task, NT]);
    expect(world.run()).toBe('halted');
    expect([world.word('eip'), world.get('ebx'), world.get('ecx')]).toEqual([here + 9, 1, 0]);
    expect([typeOf(selectors.task), typeOf(selectors.otherTask)]).toEqual([9 | BUSY, 9]);
    expect(world.read(otherTask + field.eip)).toBe(there + 2);
    expect(world.read(otherTask + field.eflags) & NT).toBe(0);
    expect(world.read(otherTask + field.eax + 4)).toBe(1);
    expect(world.flags & NT).toBe(0);
  });
  test('goes on behind the IRET when the task is called again', () => {
    start([...callFar(selectors.otherTask, 0), ...callFar(selectors.otherTask, 0), ...hlt]);
    world.put(there, ...inc('ecx'), ...iret, ...inc('edx'), ...iret);
    world.run();
    expect([world.read(otherTask + 0x2c), world.read(otherTask + 0x30)]).toEqual([1, 1]);
  });
  test('through a task gate by CALL, JMP and INT needs no right to name the TSS itself', () => {
    for (const code of [callFar(selectors.free | 3, 0), jumpFar(selectors.free | 3, 0), int(0x30)]) {
      start(code, 3);
      world.descriptor(selectors.free, gate('task', selectors.otherTask, 0, 3));
      world.gate(0x30, gate('task', selectors.otherTask, 0, 3));
      expect([world.run(), world.word('eip'), world.word('cpl')]).toEqual(['halted', there + 1, 0]);
      expect(saved('eip')).toBe(here + code.length);
      expect(saved('esp')).toBe(places.stacks[3]);
    }
  });
  test('by a fault with an error code pushes it onto the new stack', () => {
    start([0x8e, 0xd8], 3);
    world.set('eax', 0xff8);
    world.gate(13, gate('task', selectors.otherTask, 0));
    world.run();
    expect([world.get('esp'), world.read(places.stacks[1] - 4)]).toEqual([places.stacks[1] - 4, 0xff8]);
    expect(saved('eip')).toBe(here);
    expect(saved('eflags') & 0x1_0000).toBe(0x1_0000);
  });
  test('loads CR3 and flushes the TLB where it differs', () => {
    start([...code32.loadEax(there + 0x1000), ...jumpFar(selectors.otherTask, 0)]);
    world.page();
    const second = 0x2_0000;
    world.put32(second, (second + 0x1000) | 7);
    for (let page = 0; page < 1024; page++) world.put32(second + 0x1000 + page * 4, (page << 12) | 7);
    world.put32(second + 0x1000 + ((there + 0x1000) >> 12) * 4, 0x3_0000 | 7);
    world.put32(there + 0x1000, 0x11);
    world.put32(0x3_0000, 0x22);
    put('cr3', second);
    world.put(there, ...code32.loadEax(there + 0x1000), ...hlt);
    world.run();
    expect([world.get('eax'), world.word('cr3')]).toEqual([0x22, second]);
    expect(saved('eax')).toBe(0x11);
    expect(saved('cr3')).toBe(0); // Not written: CR3 is a static field.
  });
  test('loads LDTR and segments out of the local table', () => {
    start(jumpFar(selectors.otherTask, 0));
    world.descriptor(selectors.ldt, descriptor(places.ldt, 15, access.ldt, 0));
    world.put(places.ldt + 8, ...descriptor(0x5000, 0xfff, access.data, B));
    put('ldt', selectors.ldt);
    put('ds', 0x0c);
    world.run();
    expect([world.selector('ldtr'), world.segment('ds', 'base')]).toEqual([selectors.ldt, 0x5000]);
  });
  test('to level 3 takes CPL from CS', () => {
    start(jumpFar(selectors.otherTask, 0));
    put('cs', code3);
    for (const name of ['es', 'ss', 'ds', 'fs', 'gs'] as const) put(name, data3);
    world.put(there, 0xeb, 0xfe);
    world.run(3);
    expect([world.word('cpl'), world.word('eip'), world.selector('ss')]).toEqual([3, there, data3]);
  });
  test('to a TSS with T set traps before its first instruction', () => {
    start(jumpFar(selectors.otherTask, 0));
    put('trap', 1);
    expect(world.catch()).toEqual({ vector: 1, cs: code0, eip: there });
    expect(world.word('dr6') & 0xc000).toBe(0x8000);
  });
  test('of 16 bits saves and loads words, with ones in the upper halves', () => {
    start(jumpFar(selectors.otherTask, 0));
    world.descriptor(selectors.otherTask, descriptor(otherTask, 0x2b, access.task16, 0));
    world.descriptor(selectors.task, descriptor(task, 0x2b, access.task16 | BUSY, 0));
    world.core.setSegmentField(7, 'limit', 0x2b);
    world.core.setSegmentField(7, 'attributes', 0x83);
    for (let at = 0; at < 0x2c; at += 2) world.put16(otherTask + at, 0);
    const words = { ip: 0x0e, flags: 0x10, ax: 0x12, sp: 0x1a, es: 0x22, cs: 0x24, ss: 0x26, ds: 0x28 };
    world.put16(otherTask + words.ip, there);
    world.put16(otherTask + words.flags, 2);
    world.put16(otherTask + words.ax, 0x1234);
    world.put16(otherTask + words.sp, places.stacks[1]);
    for (const at of [words.es, words.ss, words.ds]) world.put16(otherTask + at, data0);
    world.put16(otherTask + words.cs, code0);
    world.set('eax', 0xaaaa_5678);
    expect(world.run()).toBe('halted');
    // The upper halves are ones, whatever the old task had there.
    expect([world.word('eip'), world.get('eax'), world.get('esp')]).toEqual([
      there + 1,
      0xffff_1234,
      0xffff_0000 + places.stacks[1],
    ]);
    expect([world.read(task + words.ip, 2), world.read(task + words.ax, 2), world.read(task + words.cs, 2)]).toEqual([
      here + 7,
      0x5678,
      code0,
    ]);
    expect([world.selector('fs'), world.selector('gs')]).toEqual([0, 0]);
  });
  test('IRET without NT is an ordinary return', () => {
    start([...push(2), ...push(code0), ...push(there), ...iret]);
    world.put16(task, selectors.otherTask);
    world.run();
    expect([world.selector('tr'), world.word('eip')]).toEqual([selectors.task, there + 1]);
  });
});

describe('a TSS that cannot be switched to', () => {
  const bad: readonly [string, () => void, number, number][] = [
    ['busy', () => world.descriptor(selectors.otherTask, descriptor(otherTask, 0x67, access.task32 | BUSY, 0)), 13, 0],
    ['absent', () => world.descriptor(selectors.otherTask, descriptor(otherTask, 0x67, 9, 0)), 11, 0],
    ['too short', () => world.descriptor(selectors.otherTask, descriptor(otherTask, 0x66, access.task32, 0)), 10, 0],
    ['a local table', () => world.descriptor(selectors.otherTask, descriptor(otherTask, 0x67, access.ldt, 0)), 13, 0],
  ];
  for (const [name, prepare, vector] of bad) {
    test(`by JMP: ${name}`, () => {
      start(jumpFar(selectors.otherTask, 0));
      prepare();
      expect(world.catch()).toEqual({ vector, errorCode: selectors.otherTask, cs: code0, eip: here });
      expect([world.selector('tr'), typeOf(selectors.task)]).toEqual([selectors.task, 9 | BUSY]);
    });
    test(`by an external interrupt, EXT set: ${name}`, () => {
      start([0x90]);
      world.gate(0x30, gate('task', selectors.otherTask, 0));
      prepare();
      world.flags = 0x200;
      world.vector = 0x30;
      world.processor.setInterruptRequest(true);
      expect(world.catch()).toEqual({ vector, errorCode: selectors.otherTask | 1, cs: code0, eip: here });
    });
  }
  test('by a level that may not name it', () => {
    start(jumpFar(selectors.otherTask, 0), 3);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: selectors.otherTask, cs: code3 });
    start(jumpFar(selectors.otherTask | 3, 0));
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: selectors.otherTask });
  });
  test('by IRET with NT and a link that is no busy TSS is #TS', () => {
    for (const [link, errorCode] of [
      [selectors.otherTask, selectors.otherTask],
      [0, 0],
      [data0, data0],
      [0xff8, 0xff8],
      [selectors.task | 4, selectors.task | 4],
    ] as const) {
      start([...push(NT | 2), ...popf, ...iret]);
      world.put16(task, link);
      expect(world.catch()).toMatchObject({ vector: 10, errorCode, eip: here + 6 });
    }
  });
});

describe('a new task whose segments are wrong faults in front of its first instruction', () => {
  const bad: readonly [string, () => void, number, number][] = [
    ['a null CS', () => put('cs', 0), 10, 0],
    ['a CS outside its table', () => put('cs', 0xff8), 10, 0xff8],
    ['a CS that is data', () => put('cs', data0), 10, data0],
    ['a CS of another level than its RPL', () => put('cs', code3 & ~3), 10, code3 & ~3],
    ['an absent CS', () => put('cs', selectors.free), 11, selectors.free],
    ['a null SS', () => put('ss', 0), 10, 0],
    ['an SS of another level', () => put('ss', data3 & ~3), 10, data3 & ~3],
    ['an SS that is read-only', () => put('ss', selectors.free2), 10, selectors.free2],
    ['an absent SS', () => put('ss', selectors.free3), 12, selectors.free3],
    ['a DS outside its table', () => put('ds', 0xff8), 10, 0xff8],
    ['an ES that cannot be read', () => put('es', selectors.free4), 10, selectors.free4],
    ['an FS whose RPL is too high', () => put('fs', data0 | 3), 10, data0],
    ['an absent GS', () => put('gs', selectors.free3), 11, selectors.free3],
    ['an LDT that is none', () => put('ldt', data0), 10, data0],
    ['an absent LDT', () => put('ldt', selectors.ldt), 10, selectors.ldt],
    ['an EIP beyond the limit', () => put('cs', 0x80), 13, 0],
  ];
  for (const [name, prepare, vector, errorCode] of bad) {
    for (const how of ['JMP', 'INT', 'interrupt'] as const) {
      test(`by ${how}: ${name}`, () => {
        start(how === 'JMP' ? jumpFar(selectors.otherTask, 0) : how === 'INT' ? int(0x30) : [0x90]);
        world.gate(0x30, gate('task', selectors.otherTask, 0));
        world.descriptor(selectors.free, descriptor(0, 0xfffff, access.code & ~0x80, G | B));
        world.descriptor(selectors.free2, descriptor(0, 0xfffff, access.readOnly, G | B));
        world.descriptor(selectors.free3, descriptor(0, 0xfffff, access.data & ~0x80, G | B));
        world.descriptor(selectors.free4, descriptor(0, 0xfffff, access.executeOnly, G | B));
        world.descriptor(selectors.ldt, descriptor(places.ldt, 7, access.ldt & ~0x80, 0));
        world.descriptor(0x80, descriptor(0, 0xff, access.code, B));
        prepare();
        // The handler is a third task, so that the faulting one may be as broken as it likes.
        const third = 0x1_0000;
        world.descriptor(0x88, descriptor(third, 0x67, access.task32, 0));
        world.gate(vector, gate('task', 0x88, 0));
        world.put32(third + field.eip, places.handlers);
        world.put32(third + field.esp, places.stacks[2]);
        world.put32(third + field.cs, code0);
        for (const name of ['es', 'ss', 'ds', 'fs', 'gs'] as const) world.put32(third + field[name], data0);
        if (how === 'interrupt') {
          world.flags = 0x200;
          world.vector = 0x30;
          world.processor.setInterruptRequest(true);
        }
        expect(world.run()).toBe('halted');
        expect([world.selector('tr'), world.word('eip')]).toEqual([0x88, places.handlers + 1]);
        const external = how === 'interrupt' ? 1 : 0;
        expect(world.read(places.stacks[2] - 4)).toBe(errorCode | external);
        // The old task is saved whole, and the new one is the one that is linked and saved at its first instruction.
        expect(saved('eip')).toBe(here + { JMP: 7, INT: 2, interrupt: 0 }[how]);
        expect(world.read(third, 2)).toBe(selectors.otherTask);
        expect(world.read(otherTask + field.eip)).toBe(there);
      });
    }
  }
});

describe('LTR and LLDT', () => {
  test('LTR marks the TSS busy and loads base and limit', () => {
    start([...mov('eax', selectors.otherTask), ...ltr, ...hlt]);
    world.run();
    expect([world.selector('tr'), world.segment('tr', 'base'), typeOf(selectors.otherTask)]).toEqual([
      selectors.otherTask,
      otherTask,
      9 | BUSY,
    ]);
  });
  const bad: readonly [number, number, number][] = [
    [0, 13, 0],
    [selectors.task, 13, selectors.task],
    [data0, 13, data0],
    [selectors.otherTask | 4, 13, selectors.otherTask | 4],
    [0xff8, 13, 0xff8],
    [selectors.free, 11, selectors.free],
  ];
  for (const [selector, vector, errorCode] of bad) {
    test(`LTR of ${selector.toString(16)}h is fault ${vector} with ${errorCode.toString(16)}h`, () => {
      start([...mov('eax', selector), ...ltr]);
      world.descriptor(selectors.free, descriptor(otherTask, 0x67, access.task32 & ~0x80, 0));
      expect(world.catch()).toEqual({ vector, errorCode, cs: code0, eip: here + 5 });
    });
  }
  test('LLDT of a null selector leaves no local table: its selectors are #GP', () => {
    start([...mov('eax', 3), ...code32.lldt, ...mov('eax', 0x0c), ...code32.movSegment(3)]);
    expect(world.catch()).toEqual({ vector: 13, errorCode: 0x0c, cs: code0, eip: here + 13 });
  });
  test('both need level 0', () => {
    for (const code of [ltr, code32.lldt]) {
      start(code, 3);
      expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0, eip: here });
    }
  });
});

describe('the permission map of ports (SDM Vol. 1, section 19.5.2)', () => {
  /** IN AL, DX. */
  const inAl = 0xec;
  const inEax = 0xed;
  function ask(port: number, code: number, map: readonly number[], limit = 0x68 + map.length - 1): boolean {
    world.flat([code, 0xeb, 0xfe], 3);
    world.set('edx', port);
    world.put16(task + 0x66, 0x68);
    world.put(task + 0x68, ...map);
    world.core.setSegmentField(7, 'limit', limit);
    const caught = world.catch(3);
    if (caught !== undefined) expect(caught).toEqual({ vector: 13, errorCode: 0, cs: code3, eip: here });
    return caught === undefined;
  }

  test('lets ports through whose bit is clear', () => {
    expect(ask(5, inAl, [0xdf, 0xff])).toBe(true);
    expect(ask(4, inAl, [0xdf, 0xff])).toBe(false);
  });
  test('needs the bits of every byte of an access, across bytes of the map', () => {
    expect(ask(6, inEax, [0x3f, 0xfc, 0xff])).toBe(true);
    expect(ask(6, inEax, [0x3f, 0xfe, 0xff])).toBe(false);
    expect(ask(5, inEax, [0x3f, 0xfc, 0xff])).toBe(false);
  });
  test('refuses ports beyond the limit, even where only its second byte lies there', () => {
    expect(ask(8, inAl, [0, 0], 0x69)).toBe(false);
    expect(ask(0, inAl, [0, 0], 0x69)).toBe(true);
    expect(ask(0, inAl, [0, 0], 0x68)).toBe(false);
  });
  test('does not ask where CPL is at most IOPL', () => {
    world.flat([0xe4, 0x10, 0xeb, 0xfe], 3);
    world.flags = 0x3000;
    expect(world.catch(3)).toBeUndefined();
  });
  test('does not exist in a 16-bit TSS', () => {
    world.flat([0xe4, 0x10], 3);
    world.core.setSegmentField(7, 'attributes', 0x83);
    world.core.setSegmentField(7, 'limit', 0xfff);
    world.put16(task + 2, places.stacks[0]);
    world.put16(task + 4, data0);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0 });
  });
  test('holds for OUT, INS and OUTS, which touch nothing before they were allowed', () => {
    for (const code of [[0xe6, 0x10], [0x6c], [0x6e], [0xf3, 0x6e]]) {
      world.flat(code, 3);
      world.set('edx', 0x10);
      world.set('ecx', 1);
      world.set('esi', 0xffff_0000);
      expect(world.catch()).toEqual({ vector: 13, errorCode: 0, cs: code3, eip: here });
      expect(world.portWrites).toEqual([]);
    }
  });
});

beforeEach(() => {
  world.vector = 0x20;
});

test('a task at level 3 with its own LDT data segment reads through it', () => {
  start(jumpFar(selectors.otherTask, 0));
  world.descriptor(selectors.ldt, descriptor(places.ldt, 15, access.ldt, 0));
  world.put(places.ldt + 8, ...descriptor(0x5000, 0xfff, atLevel(access.data, 3), B));
  world.put32(0x5010, 0x1234_5678);
  put('ldt', selectors.ldt);
  put('cs', code3);
  for (const name of ['es', 'ss', 'fs', 'gs'] as const) put(name, data3);
  put('ds', 0x0f);
  world.put(there, 0xa1, ...d(0x10), 0xeb, 0xfe);
  world.run(4);
  expect([world.get('eax'), world.word('cpl')]).toEqual([0x1234_5678, 3]);
});
