import { describe, expect, test } from 'vitest';
import { latencyTicks } from '../../../src/device/ata/transfer.js';
import { command, identify, readyChannel, sectorsOnDisk, status, type TestChannel, testDisk } from './channel.js';

describe('READ SECTORS', () => {
  test('reads a boot sector as a polling driver does', () => {
    const disk = testDisk(sectorsOnDisk);
    disk.bytes.set([0x55, 0xaa], 510);
    const channel = readyChannel([disk]);
    channel.out({ alternateStatusOrControl: 0x02 });
    channel.address(0, 1);
    command(channel, 0x20);
    expect(channel.ready()).toBe(latencyTicks.access);
    expect(channel.status()).toBe(0x58);
    expect(channel.readBlock(512)).toEqual(disk.bytes.subarray(0, 512));
    expect(channel.status()).toBe(0x50);
    expect(channel.edges).toBe(0); // nIEN was set.
  });

  test('interrupts before each sector and not after the last', () => {
    const disk = testDisk(sectorsOnDisk);
    const channel = readyChannel([disk]);
    channel.address(70, 3);
    command(channel, 0x21);
    const waits: number[] = [];
    for (let sector = 70; sector < 73; sector++) {
      waits.push(channel.ready());
      expect(channel.interrupt).toBe(true);
      expect(status(channel)).toBe(0x58);
      expect(channel.readBlock(512)).toEqual(disk.bytes.subarray(sector * 512, sector * 512 + 512));
    }
    expect(waits).toEqual([latencyTicks.access, latencyTicks.sector, latencyTicks.sector]);
    expect(status(channel)).toBe(0x50);
    expect(channel.edges).toBe(3);
    expect(channel.device.read('sectorCount')).toBe(0);
    expect(channel.device.read('sectorNumber')).toBe(72);
  });

  test('takes cylinder, head and sector, and carries them over a track and a cylinder', () => {
    const disk = testDisk(sectorsOnDisk);
    const channel = readyChannel([disk]);
    channel.out({ deviceHead: 0xaf, cylinderLow: 1, cylinderHigh: 0, sectorNumber: 63, sectorCount: 2 });
    command(channel, 0x20);
    const first = (1 * 16 + 15) * 63 + 62;
    for (const sector of [first, first + 1]) {
      channel.ready();
      expect(channel.readBlock(512)).toEqual(disk.bytes.subarray(sector * 512, sector * 512 + 512));
    }
    const { device } = channel;
    expect([device.read('cylinderLow'), device.read('deviceHead'), device.read('sectorNumber')]).toEqual([2, 0xa0, 1]);
  });

  test('reads 256 sectors for a count of zero', () => {
    const channel = readyChannel();
    channel.address(0, 0);
    command(channel, 0x20);
    let sectors = 0;
    for (channel.ready(); channel.status() & 0x08; channel.ready()) {
      channel.readBlock(512);
      sectors++;
    }
    expect(sectors).toBe(256);
  });

  test('moves two words in a 32-bit access', () => {
    const disk = testDisk(100);
    const channel = readyChannel([disk]);
    channel.address(1, 1);
    command(channel, 0x20);
    channel.ready();
    const expected = new Uint32Array(disk.bytes.slice(512, 1024).buffer);
    const read = Array.from({ length: 128 }, () => channel.device.read('data', 4));
    expect(read).toEqual([...expected]);
    expect(channel.status()).toBe(0x50);
  });

  test.each([
    ['an LBA beyond the end', { deviceHead: 0xe0, cylinderHigh: 0x10, cylinderLow: 0, sectorNumber: 0 }],
    ['sector zero of a track', { deviceHead: 0xa0, cylinderHigh: 0, cylinderLow: 0, sectorNumber: 0 }],
    ['a sector beyond the track', { deviceHead: 0xa0, cylinderHigh: 0, cylinderLow: 0, sectorNumber: 64 }],
    ['a cylinder beyond the last', { deviceHead: 0xa0, cylinderHigh: 0, cylinderLow: 4, sectorNumber: 1 }],
  ])('ends with IDNF for %s', (_name, registers) => {
    const channel = readyChannel();
    channel.out({ ...registers, sectorCount: 1 });
    command(channel, 0x20);
    channel.ready();
    expect(channel.interrupt).toBe(true);
    expect(status(channel)).toBe(0x51);
    expect(channel.device.read('errorOrFeatures')).toBe(0x10);
  });

  test('reads what there is and then names the sector that is not', () => {
    const channel = readyChannel();
    channel.address(sectorsOnDisk - 1, 3);
    command(channel, 0x20);
    channel.ready();
    channel.readBlock(512);
    channel.ready();
    expect(status(channel)).toBe(0x51);
    const { device } = channel;
    const lba = device.read('sectorNumber')! + device.read('cylinderLow')! * 256;
    expect(lba).toBe(sectorsOnDisk);
    expect(device.read('sectorCount')).toBe(2);
  });
});

describe('WRITE SECTORS', () => {
  test('asks for the first sector without an interrupt, and interrupts after each', () => {
    const disk = testDisk(sectorsOnDisk);
    const channel = readyChannel([disk]);
    channel.address(10, 2);
    command(channel, 0x30);
    expect(channel.ready()).toBe(0);
    expect(channel.interrupt).toBe(false);
    for (const value of [0x11, 0x22]) {
      expect(channel.status()).toBe(0x58);
      channel.writeBlock(new Uint8Array(512).fill(value));
      expect(channel.status() & 0x88).toBe(0x80);
      expect(channel.ready()).toBe(latencyTicks.access);
      expect(channel.interrupt).toBe(true);
      status(channel);
    }
    expect(channel.status()).toBe(0x50);
    expect(disk.bytes.subarray(10 * 512, 12 * 512)).toEqual(
      new Uint8Array(1024).map((_, at) => (at < 512 ? 0x11 : 0x22)),
    );
  });

  test('takes the first sector from a driver that does not look whether the drive asks for it', () => {
    const disk = testDisk(100);
    const channel = readyChannel([disk]);
    channel.address(4, 1);
    command(channel, 0x30);
    channel.writeBlock(new Uint8Array(512).fill(0x5a));
    expect(channel.interrupt).toBe(false);
    channel.ready();
    expect(channel.interrupt).toBe(true);
    expect(disk.bytes.subarray(4 * 512, 5 * 512)).toEqual(new Uint8Array(512).fill(0x5a));
  });

  test('takes two words in a 32-bit access', () => {
    const disk = testDisk(100);
    const channel = readyChannel([disk]);
    channel.address(1, 1);
    command(channel, 0x30);
    channel.ready();
    const data = Uint32Array.from({ length: 128 }, (_, at) => 0x80010203 + at * 0x01010101);
    for (const value of data) channel.device.write('data', value >>> 0, 4);
    channel.ready();
    expect(disk.bytes.subarray(512, 1024)).toEqual(new Uint8Array(data.buffer));
  });

  test('leaves the disk alone until the sector is whole', () => {
    const disk = testDisk(100);
    const before = disk.bytes.slice();
    const channel = readyChannel([disk]);
    channel.address(3, 1);
    command(channel, 0x30);
    channel.ready();
    channel.writeBlock(new Uint8Array(510));
    channel.out({ alternateStatusOrControl: 0x04 });
    channel.out({ alternateStatusOrControl: 0x00 });
    channel.ready();
    expect(disk.bytes).toEqual(before);
  });

  test('is refused by a write-protected disk', () => {
    const channel = readyChannel([testDisk(100, false)]);
    channel.address(3, 1);
    command(channel, 0x30);
    channel.ready();
    expect(status(channel)).toBe(0x51);
    expect(channel.device.read('errorOrFeatures')).toBe(0x44);
  });
});

describe('MULTIPLE mode', () => {
  function withBlocksOf(sectors: number, disk = testDisk(sectorsOnDisk)): TestChannel {
    const channel = readyChannel([disk]);
    channel.out({ sectorCount: sectors });
    command(channel, 0xc6);
    channel.ready();
    return channel;
  }

  test('is off at first: its commands are aborted', () => {
    const channel = readyChannel();
    channel.address(0, 1);
    for (const code of [0xc4, 0xc5]) {
      command(channel, code);
      channel.ready();
      expect(status(channel)).toBe(0x51);
      expect(channel.device.read('errorOrFeatures')).toBe(0x04);
    }
  });

  test('takes block sizes that are powers of two up to 16, and is off after any other', () => {
    for (const [sectors, expected] of [
      [1, 0x101],
      [16, 0x110],
      [3, 0],
      [32, 0],
      [0, 0],
    ] as const) {
      const channel = withBlocksOf(sectors);
      expect(channel.status()).toBe(sectors === 3 || sectors === 32 ? 0x51 : 0x50);
      expect(identify(channel)[59]).toBe(expected);
    }
  });

  test('reads in blocks, the last one partial, with one interrupt each', () => {
    const disk = testDisk(sectorsOnDisk);
    const channel = withBlocksOf(4, disk);
    status(channel);
    const edgesBefore = channel.edges;
    channel.address(20, 6);
    command(channel, 0xc4);
    channel.ready();
    status(channel);
    expect(channel.readBlock(4 * 512)).toEqual(disk.bytes.subarray(20 * 512, 24 * 512));
    expect(channel.ready()).toBe(2 * latencyTicks.sector);
    status(channel);
    expect(channel.readBlock(2 * 512)).toEqual(disk.bytes.subarray(24 * 512, 26 * 512));
    expect(channel.status()).toBe(0x50);
    expect(channel.edges - edgesBefore).toBe(2);
  });

  test('writes in blocks, and up to the end of the disk only', () => {
    const disk = testDisk(sectorsOnDisk);
    const channel = withBlocksOf(4, disk);
    channel.address(sectorsOnDisk - 2, 4);
    command(channel, 0xc5);
    channel.ready();
    channel.writeBlock(new Uint8Array(4 * 512).fill(0x77));
    channel.ready();
    expect(status(channel)).toBe(0x51);
    expect(disk.bytes.subarray(-1024)).toEqual(new Uint8Array(1024).fill(0x77));
  });
});
