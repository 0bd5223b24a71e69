/** The bytes of a base image, wherever they are kept: in memory, or read piece by piece as a guest asks for them. */
export interface BlockSource {
  readonly size: number;
  /** Copies the bytes from `offset` on to all of `into`; those behind the end are zero. */
  read(offset: number, into: Uint8Array): void;
}

/** Bytes in memory as a source. */
export const sourceOf = (bytes: Uint8Array): BlockSource => ({
  size: bytes.length,
  read(offset, into) {
    const part = bytes.subarray(Math.min(offset, bytes.length), offset + into.length);
    into.set(part);
    into.fill(0, part.length);
  },
});
