/** Floppy media and drives: how a medium of a given size is laid out, and in which drive it can be read at which rate. */
import { sectorBytes } from '../medium.js';

/** A medium's layout. Every medium here is MFM with 512-byte sectors numbered from 1 on each track. */
export interface FloppyGeometry {
  readonly kilobytes: number;
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

// prettier-ignore
const geometries: readonly FloppyGeometry[] = [
  { kilobytes: 160,  cylinders: 40, heads: 1, sectorsPerTrack: 8 },
  { kilobytes: 180,  cylinders: 40, heads: 1, sectorsPerTrack: 9 },
  { kilobytes: 320,  cylinders: 40, heads: 2, sectorsPerTrack: 8 },
  { kilobytes: 360,  cylinders: 40, heads: 2, sectorsPerTrack: 9 },
  { kilobytes: 720,  cylinders: 80, heads: 2, sectorsPerTrack: 9 },
  { kilobytes: 1200, cylinders: 80, heads: 2, sectorsPerTrack: 15 },
  { kilobytes: 1440, cylinders: 80, heads: 2, sectorsPerTrack: 18 },
  { kilobytes: 2880, cylinders: 80, heads: 2, sectorsPerTrack: 36 },
];

/** A drive by its biggest medium. */
export type FloppyDriveKind = '360K' | '1.2M' | '720K' | '1.44M' | '2.88M';

/** Data rates in kbit/s by the two rate bits of DSR and CCR (82077AA section 2.1.6). */
export const dataRates = [500, 300, 250, 1000] as const;
export type DataRate = (typeof dataRates)[number];

interface DriveMechanics {
  readonly cylinders: number;
  readonly revolutionsPerMinute: 300 | 360;
  /** The rate at which each medium, by kilobytes, passes under this drive's heads. Others it cannot read. */
  readonly rates: Readonly<Record<number, DataRate>>;
}

const drives: Readonly<Record<FloppyDriveKind, DriveMechanics>> = {
  '360K': { cylinders: 40, revolutionsPerMinute: 300, rates: { 160: 250, 180: 250, 320: 250, 360: 250 } },
  '1.2M': { cylinders: 80, revolutionsPerMinute: 360, rates: { 160: 300, 180: 300, 320: 300, 360: 300, 1200: 500 } },
  '720K': { cylinders: 80, revolutionsPerMinute: 300, rates: { 720: 250 } },
  '1.44M': { cylinders: 80, revolutionsPerMinute: 300, rates: { 720: 250, 1440: 500 } },
  '2.88M': { cylinders: 80, revolutionsPerMinute: 300, rates: { 720: 250, 1440: 500, 2880: 1000 } },
};

/** The layout of a medium of `sectors` sectors; undefined for a size that no drive knows. */
export function floppyGeometry(sectors: number): FloppyGeometry | undefined {
  return geometries.find(({ kilobytes }) => kilobytes * 1024 === sectors * sectorBytes);
}

/**
 * The sectors of the medium that an image of `sectors` sectors stands for: an image of no format's size is the beginning of a
 * 1.44 MB medium, or of a 2.88 MB one. Undefined for an image that is larger than any floppy.
 */
export function floppyCapacity(sectors: number): number | undefined {
  if (floppyGeometry(sectors) !== undefined) return sectors;
  return [2880, 5760].find((capacity) => sectors <= capacity);
}

/** The drive that a PC with this medium has: for `undefined` and for every size that is not a 5.25-inch or 2.88 MB one, 1.44M. */
export function floppyDriveFor(sectors: number | undefined): FloppyDriveKind {
  const kilobytes = sectors === undefined ? undefined : floppyGeometry(sectors)?.kilobytes;
  if (kilobytes === undefined || kilobytes === 720 || kilobytes === 1440) return '1.44M';
  if (kilobytes === 2880) return '2.88M';
  return kilobytes === 1200 ? '1.2M' : '360K';
}

/** Ticks of the chip's clock (3 MHz) in a millisecond. */
export const millisecondTicks = 3000;

/** Ticks of one revolution. */
export const revolutionTicks = (kind: FloppyDriveKind): number =>
  drives[kind].revolutionsPerMinute === 300 ? 200 * millisecondTicks : 500 * (millisecondTicks / 3);

/** A multiple of every drive's revolution: one counter tells every spindle's angle. */
export const rotationTicks = 3_000_000;

/** The furthest cylinder the heads can step to: two beyond the last one in use. */
export const lastCylinder = (kind: FloppyDriveKind): number => drives[kind].cylinders + 1;

/** Ticks of one byte at a rate: 8 bits. */
export const byteTicks = (rate: DataRate): number => (8 * millisecondTicks) / rate;

/** Ticks of one unit of the step rate: a millisecond at 500 kbit/s, longer at lower rates (section 5.2.7, SPECIFY). */
export const stepUnitTicks = (rate: DataRate): number => (500 * millisecondTicks) / rate;

/** A medium as it passes under a drive's heads. */
export interface MediumInDrive {
  readonly geometry: FloppyGeometry;
  readonly rate: DataRate;
  /** 2 when the drive's tracks lie twice as dense as the medium's. */
  readonly cylindersPerTrack: 1 | 2;
}

/** How `kind` reads a medium of `sectors` sectors; undefined when it cannot. */
export function mediumInDrive(kind: FloppyDriveKind, sectors: number): MediumInDrive | undefined {
  const geometry = floppyGeometry(sectors);
  const rate = geometry && drives[kind].rates[geometry.kilobytes];
  if (geometry === undefined || rate === undefined) return undefined;
  return { geometry, rate, cylindersPerTrack: drives[kind].cylinders > geometry.cylinders ? 2 : 1 };
}
