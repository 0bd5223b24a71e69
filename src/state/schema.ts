import { assert } from '../base/assert.js';

/**
 * A field of a part's state: how it starts, is saved, loaded and compared. A part declares its state once as a
 * {@link struct}; reset, save, load, digest and diff all derive from that declaration.
 */
export interface Field<T> {
  readonly initial: () => T;
  readonly save: (writer: StateWriter, value: T) => void;
  /** Reads a value; a `struct`, `repeat` or `bytes` is restored in place when `into` is given. */
  readonly load: (reader: StateReader, into?: T) => T;
  readonly diff: (path: string, left: T, right: T, found: Difference[]) => void;
}

/** The type of the values that a field holds. */
export type StateOf<F> = F extends Field<infer T> ? T : never;

/** One difference between two states: the path of the field, and both values in print. */
export interface Difference {
  readonly path: string;
  readonly left: string;
  readonly right: string;
}

/** Appends little-endian values to a growing buffer. */
export class StateWriter {
  private buffer = new Uint8Array(1024);
  private view = new DataView(this.buffer.buffer);
  private length = 0;

  private reserve(count: number): number {
    const at = this.length;
    if (at + count > this.buffer.length) {
      const grown = new Uint8Array(Math.max(this.buffer.length * 2, at + count));
      grown.set(this.buffer);
      this.buffer = grown;
      this.view = new DataView(grown.buffer);
    }
    this.length += count;
    return at;
  }

  unsigned(value: number, bytes: 1 | 2 | 4): void {
    const at = this.reserve(bytes);
    if (bytes === 1) this.view.setUint8(at, value);
    else if (bytes === 2) this.view.setUint16(at, value, true);
    else this.view.setUint32(at, value, true);
  }
  /** A double: exact for every safe integer, and for Infinity. */
  number(value: number): void {
    const at = this.reserve(8); // First: reserving may replace the view.
    this.view.setFloat64(at, value, true);
  }
  bytes(value: Uint8Array): void {
    const at = this.reserve(value.length); // First: reserving may replace the buffer.
    this.buffer.set(value, at);
  }
  finish(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}

/** A saved state that is too short or too long for its declaration. */
export class StateFormatError extends Error {
  override name = 'StateFormatError';
}

/** Reads what a {@link StateWriter} wrote; throws {@link StateFormatError} at a premature end. */
export class StateReader {
  private readonly view: DataView;
  private offset = 0;

  constructor(private readonly data: Uint8Array) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }
  private take(count: number): number {
    const at = this.offset;
    if (at + count > this.data.length) throw new StateFormatError(`saved state ends at byte ${this.data.length}`);
    this.offset += count;
    return at;
  }
  unsigned(bytes: 1 | 2 | 4): number {
    const at = this.take(bytes);
    if (bytes === 1) return this.view.getUint8(at);
    return bytes === 2 ? this.view.getUint16(at, true) : this.view.getUint32(at, true);
  }
  number(): number {
    return this.view.getFloat64(this.take(8), true);
  }
  bytes(count: number): Uint8Array {
    const at = this.take(count);
    return this.data.subarray(at, at + count);
  }
  get ended(): boolean {
    return this.offset === this.data.length;
  }
  finish(): void {
    if (this.offset !== this.data.length) throw new StateFormatError(`saved state has bytes after ${this.offset}`);
  }
}

function scalar<T>(
  initial: T,
  save: (writer: StateWriter, value: T) => void,
  load: (reader: StateReader) => T,
  print: (value: T) => string = String,
): Field<T> {
  return {
    initial: () => initial,
    save,
    load,
    diff(path, left, right, found) {
      if (left !== right) found.push({ path, left: print(left), right: print(right) });
    },
  };
}

function unsigned(bytes: 1 | 2 | 4): (initial?: number) => Field<number> {
  return (initial = 0) =>
    scalar<number>(
      initial,
      (writer, value) => {
        assert(value >= 0 && value < 2 ** (8 * bytes) && Number.isInteger(value), `${value} fits u${8 * bytes}`);
        writer.unsigned(value, bytes);
      },
      (reader) => reader.unsigned(bytes),
      (value) => `0x${value.toString(16)}`,
    );
}

/** An unsigned 8-bit field. */
export const u8 = unsigned(1);
/** An unsigned 16-bit field. */
export const u16 = unsigned(2);
/** An unsigned 32-bit field. */
export const u32 = unsigned(4);

/** A count of ticks or cycles: any safe integer, or Infinity for "never". */
export const count = (initial = 0): Field<number> =>
  scalar<number>(
    initial,
    (writer, value) => writer.number(value),
    (reader) => reader.number(),
  );

/** A boolean field. */
export const flag = (initial = false): Field<boolean> =>
  scalar<boolean>(
    initial,
    (writer, value) => writer.unsigned(value ? 1 : 0, 1),
    (reader) => reader.unsigned(1) !== 0,
  );

/** One of up to 256 named values, stored as its position: append names, never reorder them. */
export function oneOf<const Names extends readonly string[]>(
  names: Names,
  initial: Names[number],
): Field<Names[number]> {
  return scalar<Names[number]>(
    initial,
    (writer, value) => {
      assert(names.includes(value), `${value} is one of ${names.join(', ')}`);
      writer.unsigned(names.indexOf(value), 1);
    },
    (reader) => {
      const name = names[reader.unsigned(1)];
      if (name === undefined) throw new StateFormatError(`a name out of ${names.join(', ')} is out of range`);
      return name;
    },
  );
}

/** Exactly `size` bytes. */
export function bytes(size: number): Field<Uint8Array> {
  return {
    initial: () => new Uint8Array(size),
    save(writer, value) {
      assert(value.length === size, `a byte field keeps its ${size} bytes`);
      writer.bytes(value);
    },
    load(reader, into = new Uint8Array(size)) {
      into.set(reader.bytes(size));
      return into;
    },
    diff: diffBytes,
  };
}

/** A queue of at most `most` bytes, oldest first, as a plain array. */
export function byteQueue(most: number): Field<number[]> {
  return {
    initial: () => [],
    save(writer, value) {
      assert(value.length <= most, `a byte queue holds at most ${most} bytes`);
      writer.unsigned(value.length, 4);
      writer.bytes(Uint8Array.from(value));
    },
    load(reader, into = []) {
      const length = reader.unsigned(4);
      if (length > most) throw new StateFormatError(`a byte queue of ${length} bytes is longer than ${most}`);
      into.splice(0, into.length, ...reader.bytes(length));
      return into;
    },
    diff(path, left, right, found) {
      if (left.join() !== right.join())
        found.push({ path, left: `[${left.join(' ')}]`, right: `[${right.join(' ')}]` });
    },
  };
}

/** At most `most` bytes as one value, replaced as a whole. */
export function byteString(most: number): Field<Uint8Array> {
  return {
    initial: () => new Uint8Array(),
    save(writer, value) {
      assert(value.length <= most, `a byte string holds at most ${most} bytes`);
      writer.unsigned(value.length, 4);
      writer.bytes(value);
    },
    load(reader) {
      const length = reader.unsigned(4);
      if (length > most) throw new StateFormatError(`a byte string of ${length} bytes is longer than ${most}`);
      return reader.bytes(length).slice();
    },
    diff: diffBytes,
  };
}

/** At most `most` values of one field, in order. */
export function list<T>(most: number, field: Field<T>): Field<T[]> {
  return {
    initial: () => [],
    save(writer, value) {
      assert(value.length <= most, `a list holds at most ${most} values`);
      writer.unsigned(value.length, 4);
      for (const each of value) field.save(writer, each);
    },
    load(reader, into = []) {
      const length = reader.unsigned(4);
      if (length > most) throw new StateFormatError(`a list of ${length} values is longer than ${most}`);
      into.length = 0;
      for (let at = 0; at < length; at++) into.push(field.load(reader));
      return into;
    },
    diff(path, left, right, found) {
      if (left.length !== right.length)
        found.push({ path: `${path}.length`, left: String(left.length), right: String(right.length) });
      else for (let at = 0; at < left.length; at++) field.diff(`${path}[${at}]`, left[at]!, right[at]!, found);
    },
  };
}

function diffBytes(path: string, left: Uint8Array, right: Uint8Array, found: Difference[]): void {
  const length = Math.max(left.length, right.length);
  for (let at = 0; at < length; at++) {
    if (left[at] !== right[at]) {
      found.push({ path: `${path}[0x${at.toString(16)}]`, left: printByte(left[at]), right: printByte(right[at]) });
      return; // The first differing byte names the place; the rest would drown it.
    }
  }
}

const printByte = (value: number | undefined): string => (value === undefined ? 'absent' : `0x${value.toString(16)}`);

/** `times` values of one field, as an array. */
export function repeat<T>(times: number, field: Field<T>): Field<T[]> {
  return {
    initial: () => Array.from({ length: times }, () => field.initial()),
    save(writer, value) {
      assert(value.length === times, `a repeated field keeps its ${times} values`);
      for (const each of value) field.save(writer, each);
    },
    load(reader, into) {
      const values = into ?? Array.from({ length: times }, () => field.initial());
      for (let at = 0; at < times; at++) values[at] = field.load(reader, values[at]);
      return values;
    },
    diff(path, left, right, found) {
      for (let at = 0; at < times; at++) field.diff(`${path}[${at}]`, left[at]!, right[at]!, found);
    },
  };
}

/** Named fields, saved in the order they are declared. */
export function struct<T extends object>(fields: { readonly [Name in keyof T]: Field<T[Name]> }): Field<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  return {
    initial: () => Object.fromEntries(names.map((name) => [name, fields[name].initial()])) as T,
    save(writer, value) {
      for (const name of names) fields[name].save(writer, value[name]);
    },
    load(reader, into) {
      const value = into ?? ({} as T);
      for (const name of names) value[name] = fields[name].load(reader, value[name]);
      return value;
    },
    diff(path, left, right, found) {
      for (const name of names)
        fields[name].diff(path === '' ? name : `${path}.${name}`, left[name], right[name], found);
    },
  };
}

/**
 * A field that a part was given after traces of it were recorded: it is not saved while it has its initial value, so digests of runs
 * that make no use of it are those of old. It stands last in a part's state.
 */
export function addition<T>(field: Field<T>): Field<T> {
  const savedInitial = saveState(field, field.initial());
  const isInitial = (saved: Uint8Array): boolean =>
    saved.length === savedInitial.length && saved.every((byte, at) => byte === savedInitial[at]);
  return {
    ...field,
    save(writer, value) {
      const saved = saveState(field, value);
      if (!isInitial(saved)) writer.bytes(saved);
    },
    load: (reader, into) => field.load(reader.ended ? new StateReader(savedInitial) : reader, into),
  };
}

/** The bytes of a state, in declaration order. Equal states give equal bytes. */
export function saveState<T>(field: Field<T>, value: T): Uint8Array {
  const writer = new StateWriter();
  field.save(writer, value);
  return writer.finish();
}

/** Restores `into` in place from saved bytes; throws {@link StateFormatError} when they do not fit the declaration. */
export function loadState<T>(field: Field<T>, saved: Uint8Array, into: T): void {
  const reader = new StateReader(saved);
  field.load(reader, into);
  reader.finish();
}

/** Puts `into` back to its declared initial values, in place. */
export function resetState<T>(field: Field<T>, into: T): void {
  loadState(field, saveState(field, field.initial()), into);
}

/** The differences between two states of one declaration, in declaration order. */
export function diffStates<T>(field: Field<T>, left: T, right: T): Difference[] {
  const found: Difference[] = [];
  field.diff('', left, right, found);
  return found;
}
