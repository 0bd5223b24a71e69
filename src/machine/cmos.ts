/** What a PC's set-up would have left in the clock's battery-kept memory (IBM PC AT Technical Reference, "CMOS RAM"). */
import { has } from '../cpu/model.js';
import type { FloppyDriveKind } from '../device/floppy/geometry.js';
import { type DiskInPlace, diskBytes } from './disk-set-up.js';
import type { BootDevice, MachineDescription } from './machine.js';

/** Drive types as byte 10h codes them. */
const floppyCodes: Readonly<Record<FloppyDriveKind, number>> = {
  '360K': 1,
  '1.2M': 2,
  '720K': 3,
  '1.44M': 4,
  '2.88M': 5,
};

const kibibyte = 1024;
const mebibyte = 1 << 20;

/** Boot devices by number (1 floppy, 2 disk, 3 CD-ROM, 4 network): two nibbles, the first device lower, and the third. */
const bootOrders: Readonly<Record<BootDevice, { readonly order: number; readonly third?: number }>> = {
  floppy: { order: 0x21 },
  disk: { order: 0x12 },
  cdrom: { order: 0x23, third: 1 },
  network: { order: 0x24, third: 1 },
};

/** Writes the configuration bytes and their checksum through `preset`. */
export function presetMemory(
  description: MachineDescription,
  floppies: readonly (FloppyDriveKind | undefined)[],
  disks: readonly (DiskInPlace | undefined)[],
  preset: (at: number, value: number) => void,
): void {
  const { memoryBytes, boot } = description;
  const bytes = new Map(diskBytes(disks));
  const word = (at: number, value: number): void => {
    bytes.set(at, value & 0xff);
    bytes.set(at + 1, value >> 8);
  };
  const [first, second] = floppies.map((kind) => (kind === undefined ? 0 : floppyCodes[kind]));
  bytes.set(0x10, ((first ?? 0) << 4) | (second ?? 0));
  // A floppy drive, a coprocessor where the processor has one, a display with its own firmware, and how many floppy drives.
  bytes.set(0x14, 0x01 | (has(description.processor, 'fpu') ? 0x02 : 0) | (second ? 0x40 : 0));
  const extended = Math.min((memoryBytes - mebibyte) / kibibyte, 0xffff);
  word(0x15, 640);
  word(0x17, Math.min(extended, 63 * kibibyte));
  word(0x30, Math.min(extended, 63 * kibibyte));
  // Memory above 16 MiB in blocks of 64 KiB, where firmware since the 1990s looks for it.
  word(0x34, Math.max(0, memoryBytes - 16 * mebibyte) / (64 * kibibyte));
  const { order, third } = bootOrders[boot];
  bytes.set(0x3d, order);
  if (third !== undefined) bytes.set(0x38, third << 4);
  let checksum = 0;
  for (let at = 0x10; at < 0x2e; at++) checksum += bytes.get(at) ?? 0;
  bytes.set(0x2e, (checksum >> 8) & 0xff);
  bytes.set(0x2f, checksum & 0xff);
  for (const [at, value] of bytes) preset(at, value);
}
