/**
 * A processor: the one memory, the interpreter over it, the slow paths, and the loop that keeps interrupts exact.
 * Time is counted in cycles: one for each retired instruction or REP iteration, one for each interrupt or exception taken.
 */
import { Arrivals } from './arrivals.js';
import type { Boundary } from './boundary.js';
import { CodeCache } from './decode/code-cache.js';
import { Fetcher, NO_RECORD } from './decode/fetcher.js';
import { Compiler } from './engine/compiler/compiler.js';
import { exits, type SlowPaths, type SystemPaths } from './engine/imports.js';
import { createInterpreter, type Interpreter } from './engine/interpreter/instance.js';
import { Slice, sliceMost } from './engine/slice.js';
import { flagBits, record, regionPlaces, segmentIndex, wordIndex } from './layout.js';
import { type MemoryPlan, planMemory } from './memory-plan.js';
import { createFloat80 } from './kernel/float80/float80.js';
import { has } from './model.js';
import { Pending } from './pending.js';
import type { ProcessorOptions, RunEnd } from './processor-options.js';
import { gatherState, scatterState } from './saved-state.js';
import type { BranchRecords } from './system/branch-records.js';
import { Breakpoints, debugStatus } from './system/breakpoints.js';
import { cr0Bits } from './system/control-bits.js';
import { displayRuns } from './system/display-runs.js';
import { resetUnit } from './system/coprocessor.js';
import { Core } from './system/core.js';
import { type FlagsAccess, flagsAccess } from './system/flags.js';
import { resetRegisters } from './system/reset.js';
import { resetVectors } from './system/vectors.js';
import { memoryPaths } from './system/memory-paths.js';
import { ModelSpecificRegisters } from './system/model-specific.js';
import type { PerformanceCounters } from './system/performance-counters.js';
import { portRuns, systemPaths } from './system/operations.js';
import type { RunControl } from './system/run-control.js';
import { attributeBits, deriveAlignmentChecks } from './system/segments.js';

export class Processor {
  readonly core: Core;
  readonly plan: MemoryPlan;
  readonly flags: FlagsAccess;
  /** Cycles since power-on. */
  cycle = 0;
  private readonly modelSpecific: ModelSpecificRegisters;
  private readonly counters: PerformanceCounters;
  private readonly branches: BranchRecords;
  private readonly code: CodeCache;
  private readonly fetcher: Fetcher;
  private readonly engine: Interpreter;
  private readonly compiler: Compiler | undefined;
  private readonly current: Slice;
  private readonly pending: Pending;
  private readonly boundary: Boundary;
  private readonly breakpoints: Breakpoints;
  private readonly arrivals: Arrivals;
  private trapSuppressed = false;
  private stopRequested = false;
  /** Where {@link run} is to end. */
  private end = 0;

  constructor(options: ProcessorOptions) {
    this.plan = planMemory(options.ramBytes, options.romBytes, options.videoBytes);
    const pages = this.plan.totalBytes / 65536;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.core = new Core(memory, this.plan, options.model, options.bus(this.plan, memory));
    const time = { ...this.control(), next: () => this.next, flags: () => this.flags.read() };
    this.modelSpecific = new ModelSpecificRegisters(this.core, time);
    ({ counters: this.counters, branches: this.branches } = this.modelSpecific);
    this.code = new CodeCache(this.core);
    this.core.code = this.code;
    this.current = new Slice(this.core);
    this.core.onForgotten = (): void => this.current.leaveAfterThis();
    this.pending = new Pending(this.core, this.current, () => this.now);
    this.boundary = this.pending.boundary;
    this.breakpoints = new Breakpoints(this.core, {
      codeChanged: (linear) => this.fetcher.setBreakpoints(linear),
      met: () => this.current.leaveAfterThis(),
      codeHeld: () => this.pending.codeHeld,
    });
    this.core.watch = this.breakpoints;
    this.fetcher = new Fetcher(this.core, this.code, this.breakpoints);
    this.flags = flagsAccess(
      this.core,
      { statusWord: () => this.engine.statusWord(), setStatusWord: (word) => this.engine.setStatusWord(word) },
      {
        get: () => this.boundary.resuming === this.now,
        set: (on) => (this.boundary.resuming = on ? this.next : -1),
      },
    );
    const slow: SlowPaths & SystemPaths = {
      ...memoryPaths(this.core, this.code),
      ...portRuns(this.core, this.breakpoints),
      ...displayRuns(this.core),
      findRecord: (eip) => this.findRecord(eip),
      ...systemPaths(this.core, this.flags, this.modelSpecific, this.breakpoints, this.control()),
    };
    const regions = new WebAssembly.Table({ element: 'anyfunc', initial: regionPlaces });
    const float80 = has(options.model, 'fpu') ? createFloat80(memory) : undefined;
    this.engine = createInterpreter(options, memory, slow, regions, float80);
    if (options.compiler !== undefined) {
      const giveUp = (): void => this.current.leaveBeforeNext();
      this.compiler = new Compiler(this.core, regions, this.engine, float80, options.compiler, giveUp);
      this.code.user = this.compiler;
    }
    const { core, flags, pending, breakpoints, counters, branches, compiler } = this;
    const { deliver } = this.engine;
    this.arrivals = new Arrivals(this, { core, flags, pending, breakpoints, counters, branches, compiler, deliver });
    this.core.flushTranslations();
    this.reset();
  }

  /** The processor's reset pin (Intel SDM Vol. 3A, section 9.1); memory stays. */
  reset(): void {
    this.restart();
    this.modelSpecific.reset();
    resetUnit(this.core);
    resetVectors(this.core);
  }

  /** The INIT pin: like reset, but caches, model-specific registers and numeric units stay as they are (table 9-1). */
  init(): void {
    this.counters.settle(this.cycle);
    const caching = cr0Bits.CD | cr0Bits.NW;
    const kept = this.core.i32[wordIndex.cr0]! & caching;
    this.restart();
    this.core.i32[wordIndex.cr0] = (this.core.i32[wordIndex.cr0]! & ~caching) | kept;
    this.counters.begin(this.cycle);
  }
  private restart(): void {
    const { core } = this;
    resetRegisters(core);
    this.flags.write(0, 4, -1);
    core.flushTranslations();
    this.boundary.clear();
    this.breakpoints.derive();
    this.fetcher.passed();
    this.modeChanged();
  }

  /** Takes the interrupt request line's level. */
  setInterruptRequest(level: boolean): void {
    this.pending.setInterruptRequest(level);
  }
  /** Takes the NMI pin's level; its rising edge counts (Intel SDM Vol. 3A, section 6.7). */
  setNonMaskableInterrupt(level: boolean): void {
    this.pending.setNonMaskableInterrupt(level);
  }
  /** Takes the level of IGNNE#, which bears on x87 exceptions that are reported outside (CR0.NE clear). */
  setIgnoreNumericError(level: boolean): void {
    this.core.i32[wordIndex.x87ErrorIgnored] = level ? 1 : 0;
  }
  get interruptsEnabled(): boolean {
    return this.pending.interruptsEnabled;
  }
  get halted(): boolean {
    return this.core.i32[wordIndex.halted]! !== 0;
  }
  /** Whether an interrupt, maskable or not, or a debug trap would be taken at this boundary. */
  get interruptDue(): boolean {
    return this.pending.due;
  }

  /** Cycles retired so far, the instruction that is executing not counted. */
  get now(): number {
    return this.current.running ? this.current.now : this.cycle;
  }
  /** The cycle of the boundary that the instruction at hand leads to. */
  private get next(): number {
    return this.current.running ? this.current.now + 1 : this.cycle;
  }

  /** The engine must return after the current instruction, because something outside it has to be looked at. */
  stopAfterThis(): void {
    this.stopRequested = true;
    this.current.leaveAfterThis();
  }
  /** Something outside is due at a cycle: the run ends there if it would go further. */
  endBy(cycle: number): void {
    this.end = Math.min(this.end, cycle);
    // In front of an instruction what was begun is given up; in the middle of a stay only the rest gets shorter.
    if (this.current.running) this.current.endBy(cycle);
    else this.stopRequested = true;
  }
  /** Sets the linear addresses before which `run` stops. */
  setStops(linear: ReadonlySet<number>): void {
    this.fetcher.setStops(linear);
  }
  /** Segments or privilege were set from outside: the fast paths follow. */
  modeChanged(): void {
    this.counters.levelChanged(this.next);
    this.fetcher.modeChanged();
    deriveAlignmentChecks(this.core);
  }

  /** Runs for `budget` cycles, or less where it ends early; `cycle` tells how far it came. */
  run(budget: number): RunEnd {
    this.end = this.cycle + budget;
    this.stopRequested = false;
    this.counters.settleBetween(this.cycle);
    while (this.cycle < this.end) {
      if (this.core.i32[wordIndex.shutdown]! !== 0) return 'shutdown';
      if (this.interruptDue) {
        this.arrivals.takeDue();
        this.counters.settleBetween(this.cycle);
        continue;
      }
      if (this.halted) return 'halted';
      if ((this.core.otherFlags & flagBits.TF) !== 0) this.stepWithTrap();
      else if (this.modelSpecific.looksAtEach || this.pending.somethingHeld) this.step();
      else this.slice(Math.min(this.end - this.cycle, sliceMost, this.counters.room));
      this.counters.settleBetween(this.cycle);
      if (this.fetcher.takeStop()) return 'breakpoint';
      if (this.stopRequested) return 'stopped';
    }
    return this.core.i32[wordIndex.shutdown]! !== 0 ? 'shutdown' : 'budget';
  }

  /** Finding the instruction reached the bus, and something there wants attention before it runs. */
  private get mustLook(): boolean {
    return this.interruptDue || this.stopRequested;
  }
  /** Fetching will be tried again. */
  private forgetFault(): void {
    this.core.i32[wordIndex.faulted] = 0;
  }
  private slice(budget: number): void {
    const { core } = this;
    core.i32[wordIndex.budget] = budget;
    const first = this.fetcher.find(core.eip, false);
    if (this.mustLook) return this.forgetFault();
    if (first === NO_RECORD) return this.settleFetch();
    const remaining = core.view.getUint16(first + record.remaining, true);
    if (remaining > budget) return void this.step();
    this.compiler?.look(first, this.fetcher.table, this.fetcher.offset, remaining);
    // Nothing depends on where looks fall, so a block need not be taken apart for them.
    const given = Math.min(budget, Math.max(remaining, this.compiler?.untilLook ?? budget));
    core.i32[wordIndex.budget] = given;
    this.execute(first, given);
  }
  /** Executes exactly one instruction, or one iteration of a repeated one; tells whether it came to its end. */
  private step(): boolean {
    this.core.i32[wordIndex.budget] = 1;
    const first = this.fetcher.find(this.core.eip, true);
    if (this.mustLook) this.forgetFault();
    else if (first === NO_RECORD) this.settleFetch();
    else return this.executeOne(first);
    return false;
  }
  private executeOne(first: number): boolean {
    const { branches, cycle } = this;
    const { faultsTaken } = this.arrivals;
    const looks = this.modelSpecific.looksAtEach || branches.stepsOnBranches;
    if (looks) branches.before(first);
    this.execute(first, 1);
    if (this.cycle === cycle || this.arrivals.faultsTaken !== faultsTaken) return false;
    if (looks && branches.after()) this.counters.branched(branches.wasTaken);
    return true;
  }
  private stepWithTrap(): void {
    this.trapSuppressed = false;
    if (!this.step() || this.trapSuppressed) return;
    if (this.branches.stepsOnBranches && !this.branches.wasTaken) return;
    this.core.i32[wordIndex.pendingDebug] = this.core.i32[wordIndex.pendingDebug]! | debugStatus.BS;
  }

  private execute(first: number, budget: number): void {
    const { core } = this;
    this.current.begin(this.cycle, budget);
    this.fetcher.passed();
    if ((core.segmentField(segmentIndex.cs, 'attributes') & attributeBits.big) !== 0) this.engine.run32(first);
    else this.engine.run16(first);
    const before = this.cycle;
    this.cycle = this.current.end();
    this.compiler?.spend(this.cycle - before);
    if (core.i32[wordIndex.betweenIterations]! !== 0) {
      core.i32[wordIndex.betweenIterations] = 0;
      if (core.is32Bit) this.boundary.resuming = this.cycle;
    }
    if (core.i32[wordIndex.exit]! === exits.fault) return this.settleFault();
    this.breakpoints.settle();
    if (core.i32[wordIndex.exit]! === exits.fetchFault) this.arrivals.takeFault();
  }
  /** The instruction of `currentRecord` faulted: back to in front of it. */
  private settleFault(): void {
    const { core } = this;
    this.breakpoints.met = 0; // It will meet them again.
    const at = core.i32[wordIndex.currentRecord]!;
    this.cycle -= core.view.getUint16(at + record.remaining, true);
    if (core.eipStands) {
      core.eipStands = false;
      return this.arrivals.takeFault();
    }
    const eip = (core.i32[wordIndex.codeBase]! + core.view.getUint16(at + record.pageOffset, true)) | 0;
    core.i32[wordIndex.eip] = eip;
    // The 8086 counts a divide error as an interrupt after the instruction.
    if (core.model === '8086') core.i32[wordIndex.eip] = (eip + core.view.getUint8(at + record.length)) & 0xffff;
    this.arrivals.takeFault();
  }
  /** Fetching failed before anything ran: a fault, a stop, or nothing left to spend. */
  private settleFetch(): void {
    if (!this.fetcher.stopHit) this.arrivals.takeFault();
  }
  /** Called by the engine where its tables do not know an address. */
  private findRecord(eip: number): number {
    this.current.between = true;
    const found = this.fetcher.find(eip, false);
    this.current.between = false;
    if (found === NO_RECORD) this.core.i32[wordIndex.exit] = this.fetcher.stopHit ? exits.budget : exits.fetchFault;
    return found;
  }

  private control(): RunControl {
    return {
      now: () => this.now,
      leaveAfterThis: () => this.current.leaveAfterThis(),
      holdNext: (what) => this.pending.holdNext(what),
      flagsChanged: () => {
        this.pending.flagsChanged();
        deriveAlignmentChecks(this.core);
      },
      modeChanged: () => this.modeChanged(),
      suppressTrap: () => {
        this.trapSuppressed = true;
      },
      returnsFromInterrupt: () => this.pending.returnsFromInterrupt(),
    };
  }

  // State.

  /** Architectural state as bytes: registers, the interrupt shadow, translations. */
  save(): Uint8Array {
    const { core } = this;
    this.counters.settle(this.cycle);
    core.i32[wordIndex.boundary] = this.boundary.save(this.cycle);
    const saved = gatherState(core, this.modelSpecific.saved);
    core.i32[wordIndex.boundary] = 0;
    return saved;
  }
  /** Restores what `save` gave. Memory must be restored before; decoded code stays where nobody told that it was {@link CodeWatch.replaced}. */
  load(saved: Uint8Array, cycle: number): void {
    const { core } = this;
    const translations = scatterState(core, this.modelSpecific.saved, saved);
    this.cycle = cycle;
    this.boundary.load(core.i32[wordIndex.boundary]!, cycle);
    core.i32[wordIndex.boundary] = 0;
    this.breakpoints.derive();
    this.fetcher.passed();
    this.modelSpecific.loaded();
    core.tlb.load(translations);
    this.modeChanged();
  }
}
