/**
 * A CD-ROM drive as a SCSI target, for an ATA channel (as an ATAPI device) or a SCSI bus: a tray, a disc of one data track, and
 * the commands of MMC.
 */
import { defineDevice } from '../device.js';
import type { ScsiTransfer } from '../scsi-target.js';
import { hasSelectedModes, modeSelect } from '../scsi-modes.js';
import {
  attention,
  big16,
  big24,
  big32,
  endCommand,
  execute,
  failAtBlock,
  moveBlocks,
  readBytes,
  refuse,
  reportUnits,
  requestSense,
  resetUnit,
  sense,
  succeed,
  takeSense,
  tryBlocks,
  writeBytes,
} from '../scsi-unit.js';
import {
  getConfiguration,
  getEventStatus,
  inquiry,
  mechanismStatus,
  readCapacity,
  readDiscInformation,
  readHeader,
  readSubChannel,
  readToc,
  readTrackInformation,
  seek,
  sendModes,
  takeModes,
} from './information.js';
import { blockOf, rawSector, selectedParts } from './raw-sector.js';
import {
  blockBytes,
  blocksOf,
  discOf,
  driveState,
  mediaEvent,
  type OpticalBoard,
  type OpticalContext,
  readBlock,
  sectorsPerBlock,
} from './state.js';

/** Rates of the medium: a drive with a warm cache behind an interface of 33 megabytes a second. */
export const opticalRates = { accessMicroseconds: 100, nanosecondsPerByte: 30 } as const;

type Handler = (context: OpticalContext) => ScsiTransfer;

/** A command that needs a disc. */
const withDisc =
  (handler: Handler): Handler =>
  (context) => {
    if (discOf(context) !== undefined) return handler(context);
    return refuse(context.state.unit, context.state.trayOpen ? sense.notReadyTrayOpen : sense.notReadyNoMedium);
  };

/** READ(6), (10), (12): 2048 bytes of each block. */
const readAt =
  (range: (command: Uint8Array) => readonly [first: number, blocks: number]): Handler =>
  (context) => {
    const { unit } = context.state;
    const [first, blocks] = range(unit.command);
    return startReading(context, first, blocks, blockBytes);
  };

function startReading(context: OpticalContext, first: number, blocks: number, bytes: number): ScsiTransfer {
  const { unit } = context.state;
  if (first + blocks > blocksOf(discOf(context)!)) return refuse(unit, sense.addressOutOfRange);
  if (blocks > 0) context.state.position = first + blocks - 1;
  const outcome = tryBlocks(discOf(context)!, 'read', { first, blocks }, sectorsPerBlock);
  return moveBlocks(unit, 'in', { first, blocks, blockBytes: bytes }, opticalRates, outcome);
}

/** READ CD and READ CD MSF: the parts of raw sectors that the flags ask for. */
const readCd =
  (range: (command: Uint8Array) => readonly [first: number, blocks: number]): Handler =>
  (context) => {
    const { unit } = context.state;
    const { command } = unit;
    const expected = (command[1]! >> 2) & 0x07;
    if (command[10]! & 0x07) return refuse(unit, sense.invalidField); // No sub-channel data.
    if (expected !== 0 && expected !== 2) return refuse(unit, sense.illegalTrackMode);
    const bytes = selectedParts(command[9]!).reduce((sum, [from, to]) => sum + to - from, 0);
    const [first, blocks] = range(command);
    if (first < 0 || blocks < 0) return refuse(unit, sense.addressOutOfRange);
    return bytes === 0 ? succeed() : startReading(context, first, blocks, bytes);
  };

/** START STOP UNIT: the tray. */
function startStop({ state }: OpticalContext): ScsiTransfer {
  const { unit } = state;
  const wanted = unit.command[4]! & 0xf3;
  if (wanted === 0x02) {
    if (state.locked) return refuse(unit, sense.removalPrevented);
    state.trayOpen = true;
    state.mediaEvent = mediaEvent.removal;
  } else if (wanted === 0x03 && state.trayOpen) {
    state.trayOpen = false;
    unit.attention = attention.mediumChanged;
    state.mediaEvent = mediaEvent.newMedia;
  }
  return succeed();
}

const selectModes: Handler = ({ state }) => modeSelect(state.unit, sense.invalidField);

const ok: Handler = () => succeed();

const commands: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [0x00, withDisc(ok)], // TEST UNIT READY
  [0x01, ok], // REZERO UNIT
  [0x03, ({ state }) => requestSense(state.unit)],
  [0x08, withDisc(readAt((command) => [big24(command, 1) & 0x1fffff, command[4]! || 256]))],
  [0x0b, withDisc(seek)],
  [0x12, inquiry],
  [0x15, selectModes],
  [0x1a, sendModes],
  [0x1b, startStop],
  [0x1d, ok], // SEND DIAGNOSTIC: the self-test passes.
  [0x1e, (context) => preventRemoval(context)],
  [0x25, withDisc(readCapacity)],
  [0x28, withDisc(readAt((command) => [big32(command, 2), big16(command, 7)]))],
  [0x2b, withDisc(seek)],
  [0x2f, withDisc(verify)],
  [0x42, withDisc(readSubChannel)],
  [0x43, withDisc(readToc)],
  [0x44, withDisc(readHeader)],
  [0x46, getConfiguration],
  [0x4a, getEventStatus],
  [0x4e, withDisc(ok)], // STOP PLAY/SCAN: nothing plays.
  [0x51, withDisc(readDiscInformation)],
  [0x52, withDisc(readTrackInformation)],
  [0x55, selectModes],
  [0x5a, sendModes],
  [0xa0, ({ state }) => reportUnits(state.unit)],
  [0xa8, withDisc(readAt((command) => [big32(command, 2), big32(command, 6)]))],
  [0xb9, withDisc(readCd((command) => timeRange(command)))],
  [0xbb, ok], // SET CD SPEED: it is as fast as it is.
  [0xbd, mechanismStatus],
  [0xbe, withDisc(readCd((command) => [big32(command, 2), big24(command, 6)]))],
]);

function timeRange(command: Uint8Array): readonly [number, number] {
  const first = blockOf(command[3]!, command[4]!, command[5]!);
  return [first, blockOf(command[6]!, command[7]!, command[8]!) - first];
}

function preventRemoval({ state }: OpticalContext): ScsiTransfer {
  state.locked = (state.unit.command[4]! & 0x01) !== 0;
  return succeed();
}

function verify(context: OpticalContext): ScsiTransfer {
  const { unit } = context.state;
  const disc = discOf(context)!;
  const [first, blocks] = [big32(unit.command, 2), big16(unit.command, 7)];
  if (first + blocks > blocksOf(disc)) return refuse(unit, sense.addressOutOfRange);
  const outcome = tryBlocks(disc, 'read', { first, blocks }, sectorsPerBlock);
  const microseconds = opticalRates.accessMicroseconds + outcome.microseconds;
  if (outcome.good === blocks) return succeed(microseconds);
  return failAtBlock(unit, sense.unrecoveredRead, first + outcome.good, microseconds);
}

/** Fetches what the command at hand wants of a block. */
function fetchBlock(context: OpticalContext, block: number, into: Uint8Array): void {
  const disc = discOf(context);
  if (disc === undefined || block >= blocksOf(disc)) {
    into.fill(0); // The disc was taken out under the command, which ends with an error.
    return;
  }
  const { command } = context.state.unit;
  if (command[0] !== 0xbe && command[0] !== 0xb9) {
    readBlock(disc, block, into);
    return;
  }
  const data = new Uint8Array(blockBytes);
  readBlock(disc, block, data);
  const raw = rawSector(block, data);
  let at = 0;
  for (const [from, to] of selectedParts(command[9]!)) {
    into.set(raw.subarray(from, to), at);
    at += to - from;
  }
}

const audioControlDefault = [4, 0, 0, 0, 0, 75, 1, 0xff, 2, 0xff, 0, 0, 0, 0];
const errorRecoveryDefault = [0, 5, 0, 0, 0, 0];

const operations = {
  begin(context: OpticalContext, command: Uint8Array, logicalUnit: number): ScsiTransfer {
    return execute(context.state.unit, command, { logicalUnit, version: 3 }, (operation) => {
      const handler = commands.get(operation);
      return handler && (() => handler(context));
    });
  },
  read(context: OpticalContext, into: Uint8Array): void {
    readBytes(context.state.unit, into, (block, data) => fetchBlock(context, block, data));
  },
  write(context: OpticalContext, from: Uint8Array): void {
    writeBytes(context.state.unit, from, () => {});
  },
  end(context: OpticalContext): number {
    const { unit } = context.state;
    if (hasSelectedModes(unit)) takeModes(context);
    if (unit.direction === 'in' && unit.source === 'blocks' && discOf(context) === undefined)
      refuse(unit, sense.notReadyNoMedium);
    return endCommand(unit);
  },
  takeSense: (context: OpticalContext): Uint8Array => takeSense(context.state.unit),
  senseKey: (context: OpticalContext): number => context.state.unit.senseKey,
  busReset(context: OpticalContext): void {
    context.state.locked = false;
    resetUnit(context.state.unit, attention.reset);
  },
  /** The disc was taken out, or another put in: the tray is closed again, whatever the guest locked. */
  mediumChanged(context: OpticalContext): void {
    const { state, board } = context;
    const present = board.medium() !== undefined;
    state.trayOpen = false;
    state.locked = false;
    state.position = 0;
    state.mediaEvent = present ? mediaEvent.newMedia : mediaEvent.removal;
    if (present) state.unit.attention = attention.mediumChanged;
  },
};

/** The CD-ROM drive. */
export const opticalDrive = defineDevice({
  name: 'optical-drive',
  source: 'T10 1363-D revision 10g (MMC-3); SFF-8020i revision 2.6; T10 1236-D revision 20 (SPC-2)',
  notModelled: [
    'audio: no tracks of it, no PLAY commands',
    'discs of several tracks or sessions, sub-channel data, CD-TEXT',
    'DVD structures and keys: a larger disc reads as a DVD-ROM without them',
    'writing',
    'speeds: SET CD SPEED is taken and changes nothing',
    'the time a disc takes to be recognised',
    'the unit attention that an ATAPI drive has after power-on',
  ],
  registers: {},
  inputs: [],
  outputs: [],
  state: driveState,
  reset(context: OpticalContext) {
    const { state, board } = context;
    state.audioControl.set(audioControlDefault);
    state.errorRecovery.set(errorRecoveryDefault);
    if (board.bus === 'scsi') state.unit.attention = attention.reset;
  },
  read: {},
  write: {},
  operations,
});
export type { OpticalBoard };
