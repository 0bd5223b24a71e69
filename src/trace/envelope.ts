/**
 * The envelope around every frame, the same in all versions: 14 bytes of header, then the payload as stored.
 *
 *   0  u32  bytes of the stored payload      4  u8  frame kind      5  u8  compression
 *   6  u32  CRC-32 of bytes 0 to 5          10  u32  CRC-32 of the stored payload
 *
 * Little-endian. Each CRC goes on from the one before it (the first from that of the magic), so a frame that is lost,
 * repeated or moved is noticed like one that is damaged. A compressed payload starts with its raw size, a u32.
 * Source of the CRC: ISO 3309 (polynomial 0x04c11db7 reflected), as in PNG and gzip.
 */
import crc32 from 'crc-32';
import { assert } from '../base/assert.js';
import { type Compression, compressionNames, expansionMax, uncompressed } from './compression.js';
import { TraceError } from './errors.js';

/** The first bytes of a trace; a transfer that treats it as text damages them. */
export const magic = Uint8Array.of(0x89, 0x54, 0x53, 0x56, 0x4d, 0x0d, 0x0a, 0x1a); // "TSVM" between guards, as PNG has.

/** A frame's payload, stored or raw, is at most this long. */
const payloadBytesMax = 2 ** 24;

/** Payloads shorter than this are not worth compressing. */
const compressedFrom = 256;

const headerBytes = 14;
const rawSizeBytes = 4;

const continued = (check: number, bytes: Uint8Array): number => crc32.buf(bytes, check) >>> 0;

/** The check that the first frame goes on from. */
export const firstCheck = continued(0, magic);

/** A frame ready to be written. */
interface SealedFrame {
  readonly bytes: Uint8Array;
  /** What the next frame's check goes on from. */
  readonly check: number;
}

/** Wraps a payload, compressed where that is at hand and pays. */
export function sealFrame(kind: number, raw: Uint8Array, before: number, compression?: Compression): SealedFrame {
  assert(raw.length <= payloadBytesMax, 'a frame is at most 16 MiB');
  const [method, stored] = compressed(raw, compression);
  const bytes = new Uint8Array(headerBytes + stored.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, stored.length, true);
  view.setUint8(4, kind);
  view.setUint8(5, method);
  const headerCheck = continued(before, bytes.subarray(0, 6));
  const check = continued(headerCheck, stored);
  view.setUint32(6, headerCheck, true);
  view.setUint32(10, check, true);
  bytes.set(stored, headerBytes);
  return { bytes, check };
}

function compressed(raw: Uint8Array, compression: Compression | undefined): [method: number, stored: Uint8Array] {
  if (compression === undefined || raw.length < compressedFrom) return [uncompressed, raw];
  const packed = compression.compress(raw);
  const stored = new Uint8Array(rawSizeBytes + packed.length);
  new DataView(stored.buffer).setUint32(0, raw.length, true);
  stored.set(packed, rawSizeBytes);
  const pays = stored.length < raw.length && raw.length <= expansionMax * stored.length;
  return pays ? [compression.id, stored] : [uncompressed, raw];
}

/** A frame as found in a file, its checks passed. */
export interface OpenedFrame {
  readonly kind: number;
  /** Offset of the byte behind it. */
  readonly end: number;
  readonly check: number;
  /** The payload, decompressed on demand; throws TraceError. */
  readonly raw: () => Uint8Array;
}

/** Where a frame stands, for its errors, and what it goes on from. */
export interface FramePlace {
  readonly file: string | undefined;
  readonly frame: number;
  readonly offset: number;
  readonly before: number;
}

/** The frame at a place; undefined when the file ends inside it. Throws TraceError for damage. */
export function openFrame(
  file: Uint8Array,
  place: FramePlace,
  compressions: readonly Compression[],
): OpenedFrame | undefined {
  const { offset } = place;
  if (file.length - offset < headerBytes) return undefined;
  const view = new DataView(file.buffer, file.byteOffset + offset, headerBytes);
  const headerCheck = continued(place.before, file.subarray(offset, offset + 6));
  if (headerCheck !== view.getUint32(6, true)) {
    throw new TraceError('the header of this frame is damaged, or frames before it are missing', place);
  }
  const size = view.getUint32(0, true);
  if (size > payloadBytesMax) throw new TraceError(`this frame claims ${size} bytes, more than 16 MiB`, place);
  const start = offset + headerBytes;
  if (file.length - start < size) return undefined;
  const stored = file.subarray(start, start + size);
  const check = continued(headerCheck, stored);
  if (check !== view.getUint32(10, true)) throw new TraceError('the payload of this frame is damaged', place);
  const method = view.getUint8(5);
  return { kind: view.getUint8(4), end: start + size, check, raw: () => expand(stored, method, place, compressions) };
}

function expand(
  stored: Uint8Array,
  method: number,
  place: FramePlace,
  compressions: readonly Compression[],
): Uint8Array {
  if (method === uncompressed) return stored;
  const compression = compressions.find(({ id }) => id === method);
  if (compression === undefined) {
    const known = compressionNames[method];
    throw new TraceError(
      known === undefined ? `compression ${method} is unknown` : `compression ${known} is not at hand here`,
      { ...place, nextStep: 'Read the trace with the newest tsvm-test under Node, which knows every compression.' },
    );
  }
  if (stored.length < rawSizeBytes) throw new TraceError('the payload of this frame is too short', place);
  const size = new DataView(stored.buffer, stored.byteOffset, rawSizeBytes).getUint32(0, true);
  if (size > payloadBytesMax || size > expansionMax * stored.length) {
    throw new TraceError(`this frame claims to expand to ${size} bytes, more than it may`, place);
  }
  try {
    const raw = compression.decompress(stored.subarray(rawSizeBytes), size);
    if (raw.length === size) return raw;
  } catch (cause) {
    throw new TraceError('the payload of this frame does not decompress', { ...place, cause });
  }
  throw new TraceError('the payload of this frame does not decompress to its size', place);
}
