/**
 * Trace format version 1: every shape that its frames hold. Frozen: a change here is a new version beside this one.
 * Numbers of frames and events, and names in lists that are stored by position, are never reused or reordered.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Cycle } from '../../base/integers.js';
import { ColumnError, ColumnReader, ColumnWriter } from '../varint.js';
import {
  byteString,
  digestValue,
  eventCodec,
  type EventOf,
  flag,
  keyCode,
  later,
  number,
  position,
} from './columns.js';
import {
  bytes,
  choice,
  dictionary,
  digest,
  integer,
  list,
  name,
  optionalRecord,
  record,
  type Shape,
  type ShapeOf,
  text,
  tuple,
  yesNo,
} from '../shape.js';

/** Limits of version 1; a trace beyond one of them is refused, and a writer never exceeds them. */
export const limits = {
  /** Events in one frame. */
  frameEvents: 4096,
  /** Serial bytes in one event. */
  serialBytes: 4096,
  /** Events in a whole trace. */
  events: 2 ** 22,
  /** Checkpoints in a whole trace. */
  checkpoints: 2 ** 16,
} as const;

/** Frame kinds, numbered for ever. */
export const frameKinds = { header: 1, events: 2, checkpoint: 3, end: 4 } as const;

const u32 = integer(0, 2 ** 32 - 1);

const medium = record({ sha256: digest, size: integer(0, 2 ** 48), writable: yesNo });

const machine = record({
  board: choice('pc'),
  processor: choice('80386'),
  cyclesPerSecond: integer(1, 2 ** 40),
  memoryBytes: integer(1, 2 ** 48),
  boot: choice('floppy', 'disk'),
  media: optionalRecord({ floppyA: medium, floppyB: medium, disk0: medium, disk1: medium }),
});

/** The header frame's payload. */
export const header = record({
  version: integer(1, 1),
  /** Version of the package that recorded. */
  package: text(64, /^[0-9A-Za-z.+-]*$/, 'a version of at most 64 characters'),
  /** What the user calls this recording. */
  title: text(256),
  machine,
  /** SHA-256 of every firmware image by its role. */
  firmware: dictionary(16, digest),
  /** Seed of whatever the machine draws at random. */
  seed: u32,
  /** Unix seconds shown by the real-time clock at power-on. */
  date: u32,
  /** The machine's parts, in the order in which checkpoints give their digests. */
  parts: list(256, name),
});

const drive = position('a drive', ['floppyA', 'floppyB', 'disk0', 'disk1']);

const serialData = byteString('serial bytes', 1, limits.serialBytes);

/** Everything that reaches the guest from outside. Numbered for ever. */
const events = {
  /** A key is pressed or released. */
  key: { number: 1, values: { key: keyCode, pressed: flag } },
  /** Bytes arrive on a serial port's receive line. */
  serial: { number: 2, values: { port: position('a serial port', [0, 1, 2, 3]), data: serialData } },
  /** The reset button. */
  reset: { number: 3, values: {} },
  /** The power is cut; nothing follows. */
  powerCut: { number: 4, values: {} },
  /** A medium is put into a drive. */
  insert: {
    number: 5,
    values: {
      drive,
      sha256: digestValue,
      size: number('a size in bytes', (value) => value <= 2 ** 48),
      writable: flag,
    },
  },
  /** A drive's medium is taken out. */
  eject: { number: 6, values: { drive } },
} as const;

const codec = eventCodec(events, limits.frameEvents);

/** An event at its cycle. */
export type Event = EventOf<typeof events>;

/** The events of a payload; throws ShapeError or ColumnError. */
export const decodeEvents: (payload: unknown, since: Cycle) => Event[] = codec.decode;

/** The machine's state at a cycle, as digests. */
export interface Checkpoint {
  readonly kind: 'checkpoint';
  readonly at: Cycle;
  /** SHA-256 of the whole state. */
  readonly sha256: string;
  /** Each part's XXH64 as 16 hexadecimal digits, in the order of the header's `parts`. */
  readonly parts: readonly string[];
}

const blob = bytes(0, 2 ** 24);

/** A checkpoint frame's payload: cycles since the frame before, SHA-256 of the state, eight bytes of digest a part. */
const checkpoint = tuple(integer(0, Number.MAX_SAFE_INTEGER), bytes(32, 32), bytes(0, 8 * 256));

export function encodeCheckpoint({ at, sha256, parts }: Checkpoint, since: Cycle): readonly unknown[] {
  return [at - since, hexToBytes(sha256), hexToBytes(parts.join(''))];
}

/** The checkpoint of a payload, for a machine of `partCount` parts; throws ShapeError or ColumnError. */
export function decodeCheckpoint(payload: unknown, since: Cycle, partCount: number): Checkpoint {
  const [wait, sha256, digests] = checkpoint(payload, 'the payload');
  if (digests.length !== 8 * partCount)
    throw new ColumnError(`it holds ${digests.length / 8} digests of ${partCount} parts`);
  const parts = Array.from({ length: partCount }, (_, part) => bytesToHex(digests.subarray(8 * part, 8 * part + 8)));
  return { kind: 'checkpoint', at: later(since, wait), sha256: bytesToHex(sha256), parts };
}

/** Why a recording ended. */
const endReason = choice('finished', 'halted', 'shutdown', 'powerOff', 'limit', 'interrupted');

/** How a recording ended, and what stands in it. */
export interface EndFor<Reason> {
  readonly kind: 'end';
  readonly at: Cycle;
  readonly reason: Reason;
  /** How many events and checkpoints the trace holds. */
  readonly events: number;
  readonly checkpoints: number;
  /** Where each checkpoint frame starts, and its cycle. */
  readonly index: readonly IndexEntry[];
}

export interface IndexEntry {
  readonly offset: number;
  readonly at: Cycle;
}

/** The end frame of a version, whose reasons may be its own. */
export function endCodec<Reason extends string>(reasons: Shape<Reason>) {
  /** The payload; `wait` is in cycles since the frame before. */
  const end = record({
    reason: reasons,
    wait: integer(0, Number.MAX_SAFE_INTEGER),
    events: integer(0, limits.events),
    checkpoints: integer(0, limits.checkpoints),
    /** For each checkpoint frame: bytes and cycles since the one before (or since the start), as a column. */
    index: blob,
  });
  return {
    encode(
      { at, reason, events, checkpoints, index }: Omit<EndFor<Reason>, 'kind'>,
      since: Cycle,
    ): ShapeOf<typeof end> {
      const column = new ColumnWriter();
      let before: IndexEntry = { offset: 0, at: 0 as Cycle };
      for (const entry of index) {
        column.number(entry.offset - before.offset);
        column.number(entry.at - before.at);
        before = entry;
      }
      return { reason, wait: at - since, events, checkpoints, index: column.finish() };
    },
    /** The end of a payload; throws ShapeError or ColumnError. */
    decode(payload: unknown, since: Cycle): EndFor<Reason> {
      const { reason, wait, events, checkpoints, index: column } = end(payload, 'the payload');
      const reader = new ColumnReader(column);
      const index: IndexEntry[] = [];
      let last: IndexEntry = { offset: 0, at: 0 as Cycle };
      for (let entry = 0; entry < checkpoints; entry++) {
        last = { offset: last.offset + reader.number(), at: later(last.at, reader.number()) };
        index.push(last);
      }
      reader.finish();
      return { kind: 'end', at: later(since, wait), reason, events, checkpoints, index };
    },
  };
}

const ends = endCodec(endReason);
export const { decode: decodeEnd } = ends;

export type Header = ShapeOf<typeof header>;
