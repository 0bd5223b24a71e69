/** What slow paths share: what they need of the run loop, and the checks that many of them begin with. */
import { type Core, vectors } from './core.js';

/** What slow paths need of the run loop. */
export interface RunControl {
  /** Cycles retired so far, the instruction at hand not counted. */
  now(): number;
  /** Makes the engine return after the current instruction. */
  leaveAfterThis(): void;
  /** Interrupts wait until one more instruction has run; after a load of SS debug exceptions and NMIs as well. */
  holdNext(what: 'interrupts' | 'all'): void;
  /** Flags changed: an interrupt or a trap may be due. */
  flagsChanged(): void;
  /** Privilege, code segment, stack segment or paging changed. */
  modeChanged(): void;
  /** No single-step trap after this instruction: a software interrupt, or a load of SS. */
  suppressTrap(): void;
  /** IRET lets NMIs through again. */
  returnsFromInterrupt(): void;
}

/** A slow path that gives nothing. */
export const done = (action: () => void): 0 => {
  action();
  return 0;
};

/** Faults unless the processor runs at privilege level 0, or in real mode. */
export function requirePrivilege(core: Core): void {
  if (core.protectedMode && core.get('cpl') !== 0) core.fault(vectors.generalProtection);
}
