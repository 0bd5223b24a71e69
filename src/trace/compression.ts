/** The compressions that a frame header may name. Numbers are never reused. */
export const compressionNames: Readonly<Record<number, string>> = { 0: 'none', 1: 'brotli' };

/** A frame stored as it is. Every reader and writer knows it. */
export const uncompressed = 0;

/** A frame may be at most this many times as large as its stored bytes, so that reading takes time linear in the file. */
export const expansionMax = 64;

/** A compression that the host grants; brotli, for one, is at hand in Node but not in every browser. */
export interface Compression {
  /** Its number in {@link compressionNames}. */
  readonly id: number;
  compress(raw: Uint8Array): Uint8Array;
  /** Gives at most `rawBytes` bytes; throws when the stored bytes are damaged or would give more. */
  decompress(stored: Uint8Array, rawBytes: number): Uint8Array;
}
