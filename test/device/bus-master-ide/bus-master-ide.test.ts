import { describe, expect, test } from 'vitest';
import { ata } from '../../../src/device/ata/ata.js';
import { busMasterIde } from '../../../src/device/bus-master-ide/bus-master-ide.js';
import { createDevice, type Drive } from '../../../src/device/device.js';
import { testDisk } from '../ata/channel.js';

/** A channel with a disk, a bus master, and a megabyte of memory. */
function rig(writable = true) {
  const disk = testDisk(200, writable);
  const memory = new Uint8Array(1 << 20);
  const wires: { request: Drive; interrupt: Drive } = { request: () => {}, interrupt: () => {} };
  const levels = { interrupt: false };
  const channel = createDevice(ata, {
    lines: {
      interrupt(level) {
        levels.interrupt = level;
        wires.interrupt(level);
      },
      dmaRequest: (level) => wires.request(level),
    },
    board: { drive: (unit) => (unit === 0 ? disk : undefined) },
  });
  const { operations } = channel;
  const partner = {
    request: () => operations.dmaRequest(),
    toHost: (into: Uint8Array) => operations.dmaToHost(into),
    fromHost: (from: Uint8Array) => operations.dmaFromHost(from),
    stop: () => operations.stopDma(),
  };
  const master = createDevice(busMasterIde, {
    lines: {},
    board: {
      memory: {
        read: (at, into) => into.set(memory.subarray(at, at + into.length)),
        write: (at, from) => memory.set(from, at),
      },
      channel: () => partner,
    },
  });
  wires.request = (level) => master.input('dmaRequest0', level);
  wires.interrupt = (level) => master.input('interrupt0', level);
  channel.advance(2000);
  const { readRegister, writeRegister } = master.operations;
  return {
    disk,
    memory,
    channel,
    levels,
    master,
    readRegister,
    writeRegister,
    status: (): number => readRegister(2, 1),
    ataStatus: (): number => channel.read('alternateStatusOrControl')!,
    table(at: number, regions: readonly (readonly [address: number, bytes: number])[]): void {
      const view = new DataView(memory.buffer);
      regions.forEach(([address, bytes], index) => {
        view.setUint32(at + index * 8, address, true);
        view.setUint32(at + index * 8 + 4, (bytes & 0xffff) + (index === regions.length - 1 ? 0x80000000 : 0), true);
      });
      writeRegister(0, 0, 1);
      writeRegister(2, 0x06, 1);
      writeRegister(4, at, 4);
    },
    command(code: number, sector: number, sectors: number): void {
      channel.write('deviceHead', 0xe0);
      channel.write('sectorCount', sectors);
      channel.write('sectorNumber', sector);
      channel.write('cylinderLow', 0);
      channel.write('cylinderHigh', 0);
      channel.write('statusOrCommand', code);
    },
  };
}

describe('a transfer by the bus master', () => {
  test('reads sectors into scattered regions, and ends with an interrupt and without "active"', () => {
    const { disk, memory, channel, levels, status, ataStatus, table, command, writeRegister } = rig();
    table(0x1000, [
      [0x8000, 700],
      [0x20000, 40 * 512 - 700],
    ]);
    command(0xc8, 3, 40);
    writeRegister(0, 0x09, 1);
    expect(status()).toBe(1);
    channel.advance(100 + 39 * 20 + 10);
    expect(status()).toBe(4);
    expect(levels.interrupt).toBe(true);
    expect(ataStatus()).toBe(0x50);
    const expected = disk.bytes.subarray(3 * 512, 43 * 512);
    expect(memory.subarray(0x8000, 0x8000 + 700)).toEqual(expected.subarray(0, 700));
    expect(memory.subarray(0x20000, 0x20000 + 40 * 512 - 700)).toEqual(expected.subarray(700));
    writeRegister(2, 0x04, 1);
    expect(status()).toBe(0);
  });

  test('writes sectors from memory, also when it is started before the command', () => {
    const { disk, memory, channel, status, table, command, writeRegister } = rig();
    for (let at = 0; at < 20 * 512; at++) memory[0x4000 + at] = (at * 13) & 0xff;
    table(0x1000, [[0x4000, 20 * 512]]);
    writeRegister(0, 0x01, 1);
    command(0xca, 10, 20);
    channel.advance(10_000);
    expect(status()).toBe(4);
    expect(disk.bytes.subarray(10 * 512, 30 * 512)).toEqual(memory.subarray(0x4000, 0x4000 + 20 * 512));
  });

  test('shows both bits when the table is longer than the transfer', () => {
    const { channel, status, table, command, writeRegister } = rig();
    table(0x1000, [[0x4000, 0x1000]]);
    command(0xc8, 0, 1);
    writeRegister(0, 0x09, 1);
    channel.advance(1000);
    expect(status()).toBe(5);
  });

  test.each([16, 512])('shows neither when a table of %i bytes is shorter, and the command just ends', (bytes) => {
    const { channel, levels, status, ataStatus, table, command, writeRegister } = rig();
    table(0x1000, [[0x4000, bytes]]);
    command(0xc8, 0, 40);
    writeRegister(0, 0x09, 1);
    channel.advance(10_000);
    expect(status()).toBe(0);
    expect(ataStatus()).toBe(0x50);
    expect(levels.interrupt).toBe(false);
  });

  test('is given up when it is stopped before its end', () => {
    const { channel, status, ataStatus, table, command, writeRegister, memory } = rig();
    table(0x1000, [[0x4000, 512]]);
    command(0xc8, 1, 1);
    writeRegister(0, 0x09, 1);
    writeRegister(0, 0x00, 1);
    channel.advance(10_000);
    expect(status()).toBe(0);
    expect(ataStatus()).toBe(0x50);
    expect(memory.subarray(0x4000, 0x4200).every((value) => value === 0)).toBe(true);
  });

  test('moves 64 KiB for a count of zero', () => {
    const { disk, memory, channel, status, table, command, writeRegister } = rig();
    table(0x1000, [[0x10000, 0]]);
    command(0xc8, 0, 128);
    writeRegister(0, 0x09, 1);
    channel.advance(10_000);
    expect(status()).toBe(4);
    expect(memory.subarray(0x10000, 0x20000)).toEqual(disk.bytes.subarray(0, 0x10000));
  });

  test('waits when its direction is the other one', () => {
    const { channel, status, ataStatus, table, command, writeRegister } = rig();
    table(0x1000, [[0x4000, 512]]);
    command(0xc8, 0, 1);
    writeRegister(0, 0x01, 1);
    channel.advance(10_000);
    expect(status()).toBe(1);
    expect(ataStatus() & 0x88).toBe(0x08);
  });

  test('of a write to a protected disk ends with its error', () => {
    const { channel, ataStatus, status, table, command, writeRegister } = rig(false);
    table(0x1000, [[0x4000, 512]]);
    command(0xca, 0, 1);
    writeRegister(0, 0x01, 1);
    channel.advance(10_000);
    expect(ataStatus()).toBe(0x51);
    expect(status()).toBe(5);
  });
});

describe('the registers', () => {
  test('keep the table pointer dword aligned and the capability bits as written', () => {
    const { readRegister, writeRegister } = rig();
    writeRegister(4, 0x12345677, 4);
    expect(readRegister(4, 4)).toBe(0x12345674);
    writeRegister(5, 0xaa, 1);
    expect(readRegister(4, 2)).toBe(0xaa74);
    writeRegister(2, 0x60, 1);
    expect(readRegister(2, 1)).toBe(0x60);
    writeRegister(10, 0x20, 1);
    expect(readRegister(8, 4)).toBe(0x00200000);
  });
});
