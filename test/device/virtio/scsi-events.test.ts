import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { changingVirtioScsi } from '../../../src/device/virtio/scsi.js';
import { testMemory } from '../memory.js';
import { DriverQueue } from './driver.js';

const place = { event: 0x8000, request: 0x9000, response: 0xa000 } as const;
const eventBytes = 16;
const [rescan, removed] = [1, 2];
const hotPlug = 1 << 1;

/** A host without targets, under a driver that took the feature of hot plugging, or did not. */
function bench(features: number) {
  const memory = testMemory(1 << 20);
  const busy = { target: true };
  const target = {
    begin: () => ({ direction: 'none', bytes: 0, microseconds: 1e6, nanosecondsPerByte: 0 }),
    end: () => 0,
    busReset: () => {},
  };
  const device = createDevice(changingVirtioScsi, {
    lines: { interrupt: () => {} },
    board: { memory, target: (id) => (id === 2 && busy.target ? (target as never) : undefined) },
  });
  const { readRegister, writeRegister, targetsChanged, targetLeaves } = device.operations;
  writeRegister(0x12, 3, 1);
  writeRegister(4, features, 4);
  const queues = [0, 1, 2].map((number) => {
    writeRegister(0x0e, number, 2);
    const queue = new DriverQueue({ memory }, 0x30000 + 0x10000 * number, readRegister(0x0c, 2));
    writeRegister(8, queue.base / 4096, 4);
    return queue;
  });
  writeRegister(0x12, 7, 1);
  const give = (queue: number, ...buffers: Parameters<DriverQueue['write']>[0]): void => {
    queues[queue]!.add(queues[queue]!.write(buffers));
    writeRegister(0x10, queue, 2);
  };
  return {
    ...{ device, memory, busy, targetsChanged, targetLeaves, offered: readRegister(0, 4), give },
    giveEventBuffer: () => give(1, { address: place.event, bytes: eventBytes, writable: true }),
    event: () => {
      const { view, data } = memory;
      return [
        view.getUint32(place.event, true),
        [...data.subarray(place.event + 4, place.event + 8)],
        data[place.event + 12],
      ];
    },
  };
}

describe('a virtio SCSI host whose targets come and go', () => {
  test('offers the feature, and tells of a target that came and of one that went', () => {
    const { offered, giveEventBuffer, targetsChanged, event } = bench(hotPlug);
    expect(offered & hotPlug).toBe(hotPlug);
    giveEventBuffer();
    targetsChanged(3, true);
    expect(event()).toEqual([1, [1, 3, 0, 0], rescan]);
    giveEventBuffer();
    targetsChanged(3, false);
    expect(event()).toEqual([1, [1, 3, 0, 0], removed]);
  });

  test('tells with the next buffer that an event found none', () => {
    const { giveEventBuffer, targetsChanged, event } = bench(hotPlug);
    targetsChanged(3, true);
    giveEventBuffer();
    expect(event()[0]).toBe(0x8000_0000);
    giveEventBuffer();
    targetsChanged(4, true);
    expect(event()[0]).toBe(1);
  });

  test('says nothing to a driver that does not know of it', () => {
    const { giveEventBuffer, targetsChanged, event } = bench(0);
    giveEventBuffer();
    targetsChanged(3, true);
    expect(event()).toEqual([0, [0, 0, 0, 0], 0]);
  });

  test('ends the commands of a target that leaves', () => {
    const { device, memory, give, targetLeaves } = bench(hotPlug);
    memory.data.set([1, 2], place.request);
    give(2, { address: place.request, bytes: 51 }, { address: place.response, bytes: 108, writable: true });
    expect(device.nextEdge()).toBeLessThan(Infinity);
    memory.data[place.response + 11] = 0xee;
    targetLeaves(2);
    expect(memory.data[place.response + 11]).toBe(3);
    expect(device.nextEdge()).toBe(Infinity);
  });
});
