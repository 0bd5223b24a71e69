/** The note of how a kernel is started, as the firmware reads it: `struct kernel_note` of bios/platform.h. */
import type { Placement } from './plan.js';

const noteAddress = 0x7000;
const signature = 0x4c4e524b;
const kinds = { linux: 1, multiboot: 2, multiboot2: 3 } as const;

export interface BootNote {
  readonly kind: keyof typeof kinds;
  /** Where it is entered; for Linux the segment of its real-mode part. */
  readonly entry: number;
  /** Linux: the stack pointer in that segment. */
  readonly stack?: number;
  readonly eax?: number;
  /** Multiboot: the address of its information, in EBX too. */
  readonly information?: number;
  /** Multiboot: where the memory map (version 1) or further tags (version 2) go. */
  readonly append?: number;
  /** Multiboot: room for VBE's information blocks. */
  readonly vbe?: number;
  /** A graphics mode wanted; zero stands for no preference. */
  readonly graphics?: { readonly width: number; readonly height: number; readonly depth: number };
}

/** The note as bytes, with zeros where the firmware adds what it knows. */
export function encodeNote(note: BootNote): Placement {
  const bytes = new Uint8Array(200);
  const view = new DataView(bytes.buffer);
  const { information = 0, graphics } = note;
  const words = [signature, kinds[note.kind], note.entry, note.stack ?? 0, note.eax ?? 0, information, information];
  [...words, note.append ?? 0, note.vbe ?? 0].forEach((word, index) => view.setUint32(index * 4, word, true));
  if (graphics !== undefined) {
    const { width, height, depth } = graphics;
    [1, width, height, depth].forEach((word, index) => view.setUint16(36 + index * 2, word & 0xffff, true));
  }
  return { address: noteAddress, bytes };
}
