import { describe, expect, test } from 'vitest';
import { type MediumFault, faultyMedium } from '../../../src/device/disk/faults.js';
import { latencyTicks } from '../../../src/device/ata/transfer.js';
import { command, readyChannel, sectorsOnDisk, status, type TestChannel, testDisk } from './channel.js';

const [DRDY, ERR, DRQ] = [0x50, 0x01, 0x08];
const [UNC, ABRT] = [0x40, 0x04];

function faulty(...faults: MediumFault[]) {
  const disk = { ...testDisk(sectorsOnDisk), faults: faultyMedium(faults).faults };
  return { disk, channel: readyChannel([disk]) };
}

/** Error, and the sector that the command block names. */
const failure = ({ device }: TestChannel): number[] => [
  device.read('errorOrFeatures')!,
  device.read('sectorNumber')! | (device.read('cylinderLow')! << 8) | (device.read('cylinderHigh')! << 16),
];

describe('on a faulty disk', () => {
  test('READ SECTORS gives what is before the bad sector, and ends there as uncorrectable', () => {
    const { channel, disk } = faulty({ operation: 'read', firstSector: 301, sectors: 1 });
    channel.address(300, 4);
    command(channel, 0x20);
    channel.ready();
    expect(channel.readBlock(512)).toEqual(disk.bytes.subarray(300 * 512, 301 * 512));
    channel.ready();
    expect(status(channel)).toBe(DRDY | ERR);
    expect(failure(channel)).toEqual([UNC, 301]);
  });

  test('READ MULTIPLE cuts its block before the bad sector', () => {
    const { channel, disk } = faulty({ operation: 'read', firstSector: 13, sectors: 2 });
    channel.out({ sectorCount: 8 });
    command(channel, 0xc6);
    channel.ready();
    channel.address(10, 8);
    command(channel, 0xc4);
    channel.ready();
    expect(channel.readBlock(3 * 512)).toEqual(disk.bytes.subarray(10 * 512, 13 * 512));
    channel.ready();
    expect([status(channel), ...failure(channel)]).toEqual([DRDY | ERR, UNC, 13]);
  });

  test('a read that failed goes well when it is tried again, where the fault was there once', () => {
    const { channel } = faulty({ operation: 'read', firstSector: 5, times: 1 });
    const read = (): number => {
      channel.address(5, 1);
      command(channel, 0x20);
      channel.ready();
      return status(channel);
    };
    expect([read(), read()]).toEqual([DRDY | ERR, DRDY | DRQ]);
  });

  test('READ VERIFY names the first sector that cannot be read', () => {
    const { channel } = faulty({ operation: 'read', firstSector: 44, sectors: 1 });
    channel.address(40, 9);
    command(channel, 0x40);
    channel.ready();
    expect([status(channel), ...failure(channel)]).toEqual([DRDY | ERR, UNC, 44]);
  });

  test('WRITE SECTORS ends at the sector that cannot be written, and leaves it as it was', () => {
    const { channel, disk } = faulty({ operation: 'write', firstSector: 8, sectors: 1 });
    const before = disk.bytes.slice(8 * 512, 9 * 512);
    channel.address(7, 2);
    command(channel, 0x30);
    channel.ready();
    channel.writeBlock(new Uint8Array(512).fill(1));
    channel.ready();
    channel.writeBlock(new Uint8Array(512).fill(2));
    channel.ready();
    expect([status(channel), ...failure(channel)]).toEqual([DRDY | ERR, ABRT, 8]);
    expect([disk.bytes[7 * 512], disk.bytes.slice(8 * 512, 9 * 512)]).toEqual([1, before]);
  });

  test('FLUSH CACHE fails, or takes as long as it is said to', () => {
    const { channel } = faulty(
      { operation: 'flush', times: 1 },
      { operation: 'flush', after: 1, delayMicroseconds: 5000 },
    );
    channel.address(0, 0);
    command(channel, 0xe7);
    expect(channel.ready()).toBe(latencyTicks.command);
    expect([status(channel), ...failure(channel)]).toEqual([DRDY | ERR, ABRT, 0]);
    command(channel, 0xea);
    expect(channel.ready()).toBe(latencyTicks.command + 5000);
    expect(status(channel)).toBe(DRDY);
  });

  test('a slow sector keeps the drive busy, and a reset ends the wait', () => {
    const { channel } = faulty({ operation: 'read', firstSector: 9, sectors: 1, delayMicroseconds: 60_000_000 });
    channel.address(9, 1);
    command(channel, 0x20);
    channel.device.advance(30_000_000);
    expect(channel.status() & 0x80).toBe(0x80);
    channel.out({ alternateStatusOrControl: 0x04 });
    channel.out({ alternateStatusOrControl: 0x00 });
    expect(channel.ready()).toBe(latencyTicks.reset);
    channel.address(9, 1);
    command(channel, 0x20);
    expect(channel.ready()).toBe(latencyTicks.access + 60_000_000);
    expect(status(channel)).toBe(DRDY | DRQ);
  });
});
