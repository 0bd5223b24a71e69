import { describe, expect, test } from 'vitest';
import type { Medium } from '../../../src/device/medium.js';
import { command, identify, readyChannel, status, type TestChannel, testChannel, testDisk } from './channel.js';

/** A disk too big for memory that notes where it is touched. */
function hugeDisk(sectors: number): Medium & { readonly touched: number[] } {
  const touched: number[] = [];
  return {
    sectors,
    writable: true,
    touched,
    read: (sector, into) => {
      touched.push(sector);
      into.fill(sector & 0xff, 0, 512);
    },
    write: (sector) => void touched.push(sector),
  };
}

function address48(channel: TestChannel, lba: number, count: number): void {
  const byte = (index: number): number => Math.floor(lba / 2 ** (8 * index)) & 0xff;
  channel.out({
    deviceHead: 0xe0,
    sectorCount: count >> 8,
    sectorNumber: byte(3),
    cylinderLow: byte(4),
    cylinderHigh: byte(5),
  });
  channel.out({ sectorCount: count & 0xff, sectorNumber: byte(0), cylinderLow: byte(1), cylinderHigh: byte(2) });
}

function shown48(channel: TestChannel): number {
  const read = (): number[] =>
    (['sectorNumber', 'cylinderLow', 'cylinderHigh'] as const).map((name) => channel.device.read(name)!);
  const low = read();
  channel.out({ alternateStatusOrControl: 0x80 });
  const high = read();
  channel.out({ alternateStatusOrControl: 0 });
  return [...low, ...high].reduce((sum, value, index) => sum + value * 2 ** (8 * index), 0);
}

const sectors = 2 ** 32 + 12345;

function huge() {
  const disk = hugeDisk(sectors);
  const channel = testChannel([disk]);
  channel.ready();
  return { disk, channel };
}

describe('48-bit addresses', () => {
  test('reach beyond 2^32 sectors, and show the last sector through HOB', () => {
    const { disk, channel } = huge();
    const first = 2 ** 32 + 77;
    address48(channel, first, 2);
    command(channel, 0x24);
    for (const sector of [first, first + 1]) {
      channel.ready();
      expect(channel.readBlock(512)[0]).toBe(sector & 0xff);
    }
    expect(disk.touched).toEqual([first, first + 1]);
    expect(shown48(channel)).toBe(first + 1);
    expect(status(channel)).toBe(0x50);
  });

  test('carry a count of 16 bits: zero is 65536 sectors', () => {
    const { channel } = huge();
    address48(channel, 5, 0);
    command(channel, 0x42);
    channel.ready();
    expect(status(channel)).toBe(0x50);
    expect(shown48(channel)).toBe(5 + 65535);
  });

  test('end with IDNF at the end of the disk', () => {
    const { channel } = huge();
    address48(channel, sectors, 1);
    command(channel, 0x29);
    channel.ready();
    expect(channel.device.read('errorOrFeatures')).toBe(0x04); // MULTIPLE is off.
    address48(channel, sectors, 1);
    command(channel, 0x34);
    channel.ready();
    expect(channel.device.read('errorOrFeatures')).toBe(0x10);
  });

  test('are in IDENTIFY beside the 28-bit size', () => {
    const words = identify(huge().channel);
    expect(words[60]! + words[61]! * 65536).toBe(2 ** 28);
    expect(words[100]! + words[101]! * 2 ** 16 + words[102]! * 2 ** 32).toBe(sectors);
    expect(words[83]! & 0x2400).toBe(0x2400);
  });

  test('leave HOB by the next write to the command block', () => {
    const channel = readyChannel();
    channel.out({ sectorCount: 1 });
    channel.out({ sectorCount: 2 });
    channel.out({ alternateStatusOrControl: 0x80 });
    expect(channel.device.read('sectorCount')).toBe(1);
    channel.out({ cylinderLow: 0 });
    expect(channel.device.read('sectorCount')).toBe(2);
  });
});

describe('the host protected area', () => {
  test('is made by SET MAX ADDRESS right after READ NATIVE MAX ADDRESS, and hides the end of the disk', () => {
    const channel = readyChannel([testDisk(2000)]);
    const run = (code: number, registers: Parameters<TestChannel['out']>[0] = {}): number => {
      channel.out({ deviceHead: 0xe0, errorOrFeatures: 0, ...registers });
      command(channel, code);
      channel.ready();
      return status(channel);
    };
    expect(run(0xf9, { sectorNumber: 99, cylinderLow: 0, cylinderHigh: 0 })).toBe(0x51);
    expect(run(0xf8)).toBe(0x50);
    expect(channel.device.read('sectorNumber')! + channel.device.read('cylinderLow')! * 256).toBe(1999);
    expect(run(0xf9, { sectorNumber: 99, cylinderLow: 0, cylinderHigh: 0 })).toBe(0x50);
    expect(identify(channel)[60]).toBe(100);
    expect(run(0x40, { sectorNumber: 99, cylinderLow: 0, cylinderHigh: 0, sectorCount: 2 })).toBe(0x51);
    expect(run(0xf8)).toBe(0x50);
    expect(channel.device.read('sectorNumber')! + channel.device.read('cylinderLow')! * 256).toBe(1999);
  });
});

describe('SMART', () => {
  const smart = (channel: TestChannel, feature: number, key = [0x4f, 0xc2]): number => {
    channel.out({ deviceHead: 0xa0, errorOrFeatures: feature, cylinderLow: key[0]!, cylinderHigh: key[1]! });
    command(channel, 0xb0);
    channel.ready();
    return channel.status();
  };

  test('needs its key, and reports a healthy drive', () => {
    const channel = readyChannel();
    expect(smart(channel, 0xda, [0, 0])).toBe(0x51);
    expect(smart(channel, 0xda)).toBe(0x50);
    expect([channel.device.read('cylinderLow'), channel.device.read('cylinderHigh')]).toEqual([0x4f, 0xc2]);
  });

  test('sends data whose bytes sum to zero', () => {
    const channel = readyChannel();
    for (const feature of [0xd0, 0xd1, 0xd5]) {
      expect(smart(channel, feature)).toBe(0x58);
      expect(channel.readBlock(512).reduce((sum, value) => sum + value) & 0xff).toBe(0);
    }
  });

  test('is off after DISABLE until ENABLE', () => {
    const channel = readyChannel();
    expect(smart(channel, 0xd9)).toBe(0x50);
    expect(smart(channel, 0xd0)).toBe(0x51);
    expect(identify(channel)[85]! & 1).toBe(0);
    expect(smart(channel, 0xd8)).toBe(0x50);
    expect(smart(channel, 0xd0)).toBe(0x58);
  });
});
