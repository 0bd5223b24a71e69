/**
 * An ATA channel with up to two drives, each a disk or a packet device: command block, control block, and the protocols of
 * programmed transfers, DMA and PACKET. A disk answers after fixed times (`latencyTicks`), a packet device after its target's;
 * what they hold and know is the board's `Medium` and `ScsiTarget`.
 */
import { defineDevice, type Width } from '../device.js';
import { bufferMoved, continueCommand, isDeviceReset, takesData, writeCommand } from './commands.js';
import { endReset, forgetPacket, selectFirst, writeControl } from './control.js';
import {
  type AtaBoard,
  type AtaContext,
  type ChannelState,
  channelState,
  driveOf,
  type DriveState,
  isPresent,
  packetOf,
  statusBit,
} from './state.js';
import {
  becomeIdle,
  endCommand,
  latencyTicks,
  requestInterrupt,
  startActivity,
  updateLines,
  usesDma,
} from './transfer.js';

/**
 * What a bus without a drive on it reads as: the host pulls DD7 down, so that BSY is seen clear where nobody is (the note to the table of
 * driver types and required termination); the other lines are pulled up.
 */
const floating = 0x7f;

/** The registers of the command block that keep their previous content for 48-bit commands. */
type TwoDeepRegister = 'features' | 'sectorCount' | 'sectorNumber' | 'cylinderLow' | 'cylinderHigh';

/**
 * A register as the host reads it: that of the selected drive. For an absent drive 1 a disk as drive 0 answers with its own, and a packet device
 * with zero (clause 9.16.1).
 */
function readOf(context: AtaContext, register: (drive: DriveState) => number): number {
  const { selected } = context.state;
  if (isPresent(context, selected)) return register(driveOf(context, selected));
  if (selected === 0 || !isPresent(context, 0)) return floating;
  return packetOf(context, 0) === undefined ? register(driveOf(context, 0)) : 0;
}

const readFrom =
  (register: Exclude<TwoDeepRegister, 'features'>) =>
  (context: AtaContext): number =>
    readOf(context, (drive) => (context.state.highOrder ? drive.previous[register] : drive[register]));

/** The host's bytes go to both drives; one that is busy does not take them. */
const writeToBoth =
  (register: TwoDeepRegister) =>
  ({ state }: AtaContext, value: number): void => {
    state.highOrder = false;
    for (const drive of state.drives) {
      if ((drive.status & statusBit.BSY) !== 0) continue;
      drive.previous[register] = drive[register];
      drive[register] = value & 0xff;
    }
  };

/** The Status register's value; drive 0 of either kind answers zero for an absent drive 1. */
const status = (context: AtaContext): number =>
  readOf(context, (drive) => (isPresent(context, context.state.selected) ? drive.status : 0));

/** The drive whose buffer the Data register reaches; undefined unless it asks the host itself for data. */
function dataDrive(context: AtaContext, toHost: boolean): DriveState | undefined {
  const { selected } = context.state;
  const drive = driveOf(context, selected);
  const open = drive.activity === 'idle' && (drive.status & statusBit.DRQ) !== 0 && drive.bufferEnd > 0;
  return open && isPresent(context, selected) && takesData(context, selected) !== toHost ? drive : undefined;
}

/** One word of the buffer to the host; an 8-bit access takes a word too and sees its low byte. */
function readWord(context: AtaContext): number {
  const drive = dataDrive(context, true);
  if (drive === undefined) return 0;
  const { buffer, bufferAt, bufferEnd } = drive;
  const word = buffer[bufferAt]! | (bufferAt + 1 < bufferEnd ? buffer[bufferAt + 1]! << 8 : 0);
  drive.bufferAt += 2;
  if (drive.bufferAt >= bufferEnd) bufferMoved(context, context.state.selected);
  return word;
}

function writeWord(context: AtaContext, word: number): void {
  const drive = dataDrive(context, false);
  if (drive === undefined) return;
  drive.buffer[drive.bufferAt] = word & 0xff;
  if (drive.bufferAt + 1 < drive.bufferEnd) drive.buffer[drive.bufferAt + 1] = (word >> 8) & 0xff;
  drive.bufferAt += 2;
  if (drive.bufferAt >= drive.bufferEnd) bufferMoved(context, context.state.selected);
}

/** Bytes of whole accesses that the host can move without coming to the end of the buffer, where the drive goes on. */
function plainBytes(drive: DriveState, bytes: number, width: Width): number {
  return width === 1 ? 0 : Math.min(bytes, drive.bufferEnd - drive.bufferAt - 1) & -width;
}
function readWords(context: AtaContext, into: Uint8Array, width: Width): number {
  const drive = dataDrive(context, true);
  if (drive === undefined) return 0;
  const bytes = plainBytes(drive, into.length, width);
  into.set(drive.buffer.subarray(drive.bufferAt, drive.bufferAt + bytes));
  drive.bufferAt += bytes;
  return bytes;
}
function writeWords(context: AtaContext, from: Uint8Array, width: Width): number {
  const drive = dataDrive(context, false);
  if (drive === undefined) return 0;
  const bytes = plainBytes(drive, from.length, width);
  drive.buffer.set(from.subarray(0, bytes), drive.bufferAt);
  drive.bufferAt += bytes;
  return bytes;
}

/** The end of whatever `unit` was doing. */
function finishActivity(context: AtaContext, unit: number): void {
  const drive = driveOf(context, unit);
  if (drive.activity === 'reset' || drive.activity === 'diagnostic') {
    const interrupts = drive.activity === 'diagnostic' && unit === 0;
    if (!isDeviceReset(drive)) selectFirst(context, drive);
    endReset(context, unit);
    if (interrupts) requestInterrupt(context, drive);
    else updateLines(context);
  } else if (!isPresent(context, unit)) {
    endCommand(context, drive); // The drive was taken off the channel: nothing answers, so nothing is seen of it.
  } else {
    continueCommand(context, unit);
  }
}

/** The drive that waits with DMARQ for the host's DMA engine. */
function requestingDrive(context: AtaContext): DriveState | undefined {
  const { selected } = context.state;
  const drive = driveOf(context, selected);
  return drive.activity === 'requesting' && isPresent(context, selected) ? drive : undefined;
}

/** The operations of the host's DMA engine while DMARQ is asserted. */
const dmaOperations = {
  /** Bytes that the drive can move now, and their direction; undefined without DMARQ. */
  dmaRequest(context: AtaContext): { readonly bytes: number; readonly toHost: boolean } | undefined {
    const drive = requestingDrive(context);
    if (drive === undefined) return undefined;
    return { bytes: drive.bufferEnd - drive.bufferAt, toHost: !takesData(context, context.state.selected) };
  },
  /** Fills `into`, which is no longer than `dmaRequest` said. */
  dmaToHost(context: AtaContext, into: Uint8Array): void {
    const drive = requestingDrive(context);
    if (drive === undefined) return;
    into.set(drive.buffer.subarray(drive.bufferAt, drive.bufferAt + into.length));
    moveDma(context, drive, into.length);
  },
  /** Takes `from`, which is no longer than `dmaRequest` said. */
  dmaFromHost(context: AtaContext, from: Uint8Array): void {
    const drive = requestingDrive(context);
    if (drive === undefined) return;
    drive.buffer.set(from, drive.bufferAt);
    moveDma(context, drive, from.length);
  },
  /** The host gives up: the command ends without an error and without an interrupt. */
  stopDma(context: AtaContext): void {
    const drive = driveOf(context, context.state.selected);
    const waits = drive.activity !== 'idle' && drive.activity !== 'held' && drive.activity !== 'reset';
    if (!waits || !usesDma(drive)) return;
    forgetPacket(context, context.state.selected);
    becomeIdle(drive);
    drive.status = statusBit.DRDY | statusBit.DSC;
    updateLines(context);
  },
};

function moveDma(context: AtaContext, drive: DriveState, bytes: number): void {
  drive.bufferAt += bytes;
  if (drive.bufferAt >= drive.bufferEnd) bufferMoved(context, context.state.selected);
}

/** The AT Attachment channel. */
export const ata = defineDevice<
  ChannelState,
  | 'data'
  | 'errorOrFeatures'
  | Exclude<TwoDeepRegister, 'features'>
  | 'deviceHead'
  | 'statusOrCommand'
  | 'alternateStatusOrControl',
  never,
  'interrupt' | 'dmaRequest',
  AtaBoard,
  typeof dmaOperations
>({
  name: 'ata',
  source: 'T13/1410D revision 3a, ATA/ATAPI-6',
  notModelled: [
    'queued commands, security, CFA, removable media status, streaming, device configuration overlay, advanced power management',
    'SET MAX passwords and locks; a protected area lasts until the power goes, whether asked to outlive it or not',
    'SMART: it knows of no failure, its attributes are constant, its self-tests pass at once, its logs are empty',
    'READ LONG, WRITE LONG, FORMAT TRACK: aborted as unknown',
    'standby timers: a drive changes its power mode only when told to',
    'seek and rotation times, a write cache that could lose data, Ultra DMA CRC errors',
    'transfer modes: every mode moves a burst of DMA at once, after the time of the medium',
    'the Drive Address register, obsolete since ATA-2',
  ],
  clock: { numerator: 1_000_000, denominator: 1 },
  registers: {
    data: 0,
    errorOrFeatures: 1,
    sectorCount: 2,
    sectorNumber: 3,
    cylinderLow: 4,
    cylinderHigh: 5,
    deviceHead: 6,
    statusOrCommand: 7,
    alternateStatusOrControl: 0x206,
  },
  inputs: [],
  outputs: ['interrupt', 'dmaRequest'],
  state: channelState,
  reset(context) {
    for (const drive of context.state.drives) startActivity(drive, 'reset', latencyTicks.reset);
    updateLines(context);
  },
  advance(context, ticks) {
    for (const drive of context.state.drives) drive.ticksLeft -= ticks;
    for (const unit of [0, 1]) if (driveOf(context, unit).ticksLeft === 0) finishActivity(context, unit);
  },
  nextEdge: ({ state: { drives } }) => Math.min(drives[0]!.ticksLeft, drives[1]!.ticksLeft),
  read: {
    data(context, width: Width) {
      const low = readWord(context);
      return width === 4 ? low + readWord(context) * 0x10000 : low;
    },
    errorOrFeatures: (context) => readOf(context, ({ error }) => error),
    sectorCount: readFrom('sectorCount'),
    sectorNumber: readFrom('sectorNumber'),
    cylinderLow: readFrom('cylinderLow'),
    cylinderHigh: readFrom('cylinderHigh'),
    deviceHead: (context) => readOf(context, ({ deviceHead }) => deviceHead),
    statusOrCommand(context) {
      const value = status(context);
      context.state.drives[context.state.selected]!.interruptPending = false;
      updateLines(context);
      return value;
    },
    alternateStatusOrControl: status,
  },
  write: {
    data(context, value, width) {
      writeWord(context, value & 0xffff);
      if (width === 4) writeWord(context, value >>> 16);
    },
    errorOrFeatures: writeToBoth('features'),
    sectorCount: writeToBoth('sectorCount'),
    sectorNumber: writeToBoth('sectorNumber'),
    cylinderLow: writeToBoth('cylinderLow'),
    cylinderHigh: writeToBoth('cylinderHigh'),
    deviceHead(context, value) {
      context.state.highOrder = false;
      for (const drive of context.state.drives)
        if ((drive.status & statusBit.BSY) === 0) drive.deviceHead = value & 0xff;
      context.state.selected = (value >> 4) & 1;
      updateLines(context);
    },
    statusOrCommand(context, value) {
      context.state.highOrder = false;
      writeCommand(context, value & 0xff);
      updateLines(context);
    },
    alternateStatusOrControl: (context, value) => writeControl(context, value),
  },
  readMany: { data: readWords },
  writeMany: { data: writeWords },
  operations: dmaOperations,
});
