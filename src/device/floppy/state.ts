/** What the floppy controller remembers, and the bits of its registers (82077AA sections 2 and 6). */
import {
  byteQueue,
  bytes,
  count,
  flag,
  oneOf,
  repeat,
  type StateOf,
  struct,
  u16,
  u32,
  u8,
} from '../../state/schema.js';
import type { DeviceContext } from '../device.js';
import { type Medium, sectorBytes } from '../medium.js';
import { type DataRate, dataRates, type FloppyDriveKind } from './geometry.js';

/** The Digital Output Register: drive select in bits 1-0, motors in bits 7-4. */
export const outputBit = { notReset: 0x04, gate: 0x08 } as const;
/** The Main Status Register; bits 3-0 tell which drives are seeking. */
export const mainBit = { RQM: 0x80, DIO: 0x40, nonDma: 0x20, busy: 0x10 } as const;
/** Status register 0: interrupt code in bits 7-6, then seek end and equipment check; head and drive in bits 2-0. */
export const st0Bit = { abnormal: 0x40, invalid: 0x80, polled: 0xc0, seekEnd: 0x20, equipmentCheck: 0x10 } as const;
export const st1Bit = {
  endOfCylinder: 0x80,
  dataError: 0x20,
  overrun: 0x10,
  noData: 0x04,
  notWritable: 0x02,
  missingMark: 0x01,
} as const;
export const st2Bit = { controlMark: 0x40, dataErrorInData: 0x20, wrongCylinder: 0x10 } as const;
export const st3Bit = { writeProtected: 0x40, ready: 0x20, track0: 0x10, twoSided: 0x08 } as const;
/** CONFIGURE's second byte; the FIFO threshold less one in bits 3-0. */
export const configureBit = { impliedSeek: 0x40, fifoOff: 0x20, pollOff: 0x10 } as const;
/** The first command byte. */
export const commandBit = { multiTrack: 0x80, mfm: 0x40, skip: 0x20 } as const;

/**
 * What the chip does when `ticksLeft` run out: come out of reset; find the heads arrived, or loaded; find the start of the
 * wanted sector, or two index pulses without it; move a byte; pass a sector's end; look again whether the host took the
 * last bytes; take a sector ID to format; end a formatted sector.
 */
const steps = [
  'none',
  'leaveReset',
  'impliedSeek',
  'headLoad',
  'sectorStart',
  'notFound',
  'byte',
  'sectorEnd',
  'drain',
  'formatId',
  'formatSector',
] as const;

const seekState = struct({
  /** Ticks until the heads arrive; Infinity when they rest. */
  ticksLeft: count(Infinity),
  /** Where PCN and the heads will be then. */
  presentCylinder: u8(),
  headCylinder: u8(),
  stepped: flag(),
  /** Status for the next SENSE INTERRUPT STATUS: while seeking what it will be, then what it is while `pending`. */
  st0: u8(),
  pending: flag(),
});

export const floppyState = struct({
  digitalOutput: u8(),
  tapeDrive: u8(),
  /** Bits 1-0: what DSR or CCR selected last. 2 is 250 kbit/s. */
  rateSelect: u8(2),
  phase: oneOf(['held', 'command', 'execution', 'result'], 'held'),
  command: bytes(9),
  commandLength: u8(),
  result: byteQueue(10),
  /** SPECIFY's two bytes, CONFIGURE's second and third, PERPENDICULAR's, and LOCK. */
  stepAndUnload: u8(),
  loadAndMode: u8(),
  configure: u8(configureBit.fifoOff),
  precompensationTrack: u8(),
  perpendicular: u8(),
  locked: flag(),
  /** SC of the last FORMAT TRACK or EOT of the last transfer, for DUMPREG. */
  lastSectorParameter: u8(),
  interrupt: flag(),
  seeks: repeat(4, seekState),
  /** The cylinder the chip believes each drive to be at, and where its heads are. */
  presentCylinder: repeat(4, u8()),
  headCylinder: repeat(4, u8()),
  diskChanged: repeat(4, flag(true)),
  /** Ticks since all index holes last met. */
  rotation: u32(),
  step: oneOf(steps, 'none'),
  ticksLeft: count(Infinity),
  /** Ticks until the heads of drive `headUnit` unload after the last transfer. */
  headLoadedTicks: count(0),
  headUnit: u8(),
  /** The command in execution: drive and side, status so far, and the sector's ID it is at. */
  unit: u8(),
  side: u8(),
  st1: u8(),
  st2: u8(),
  cylinder: u8(),
  head: u8(),
  sector: u8(),
  size: u8(),
  /** Sectors READ TRACK, VERIFY or FORMAT TRACK have passed. */
  sectorsPassed: u16(),
  buffer: bytes(sectorBytes),
  bufferAt: u16(),
  terminalCount: flag(),
  fifo: byteQueue(16),
  /** The chip asks the host for bytes or to take them: DRQ, or RQM and INT without DMA. */
  service: flag(),
});
export type FloppyState = StateOf<typeof floppyState>;

/** One byte each way over the board's DMA channel; undefined while the channel is masked. */
export interface FloppyDma {
  /** The level of DRQ. */
  request(level: boolean): void;
  /** A byte out of memory. */
  toDevice(): { readonly value: number; readonly terminalCount: boolean } | undefined;
  /** A byte into memory. */
  fromDevice(value: number): { readonly terminalCount: boolean } | undefined;
}

/** What the board grants the controller. Units are 0 to 3. */
export interface FloppyBoard {
  readonly dma: FloppyDma;
  /** The medium in a drive. */
  drive(unit: number): Medium | undefined;
  /** What the drive is; undefined where no drive is connected. */
  driveKind(unit: number): FloppyDriveKind | undefined;
  /** The ways of QEMU's controller in place of the data sheet's: `qemu.ts`. */
  readonly asQemu?: boolean;
}

export type FloppyContext = DeviceContext<FloppyState, 'interrupt', FloppyBoard>;

/** The selected data rate. */
export const selectedRate = (state: FloppyState): DataRate => dataRates[state.rateSelect & 3]!;

/** True when the drive's medium turns: a drive, its motor on, a medium in it. QEMU's drives have no motors. */
export function isTurning({ state, board }: FloppyContext, unit: number): boolean {
  const motor = board.asQemu === true || ((state.digitalOutput >> (4 + unit)) & 1) === 1;
  return motor && board.driveKind(unit) !== undefined && board.drive(unit) !== undefined;
}
