import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice, type Drive } from '../../../src/device/device.js';
import { frameCheck } from '../../../src/device/ethernet.js';
import { ne2000, pciIdentification } from '../../../src/device/ne2000/ne2000.js';
import { type Action, anyAdvance, type Bench, testChipProperties } from '../chip-properties.js';

const mac = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const broadcast = [255, 255, 255, 255, 255, 255];

function bench(interrupt?: Drive, identification?: readonly [number, number]) {
  const sent: Uint8Array[] = [];
  const levels = { interrupt: false };
  const device = createDevice(ne2000, {
    lines: { interrupt: interrupt ?? ((level) => void (levels.interrupt = level)) },
    board: { mac, transmit: (frame) => void sent.push(frame), ...(identification && { identification }) },
  });
  const read = (offset: number, width: 1 | 2 | 4 = 1): number => device.operations.readRegister(offset, width);
  const write = (offset: number, value: number, width: 1 | 2 | 4 = 1): void =>
    device.operations.writeRegister(offset, value, width);
  /** Starts remote DMA; 1 reads, 2 writes. */
  function remote(operation: 1 | 2, address: number, count: number): void {
    write(0x08, address & 0xff);
    write(0x09, address >> 8);
    write(0x0a, count & 0xff);
    write(0x0b, count >> 8);
    write(0x00, 0x02 | (operation << 3));
  }
  /** Reads card memory by words. */
  function memory(address: number, count: number): Uint8Array {
    remote(1, address, count);
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += 2) bytes.set([...new Uint8Array(Uint16Array.of(read(0x10, 2)).buffer)], at);
    return bytes;
  }
  function store(address: number, data: Uint8Array): void {
    remote(2, address, data.length);
    for (let at = 0; at < data.length; at += 2) write(0x10, data[at]! | ((data[at + 1] ?? 0) << 8), 2);
  }
  return { device, sent, levels, read, write, remote, memory, store };
}

/** A card as a driver starts it: words, a ring from 46h to 80h, its own address, broadcasts. */
function started(receiveConfiguration = 0x04) {
  const made = bench();
  const { write } = made;
  write(0x00, 0x21);
  write(0x0e, 0x49);
  write(0x0c, receiveConfiguration);
  write(0x01, 0x46);
  write(0x02, 0x80);
  write(0x03, 0x46);
  write(0x07, 0xff);
  write(0x0f, 0x7f);
  write(0x00, 0x61);
  mac.forEach((byte, at) => write(1 + at, byte));
  for (let at = 8; at < 16; at++) write(at, 0);
  write(0x07, 0x47);
  write(0x00, 0x22);
  return made;
}

function frameTo(destination: ArrayLike<number>, bytes = 60): Uint8Array {
  const frame = Uint8Array.from({ length: bytes }, (_, at) => at & 0xff);
  frame.set(Array.from(destination));
  return frame;
}

/** The current page, which is in page 1. */
function currentPage({ read, write }: ReturnType<typeof bench>): number {
  write(0x00, 0x62);
  const page = read(0x07);
  write(0x00, 0x22);
  return page;
}

describe('the card', () => {
  test('gives its address out of the PROM, every byte twice', () => {
    const { memory, write } = bench();
    write(0x0e, 0x49);
    expect([...memory(0, 32)]).toEqual([
      ...[...mac].flatMap((byte) => [byte, byte]),
      ...new Array<number>(16).fill(0),
      0x57,
      0x57,
      0x57,
      0x57,
    ]);
  });

  test('is stopped by a read of the reset port, and says so', () => {
    const { read, write } = started();
    expect(read(0x07) & 0x80).toBe(0);
    read(0x1f);
    expect(read(0x07) & 0x80).toBe(0x80);
    expect(read(0x00)).toBe(0x21);
    write(0x00, 0x22);
    expect(read(0x07) & 0x80).toBe(0);
  });

  test('shows on PCI what it is', () => {
    const { read } = bench(undefined, pciIdentification);
    expect(String.fromCharCode(read(0x0a), read(0x0b))).toBe('PC');
    expect(bench().read(0x0a)).toBe(0xff);
  });
});

describe('remote DMA', () => {
  test('moves words, bytes and double words, and tells when it is over', () => {
    const { store, memory, remote, read, write, levels } = started();
    store(0x4000, Uint8Array.of(1, 2, 3, 4));
    expect(read(0x07) & 0x40).toBe(0x40);
    expect(levels.interrupt).toBe(true);
    write(0x07, 0x40);
    expect(levels.interrupt).toBe(false);
    expect([...memory(0x4000, 4)]).toEqual([1, 2, 3, 4]);
    remote(1, 0x4000, 4);
    expect(read(0x10, 4)).toBe(0x04030201);
    write(0x0e, 0x48);
    remote(1, 0x4001, 2);
    expect([read(0x10), read(0x10), read(0x10)]).toEqual([2, 3, 0xff]);
    remote(1, 0x4000, 2);
    expect(read(0x10, 2)).toBe(0x0201);
  });

  test('goes round at the end of the ring', () => {
    const { store, remote, read } = started();
    store(0x7ffe, Uint8Array.of(1, 2));
    store(0x4600, Uint8Array.of(3, 4));
    remote(1, 0x7ffe, 4);
    expect([read(0x10, 2), read(0x10, 2)]).toEqual([0x0201, 0x0403]);
  });

  test('of no bytes is over at once, and an idle data port is not driven', () => {
    const { remote, read, write } = started();
    write(0x07, 0x40);
    remote(1, 0x4000, 0);
    expect(read(0x07) & 0x40).toBe(0x40);
    expect(read(0x10, 2)).toBe(0xffff);
  });

  test('sends the packet at the boundary to the processor and moves on', () => {
    const made = started();
    const frame = frameTo(mac);
    made.device.operations.receive(frame);
    made.write(0x03, 0x47);
    made.write(0x00, 0x1a);
    const words = Array.from({ length: 32 }, () => made.read(0x10, 2));
    expect(words[0]).toBe(0x4801);
    expect(words[1]).toBe(64);
    expect(made.read(0x03)).toBe(0x48);
  });
});

describe('the transmitter', () => {
  test('sends at 10 Mbit/s out of its page', () => {
    const { device, sent, store, read, write } = started();
    const frame = frameTo(broadcast, 100);
    store(0x4000, frame);
    write(0x04, 0x40);
    write(0x05, 100);
    write(0x06, 0);
    write(0x07, 0xff);
    write(0x00, 0x26);
    expect(device.nextEdge()).toBe(124 * 8);
    expect(read(0x00)).toBe(0x26);
    device.advance(124 * 8);
    expect(sent).toEqual([frame]);
    expect(read(0x00)).toBe(0x22);
    expect(read(0x04)).toBe(0x01);
    expect(read(0x07)).toBe(0x02);
  });

  test('keeps a frame to itself in loopback', () => {
    const { device, sent, write, read } = started();
    write(0x0d, 0x02);
    write(0x05, 64);
    write(0x00, 0x26);
    device.advance(10_000);
    expect(sent).toHaveLength(0);
    expect(read(0x04)).toBe(0x01);
  });
});

describe('the receiver', () => {
  test('writes header, frame and check sequence into the ring', () => {
    const made = started();
    const frame = frameTo(mac, 61);
    expect(made.device.operations.receive(frame)).toBe(true);
    expect(made.levels.interrupt).toBe(true);
    expect(currentPage(made)).toBe(0x48);
    expect([...made.memory(0x4700, 4)]).toEqual([0x01, 0x48, 65, 0]);
    expect(made.memory(0x4704, 62).slice(0, 61)).toEqual(frame);
    expect(made.memory(0x4704 + 60, 6).slice(1, 5)).toEqual(frameCheck(frame));
  });

  test('goes round at the end of the ring', () => {
    const made = started();
    const frame = frameTo(broadcast, 1514);
    for (let packet = 0; packet < 9; packet++) expect(made.device.operations.receive(frame)).toBe(true);
    expect(currentPage(made)).toBe(0x7d);
    made.write(0x03, 0x7c);
    made.device.operations.receive(frame);
    expect(currentPage(made)).toBe(0x49);
    expect([...made.memory(0x7d00, 4)]).toEqual([0x21, 0x49, 0xee, 0x05]);
    expect(made.memory(0x4600, 2)).toEqual(frame.slice(764, 766));
  });

  test('drops and counts what finds no room', () => {
    const made = started();
    const frame = frameTo(broadcast, 1514);
    for (let packet = 0; packet < 9; packet++) made.device.operations.receive(frame);
    expect(made.device.operations.receive(frame)).toBe(false);
    expect(made.read(0x07) & 0x10).toBe(0x10);
    expect(made.read(0x0f)).toBe(1);
    expect(made.read(0x0f)).toBe(0);
  });

  test('takes what its filter lets through', () => {
    const group = [1, 0, 0x5e, 0, 0, 1];
    const received = (configuration: number, destination: ArrayLike<number>, table = 0): boolean => {
      const made = started(configuration);
      made.write(0x00, 0x62);
      for (let at = 8; at < 16; at++) made.write(at, table);
      made.write(0x00, 0x22);
      made.device.operations.receive(frameTo(destination));
      return currentPage(made) !== 0x47;
    };
    expect(received(0x00, mac)).toBe(true);
    expect(received(0x00, [2, 0, 0, 0, 0, 1])).toBe(false);
    expect(received(0x10, [2, 0, 0, 0, 0, 1])).toBe(true);
    expect(received(0x00, broadcast)).toBe(false);
    expect(received(0x04, broadcast)).toBe(true);
    expect(received(0x08, group)).toBe(false);
    expect(received(0x08, group, 0xff)).toBe(true);
    expect(received(0x2c, mac)).toBe(false);
  });

  test('stays started through commands that say neither start nor stop', () => {
    const made = started();
    made.write(0x00, 0x60);
    made.write(0x00, 0x20);
    expect(made.device.operations.receive(frameTo(mac))).toBe(true);
    expect(made.read(0x07) & 0x01).toBe(0x01);
    expect(currentPage(made)).not.toBe(0x47);
  });

  test('takes nothing while it is stopped', () => {
    const made = started();
    made.write(0x00, 0x21);
    expect(made.device.operations.receive(frameTo(mac))).toBe(true);
    expect(made.read(0x07) & 1).toBe(0);
  });
});

describe('whatever is done to it', () => {
  const offset = fc.oneof(fc.constantFrom(0, 7, 16, 16), fc.integer({ min: 0, max: 31 }));
  const width = fc.constantFrom(1, 2, 4);
  const operation = (name: string, ...args: fc.Arbitrary<unknown>[]): fc.Arbitrary<Action> =>
    fc.tuple(...args).map((given) => ({ kind: 'operation', name, arguments: given }));
  const value = fc.oneof(fc.constantFrom(0x22, 0x26, 0x0a, 0x12, 0x1a, 0x62), fc.integer({ min: 0, max: 0xffffffff }));
  const action = fc.oneof(
    operation('readRegister', offset, width),
    operation('writeRegister', offset, value, width),
    operation(
      'receive',
      fc.uint8Array({ minLength: 14, maxLength: 60 }).map((data) => frameTo(data.subarray(0, 6))),
    ),
    operation('setLink', fc.boolean()),
    anyAdvance(5000),
  );
  const chip: Bench = (line) => bench(line('interrupt')).device as never;
  testChipProperties(chip, action, 80);
});
