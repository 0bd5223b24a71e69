import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { scsiDisk } from '../../../src/device/scsi-disk/scsi-disk.js';
import { scsiUnits } from '../../../src/device/scsi-units/scsi-units.js';
import { loadState, saveState } from '../../../src/state/schema.js';
import { testDisk } from '../ata/channel.js';

const good = 0;
const checkCondition = 2;

/** A target with disks of so many sectors as units of these numbers. */
function rig(sectorsByUnit: Readonly<Record<number, number>>) {
  const units = new Map(
    Object.entries(sectorsByUnit).map(([number, sectors]) => {
      const medium = testDisk(sectors, true);
      const board = { medium: () => medium, serial: `TSVM${number}`, unmaps: false };
      return [Number(number), { medium, device: createDevice(scsiDisk, { lines: {}, board }) }] as const;
    }),
  );
  const numbers = (): number[] => [...units.keys()].sort((left, right) => left - right);
  const board = { unit: (number: number) => units.get(number)?.device.operations, numbers };
  const device = createDevice(scsiUnits, { lines: {}, board });
  const run = (unit: number, command: readonly number[], out: Uint8Array = new Uint8Array()) => {
    const { operations } = device;
    const transfer = operations.begin(Uint8Array.from(command), unit);
    const data = new Uint8Array(transfer.direction === 'in' ? transfer.bytes : 0);
    operations.read(data);
    if (transfer.direction === 'out') operations.write(out);
    return { status: operations.end(), data: [...data] };
  };
  return { units, device, run };
}

const inquiry = [0x12, 0, 0, 0, 36, 0];
const reportUnits = [0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0];
const requestSense = [0x03, 0, 0, 0, 18, 0];
const capacity = [0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const isReady = [0x00, 0, 0, 0, 0, 0];

describe('a target of several logical units', () => {
  test('lists them to whichever unit is asked, there or not', () => {
    const { run } = rig({ 1: 10, 5: 20 });
    const list = [0, 0, 0, 16, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0];
    for (const unit of [0, 1, 5]) expect(run(unit, reportUnits)).toEqual({ status: good, data: list });
    expect(run(0, [...reportUnits.slice(0, 9), 15, 0, 0]).status).toBe(checkCondition);
  });

  test('says of a unit that is not there that it is not, even where that is number 0, and refuses it everything else', () => {
    const { run, device } = rig({ 1: 10 });
    expect(run(0, inquiry).data[0]).toBe(0x7f);
    expect(run(1, inquiry).data[0]).toBe(0);
    expect(run(0, isReady).status).toBe(checkCondition);
    expect(device.operations.senseKey()).toBe(5);
    const { status, data } = run(7, requestSense);
    expect([status, data[2], data[12]]).toEqual([good, 5, 0x25]);
  });

  test('has an attention for every unit after a reset, and each of them its own sense data', () => {
    const { run, device } = rig({ 0: 10, 3: 20 });
    device.operations.busReset();
    for (const unit of [0, 3]) {
      expect(run(unit, isReady).status).toBe(checkCondition);
      expect(run(unit, isReady).status).toBe(good);
    }
    expect(run(3, [0x28, 0, 0, 0, 0, 20, 0, 0, 1, 0]).status).toBe(checkCondition);
    expect(run(0, requestSense).data[2]).toBe(0);
    expect(run(3, requestSense).data[2]).toBe(5);
  });
});

test('commands in any order, cut off, saved and loaded anywhere, reach the unit that they name and no other', () => {
  const step = fc.record({
    unit: fc.constantFrom(0, 1, 2, 9),
    command: fc.constantFrom(inquiry, reportUnits, requestSense, capacity, isReady),
    cut: fc.boolean(),
    saves: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const sectors: Readonly<Record<number, number>> = { 0: 100, 2: 300 };
      const { run, units, device } = rig(sectors);
      const saved = (): Uint8Array => saveState(scsiUnits.state, device.state);
      for (const { device: disk } of units.values()) disk.operations.takeSense();
      for (const { unit, command, cut, saves } of steps) {
        if (cut) {
          device.operations.begin(Uint8Array.from(command), unit);
          const before = saved();
          if (saves) loadState(scsiUnits.state, before, device.state);
          expect(saved()).toEqual(before);
        }
        const { status, data } = run(unit, command);
        const isThere = sectors[unit] !== undefined;
        if (command === inquiry) expect(data[0]).toBe(isThere ? 0 : 0x7f);
        else if (command === capacity || command === isReady) {
          expect(status).toBe(isThere ? good : checkCondition);
          if (isThere && command === capacity) expect(data[2]! * 256 + data[3]!).toBe(sectors[unit]! - 1);
        } else expect(status).toBe(good);
      }
    }),
  );
});
