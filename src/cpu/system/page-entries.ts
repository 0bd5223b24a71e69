/**
 * Bits of page table entries and of what the TLB keeps of them (Intel SDM Vol. 3A, figures 4-2 to 4-7), and which of them a model keeps reserved. The walk in
 * `paging.ts` and the one in WebAssembly (`../engine/interpreter/refill-code.ts`) read them here.
 */
import { atLeast, has, type ProcessorModel } from '../model.js';

export const pageEntry = {
  PRESENT: 1,
  WRITABLE: 2,
  USER: 4,
  ACCESSED: 0x20,
  DIRTY: 0x40,
  /** In a directory's entry: it maps a large page. In a table's entry: PAT. */
  SIZE: 0x80,
  GLOBAL: 0x100,
} as const;
const LARGE_PAT = 0x1000;

/** What a page walk gives besides the physical page; a TLB entry keeps most of them in its page word. */
export const translationBits = {
  /** The page lies above 4 GiB, where this machine has nothing. */
  NOWHERE: 1,
  /** Writes need no further walk: they are allowed, and the page is marked dirty. */
  WRITE_CHECKED: 2,
  /** Survives loads of CR3. */
  GLOBAL: 8,
  /** Part of a page of 2 or 4 MiB. */
  LARGE: 16,
} as const;
/** The bits of a TLB entry's page word besides those of {@link translationBits}. */
export const pageWordBits = { INVALID: 1, VALID: 4 } as const;
/** Bits of a physical page's word besides its host address. */
export const physicalPageBits = { WRITABLE: 1 } as const;
/** In which lists of entries that may be valid a TLB entry is. */
export const listedBits = { local: 1, global: 2 } as const;
/** Large pages are looked for by stretches of linear memory of 2 MiB, the smaller of their two sizes. */
export const largeStretchShift = 21;

/** Physical addresses have 36 bits: in the upper half of a long entry, these bits must be 0. */
export const reservedAbove = ~0xf;
/** Bits of the upper half of a long entry that lead above 4 GiB. */
export const aboveMemory = 0xf;

/** Bits that a walk faults on. */
export interface ReservedBits {
  /** In a directory's entry for a 4 MiB page. */
  readonly large4M: number;
  /** In a directory's entry for a 2 MiB page. */
  readonly large2M: number;
  /** In a table's entry. */
  readonly table: number;
}
export function reservedBits(model: ProcessorModel): ReservedBits {
  const pat = has(model, 'pat');
  return {
    large4M: (has(model, 'pse36') ? 0x3e_0000 : 0x3f_e000) | (pat ? 0 : LARGE_PAT),
    large2M: 0x1f_e000 | (pat ? 0 : LARGE_PAT),
    table: pat ? 0 : pageEntry.SIZE,
  };
}

/** From the 80486 on, a page that is already dirty is writable without a second walk. */
export const remembersDirty = (model: ProcessorModel): boolean => atLeast(model, '80486');
