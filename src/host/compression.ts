/** Brotli from Node's own zlib, as a capability for the trace room: quality 1, as fast as reading the file. */
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type { Compression } from '../trace/compression.js';

/** Number 1 of the compressions that a frame header may name. */
export const brotli: Compression = {
  id: 1,
  compress: (raw) => bytesOf(brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })),
  decompress: (stored, rawBytes) => bytesOf(brotliDecompressSync(stored, { maxOutputLength: Math.max(1, rawBytes) })),
};

const bytesOf = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
