/**
 * How a command moves through a drive: the non-data, PIO data-in, PIO data-out and DMA protocols (ATA/ATAPI-6 clause 9). A
 * drive is busy for a fixed number of ticks, then asks for or offers a block, and so on until the last.
 */
import { type MediumOperation, goodSectors, sectorBytes } from '../medium.js';
import { addressedCount, addressedSector, sectorLimit, showCount, showSector } from './address.js';
import {
  type AtaContext,
  type AtaDisk,
  diskOf,
  driveOf,
  type DriveState,
  errorBit,
  isPresent,
  statusBit,
} from './state.js';

/** Ticks of one microsecond. A drive answers as one with a warm cache: seeks and rotation are not part of it. */
export const latencyTicks = {
  /** From a command to its end, or to the first request for data of one that does not write sectors by programmed transfer. */
  command: 5,
  /** From a reading or writing command to its first sector, or from data given to its being on the medium. */
  access: 100,
  /** Every further sector of a command. */
  sector: 20,
  /** From the end of a reset to the signature. */
  reset: 2000,
  diagnostic: 2000,
} as const;

/** The commands that move their data by DMA: reading, writing, DATA SET MANAGEMENT. PACKET says so in its features. */
const dmaCommands: ReadonlySet<number> = new Set([0x06, 0x25, 0x35, 0xc8, 0xc9, 0xca, 0xcb]);
const packetCommand = 0xa0;
/** DATA SET MANAGEMENT takes blocks that are no sectors of the disk. */
const trimCommand = 0x06;
/** Whether the command under way, or the last one, moves its data by DMA. */
export const usesDma = (drive: DriveState): boolean =>
  drive.command === packetCommand
    ? drive.packet.dma && drive.packet.phase !== 'command' // The command itself is always programmed.
    : dmaCommands.has(drive.command);

/** Drives INTRQ and DMARQ, which are the selected drive's; nIEN masks INTRQ. */
export function updateLines(context: AtaContext): void {
  const { state, lines } = context;
  const drive = driveOf(context, state.selected);
  const connected = isPresent(context, state.selected);
  lines.interrupt(connected && !state.interruptsDisabled && drive.interruptPending);
  // Last: the host's DMA engine may answer at once.
  lines.dmaRequest(connected && drive.activity === 'requesting');
}

/** Interrupts the host on behalf of `drive`. */
export function requestInterrupt(context: AtaContext, drive: DriveState): void {
  drive.interruptPending = true;
  updateLines(context);
}

/** Makes the drive busy with `activity` for `ticks`. */
export function startActivity(drive: DriveState, activity: DriveState['activity'], ticks: number): void {
  drive.activity = activity;
  drive.ticksLeft = ticks;
  drive.status = (drive.status & ~statusBit.DRQ) | statusBit.BSY;
}

/** Lets go of the buffer and of time: the drive does nothing. */
export function becomeIdle(drive: DriveState): void {
  drive.activity = 'idle';
  drive.ticksLeft = Infinity;
  drive.bufferAt = 0;
  drive.bufferEnd = 0;
}

/** Ends a command: ready, with `error` in the Error register when it is not 0. */
export function endCommand(context: AtaContext, drive: DriveState, error = 0): void {
  becomeIdle(drive);
  drive.error = error;
  drive.status = statusBit.DRDY | statusBit.DSC | (error === 0 ? 0 : statusBit.ERR);
  requestInterrupt(context, drive);
}

/**
 * Opens the buffer for `bytes`. With DMA the drive asks for the host's engine; otherwise for the host itself, with an
 * interrupt except for the first block of data out.
 */
export function offerBytes(context: AtaContext, drive: DriveState, bytes: number, interrupt: boolean): void {
  drive.bufferAt = 0;
  drive.bufferEnd = bytes;
  drive.ticksLeft = Infinity;
  drive.status = statusBit.DRDY | statusBit.DSC | statusBit.DRQ;
  drive.activity = usesDma(drive) ? 'requesting' : 'idle';
  if (interrupt && drive.activity === 'idle') drive.interruptPending = true;
  updateLines(context);
}

/** Opens the buffer for a block of `sectors`. */
export function offerBlock(context: AtaContext, drive: DriveState, sectors: number, interrupt: boolean): void {
  drive.blockFill = sectors;
  offerBytes(context, drive, sectors * sectorBytes, interrupt);
}

/** Starts a transfer of the addressed sectors in blocks of `blockSectors`. */
export function startSectors(
  context: AtaContext,
  unit: number,
  first: 'fetch' | 'prepare' | 'command',
  blockSectors: number,
): void {
  const drive = driveOf(context, unit);
  const sector = addressedSector(drive, diskOf(context, unit)!);
  if (sector === undefined) {
    startActivity(drive, 'notFound', latencyTicks.command);
    return;
  }
  drive.nextSector = sector;
  drive.sectorsLeft = addressedCount(drive);
  drive.blockSectors = blockSectors;
  drive.power = 'active';
  if (first === 'prepare' && !usesDma(drive) && diskOf(context, unit)!.writable) {
    // The buffer is empty: the drive asks for the first block within the 400 ns that a host waits before it looks at all. So a driver
    // that gives its data without looking is served too.
    prepareBlock(context, unit, false);
    return;
  }
  const fetched = first === 'command' ? drive.sectorsLeft : Math.min(blockSectors, drive.sectorsLeft);
  const ticks = first === 'prepare' ? latencyTicks.command : latencyTicks.access + (fetched - 1) * latencyTicks.sector;
  const isSlow = first !== 'prepare';
  startActivity(drive, first, ticks + (isSlow ? slowTicks(context, unit, 'read', fetched) : 0));
}

/** Ticks that the next sectors take beyond their usual time. A tick is a microsecond. */
const slowTicks = (context: AtaContext, unit: number, operation: MediumOperation, sectors: number): number =>
  diskOf(context, unit)?.faults?.delay(operation, driveOf(context, unit).nextSector, sectors) ?? 0;

/** Counts one sector of the transfer as done; the command block shows it. */
function passSector(drive: DriveState, disk: AtaDisk): void {
  showSector(drive, disk, drive.nextSector);
  drive.nextSector++;
  drive.sectorsLeft--;
  showCount(drive, drive.sectorsLeft);
}

/** Sectors of the next block that exist on the disk; 0 ended the command with IDNF at the sector that does not. */
function nextBlock(context: AtaContext, unit: number): number {
  const drive = driveOf(context, unit);
  const there = sectorLimit(drive, diskOf(context, unit)!) - drive.nextSector;
  const sectors = Math.min(drive.blockSectors, drive.sectorsLeft, there);
  if (sectors <= 0) failAt(context, unit, errorBit.IDNF);
  return Math.max(sectors, 0);
}

/** Ends the command at its next sector, which the command block names (clauses 8.27 and 8.62). */
function failAt(context: AtaContext, unit: number, error: number): void {
  const drive = driveOf(context, unit);
  showSector(drive, diskOf(context, unit)!, drive.nextSector);
  endCommand(context, drive, error);
}

/**
 * Sectors of the next block that exist and are sound; 0 ended the command at one that is not. A drive says of data that it cannot
 * read that they are uncorrectable, and of a write only that it was not able to do it.
 */
function soundBlock(context: AtaContext, unit: number, operation: 'read' | 'write'): number {
  const drive = driveOf(context, unit);
  const sectors = nextBlock(context, unit);
  if (sectors === 0) return 0;
  const good = diskOf(context, unit)!.faults?.good(operation, drive.nextSector, sectors) ?? sectors;
  if (good === 0) failAt(context, unit, operation === 'read' ? errorBit.UNC : errorBit.ABRT);
  return good;
}

/** READ: the sectors of the next block are in the buffer. A block that comes to an error is cut before it; the error follows it. */
export function fetchBlock(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  const disk = diskOf(context, unit)!;
  const sectors = soundBlock(context, unit, 'read');
  if (sectors === 0) return;
  for (let at = 0; at < sectors; at++) {
    disk.read(drive.nextSector, drive.buffer.subarray(at * sectorBytes, (at + 1) * sectorBytes));
    passSector(drive, disk);
  }
  offerBlock(context, drive, sectors, true);
}

/** WRITE: asks the host for the next block. */
export function prepareBlock(context: AtaContext, unit: number, interrupt: boolean): void {
  const drive = driveOf(context, unit);
  if (!diskOf(context, unit)!.writable) {
    endCommand(context, drive, errorBit.WP | errorBit.ABRT);
    return;
  }
  if (nextBlock(context, unit) === 0) return;
  offerBlock(context, drive, Math.min(drive.blockSectors, drive.sectorsLeft), interrupt);
}

/** WRITE: puts the block on the disk, up to a sector that does not exist or fails, and asks for the next one. */
export function storeBlock(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  const disk = diskOf(context, unit)!;
  const sectors = soundBlock(context, unit, 'write');
  if (sectors === 0) return;
  for (let at = 0; at < sectors; at++) {
    disk.write(drive.nextSector, drive.buffer.subarray(at * sectorBytes, (at + 1) * sectorBytes));
    passSector(drive, disk);
  }
  if (sectors < drive.blockFill) soundBlock(context, unit, 'write');
  else if (drive.sectorsLeft === 0) endCommand(context, drive);
  else prepareBlock(context, unit, true);
}

/** READ VERIFY: passes over the sectors, up to one that does not exist or cannot be read. */
export function verifySectors(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  const disk = diskOf(context, unit)!;
  const there = Math.max(sectorLimit(drive, disk) - drive.nextSector, 0);
  const wanted = Math.min(there, drive.sectorsLeft);
  const passed = goodSectors(disk, 'read', drive.nextSector, wanted);
  drive.nextSector += passed;
  drive.sectorsLeft -= passed;
  showCount(drive, drive.sectorsLeft);
  showSector(drive, disk, drive.sectorsLeft > 0 ? drive.nextSector : drive.nextSector - 1);
  const failed = passed < wanted ? errorBit.UNC : errorBit.IDNF;
  endCommand(context, drive, drive.sectorsLeft > 0 ? failed : 0);
}

/** FLUSH CACHE: busy until what was written is on the disk. */
export function startFlush(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  const slow = diskOf(context, unit)?.faults?.delay('flush', 0, 1) ?? 0;
  startActivity(drive, 'command', latencyTicks.command + slow);
}

/** The end of FLUSH CACHE: an error names the first sector that did not reach the disk (clause 8.11). */
export function endFlush(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  const disk = diskOf(context, unit)!;
  if (goodSectors(disk, 'flush', 0, 1) > 0) return endCommand(context, drive);
  showSector(drive, disk, 0);
  endCommand(context, drive, errorBit.ABRT);
}

/** The host took the last byte of a block of sectors, or gave it. */
export function sectorsMoved(context: AtaContext, unit: number, toHost: boolean): void {
  const drive = driveOf(context, unit);
  const sectors = drive.bufferEnd / sectorBytes;
  drive.bufferAt = 0;
  drive.bufferEnd = 0;
  if (!toHost) {
    const toSectors = drive.sectorsLeft > 0 && drive.command !== trimCommand;
    const slow = toSectors ? slowTicks(context, unit, 'write', sectors) : 0;
    startActivity(drive, 'store', latencyTicks.access + (sectors - 1) * latencyTicks.sector + slow);
  } else if (drive.sectorsLeft > 0) {
    const wanted = Math.min(drive.blockSectors, drive.sectorsLeft);
    startActivity(drive, 'fetch', wanted * latencyTicks.sector + slowTicks(context, unit, 'read', wanted));
  } else if (usesDma(drive)) {
    endCommand(context, drive);
  } else {
    drive.status &= ~statusBit.DRQ; // The last block ends the command without another interrupt.
  }
}
