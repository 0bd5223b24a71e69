/**
 * DATA SET MANAGEMENT with TRIM (T13/2015-D revision 7, ATA8-ACS-2, section 7.10): the host names ranges of sectors that it does
 * not need any more. This drive checks them and keeps what they hold, as a drive without "deterministic read" may.
 */
import { sectorBytes } from '../medium.js';
import { addressedCount, visibleSectors } from './address.js';
import { type AtaContext, diskOf, driveOf, errorBit, multipleSectorsMax } from './state.js';
import { endCommand, latencyTicks, offerBlock, startActivity } from './transfer.js';

const trimFeature = 0x01;
const rangeBytes = 8;

export function startTrim(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  const known = (drive.features & trimFeature) !== 0;
  drive.sectorsLeft = addressedCount(drive); // Blocks of ranges, which are no sectors of the disk.
  startActivity(drive, known ? 'prepare' : 'command', latencyTicks.command);
}

export function prepareTrim(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  offerBlock(context, drive, Math.min(drive.sectorsLeft, multipleSectorsMax), true);
}

/** The ranges of a block: all of them lie on the disk, or the command ends. */
export function storeTrim(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  const view = new DataView(drive.buffer.buffer, drive.buffer.byteOffset, drive.blockFill * sectorBytes);
  const limit = visibleSectors(drive, diskOf(context, unit)!);
  for (let at = 0; at < view.byteLength; at += rangeBytes) {
    const first = view.getUint32(at, true) + view.getUint16(at + 4, true) * 2 ** 32;
    const sectors = view.getUint16(at + 6, true);
    if (sectors === 0 || first + sectors <= limit) continue;
    endCommand(context, drive, errorBit.ABRT);
    return;
  }
  drive.sectorsLeft -= drive.blockFill;
  if (drive.sectorsLeft > 0) prepareTrim(context, unit);
  else endCommand(context, drive);
}
