/**
 * What every SCSI logical unit has, whatever it stores: the command at hand, its data, sense data and unit attentions
 * (SPC-2 sections 4 to 7). The units themselves add their commands.
 */
import { bytes, count, oneOf, type StateOf, struct, u16, u32, u8 } from '../state/schema.js';
import { goodSectors, type Medium, type MediumOperation } from './medium.js';
import { scsiStatus, type ScsiTransfer } from './scsi-target.js';

/** The most bytes of parameter data that a command of ours sends or takes. */
const parameterBytesMost = 1024;
/** The longest block: a raw CD sector. */
const blockBytesMost = 2352;

/** What a logical unit remembers of commands. */
export const unitState = struct({
  status: u8(),
  senseKey: u8(),
  /** Additional sense code in the high byte, its qualifier in the low one. */
  senseCode: u16(),
  /** The unit attention that the next command finds: such a code, or 0 for none. */
  attention: u16(),
  command: bytes(16),
  direction: oneOf(['none', 'in', 'out'], 'none'),
  source: oneOf(['parameters', 'blocks'], 'parameters'),
  parameters: bytes(parameterBytesMost),
  parameterBytes: u16(),
  parameterAt: u16(),
  /** The next block of the medium, how many are to come with it, and the one at hand. */
  nextBlock: count(),
  blocksLeft: u32(),
  block: bytes(blockBytesMost),
  blockBytes: u16(),
  blockAt: u16(),
});
export type UnitState = StateOf<typeof unitState>;

/** Sense keys with their additional codes, as SPC-2 and MMC-2 name them. */
export const sense = {
  none: [0x0, 0x0000],
  notReadyNoMedium: [0x2, 0x3a00],
  notReadyTrayOpen: [0x2, 0x3a02],
  notReadyStopped: [0x2, 0x0402],
  mediumWriteFault: [0x3, 0x0300],
  writeError: [0x3, 0x0c00],
  unrecoveredRead: [0x3, 0x1100],
  parameterListLength: [0x5, 0x1a00],
  invalidOperation: [0x5, 0x2000],
  addressOutOfRange: [0x5, 0x2100],
  invalidField: [0x5, 0x2400],
  unitNotSupported: [0x5, 0x2500],
  invalidParameter: [0x5, 0x2600],
  savingNotSupported: [0x5, 0x3900],
  incompatibleMedium: [0x5, 0x3000],
  removalPrevented: [0x5, 0x5302],
  illegalTrackMode: [0x5, 0x6400],
  miscompare: [0xe, 0x1d00],
  writeProtected: [0x7, 0x2700],
} as const satisfies Readonly<Record<string, readonly [key: number, code: number]>>;
export type Sense = (typeof sense)[keyof typeof sense];

/** Codes of unit attentions. */
export const attention = { none: 0, mediumChanged: 0x2800, reset: 0x2900, parametersChanged: 0x2a01 } as const;
const unitAttentionKey = 0x6;

/** Commands that this file knows by their numbers. */
const operations = {
  requestSense: 0x03,
  inquiry: 0x12,
  reportUnits: 0xa0,
} as const;
/** Commands that every unit may answer while an attention is pending. */
const pastAttention: ReadonlySet<number> = new Set([
  operations.inquiry,
  operations.requestSense,
  operations.reportUnits,
]);

// Big-endian fields of command blocks and parameters.

export const big16 = (data: Uint8Array, at: number): number => data[at]! * 256 + data[at + 1]!;
export const big24 = (data: Uint8Array, at: number): number => data[at]! * 65536 + big16(data, at + 1);
export const big32 = (data: Uint8Array, at: number): number => big16(data, at) * 65536 + big16(data, at + 2);
export const big64 = (data: Uint8Array, at: number): number => big32(data, at) * 2 ** 32 + big32(data, at + 4);
/** The bytes of a number, most significant first. */
export const bigBytes = (value: number, length: number): number[] =>
  Array.from({ length }, (_, at) => Math.floor(value / 2 ** (8 * (length - 1 - at))) & 0xff);

const nothing: ScsiTransfer = { direction: 'none', bytes: 0, microseconds: 0, nanosecondsPerByte: 0 };

/** Ends a command well, without data. */
export const succeed = (microseconds = 0): ScsiTransfer => ({ ...nothing, microseconds });

/** Refuses a command: CHECK CONDITION, and the sense data say why. */
export function refuse(unit: UnitState, [key, code]: readonly [number, number]): ScsiTransfer {
  unit.status = scsiStatus.checkCondition;
  unit.senseKey = key;
  unit.senseCode = code;
  unit.direction = 'none';
  return nothing;
}

/** Sends parameter data, cut at the allocation length. */
export function answer(unit: UnitState, data: ArrayLike<number>, allocation: number): ScsiTransfer {
  const length = Math.min(data.length, allocation, parameterBytesMost);
  for (let at = 0; at < length; at++) unit.parameters[at] = data[at]!;
  return startParameters(unit, 'in', length);
}

/** Takes a parameter list; what is done with it happens at the command's end. */
export function accept(unit: UnitState, length: number): ScsiTransfer {
  if (length > parameterBytesMost) return refuse(unit, sense.invalidField);
  return startParameters(unit, 'out', length);
}

function startParameters(unit: UnitState, direction: 'in' | 'out', length: number): ScsiTransfer {
  unit.source = 'parameters';
  unit.direction = length === 0 ? 'none' : direction;
  unit.parameterBytes = length;
  unit.parameterAt = 0;
  return { ...nothing, direction: unit.direction, bytes: length };
}

/** What an access comes to on a faulty medium: how many of its blocks go well, and how many microseconds they take more. */
export interface AccessOutcome {
  readonly good: number;
  readonly microseconds: number;
}

/** Tries blocks of so many sectors against a medium's faults. */
export function tryBlocks(
  medium: Medium,
  operation: MediumOperation,
  { first, blocks }: { readonly first: number; readonly blocks: number },
  sectorsPerBlock = 1,
): AccessOutcome {
  if (medium.faults === undefined || blocks === 0) return { good: blocks, microseconds: 0 };
  const [start, sectors] = [first * sectorsPerBlock, blocks * sectorsPerBlock];
  const microseconds = medium.faults.delay(operation, start, sectors);
  const good = Math.floor(goodSectors(medium, operation, start, sectors) / sectorsPerBlock);
  return { good, microseconds };
}

/** The medium fails at `block`: the sense data name it. */
export function failAtBlock(unit: UnitState, error: Sense, block: number, microseconds: number): ScsiTransfer {
  unit.nextBlock = block;
  return { ...refuse(unit, error), microseconds };
}

/** The codes of sense data that name the block where a medium failed, which is the next one of the command. */
const namesBlock: ReadonlySet<number> = new Set([sense.writeError[1], sense.unrecoveredRead[1]]);

/** Rates of a medium. */
export interface MediumRates {
  readonly accessMicroseconds: number;
  readonly nanosecondsPerByte: number;
}

/**
 * Moves `blocks` blocks of `blockBytes` from `first` on; the range was checked. Those before one where the medium fails are moved,
 * and the command ends there.
 */
export function moveBlocks(
  unit: UnitState,
  direction: 'in' | 'out',
  range: { readonly first: number; readonly blocks: number; readonly blockBytes: number },
  rates: MediumRates,
  { good, microseconds }: AccessOutcome = { good: range.blocks, microseconds: 0 },
): ScsiTransfer {
  if (range.blocks === 0) return succeed();
  const isCut = good < range.blocks;
  const error = direction === 'in' ? sense.unrecoveredRead : sense.writeError;
  if (isCut) failAtBlock(unit, error, range.first, 0);
  if (good === 0) return succeed(rates.accessMicroseconds + microseconds);
  Object.assign(unit, { source: 'blocks', direction, nextBlock: range.first, blocksLeft: good });
  unit.blockBytes = range.blockBytes;
  unit.blockAt = direction === 'in' ? range.blockBytes : 0; // A block is fetched when its first byte is wanted.
  return {
    direction,
    bytes: good * range.blockBytes,
    microseconds: rates.accessMicroseconds + microseconds,
    nanosecondsPerByte: rates.nanosecondsPerByte,
  };
}

/** Takes a command: the last one is over. The attention, if any, is reported instead of executing it. */
function beginCommand(unit: UnitState, command: Uint8Array): ScsiTransfer | undefined {
  unit.command.fill(0);
  unit.command.set(command.subarray(0, unit.command.length));
  Object.assign(unit, { status: scsiStatus.good, direction: 'none', parameterBytes: 0, parameterAt: 0, blocksLeft: 0 });
  const operation = unit.command[0]!;
  if (operation === operations.requestSense) return undefined;
  unit.senseKey = 0;
  unit.senseCode = 0;
  if (unit.attention === attention.none || pastAttention.has(operation)) return undefined;
  const code = unit.attention;
  unit.attention = attention.none;
  return refuse(unit, [unitAttentionKey, code]);
}

/** REQUEST SENSE (SPC-2 section 7.20): the sense data of the last command, or the pending attention; both are over then. */
export function requestSense(unit: UnitState): ScsiTransfer {
  return answer(unit, takeSense(unit), unit.command[4]!);
}

/** The sense data of the last command, or the pending attention; both are over then. */
export function takeSense(unit: UnitState): Uint8Array {
  if (unit.senseKey === 0 && unit.attention !== attention.none) {
    unit.senseKey = unitAttentionKey;
    unit.senseCode = unit.attention;
    unit.attention = attention.none;
  }
  const data = senseData(unit.senseKey, unit.senseCode);
  if (namesBlock.has(unit.senseCode)) {
    data[0]! |= informationValid;
    data.splice(3, 4, ...bigBytes(unit.nextBlock % 2 ** 32, 4));
  }
  unit.senseKey = 0;
  unit.senseCode = 0;
  return Uint8Array.from(data);
}
/** The information field holds a block's number. */
const informationValid = 0x80;

/** Sense data in the fixed format. */
function senseData(key: number, code: number): number[] {
  const data = new Array<number>(18).fill(0);
  data[0] = 0x70;
  data[2] = key;
  data[7] = 10;
  data[12] = code >> 8;
  data[13] = code & 0xff;
  return data;
}

/** INQUIRY data of 36 bytes (SPC-2 section 7.3.2). */
export function inquiryData(about: {
  readonly type: number;
  readonly removable: boolean;
  readonly version: number;
  readonly format: number;
  readonly flags: number;
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
}): number[] {
  const text = (value: string, length: number): number[] => [...value.padEnd(length)].map((each) => each.charCodeAt(0));
  return [
    about.type,
    about.removable ? 0x80 : 0,
    about.version,
    about.format,
    31,
    0,
    0,
    about.flags,
    ...text(about.vendor, 8),
    ...text(about.product, 16),
    ...text(about.revision, 4),
  ];
}

/** Peripheral qualifier 3, type 1Fh: a logical unit that is not there. */
const absentUnitType = 0x7f;

/** Takes a command: `execute` does it on unit 0; of the others INQUIRY tells, in data of `version`, that they are not there. */
export function execute(
  unit: UnitState,
  command: Uint8Array,
  to: { readonly logicalUnit: number; readonly version: number },
  handlerOf: (operation: number) => (() => ScsiTransfer) | undefined,
): ScsiTransfer {
  const attended = beginCommand(unit, command);
  if (attended !== undefined) return attended;
  const operation = unit.command[0]!;
  if (to.logicalUnit === 0 || operation === operations.reportUnits || operation === operations.requestSense) {
    return handlerOf(operation)?.() ?? refuse(unit, sense.invalidOperation);
  }
  if (operation !== operations.inquiry) return refuse(unit, sense.unitNotSupported);
  return answer(unit, [absentUnitType, 0, to.version, 2, 31, ...new Array<number>(31).fill(0)], unit.command[4]!);
}

/** REPORT LUNS (SPC-2 section 7.19): unit 0 alone. */
export const reportUnits = (unit: UnitState): ScsiTransfer =>
  answer(unit, [0, 0, 0, 8, ...new Array<number>(12).fill(0)], big32(unit.command, 6));

/** Fills `into` with the next bytes of data in; `fetch` puts a block of the medium into the unit's buffer. */
export function readBytes(unit: UnitState, into: Uint8Array, fetch: (block: number, into: Uint8Array) => void): void {
  let done = 0;
  while (done < into.length) {
    const source = unit.source === 'blocks' ? blockSource(unit, fetch) : parameterSource(unit);
    if (source.length === 0) break;
    const part = source.subarray(0, into.length - done);
    into.set(part, done);
    done += part.length;
    if (unit.source === 'blocks') unit.blockAt += part.length;
    else unit.parameterAt += part.length;
  }
  into.fill(0, done);
}

function parameterSource(unit: UnitState): Uint8Array {
  const end = unit.direction === 'in' ? unit.parameterBytes : 0;
  return unit.parameters.subarray(Math.min(unit.parameterAt, end), end);
}

function blockSource(unit: UnitState, fetch: (block: number, into: Uint8Array) => void): Uint8Array {
  if (unit.direction !== 'in') return unit.block.subarray(0, 0);
  if (unit.blockAt >= unit.blockBytes) {
    if (unit.blocksLeft === 0) return unit.block.subarray(0, 0);
    fetch(unit.nextBlock, unit.block.subarray(0, unit.blockBytes));
    unit.nextBlock++;
    unit.blocksLeft--;
    unit.blockAt = 0;
  }
  return unit.block.subarray(unit.blockAt, unit.blockBytes);
}

/** Takes the next bytes of data out; `store` takes each whole block. */
export function writeBytes(unit: UnitState, from: Uint8Array, store: (block: number, data: Uint8Array) => void): void {
  let done = 0;
  while (done < from.length && unit.direction === 'out') {
    if (unit.source === 'parameters') {
      const part = from.subarray(done, done + unit.parameterBytes - unit.parameterAt);
      unit.parameters.set(part, unit.parameterAt);
      unit.parameterAt += part.length;
      return;
    }
    if (unit.blocksLeft === 0) return;
    const part = from.subarray(done, done + unit.blockBytes - unit.blockAt);
    unit.block.set(part, unit.blockAt);
    unit.blockAt += part.length;
    done += part.length;
    if (unit.blockAt < unit.blockBytes) return;
    store(unit.nextBlock, unit.block.subarray(0, unit.blockBytes));
    unit.nextBlock++;
    unit.blocksLeft--;
    unit.blockAt = 0;
  }
}

/** Ends the command: its status. Data not moved are given up. */
export function endCommand(unit: UnitState): number {
  unit.direction = 'none';
  unit.blocksLeft = 0;
  return unit.status;
}

/** Forgets the command and its sense; the next command finds the attention `code`. */
export function resetUnit(unit: UnitState, code: number): void {
  endCommand(unit);
  Object.assign(unit, { status: scsiStatus.good, senseKey: 0, senseCode: 0, attention: code });
}
