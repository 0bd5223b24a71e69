import { createDevice } from '../../../src/device/device.js';
import { lsi53c895a } from '../../../src/device/lsi53c895a/lsi53c895a.js';
import { scsiDisk } from '../../../src/device/scsi-disk/scsi-disk.js';
import { testDisk } from '../ata/channel.js';

export const ramBase = 0xfe000000;
export const registerBase = 0xfd000000;
export const scriptAt = 0x1000;

/** An adapter with disks at identifiers 0 and 3, a megabyte of memory, and a driver's habits. */
export function testAdapter() {
  const media = [testDisk(200), testDisk(50)];
  const disks = media.map((medium) =>
    createDevice(scsiDisk, { lines: {}, board: { medium: () => medium, serial: 'T' } }),
  );
  const memory = new Uint8Array(1 << 20);
  const levels = { interrupt: false };
  const device = createDevice(lsi53c895a, {
    lines: { interrupt: (level) => void (levels.interrupt = level) },
    board: {
      memory: {
        read: (at, into) =>
          at + into.length <= memory.length ? into.set(memory.subarray(at, at + into.length)) : into.fill(0xff),
        write: (at, from) => void (at + from.length <= memory.length && memory.set(from, at)),
      },
      target: (id) => (id === 0 ? disks[0]!.operations : id === 3 ? disks[1]!.operations : undefined),
      base: (index) => (index === 2 ? ramBase : registerBase),
    },
  });
  const { readRegister, writeRegister } = device.operations;
  const view = new DataView(memory.buffer);
  return {
    device,
    disks,
    media,
    memory,
    levels,
    read: (at: number, width: 1 | 2 | 4 = 1): number => readRegister(at, width),
    write: (at: number, value: number, width: 1 | 2 | 4 = 1): void => writeRegister(at, value, width),
    put: (at: number, words: readonly number[]): void =>
      words.forEach((word, index) => view.setUint32(at + index * 4, word >>> 0, true)),
    word: (at: number): number => view.getUint32(at, true),
    /** Starts a script at `at` and lets guest time pass until the line rises or nothing will happen any more. */
    run(at = scriptAt, ticksMost = 10_000_000): void {
      writeRegister(0x2c, at, 4);
      this.wait(ticksMost);
    },
    wait(ticksMost = 10_000_000): void {
      for (let left = ticksMost; left > 0 && !levels.interrupt;) {
        const edge = Math.min(device.nextEdge(), left);
        if (edge === Infinity) return;
        device.advance(edge);
        left -= edge;
      }
    },
    /** Enables every interrupt that stops a script. */
    enable(): void {
      writeRegister(0x39, 0x7d, 1);
      writeRegister(0x40, 0x8f, 1);
      writeRegister(0x41, 0x07, 1);
      writeRegister(0x04, 0x47, 1); // RRE, identifier 7.
      writeRegister(0x48, 0x0c, 1);
    },
  };
}
export type TestAdapter = ReturnType<typeof testAdapter>;

/** SCRIPTS instructions, as a driver assembles them. */
export const script = {
  move: (phase: number, bytes: number, address: number): number[] => [0x08000000 | (phase << 24) | bytes, address],
  moveIndirect: (phase: number, bytes: number, address: number): number[] => [
    0x28000000 | (phase << 24) | bytes,
    address,
  ],
  moveTable: (phase: number, offset: number): number[] => [0x18000000 | (phase << 24), offset & 0xffffff],
  select: (id: number, alternative: number): number[] => [0x41000000 | (id << 16), alternative],
  waitDisconnect: [0x48000000, 0],
  waitReselect: (alternative: number): number[] => [0x50000000, alternative],
  clear: (bits: number): number[] => [0x60000000 | bits, 0],
  set: (bits: number): number[] => [0x58000000 | bits, 0],
  jump: (to: number): number[] => [0x80080000, to],
  jumpWhenNot: (phase: number, to: number): number[] => [0x80030000 | (phase << 24), to],
  jumpIfData: (data: number, to: number): number[] => [0x800c0000 | data, to],
  call: (to: number): number[] => [0x88080000, to],
  back: [0x90080000, 0],
  int: (code: number): number[] => [0x98080000, code],
  intFly: (code: number): number[] => [0x98180000, code],
  memoryMove: (bytes: number, from: number, to: number): number[] => [0xc0000000 | bytes, from, to],
  load: (register: number, bytes: number, address: number): number[] => [
    0xe1000000 | (register << 16) | bytes,
    address,
  ],
  store: (register: number, bytes: number, address: number): number[] => [
    0xe0000000 | (register << 16) | bytes,
    address,
  ],
  /** Read, modify, write: register = register (operator) data. */
  modify: (operator: number, register: number, data: number): number[] => [
    0x78000000 | (operator << 24) | ((register & 0x7f) << 16) | (data << 8) | (register & 0x80),
    0,
  ],
  toSfbr: (register: number): number[] => [0x72000000 | ((register & 0x7f) << 16) | (register & 0x80), 0],
} as const;

export const bus = { dataOut: 0, dataIn: 1, command: 2, status: 3, messageOut: 6, messageIn: 7 } as const;
