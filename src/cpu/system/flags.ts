import { flagBits, statusFlags } from '../layout.js';
import { atLeast, has, type ProcessorModel } from '../model.js';
import type { Core } from './core.js';

/** EFLAGS as a whole, put together from where its parts are kept. */
export interface FlagsAccess {
  read(): number;
  /** Writes the bits of `mask`; a 16-bit write leaves the upper half alone. */
  write(image: number, bytes: 2 | 4, mask: number): void;
  readonly statusMask: number;
}

/** Bits that exist in a model, and those that always read as one. RF only lives in images that faults push: there are no instruction breakpoints to hold back. */
function existing(model: ProcessorModel): { readonly bits: number; readonly ones: number } {
  const { TF, IF, DF, IOPL, NT, VM, AC, VIF, VIP, ID } = flagBits;
  const oldest = statusFlags | TF | IF | DF;
  if (model === '8086') return { bits: oldest, ones: 0xf002 };
  let bits = oldest | IOPL | NT;
  if (atLeast(model, '80386')) bits |= VM;
  if (atLeast(model, '80486')) bits |= AC;
  if (has(model, 'vme')) bits |= VIF | VIP;
  if (has(model, 'cpuid')) bits |= ID;
  return { bits, ones: 2 };
}

export function flagsAccess(
  core: Core,
  engine: { statusWord(): number; setStatusWord(word: number): void },
  resume: { get(): boolean; set(on: boolean): void },
): FlagsAccess {
  const { bits, ones } = existing(core.model);
  return {
    statusMask: statusFlags,
    read: () => engine.statusWord() | core.otherFlags | (resume.get() ? flagBits.RF : 0) | ones,
    write(image, bytes, mask) {
      if (core.is32Bit && bytes === 4 && (mask & flagBits.RF) !== 0) resume.set((image & flagBits.RF) !== 0);
      let writable = mask & bits & (bytes === 2 ? 0xffff : -1);
      // In real mode the 80286 keeps IOPL and NT clear.
      if (core.model === '80286' && !core.protectedMode) writable &= ~(flagBits.IOPL | flagBits.NT);
      if ((writable & statusFlags) !== 0) {
        const status = (engine.statusWord() & ~writable) | (image & writable & statusFlags);
        engine.setStatusWord(status & statusFlags);
      }
      const others = writable & ~statusFlags;
      core.otherFlags = (core.otherFlags & ~others) | (image & others);
    },
  };
}
