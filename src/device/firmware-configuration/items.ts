/**
 * What a firmware configuration device holds: numbered items, and files with names among them.
 *
 * Source: QEMU, docs/specs/fw_cfg.rst; the numbers of items from its header for guests (standard-headers/linux/qemu_fw_cfg.h and
 * hw/nvram/fw_cfg_keys.h).
 */
import { assert } from '../../base/assert.js';

/** Items by number. */
export const itemKeys = {
  signature: 0x00,
  id: 0x01,
  uuid: 0x02,
  memoryBytes: 0x03,
  noGraphics: 0x04,
  processors: 0x05,
  kernelAddress: 0x07,
  kernelSize: 0x08,
  initrdAddress: 0x0a,
  initrdSize: 0x0b,
  numaNodes: 0x0d,
  bootMenu: 0x0e,
  processorsMost: 0x0f,
  kernelData: 0x11,
  initrdData: 0x12,
  commandLineAddress: 0x13,
  commandLineSize: 0x14,
  commandLineData: 0x15,
  setupAddress: 0x16,
  setupSize: 0x17,
  setupData: 0x18,
  fileDirectory: 0x19,
  firstFile: 0x20,
  /** Those of this kind of computer have bit 15 set. */
  acpiTables: 0x8000,
  smbiosEntries: 0x8001,
  timerOverride: 0x8002,
} as const;

export type Items = ReadonlyMap<number, Uint8Array>;

/** A file: its name of at most 55 ASCII characters, and its contents. */
export interface ConfigurationFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Most characters of a file's name, and most files. */
export const fileLimits = { nameCharacters: 55, files: 0x3fe0 } as const;

const entryBytes = 64;
const nameAt = 8;

/** A little-endian number of so many bytes. */
export function numberItem(value: number, bytes: 2 | 4 | 8): Uint8Array {
  const item = new Uint8Array(bytes);
  for (let index = 0; index < bytes; index++) item[index] = Math.floor(value / 256 ** index) % 256;
  return item;
}

/** Items with files and their directory added; files are in the order of their names. */
export function withFiles(items: Items, files: readonly ConfigurationFile[]): Items {
  const sorted = [...files].sort((left, right) => (left.name < right.name ? -1 : 1));
  const directory = new Uint8Array(4 + entryBytes * sorted.length);
  const view = new DataView(directory.buffer);
  view.setUint32(0, sorted.length);
  const all = new Map(items);
  sorted.forEach(({ name, bytes }, index) => {
    assert(name.length <= fileLimits.nameCharacters && index < fileLimits.files, 'a file that has a place');
    const at = 4 + entryBytes * index;
    view.setUint32(at, bytes.length);
    view.setUint16(at + 4, itemKeys.firstFile + index);
    directory.set(new TextEncoder().encode(name), at + nameAt);
    all.set(itemKeys.firstFile + index, bytes);
  });
  all.set(itemKeys.fileDirectory, directory);
  return all;
}
