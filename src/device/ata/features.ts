/** Settings of a drive: SET FEATURES, SET MULTIPLE MODE, SMART, the host protected area (ATA/ATAPI-6 clauses 6.10, 6.14, 8). */
import { sectorBytes } from '../medium.js';
import { addressedLba, showLba, visibleSectors } from './address.js';
import {
  type AtaContext,
  diskOf,
  driveOf,
  type DriveState,
  errorBit,
  isExtended,
  multipleSectorsMax,
} from './state.js';

const ultraDma = { first: 0x40, last: 0x45 } as const;
const multiwordDma = { first: 0x20, last: 0x22 } as const;
const flowControlled = { first: 0x08, last: 0x0c } as const;
const within = (mode: number, { first, last }: { first: number; last: number }): boolean =>
  mode >= first && mode <= last;

/** SET FEATURES 03h: the default PIO modes, PIO with flow control to mode 4, multiword DMA to mode 2, Ultra DMA to mode 5. */
function setTransferMode(drive: DriveState): number {
  const mode = drive.sectorCount;
  const isDma = within(mode, multiwordDma) || within(mode, ultraDma);
  if (!isDma && mode > 0x01 && !within(mode, flowControlled)) return errorBit.ABRT;
  if (isDma) drive.transferMode = mode; // A PIO mode leaves the chosen DMA mode as it is.
  return 0;
}

/** SET FEATURES by its subcommand; anything it does not know is aborted. Gives what goes into the Error register. */
export function setFeatures(context: AtaContext, unit: number): number {
  const drive = driveOf(context, unit);
  const isDisk = diskOf(context, unit) !== undefined;
  switch (drive.features) {
    case 0x03:
      return setTransferMode(drive);
    case 0x66:
    case 0xcc:
      drive.keepFeatures = drive.features === 0x66;
      return 0;
    case 0x02:
    case 0x82:
      if (!isDisk) return errorBit.ABRT;
      drive.writeCache = drive.features === 0x02;
      return 0;
    case 0x55:
    case 0xaa:
      if (!isDisk) return errorBit.ABRT;
      drive.lookAhead = drive.features === 0xaa;
      return 0;
    default:
      return errorBit.ABRT;
  }
}

/** The words of IDENTIFY that tell the transfer modes: bit n for mode n, bit n + 8 for the chosen one. */
export function transferModeWords(drive: DriveState): { multiword: number; ultra: number } {
  const chosen = (range: typeof ultraDma | typeof multiwordDma): number =>
    within(drive.transferMode, range) ? 0x100 << (drive.transferMode - range.first) : 0;
  return { multiword: 0x07 | chosen(multiwordDma), ultra: 0x3f | chosen(ultraDma) };
}

export function setMultiple(drive: DriveState): number {
  const sectors = drive.sectorCount;
  const supported = sectors <= multipleSectorsMax && (sectors & (sectors - 1)) === 0; // Zero turns the mode off.
  drive.multipleSectors = supported ? sectors : 0;
  return supported ? 0 : errorBit.ABRT;
}

export function initializeParameters(drive: DriveState): number {
  if (drive.sectorCount === 0) return errorBit.ABRT;
  drive.heads = (drive.deviceHead & 0x0f) + 1;
  drive.sectorsPerTrack = drive.sectorCount;
  return 0;
}

/** READ NATIVE MAX ADDRESS (EXT): the last sector of the whole disk, as far as the address reaches. */
export function readNativeMax(context: AtaContext, unit: number): number {
  const drive = driveOf(context, unit);
  const last = diskOf(context, unit)!.sectors - 1;
  showLba(drive, isExtended(drive) ? last : Math.min(last, 2 ** 28 - 1));
  drive.nativeMaxRead = true;
  return 0;
}

/** SET MAX ADDRESS (EXT): the last sector that stays visible; only right after READ NATIVE MAX ADDRESS. */
export function setMaxAddress(context: AtaContext, unit: number): number {
  const drive = driveOf(context, unit);
  const { sectors } = diskOf(context, unit)!;
  if (!drive.nativeMaxRead || (!isExtended(drive) && drive.features !== 0)) return errorBit.ABRT;
  drive.nativeMaxRead = false;
  const last = addressedLba(drive);
  if (last >= sectors) return errorBit.IDNF;
  drive.hiddenSectors = sectors - 1 - last;
  showLba(drive, visibleSectors(drive, diskOf(context, unit)!) - 1);
  return 0;
}

/** SMART subcommands by the Features register; those with a sector of data to the host, and from it. */
const smart = {
  readData: 0xd0,
  readThresholds: 0xd1,
  autosave: 0xd2,
  saveAttributes: 0xd3,
  executeOffline: 0xd4,
  readLog: 0xd5,
  enable: 0xd8,
  disable: 0xd9,
  returnStatus: 0xda,
} as const;

/** Whether SMART is going to send a sector. */
export const smartSendsData = (drive: DriveState): boolean =>
  drive.smartEnabled &&
  isSmartKey(drive) &&
  (drive.features === smart.readData || drive.features === smart.readThresholds || drive.features === smart.readLog);

const isSmartKey = (drive: DriveState): boolean => drive.cylinderLow === 0x4f && drive.cylinderHigh === 0xc2;

/** SMART subcommands without data. */
export function smartCommand(drive: DriveState): number {
  if (!isSmartKey(drive)) return errorBit.ABRT;
  if (drive.features === smart.enable) {
    drive.smartEnabled = true;
    return 0;
  }
  if (!drive.smartEnabled) return errorBit.ABRT;
  switch (drive.features) {
    case smart.disable:
      drive.smartEnabled = false;
      return 0;
    case smart.autosave:
      drive.smartAutosave = drive.sectorCount !== 0;
      return 0;
    case smart.returnStatus: // The key stays as it is: no threshold was exceeded.
    case smart.saveAttributes:
    case smart.executeOffline:
      return 0;
    default:
      return errorBit.ABRT;
  }
}

/** Attributes of a drive that never fails: identifier, flags, value, worst, threshold, raw. */
const attributes = [
  { id: 1, flags: 0x0003, value: 100, threshold: 6, raw: 0 }, // Raw read error rate.
  { id: 3, flags: 0x0003, value: 100, threshold: 0, raw: 0 }, // Spin-up time.
  { id: 4, flags: 0x0002, value: 100, threshold: 20, raw: 1 }, // Start and stop count.
  { id: 5, flags: 0x0003, value: 100, threshold: 36, raw: 0 }, // Reallocated sectors.
  { id: 9, flags: 0x0003, value: 100, threshold: 0, raw: 1 }, // Power-on hours.
  { id: 12, flags: 0x0003, value: 100, threshold: 0, raw: 1 }, // Power cycles.
  { id: 190, flags: 0x0003, value: 69, threshold: 50, raw: 31 }, // Airflow temperature, in degrees.
] as const;

/** Fills `into` with the sector that SMART READ DATA, READ THRESHOLDS or READ LOG sends. */
export function smartData(drive: DriveState, into: Uint8Array): void {
  into.fill(0, 0, sectorBytes);
  if (drive.features === smart.readLog) {
    into[0] = 1; // Version of the directory, of the empty error log and of the empty self-test log.
    if (drive.sectorNumber === 0) {
      into[2] = 1; // One sector of log 1,
      into[12] = 1; // and of log 6.
    }
  } else {
    into[0] = 1; // Structure revision.
    attributes.forEach(({ id, flags, value, threshold, raw }, index) => {
      const at = 2 + index * 12;
      const row = [id, flags & 0xff, flags >> 8, value, value, raw];
      into.set(drive.features === smart.readData ? row : [id, threshold], at);
    });
    if (drive.features === smart.readData) {
      into[362] = drive.smartAutosave ? 0x82 : 0x02; // Off-line collection completed.
      into[367] = 0x1b; // Off-line commands, self-test.
      into[368] = 0x03; // Attributes are saved before a power mode, and by themselves.
      into[370] = 0x01; // Error logging.
      into[372] = 2; // Minutes of a short,
      into[373] = 10; // and of a long self-test.
    }
  }
  let sum = 0;
  for (let at = 0; at < sectorBytes - 1; at++) sum += into[at]!;
  into[sectorBytes - 1] = -sum & 0xff;
}
