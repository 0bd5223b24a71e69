/** Interrupt, trap and call gates, and the levels they lead to (Intel SDM Vol. 3A, sections 5.8 and 6.12). */
import { describe, expect, test } from 'vitest';
import { access, atLevel, B, code32, descriptor, G, gate } from '../bytes.js';
import { places, selectors, World } from '../world.js';

const world = new World();
const { hlt, inc, int, iret, retf, callFar, jumpFar, push } = code32;
const here = places.code;
/** Where targets of gates lie. */
const target = places.data;
const [code0, code1, , code3] = selectors.code;
const [data0, data1, , data3] = selectors.data;
const IF = 0x200;
const NT = 0x4000;
const TF = 0x100;

describe('an interrupt through a gate', () => {
  test('to the same level pushes EFLAGS, CS and EIP', () => {
    world.flat(int(0x30));
    world.flags = IF | NT;
    expect(world.catch()).toEqual({ vector: 0x30, cs: code0, eip: here + 2 });
    expect(world.get('esp')).toBe(places.stacks[0] - 12);
    expect(world.frame()(2)).toBe(2 | IF | NT);
  });
  test('clears IF through an interrupt gate, leaves it through a trap gate, and clears TF and NT through both', () => {
    for (const [type, kept] of [
      ['interrupt32', 0],
      ['trap32', IF],
    ] as const) {
      world.flat(int(0x30));
      world.gate(0x30, gate(type, code0, target));
      world.put(target, ...hlt);
      world.flags = IF | NT | 0x3000;
      world.run();
      expect(world.flags & (IF | NT | TF | 0x3000)).toBe(kept | 0x3000);
    }
  });
  test('from level 3 to level 0 takes the stack of the TSS and pushes the old one', () => {
    world.flat(int(0x30), 3);
    world.gate(0x30, gate('interrupt32', code0, target, 3));
    world.put(target, ...hlt);
    expect(world.run()).toBe('halted');
    expect([world.selector('cs'), world.selector('ss'), world.word('cpl')]).toEqual([code0, data0, 0]);
    const frame = world.frame();
    expect(world.get('esp')).toBe(places.stacks[0] - 20);
    expect([0, 1, 2, 3, 4].map(frame)).toEqual([here + 2, code3, 2, places.stacks[3], data3]);
  });
  test('to level 1 takes the stack of level 1', () => {
    world.flat(int(0x30), 3);
    world.gate(0x30, gate('interrupt32', code1, target, 3));
    world.put(target, 0xeb, 0xfe);
    world.run(3);
    expect([world.selector('cs'), world.selector('ss'), world.get('esp')]).toEqual([
      code1,
      data1,
      places.stacks[1] - 20,
    ]);
  });
  test('through a 16-bit gate pushes words and takes 16 bits of the offset', () => {
    world.flat(int(0x30), 3);
    world.gate(0x30, [...gate('interrupt16', code0, target, 3).slice(0, 6), 0xff, 0xff]);
    world.put(target, ...hlt);
    world.run();
    const top = world.get('esp');
    expect(top).toBe(places.stacks[0] - 10);
    expect([0, 2, 4, 6, 8].map((at) => world.read(top + at, 2))).toEqual([here + 2, code3, 2, places.stacks[3], data3]);
  });
  test('to a conforming segment stays at its level and on its stack', () => {
    world.flat(int(0x30), 3);
    world.descriptor(selectors.free, descriptor(0, 0xfffff, access.conforming, G | B));
    world.gate(0x30, gate('interrupt32', selectors.free, target, 3));
    world.put(target, 0xeb, 0xfe);
    world.run(3);
    expect([world.selector('cs'), world.word('cpl'), world.get('esp')]).toEqual([
      selectors.free | 3,
      3,
      places.stacks[3] - 12,
    ]);
  });
  test('from level 3 by INT n through a gate of level 0 is #GP(vector * 8 + 2)', () => {
    world.flat(int(0x30), 3);
    expect(world.catch()).toEqual({ vector: 13, errorCode: 0x30 * 8 + 2, cs: code3, eip: here });
  });
  test('from level 3 by an external interrupt needs no right to name the gate', () => {
    world.flat([0x90, 0x90], 3);
    world.flags = IF;
    world.vector = 0x30;
    world.processor.setInterruptRequest(true);
    expect(world.catch()).toEqual({ vector: 0x30, cs: code3, eip: here });
  });
  test('from level 3 by a fault needs no right either', () => {
    world.flat([0x0f, 0x0b], 3);
    expect(world.catch()).toEqual({ vector: 6, cs: code3, eip: here });
  });
  test('INT3, INTO and INT 1 from level 3 need the right', () => {
    for (const [code, vector] of [
      [[0xcc], 3],
      [[0xb0, 0x7f, 0x04, 0x01, 0xce], 4],
    ] as const) {
      world.flat(code, 3);
      expect(world.catch()).toMatchObject({ vector: 13, errorCode: vector * 8 + 2 });
      world.gate(vector, gate('trap32', code0, places.handlers + vector * places.handlerBytes, 3));
      world.flat(code, 3);
      world.gate(vector, gate('trap32', code0, places.handlers + vector * places.handlerBytes, 3));
      expect(world.catch()).toEqual({ vector, cs: code3, eip: here + code.length });
    }
  });
  test('INTO without overflow does nothing', () => {
    world.flat([0xce, ...hlt]);
    expect([world.run(), world.word('eip')]).toEqual(['halted', here + 2]);
  });
});

describe('a gate that cannot be taken', () => {
  const bad: readonly [string, () => void, { vector: number; errorCode: number }][] = [
    ['outside the table', () => world.setWord('idtrLimit', 0x30 * 8 + 6), { vector: 13, errorCode: 0x182 }],
    ['not a gate', () => world.gate(0x30, descriptor(0, 0, access.code, 0)), { vector: 13, errorCode: 0x182 }],
    ['a call gate', () => world.gate(0x30, gate('call32', code0, target)), { vector: 13, errorCode: 0x182 }],
    [
      'not present',
      () => world.gate(0x30, gate('interrupt32', code0, target, 0, 0, false)),
      { vector: 11, errorCode: 0x182 },
    ],
    ['a null selector', () => world.gate(0x30, gate('interrupt32', 3, target)), { vector: 13, errorCode: 0 }],
    [
      'a selector outside its table',
      () => world.gate(0x30, gate('interrupt32', 0xff8, target)),
      { vector: 13, errorCode: 0xff8 },
    ],
    ['a data segment', () => world.gate(0x30, gate('interrupt32', data0, target)), { vector: 13, errorCode: data0 }],
    [
      'a code segment of an outer level',
      () => world.gate(0x30, gate('interrupt32', code3, target)),
      { vector: 13, errorCode: code3 & ~3 },
    ],
    [
      'an absent code segment',
      () => {
        world.descriptor(selectors.free, descriptor(0, 0xfffff, access.code & ~0x80, G | B));
        world.gate(0x30, gate('interrupt32', selectors.free, target));
      },
      { vector: 11, errorCode: selectors.free },
    ],
    [
      'an offset beyond the limit',
      () => {
        world.descriptor(selectors.free, descriptor(0, 0xfff, access.code, B));
        world.gate(0x30, gate('interrupt32', selectors.free, 0x1000));
      },
      { vector: 13, errorCode: 0 },
    ],
  ];
  for (const [name, prepare, expected] of bad) {
    test(`with INT n: ${name}`, () => {
      world.flat(int(0x30));
      prepare();
      expect(world.catch()).toEqual({ ...expected, cs: code0, eip: here });
      expect(world.get('esp')).toBe(places.stacks[0] - 16);
    });
    test(`with an external interrupt, EXT set: ${name}`, () => {
      world.flat([0x90]);
      prepare();
      world.flags = IF;
      world.vector = 0x30;
      world.processor.setInterruptRequest(true);
      expect(world.catch()).toEqual({
        vector: expected.vector,
        errorCode: expected.errorCode | 1,
        cs: code0,
        eip: here,
      });
    });
  }
});

describe('a stack of the TSS that cannot be taken', () => {
  const tss = (selector: number): void => world.put16(places.task + 8, selector);
  const bad: readonly [string, () => void, { vector: number; errorCode: number }][] = [
    ['a null selector', () => tss(0), { vector: 10, errorCode: 0 }],
    ['a selector outside its table', () => tss(0xff8), { vector: 10, errorCode: 0xff8 }],
    ['the wrong RPL', () => tss(data0 | 1), { vector: 10, errorCode: data0 }],
    ['the wrong level', () => tss(data3 & ~3), { vector: 10, errorCode: data3 & ~3 }],
    ['a code segment', () => tss(code0), { vector: 10, errorCode: code0 }],
    [
      'a read-only segment',
      () => {
        world.descriptor(selectors.free, descriptor(0, 0xfffff, access.readOnly, G | B));
        tss(selectors.free);
      },
      { vector: 10, errorCode: selectors.free },
    ],
    [
      'an absent segment',
      () => {
        world.descriptor(selectors.free, descriptor(0, 0xfffff, access.data & ~0x80, G | B));
        tss(selectors.free);
      },
      { vector: 12, errorCode: selectors.free },
    ],
    [
      'no room',
      () => {
        world.descriptor(selectors.free, descriptor(0, 0xfff, access.data, B));
        tss(selectors.free);
      },
      { vector: 12, errorCode: selectors.free },
    ],
    [
      'a TSS too short to hold it',
      () => world.core.setSegmentField(7, 'limit', 8),
      { vector: 10, errorCode: selectors.task },
    ],
  ];
  for (const [name, prepare, expected] of bad) {
    test(`by INT n: ${name}`, () => {
      // The fault's own handler stays at level 3, where no stack is needed of the TSS.
      world.flat(int(0x30), 3);
      world.gate(0x30, gate('interrupt32', code0, target, 3));
      for (const vector of [10, 12]) {
        world.gate(vector, gate('interrupt32', selectors.free2, places.handlers + vector * places.handlerBytes));
        world.put(places.handlers + vector * places.handlerBytes, 0xeb, 0xfe);
      }
      world.descriptor(selectors.free2, descriptor(0, 0xfffff, access.conforming, G | B));
      prepare();
      world.run(5);
      expect(world.word('eip')).toBe(places.handlers + expected.vector * places.handlerBytes);
      const frame = world.frame();
      expect([frame(0), frame(1), frame(2)]).toEqual([expected.errorCode, here, code3]);
      expect([world.get('esp'), world.selector('ss')]).toEqual([places.stacks[3] - 16, data3]);
    });
    test(`by a call gate: ${name}`, () => {
      world.flat(callFar(selectors.free3, 0), 3);
      world.descriptor(selectors.free3, gate('call32', code0, target, 3));
      for (const vector of [10, 12]) {
        world.gate(vector, gate('interrupt32', selectors.free2, places.handlers + vector * places.handlerBytes));
        world.put(places.handlers + vector * places.handlerBytes, 0xeb, 0xfe);
      }
      world.descriptor(selectors.free2, descriptor(0, 0xfffff, access.conforming, G | B));
      prepare();
      world.run(5);
      expect(world.word('eip')).toBe(places.handlers + expected.vector * places.handlerBytes);
      const frame = world.frame();
      expect([frame(0), frame(1), frame(2)]).toEqual([expected.errorCode, here, code3]);
    });
  }
});

describe('IRET', () => {
  /** Pushes a frame by hand; the first value is the topmost. */
  const frame = (...values: number[]): number[] => [...values].reverse().flatMap(push);

  test('to the same level takes EIP, CS and EFLAGS', () => {
    world.flat([...frame(target, code0, 0x3000 | IF | 0xd5), ...iret]);
    world.put(target, ...hlt);
    expect([world.run(), world.word('eip'), world.get('esp')]).toEqual(['halted', target + 1, places.stacks[0]]);
    expect(world.flags).toBe(0x3000 | IF | 0xd7);
  });
  test('to level 3 takes the stack too, and drops data segments of inner levels', () => {
    world.flat([...frame(target, code3, 2, places.stacks[3], data3), ...iret]);
    world.put(target, 0xeb, 0xfe);
    world.core.setSegmentField(0, 'selector', data3);
    world.core.setSegmentField(0, 'attributes', 0xc0f3);
    world.run(8);
    expect([world.selector('cs'), world.word('cpl'), world.selector('ss'), world.get('esp')]).toEqual([
      code3,
      3,
      data3,
      places.stacks[3],
    ]);
    expect([world.selector('es'), world.selector('ds'), world.selector('fs'), world.selector('gs')]).toEqual([
      data3,
      0,
      0,
      0,
    ]);
  });
  test('at level 3 leaves IOPL, and IF where IOPL is lower', () => {
    world.flat([...frame(target, code3, 0x3000 | 2 | 0xd5), ...iret], 3);
    world.flags = IF | 0x1000;
    world.put(target, 0xeb, 0xfe);
    world.run(5);
    expect(world.flags & (IF | 0x3000)).toBe(IF | 0x1000);
    world.flat([...frame(target, code3, 2), ...iret], 3);
    world.flags = IF | 0x3000;
    world.put(target, 0xeb, 0xfe);
    world.run(5);
    expect(world.flags & (IF | 0x3000)).toBe(0x3000);
  });
  const bad: readonly [string, number[], number][] = [
    ['a null CS', [target, 0, 2], 0],
    ['a CS outside its table', [target, 0xff8, 2], 0xff8],
    ['an inner level', [target, code0, 2], code0],
    ['a data segment', [target, data3, 2], data3 & ~3],
    ['another level than RPL says', [target, code1 | 3, 2], code1 & ~3],
  ];
  for (const [name, values, errorCode] of bad) {
    test(`at level 3 refuses ${name}`, () => {
      world.flat([...frame(...values), ...iret], 3);
      expect(world.catch()).toEqual({ vector: 13, errorCode, cs: code3, eip: here + 15 });
      expect(world.frame()(4)).toBe(places.stacks[3] - 12);
    });
  }
  test('refuses an offset beyond the limit of its target', () => {
    world.flat([...frame(0x1000, selectors.free, 2), ...iret]);
    world.descriptor(selectors.free, descriptor(0, 0xfff, access.code, B));
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0, eip: here + 15 });
  });
  test('refuses an absent code segment with #NP', () => {
    world.flat([...frame(0, selectors.free, 2), ...iret]);
    world.descriptor(selectors.free, descriptor(0, 0xfff, access.code & ~0x80, B));
    expect(world.catch()).toMatchObject({ vector: 11, errorCode: selectors.free, eip: here + 15 });
  });
  test('refuses a stack that does not fit level 3', () => {
    for (const [ss, vector, errorCode] of [
      [0, 13, 0],
      [data0, 13, data0],
      [data3 & ~3, 13, data3 & ~3],
      [code3, 13, code3 & ~3],
      [selectors.free | 3, 12, selectors.free],
    ] as const) {
      world.flat([...frame(target, code3, 2, places.stacks[3], ss), ...iret]);
      world.descriptor(selectors.free, descriptor(0, 0xfffff, atLevel(access.data, 3) & ~0x80, G | B));
      expect(world.catch()).toMatchObject({ vector, errorCode, eip: here + 25, cs: code0 });
    }
  });
});

describe('far CALL, JMP and RET', () => {
  test('through a call gate copy parameters to the inner stack, and RETF n releases both', () => {
    world.flat([...push(0x11), ...push(0x22), ...callFar(selectors.free3, 0xdead_beef), 0xeb, 0xfe], 3);
    world.descriptor(selectors.free3, gate('call32', code0, target, 3, 2));
    world.put(target, 0x8b, 0x44, 0x24, 0x0c, 0x8b, 0x5c, 0x24, 0x08, 0xca, 8, 0); // MOV EAX, [ESP+12]; ...; RETF 8
    world.run(3);
    expect([world.selector('cs'), world.selector('ss'), world.get('esp')]).toEqual([
      code0,
      data0,
      places.stacks[0] - 24,
    ]);
    expect([0, 1, 2, 3, 4, 5].map(world.frame())).toEqual([here + 17, code3, 0x22, 0x11, places.stacks[3] - 8, data3]);
    world.run(3);
    expect([world.get('eax'), world.get('ebx')]).toEqual([0x11, 0x22]);
    expect([world.selector('cs'), world.selector('ss'), world.get('esp'), world.word('eip')]).toEqual([
      code3,
      data3,
      places.stacks[3],
      here + 17,
    ]);
  });
  test('through a 16-bit call gate copy words', () => {
    world.flat([0x66, 0x68, 0x11, 0x11, ...callFar(selectors.free3, 0)], 3);
    world.descriptor(selectors.free3, gate('call16', code0, target, 3, 1));
    world.put(target, ...hlt);
    world.run();
    const top = world.get('esp');
    expect(top).toBe(places.stacks[0] - 10);
    expect([0, 2, 4, 6, 8].map((at) => world.read(top + at, 2))).toEqual([
      here + 11,
      code3,
      0x1111,
      places.stacks[3] - 2,
      data3,
    ]);
  });
  test('through a call gate to the same level push CS and EIP alone', () => {
    world.flat(callFar(selectors.free3, 0));
    world.descriptor(selectors.free3, gate('call32', code0, target, 0, 3));
    world.put(target, ...hlt);
    world.run();
    expect([world.get('esp'), world.frame()(0), world.frame()(1)]).toEqual([places.stacks[0] - 8, here + 7, code0]);
  });
  test('JMP through a call gate goes to the same level, never to an inner one', () => {
    world.flat(jumpFar(selectors.free3, 0));
    world.descriptor(selectors.free3, gate('call32', code0, target));
    world.put(target, ...hlt);
    expect([world.run(), world.word('eip'), world.get('esp')]).toEqual(['halted', target + 1, places.stacks[0]]);
    world.flat(jumpFar(selectors.free3, 0), 3);
    world.descriptor(selectors.free3, gate('call32', code0, target, 3));
    expect(world.catch()).toEqual({ vector: 13, errorCode: code0, cs: code3, eip: here });
  });
  test('a call gate names its own level and the RPL of its selector must not exceed it', () => {
    for (const [level, rpl, selector] of [
      [2, 0, selectors.free3],
      [2, 3, selectors.free3],
    ] as const) {
      world.flat(callFar(selector | rpl, 0), 3);
      world.descriptor(selectors.free3, gate('call32', code0, target, level));
      expect(world.catch()).toEqual({ vector: 13, errorCode: selector, cs: code3, eip: here });
    }
    world.flat(callFar(selectors.free3 | 3, 0));
    world.descriptor(selectors.free3, gate('call32', code0, target, 2));
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: selectors.free3 });
  });
  test('an absent call gate is #NP with the gate, an absent target #NP with the target', () => {
    world.flat(callFar(selectors.free3, 0));
    world.descriptor(selectors.free3, gate('call32', code0, target, 0, 0, false));
    expect(world.catch()).toMatchObject({ vector: 11, errorCode: selectors.free3, eip: here });
    world.flat(callFar(selectors.free3, 0));
    world.descriptor(selectors.free3, gate('call32', selectors.free, target));
    world.descriptor(selectors.free, descriptor(0, 0xfffff, access.code & ~0x80, G | B));
    expect(world.catch()).toMatchObject({ vector: 11, errorCode: selectors.free, eip: here });
  });
  test('to a conforming segment keep the level of the caller', () => {
    for (const transfer of [callFar, jumpFar]) {
      world.flat(transfer(selectors.free, target), 3);
      world.descriptor(selectors.free, descriptor(0, 0xfffff, access.conforming, G | B));
      world.put(target, 0xeb, 0xfe);
      world.run(3);
      expect([world.selector('cs'), world.word('cpl'), world.word('eip')]).toEqual([selectors.free | 3, 3, target]);
    }
  });
  test('to a segment of another level are refused', () => {
    for (const transfer of [callFar, jumpFar]) {
      world.flat(transfer(code0, target), 3);
      expect(world.catch()).toMatchObject({ vector: 13, errorCode: code0 });
      world.flat(transfer(code3, target));
      expect(world.catch()).toMatchObject({ vector: 13, errorCode: code3 & ~3 });
      world.flat(transfer(code0 | 3, target));
      expect(world.catch()).toMatchObject({ vector: 13, errorCode: code0 });
      world.flat(transfer(0, target));
      expect(world.catch()).toMatchObject({ vector: 13, errorCode: 0 });
      world.flat(transfer(data0, target));
      expect(world.catch()).toMatchObject({ vector: 13, errorCode: data0 });
    }
  });
  test('RETF to an outer level drops data segments that the level may not hold, conforming code stays', () => {
    world.flat([...push(data3), ...push(places.stacks[3]), ...push(code3), ...push(target), ...retf]);
    world.put(target, 0xeb, 0xfe);
    world.core.setSegmentField(0, 'selector', selectors.free);
    world.core.setSegmentField(0, 'attributes', 0xc000 | access.conforming);
    world.run(6);
    expect([world.selector('es'), world.selector('ds'), world.word('cpl'), world.get('esp')]).toEqual([
      selectors.free,
      0,
      3,
      places.stacks[3],
    ]);
  });
  test('a data access through a segment that was dropped is #GP(0)', () => {
    world.flat([...push(data3), ...push(places.stacks[3]), ...push(code3), ...push(target), ...retf]);
    world.put(target, ...code32.loadEax(places.data));
    expect(world.catch()).toEqual({ vector: 13, errorCode: 0, cs: code3, eip: target });
  });
  test('RETF to an inner level is refused', () => {
    world.flat([...push(code0), ...push(target), ...retf], 3);
    expect(world.catch()).toMatchObject({ vector: 13, errorCode: code0, eip: here + 10 });
  });
  test('mark the segments they load as accessed', () => {
    world.flat(jumpFar(selectors.free, target));
    world.descriptor(selectors.free, descriptor(0, 0xfffff, access.code & ~1, G | B));
    world.put(target, ...hlt);
    world.run();
    expect(world.read(places.gdt + selectors.free + 5, 1)).toBe(access.code);
  });
  test('push 32 bits each, and the return goes on behind the call', () => {
    world.flat([...callFar(code0, target), ...inc('ebx'), ...hlt]);
    world.put(target, ...inc('ecx'), ...retf);
    world.run();
    expect([world.get('ebx'), world.get('ecx'), world.get('esp')]).toEqual([1, 1, places.stacks[0]]);
  });
});

test('a fault pushes flags with RF set; INT n, a trap and an external interrupt do not (SDM Vol. 3B, section 17.3.1.1)', () => {
  const RF = 0x1_0000;
  world.flat([0x0f, 0x0b]);
  world.catch();
  expect(world.frame()(2) & RF).toBe(RF);
  world.flat(int(0x30));
  world.catch();
  expect(world.frame()(2) & RF).toBe(0);
  world.flat([0x90]);
  world.flags = IF;
  world.processor.setInterruptRequest(true);
  world.catch();
  expect(world.frame()(2) & RF).toBe(0);
});
