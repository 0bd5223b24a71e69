import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import xxhash from 'xxhash-wasm';

const { h64Raw, create64 } = await xxhash();

/**
 * The library hashes within one page of WebAssembly memory, beside its own state, and grows it for more. That detaches a buffer, and from
 * the first one that is ever detached on V8 drops all optimised code that reads typed arrays: nothing longer is handed to it.
 */
const pieceBytes = 32_768;

/** Hashes bytes that come piece by piece. */
export interface StreamHash {
  update(data: Uint8Array): StreamHash;
  digest(): bigint;
}

/** XXH64 of the bytes, seed 0: finds divergence fast, guards against nothing hostile. */
export function fastHash(data: Uint8Array): bigint {
  return data.length <= pieceBytes ? h64Raw(data) : streamHash().update(data).digest();
}

/** The same of bytes that come piece by piece. */
export function streamHash(): StreamHash {
  const hash = create64();
  return {
    update(data) {
      for (let from = 0; from < data.length; from += pieceBytes) hash.update(data.subarray(from, from + pieceBytes));
      return this;
    },
    digest: () => hash.digest(),
  };
}

/** SHA-256 of the bytes as 64 lower-case hexadecimal digits: names images and published states. */
export function sha256Hex(data: Uint8Array): string {
  return bytesToHex(sha256(data));
}

/** XXH64 of every page of `pageSize` bytes, little-endian, eight bytes a page. */
export function pageHashes(memory: Uint8Array, pageSize = 4096): Uint8Array {
  const pages = Math.ceil(memory.length / pageSize);
  const hashes = new BigUint64Array(pages);
  for (let page = 0; page < pages; page++) {
    hashes[page] = h64Raw(memory.subarray(page * pageSize, (page + 1) * pageSize));
  }
  return new Uint8Array(hashes.buffer);
}
