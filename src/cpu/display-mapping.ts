/**
 * What a display adapter's registers make of an access to its window from A0000h to BFFFFh, as words in the one memory: the adapter
 * writes them whenever its registers change, and WebAssembly follows them (`engine/interpreter/window-code.ts`). Nothing here is
 * saved but the latches, which are the adapter's own state.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem", Graphics Controller Registers.
 */

/** Where the window begins. */
export const displayBase = 0xa0000;
export const displayBytes = 0x20000;

const names = [
  /** A byte of each plane, taken with every read. */
  'latches',
  /** Bytes of the selected memory map; 0 where accesses do not go by these words. */
  'size',
  /** The physical address where it begins. */
  'base',
  /** Not 0 if the two lowest address bits choose a plane, and bits 14 and 15 take their place. */
  'chained',
  /** Not 0 if the lowest address bit chooses planes, and bit 16 takes its place. */
  'oddEven',
  /** Host address of the bank of display memory. */
  'memory',
  /** The planes that writes reach at even and at odd addresses, a byte each. */
  'writesEven',
  'writesOdd',
  /** The planes that a word at an even address reaches with its low and its high byte in turn; 0 where it is not that simple. */
  'pairWrites',
  /** 32 and the shift that takes a word at an even address out of its planes; 0 where it is not that simple. */
  'pairReads',
  /** Not 0 if writes put their byte into every plane as it is. */
  'passes',
  'writeMode',
  'rotation',
  'operation',
  /** A byte a plane each. */
  'setReset',
  'usesSetReset',
  'bitMask',
  /** The plane that is read, and whether the lowest address bit is the lowest of its number. */
  'readPlane',
  'readsOddEven',
  /** Not 0 in read mode 1; what it compares, and in which planes. */
  'compares',
  'compared',
  'cared',
  /** Where a value goes that was read, or need not be stored again; never saved. */
  'value',
] as const;

export type DisplayWord = (typeof names)[number];

/** The number of each word. */
export const displayWord = Object.fromEntries(names.map((name, index) => [name, index])) as Readonly<
  Record<DisplayWord, number>
>;

/** Where the words lie in the one memory, in front of what `layout.ts` has from B00h on. */
const start = 0xa50;
export const displayWords = { start, end: start + 4 * names.length } as const;
/** The address of a word. */
export const displayWordAt = (name: DisplayWord): number => start + 4 * displayWord[name];

export const displayWriteModes = { plain: 0, copiesLatches: 1, spreadsData: 2, masksByData: 3 } as const;
/** The logical unit's functions of data and latches. */
export const displayOperations = { data: 0, and: 1, or: 2, xor: 3 } as const;
