/**
 * How a command moves through a drive: the PIO data-in, PIO data-out and non-data protocols (ATA/ATAPI-4 clause 9). A drive
 * is busy for a fixed number of ticks, then asks for or offers a block, and so on until the last.
 */
import { sectorBytes } from '../medium.js';
import { addressedSector, sectorLimit, showSector } from './address.js';
import { type AtaContext, controlBit, diskOf, type DriveState, errorBit, statusBit } from './state.js';

/** Ticks of one microsecond. A drive answers as one with a warm cache: seeks and rotation are not part of it. */
export const latencyTicks = {
  /** From a command to its end, or to its first request for data. */
  command: 5,
  /** From a reading or writing command to its first sector, or from data given to its being on the medium. */
  access: 100,
  /** Every further sector of a command. */
  sector: 20,
  /** From the end of a reset to the signature. */
  reset: 2000,
  diagnostic: 2000,
} as const;

/** Drives INTRQ: the selected drive's pending interrupt, unless nIEN masks it. */
export function updateInterrupt(context: AtaContext): void {
  const { state, lines } = context;
  const connected = diskOf(context, state.selected) !== undefined;
  lines.interrupt(connected && !state.interruptsDisabled && state.drives[state.selected]!.interruptPending);
}

/** Interrupts the host on behalf of `drive`. */
export function requestInterrupt(context: AtaContext, drive: DriveState): void {
  drive.interruptPending = true;
  updateInterrupt(context);
}

/** Makes the drive busy with `activity` for `ticks`. */
export function startActivity(drive: DriveState, activity: DriveState['activity'], ticks: number): void {
  drive.activity = activity;
  drive.ticksLeft = ticks;
  drive.status = (drive.status & ~statusBit.DRQ) | statusBit.BSY;
}

/** Ends a command: ready, with `error` in the Error register when it is not 0. */
export function endCommand(context: AtaContext, drive: DriveState, error = 0): void {
  drive.activity = 'idle';
  drive.ticksLeft = Infinity;
  drive.bufferAt = 0;
  drive.bufferEnd = 0;
  drive.error = error;
  drive.status = statusBit.DRDY | statusBit.DSC | (error === 0 ? 0 : statusBit.ERR);
  requestInterrupt(context, drive);
}

/** Opens the buffer for a block of `sectors`; a block of data out comes without an interrupt when it is the first. */
export function offerBlock(context: AtaContext, drive: DriveState, sectors: number, interrupt: boolean): void {
  drive.activity = 'idle';
  drive.ticksLeft = Infinity;
  drive.blockFill = sectors;
  drive.bufferAt = 0;
  drive.bufferEnd = sectors * sectorBytes;
  drive.status = statusBit.DRDY | statusBit.DSC | statusBit.DRQ;
  if (interrupt) requestInterrupt(context, drive);
}

/** Starts a transfer of the addressed sectors in blocks of `blockSectors`; a sector count of 0 means 256. */
export function startSectors(
  context: AtaContext,
  unit: number,
  first: 'fetch' | 'prepare' | 'command',
  blockSectors: number,
): void {
  const drive = context.state.drives[unit]!;
  const disk = diskOf(context, unit)!;
  const sector = addressedSector(drive, disk);
  if (sector === undefined) {
    startActivity(drive, 'notFound', latencyTicks.command);
    return;
  }
  drive.nextSector = sector;
  drive.sectorsLeft = drive.sectorCount === 0 ? 256 : drive.sectorCount;
  drive.blockSectors = blockSectors;
  drive.power = 'active';
  const fetched = first === 'command' ? drive.sectorsLeft : Math.min(blockSectors, drive.sectorsLeft);
  const ticks = first === 'prepare' ? latencyTicks.command : latencyTicks.access + (fetched - 1) * latencyTicks.sector;
  startActivity(drive, first, ticks);
}

/** Counts one sector of the transfer as done; the command block shows it. */
export function passSector(drive: DriveState): void {
  showSector(drive, drive.nextSector);
  drive.nextSector++;
  drive.sectorsLeft--;
  drive.sectorCount = drive.sectorsLeft & 0xff;
}

/** Sectors of the next block that exist on the disk; 0 ended the command with IDNF at the sector that does not. */
function nextBlock(context: AtaContext, unit: number): number {
  const drive = context.state.drives[unit]!;
  const there = sectorLimit(drive, diskOf(context, unit)!) - drive.nextSector;
  const sectors = Math.min(drive.blockSectors, drive.sectorsLeft, there);
  if (sectors > 0) return sectors;
  showSector(drive, drive.nextSector);
  endCommand(context, drive, errorBit.IDNF);
  return 0;
}

/** READ: the sectors of the next block are in the buffer. A block that runs off the end is cut; the error follows it. */
export function fetchBlock(context: AtaContext, unit: number): void {
  const drive = context.state.drives[unit]!;
  const sectors = nextBlock(context, unit);
  if (sectors === 0) return;
  for (let at = 0; at < sectors; at++) {
    diskOf(context, unit)!.read(drive.nextSector, drive.buffer.subarray(at * sectorBytes, (at + 1) * sectorBytes));
    passSector(drive);
  }
  offerBlock(context, drive, sectors, true);
}

/** WRITE: asks the host for the next block. */
export function prepareBlock(context: AtaContext, unit: number, interrupt: boolean): void {
  const drive = context.state.drives[unit]!;
  if (!diskOf(context, unit)!.writable) {
    endCommand(context, drive, errorBit.WP | errorBit.ABRT);
    return;
  }
  if (nextBlock(context, unit) === 0) return;
  offerBlock(context, drive, Math.min(drive.blockSectors, drive.sectorsLeft), interrupt);
}

/** WRITE: puts the block on the disk, up to a sector that does not exist, and asks for the next one. */
export function storeBlock(context: AtaContext, unit: number): void {
  const drive = context.state.drives[unit]!;
  const sectors = nextBlock(context, unit);
  if (sectors === 0) return;
  for (let at = 0; at < sectors; at++) {
    diskOf(context, unit)!.write(drive.nextSector, drive.buffer.subarray(at * sectorBytes, (at + 1) * sectorBytes));
    passSector(drive);
  }
  if (sectors < drive.blockFill) nextBlock(context, unit);
  else if (drive.sectorsLeft === 0) endCommand(context, drive);
  else prepareBlock(context, unit, true);
}

/** READ VERIFY: passes over the sectors; their end of the disk is the only thing that can be wrong with them. */
export function verifySectors(context: AtaContext, unit: number): void {
  const drive = context.state.drives[unit]!;
  while (drive.sectorsLeft > 0) {
    if (nextBlock(context, unit) === 0) return;
    passSector(drive);
  }
  endCommand(context, drive);
}

/** The Device Control register: SRST holds both drives in reset and lets them go; nIEN masks INTRQ. */
export function writeControl(context: AtaContext, value: number): void {
  const { state } = context;
  const reset = (value & controlBit.SRST) !== 0;
  if (reset && !state.softwareReset) for (const drive of state.drives) holdInReset(drive);
  if (!reset && state.softwareReset)
    for (const drive of state.drives) startActivity(drive, 'reset', latencyTicks.reset);
  state.softwareReset = reset;
  state.interruptsDisabled = (value & controlBit.nIEN) !== 0;
  updateInterrupt(context);
}

function holdInReset(drive: DriveState): void {
  startActivity(drive, 'held', Infinity);
  drive.interruptPending = false;
  drive.power = 'active';
  if (!drive.keepFeatures) {
    drive.writeCache = true;
    drive.lookAhead = true;
    drive.multipleSectors = 0;
  }
}

/** Ends a reset or diagnostic: the signature of a device without PACKET commands, code 01h, drive 0 selected. */
export function showSignature(context: AtaContext, drive: DriveState): void {
  context.state.selected = 0;
  Object.assign(drive, { sectorCount: 1, sectorNumber: 1, cylinderLow: 0, cylinderHigh: 0, deviceHead: 0 });
  drive.activity = 'idle';
  drive.ticksLeft = Infinity;
  drive.error = 0x01; // This device passed; for drive 0 also: drive 1 passed or is absent.
  drive.status = statusBit.DRDY | statusBit.DSC;
}
