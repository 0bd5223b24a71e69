import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { virtioNetIdentity } from '../../../src/device/virtio/net.js';
import { type Action, anyAdvance, type Bench, noiseMemory, testChipProperties } from '../chip-properties.js';
import { netBench, startLegacy, startModern, testMac } from './driver.js';

const mergeable = 1 << 15;
const eventIndex = 1 << 29;
const indirect = 1 << 28;
const controlReceive = (1 << 17) | (1 << 18);

function frameTo(destination: readonly number[], bytes = 60): Uint8Array {
  const frame = Uint8Array.from({ length: bytes }, (_, at) => at & 0xff);
  frame.set(destination);
  return frame;
}
const broadcast = [255, 255, 255, 255, 255, 255];

describe('the legacy interface', () => {
  test('offers its features, queue sizes, address and link state', () => {
    const { device } = netBench();
    expect(device.operations.readRegister(0, 4)).toBe(0x38978021);
    expect(device.operations.readRegister(0x0c, 2)).toBe(256);
    expect([0, 1, 2, 3, 4, 5].map((at) => device.operations.readRegister(0x14 + at, 1))).toEqual([...testMac]);
    expect(device.operations.readRegister(0x1a, 2)).toBe(1);
  });

  test('sends a frame behind a header of ten bytes when its time on the line is over', () => {
    const bench = netBench();
    const [, transmit] = startLegacy(bench);
    const frame = frameTo(broadcast, 100);
    bench.memory.data.set(frame, 0x80000);
    const head = transmit.write([
      { address: 0x70000, bytes: 10 },
      { address: 0x80000, bytes: 100 },
    ]);
    transmit.add(head);
    bench.device.operations.writeRegister(0x10, 1, 2);
    expect(bench.device.nextEdge()).toBe(124);
    bench.device.advance(123);
    expect(bench.sent).toEqual([]);
    bench.device.advance(1);
    expect(bench.sent).toEqual([frame]);
    expect(transmit.takeUsed()).toEqual([{ head, written: 0 }]);
    expect(bench.levels.interrupt).toBe(true);
    expect(bench.device.operations.readRegister(0x13, 1)).toBe(1);
    expect(bench.levels.interrupt).toBe(false);
  });

  test('puts a received frame behind its header, and drops and counts one without a buffer', () => {
    const bench = netBench();
    const [receive] = startLegacy(bench);
    const frame = frameTo([...testMac]);
    expect(bench.device.operations.receive(frame)).toBe(false);
    expect(bench.device.state.own.dropped).toBe(1);
    const head = receive.write([
      { address: 0x70000, bytes: 10, writable: true },
      { address: 0x71000, bytes: 1514, writable: true },
    ]);
    receive.add(head);
    expect(bench.device.operations.receive(frame)).toBe(true);
    expect(receive.takeUsed()).toEqual([{ head, written: 70 }]);
    expect(bench.memory.data.slice(0x71000, 0x7103c)).toEqual(frame);
  });

  test('stays silent when the driver wants no interrupt', () => {
    const bench = netBench();
    const [receive] = startLegacy(bench);
    bench.memory.view.setUint16(receive.available, 1, true);
    receive.add(receive.write([{ address: 0x70000, bytes: 1524, writable: true }]));
    bench.device.operations.receive(frameTo(broadcast));
    expect(bench.levels.interrupt).toBe(false);
  });

  test('lets a disabled queue go with page zero', () => {
    const bench = netBench();
    const [receive] = startLegacy(bench);
    receive.add(receive.write([{ address: 0x70000, bytes: 1524, writable: true }]));
    bench.device.operations.writeRegister(0x0e, 0, 2);
    bench.device.operations.writeRegister(8, 0, 4);
    expect(bench.device.operations.receive(frameTo(broadcast))).toBe(false);
  });
});

describe('the modern interface', () => {
  test('spreads a frame over merged buffers and says how many', () => {
    const bench = netBench();
    const [receive] = startModern(bench, mergeable);
    for (const address of [0x70000, 0x71000, 0x72000])
      receive.add(receive.write([{ address, bytes: 64, writable: true }]));
    const frame = frameTo(broadcast, 120);
    expect(bench.device.operations.receive(frame)).toBe(true);
    expect(receive.takeUsed()).toEqual([
      { head: 0, written: 64 },
      { head: 1, written: 64 },
      { head: 2, written: 4 },
    ]);
    expect(bench.memory.view.getUint16(0x7000a, true)).toBe(3);
    expect(bench.memory.data.slice(0x71000, 0x71040)).toEqual(frame.slice(52, 116));
  });

  test('refuses a driver without VERSION_1', () => {
    const { device } = netBench();
    device.operations.writeMemory(0x14, 3, 1);
    device.operations.writeMemory(0x14, 11, 1);
    expect(device.operations.readMemory(0x14, 1)).toBe(3);
  });

  test('interrupts only at the index that the driver waits for', () => {
    const bench = netBench();
    const [receive] = startModern(bench, mergeable | eventIndex);
    for (let count = 0; count < 3; count++)
      receive.add(receive.write([{ address: 0x70000 + 0x1000 * count, bytes: 1526, writable: true }]));
    bench.memory.view.setUint16(receive.available + 4 + 2 * 8, 1, true);
    bench.device.operations.receive(frameTo(broadcast));
    expect(bench.levels.interrupt).toBe(false);
    bench.device.operations.receive(frameTo(broadcast));
    expect(bench.levels.interrupt).toBe(true);
    expect(bench.memory.view.getUint16(receive.used + 4 + 8 * 8, true)).toBe(2);
  });

  test('follows an indirect table', () => {
    const bench = netBench();
    const [, transmit] = startModern(bench, indirect);
    const { view } = bench.memory;
    [
      [0x70000, 12],
      [0x71000, 60],
    ].forEach(([address, bytes], index) => {
      view.setBigUint64(0x60000 + 16 * index, BigInt(address!), true);
      view.setUint32(0x60008 + 16 * index, bytes!, true);
      view.setUint16(0x6000c + 16 * index, index === 0 ? 1 : 0, true);
      view.setUint16(0x6000e + 16 * index, 1, true);
    });
    const head = transmit.write([{ address: 0x60000, bytes: 32 }]);
    view.setUint16(transmit.base + 12, 4, true);
    transmit.add(head);
    bench.device.operations.writeMemory(0x3004, 1, 2);
    bench.device.advance(84);
    expect(bench.sent.map(({ length }) => length)).toEqual([60]);
  });

  test('completes a checksum that was left to it', () => {
    const bench = netBench();
    const [, transmit] = startModern(bench, 1);
    bench.memory.data.set(frameTo(broadcast), 0x71000);
    bench.memory.data.fill(0, 0x71000 + 34, 0x71000 + 60);
    bench.memory.data[0x71000 + 34] = 0x12;
    bench.memory.data.set([1, 0, 0, 0, 0, 0, 34, 0, 6, 0, 0, 0], 0x70000);
    transmit.add(
      transmit.write([
        { address: 0x70000, bytes: 12 },
        { address: 0x71000, bytes: 60 },
      ]),
    );
    bench.device.operations.writeMemory(0x3004, 1, 2);
    bench.device.advance(84);
    expect([...bench.sent[0]!.slice(40, 42)]).toEqual([0xed, 0xff]);
  });

  test('obeys receive modes and the table of addresses, and refuses what it does not know', () => {
    const bench = netBench();
    const [receive, , control] = startModern(bench, controlReceive);
    const command = (...data: readonly number[]): number => {
      bench.memory.data.set(data, 0x60000);
      bench.memory.data[0x61000] = 0xaa;
      control.add(
        control.write([
          { address: 0x60000, bytes: data.length },
          { address: 0x61000, bytes: 1, writable: true },
        ]),
      );
      bench.device.operations.writeMemory(0x3008, 2, 2);
      return bench.memory.data[0x61000]!;
    };
    for (let count = 0; count < 8; count++)
      receive.add(receive.write([{ address: 0x70000 + 0x1000 * count, bytes: 1526, writable: true }]));
    expect(command(0, 0, 0)).toBe(0);
    const other = [2, 0, 0, 0, 0, 1];
    bench.device.operations.receive(frameTo(other));
    expect(receive.takeUsed()).toHaveLength(0);
    expect(command(1, 0, 1, 0, 0, 0, ...other, 0, 0, 0, 0)).toBe(0);
    bench.device.operations.receive(frameTo(other));
    bench.device.operations.receive(frameTo(testMac as never));
    bench.device.operations.receive(frameTo(broadcast));
    bench.device.operations.receive(frameTo([1, 0, 0x5e, 0, 0, 1]));
    expect(receive.takeUsed()).toHaveLength(3);
    expect(command(7, 7, 7)).toBe(1);
    expect(command(1, 0, 9, 0, 0, 0, 1)).toBe(1);
  });

  test('tells of a cable that is pulled out', () => {
    const bench = netBench();
    startModern(bench, 1 << 16);
    bench.device.operations.setLink(false);
    expect(bench.levels.interrupt).toBe(true);
    expect(bench.device.operations.readMemory(0x1000, 1)).toBe(2);
    expect(bench.device.operations.readMemory(0x2006, 2)).toBe(0);
  });
});

describe('a driver that breaks the rules', () => {
  const broken: readonly [string, (bench: ReturnType<typeof netBench>, base: number) => void][] = [
    ['a loop', ({ memory }, base) => memory.view.setUint32(base + 12, 0x0000_0001, true)],
    ['a next descriptor outside the table', ({ memory }, base) => memory.view.setUint32(base + 12, 0x0fff_0001, true)],
    ['an address beyond memory', ({ memory }, base) => memory.view.setUint32(base + 4, 0xffff_ffff, true)],
    ['an indirect table that was not agreed', ({ memory }, base) => memory.view.setUint16(base + 12, 4, true)],
  ];
  for (const [what, breakIt] of broken) {
    test(`${what} stops the device until it is reset`, () => {
      const bench = netBench();
      const [, transmit] = startModern(bench);
      transmit.add(transmit.write([{ address: 0x70000, bytes: 72 }]));
      breakIt(bench, transmit.base);
      bench.device.operations.writeMemory(0x3004, 1, 2);
      expect(bench.device.operations.readMemory(0x14, 1) & 0x40).toBe(0x40);
      expect(bench.levels.interrupt).toBe(true);
      expect(bench.device.nextEdge()).toBe(Infinity);
      bench.device.operations.writeMemory(0x14, 0, 1);
      expect(bench.device.operations.readMemory(0x14, 1)).toBe(0);
    });
  }

  test('an available index that claims more than the ring holds stops the device', () => {
    const bench = netBench();
    const [receive] = startModern(bench);
    bench.memory.view.setUint16(receive.available + 2, 9, true);
    expect(bench.device.operations.receive(frameTo(broadcast))).toBe(false);
    expect(bench.device.operations.readMemory(0x14, 1) & 0x40).toBe(0x40);
  });
});

test('the identity leads a driver to the structures', () => {
  expect(virtioNetIdentity).toMatchObject({
    vendor: 0x1af4,
    device: 0x1000,
    subsystem: 1,
    ranges: { 0: { kind: 'ports', bytes: 32 }, 4: { kind: 'memory', bytes: 0x4000 } },
  });
  expect(virtioNetIdentity.capabilities?.map(({ body }) => body.slice(0, 3))).toEqual([
    [16, 1, 4],
    [16, 3, 4],
    [16, 4, 4],
    [20, 2, 4],
    [20, 5, 0],
  ]);
});

describe('whatever is done to it', () => {
  const bench: Bench = (line) => netBench({ memory: noiseMemory, interrupt: line('interrupt') }).device as never;
  const offset = fc.oneof(
    fc.integer({ min: 0, max: 0x40 }),
    fc.constantFrom(0x1000, 0x2000, 0x2006, 0x3000, 0x3004, 0x3008),
  );
  const width = fc.constantFrom(1, 2, 4);
  const value = fc.oneof(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 0xffffffff }));
  const operation = (name: string, ...args: fc.Arbitrary<unknown>[]): fc.Arbitrary<Action> =>
    fc.tuple(...args).map((given) => ({ kind: 'operation', name, arguments: given }));
  const action = fc.oneof(
    operation('readMemory', offset, width),
    operation('writeMemory', offset, value, width),
    operation('readRegister', fc.integer({ min: 0, max: 31 }), width),
    operation('writeRegister', fc.integer({ min: 0, max: 31 }), value, width),
    operation('receive', fc.uint8Array({ minLength: 14, maxLength: 100 })),
    operation('setLink', fc.boolean()),
    anyAdvance(5000),
  );
  testChipProperties(bench, action, 60);
});
