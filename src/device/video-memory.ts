/** A display adapter's memory, as a board keeps it for the adapter. */
import type { PageImage } from '../state/pages.js';

export interface VideoMemory {
  /** A power of two of them, at least 256 KiB. */
  readonly bytes: Uint8Array;
  /** Says that the adapter is about to write bytes: what follows from the memory's contents is kept up to date. */
  willWrite(offset: number, bytes: number): void;
  /** Where the adapter keeps what its window's accesses do, in the words of `cpu/display-mapping.ts`, if somebody follows it. */
  readonly mapping: Int32Array | undefined;
  /** What the memory holds at this moment; costs what was written since it was asked for last. */
  image(): PageImage;
}
