/** What an ATA channel remembers, and the bits of its registers (ATA/ATAPI-6 clause 7). */
import { bytes, count, flag, oneOf, repeat, type StateOf, struct, u16, u32, u8 } from '../../state/schema.js';
import type { DeviceContext } from '../device.js';
import { type Medium, sectorBytes } from '../medium.js';
import type { ScsiTarget } from '../scsi-target.js';

/** The Status register's bits. */
export const statusBit = { BSY: 0x80, DRDY: 0x40, DF: 0x20, DSC: 0x10, DRQ: 0x08, ERR: 0x01 } as const;
/** The Error register's bits; WP takes UNC's place in write commands. */
export const errorBit = { UNC: 0x40, WP: 0x40, IDNF: 0x10, ABRT: 0x04 } as const;
/** The Device/Head register's bits. */
export const deviceHeadBit = { LBA: 0x40, DEV: 0x10 } as const;
/** The Device Control register's bits. */
export const controlBit = { HOB: 0x80, SRST: 0x04, nIEN: 0x02 } as const;
/** The Interrupt Reason register of a packet device, in the place of Sector Count: command or data; to the host. */
export const reasonBit = { CoD: 0x01, IO: 0x02 } as const;

/** The commands with 48-bit addresses and 16-bit counts. */
const extendedCommands: ReadonlySet<number> = new Set([0x24, 0x25, 0x27, 0x29, 0x34, 0x35, 0x37, 0x39, 0x42, 0xea]);
/** Whether the drive executes one of them. */
export const isExtended = (drive: DriveState): boolean => extendedCommands.has(drive.command);

/** Most sectors in one block of READ MULTIPLE and WRITE MULTIPLE, and in one burst of DMA. */
export const multipleSectorsMax = 16;

/** Cylinders, heads, and sectors per track. */
export interface Translation {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

/** What a maker gave a disk, where it is not what every disk here has. */
export interface DiskDetails {
  /** The default translation: at most 16383 cylinders of at most 16 heads of at most 255 sectors. */
  readonly geometry?: Translation;
  /** At most 20 printable ASCII characters. */
  readonly serialNumber?: string;
  /** At most 8 printable ASCII characters. */
  readonly firmwareRevision?: string;
}

/** A disk on a channel. */
export interface AtaDisk extends Medium {
  readonly details?: DiskDetails;
}

/** The translation of a disk whose maker says no other; its cylinders follow from its size. */
export const defaultTranslation = { heads: 16, sectorsPerTrack: 63, cylindersMax: 16383 } as const;

/**
 * What a drive is doing when its `ticksLeft` run out: nothing; come out of reset or diagnostic; end a command without data;
 * fill the buffer for the host; ask the host for data; use the data it gave; say that the address does not exist. `held` is
 * SRST asserted, `requesting` a drive that waits with DMARQ for the host's DMA engine.
 */
const activities = [
  'idle',
  'held',
  'reset',
  'diagnostic',
  'command',
  'fetch',
  'prepare',
  'store',
  'notFound',
  'requesting',
] as const;

/** The command block as a 48-bit command sees it: what each register held before the byte it holds now. */
const previousContents = struct({
  features: u8(),
  sectorCount: u8(),
  sectorNumber: u8(),
  cylinderLow: u8(),
  cylinderHigh: u8(),
});

/** A PACKET command on its way: the bytes that its target still moves, and those of the block at hand. */
const packetState = struct({
  /** What the host moves next: the command itself, or data. */
  phase: oneOf(['command', 'none', 'in', 'out'], 'none'),
  dma: flag(),
  bytesLeft: count(),
  /** Bytes of the block that the host sees that are not in the buffer yet, or were not given yet. */
  blockLeft: u32(),
  /** The most bytes in a block, as the host asked. */
  blockMost: u16(),
  nanosecondsPerByte: u16(),
});

/** Multiword DMA mode 2: what a drive of this age comes up with. */
const defaultTransferMode = 0x22;

const driveState = struct({
  features: u8(),
  sectorCount: u8(),
  sectorNumber: u8(),
  cylinderLow: u8(),
  cylinderHigh: u8(),
  deviceHead: u8(),
  previous: previousContents,
  error: u8(),
  status: u8(),
  /** The command being executed, or the last one. */
  command: u8(),
  activity: oneOf(activities, 'idle'),
  /** Own ticks until `activity` is done. */
  ticksLeft: count(Infinity),
  /** The sector of the medium that the transfer takes next, and how many are to come with it. */
  nextSector: count(),
  sectorsLeft: u32(),
  /** Sectors in a full block of this command, and in the block being transferred. */
  blockSectors: u8(1),
  blockFill: u8(),
  buffer: bytes(multipleSectorsMax * sectorBytes),
  bufferAt: u16(),
  bufferEnd: u16(),
  packet: packetState,
  interruptPending: flag(),
  /** Block size of the MULTIPLE commands; 0 while they are disabled. */
  multipleSectors: u8(),
  /** The translation that INITIALIZE DEVICE PARAMETERS asked for; zero before, when the drive's own is in force. */
  heads: u8(),
  sectorsPerTrack: u8(),
  power: oneOf(['active', 'idle', 'standby', 'sleep'], 'active'),
  writeCache: flag(true),
  lookAhead: flag(true),
  /** SET FEATURES 66h: a software reset leaves features and block size alone. */
  keepFeatures: flag(),
  /** The transfer mode that SET FEATURES chose: PIO 08h to 0Ch, multiword DMA 20h to 22h, Ultra DMA 40h to 45h. */
  transferMode: u8(defaultTransferMode),
  smartEnabled: flag(true),
  smartAutosave: flag(true),
  /** Sectors at the end that SET MAX ADDRESS hides, until the power goes. */
  hiddenSectors: count(),
  /** READ NATIVE MAX ADDRESS came just before: SET MAX ADDRESS may follow. */
  nativeMaxRead: flag(),
});

/** The state of a channel: two drives, each with its own copy of the command block, and the shared control. */
export const channelState = struct({
  drives: repeat(2, driveState),
  /** The DEV bit as written last: 0 or 1. */
  selected: u8(),
  softwareReset: flag(),
  interruptsDisabled: flag(),
  /** HOB: reads of the command block show what the registers held before. The next write to the block clears it. */
  highOrder: flag(),
});

export type DriveState = StateOf<typeof driveState>;
export type ChannelState = StateOf<typeof channelState>;

/** What the board grants the channel. */
export interface AtaBoard {
  /** The disk that is drive 0 or 1 of this channel; undefined where no disk is connected. */
  drive(unit: 0 | 1): AtaDisk | undefined;
  /** The packet device that is drive 0 or 1 of this channel; undefined where none is connected. */
  packet?(unit: 0 | 1): ScsiTarget | undefined;
}

export type AtaContext = DeviceContext<ChannelState, 'interrupt' | 'dmaRequest', AtaBoard>;

/** The state of drive `unit`. */
export const driveOf = (context: AtaContext, unit: number): DriveState => context.state.drives[unit]!;

/** The disk behind `unit`. */
export const diskOf = (context: AtaContext, unit: number): AtaDisk | undefined =>
  context.board.drive(unit === 0 ? 0 : 1);

/** The packet device behind `unit`. */
export const packetOf = (context: AtaContext, unit: number): ScsiTarget | undefined =>
  context.board.packet?.(unit === 0 ? 0 : 1);

/** Whether a drive of any kind is connected. */
export const isPresent = (context: AtaContext, unit: number): boolean =>
  diskOf(context, unit) !== undefined || packetOf(context, unit) !== undefined;
