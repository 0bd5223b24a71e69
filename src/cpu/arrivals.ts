/** Takes faults, and what is due at the boundary between two instructions: each costs one cycle, and execution goes on in its handler. */
import type { Compiler } from './engine/compiler/compiler.js';
import { wordIndex } from './layout.js';
import type { Pending } from './pending.js';
import type { BranchRecords } from './system/branch-records.js';
import type { Breakpoints } from './system/breakpoints.js';
import { type Core, frozen, vectors } from './system/core.js';
import { type Arrival, type QuickDelivery, take } from './system/exceptions.js';
import type { FlagsAccess } from './system/flags.js';
import type { PerformanceCounters } from './system/performance-counters.js';

/** The parts of a processor that an arrival bears on. */
export interface ArrivalParts {
  readonly core: Core;
  readonly flags: FlagsAccess;
  readonly pending: Pending;
  readonly breakpoints: Breakpoints;
  readonly counters: PerformanceCounters;
  readonly branches: BranchRecords;
  readonly compiler: Compiler | undefined;
  readonly deliver: QuickDelivery;
}

/** The processor whose time passes, and which hears that its mode may be another one. */
export interface ArrivalTime {
  cycle: number;
  modeChanged(): void;
}

export class Arrivals {
  /** Faults so far. */
  faultsTaken = 0;

  constructor(
    private readonly time: ArrivalTime,
    private readonly parts: ArrivalParts,
  ) {}

  /** The fault that was noted. */
  takeFault(): void {
    const { core, branches, breakpoints } = this.parts;
    this.faultsTaken++;
    if (core.i32[wordIndex.faulted]! === frozen + 1) return this.freeze();
    const noted = core.takeNoted();
    if (noted.vector !== vectors.debug) return this.take({ kind: 'fault', ...noted });
    const isCodeBreakpoint = breakpoints.atCode;
    branches.debugException();
    breakpoints.deliver(breakpoints.faultStatus);
    this.take({ kind: 'fault', vector: vectors.debug, isCodeBreakpoint });
  }
  /** Stands still in front of the instruction at hand until an interrupt, as after HLT. */
  private freeze(): void {
    const { core, counters } = this.parts;
    core.i32[wordIndex.faulted] = 0;
    core.i32[wordIndex.halted] = 1;
    this.time.cycle++;
    counters.stalled();
  }

  /** What is due at this boundary, by priority (Intel SDM Vol. 3A, table 6-2). */
  takeDue(): void {
    const { core, pending, counters, branches, breakpoints, compiler } = this.parts;
    if (core.i32[wordIndex.halted]! !== 0) compiler?.woke();
    core.i32[wordIndex.halted] = 0;
    counters.resumed();
    if (pending.trapDue) {
      branches.debugException();
      breakpoints.deliver(core.i32[wordIndex.pendingDebug]!);
      core.i32[wordIndex.pendingDebug] = 0;
      this.take({ kind: 'trap', vector: vectors.debug });
    } else if (pending.nonMaskableDue) {
      pending.acknowledgeNonMaskable();
      this.take({ kind: 'interrupt', vector: vectors.nonMaskable });
    } else this.take({ kind: 'interrupt', vector: core.bus.acknowledgeInterrupt() });
  }

  private take(arrival: Arrival): void {
    const { core, flags, pending, counters, branches, breakpoints, deliver } = this.parts;
    const { time } = this;
    // Faults push RF by themselves; whether the run was cut in front of one must not show, not even after a shutdown.
    const resumes = pending.boundary.resuming === time.cycle && arrival.kind !== 'fault';
    time.cycle++;
    counters.eventTaken(arrival.kind === 'interrupt');
    if (resumes) pending.boundary.resuming = time.cycle; // It stands in the flags that are pushed.
    const from = core.eip;
    take(core, flags, arrival, deliver);
    branches.event(from);
    breakpoints.settle();
    time.modeChanged();
  }
}
