import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice, type Drive } from '../../../src/device/device.js';
import { frameCheck } from '../../../src/device/ethernet.js';
import type { MemoryAccess } from '../../../src/device/memory-access.js';
import { rtl8139 } from '../../../src/device/rtl8139/rtl8139.js';
import { type Action, anyAdvance, type Bench, noiseMemory, testChipProperties } from '../chip-properties.js';
import { testMemory } from '../memory.js';

const mac = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const broadcast = [255, 255, 255, 255, 255, 255];

function bench(parts: { memory?: MemoryAccess; interrupt?: Drive } = {}) {
  const memory = testMemory(1 << 20);
  const sent: Uint8Array[] = [];
  const levels = { interrupt: false };
  const device = createDevice(rtl8139, {
    lines: { interrupt: parts.interrupt ?? ((level) => void (levels.interrupt = level)) },
    board: { memory: parts.memory ?? memory, mac, transmit: (frame) => void sent.push(frame) },
  });
  const { readRegister: read, writeRegister: write } = device.operations;
  return { device, memory, sent, levels, read, write };
}

function frameTo(destination: ArrayLike<number>, bytes = 60): Uint8Array {
  const frame = Uint8Array.from({ length: bytes }, (_, at) => at & 0xff);
  frame.set(Array.from(destination));
  return frame;
}

/** A chip that receives into a ring of 8 KiB at 10000h, without WRAP. */
function receiving(configuration = 0x0e) {
  const made = bench();
  made.write(0x37, 0x0c, 1);
  made.write(0x30, 0x10000, 4);
  made.write(0x44, configuration, 4);
  made.write(0x3c, 0xffff, 2);
  return made;
}

describe('the configuration', () => {
  test('shows address, version and link', () => {
    const { read } = bench();
    expect([0, 1, 2, 3, 4, 5].map((at) => read(at, 1))).toEqual([...mac]);
    expect(read(0, 4)).toBe(0x12005452);
    expect(read(0x40, 4)).toBe(0x74800000);
    expect(read(0x58, 1)).toBe(0x10);
    expect(read(0x64, 2)).toBe(0x782d);
    expect(read(0x37, 1)).toBe(0x01);
  });

  test('tells of a cable that is pulled out', () => {
    const { device, read, write, levels } = bench();
    write(0x3c, 0x20, 2);
    device.operations.setLink(false);
    expect(levels.interrupt).toBe(true);
    expect(read(0x58, 1)).toBe(0x14);
    expect(read(0x64, 2)).toBe(0x7809);
    expect(read(0x3e, 2)).toBe(0x20);
    write(0x3e, 0x20, 2);
    expect(levels.interrupt).toBe(false);
  });

  test('gives the EEPROM out bit by bit', () => {
    const { read, write } = bench();
    const readWord = (address: number): number => {
      write(0x50, 0x80, 1);
      write(0x50, 0x88, 1);
      const commandBits = ((6 << 6) | address).toString(2).padStart(9, '0');
      for (const bit of commandBits) {
        const data = bit === '1' ? 2 : 0;
        write(0x50, 0x88 | data, 1);
        write(0x50, 0x8c | data, 1);
      }
      write(0x50, 0x88, 1);
      expect(read(0x50, 1) & 1).toBe(0);
      let value = 0;
      for (let bit = 0; bit < 16; bit++) {
        write(0x50, 0x8c, 1);
        value = (value << 1) | (read(0x50, 1) & 1);
        write(0x50, 0x88, 1);
      }
      write(0x50, 0x80, 1);
      return value;
    };
    expect(readWord(0)).toBe(0x8129);
    expect([7, 8, 9].map(readWord)).toEqual([0x5452, 0x1200, 0x5634]);
  });

  test('loads the address anew from the EEPROM', () => {
    const { read, write } = bench();
    write(0, 0xff, 1);
    write(0x50, 0x40, 1);
    expect(read(0, 1)).toBe(0x52);
    expect(read(0x50, 1)).toBe(0);
  });

  test('writes its configuration only when unlocked', () => {
    const { read, write } = bench();
    write(0x52, 0xff, 1);
    expect(read(0x52, 1)).toBe(0x0c);
    write(0x50, 0xc0, 1);
    write(0x52, 0xf0, 1);
    expect(read(0x52, 1)).toBe(0xfc);
  });
});

describe('the transmitter of C mode', () => {
  test('sends the four descriptors one after the other, each in its time', () => {
    const { device, memory, sent, levels, read, write } = bench();
    const frames = [0, 1, 2, 3].map((slot) => frameTo(broadcast, 60 + slot));
    write(0x37, 0x04, 1);
    write(0x3c, 0x0004, 2);
    frames.forEach((frame, slot) => {
      memory.data.set(frame, 0x1000 * slot);
      write(0x20 + 4 * slot, 0x1000 * slot, 4);
      write(0x10 + 4 * slot, frame.length, 4);
    });
    expect(device.nextEdge()).toBe(224); // 84 bytes at 100 Mbit/s, in ticks of 30 ns.
    expect(read(0x10, 4) & 0x2000).toBe(0);
    device.advance(224);
    expect(sent).toEqual([frames[0]]);
    expect(read(0x10, 4)).toBe(0xa000 + 60);
    expect(levels.interrupt).toBe(true);
    device.advance(1000);
    expect(sent).toEqual(frames);
    expect(read(0x60, 2)).toBe(0xf00f);
  });

  test('waits for the descriptor whose turn it is', () => {
    const { device, write } = bench();
    write(0x37, 0x04, 1);
    write(0x14, 60, 4);
    expect(device.nextEdge()).toBe(Infinity);
    write(0x10, 60, 4);
    expect(device.nextEdge()).toBe(224);
  });

  test('aborts a frame that is too long', () => {
    const { device, sent, read, write } = bench();
    write(0x37, 0x04, 1);
    write(0x10, 0x1fff, 4);
    device.advance(100_000);
    expect(sent).toHaveLength(0);
    expect(read(0x3e, 2)).toBe(0x08);
    expect(read(0x10, 4) >>> 30).toBe(1);
  });

  test('hears itself in loopback', () => {
    const { device, memory, sent, read, write } = receiving();
    write(0x40, 0x0006_0000, 4);
    memory.data.set(frameTo(mac), 0x1000);
    write(0x20, 0x1000, 4);
    write(0x10, 60, 4);
    device.advance(224);
    expect(sent).toHaveLength(0);
    expect(read(0x3e, 2)).toBe(0x05);
    expect(memory.data.slice(0x10004, 0x10004 + 60)).toEqual(frameTo(mac));
  });
});

describe('the receiver of C mode', () => {
  test('writes status, length, frame and check sequence into the ring', () => {
    const { device, memory, levels, read } = receiving();
    const frame = frameTo(mac, 61);
    expect(device.operations.receive(frame)).toBe(true);
    expect(memory.view.getUint16(0x10000, true)).toBe(0x4001);
    expect(memory.view.getUint16(0x10002, true)).toBe(65);
    expect(memory.data.slice(0x10004, 0x10004 + 61)).toEqual(frame);
    expect(memory.data.slice(0x10004 + 61, 0x10004 + 65)).toEqual(frameCheck(frame));
    expect(read(0x3a, 2)).toBe(72);
    expect(read(0x37, 1) & 1).toBe(0);
    expect(levels.interrupt).toBe(true);
  });

  test('wraps a packet round the ring, or writes on behind it with WRAP', () => {
    for (const wrap of [false, true]) {
      const { device, memory, read, write } = receiving(wrap ? 0x8e : 0x0e);
      const frame = frameTo(mac, 1514);
      for (let packet = 0; packet < 5; packet++) device.operations.receive(frame);
      write(0x38, (5 * 1524 - 16) & 0xffff, 2);
      device.operations.receive(frame);
      expect(read(0x3a, 2)).toBe((6 * 1524) % 8192);
      const first = 8192 - 5 * 1524 - 4;
      const rest = frame.slice(first);
      expect(memory.data.slice(0x10000 + 8192 - first, 0x10000 + 8192)).toEqual(frame.slice(0, first));
      const at = wrap ? 0x10000 + 8192 : 0x10000;
      expect(memory.data.slice(at, at + rest.length)).toEqual(rest);
    }
  });

  test('drops and counts what finds no room, until the driver has read', () => {
    const { device, read, write } = receiving();
    const frame = frameTo(mac, 1514);
    for (let packet = 0; packet < 5; packet++) expect(device.operations.receive(frame)).toBe(true);
    expect(device.operations.receive(frame)).toBe(false);
    expect(read(0x4c, 4)).toBe(1);
    expect(read(0x3e, 2)).toBe(0x11);
    write(0x38, 1524 - 16, 2);
    expect(device.operations.receive(frame)).toBe(true);
  });

  test('takes what its filter lets through', () => {
    const group = [1, 0, 0x5e, 0, 0, 1];
    const received = (configuration: number, destination: ArrayLike<number>, table = 0): boolean => {
      const { device, read, write } = receiving(configuration);
      write(8, table, 4);
      write(12, table, 4);
      device.operations.receive(frameTo(destination));
      return read(0x3a, 2) > 0;
    };
    expect(received(0x02, mac)).toBe(true);
    expect(received(0x02, [2, 0, 0, 0, 0, 9])).toBe(false);
    expect(received(0x01, [2, 0, 0, 0, 0, 9])).toBe(true);
    expect(received(0x02, broadcast)).toBe(false);
    expect(received(0x08, broadcast)).toBe(true);
    expect(received(0x04, group)).toBe(false);
    expect(received(0x04, group, 0xffffffff)).toBe(true);
  });

  test('starts its ring anew when it is enabled', () => {
    const { device, read, write } = receiving();
    device.operations.receive(frameTo(mac));
    write(0x37, 0x04, 1);
    write(0x37, 0x0c, 1);
    expect(read(0x3a, 2)).toBe(0);
    expect(read(0x37, 1)).toBe(0x0d);
  });
});

describe('the timer', () => {
  test('counts ticks of the PCI clock, starts anew when written, and interrupts at its value', () => {
    const { device, levels, read, write } = bench();
    write(0x3c, 0x4000, 2);
    write(0x54, 100, 4);
    device.advance(99);
    expect(read(0x48, 4)).toBe(99);
    expect(levels.interrupt).toBe(false);
    device.advance(1);
    expect(levels.interrupt).toBe(true);
    write(0x48, 12345, 4);
    expect(read(0x48, 4)).toBe(0);
    write(0x3e, 0x4000, 2);
    expect(levels.interrupt).toBe(false);
  });

  test('wraps, and is silent with a value of zero', () => {
    const { device, read } = bench();
    device.advance(2 ** 32 + 5);
    expect(read(0x48, 4)).toBe(5);
    expect(read(0x3e, 2)).toBe(0);
  });
});

describe('C+ mode', () => {
  const own = 0x80000000;
  const firstAndLast = 0x30000000;

  function plus(commands = 0x23) {
    const made = bench();
    made.write(0xe0, commands, 2);
    made.write(0x20, 0x20000, 4);
    made.write(0x24, 0, 4);
    made.write(0xe4, 0x21000, 4);
    made.write(0x37, 0x0c, 1);
    made.write(0x44, 0x0e, 4);
    return made;
  }
  function descriptor(made: ReturnType<typeof plus>, at: number, command: number, buffer: number): void {
    made.memory.view.setUint32(at, command >>> 0, true);
    made.memory.view.setUint32(at + 8, buffer, true);
  }

  test('gathers a frame from descriptors and gives them back', () => {
    const made = plus();
    const frame = frameTo(broadcast, 100);
    made.memory.data.set(frame.subarray(0, 40), 0x1000);
    made.memory.data.set(frame.subarray(40), 0x2000);
    descriptor(made, 0x20000, own | 0x20000000 | 40, 0x1000);
    descriptor(made, 0x20010, own | 0x50000000 | 60, 0x2000);
    made.write(0xd9, 0x40, 1);
    made.device.advance(1000);
    expect(made.sent).toEqual([frame]);
    expect(made.memory.view.getUint32(0x20000, true) >>> 31).toBe(0);
    expect(made.memory.view.getUint32(0x20010, true) >>> 31).toBe(0);
    expect(made.read(0x3e, 2)).toBe(0x84);
  });

  /** A TCP segment over IPv4 with wrong checksums. */
  function segment(bytes: number): Uint8Array {
    const frame = frameTo(broadcast, 54 + bytes);
    frame.set([8, 0, 0x45, 0, 0, 0, 0, 1, 0, 0, 64, 6, 0xaa, 0xaa, 10, 0, 2, 15, 10, 0, 2, 2], 12);
    frame.set([(40 + bytes) >> 8, (40 + bytes) & 0xff], 16);
    frame.set([0, 80, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x50, 0x19, 0, 0, 0xbb, 0xbb, 0, 0], 34);
    return frame;
  }
  const sum = (data: Uint8Array, initial = 0): number => {
    let total = initial;
    for (let at = 0; at < data.length; at++) total += at & 1 ? data[at]! : data[at]! << 8;
    while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
    return total;
  };
  const transportSum = (frame: Uint8Array): number =>
    sum(frame.subarray(34), sum(frame.subarray(26, 34)) + 6 + frame.length - 34);

  test('fills in checksums', () => {
    const made = plus();
    made.memory.data.set(segment(7), 0x1000);
    descriptor(made, 0x20000, own | 0x40000000 | firstAndLast | 0x00050000 | 61, 0x1000);
    made.write(0xd9, 0x40, 1);
    made.device.advance(1000);
    expect(sum(made.sent[0]!.subarray(14, 34))).toBe(0xffff);
    expect(transportSum(made.sent[0]!)).toBe(0xffff);
  });

  test('cuts a large segment into frames', () => {
    const made = plus();
    made.memory.data.set(segment(2500), 0x1000);
    descriptor(made, 0x20000, own | 0x40000000 | firstAndLast | 0x08000000 | (1000 << 16) | 2554, 0x1000);
    made.write(0xd9, 0x40, 1);
    made.device.advance(10_000);
    expect(made.sent.map(({ length }) => length)).toEqual([1054, 1054, 554]);
    expect(made.sent.map((frame) => new DataView(frame.buffer).getUint32(38))).toEqual([
      0x100,
      0x100 + 1000,
      0x100 + 2000,
    ]);
    expect(made.sent.map((frame) => frame[47])).toEqual([0x10, 0x10, 0x19]);
    for (const frame of made.sent) expect(transportSum(frame)).toBe(0xffff);
  });

  test('receives into descriptors, says what it found, and drops when none is free', () => {
    const made = plus();
    descriptor(made, 0x21000, own | 0x40000000 | 1536, 0x4000);
    const frame = segment(10);
    frame.set(mac);
    expect(made.device.operations.receive(frame)).toBe(true);
    // First, last, physical match, TCP, both checksums wrong, and 64 bytes with the check sequence.
    expect(made.memory.view.getUint32(0x21000, true)).toBe(0x40000000 + 0x34000000 + 0x20000 + 0x10000 + 0x4000 + 68);
    expect(made.device.operations.receive(frame)).toBe(false);
    expect(made.read(0x3e, 2)).toBe(0x11);
  });

  test('writes its statistics to memory', () => {
    const made = plus();
    descriptor(made, 0x21000, own | 0x40000000 | 1536, 0x4000);
    made.device.operations.receive(frameTo(mac));
    made.write(0x14, 0, 4);
    made.write(0x10, 0x30008, 4);
    expect(made.read(0x10, 4)).toBe(0x30000);
    expect(made.memory.view.getUint32(0x30008, true)).toBe(1);
    expect(made.memory.view.getUint32(0x30028, true)).toBe(1);
  });

  test('is not led astray by rings of noise', () => {
    const made = bench({ memory: noiseMemory });
    made.write(0xe0, 0x03, 2);
    made.write(0x37, 0x0c, 1);
    made.write(0xd9, 0xc0, 1);
    made.device.advance(10_000_000);
    made.device.operations.receive(frameTo(broadcast));
  });
});

describe('whatever is done to it', () => {
  const offset = fc.oneof(
    fc.constantFrom(0x10, 0x14, 0x37, 0x38, 0x3c, 0x3e, 0x44, 0x50, 0xd9, 0xe0),
    fc.integer({ min: 0, max: 255 }),
  );
  const width = fc.constantFrom(1, 2, 4);
  const value = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 0xffffffff }));
  const operation = (name: string, ...args: fc.Arbitrary<unknown>[]): fc.Arbitrary<Action> =>
    fc.tuple(...args).map((given) => ({ kind: 'operation', name, arguments: given }));
  const action = fc.oneof(
    operation('readRegister', offset, width),
    operation('writeRegister', offset, value, width),
    operation('writeRegister', fc.constant(0x37), fc.constant(0x0c), fc.constant(1)),
    operation(
      'receive',
      fc.uint8Array({ minLength: 14, maxLength: 100 }).map((data) => frameTo(data.subarray(0, 6), 60)),
    ),
    operation('setLink', fc.boolean()),
    anyAdvance(5000),
  );
  const chip: Bench = (line) => bench({ memory: noiseMemory, interrupt: line('interrupt') }).device as never;
  testChipProperties(chip, action, 80);
});
