/**
 * Fixed disks as a PC's set-up program finds them: the geometry of their maker, and how firmware is to translate it for
 * callers that know no more than 1024 cylinders.
 *
 * Sources: Phoenix, "BIOS Enhanced Disk Drive Specification" 1.1 (appendix A, translation); Ralf Brown's CMOS memory map
 * (12h, 19h to 2Ch; 39h as Bochs and QEMU have it).
 */
import { translationOf } from '../device/ata/address.js';
import type { Translation } from '../device/ata/state.js';
import { type Medium, sectorBytes } from '../device/medium.js';
import type { DiskGeometry } from './machine.js';

/** A disk in one of the four places of the ATA channels. */
export interface DiskInPlace {
  readonly medium: Medium;
  readonly geometry?: DiskGeometry | undefined;
}

/** Translations by their two bits in byte 39h. */
const translations = { none: 0, lba: 1, large: 2 } as const;

/** Cylinders times heads that the LARGE translation reaches. */
const largeMost = 131_072;
const partitionTable = { at: 446, entries: 4, entryBytes: 16, signatureAt: 510 } as const;
const cylinderLast = 1023;
const userDefinedType = 47;
const noPrecompensation = 0xff;
/** The control byte: no retries, and whether the disk has more than eight heads. */
const control = { noRetries: 0xc0, manyHeads: 0x08 } as const;

/** Heads and sectors per track by which a partition table was made, where one of its partitions ends with a cylinder. */
function partitionedAs({ read }: Medium): Pick<Translation, 'heads' | 'sectorsPerTrack'> | undefined {
  const sector = new Uint8Array(sectorBytes);
  read(0, sector);
  const view = new DataView(sector.buffer);
  if (view.getUint16(partitionTable.signatureAt, true) !== 0xaa55) return undefined;
  for (let entry = 0; entry < partitionTable.entries; entry++) {
    const at = partitionTable.at + entry * partitionTable.entryBytes;
    const heads = sector[at + 5]! + 1;
    const sectorsPerTrack = sector[at + 6]! & 0x3f;
    const cylinder = sector[at + 7]! | ((sector[at + 6]! & 0xc0) << 2);
    const count = view.getUint32(at + 12, true);
    const end = view.getUint32(at + 8, true) + count;
    const [cylinderSectors, cylinders] = [heads * sectorsPerTrack, cylinder + 1];
    // A table holds no cylinder above 1023; what ends behind it is said to end there.
    const ends = cylinder === cylinderLast ? end >= cylinders * cylinderSectors : end === cylinders * cylinderSectors;
    if (count > 0 && sectorsPerTrack > 0 && ends && end % cylinderSectors === 0) return { heads, sectorsPerTrack };
  }
  return undefined;
}

const geometryOf = ({ medium, geometry }: DiskInPlace): Translation => geometry ?? translationOf(medium.sectors);

/** A disk partitioned by its own geometry stays untranslated, however large; else its size decides. */
function translation(disk: DiskInPlace): number {
  const { cylinders, heads, sectorsPerTrack } = geometryOf(disk);
  const table = partitionedAs(disk.medium);
  if (table?.heads === heads && table.sectorsPerTrack === sectorsPerTrack) return translations.none;
  if (table !== undefined && table.heads > 16)
    return cylinders * heads <= largeMost ? translations.large : translations.lba;
  return cylinders <= 1024 ? translations.none : translations.lba;
}

/** The bytes that describe disks, by their place in the clock's memory. Disks in the order of their places. */
export function diskBytes(disks: readonly (DiskInPlace | undefined)[]): ReadonlyMap<number, number> {
  const bytes = new Map<number, number>();
  const [first, second] = disks;
  bytes.set(0x12, (first === undefined ? 0 : 0xf0) | (second === undefined ? 0 : 0x0f));
  for (const [disk, typeAt, at] of [[first, 0x19, 0x1b] as const, [second, 0x1a, 0x24] as const]) {
    if (disk === undefined) continue;
    const { cylinders, heads, sectorsPerTrack } = geometryOf(disk);
    const [low, high] = [cylinders & 0xff, cylinders >> 8];
    const flags = control.noRetries | (heads > 8 ? control.manyHeads : 0);
    const parking = [low, high];
    const described = [low, high, heads, noPrecompensation, noPrecompensation, flags, ...parking, sectorsPerTrack];
    bytes.set(typeAt, userDefinedType);
    described.forEach((value, index) => bytes.set(at + index, value));
  }
  const flags = disks.map((disk, place) => (disk === undefined ? 0 : translation(disk) << (2 * place)));
  bytes.set(
    0x39,
    flags.reduce((sum, value) => sum | value, 0),
  );
  return bytes;
}
