import { describe, expect, test } from 'vitest';
import { ata } from '../../../src/device/ata/ata.js';
import { testDisc, testDrive } from '../optical-drive/disc.js';
import { command, status, testChannel, testDisk } from './channel.js';

const reason = { command: 1, dataIn: 2, status: 3 };

/** A channel with a CD-ROM as drive 0 and a disk as drive 1. */
function rig() {
  const drive = testDrive();
  const channel = testChannel([undefined, testDisk(100)], [drive.device.operations, undefined]);
  channel.ready();
  channel.out({ deviceHead: 0xa0 });
  return { channel, drive };
}

function sendPacket({ channel }: ReturnType<typeof rig>, packet: readonly number[], limit = 0xffff, dma = false): void {
  channel.out({ errorOrFeatures: dma ? 1 : 0, cylinderLow: limit & 0xff, cylinderHigh: limit >> 8 });
  command(channel, 0xa0);
  channel.ready();
  expect(channel.status()).toBe(0x58);
  expect(channel.device.read('sectorCount')).toBe(reason.command);
  channel.writeBlock(Uint8Array.from({ length: 12 }, (_, at) => packet[at] ?? 0));
}

describe('a packet device', () => {
  test('shows its signature after a reset and when it refuses disk commands', () => {
    const { channel } = rig();
    const signature = (): unknown[] =>
      (['sectorCount', 'sectorNumber', 'cylinderLow', 'cylinderHigh'] as const).map((name) =>
        channel.device.read(name),
      );
    expect(signature()).toEqual([1, 1, 0x14, 0xeb]);
    expect(channel.status()).toBe(0);
    for (const code of [0xec, 0x20]) {
      channel.out({ sectorCount: 9, cylinderLow: 9, cylinderHigh: 9 });
      command(channel, code);
      channel.ready();
      expect(status(channel) & 1).toBe(1);
      expect(signature()).toEqual([1, 1, 0x14, 0xeb]);
    }
  });

  test('answers for an absent drive 1 with zero in every register, whatever was written, and before and after a reset', () => {
    const channel = testChannel([], [testDrive().device.operations]);
    const registers = Object.keys(ata.registers) as (keyof typeof ata.registers)[];
    const answers = (): unknown[] => registers.map((name) => channel.device.read(name));
    channel.ready();
    channel.out({ deviceHead: 0xb0, sectorCount: 0x55, sectorNumber: 0xaa, cylinderLow: 0x14, cylinderHigh: 0xeb });
    expect(answers()).toEqual(registers.map(() => 0));
    for (const code of [0xec, 0xa1, 0xa0]) {
      command(channel, code);
      channel.device.advance(10_000);
      expect(answers()).toEqual(registers.map(() => 0));
    }
    channel.out({ alternateStatusOrControl: 0x04 });
    channel.out({ alternateStatusOrControl: 0x00 });
    channel.device.advance(10_000);
    channel.out({ deviceHead: 0xb0 });
    expect(answers()).toEqual(registers.map(() => 0));
    channel.out({ deviceHead: 0xa0 });
    expect(channel.device.read('cylinderHigh')).toBe(0xeb);
    expect(channel.interrupt).toBe(false);
  });

  test('identifies itself', () => {
    const { channel } = rig();
    command(channel, 0xa1);
    channel.ready();
    const words = new Uint16Array(channel.readBlock(512).buffer);
    expect(words[0]).toBe(0x85c0);
    expect(words[82]! & 0x0210).toBe(0x0210);
  });

  test('takes a packet and gives the data in blocks within the limit, each with an interrupt', () => {
    const target = rig();
    const { channel } = target;
    sendPacket(target, [0x28, 0, 0, 0, 0, 2, 0, 0, 3], 2500);
    const lengths: number[] = [];
    const data: number[] = [];
    for (channel.ready(); channel.status() & 0x08; channel.ready()) {
      expect(channel.interrupt).toBe(true);
      expect(status(channel)).toBe(0x58);
      expect(channel.device.read('sectorCount')).toBe(reason.dataIn);
      const length = channel.device.read('cylinderLow')! + channel.device.read('cylinderHigh')! * 256;
      lengths.push(length);
      data.push(...channel.readBlock(length));
    }
    expect(lengths).toEqual([2500, 2500, 1144]);
    expect(Uint8Array.from(data)).toEqual(testDisc(160).bytes.subarray(2 * 2048, 5 * 2048));
    expect(channel.interrupt).toBe(true);
    expect(channel.device.read('sectorCount')).toBe(reason.status);
    expect(status(channel)).toBe(0x50);
  });

  test('sends a block larger than its buffer in one piece', () => {
    const target = rig();
    const { channel } = target;
    sendPacket(target, [0x28, 0, 0, 0, 0, 0, 0, 0, 20], 0xffff);
    channel.ready();
    const edges = channel.edges;
    expect(channel.device.read('cylinderLow')! + channel.device.read('cylinderHigh')! * 256).toBe(20 * 2048);
    expect(channel.readBlock(20 * 2048)).toEqual(testDisc(160).bytes.slice(0, 20 * 2048));
    channel.ready();
    expect(channel.edges).toBe(edges);
    expect(channel.interrupt).toBe(true);
    expect(channel.status()).toBe(0x50);
  });

  test('puts the sense key into the Error register when a command fails', () => {
    const target = rig();
    sendPacket(target, [0x28, 0, 0, 0, 0, 200, 0, 0, 1]);
    target.channel.ready();
    expect(status(target.channel)).toBe(0x51);
    expect(target.channel.device.read('errorOrFeatures')).toBe(0x50);
  });

  test('takes parameter lists', () => {
    const target = rig();
    const list = Uint8Array.from([...new Array<number>(8).fill(0), 0x01, 6, 0, 3, 0, 0, 0, 0]);
    sendPacket(target, [0x55, 0x10, 0, 0, 0, 0, 0, 0, list.length]);
    target.channel.ready();
    expect(target.channel.device.read('sectorCount')).toBe(0);
    target.channel.writeBlock(list);
    target.channel.ready();
    expect(status(target.channel)).toBe(0x50);
    expect(target.drive.device.state.errorRecovery[1]).toBe(3);
  });

  test('gives up its command at DEVICE RESET, even while it is busy, and leaves the other drive alone', () => {
    const target = rig();
    const { channel } = target;
    sendPacket(target, [0x28, 0, 0, 0, 0, 0, 0, 0, 3]);
    expect(channel.status() & 0x80).toBe(0x80);
    command(channel, 0x08);
    channel.ready();
    expect(channel.status()).toBe(0);
    expect(channel.device.read('cylinderHigh')).toBe(0xeb);
    expect(channel.interrupt).toBe(false);
  });

  test('asks for DMA instead of the host when the packet came with the DMA feature', () => {
    const target = rig();
    const { channel } = target;
    sendPacket(target, [0x28, 0, 0, 0, 0, 1, 0, 0, 5], 0, true);
    const data: number[] = [];
    const { operations } = channel.device;
    for (;;) {
      channel.ready();
      const request = operations.dmaRequest();
      if (request === undefined) break;
      expect(request.toHost).toBe(true);
      const into = new Uint8Array(request.bytes);
      operations.dmaToHost(into);
      data.push(...into);
    }
    expect(Uint8Array.from(data)).toEqual(testDisc(160).bytes.subarray(2048, 6 * 2048));
    expect(channel.interrupt).toBe(true);
    expect(status(channel)).toBe(0x50);
  });
});
