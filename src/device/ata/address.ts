/**
 * Sector addresses in the command block: LBA of 28 or 48 bits, or cylinder, head and sector (ATA/ATAPI-6 clause 6.2 and
 * 6.9, "Sector addressing", "48-bit Address feature set").
 */
import type { Medium } from '../medium.js';
import {
  type AtaDisk,
  defaultTranslation,
  deviceHeadBit,
  type DriveState,
  isExtended,
  type Translation,
} from './state.js';

/** Sectors reachable by a 28-bit address. */
const lbaSectorsMax = 2 ** 28;

/** Sectors of the disk that SET MAX ADDRESS left visible. */
export const visibleSectors = (drive: DriveState, disk: Medium): number =>
  Math.max(disk.sectors - drive.hiddenSectors, 1);

/** Sectors that a 28-bit address reaches on this disk. */
export const addressableSectors = (drive: DriveState, disk: Medium): number =>
  Math.min(visibleSectors(drive, disk), lbaSectorsMax);

/** The translation of a disk of so many sectors whose maker says no other: at least one cylinder of 16 heads of 63 sectors. */
export function translationOf(sectors: number): Translation {
  const { heads, sectorsPerTrack, cylindersMax } = defaultTranslation;
  const cylinders = Math.floor(sectors / (heads * sectorsPerTrack));
  return { cylinders: Math.min(Math.max(cylinders, 1), cylindersMax), heads, sectorsPerTrack };
}

/** The disk's default translation, as far as its sectors are visible. */
export function nativeTranslation(drive: DriveState, disk: AtaDisk): Translation {
  const sectors = visibleSectors(drive, disk);
  const geometry = disk.details?.geometry;
  if (geometry === undefined) return translationOf(sectors);
  const cylinders = Math.floor(sectors / (geometry.heads * geometry.sectorsPerTrack));
  return { ...geometry, cylinders: Math.max(1, Math.min(geometry.cylinders, cylinders)) };
}

/** The translation in force: the default one, or what INITIALIZE DEVICE PARAMETERS asked for. */
export function currentTranslation(drive: DriveState, disk: AtaDisk): Translation {
  const native = nativeTranslation(drive, disk);
  const { heads, sectorsPerTrack } = drive;
  const isNative = heads === native.heads && sectorsPerTrack === native.sectorsPerTrack;
  if (isNative || sectorsPerTrack === 0) return native;
  const reachableMost = native.heads * native.sectorsPerTrack * defaultTranslation.cylindersMax;
  const reachable = Math.min(visibleSectors(drive, disk), reachableMost);
  const cylinders = Math.min(Math.floor(reachable / (heads * sectorsPerTrack)), 0xffff);
  return { cylinders, heads, sectorsPerTrack };
}

/** The address in the command block as it stands for LBA commands: 48 bits, or 28. */
export function addressedLba(drive: DriveState): number {
  const low = drive.sectorNumber + drive.cylinderLow * 2 ** 8 + drive.cylinderHigh * 2 ** 16;
  if (!isExtended(drive)) return low + (drive.deviceHead & 0x0f) * 2 ** 24;
  const { sectorNumber, cylinderLow, cylinderHigh } = drive.previous;
  return low + (sectorNumber + cylinderLow * 2 ** 8 + cylinderHigh * 2 ** 16) * 2 ** 24;
}

/** The count in the command block: 0 means 256 sectors, or 65536 for a 48-bit command. */
export function addressedCount(drive: DriveState): number {
  if (!isExtended(drive)) return drive.sectorCount === 0 ? 256 : drive.sectorCount;
  const sectors = drive.sectorCount + drive.previous.sectorCount * 256;
  return sectors === 0 ? 65536 : sectors;
}

/** Whether the command block holds a logical block address: 48-bit commands know no other. */
const isLogical = (drive: DriveState): boolean => isExtended(drive) || (drive.deviceHead & deviceHeadBit.LBA) !== 0;

/** The sector that the command block names; undefined when it names none of the translation's. */
export function addressedSector(drive: DriveState, disk: AtaDisk): number | undefined {
  if (isLogical(drive)) {
    const sector = addressedLba(drive);
    return sector < visibleSectors(drive, disk) ? sector : undefined;
  }
  const cylinder = drive.cylinderLow | (drive.cylinderHigh << 8);
  const head = drive.deviceHead & 0x0f;
  const { cylinders, heads, sectorsPerTrack } = currentTranslation(drive, disk);
  const outside =
    drive.sectorNumber < 1 || drive.sectorNumber > sectorsPerTrack || head >= heads || cylinder >= cylinders;
  if (outside) return undefined;
  const sector = (cylinder * heads + head) * sectorsPerTrack + drive.sectorNumber - 1;
  return sector < visibleSectors(drive, disk) ? sector : undefined;
}

/** The first sector behind those that this addressing mode reaches. */
export function sectorLimit(drive: DriveState, disk: AtaDisk): number {
  if (isExtended(drive)) return visibleSectors(drive, disk);
  if (isLogical(drive)) return addressableSectors(drive, disk);
  const { cylinders, heads, sectorsPerTrack } = currentTranslation(drive, disk);
  return Math.min(cylinders * heads * sectorsPerTrack, visibleSectors(drive, disk));
}

/** Writes a logical block address into the command block. */
export function showLba(drive: DriveState, sector: number): void {
  const byte = (index: number): number => Math.floor(sector / 2 ** (8 * index)) & 0xff;
  drive.sectorNumber = byte(0);
  drive.cylinderLow = byte(1);
  drive.cylinderHigh = byte(2);
  if (isExtended(drive)) {
    Object.assign(drive.previous, { sectorNumber: byte(3), cylinderLow: byte(4), cylinderHigh: byte(5) });
  } else drive.deviceHead = (drive.deviceHead & 0xf0) | (byte(3) & 0x0f);
}

/** Writes a sector's address into the command block, in the mode that the host chose. */
export function showSector(drive: DriveState, disk: AtaDisk, sector: number): void {
  if (isLogical(drive)) {
    showLba(drive, sector);
    return;
  }
  const { heads, sectorsPerTrack } = currentTranslation(drive, disk);
  const track = Math.floor(sector / sectorsPerTrack);
  const cylinder = Math.floor(track / heads);
  drive.deviceHead = (drive.deviceHead & 0xf0) | ((track % heads) & 0x0f);
  drive.cylinderHigh = (cylinder >> 8) & 0xff;
  drive.cylinderLow = cylinder & 0xff;
  drive.sectorNumber = ((sector % sectorsPerTrack) + 1) & 0xff;
}

/** Writes the sectors still to come into the count. */
export function showCount(drive: DriveState, sectors: number): void {
  drive.sectorCount = sectors & 0xff;
  if (isExtended(drive)) drive.previous.sectorCount = (sectors >> 8) & 0xff;
}
