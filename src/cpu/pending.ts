/** What is due at the boundary between two instructions, and what holds it back (Intel SDM Vol. 3A, sections 6.7 to 6.9). */
import { Boundary } from './boundary.js';
import type { Slice } from './engine/slice.js';
import { flagBits, wordIndex } from './layout.js';
import { nmiBits } from './system/control-bits.js';
import type { Core } from './system/core.js';

export class Pending {
  readonly boundary: Boundary;

  constructor(
    private readonly core: Core,
    private readonly current: Slice,
    /** The boundary that the processor stands at, or in front of whose next instruction it is. */
    private readonly now: () => number,
  ) {
    this.boundary = new Boundary(core);
  }

  private get requested(): boolean {
    return this.core.i32[wordIndex.interruptRequested]! !== 0;
  }
  get interruptsEnabled(): boolean {
    return (this.core.otherFlags & flagBits.IF) !== 0;
  }
  setInterruptRequest(level: boolean): void {
    this.core.i32[wordIndex.interruptRequested] = level ? 1 : 0;
    if (level && this.interruptsEnabled) this.current.leaveAfterThis();
  }
  /** The rising edge of the NMI pin counts. */
  setNonMaskableInterrupt(level: boolean): void {
    const { core } = this;
    const before = core.i32[wordIndex.nmi]!;
    const rises = level && (before & nmiBits.level) === 0;
    core.i32[wordIndex.nmi] = (before & ~nmiBits.level) | (level ? nmiBits.level : 0) | (rises ? nmiBits.due : 0);
    if (this.nonMaskablePending) this.current.leaveAfterThis();
  }
  /** An NMI is due and no other one is being handled. */
  private get nonMaskablePending(): boolean {
    return (this.core.i32[wordIndex.nmi]! & (nmiBits.due | nmiBits.blocked)) === nmiBits.due;
  }
  acknowledgeNonMaskable(): void {
    // The 8086 takes one NMI within another.
    const blocked = this.core.model === '8086' ? 0 : nmiBits.blocked;
    this.core.i32[wordIndex.nmi] = (this.core.i32[wordIndex.nmi]! & ~nmiBits.due) | blocked;
  }
  /** IRET lets NMIs through again, even where it faults. */
  returnsFromInterrupt(): void {
    this.core.i32[wordIndex.nmi] = this.core.i32[wordIndex.nmi]! & ~nmiBits.blocked;
    if (this.nonMaskablePending) this.current.leaveAfterThis();
  }

  private get debugPending(): boolean {
    return this.core.i32[wordIndex.pendingDebug]! !== 0;
  }
  get trapDue(): boolean {
    return this.debugPending && this.boundary.allHeld !== this.now();
  }
  get nonMaskableDue(): boolean {
    return this.nonMaskablePending && this.boundary.allHeld !== this.now();
  }
  /** Whether anything would be taken at this boundary. */
  get due(): boolean {
    const maskable = this.requested && this.interruptsEnabled && this.boundary.interruptsHeld !== this.now();
    return maskable || this.trapDue || this.nonMaskableDue;
  }
  /** Something is held back at this boundary alone: it is looked at again after one instruction. */
  get somethingHeld(): boolean {
    const { boundary } = this;
    if (this.requested && boundary.interruptsHeld === this.now()) return true;
    return boundary.allHeld === this.now() && (this.debugPending || this.nonMaskablePending);
  }
  /** Code breakpoints do not count at this boundary. */
  get codeHeld(): boolean {
    const { boundary } = this;
    const held = boundary.resuming === this.now() || boundary.allHeld === this.now();
    return held || this.core.i32[wordIndex.betweenIterations]! !== 0;
  }

  /** The boundary after the instruction at hand holds interrupts back, or everything. */
  holdNext(what: 'interrupts' | 'all'): void {
    const { boundary } = this;
    const next = this.now() + 1;
    if (what === 'all') {
      // Of several loads of SS in a row only the first one counts; the 8086 does not look back.
      if (this.core.is32Bit && boundary.allHeld === this.now()) return;
      boundary.allHeld = next;
    }
    boundary.interruptsHeld = next;
    if (this.requested || this.nonMaskablePending) this.current.leaveAfterThis();
  }
  /** Flags changed by the instruction at hand: something may be due after it. */
  flagsChanged(): void {
    const traced = (this.core.otherFlags & flagBits.TF) !== 0;
    if (traced || this.debugPending || (this.requested && this.interruptsEnabled)) this.current.leaveAfterThis();
  }
}
