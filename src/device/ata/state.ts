/** What an ATA channel remembers, and the bits of its registers (ATA/ATAPI-4 clause 7). */
import { bytes, count, flag, oneOf, repeat, type StateOf, struct, u16, u32, u8 } from '../../state/schema.js';
import type { DeviceContext } from '../device.js';
import { type Medium, sectorBytes } from '../medium.js';

/** The Status register's bits. */
export const statusBit = { BSY: 0x80, DRDY: 0x40, DF: 0x20, DSC: 0x10, DRQ: 0x08, ERR: 0x01 } as const;
/** The Error register's bits; WP takes UNC's place in write commands. */
export const errorBit = { WP: 0x40, IDNF: 0x10, ABRT: 0x04 } as const;
/** The Device/Head register's bits. */
export const deviceHeadBit = { LBA: 0x40, DEV: 0x10 } as const;
/** The Device Control register's bits. */
export const controlBit = { SRST: 0x04, nIEN: 0x02 } as const;

/** Most sectors in one block of READ MULTIPLE and WRITE MULTIPLE. */
export const multipleSectorsMax = 16;

/** The translation every disk has at power-on; its cylinders follow from its size. */
export const defaultTranslation = { heads: 16, sectorsPerTrack: 63, cylindersMax: 16383 } as const;

/**
 * What a drive is doing when its `ticksLeft` run out: nothing; come out of reset or diagnostic; end a command without data;
 * fill the buffer for the host; ask the host for data; use the data it gave; say that the address does not exist. `held` is
 * SRST asserted.
 */
const activities = ['idle', 'held', 'reset', 'diagnostic', 'command', 'fetch', 'prepare', 'store', 'notFound'] as const;

const driveState = struct({
  features: u8(),
  sectorCount: u8(),
  sectorNumber: u8(),
  cylinderLow: u8(),
  cylinderHigh: u8(),
  deviceHead: u8(),
  error: u8(),
  status: u8(),
  /** The command being executed, or the last one. */
  command: u8(),
  activity: oneOf(activities, 'idle'),
  /** Own ticks until `activity` is done. */
  ticksLeft: count(Infinity),
  /** The sector of the medium that the transfer takes next, and how many are to come with it. */
  nextSector: u32(),
  sectorsLeft: u16(),
  /** Sectors in a full block of this command, and in the block being transferred. */
  blockSectors: u8(1),
  blockFill: u8(),
  buffer: bytes(multipleSectorsMax * sectorBytes),
  bufferAt: u16(),
  bufferEnd: u16(),
  interruptPending: flag(),
  /** Block size of the MULTIPLE commands; 0 while they are disabled. */
  multipleSectors: u8(),
  heads: u8(defaultTranslation.heads),
  sectorsPerTrack: u8(defaultTranslation.sectorsPerTrack),
  power: oneOf(['active', 'idle', 'standby', 'sleep'], 'active'),
  writeCache: flag(true),
  lookAhead: flag(true),
  /** SET FEATURES 66h: a software reset leaves features and block size alone. */
  keepFeatures: flag(),
});

/** The state of a channel: two drives, each with its own copy of the command block, and the shared control. */
export const channelState = struct({
  drives: repeat(2, driveState),
  /** The DEV bit as written last: 0 or 1. */
  selected: u8(),
  softwareReset: flag(),
  interruptsDisabled: flag(),
});

export type DriveState = StateOf<typeof driveState>;
export type ChannelState = StateOf<typeof channelState>;

/** What the board grants the channel. */
export interface AtaBoard {
  /** The disk that is drive 0 or 1 of this channel; undefined where no drive is connected. */
  drive(unit: 0 | 1): Medium | undefined;
}

export type AtaContext = DeviceContext<ChannelState, 'interrupt', AtaBoard>;

/** The disk behind `unit`. */
export const diskOf = (context: AtaContext, unit: number): Medium | undefined =>
  context.board.drive(unit === 0 ? 0 : 1);
