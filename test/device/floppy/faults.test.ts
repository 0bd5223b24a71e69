import { expect, test } from 'vitest';
import { type MediumFault, faultyMedium } from '../../../src/device/disk/faults.js';
import { TestController, testFloppy } from './controller.js';

function rig(...faults: MediumFault[]) {
  const floppy = { ...testFloppy(1440), faults: faultyMedium(faults).faults };
  const controller = new TestController([floppy]).begin();
  const transfer = (command: number, first: number, sectors: number): number[] => {
    controller.dma.program(0, sectors * 512);
    controller.send(command, 0, 0, 0, first, 2, 18, 0x1b, 0xff);
    controller.untilInterrupt();
    return controller.results();
  };
  return { floppy, controller, transfer };
}
const [read, write, readTrack] = [0x46, 0x45, 0x42];

test('READ DATA ends with a data error at the bad sector, whose data the host has', () => {
  const { controller, floppy, transfer } = rig({ operation: 'read', firstSector: 4, sectors: 1 });
  expect(transfer(read, 4, 3)).toEqual([0x40, 0x20, 0x20, 0, 0, 5, 2]);
  expect(controller.dma.memory.subarray(0, 1024)).toEqual(floppy.bytes.subarray(3 * 512, 5 * 512));
  expect(transfer(read, 6, 2)[0]).toBe(0);
});

test('READ TRACK goes on behind a bad sector, and says that there was one', () => {
  const { transfer } = rig({ operation: 'read', firstSector: 1, sectors: 1 });
  expect(transfer(readTrack, 1, 3).slice(0, 3)).toEqual([0x40, 0x20, 0x20]);
});

test('WRITE DATA does not find the ID of the bad sector', () => {
  const { floppy, transfer } = rig({ operation: 'write', firstSector: 2, sectors: 1, times: 1 });
  const before = floppy.bytes.slice(2 * 512, 3 * 512);
  expect(transfer(write, 3, 1)).toEqual([0x40, 0x04, 0, 0, 0, 3, 2]);
  expect(floppy.bytes.slice(2 * 512, 3 * 512)).toEqual(before);
  expect(transfer(write, 3, 1)[0]).toBe(0);
});
