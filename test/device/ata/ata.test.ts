import { describe, expect, test } from 'vitest';
import { latencyTicks } from '../../../src/device/ata/transfer.js';
import {
  command,
  identify,
  readyChannel,
  sectorsOnDisk,
  status,
  type TestChannel,
  testChannel,
  testDisk,
} from './channel.js';

function text(words: Uint16Array): string {
  return [...words].map((word) => String.fromCharCode(word >> 8, word & 0xff)).join('');
}

describe('reset', () => {
  test('keeps both drives busy, then shows the signature of a disk without an interrupt', () => {
    const channel = testChannel([testDisk(100), testDisk(100)]);
    expect(channel.status() & 0x80).toBe(0x80);
    expect(channel.ready()).toBe(latencyTicks.reset);
    const { device } = channel;
    const registers = [
      'errorOrFeatures',
      'sectorCount',
      'sectorNumber',
      'cylinderLow',
      'cylinderHigh',
      'deviceHead',
    ] as const;
    expect(registers.map((register) => device.read(register))).toEqual([1, 1, 1, 0, 0, 0]);
    expect(channel.status()).toBe(0x50);
    expect(channel.edges).toBe(0);
  });

  test('by SRST holds the drives busy until it falls, and forgets a transfer', () => {
    const channel = readyChannel();
    channel.address(0, 2);
    command(channel, 0x20);
    channel.ready();
    channel.out({ alternateStatusOrControl: 0x04 });
    expect(channel.interrupt).toBe(false);
    channel.device.advance(1_000_000);
    expect(channel.status() & 0x88).toBe(0x80);
    channel.out({ alternateStatusOrControl: 0x00 });
    expect(channel.ready()).toBe(latencyTicks.reset);
    expect(channel.status()).toBe(0x50);
    expect(channel.device.read('data', 2)).toBe(0);
  });

  test('by SRST turns MULTIPLE mode off unless SET FEATURES 66h said to keep it', () => {
    const channel = readyChannel();
    const blockAfterReset = (feature: number): number => {
      channel.out({ errorOrFeatures: feature });
      command(channel, 0xef);
      channel.ready();
      channel.out({ sectorCount: 8 });
      command(channel, 0xc6);
      channel.ready();
      channel.out({ alternateStatusOrControl: 0x04 });
      channel.out({ alternateStatusOrControl: 0x00 });
      channel.ready();
      return identify(channel)[59]!;
    };
    expect(blockAfterReset(0x66)).toBe(0x0108);
    expect(blockAfterReset(0xcc)).toBe(0);
  });
});

describe('drives that are absent', () => {
  test('leave a bus that floats but for the line of BSY when there is none', () => {
    const channel = testChannel([]);
    expect(channel.status()).toBe(0x7f);
    channel.out({ sectorCount: 0x55, statusOrCommand: 0xec });
    channel.device.advance(10_000);
    expect(channel.device.read('sectorCount')).toBe(0x7f);
    expect(channel.interrupt).toBe(false);
  });

  test('have drive 0 answer for drive 1 with a Status of zero, and execute no command', () => {
    const channel = readyChannel();
    channel.out({ deviceHead: 0xb0, sectorCount: 0x55 });
    expect(channel.status()).toBe(0);
    expect(channel.device.read('sectorCount')).toBe(0x55);
    command(channel, 0xec);
    channel.device.advance(10_000);
    expect(channel.status()).toBe(0);
    expect(channel.interrupt).toBe(false);
    channel.out({ deviceHead: 0xa0 });
    expect(channel.status()).toBe(0x50);
  });
});

describe('IDENTIFY DEVICE', () => {
  test('names the disk, its geometry and its size', () => {
    const words = identify(readyChannel());
    expect(text(words.subarray(27, 47)).trim()).toBe('TSVM DISK');
    expect(text(words.subarray(10, 20)).trim()).toBe('TSVM0');
    expect([words[1], words[3], words[6]]).toEqual([4, 16, 63]);
    expect([words[4], words[5]]).toEqual([63 * 512, 512]); // Of the first standard, as word 80 says it has that one.
    expect(words[60]! | (words[61]! << 16)).toBe(sectorsOnDisk);
    expect(words[57]! | (words[58]! << 16)).toBe(4 * 16 * 63);
    expect(words[47]! & 0xff).toBe(16);
    expect(words[49]! & 0x0300).toBe(0x0300); // LBA and DMA.
    expect(words[0]! & 0x8000).toBe(0);
  });

  test('interrupts once, when the block is ready, and ends after 256 words', () => {
    const channel = readyChannel();
    command(channel, 0xec);
    expect(channel.status() & 0x88).toBe(0x80);
    expect(channel.ready()).toBe(latencyTicks.access);
    expect(channel.interrupt).toBe(true);
    expect(status(channel)).toBe(0x58);
    expect(channel.interrupt).toBe(false);
    channel.readBlock(510);
    expect(channel.status()).toBe(0x58);
    channel.readBlock(2);
    expect(channel.status()).toBe(0x50);
    expect(channel.edges).toBe(1);
  });

  test('tells the two drives apart', () => {
    const channel = readyChannel([testDisk(2000), testDisk(5000)]);
    expect(text(identify(channel, 1).subarray(10, 20)).trim()).toBe('TSVM1');
    expect(identify(channel, 1)[60]).toBe(5000);
    expect(identify(channel, 0)[60]).toBe(2000);
  });

  test('says what the maker says, and goes by his geometry until told another', () => {
    const geometry = { cylinders: 100, heads: 4, sectorsPerTrack: 10 };
    const disk = testDisk(4000);
    const details = { geometry, serialNumber: 'SN 7', firmwareRevision: '2.5' };
    const channel = testChannel([{ ...disk, details }]);
    channel.ready();
    const words = identify(channel);
    expect([words[1], words[3], words[6]]).toEqual([100, 4, 10]);
    expect([words[54], words[55], words[56]]).toEqual([100, 4, 10]);
    expect([text(words.subarray(10, 20)).trim(), text(words.subarray(23, 27)).trim()]).toEqual(['SN 7', '2.5']);
    channel.out({
      deviceHead: 0xa1,
      cylinderLow: 2,
      cylinderHigh: 0,
      sectorNumber: 3,
      sectorCount: 1,
      statusOrCommand: 0x20,
    });
    channel.ready();
    const sector = (2 * 4 + 1) * 10 + 2;
    expect(channel.device.read('data', 2)! & 0xff).toBe(disk.bytes[sector * 512]);
  });

  test('reports no more than 16383 cylinders of a big disk', () => {
    const big = { sectors: 2 ** 27, writable: true, read: () => {}, write: () => {} };
    const channel = testChannel([big]);
    channel.ready();
    const words = identify(channel);
    expect([words[1], words[54]]).toEqual([16383, 16383]);
    expect(words[60]! + words[61]! * 65536).toBe(2 ** 27);
  });
});

describe('commands without data', () => {
  const run = (channel: TestChannel, code: number): readonly [number, number] => {
    command(channel, code);
    channel.ready();
    expect(channel.interrupt).toBe(true);
    return [status(channel), channel.device.read('errorOrFeatures')!];
  };
  const fine = [0x50, 0];
  const aborted = [0x51, 0x04];

  test.each([0x10, 0x1f, 0xe7, 0xe0, 0xe1, 0xe2, 0xe3])('0x%s ends ready', (code) => {
    expect(run(readyChannel(), code)).toEqual(fine);
  });

  test.each([0x00, 0x08, 0x22, 0xa0, 0xa1, 0xb0, 0xf1, 0xf9, 0xff])('%i is aborted', (code) => {
    expect(run(readyChannel(), code)).toEqual(aborted);
  });

  test('READ VERIFY and SEEK know the end of the disk', () => {
    const channel = readyChannel();
    channel.address(sectorsOnDisk - 2, 2);
    expect(run(channel, 0x40)).toEqual(fine);
    channel.address(sectorsOnDisk - 2, 3);
    expect(run(channel, 0x40)).toEqual([0x51, 0x10]);
    channel.address(sectorsOnDisk - 1, 1);
    expect(run(channel, 0x70)).toEqual(fine);
    channel.address(sectorsOnDisk, 1);
    expect(run(channel, 0x70)).toEqual([0x51, 0x10]);
  });

  test('INITIALIZE DEVICE PARAMETERS changes the translation that CHS addresses use', () => {
    const disk = testDisk(sectorsOnDisk);
    const channel = readyChannel([disk]);
    channel.out({ deviceHead: 0xa3, sectorCount: 17 });
    expect(run(channel, 0x91)).toEqual(fine);
    const words = identify(channel);
    expect([words[54], words[55], words[56]]).toEqual([Math.floor(sectorsOnDisk / (4 * 17)), 4, 17]);
    channel.out({ deviceHead: 0xa2, cylinderLow: 5, cylinderHigh: 0, sectorNumber: 3, sectorCount: 1 });
    command(channel, 0x20);
    channel.ready();
    const sector = (5 * 4 + 2) * 17 + 2;
    expect(channel.readBlock(512)).toEqual(disk.bytes.subarray(sector * 512, sector * 512 + 512));
    channel.out({ deviceHead: 0xa4, sectorCount: 1 });
    expect(run(channel, 0x40)).toEqual([0x51, 0x10]); // Heads are 0 to 3 now.
    channel.out({ sectorCount: 0 });
    expect(run(channel, 0x91)).toEqual(aborted);
  });

  test('SET FEATURES knows its caches and PIO modes and aborts the rest', () => {
    const channel = readyChannel();
    const set = (features: number, sectorCount = 0): readonly [number, number] => {
      channel.out({ errorOrFeatures: features, sectorCount });
      return run(channel, 0xef);
    };
    expect(set(0x82)).toEqual(fine);
    expect(identify(channel)[85]! & 0x60).toBe(0x40);
    expect(set(0x02)).toEqual(fine);
    expect(set(0x55)).toEqual(fine);
    expect(identify(channel)[85]! & 0x60).toBe(0x20);
    expect(set(0x03, 0x0c)).toEqual(fine);
    expect(set(0x03, 0x20)).toEqual(fine);
    expect(identify(channel)[63]).toBe(0x0107);
    expect(set(0x03, 0x45)).toEqual(fine);
    expect([identify(channel)[63], identify(channel)[88]]).toEqual([0x0007, 0x203f]);
    expect(set(0x03, 0x46)).toEqual(aborted);
    expect(set(0x99)).toEqual(aborted);
  });

  test('CHECK POWER MODE follows IDLE, STANDBY and the next access', () => {
    const channel = readyChannel();
    const mode = (): number => {
      run(channel, 0xe5);
      return channel.device.read('sectorCount')!;
    };
    expect(mode()).toBe(0xff);
    run(channel, 0xe0);
    expect(mode()).toBe(0x00);
    run(channel, 0xe1);
    expect(mode()).toBe(0x80);
    channel.address(0, 1);
    run(channel, 0x40);
    expect(mode()).toBe(0xff);
  });

  test('SLEEP is left by a reset only', () => {
    const channel = readyChannel();
    run(channel, 0xe6);
    command(channel, 0xec);
    expect(channel.status()).toBe(0x50);
    channel.out({ alternateStatusOrControl: 0x04 });
    channel.out({ alternateStatusOrControl: 0x00 });
    channel.ready();
    expect(identify(channel)[0]).toBe(0x40);
  });

  test('EXECUTE DEVICE DIAGNOSTIC passes on both drives and interrupts once, for drive 0', () => {
    const channel = readyChannel([testDisk(100), testDisk(100)]);
    channel.out({ deviceHead: 0xb0 });
    command(channel, 0x90);
    expect(channel.ready()).toBe(latencyTicks.diagnostic);
    expect(channel.edges).toBe(1);
    expect(channel.device.read('errorOrFeatures')).toBe(1);
    expect(channel.device.read('deviceHead')).toBe(0);
    channel.out({ deviceHead: 0xb0 });
    expect(channel.interrupt).toBe(false);
    expect(channel.device.read('errorOrFeatures')).toBe(1);
  });

  test('READ BUFFER gives back what WRITE BUFFER put there', () => {
    const channel = readyChannel();
    const data = Uint8Array.from({ length: 512 }, (_, at) => (at * 5) & 0xff);
    command(channel, 0xe8);
    channel.ready();
    channel.writeBlock(data);
    channel.ready();
    expect(status(channel)).toBe(0x50);
    command(channel, 0xe4);
    channel.ready();
    expect(channel.readBlock(512)).toEqual(data);
  });
});

describe('the interrupt', () => {
  test('is withdrawn by Status, not by Alternate Status, and masked by nIEN', () => {
    const channel = readyChannel();
    command(channel, 0xe7);
    channel.ready();
    channel.status();
    expect(channel.interrupt).toBe(true);
    channel.out({ alternateStatusOrControl: 0x02 });
    expect(channel.interrupt).toBe(false);
    channel.out({ alternateStatusOrControl: 0x00 });
    expect(channel.interrupt).toBe(true);
    status(channel);
    expect(channel.interrupt).toBe(false);
  });

  test('belongs to the drive that has it: selecting the other withdraws it', () => {
    const channel = readyChannel([testDisk(100), testDisk(100)]);
    command(channel, 0xe7);
    channel.ready();
    expect(channel.interrupt).toBe(true);
    channel.out({ deviceHead: 0xb0 });
    expect(channel.interrupt).toBe(false);
    channel.out({ deviceHead: 0xa0 });
    expect(channel.interrupt).toBe(true);
  });

  test('is withdrawn by the next command', () => {
    const channel = readyChannel();
    command(channel, 0xe7);
    channel.ready();
    command(channel, 0xe7);
    expect(channel.interrupt).toBe(false);
  });
});

describe('a busy drive', () => {
  test('takes no registers and no command', () => {
    const channel = readyChannel();
    channel.address(5, 1);
    command(channel, 0x20);
    channel.out({ sectorNumber: 99, statusOrCommand: 0xec });
    channel.ready();
    expect(channel.device.read('sectorNumber')).toBe(5);
    expect(channel.readBlock(512)[0]).toBe(15);
  });
});
