/** A display adapter's memory, as a board keeps it for the adapter. */
import type { PageImage } from '../state/pages.js';

export interface VideoMemory {
  /** A power of two of them, at least 256 KiB. */
  readonly bytes: Uint8Array;
  /** Says that the adapter is about to write bytes: what follows from the memory's contents is kept up to date. */
  willWrite(offset: number, bytes: number): void;
  /** What the memory holds at this moment; costs what was written since it was asked for last. */
  image(): PageImage;
}
