/** A SCSI disk as a target: the block commands over the board's medium, of 512-byte blocks. */
import { defineDevice } from '../device.js';
import { sectorBytes } from '../medium.js';
import type { ScsiTransfer } from '../scsi-target.js';
import { hasSelectedModes, modeSelect } from '../scsi-modes.js';
import {
  attention,
  big16,
  big24,
  big32,
  big64,
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
import { inquiry, readCapacity, sendModes, serviceActionIn, takeModes, versionOf } from './information.js';
import { unmap, unmapBlocks, unmapOperation } from './unmap.js';
import { diskState, type ScsiDiskContext, scsiDiskRates } from './state.js';

type Handler = (context: ScsiDiskContext) => ScsiTransfer;
/** First block and count of a command. */
type Range = (command: Uint8Array) => readonly [first: number, blocks: number];

const six: Range = (command) => [big24(command, 1) & 0x1fffff, command[4]! || 256];
const ten: Range = (command) => [big32(command, 2), big16(command, 7)];
const twelve: Range = (command) => [big32(command, 2), big32(command, 6)];
const sixteen: Range = (command) => [big64(command, 2), big32(command, 10)];

const ok: Handler = () => succeed();

/** A command that needs the disk to turn. */
const withMedium =
  (handler: Handler): Handler =>
  (context) => {
    const { state, board } = context;
    if (board.medium() === undefined) return refuse(state.unit, sense.notReadyNoMedium);
    return state.stopped ? refuse(state.unit, sense.notReadyStopped) : handler(context);
  };

/** A command over blocks; `handler` is reached when all of them exist. */
const overBlocks = (
  range: Range,
  handler: (context: ScsiDiskContext, first: number, blocks: number) => ScsiTransfer,
): Handler =>
  withMedium((context) => {
    const { unit } = context.state;
    const [first, blocks] = range(unit.command);
    const { sectors } = context.board.medium()!;
    return first + blocks > sectors ? refuse(unit, sense.addressOutOfRange) : handler(context, first, blocks);
  });

const reads = (range: Range): Handler =>
  overBlocks(range, ({ state: { unit }, board }, first, blocks) => {
    const all = { first, blocks, blockBytes: sectorBytes };
    return moveBlocks(unit, 'in', all, scsiDiskRates, tryBlocks(board.medium()!, 'read', all));
  });

const writes = (range: Range): Handler =>
  overBlocks(range, ({ state: { unit }, board }, first, blocks) => {
    const all = { first, blocks, blockBytes: sectorBytes };
    const medium = board.medium()!;
    if (!medium.writable) return refuse(unit, sense.writeProtected);
    return moveBlocks(unit, 'out', all, scsiDiskRates, tryBlocks(medium, 'write', all));
  });

/** VERIFY: the blocks can be read; with BytChk the data of the host are compared. */
const verifies = (range: Range): Handler =>
  overBlocks(range, ({ state: { unit }, board }, first, blocks) => {
    const outcome = tryBlocks(board.medium()!, 'read', { first, blocks });
    const microseconds = scsiDiskRates.accessMicroseconds + outcome.microseconds;
    if (outcome.good < blocks) return failAtBlock(unit, sense.unrecoveredRead, first + outcome.good, microseconds);
    if ((unit.command[1]! & 0x02) === 0) return succeed(microseconds);
    return moveBlocks(unit, 'out', { first, blocks, blockBytes: sectorBytes }, scsiDiskRates);
  });

/** WRITE SAME: one block of the host, many on the medium. The number of blocks is bounded, so that it takes bounded time. */
const sameBlocksMost = 65536;
const writesSame = (range: Range): Handler =>
  overBlocks(range, ({ state: { unit }, board }, first, blocks) => {
    if (!board.medium()!.writable) return refuse(unit, sense.writeProtected);
    const wanted = blocks === 0 ? board.medium()!.sectors - first : blocks;
    const isPlain = (unit.command[1]! & 0x07) === 0; // No blocks that hold their addresses, none relative, none left out.
    if (wanted > sameBlocksMost || !isPlain) return refuse(unit, sense.invalidField);
    const { good, microseconds } = tryBlocks(board.medium()!, 'write', { first, blocks: wanted });
    if (good < wanted) return failAtBlock(unit, sense.writeError, first + good, microseconds);
    const one = { first, blocks: 1, blockBytes: sectorBytes };
    return moveBlocks(unit, 'out', one, scsiDiskRates, { good: 1, microseconds });
  });

/** SYNCHRONIZE CACHE: what was written is on the medium, unless that fails. */
const synchronizes: Handler = withMedium(({ state: { unit }, board }) => {
  const { good, microseconds } = tryBlocks(board.medium()!, 'flush', { first: 0, blocks: 1 });
  return good === 0 ? failAtBlock(unit, sense.writeError, 0, microseconds) : succeed(microseconds);
});

const selectModes: Handler = ({ state }) => modeSelect(state.unit, sense.savingNotSupported);

function startStop({ state }: ScsiDiskContext): ScsiTransfer {
  const { unit } = state;
  if (unit.command[4]! & 0x02) return refuse(unit, sense.invalidField); // Nothing to load or eject.
  state.stopped = (unit.command[4]! & 0x01) === 0;
  return succeed();
}

const reportsUnits: Handler = ({ state: { unit } }) =>
  big32(unit.command, 6) < 16 ? refuse(unit, sense.invalidField) : reportUnits(unit);

/** SEND DIAGNOSTIC: the self-test passes; there are no other pages. */
function sendDiagnostic({ state: { unit } }: ScsiDiskContext): ScsiTransfer {
  return big16(unit.command, 3) === 0 ? succeed() : refuse(unit, sense.invalidField);
}

const seeks = (range: Range): Handler =>
  overBlocks(
    (command) => [range(command)[0], 1],
    () => succeed(scsiDiskRates.accessMicroseconds),
  );

const commands: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [0x00, withMedium(ok)], // TEST UNIT READY
  [0x01, withMedium(ok)], // REZERO UNIT
  [0x03, ({ state }) => requestSense(state.unit)],
  [0x08, reads(six)],
  [0x0a, writes(six)],
  [0x0b, seeks(six)],
  [0x12, inquiry],
  [0x15, selectModes],
  [0x16, ok], // RESERVE and RELEASE: there is one initiator.
  [0x17, ok],
  [0x1a, sendModes],
  [0x1b, startStop],
  [0x1d, sendDiagnostic],
  [0x1e, ok], // PREVENT ALLOW MEDIUM REMOVAL
  [0x25, withMedium(readCapacity)],
  [0x28, reads(ten)],
  [0x2a, writes(ten)],
  [0x2b, seeks(ten)],
  [0x2e, writes(ten)], // WRITE AND VERIFY
  [0x2f, verifies(ten)],
  [0x35, synchronizes],
  [0x41, writesSame(ten)],
  [unmapOperation, withMedium(unmap)],
  [0x55, selectModes],
  [0x56, ok],
  [0x57, ok],
  [0x5a, sendModes],
  [0x88, reads(sixteen)],
  [0x8a, writes(sixteen)],
  [0x8e, writes(sixteen)],
  [0x8f, verifies(sixteen)],
  [0x91, synchronizes],
  [0x93, writesSame(sixteen)],
  [0x9e, withMedium(serviceActionIn)],
  [0xa0, reportsUnits],
  [0xa8, reads(twelve)],
  [0xaa, writes(twelve)],
  [0xae, writes(twelve)],
  [0xaf, verifies(twelve)],
]);

const verifyOperations: ReadonlySet<number> = new Set([0x2f, 0x8f, 0xaf]);
const writeSameOperations: ReadonlySet<number> = new Set([0x41, 0x93]);

/** Takes a block of the host: stores it, compares it, or stores it many times. */
function storeBlock(context: ScsiDiskContext, block: number, data: Uint8Array): void {
  const { unit } = context.state;
  const medium = context.board.medium();
  const operation = unit.command[0]!;
  if (medium === undefined || block >= medium.sectors) refuse(unit, sense.mediumWriteFault);
  else if (verifyOperations.has(operation)) {
    const there = new Uint8Array(sectorBytes);
    medium.read(block, there);
    if (there.some((value, at) => value !== data[at]))
      [unit.status, unit.senseKey, unit.senseCode] = [0x02, ...sense.miscompare];
  } else if (medium.writable) {
    const wanted = operation === 0x41 ? ten(unit.command)[1] : sixteen(unit.command)[1];
    const blocks = writeSameOperations.has(operation) ? wanted || medium.sectors - block : 1;
    for (let at = 0; at < blocks; at++) medium.write(block + at, data);
  }
}

const operations = {
  begin(context: ScsiDiskContext, command: Uint8Array, logicalUnit: number): ScsiTransfer {
    return execute(context.state.unit, command, { logicalUnit, version: versionOf(context) }, (operation) => {
      const handler = commands.get(operation);
      return handler && (() => handler(context));
    });
  },
  read(context: ScsiDiskContext, into: Uint8Array): void {
    readBytes(context.state.unit, into, (block, data) => context.board.medium()?.read(block, data));
  },
  write(context: ScsiDiskContext, from: Uint8Array): void {
    writeBytes(context.state.unit, from, (block, data) => storeBlock(context, block, data));
  },
  end(context: ScsiDiskContext): number {
    const { unit } = context.state;
    if (hasSelectedModes(unit)) takeModes(context);
    unmapBlocks(context);
    return endCommand(unit);
  },
  takeSense: (context: ScsiDiskContext): Uint8Array => takeSense(context.state.unit),
  senseKey: (context: ScsiDiskContext): number => context.state.unit.senseKey,
  busReset(context: ScsiDiskContext): void {
    context.state.stopped = false;
    resetUnit(context.state.unit, attention.reset);
  },
};

/** The SCSI disk. */
export const scsiDisk = defineDevice({
  name: 'scsi-disk',
  source: 'T10 1236-D revision 20 (SPC-2); T10 1417-D revision 16 (SBC-2); SBC-3 for UNMAP',
  notModelled: [
    'FORMAT UNIT, REASSIGN BLOCKS, defect lists, logs, long reads and writes',
    'command queueing: one command at a time',
    'persistent reservations and other initiators: RESERVE and RELEASE always succeed',
    'anchored blocks, GET LBA STATUS; WRITE SAME and UNMAP of more than 65536 blocks',
    'seek and rotation times',
  ],
  registers: {},
  inputs: [],
  outputs: [],
  state: diskState,
  reset({ state }: ScsiDiskContext) {
    state.caching[0] = 0x04; // The write cache is on.
    state.unit.attention = attention.reset;
  },
  read: {},
  write: {},
  operations,
});
