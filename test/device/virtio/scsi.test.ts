import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { type MediumFault, faultyMedium } from '../../../src/device/disk/faults.js';
import { scsiDisk } from '../../../src/device/scsi-disk/scsi-disk.js';
import { virtioScsi, virtioScsiIdentity } from '../../../src/device/virtio/scsi.js';
import { testDisk } from '../ata/channel.js';
import { testMemory } from '../memory.js';
import { type Buffer, DriverQueue } from './driver.js';

const place = { request: 0x8000, control: 0x8800, response: 0x9000, data: 0x20000 };
const responseBytes = 12 + 96;
const [headerBytes, commandBytes] = [19, 32];
const readOne = [0x28, 0, 0, 0, 0, 7, 0, 0, 1, 0];

/** Disks are targets 0 and 3. */
function bench(faults: readonly MediumFault[] = []) {
  const memory = testMemory(1 << 20);
  const medium = { ...testDisk(100), faults: faultyMedium(faults).faults };
  const disks = [0, 3].map((id) => {
    const board = { medium: () => medium, serial: `T${id}` };
    return [id, createDevice(scsiDisk, { lines: {}, board }).operations] as const;
  });
  const targets = new Map(disks);
  const levels = { interrupt: false };
  const device = createDevice(virtioScsi, {
    lines: { interrupt: (level) => void (levels.interrupt = level) },
    board: { memory, target: (id) => targets.get(id) },
  });
  const { readRegister, writeRegister } = device.operations;
  writeRegister(0x12, 3, 1);
  const queues = [0, 1, 2].map((number) => {
    writeRegister(0x0e, number, 2);
    const queue = new DriverQueue({ memory }, 0x30000 + 0x10000 * number, readRegister(0x0c, 2));
    writeRegister(8, queue.base / 4096, 4);
    return queue;
  }) as [DriverQueue, DriverQueue, DriverQueue];
  writeRegister(0x12, 7, 1);
  for (const target of targets.values()) target.takeSense(); // The unit attentions of the reset.
  const notify = (queue: number): void => writeRegister(0x10, queue, 2);

  /** Adds a command with its tag; its response is at `place.response` of that slot. */
  const add = (
    command: readonly number[],
    data: readonly Buffer[] = [],
    to = { target: 0, unit: 0, tag: 0 },
  ): number => {
    const { target, unit, tag } = to;
    const [request, response] = [place.request + 64 * tag, place.response + 128 * tag];
    memory.data.fill(0, request, request + headerBytes + commandBytes);
    memory.data.set([1, target, 0x40, unit, 0, 0, 0, 0, tag], request);
    memory.data.set(command, request + headerBytes);
    memory.data.fill(0xee, response, response + responseBytes);
    const head = queues[2].write([
      { address: request, bytes: headerBytes + commandBytes },
      ...data.filter(({ writable }) => !writable),
      { address: response, bytes: responseBytes, writable: true },
      ...data.filter(({ writable }) => writable === true),
    ]);
    queues[2].add(head);
    notify(2);
    return head;
  };
  const answer = (tag = 0) => {
    const at = place.response + 128 * tag;
    return {
      senseBytes: memory.view.getUint32(at, true),
      residual: memory.view.getUint32(at + 4, true),
      status: memory.data[at + 10],
      response: memory.data[at + 11],
      sense: [...memory.data.subarray(at + 12, at + 12 + memory.view.getUint32(at, true))],
    };
  };
  const run = (...words: Parameters<typeof add>) => {
    add(...words);
    device.advance(1_000_000);
    return answer(words[2]?.tag);
  };
  /** A task management function; its response. */
  const manage = (subtype: number, tag = 0, target = 0, unit = 0): number => {
    memory.data.fill(0, place.control, place.control + 32);
    memory.data.set([0, 0, 0, 0, subtype, 0, 0, 0, 1, target, 0x40, unit, 0, 0, 0, 0, tag], place.control);
    queues[0].add(
      queues[0].write([
        { address: place.control, bytes: 24 },
        { address: place.control + 31, bytes: 1, writable: true },
      ]),
    );
    notify(0);
    return memory.data[place.control + 31]!;
  };
  return { memory, medium, device, levels, queues, add, run, answer, manage, notify, readRegister, writeRegister };
}

const buffer = (bytes: number, writable = true): Buffer => ({ address: place.data, bytes, writable });

describe('a virtio SCSI host', () => {
  test('is a transitional device that tells its driver how many targets there may be', () => {
    const { readRegister } = bench();
    expect([virtioScsiIdentity.device, virtioScsiIdentity.subsystem]).toEqual([0x1004, 8]);
    expect([readRegister(0x14, 4), readRegister(0x14 + 20, 4), readRegister(0x14 + 24, 4)]).toEqual([1, 96, 32]);
    expect([readRegister(0x14 + 28, 2), readRegister(0x14 + 30, 2), readRegister(0x14 + 32, 4)]).toEqual([0, 6, 0]);
  });

  test('reads blocks after the medium’s time, and interrupts', () => {
    const { add, device, queues, levels, memory, medium, answer } = bench();
    const head = add(readOne, [buffer(300), { address: place.data + 4096, bytes: 212, writable: true }]);
    device.advance(100);
    expect([levels.interrupt, queues[2].takeUsed()]).toEqual([false, []]);
    device.advance(100);
    expect([levels.interrupt, queues[2].takeUsed()]).toEqual([true, [{ head, written: responseBytes + 512 }]]);
    expect(answer()).toMatchObject({ senseBytes: 0, residual: 0, status: 0, response: 0 });
    expect(memory.data.subarray(place.data, place.data + 300)).toEqual(medium.bytes.subarray(3584, 3884));
    expect(memory.data.subarray(place.data + 4096, place.data + 4308)).toEqual(medium.bytes.subarray(3884, 4096));
  });

  test('writes blocks', () => {
    const { run, memory, medium } = bench();
    memory.data.fill(0x5a, place.data, place.data + 1024);
    expect(run([0x2a, 0, 0, 0, 0, 98, 0, 0, 2, 0], [buffer(1024, false)])).toMatchObject({ status: 0, response: 0 });
    expect(medium.bytes.subarray(98 * 512).every((value) => value === 0x5a)).toBe(true);
  });

  test('brings the sense data with the status, and the bytes that were not moved', () => {
    const { run } = bench([{ operation: 'read', firstSector: 9, sectors: 1 }]);
    const { sense, ...rest } = run([0x28, 0, 0, 0, 0, 7, 0, 0, 4, 0], [buffer(2048)]);
    expect(rest).toEqual({ senseBytes: 18, residual: 1024, status: 2, response: 0 });
    expect([sense[2], sense[12], sense[6]]).toEqual([3, 0x11, 9]);
    expect(run([0x12, 0, 0, 0, 36, 0], [buffer(255)])).toMatchObject({ status: 0, residual: 255 - 36 });
  });

  test('says overrun where the driver has less room than the command wants', () => {
    const { run, memory, medium } = bench();
    expect(run(readOne, [buffer(100)])).toMatchObject({ response: 1 });
    expect(memory.data.subarray(place.data, place.data + 100)).toEqual(medium.bytes.subarray(3584, 3684));
    expect(run(readOne)).toMatchObject({ response: 1 });
  });

  test('knows no target but those that are there, and no unit but 0', () => {
    const { run } = bench();
    expect(run(readOne, [buffer(512)], { target: 1, unit: 0, tag: 0 }).response).toBe(3);
    expect(run(readOne, [buffer(512)], { target: 200, unit: 0, tag: 0 }).response).toBe(3);
    expect(run(readOne, [buffer(512)], { target: 3, unit: 1, tag: 0 })).toMatchObject({ response: 0, status: 2 });
  });

  test('lets targets work beside each other, each on one command at a time', () => {
    const slow = { operation: 'read', firstSector: 7, sectors: 1, times: 1, delayMicroseconds: 10_000 } as const;
    const { add, device, queues } = bench([slow]);
    const at = (target: number, tag: number) => ({ target, unit: 0, tag });
    const heads = [at(0, 0), at(0, 1), at(3, 2)].map((to) => add(readOne, [buffer(512)], to));
    device.advance(1000);
    expect(queues[2].takeUsed().map(({ head }) => head)).toEqual([heads[2]]);
    device.advance(10_000);
    expect(queues[2].takeUsed().map(({ head }) => head)).toEqual([heads[0], heads[1]]);
  });

  test('gives up a command by its tag, or all of a target’s, and says so in their responses', () => {
    const { add, manage, answer, device, queues } = bench([{ operation: 'read', delayMicroseconds: 60_000_000 }]);
    const [complete, succeeded] = [0, 10];
    for (const tag of [1, 2, 3]) add(readOne, [buffer(512)], { target: 0, unit: 0, tag });
    expect([manage(6, 2), manage(6, 9), manage(7)]).toEqual([succeeded, complete, succeeded]);
    expect(manage(0, 2)).toBe(complete);
    expect([answer(2).response, manage(6, 2)]).toEqual([2, complete]);
    expect(manage(0, 1)).toBe(complete); // The one at work: the next begins.
    expect(queues[2].takeUsed()).toHaveLength(2);
    expect(manage(5)).toBe(complete);
    expect([answer(3).response, device.nextEdge(), manage(7)]).toEqual([4, Infinity, complete]);
  });

  test('refuses functions that there are not, and targets and units that are not there', () => {
    const { manage } = bench();
    expect([manage(2), manage(77), manage(5, 0, 1), manage(5, 0, 0, 1)]).toEqual([11, 11, 3, 12]);
  });

  test('resets a unit, which tells so when it is asked next', () => {
    const { manage, run } = bench();
    expect(manage(5)).toBe(0);
    const { status, sense } = run([0x00, 0, 0, 0, 0, 0]);
    expect([status, sense[2], sense[12]]).toEqual([2, 6, 0x29]);
  });

  test('takes other sizes of sense data and commands, until it is reset', () => {
    const { run, writeRegister, readRegister, memory } = bench([{ operation: 'read' }]);
    writeRegister(0x14 + 20, 4, 4);
    expect(readRegister(0x14 + 20, 4)).toBe(4);
    const { senseBytes } = run(readOne, [buffer(512)]);
    expect([senseBytes, memory.data[place.response + 16]]).toEqual([4, 0xee]);
    writeRegister(0x12, 0, 1);
    expect(readRegister(0x14 + 20, 4)).toBe(96);
  });

  test('stops at a request without room for its response', () => {
    const { queues, notify, readRegister } = bench();
    queues[2].add(queues[2].write([{ address: place.request, bytes: 51 }]));
    notify(2);
    expect(readRegister(0x12, 1) & 0x40).toBe(0x40);
  });

  test('gives every command back once, and goes on from a saved state as if it had not stopped', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('command' as const),
        target: fc.constantFrom(0, 1, 3),
        command: fc.constantFrom([0x00, 0, 0, 0, 0, 0], readOne, [0x2a, 0, 0, 0, 0, 7, 0, 0, 1, 0], [0x35], [0xff]),
        data: fc.constantFrom<readonly Buffer[]>([], [buffer(512)], [buffer(512, false)]),
      }),
      fc.record({ kind: fc.constant('manage' as const), subtype: fc.integer({ min: 0, max: 8 }), tag: fc.nat(9) }),
      fc.record({ kind: fc.constant('advance' as const), ticks: fc.integer({ min: 1, max: 300 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { device, queues, add, manage } = bench([
          { operation: 'read', after: 2, times: 2, delayMicroseconds: 150 },
        ]);
        const added: number[] = [];
        const ended: number[] = [];
        for (const [index, each] of steps.entries()) {
          if (each.kind === 'advance') device.advance(each.ticks);
          else if (each.kind === 'manage') manage(each.subtype, each.tag);
          else added.push(add(each.command, each.data, { target: each.target, unit: 0, tag: index }));
          const saved = device.save();
          device.load(saved);
          expect(device.save()).toEqual(saved);
          ended.push(...queues[2].takeUsed().map(({ head }) => head));
        }
        device.advance(1_000_000);
        ended.push(...queues[2].takeUsed().map(({ head }) => head));
        expect([...ended].sort((a, b) => a - b)).toEqual([...added].sort((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });
});
