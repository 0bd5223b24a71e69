import { expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { type MediumFault, faultyMedium } from '../../../src/device/disk/faults.js';
import { scsiDisk } from '../../../src/device/scsi-disk/scsi-disk.js';
import { testDisk } from '../ata/channel.js';

const [good, checkCondition] = [0, 2];
const mediumError = 3;

function rig(...list: MediumFault[]) {
  const medium = { ...testDisk(100), faults: faultyMedium(list).faults };
  const { operations } = createDevice(scsiDisk, { lines: {}, board: { medium: () => medium, serial: 'TSVM0' } });
  const run = (command: readonly number[], value = 0) => {
    const { direction, bytes, microseconds } = operations.begin(Uint8Array.from(command), 0);
    const data = new Uint8Array(direction === 'in' ? bytes : 0);
    operations.read(data);
    if (direction === 'out') operations.write(new Uint8Array(bytes).fill(value));
    return { status: operations.end(), data, bytes, microseconds };
  };
  operations.takeSense(); // The unit attention of power-on.
  /** Sense key, additional code, and the block that the information field names. */
  const sense = (): number[] => {
    const data = operations.takeSense();
    const view = new DataView(data.buffer, data.byteOffset);
    expect(data[0]).toBe(0xf0);
    return [data[2]!, view.getUint16(12), view.getUint32(3)];
  };
  return { medium, run, sense };
}

test('a read gives the blocks before a bad one, and its sense data name that', () => {
  const { run, sense, medium } = rig({ operation: 'read', firstSector: 12, sectors: 1 });
  const { status, data } = run([0x28, 0, 0, 0, 0, 10, 0, 0, 8, 0]);
  expect([status, data]).toEqual([checkCondition, medium.bytes.subarray(10 * 512, 12 * 512)]);
  expect(sense()).toEqual([mediumError, 0x1100, 12]);
  expect(run([0x28, 0, 0, 0, 0, 12, 0, 0, 1, 0])).toMatchObject({ status: checkCondition, bytes: 0 });
  expect(sense()).toEqual([mediumError, 0x1100, 12]);
  expect(run([0x28, 0, 0, 0, 0, 13, 0, 0, 1, 0]).status).toBe(good);
});

test('a write stores the blocks before a bad one', () => {
  const { run, sense, medium } = rig({ operation: 'write', firstSector: 3, sectors: 5, times: 1 });
  expect(run([0x2a, 0, 0, 0, 0, 2, 0, 0, 4, 0], 0x77)).toMatchObject({ status: checkCondition, bytes: 512 });
  expect(sense()).toEqual([mediumError, 0x0c00, 3]);
  expect([medium.bytes[2 * 512], medium.bytes[3 * 512]]).toEqual([0x77, 9]);
  expect(run([0x2a, 0, 0, 0, 0, 2, 0, 0, 4, 0], 0x77).status).toBe(good);
});

test('VERIFY and WRITE SAME name the bad block, SYNCHRONIZE CACHE says that it failed', () => {
  const { run, sense } = rig(
    { operation: 'read', firstSector: 30, sectors: 1 },
    { operation: 'write', firstSector: 40, sectors: 1 },
    { operation: 'flush', times: 1 },
  );
  expect(run([0x2f, 0, 0, 0, 0, 25, 0, 0, 10, 0]).status).toBe(checkCondition);
  expect(sense()).toEqual([mediumError, 0x1100, 30]);
  expect(run([0x41, 0, 0, 0, 0, 39, 0, 0, 3, 0]).status).toBe(checkCondition);
  expect(sense()).toEqual([mediumError, 0x0c00, 40]);
  const synchronize = [0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  expect([run(synchronize).status, run(synchronize).status]).toEqual([checkCondition, good]);
});

test('a slow block takes its time', () => {
  const { run } = rig({ operation: 'read', firstSector: 7, sectors: 1, delayMicroseconds: 9000 });
  expect(run([0x28, 0, 0, 0, 0, 6, 0, 0, 2, 0])).toMatchObject({ status: good, microseconds: 100 + 9000 });
});
