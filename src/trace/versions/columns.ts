/**
 * How events of any version are kept: a column of kinds, one of waits, one of numbers and one of raw bytes. What a version
 * holds is its own table of kinds and values; those tables are frozen, this is the one way to read and write them.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { type Cycle, cycle } from '../../base/integers.js';
import { bytes, digest, tuple } from '../shape.js';
import { ColumnError, ColumnReader, ColumnWriter } from '../varint.js';

/** A value inside an event: what its columns hold, with its limits. */
export interface Value<T> {
  write(to: Columns<ColumnWriter>, value: T): void;
  read(from: Columns<ColumnReader>): T;
}

/** The columns that the values of all events of a frame are spread over. */
interface Columns<Column> {
  readonly numbers: Column;
  readonly raw: Column;
}

export function number(what: string, valid: (value: number) => boolean): Value<number> {
  const checked = (value: number): number => {
    if (!valid(value)) throw new ColumnError(`${value} is not ${what}`);
    return value;
  };
  return {
    write: (to, value) => to.numbers.number(checked(value)),
    read: (from) => checked(from.numbers.number()),
  };
}

export function position<const Names extends readonly unknown[]>(what: string, names: Names): Value<Names[number]> {
  const at = number(what, (value) => value >= 0 && value < names.length);
  return { write: (to, value) => at.write(to, names.indexOf(value)), read: (from) => names[at.read(from)] };
}

export const flag = position('a flag', [false, true]);

/** A whole number from `least` to `most`, either of which may be below zero: zigzag keeps small ones short. */
export function signed(what: string, least: number, most: number): Value<number> {
  const folded = number(what, (value) => {
    const plain = unfold(value);
    return plain >= least && plain <= most;
  });
  return {
    write: (to, value) => folded.write(to, value < 0 ? -2 * value - 1 : 2 * value),
    read: (from) => unfold(folded.read(from)),
  };
}
const unfold = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);

/** From `least` to `most` bytes, their count in front of them. */
export function byteString(what: string, least: number, most: number): Value<Uint8Array> {
  const length = number(`a count of ${what} from ${least} to ${most}`, (value) => value >= least && value <= most);
  return {
    write(to, value) {
      length.write(to, value.length);
      to.raw.raw(value);
    },
    read: (from) => from.raw.raw(length.read(from)),
  };
}

/** At most so many printable ASCII characters. */
export function shortText(what: string, most: number): Value<string> {
  const kept = byteString(what, 0, most);
  const checked = (value: string): string => {
    if (!/^[ -~]*$/.test(value)) throw new ColumnError(`"${value}" is not ${what}`);
    return value;
  };
  return {
    write: (to, value) =>
      kept.write(
        to,
        Uint8Array.from(checked(value), (character) => character.charCodeAt(0)),
      ),
    read: (from) => checked(String.fromCharCode(...kept.read(from))),
  };
}

/** Set 1 make code, or 0xe000 + code for extended keys, or 0xe11d for Pause. */
export const keyCode = number(
  'the code of a key',
  (value) => (value >= 1 && value <= 0x7f) || (value >= 0xe001 && value <= 0xe07f) || value === 0xe11d,
);

export const digestValue: Value<string> = {
  write: (to, value) => to.raw.raw(hexToBytes(digest(value, 'the digest of a medium'))),
  read: (from) => bytesToHex(from.raw.raw(32)),
};

/** The values of an event, by name. */
type Values = Readonly<Record<string, Value<unknown>>>;
type ValuesOf<Fields> = { readonly [Name in keyof Fields]: Fields[Name] extends Value<infer T> ? T : never };

/** A version's kinds of events: their numbers, and the values of each. */
export type EventTable = Readonly<Record<string, { readonly number: number; readonly values: Values }>>;

/** An event of a table, at its cycle. */
export type EventOf<Table extends EventTable> = {
  readonly [Kind in keyof Table]: { readonly kind: Kind; readonly at: Cycle } & ValuesOf<Table[Kind]['values']>;
}[keyof Table];

const blob = bytes(0, 2 ** 24);

/** An event frame's payload: a kind an event, cycles since the event (or frame) before, and the values in order. */
const eventColumns = tuple(blob, blob, blob, blob);

/** Writes and reads the payloads of event frames. Both throw ShapeError or ColumnError for what is beyond a limit. */
export function eventCodec<Table extends EventTable>(table: Table, frameEvents: number) {
  type AnEvent = EventOf<Table>;
  const kindByNumber = new Map(Object.entries(table).map(([kind, { number }]) => [number, kind]));
  // The types of the table are checked where events are made, not in here.
  const valuesOf = (kind: string): [string, Value<unknown>][] => Object.entries(table[kind]!.values);
  return {
    /** The payload of an event frame; `since` is the cycle of the frame before. */
    encode(list: readonly AnEvent[], since: Cycle): readonly Uint8Array[] {
      const kinds = new ColumnWriter();
      const waits = new ColumnWriter();
      const to = { numbers: new ColumnWriter(), raw: new ColumnWriter() };
      let before = since;
      for (const event of list) {
        const kind = event.kind as string;
        kinds.number(table[kind]!.number);
        waits.number(event.at - before);
        before = event.at;
        const given: Readonly<Record<string, unknown>> = event;
        for (const [name, value] of valuesOf(kind)) value.write(to, given[name]);
      }
      return [kinds, waits, to.numbers, to.raw].map((column) => column.finish());
    },
    decode(payload: unknown, since: Cycle): AnEvent[] {
      const [kinds, waits, numbers, raw] = eventColumns(payload, 'the payload').map(
        (column) => new ColumnReader(column),
      ) as [ColumnReader, ColumnReader, ColumnReader, ColumnReader];
      if (kinds.left === 0 || kinds.left > frameEvents) throw new ColumnError(`it holds ${kinds.left} events`);
      const found: AnEvent[] = [];
      let at: Cycle = since;
      while (kinds.left > 0) {
        const number = kinds.number();
        const kind = kindByNumber.get(number);
        if (kind === undefined) throw new ColumnError(`event kind ${number} is unknown`);
        at = later(at, waits.number());
        const values = valuesOf(kind).map(([name, value]) => [name, value.read({ numbers, raw })]);
        found.push({ kind, at, ...Object.fromEntries(values) } as AnEvent);
      }
      for (const column of [waits, numbers, raw]) column.finish();
      return found;
    },
  };
}

/** `wait` cycles after `at`; throws ColumnError beyond 2^53. */
export function later(at: Cycle, wait: number): Cycle {
  if (at + wait > Number.MAX_SAFE_INTEGER) throw new ColumnError('its cycle lies beyond 2^53');
  return cycle(at + wait);
}
