/**
 * An ATA channel with up to two disks: command block, control block, and the PIO protocols. Every disk of this channel
 * answers after fixed times (`latencyTicks`); what it holds is the board's `Medium`.
 */
import { defineDevice, type Width } from '../device.js';
import { blockMoved, continueCommand, takesData, writeCommand } from './commands.js';
import {
  type AtaBoard,
  type AtaContext,
  type ChannelState,
  channelState,
  diskOf,
  type DriveState,
  statusBit,
} from './state.js';
import {
  endCommand,
  latencyTicks,
  requestInterrupt,
  showSignature,
  startActivity,
  updateInterrupt,
  writeControl,
} from './transfer.js';

/** What a bus without a drive on it reads as: pulled up. */
const floating = 0xff;

type CommandBlockRegister = 'features' | 'sectorCount' | 'sectorNumber' | 'cylinderLow' | 'cylinderHigh' | 'deviceHead';

/** The drive that answers a read: the selected one, or drive 0 for an absent drive 1 (clause 9, "Single device configurations"). */
function responder(context: AtaContext): DriveState | undefined {
  const { drives, selected } = context.state;
  if (diskOf(context, selected) !== undefined) return drives[selected];
  return selected === 1 && diskOf(context, 0) !== undefined ? drives[0] : undefined;
}

const readFrom =
  (register: Exclude<CommandBlockRegister, 'features'> | 'error') =>
  (context: AtaContext): number =>
    responder(context)?.[register] ?? floating;

/** The host's bytes go to both drives; one that is busy does not take them. */
const writeToBoth =
  (register: CommandBlockRegister) =>
  ({ state }: AtaContext, value: number): void => {
    for (const drive of state.drives) if ((drive.status & statusBit.BSY) === 0) drive[register] = value & 0xff;
  };

/** The Status register's value; drive 0 answers zero for an absent drive 1. */
function status(context: AtaContext): number {
  const { drives, selected } = context.state;
  if (diskOf(context, selected) !== undefined) return drives[selected]!.status;
  return responder(context) === undefined ? floating : 0;
}

/** The drive whose buffer the Data register reaches; undefined unless it asks for data. */
function dataDrive({ state, board }: AtaContext): DriveState | undefined {
  const drive = state.drives[state.selected]!;
  const connected = board.drive(state.selected === 0 ? 0 : 1) !== undefined;
  return connected && (drive.status & statusBit.DRQ) !== 0 && drive.bufferEnd > 0 ? drive : undefined;
}

/** One word of the buffer to the host; an 8-bit access takes a word too and sees its low byte. */
function readWord(context: AtaContext): number {
  const drive = dataDrive(context);
  if (drive === undefined || takesData(drive)) return 0;
  const word = drive.buffer[drive.bufferAt]! | (drive.buffer[drive.bufferAt + 1]! << 8);
  drive.bufferAt += 2;
  if (drive.bufferAt === drive.bufferEnd) blockMoved(context, context.state.selected, true);
  return word;
}

function writeWord(context: AtaContext, word: number): void {
  const drive = dataDrive(context);
  if (drive === undefined || !takesData(drive)) return;
  drive.buffer[drive.bufferAt] = word & 0xff;
  drive.buffer[drive.bufferAt + 1] = (word >> 8) & 0xff;
  drive.bufferAt += 2;
  if (drive.bufferAt === drive.bufferEnd) blockMoved(context, context.state.selected, false);
}

/** The end of whatever `unit` was doing. */
function finishActivity(context: AtaContext, unit: number): void {
  const drive = context.state.drives[unit]!;
  if (drive.activity === 'reset' || drive.activity === 'diagnostic') {
    const interrupts = drive.activity === 'diagnostic' && unit === 0;
    showSignature(context, drive);
    if (interrupts) requestInterrupt(context, drive);
    else updateInterrupt(context);
  } else if (diskOf(context, unit) === undefined) {
    endCommand(context, drive); // The disk was taken off the channel: nothing answers, so nothing is seen of it.
  } else {
    continueCommand(context, unit);
  }
}

/** The AT Attachment channel: two disks at most, 28-bit and CHS addresses, programmed input and output. */
export const ata = defineDevice<
  ChannelState,
  | 'data'
  | 'errorOrFeatures'
  | Exclude<CommandBlockRegister, 'features'>
  | 'statusOrCommand'
  | 'alternateStatusOrControl',
  never,
  'interrupt',
  AtaBoard
>({
  name: 'ata',
  source: 'T13/1153D revision 17, ATA/ATAPI-4',
  notModelled: [
    'DMA, PACKET commands, 48-bit addresses, host protected area, security, SMART, CFA 8-bit transfers',
    'READ LONG, WRITE LONG, FORMAT TRACK: aborted as unknown',
    'standby timers: a drive changes its power mode only when told to',
    'seek and rotation times, bad sectors, a write cache that could lose data',
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
  outputs: ['interrupt'],
  state: channelState,
  reset(context) {
    for (const drive of context.state.drives) startActivity(drive, 'reset', latencyTicks.reset);
    updateInterrupt(context);
  },
  advance(context, ticks) {
    for (const unit of [0, 1]) {
      const drive = context.state.drives[unit]!;
      drive.ticksLeft -= ticks;
      if (drive.ticksLeft === 0) finishActivity(context, unit);
    }
  },
  nextEdge: ({ state: { drives } }) => Math.min(drives[0]!.ticksLeft, drives[1]!.ticksLeft),
  read: {
    data(context, width: Width) {
      const low = readWord(context);
      return width === 4 ? low + readWord(context) * 0x10000 : low;
    },
    errorOrFeatures: readFrom('error'),
    sectorCount: readFrom('sectorCount'),
    sectorNumber: readFrom('sectorNumber'),
    cylinderLow: readFrom('cylinderLow'),
    cylinderHigh: readFrom('cylinderHigh'),
    deviceHead: readFrom('deviceHead'),
    statusOrCommand(context) {
      const value = status(context);
      context.state.drives[context.state.selected]!.interruptPending = false;
      updateInterrupt(context);
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
      writeToBoth('deviceHead')(context, value);
      context.state.selected = (value >> 4) & 1;
      updateInterrupt(context);
    },
    statusOrCommand(context, value) {
      writeCommand(context, value & 0xff);
      updateInterrupt(context);
    },
    alternateStatusOrControl: (context, value) => writeControl(context, value),
  },
});
