/** Words by which system instructions in WebAssembly and the slow paths tell each other what they have to know; never saved. */
import { assert } from '../base/assert.js';
import { displayWords } from './display-mapping.js';
import { modelSpecific } from './layout.js';

/** In the one memory, in front of what `layout.ts` has from B00h on. */
const start = 0xae8;
assert(displayWords.end <= start, 'the words of the display end before those of system instructions');

/** The address of each. */
export const quickWords = {
  /** The cycle of the boundary at which maskable interrupts are held back, a 64-bit floating-point number; -1 where at none. */
  interruptsHeld: start,
  /** The same of the boundary whose instruction goes past its breakpoints (RF). */
  resuming: start + 16,
  /** 1 while a performance counter tells privilege levels apart: it looks at every change of them. */
  levelsCounted: start + 8,
  /** The address of the three registers of SYSENTER, which lie in a row. */
  fastCallRegisters: start + 12,
} as const;
assert(quickWords.resuming + 8 <= modelSpecific.timeStampOffset, 'they end before the model-specific words');
