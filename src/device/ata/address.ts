/** Sector addresses in the command block: LBA or cylinder, head and sector (ATA/ATAPI-4 clause 6, "Sector addressing"). */
import type { Medium } from '../medium.js';
import { defaultTranslation, deviceHeadBit, type DriveState } from './state.js';

/** Sectors reachable by a 28-bit address. */
const lbaSectorsMax = 2 ** 28;

/** A translation: cylinders, heads, sectors per track. */
interface Translation {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

/** Sectors that a 28-bit address reaches on this disk. */
export const addressableSectors = (disk: Medium): number => Math.min(disk.sectors, lbaSectorsMax);

/** The disk's default translation: 16 heads of 63 sectors, and at least one cylinder. */
export function nativeTranslation(disk: Medium): Translation {
  const { heads, sectorsPerTrack, cylindersMax } = defaultTranslation;
  const cylinders = Math.floor(disk.sectors / (heads * sectorsPerTrack));
  return { cylinders: Math.min(Math.max(cylinders, 1), cylindersMax), heads, sectorsPerTrack };
}

/** The translation in force: the default one, or what INITIALIZE DEVICE PARAMETERS asked for. */
export function currentTranslation(drive: DriveState, disk: Medium): Translation {
  const native = nativeTranslation(disk);
  const { heads, sectorsPerTrack } = drive;
  if (heads === native.heads && sectorsPerTrack === native.sectorsPerTrack) return native;
  const reachable = Math.min(disk.sectors, native.heads * native.sectorsPerTrack * defaultTranslation.cylindersMax);
  const cylinders = Math.min(Math.floor(reachable / (heads * sectorsPerTrack)), 0xffff);
  return { cylinders, heads, sectorsPerTrack };
}

/** The sector that the command block names; undefined when it names none of the translation's. */
export function addressedSector(drive: DriveState, disk: Medium): number | undefined {
  const cylinder = drive.cylinderLow | (drive.cylinderHigh << 8);
  const head = drive.deviceHead & 0x0f;
  if (drive.deviceHead & deviceHeadBit.LBA) {
    const sector = head * 2 ** 24 + cylinder * 2 ** 8 + drive.sectorNumber;
    return sector < disk.sectors ? sector : undefined;
  }
  const { cylinders, heads, sectorsPerTrack } = currentTranslation(drive, disk);
  const outside =
    drive.sectorNumber < 1 || drive.sectorNumber > sectorsPerTrack || head >= heads || cylinder >= cylinders;
  if (outside) return undefined;
  const sector = (cylinder * heads + head) * sectorsPerTrack + drive.sectorNumber - 1;
  return sector < disk.sectors ? sector : undefined;
}

/** The first sector behind those that this addressing mode reaches. */
export function sectorLimit(drive: DriveState, disk: Medium): number {
  if (drive.deviceHead & deviceHeadBit.LBA) return addressableSectors(disk);
  const { cylinders, heads, sectorsPerTrack } = currentTranslation(drive, disk);
  return Math.min(cylinders * heads * sectorsPerTrack, disk.sectors);
}

/** Writes a sector's address into the command block, in the mode that the host chose. */
export function showSector(drive: DriveState, sector: number): void {
  let [head, cylinder, number] = [Math.floor(sector / 2 ** 24), Math.floor(sector / 2 ** 8), sector];
  if ((drive.deviceHead & deviceHeadBit.LBA) === 0) {
    const track = Math.floor(sector / drive.sectorsPerTrack);
    [head, cylinder, number] = [
      track % drive.heads,
      Math.floor(track / drive.heads),
      (sector % drive.sectorsPerTrack) + 1,
    ];
  }
  drive.deviceHead = (drive.deviceHead & 0xf0) | (head & 0x0f);
  drive.cylinderHigh = (cylinder >> 8) & 0xff;
  drive.cylinderLow = cylinder & 0xff;
  drive.sectorNumber = number & 0xff;
}
