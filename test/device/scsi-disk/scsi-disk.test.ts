import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { scsiDisk } from '../../../src/device/scsi-disk/scsi-disk.js';
import { testDisk } from '../ata/channel.js';

const good = 0;
const checkCondition = 2;
const sectors = 100;

function rig(writable = true, unmaps = false) {
  const medium = testDisk(sectors, writable);
  const device = createDevice(scsiDisk, { lines: {}, board: { medium: () => medium, serial: 'TSVM0', unmaps } });
  const { operations } = device;
  const run = (command: readonly number[], out: Uint8Array = new Uint8Array(), unit = 0) => {
    const transfer = operations.begin(Uint8Array.from(command), unit);
    const data = new Uint8Array(transfer.direction === 'in' ? transfer.bytes : 0);
    operations.read(data);
    if (transfer.direction === 'out') operations.write(out);
    return { status: operations.end(), data: [...data] };
  };
  const sense = (): readonly number[] => {
    const { data } = run([0x03, 0, 0, 0, 18, 0]);
    return [data[2]!, data[12]! * 256 + data[13]!];
  };
  return { medium, device, run, sense };
}

/** A disk whose unit attention of power-on was taken. */
function readyDisk(writable = true, unmaps = false) {
  const disk = rig(writable, unmaps);
  disk.run([0x00, 0, 0, 0, 0, 0]);
  return disk;
}

test('begins with a unit attention that INQUIRY passes by and REQUEST SENSE takes', () => {
  const { run, sense } = rig();
  expect(run([0x12, 0, 0, 0, 36, 0]).status).toBe(good);
  expect(sense()).toEqual([6, 0x2900]);
  expect(run([0x00, 0, 0, 0, 0, 0]).status).toBe(good);
});

describe('UNMAP', () => {
  const unmap = (length: number, flags = 0): number[] => [0x42, flags, 0, 0, 0, 0, 0, 0, length, 0];
  const list = (...runs: readonly (readonly [first: number, blocks: number])[]): Uint8Array => {
    const data = new Uint8Array(8 + 16 * runs.length);
    const view = new DataView(data.buffer);
    view.setUint16(0, data.length - 2);
    view.setUint16(2, 16 * runs.length);
    runs.forEach(([first, blocks], index) => {
      view.setUint32(8 + 16 * index + 4, first);
      view.setUint32(8 + 16 * index + 8, blocks);
    });
    return data;
  };
  const capacity16 = [0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0];
  const vitalPage = (code: number): number[] => [0x12, 1, code, 0, 255, 0];

  test('is no command of a disk that is not said to have it', () => {
    const { run, sense } = readyDisk();
    expect(run(unmap(24), list([3, 2])).status).toBe(checkCondition);
    expect(sense()).toEqual([5, 0x2000]);
    expect(run(capacity16).data[14]).toBe(0);
    expect(run(vitalPage(0xb2)).status).toBe(checkCondition);
  });
  test('is told by capacity, block limits and provisioning', () => {
    const { run } = readyDisk(true, true);
    expect(run([0x12, 0, 0, 0, 36, 0]).data[2]).toBe(5);
    expect(run(capacity16).data[14]).toBe(0xc0);
    expect(run(vitalPage(0)).data.slice(4)).toEqual([0x00, 0x80, 0x83, 0xb0, 0xb2]);
    expect(run(vitalPage(0xb0)).data.slice(20, 36)).toEqual([0, 1, 0, 0, 0, 0, 0, 63, 0, 0, 0, 1, 0, 0, 0, 0]);
    expect(run(vitalPage(0xb0)).data).toHaveLength(64);
    expect(run(vitalPage(0xb2)).data.slice(4)).toEqual([0, 0x84, 2, 0]);
  });
  test('leaves zeros in the blocks of its list, and in no other', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(sectors), fc.nat(20)), { maxLength: 4 }), (wanted) => {
        const runs = wanted.map(([first, blocks]) => [first, Math.min(blocks, sectors - first)] as const);
        const { run, medium } = readyDisk(true, true);
        const expected = medium.bytes.slice();
        for (const [first, blocks] of runs) expected.fill(0, first * 512, (first + blocks) * 512);
        const data = list(...runs);
        expect(run(unmap(data.length), data).status).toBe(good);
        expect(medium.bytes).toEqual(expected);
      }),
    );
  });
  test('is refused where a block does not exist, on a protected disk, and with a list that is cut off', () => {
    const { run, sense, medium } = readyDisk(true, true);
    const before = medium.bytes.slice();
    expect(run(unmap(40), list([3, 2], [99, 2])).status).toBe(checkCondition);
    expect(sense()).toEqual([5, 0x2100]);
    expect(run(unmap(7), new Uint8Array(7)).status).toBe(checkCondition);
    expect(sense()).toEqual([5, 0x1a00]);
    expect(run(unmap(24, 1), list([3, 2])).status).toBe(checkCondition);
    expect(sense()).toEqual([5, 0x2400]);
    expect(run(unmap(0)).status).toBe(good);
    expect(medium.bytes).toEqual(before);
    const isProtected = readyDisk(false, true);
    expect(isProtected.run(unmap(24), list([3, 2])).status).toBe(checkCondition);
    expect(isProtected.sense()).toEqual([7, 0x2700]);
  });
});

describe('reading and writing', () => {
  const ten = (operation: number, block: number, blocks: number): number[] => [
    operation,
    0,
    0,
    0,
    0,
    block,
    0,
    0,
    blocks,
    0,
  ];
  test.each([
    ['6 bytes', [0x08, 0, 0, 7, 2, 0], [0x0a, 0, 0, 50, 2, 0]],
    ['10 bytes', ten(0x28, 7, 2), ten(0x2a, 50, 2)],
    ['12 bytes', [0xa8, 0, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0], [0xaa, 0, 0, 0, 0, 50, 0, 0, 0, 2, 0, 0]],
    [
      '16 bytes',
      [0x88, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0],
      [0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 50, 0, 0, 0, 2, 0, 0],
    ],
  ])('moves blocks with commands of %s', (_name, read, write) => {
    const { run, medium } = readyDisk();
    const { data } = run(read);
    expect(Uint8Array.from(data)).toEqual(medium.bytes.subarray(7 * 512, 9 * 512));
    expect(run(write, Uint8Array.from(data)).status).toBe(good);
    expect(medium.bytes.subarray(50 * 512, 52 * 512)).toEqual(medium.bytes.subarray(7 * 512, 9 * 512));
  });

  test('is refused beyond the end and on a protected disk', () => {
    const { run, sense } = readyDisk(false);
    expect(run(ten(0x28, 99, 2)).status).toBe(checkCondition);
    expect(sense()).toEqual([5, 0x2100]);
    expect(run(ten(0x2a, 0, 1)).status).toBe(checkCondition);
    expect(sense()).toEqual([7, 0x2700]);
  });

  test('compares in VERIFY with BytChk, and repeats in WRITE SAME', () => {
    const { run, sense, medium } = readyDisk();
    const block = new Uint8Array(512).fill(0xa5);
    const verify = [0x2f, 2, 0, 0, 0, 3, 0, 0, 1, 0];
    expect(run(verify, block).status).toBe(checkCondition);
    expect(sense()).toEqual([0xe, 0x1d00]);
    expect(run([0x41, 0, 0, 0, 0, 3, 0, 0, 4, 0], block).status).toBe(good);
    expect(run([0x41, 1, 0, 0, 0, 3, 0, 0, 4, 0]).status).toBe(checkCondition);
    expect(medium.bytes.subarray(3 * 512, 7 * 512).every((value) => value === 0xa5)).toBe(true);
    expect(run(verify, block).status).toBe(good);
  });
});

test('tells its size in both capacities', () => {
  const { run } = readyDisk();
  expect(run([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0]).data).toEqual([0, 0, 0, 99, 0, 0, 2, 0]);
  const long = run([0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0]).data;
  expect(long.slice(0, 12)).toEqual([0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 2, 0]);
});

test('lists its vital product data pages and sends each of them', () => {
  const { run } = readyDisk();
  const pages = run([0x12, 1, 0, 0, 255, 0]).data.slice(4);
  for (const page of pages) {
    const { data, status } = run([0x12, 1, page, 0, 255, 0]);
    expect(status).toBe(good);
    expect([data[1], data[2]! * 256 + data[3]!]).toEqual([page, data.length - 4]);
  }
  expect(run([0x12, 1, 0x55, 0, 255, 0]).status).toBe(checkCondition);
});

test('stops and starts', () => {
  const { run, sense } = readyDisk();
  run([0x1b, 0, 0, 0, 0, 0]);
  expect(run([0x00, 0, 0, 0, 0, 0]).status).toBe(checkCondition);
  expect(sense()).toEqual([2, 0x0402]);
  run([0x1b, 0, 0, 0, 1, 0]);
  expect(run([0x00, 0, 0, 0, 0, 0]).status).toBe(good);
});

test('changes its write cache by MODE SELECT, and shows it in MODE SENSE', () => {
  const { run } = readyDisk();
  const list = Uint8Array.from([0, 0, 0, 0, 0x08, 18, ...new Array<number>(18).fill(0)]);
  const cache = (): number => run([0x1a, 0x08, 0x08, 0, 255, 0]).data[6]!;
  expect(cache()).toBe(4);
  expect(run([0x15, 0x10, 0, 0, list.length, 0], list).status).toBe(good);
  expect(cache()).toBe(0);
});

test('answers any command of any length without throwing, and keeps all of it in its state', () => {
  const command = fc.array(fc.oneof(fc.constantFrom(0, 1, 3, 99), fc.nat(255)), { minLength: 6, maxLength: 16 });
  fc.assert(
    fc.property(fc.array(fc.tuple(command, fc.nat(3000), fc.nat(1)), { maxLength: 20 }), (steps) => {
      const [one, two] = [rig(), rig()];
      for (const [bytes, most, unit] of steps) {
        two.device.load(one.device.save());
        two.medium.bytes.set(one.medium.bytes);
        for (const { device } of [one, two]) {
          const transfer = device.operations.begin(Uint8Array.from(bytes), unit);
          if (transfer.direction === 'in') device.operations.read(new Uint8Array(Math.min(most, transfer.bytes)));
          if (transfer.direction === 'out') device.operations.write(new Uint8Array(Math.min(most, transfer.bytes)));
          device.operations.end();
        }
        expect(two.device.save()).toEqual(one.device.save());
      }
    }),
    { numRuns: 40 },
  );
});
