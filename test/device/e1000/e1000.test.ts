import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice, type Drive } from '../../../src/device/device.js';
import { e1000 } from '../../../src/device/e1000/e1000.js';
import { frameCheck } from '../../../src/device/ethernet.js';
import type { MemoryAccess } from '../../../src/device/memory-access.js';
import { type Action, anyAdvance, type Bench, noiseMemory, testChipProperties } from '../chip-properties.js';
import { testMemory } from '../memory.js';

const mac = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const broadcast = [255, 255, 255, 255, 255, 255];
const register = {
  control: 0,
  eerd: 0x14,
  mdic: 0x20,
  icr: 0xc0,
  itr: 0xc4,
  ims: 0xd0,
  rctl: 0x100,
  tctl: 0x400,
} as const;

function bench(parts: { memory?: MemoryAccess; interrupt?: Drive } = {}) {
  const memory = testMemory(1 << 20);
  const sent: Uint8Array[] = [];
  const levels = { interrupt: false };
  const device = createDevice(e1000, {
    lines: { interrupt: parts.interrupt ?? ((level) => void (levels.interrupt = level)) },
    board: { memory: parts.memory ?? memory, mac, transmit: (frame) => void sent.push(frame) },
  });
  const read = (offset: number): number => device.operations.readMemory(offset, 4);
  const write = (offset: number, value: number): void => device.operations.writeMemory(offset, value, 4);
  return { device, memory, sent, levels, read, write };
}

function frameTo(destination: ArrayLike<number>, bytes = 60): Uint8Array {
  const frame = Uint8Array.from({ length: bytes }, (_, at) => at & 0xff);
  frame.set(Array.from(destination));
  return frame;
}

/** A controller with eight descriptors to receive (buffers of 2 KiB at 40000h) and eight to send. */
function started(receiveControl = 0x8002) {
  const made = bench();
  const { write, memory } = made;
  for (let slot = 0; slot < 8; slot++) memory.view.setUint32(0x10000 + 16 * slot, 0x40000 + 0x800 * slot, true);
  write(0x2800, 0x10000);
  write(0x2808, 128);
  write(0x2818, 7);
  write(0x3800, 0x11000);
  write(0x3808, 128);
  write(register.tctl, 0x0a);
  write(register.rctl, receiveControl);
  write(register.ims, 0xffff);
  return made;
}

describe('the configuration', () => {
  test('gives the EEPROM out by word, with its checksum', () => {
    const { read, write } = bench();
    const word = (address: number): number => {
      write(register.eerd, (address << 8) | 1);
      expect(read(register.eerd) & 0x10).toBe(0x10);
      return read(register.eerd) >>> 16;
    };
    expect([0, 1, 2].map(word)).toEqual([0x5452, 0x1200, 0x5634]);
    const all = Array.from({ length: 64 }, (_, address) => word(address));
    expect(all.reduce((sum, value) => (sum + value) & 0xffff)).toBe(0xbaba);
  });

  test('has its address in the first exact filter, and a link at 1000 Mbit/s', () => {
    const { read } = bench();
    expect(read(0x5400)).toBe(0x12005452);
    expect(read(0x5404)).toBe(0x80005634);
    expect(read(8)).toBe(0x83);
  });

  test('lets a driver of the whole family take and give back its semaphore', () => {
    const { read, write } = bench();
    write(0x5b50, 2);
    expect(read(0x5b50)).toBe(2);
    write(0x5b50, 0);
    expect(read(0x5b50)).toBe(0);
  });

  test('reaches its PHY, and no other', () => {
    const { read, write } = bench();
    const phy = (address: number, number: number): number => {
      write(register.mdic, 0x08000000 | (address << 21) | (number << 16));
      return read(register.mdic);
    };
    expect(phy(1, 2) & 0xffff).toBe(0x0141);
    expect(phy(1, 3) & 0xffff).toBe(0x0c20);
    expect(phy(1, 1) & 0x24).toBe(0x24);
    expect(phy(1, 2) >>> 28).toBe(1);
    expect(phy(2, 2) >>> 28).toBe(5);
  });

  test('is reset by its control register, and by its window in ports', () => {
    const { device, read, write } = started();
    write(register.control, 0x04000000);
    expect(read(register.rctl)).toBe(0);
    device.operations.writeRegister(0, register.rctl, 4);
    device.operations.writeRegister(4, 0x8002, 4);
    expect(read(register.rctl)).toBe(0x8002);
    expect(device.operations.readRegister(4, 4)).toBe(0x8002);
  });

  test('tells of a cable that is pulled out', () => {
    const { device, read, write, levels } = bench();
    write(register.ims, 4);
    device.operations.setLink(false);
    expect(levels.interrupt).toBe(true);
    expect(read(8)).toBe(0x81);
    expect(read(register.icr)).toBe(4);
    expect(levels.interrupt).toBe(false);
  });
});

describe('the receiver', () => {
  test('fills a descriptor with frame, check sequence and status', () => {
    const { device, memory, read, levels } = started();
    const frame = frameTo(mac, 61);
    expect(device.operations.receive(frame)).toBe(true);
    expect(memory.data.slice(0x40000, 0x40000 + 61)).toEqual(frame);
    expect(memory.data.slice(0x40000 + 61, 0x40000 + 65)).toEqual(frameCheck(frame));
    expect(memory.view.getUint16(0x10008, true)).toBe(65);
    expect(memory.data[0x1000c]).toBe(0x07);
    expect(read(0x2810)).toBe(1);
    expect(levels.interrupt).toBe(true);
    expect(read(register.icr)).toBe(0x80);
    expect(read(0x4074)).toBe(1);
    expect(read(0x4074)).toBe(0);
  });

  test('spreads a frame over small buffers', () => {
    const { device, memory } = started(0x04038002);
    const frame = frameTo(broadcast, 600);
    expect(device.operations.receive(frame)).toBe(true);
    expect([0, 1, 2].map((slot) => memory.view.getUint16(0x10008 + 16 * slot, true))).toEqual([256, 256, 88]);
    expect([0, 1, 2].map((slot) => memory.data[0x1000c + 16 * slot]! & 3)).toEqual([1, 1, 3]);
  });

  test('drops and counts what finds no descriptor', () => {
    const { device, read } = started();
    for (let packet = 0; packet < 7; packet++) expect(device.operations.receive(frameTo(mac))).toBe(true);
    expect(device.operations.receive(frameTo(mac))).toBe(false);
    expect(read(register.icr) & 0x50).toBe(0x50);
    expect(read(0x4010)).toBe(1);
  });

  test('takes what its filter lets through', () => {
    const received = (control: number, destination: ArrayLike<number>, bin?: number): boolean => {
      const { device, read, write } = started(control | 2);
      if (bin !== undefined) write(0x5200 + 4 * (bin >> 5), 2 ** (bin & 31));
      device.operations.receive(frameTo(destination));
      return read(0x2810) === 1;
    };
    const group = [1, 0, 0x5e, 0, 0x12, 0x34];
    expect(received(0, mac)).toBe(true);
    expect(received(0, [2, 0, 0, 0, 0, 1])).toBe(false);
    expect(received(8, [2, 0, 0, 0, 0, 1])).toBe(true);
    expect(received(0, broadcast)).toBe(false);
    expect(received(0x8000, broadcast)).toBe(true);
    expect(received(0, group)).toBe(false);
    expect(received(0, group, 0x341)).toBe(true);
    expect(received(0x3000, group, 0x412)).toBe(true);
    expect(received(0x10, group)).toBe(true);
  });
});

describe('the transmitter', () => {
  function legacy(
    made: ReturnType<typeof started>,
    slot: number,
    buffer: number,
    length: number,
    command: number,
  ): void {
    const at = 0x11000 + 16 * slot;
    made.memory.view.setUint32(at, buffer, true);
    made.memory.view.setUint32(at + 8, (command << 24) | length, true);
    made.memory.view.setUint32(at + 12, 0, true);
  }

  test('gathers a packet from legacy descriptors and reports its status', () => {
    const made = started();
    const frame = frameTo(broadcast, 100);
    made.memory.data.set(frame.subarray(0, 30), 0x1000);
    made.memory.data.set(frame.subarray(30), 0x2000);
    legacy(made, 0, 0x1000, 30, 0);
    legacy(made, 1, 0x2000, 70, 0x09);
    made.write(0x3818, 2);
    expect(made.device.nextEdge()).toBe(124);
    made.device.advance(124);
    expect(made.sent).toEqual([frame]);
    expect(made.memory.data[0x1100c]).toBe(0);
    expect(made.memory.data[0x1101c]).toBe(1);
    expect(made.read(0x3810)).toBe(2);
    expect(made.read(register.icr)).toBe(3);
  });

  test('waits for the descriptor that ends a packet', () => {
    const made = started();
    legacy(made, 0, 0x1000, 60, 0);
    made.write(0x3818, 1);
    expect(made.device.nextEdge()).toBe(Infinity);
    legacy(made, 1, 0x2000, 10, 0x01);
    made.write(0x3818, 2);
    made.device.advance(1000);
    expect(made.sent.map(({ length }) => length)).toEqual([70]);
  });

  /** A context descriptor for TCP over IPv4, and a data descriptor behind it. */
  function extended(made: ReturnType<typeof started>, payload: number, segmentation: boolean, options: number): void {
    const { view, data } = made.memory;
    data.set([14, 24, 33, 0, 34, 50, 0, 0], 0x11000);
    const bytes = 54 + payload;
    view.setUint32(0x11008, ((segmentation ? 0x27 : 0x23) << 24) | payload, true);
    view.setUint32(0x1100c, (1000 << 16) | (54 << 8), true);
    view.setUint32(0x11010, 0x1000, true);
    view.setUint32(0x11018, ((segmentation ? 0x2d : 0x29) << 24) | (1 << 20) | bytes, true);
    view.setUint32(0x1101c, options << 8, true);
    const frame = frameTo(broadcast, bytes);
    frame.set([8, 0, 0x45, 0, 0, 0, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 2, 15, 10, 0, 2, 2], 12);
    frame.set([(40 + payload) >> 8, (40 + payload) & 0xff], 16);
    frame.set([0, 80, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x50, 0x19, 0, 0, 0, 0, 0, 0], 34);
    const pseudo = sum(frame.subarray(26, 34), 6 + (segmentation ? 0 : 20 + payload));
    frame.set([pseudo >> 8, pseudo & 0xff], 50);
    data.set(frame, 0x1000);
    made.write(0x3818, 2);
    made.device.advance(100_000);
  }
  const sum = (data: Uint8Array, initial = 0): number => {
    let total = initial;
    for (let at = 0; at < data.length; at++) total += at & 1 ? data[at]! : data[at]! << 8;
    while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
    return total;
  };
  const transportSum = (frame: Uint8Array): number =>
    sum(frame.subarray(34), sum(frame.subarray(26, 34)) + 6 + frame.length - 34);

  test('fills in checksums by a context', () => {
    const made = started();
    extended(made, 9, false, 3);
    expect(made.sent).toHaveLength(1);
    expect(sum(made.sent[0]!.subarray(14, 34))).toBe(0xffff);
    expect(transportSum(made.sent[0]!)).toBe(0xffff);
  });

  test('cuts a TCP segment into frames by a context', () => {
    const made = started();
    extended(made, 2500, true, 3);
    expect(made.sent.map(({ length }) => length)).toEqual([1054, 1054, 554]);
    for (const frame of made.sent) {
      expect(sum(frame.subarray(14, 34))).toBe(0xffff);
      expect(transportSum(frame)).toBe(0xffff);
    }
  });

  test('is not led astray by rings of noise, or by a ring that shrinks while it sends', () => {
    const made = bench({ memory: noiseMemory });
    made.write(0x3808, 0x1000);
    made.write(0x3818, 200);
    made.write(register.tctl, 0x0a);
    made.device.advance(1_000_000);
    const shrunk = started();
    legacy(shrunk, 0, 0x1000, 60, 0x09);
    shrunk.write(0x3818, 1);
    shrunk.write(0x3808, 0);
    shrunk.device.advance(1_000_000);
    expect(shrunk.sent).toHaveLength(0);
  });
});

test('interrupts come no closer than the throttling interval', () => {
  const { device, read, write, levels } = started();
  write(register.itr, 10);
  device.operations.receive(frameTo(mac));
  expect(levels.interrupt).toBe(true);
  read(register.icr);
  device.operations.receive(frameTo(mac));
  expect(levels.interrupt).toBe(false);
  device.advance(319);
  expect(levels.interrupt).toBe(false);
  device.advance(1);
  expect(levels.interrupt).toBe(true);
});

describe('whatever is done to it', () => {
  const offset = fc.constantFrom(
    0,
    8,
    0x10,
    0x14,
    0x20,
    0xc0,
    0xc4,
    0xc8,
    0xd0,
    0xd8,
    0x100,
    0x400,
    0x2808,
    0x2810,
    0x2818,
    0x3808,
    0x3810,
    0x3818,
    0x4074,
    0x5400,
  );
  const width = fc.constantFrom(1, 2, 4);
  const value = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 0xffffffff }));
  const operation = (name: string, ...args: fc.Arbitrary<unknown>[]): fc.Arbitrary<Action> =>
    fc.tuple(...args).map((given) => ({ kind: 'operation', name, arguments: given }));
  const action = fc.oneof(
    operation('readMemory', offset, width),
    operation('writeMemory', offset, value, width),
    operation('writeMemory', fc.constantFrom(0x2808, 0x3808), fc.constant(256), fc.constant(4)),
    operation('writeMemory', fc.constantFrom(0x100, 0x400), fc.constant(0x800a), fc.constant(4)),
    operation(
      'receive',
      fc.uint8Array({ minLength: 14, maxLength: 60 }).map((data) => frameTo(data.subarray(0, 6))),
    ),
    operation('setLink', fc.boolean()),
    anyAdvance(5000),
  );
  const chip: Bench = (line) => bench({ memory: noiseMemory, interrupt: line('interrupt') }).device as never;
  testChipProperties(chip, action, 60);
});
