/**
 * The payload encoding of frames: a plain subset of MessagePack.
 * Source: MessagePack specification, https://github.com/msgpack/msgpack/blob/master/spec.md, "Formats".
 * Not allowed: extension types (so no dates, no records, no typed arrays), nesting deeper than 8, and single floats.
 */
import { Packr } from 'msgpackr/index-no-eval';

/** A payload that is not of the allowed subset. */
export class PayloadError extends Error {
  override name = 'PayloadError';
}

const depthMax = 8;
const packr = new Packr({ useRecords: false, variableMapSize: true });

/** The payload of a value made of null, booleans, numbers, strings, byte strings, arrays and plain objects. */
export function pack(value: unknown): Uint8Array {
  return new Uint8Array(packr.pack(value)); // A copy: the packer reuses its buffer.
}

/**
 * The value of a payload. The whole payload is walked first, so that a length it claims and does not have costs nothing;
 * throws {@link PayloadError}.
 */
export function unpack(payload: Uint8Array): unknown {
  const end = skipValue(payload, 0, 0);
  if (end !== payload.length) throw new PayloadError(`its value ends ${payload.length - end} bytes before the payload`);
  try {
    return packr.unpack(payload);
  } catch (cause) {
    throw new PayloadError(`it cannot be decoded (${cause instanceof Error ? cause.message : String(cause)})`, {
      cause,
    });
  }
}

/** What follows a first byte: how many bytes the length takes, and whether it counts bytes or values. */
const sized: Readonly<
  Record<number, { readonly length: 0 | 1 | 2 | 4; readonly fixed?: number; readonly values?: 1 | 2 }>
> = {
  0xc0: { length: 0 },
  0xc2: { length: 0 },
  0xc3: { length: 0 },
  0xc4: { length: 1 },
  0xc5: { length: 2 },
  0xc6: { length: 4 },
  0xcb: { length: 0, fixed: 8 },
  0xcc: { length: 0, fixed: 1 },
  0xcd: { length: 0, fixed: 2 },
  0xce: { length: 0, fixed: 4 },
  0xd9: { length: 1 },
  0xda: { length: 2 },
  0xdb: { length: 4 },
  0xdc: { length: 2, values: 1 },
  0xdd: { length: 4, values: 1 },
  0xde: { length: 2, values: 2 },
  0xdf: { length: 4, values: 2 },
};

/** The offset behind the value at `at`. */
function skipValue(payload: Uint8Array, at: number, depth: number): number {
  if (depth > depthMax) throw new PayloadError(`it nests deeper than ${depthMax}`);
  const first = payload[at];
  if (first === undefined) throw new PayloadError('it ends inside a value');
  if (first < 0x80) return at + 1; // Small positive integer.
  if (first < 0x90) return skipValues(payload, at + 1, 2 * (first & 0xf), depth);
  if (first < 0xa0) return skipValues(payload, at + 1, first & 0xf, depth);
  if (first < 0xc0) return skipBytes(payload, at + 1, first & 0x1f);
  const kind = sized[first];
  if (kind === undefined) throw new PayloadError(`it uses the type 0x${first.toString(16)}, which traces do not`);
  const start = skipBytes(payload, at + 1, kind.length);
  let count = kind.fixed ?? 0;
  for (let digit = at + 1; digit < start; digit++) count = count * 256 + payload[digit]!;
  return kind.values === undefined
    ? skipBytes(payload, start, count)
    : skipValues(payload, start, count * kind.values, depth);
}

function skipValues(payload: Uint8Array, at: number, count: number, depth: number): number {
  if (count > payload.length - at) throw new PayloadError('it claims more values than it has bytes');
  let end = at;
  for (let value = 0; value < count; value++) end = skipValue(payload, end, depth + 1);
  return end;
}

function skipBytes(payload: Uint8Array, at: number, count: number): number {
  if (count > payload.length - at) throw new PayloadError('it ends inside a value');
  return at + count;
}
