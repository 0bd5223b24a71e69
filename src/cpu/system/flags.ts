import { flagBits, statusFlags } from '../layout.js';
import type { ProcessorModel } from '../model.js';
import type { Core } from './core.js';

/** EFLAGS as a whole, put together from where its parts are kept. */
export interface FlagsAccess {
  read(): number;
  /** Writes the bits of `mask`; a 16-bit write leaves the upper half alone. */
  write(image: number, bytes: 2 | 4, mask: number): void;
  readonly statusMask: number;
}

/** Bits that exist in a model, and those that always read as one. RF only lives in images that faults push: there are no instruction breakpoints to hold back. */
const existing: Readonly<Record<ProcessorModel, { readonly bits: number; readonly ones: number }>> = {
  '8086': { bits: statusFlags | flagBits.TF | flagBits.IF | flagBits.DF, ones: 0xf002 },
  '80286': { bits: statusFlags | flagBits.TF | flagBits.IF | flagBits.DF | flagBits.IOPL | flagBits.NT, ones: 2 },
  '80386': { bits: statusFlags | 0x7700 | flagBits.VM, ones: 2 },
};

export function flagsAccess(
  core: Core,
  engine: { statusWord(): number; setStatusWord(word: number): void },
): FlagsAccess {
  const { bits, ones } = existing[core.model];
  return {
    statusMask: statusFlags,
    read: () => engine.statusWord() | core.get('flagsOther') | ones,
    write(image, bytes, mask) {
      let writable = mask & bits & (bytes === 2 ? 0xffff : -1);
      // In real mode the 80286 keeps IOPL and NT clear.
      if (core.model === '80286' && !core.protectedMode) writable &= ~(flagBits.IOPL | flagBits.NT);
      if ((writable & statusFlags) !== 0) {
        const status = (engine.statusWord() & ~writable) | (image & writable & statusFlags);
        engine.setStatusWord(status & statusFlags);
      }
      const others = writable & ~statusFlags;
      core.set('flagsOther', (core.get('flagsOther') & ~others) | (image & others));
    },
  };
}
