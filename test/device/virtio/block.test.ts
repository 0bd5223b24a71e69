import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { type MediumFault, faultyMedium } from '../../../src/device/disk/faults.js';
import { virtioBlock, virtioBlockIdentity, virtioBlockReadOnly } from '../../../src/device/virtio/block.js';
import { testDisk } from '../ata/channel.js';
import { testMemory } from '../memory.js';
import { type Buffer, DriverQueue } from './driver.js';

function bench(writable = true, faults: readonly MediumFault[] = [], asQemu = false) {
  const memory = testMemory(1 << 20);
  const medium = { ...testDisk(100, writable), faults: faultyMedium(faults).faults };
  const levels = { interrupt: false };
  const device = createDevice(writable ? virtioBlock : virtioBlockReadOnly, {
    lines: { interrupt: (level) => void (levels.interrupt = level) },
    board: { memory, medium: () => medium, serial: 'TSVM-1', asQemu },
  });
  const { readRegister, writeRegister } = device.operations;
  writeRegister(0x12, 3, 1);
  writeRegister(0x0e, 0, 2);
  const queue = new DriverQueue({ memory }, 0x10000, readRegister(0x0c, 2));
  writeRegister(8, queue.base / 4096, 4);
  writeRegister(0x12, 7, 1);
  const place = { header: 0x8000, data: 0x20000, status: 0x9000 };
  /** Adds a request; its data are at `place.data`. */
  const add = (type: number, sector: number, data: readonly Buffer[]): number => {
    memory.view.setUint32(place.header, type, true);
    memory.view.setBigUint64(place.header + 8, BigInt(sector), true);
    memory.view.setUint8(place.status, 0xff);
    const head = queue.write([
      { address: place.header, bytes: 16 },
      ...data,
      { address: place.status, bytes: 1, writable: true },
    ]);
    queue.add(head);
    writeRegister(0x10, 0, 2);
    return head;
  };
  /** Adds a request and waits for its end; its status. */
  const run = (type: number, sector: number, data: readonly Buffer[] = []): number => {
    add(type, sector, data);
    device.advance(100_000);
    return memory.view.getUint8(place.status);
  };
  return { memory, medium, levels, device, queue, place, add, run, readRegister };
}

describe('a block device', () => {
  test('tells its driver that another medium, of another size, is in', () => {
    const { device, levels, medium, readRegister } = bench();
    expect(readRegister(0x14, 4)).toBe(100);
    Object.assign(medium, { sectors: 50 });
    device.operations.mediumChanged();
    expect([levels.interrupt, readRegister(0x14, 4), readRegister(0x13, 1)]).toEqual([true, 50, 2]);
  });
  test('tells of a change as of its queues too where it has the ways of QEMU', () => {
    const { device, readRegister } = bench(true, [], true);
    device.operations.mediumChanged();
    expect(readRegister(0x13, 1)).toBe(3);
  });
  test('reads sectors into scattered buffers after its time, and interrupts', () => {
    const { memory, medium, levels, device, queue, place, add, readRegister } = bench();
    const head = add(0, 7, [
      { address: place.data, bytes: 700, writable: true },
      { address: place.data + 4096, bytes: 1024 - 700, writable: true },
    ]);
    expect(queue.takeUsed()).toEqual([]);
    device.advance(50 + 10);
    expect(levels.interrupt).toBe(true);
    expect(readRegister(0x13, 1)).toBe(1);
    expect(queue.takeUsed()).toEqual([{ head, written: 1025 }]);
    const expected = medium.bytes.subarray(7 * 512, 9 * 512);
    expect(memory.data.subarray(place.data, place.data + 700)).toEqual(expected.subarray(0, 700));
    expect(memory.data.subarray(place.data + 4096, place.data + 4096 + 324)).toEqual(expected.subarray(700));
    expect(memory.data[place.status]).toBe(0);
  });

  test('writes sectors', () => {
    const { memory, medium, place, run } = bench();
    memory.data.fill(0x5a, place.data, place.data + 1024);
    expect(run(1, 98, [{ address: place.data, bytes: 1024 }])).toBe(0);
    expect(medium.bytes.subarray(98 * 512).every((value) => value === 0x5a)).toBe(true);
  });

  test('fails what is outside the medium, no whole sectors, or a write to a read-only one', () => {
    const data = { address: 0x20000, bytes: 1024 };
    expect(bench().run(1, 99, [data])).toBe(1);
    expect(bench().run(0, 0, [{ ...data, bytes: 500, writable: true }])).toBe(1);
    expect(bench(false).run(1, 0, [data])).toBe(1);
    expect(bench(false).readRegister(0, 4) & 0x20).toBe(0x20);
  });

  test('fails requests that meet a fault of the medium, and no others', () => {
    const { run } = bench(true, [
      { operation: 'read', firstSector: 8, sectors: 1 },
      { operation: 'write', firstSector: 9, sectors: 1, times: 1 },
      { operation: 'flush', times: 1 },
    ]);
    const data = { address: 0x20000, bytes: 1024 };
    const reads = [6, 7, 8, 9].map((sector) => run(0, sector, [{ ...data, writable: true }]));
    expect(reads).toEqual([0, 1, 1, 0]);
    expect([run(1, 8, [data]), run(1, 8, [data])]).toEqual([1, 0]);
    expect([run(4, 0), run(4, 0)]).toEqual([1, 0]);
  });

  test('takes longer for a slow sector', () => {
    const { device, queue, add } = bench(true, [{ operation: 'read', firstSector: 3, delayMicroseconds: 2000 }]);
    add(0, 3, [{ address: 0x20000, bytes: 512, writable: true }]);
    device.advance(2000);
    expect(queue.takeUsed()).toEqual([]);
    device.advance(60);
    expect(queue.takeUsed()).toHaveLength(1);
  });

  test('tells its name, flushes, and knows no other requests', () => {
    const { memory, place, run } = bench();
    expect(run(8, 0, [{ address: place.data, bytes: 20, writable: true }])).toBe(0);
    expect(String.fromCharCode(...memory.data.subarray(place.data, place.data + 8))).toBe('TSVM-1\0\0');
    expect(run(4, 0)).toBe(0);
    expect(run(99, 0)).toBe(2);
  });

  test('serves requests one after another', () => {
    const { device, queue, add } = bench();
    const heads = [0, 1, 2].map((sector) => add(0, sector, [{ address: 0x20000, bytes: 512, writable: true }]));
    device.advance(60);
    expect(queue.takeUsed().map(({ head }) => head)).toEqual(heads.slice(0, 1));
    device.advance(60 * 2);
    expect(queue.takeUsed().map(({ head }) => head)).toEqual(heads.slice(1));
  });

  test('stops at a request without a header, until it is reset', () => {
    const { device, queue, readRegister } = bench();
    queue.add(queue.write([{ address: 0x9000, bytes: 1, writable: true }]));
    device.operations.writeRegister(0x10, 0, 2);
    device.advance(1000);
    expect(readRegister(0x12, 1) & 0x40).toBe(0x40);
  });

  test('tells its size and is function 1001h of its vendor, type 2', () => {
    const { readRegister } = bench();
    expect(readRegister(0x14, 4)).toBe(100);
    expect(virtioBlockIdentity).toMatchObject({ vendor: 0x1af4, device: 0x1001, subsystem: 2 });
  });

  test('goes on after loading in the middle of a request as it would have', () => {
    const one = bench();
    one.add(0, 3, [{ address: one.place.data, bytes: 512, writable: true }]);
    one.device.advance(20);
    const two = bench();
    two.memory.data.set(one.memory.data);
    two.device.load(one.device.save());
    for (const each of [one, two]) each.device.advance(1000);
    expect(Buffer.compare(two.memory.data, one.memory.data)).toBe(0); // Comparing arrays is slow.
    expect(two.device.diff(one.device.save())).toEqual([]);
  });
});
