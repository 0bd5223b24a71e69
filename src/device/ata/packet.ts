/**
 * The PACKET protocol (ATA/ATAPI-6 clauses 8.23, 9.8 and 9.9): twelve bytes of command to the target, then its data in blocks
 * no longer than the host allows (programmed) or than the buffer (DMA), then its status.
 */
import { assert } from '../../base/assert.js';
import { scsiStatus } from '../scsi-target.js';
import { type AtaContext, driveOf, type DriveState, packetOf, reasonBit, statusBit } from './state.js';
import { becomeIdle, latencyTicks, offerBytes, requestInterrupt, startActivity } from './transfer.js';

const packetBytes = 12;
/** The most bytes of a block whose length is even and fits the byte count registers. */
const blockBytesMost = 0xfffe;
const dmaFeature = 0x01;

/** PACKET: the drive gets ready to take the command. */
export function startPacket(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  const limit = (drive.cylinderLow | (drive.cylinderHigh << 8)) & blockBytesMost; // Odd limits serve only last blocks.
  drive.packet.phase = 'command';
  drive.packet.dma = (drive.features & dmaFeature) !== 0;
  drive.packet.blockMost = limit === 0 ? blockBytesMost : limit;
  drive.power = 'active';
  startActivity(drive, 'prepare', latencyTicks.command);
}

/** Ready to take the command, or the next block of data out. */
export function preparePacket(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  if (drive.packet.phase === 'command') {
    drive.sectorCount = reasonBit.CoD;
    offerBytes(context, drive, packetBytes, false);
  } else {
    openBlock(drive);
    drive.sectorCount = 0;
    offerBytes(context, drive, bufferPart(drive), true);
  }
}

/** The next block of data in is there. */
export function fetchPacket(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  openBlock(drive);
  drive.sectorCount = reasonBit.IO;
  const bytes = bufferPart(drive);
  packetOf(context, unit)!.read(drive.buffer.subarray(0, bytes));
  offerBytes(context, drive, bytes, true);
}

/** Settles the length of the next block; a programmed one shows it in the byte count. */
function openBlock(drive: DriveState): void {
  const { packet } = drive;
  packet.blockLeft = nextBlockBytes(drive);
  if (packet.dma) return;
  drive.cylinderLow = packet.blockLeft & 0xff;
  drive.cylinderHigh = packet.blockLeft >> 8;
}

const nextBlockBytes = ({ packet, buffer }: DriveState): number =>
  Math.min(packet.bytesLeft, packet.dma ? buffer.length : packet.blockMost);

const bufferPart = ({ packet, buffer }: DriveState): number => Math.min(packet.blockLeft, buffer.length);

/** The host moved what was in the buffer. */
export function packetMoved(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  const { packet, bufferEnd } = drive;
  const target = packetOf(context, unit);
  if (target === undefined) return;
  if (packet.phase === 'command') {
    beginPacket(context, unit);
    return;
  }
  if (packet.phase === 'out') target.write(drive.buffer.subarray(0, bufferEnd));
  packet.blockLeft -= bufferEnd;
  packet.bytesLeft -= bufferEnd;
  drive.bufferAt = 0;
  drive.bufferEnd = bufferPart(drive);
  if (packet.blockLeft > 0) {
    if (packet.phase === 'in') target.read(drive.buffer.subarray(0, drive.bufferEnd));
  } else if (packet.bytesLeft > 0) {
    startActivity(drive, packet.phase === 'in' ? 'fetch' : 'prepare', blockTicks(drive));
  } else {
    packet.phase = 'none';
    startActivity(drive, 'command', latencyTicks.command);
  }
}

/** Ticks until the next block: the medium's time for its bytes. */
const blockTicks = (drive: DriveState): number =>
  Math.max(Math.floor((nextBlockBytes(drive) * drive.packet.nanosecondsPerByte) / 1000), latencyTicks.command);

/** The command is here: the target says what it will move. */
function beginPacket(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  const { packet } = drive;
  const transfer = packetOf(context, unit)!.begin(drive.buffer.subarray(0, packetBytes), 0);
  packet.bytesLeft = transfer.bytes;
  packet.nanosecondsPerByte = transfer.nanosecondsPerByte;
  packet.phase = transfer.bytes === 0 ? 'none' : transfer.direction;
  const activity = packet.phase === 'in' ? 'fetch' : packet.phase === 'out' ? 'prepare' : 'command';
  const medium = packet.phase === 'in' ? blockTicks(drive) : latencyTicks.command;
  startActivity(drive, activity, transfer.microseconds + medium);
}

/** The target's status: reason "status", the sense key in the Error register. */
export function endPacket(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  const target = packetOf(context, unit);
  assert(target !== undefined, 'a PACKET command ends on the packet device that took it');
  const failed = target.end() !== scsiStatus.good;
  becomeIdle(drive);
  drive.sectorCount = reasonBit.CoD | reasonBit.IO;
  drive.error = failed ? target.senseKey() << 4 : 0;
  drive.status = statusBit.DRDY | statusBit.DSC | (failed ? statusBit.ERR : 0);
  requestInterrupt(context, drive);
}
