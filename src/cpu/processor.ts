/**
 * A processor: the one memory, the interpreter over it, the slow paths, and the loop that keeps interrupts exact.
 * Time is counted in cycles: one for each retired instruction or REP iteration, one for each interrupt or exception taken.
 */
import { assert } from '../base/assert.js';
import type { ProcessorBus } from './bus.js';
import { CodeCache } from './decode/code-cache.js';
import { Fetcher, NO_RECORD } from './decode/fetcher.js';
import { exits, type SlowPaths, type SystemPaths } from './engine/imports.js';
import { buildInterpreter } from './engine/interpreter/build.js';
import { Slice } from './engine/slice.js';
import { architecturalState, flagBits, type MemoryPlan, planMemory, record, segmentIndex } from './layout.js';
import { atLeast, declarationOf, type ProcessorModel } from './model.js';
import { resetStatus } from './system/control-registers.js';
import { Core, vectors } from './system/core.js';
import { type Arrival, take } from './system/exceptions.js';
import { type FlagsAccess, flagsAccess } from './system/flags.js';
import { memoryPaths } from './system/memory-paths.js';
import { ModelSpecificRegisters } from './system/model-specific.js';
import { systemPaths } from './system/operations.js';
import type { RunControl } from './system/run-control.js';
import { attributeBits, setSegment } from './system/segments.js';

/** What a processor is made with. */
export interface ProcessorOptions {
  readonly model: ProcessorModel;
  /** Bytes of memory; whole pages. */
  readonly ramBytes: number;
  /** Bytes of read-only memory kept behind it; whole pages. */
  readonly romBytes: number;
  /** Makes the bus once it is known where memory lies. */
  readonly bus: (plan: MemoryPlan, memory: WebAssembly.Memory) => ProcessorBus;
}

/** Why `run` came back before its budget was used up. */
export type RunEnd = 'budget' | 'halted' | 'shutdown' | 'breakpoint' | 'stopped';

interface Engine {
  /** Either runs any code; each is tuned for one default size. */
  run16(firstRecord: number): void;
  run32(firstRecord: number): void;
  statusWord(): number;
  setStatusWord(word: number): void;
}

const modules = new Map<ProcessorModel, WebAssembly.Module>();

function interpreterModule(model: ProcessorModel): WebAssembly.Module {
  const known = modules.get(model) ?? new WebAssembly.Module(buildInterpreter(model) as BufferSource);
  modules.set(model, known);
  return known;
}

/** Bits of the saved word `interruptShadow`. */
const SHADOW = 1;
const TRAP_PENDING = 2;

/** Most cycles given to the engine at once. */
const sliceMost = 1 << 30;

export class Processor {
  readonly core: Core;
  readonly plan: MemoryPlan;
  readonly flags: FlagsAccess;
  /** Cycles since power-on. */
  cycle = 0;
  private readonly modelSpecific: ModelSpecificRegisters;
  private readonly code: CodeCache;
  private readonly fetcher: Fetcher;
  private readonly engine: Engine;
  private readonly current: Slice;
  /** The cycle at whose boundary interrupts are held back; -1 for none. */
  private shadowCycle = -1;
  private trapSuppressed = false;
  private faultsTaken = 0;
  private stopRequested = false;

  constructor(options: ProcessorOptions) {
    this.plan = planMemory(options.ramBytes, options.romBytes);
    const pages = this.plan.totalBytes / 65536;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.core = new Core(memory, this.plan, options.model, options.bus(this.plan, memory));
    this.modelSpecific = new ModelSpecificRegisters(this.core, () => this.now);
    this.code = new CodeCache(this.core);
    this.core.code = this.code;
    this.fetcher = new Fetcher(this.core, this.code);
    this.current = new Slice(this.core);
    const engine = (): Engine => this.engine;
    this.flags = flagsAccess(this.core, {
      statusWord: () => engine().statusWord(),
      setStatusWord: (word) => engine().setStatusWord(word),
    });
    const slow: SlowPaths & SystemPaths = {
      ...memoryPaths(this.core, this.code),
      findRecord: (eip) => this.findRecord(eip),
      ...systemPaths(this.core, this.flags, this.modelSpecific, this.control()),
    };
    const instance = new WebAssembly.Instance(interpreterModule(options.model), {
      environment: { memory },
      slow: slow as unknown as WebAssembly.ModuleImports,
    });
    this.engine = instance.exports as unknown as Engine;
    this.core.flushTranslations();
    this.reset();
  }

  /** The processor's reset pin (Intel SDM Vol. 3A, section 9.1); memory stays. */
  reset(): void {
    const { core } = this;
    core.u8.fill(0, architecturalState.start, architecturalState.end);
    const early = core.model === '8086';
    for (let segment = 0; segment < 8; segment++) setSegment(core, segment, 0, 0, 0xffff, 0x93);
    setSegment(core, segmentIndex.ldtr, 0, 0, 0xffff, 0x82);
    setSegment(core, segmentIndex.tr, 0, 0, 0xffff, 0x8b);
    const base = early ? 0xffff0 : core.model === '80286' ? 0xff0000 : 0xffff_0000 | 0;
    setSegment(core, segmentIndex.cs, early ? 0xffff : 0xf000, base, 0xffff, 0x93);
    core.set('eip', early ? 0 : 0xfff0);
    core.set('idtrLimit', 0x3ff);
    core.set('gdtrLimit', 0xffff);
    core.set('dr6', 0xffff_0ff0 | 0);
    core.set('cr0', resetStatus(core));
    this.modelSpecific.reset();
    core.setRegister(2, declarationOf(core.model).signature); // On the 80386 a component and a revision identifier.
    this.flags.write(0, 4, -1);
    core.flushTranslations();
    core.trapPending = false;
    this.shadowCycle = -1;
    this.fetcher.passed();
    this.fetcher.modeChanged();
  }

  /** Takes the interrupt request line's level. */
  setInterruptRequest(level: boolean): void {
    this.core.set('interruptRequested', level ? 1 : 0);
    if (level && this.interruptsEnabled) this.current.leaveAfterThis();
  }
  private get requested(): boolean {
    return this.core.get('interruptRequested') !== 0;
  }
  get interruptsEnabled(): boolean {
    return (this.core.get('flagsOther') & flagBits.IF) !== 0;
  }
  get halted(): boolean {
    return this.core.get('halted') !== 0;
  }
  /** Whether an interrupt would be taken at this boundary. */
  get interruptDue(): boolean {
    return this.requested && this.interruptsEnabled && this.shadowCycle !== this.cycle;
  }

  /** Cycles retired so far, the instruction that is executing not counted. */
  get now(): number {
    return this.current.running ? this.current.now : this.cycle;
  }

  /** The engine must return after the current instruction, because something outside it has to be looked at. */
  stopAfterThis(): void {
    this.stopRequested = true;
    this.current.leaveAfterThis();
  }
  /** Sets the linear addresses before which `run` stops. */
  setStops(linear: ReadonlySet<number>): void {
    this.fetcher.setStops(linear);
  }
  /** Segments or privilege were set from outside: the fast paths follow. */
  modeChanged(): void {
    this.fetcher.modeChanged();
  }

  /** Runs for `budget` cycles, or less where it ends early; `cycle` tells how far it came. */
  run(budget: number): RunEnd {
    const end = this.cycle + budget;
    this.stopRequested = false;
    while (this.cycle < end) {
      if (this.core.get('shutdown') !== 0) return 'shutdown';
      if (this.core.trapPending) {
        this.takeTrap();
        continue;
      }
      if (this.interruptDue) {
        this.takeInterrupt();
        continue;
      }
      if (this.halted) return 'halted';
      if ((this.core.get('flagsOther') & flagBits.TF) !== 0) this.stepWithTrap();
      else if (this.requested && this.shadowCycle === this.cycle)
        this.step(); // The request is looked at again right after.
      else this.slice(Math.min(end - this.cycle, sliceMost));
      if (this.fetcher.takeStop()) return 'breakpoint';
      if (this.stopRequested) return 'stopped';
    }
    return this.core.get('shutdown') !== 0 ? 'shutdown' : 'budget';
  }

  /** Finding the instruction reached the bus, and something there wants attention before it runs. */
  private get mustLook(): boolean {
    return this.interruptDue || this.stopRequested;
  }
  private slice(budget: number): void {
    const { core } = this;
    core.set('budget', budget);
    const first = this.fetcher.find(core.get('eip'), false);
    if (this.mustLook) return;
    if (first !== NO_RECORD && core.view.getUint16(first + record.remaining, true) <= budget) {
      this.execute(first, budget);
      return;
    }
    if (first === NO_RECORD) return this.settleFetch(budget);
    this.step();
  }
  /** Executes exactly one instruction, or one iteration of a repeated one. */
  private step(): void {
    this.core.set('budget', 1);
    const first = this.fetcher.find(this.core.get('eip'), true);
    if (this.mustLook) return;
    if (first === NO_RECORD) return this.settleFetch(1);
    this.execute(first, 1);
  }
  private stepWithTrap(): void {
    this.trapSuppressed = false;
    const before = this.cycle;
    const faultsBefore = this.faultsTaken;
    this.step();
    const trapped =
      this.cycle > before && this.faultsTaken === faultsBefore && !this.trapSuppressed && !this.fetcher.stopHit;
    if (!trapped) return;
    this.core.set('dr6', this.core.get('dr6') | 0x4000); // BS: a single step.
    this.core.trapPending = true;
    this.core.set('halted', 0);
  }

  private execute(first: number, budget: number): void {
    const { core } = this;
    this.current.begin(this.cycle, budget);
    this.fetcher.passed();
    if ((core.segmentField(segmentIndex.cs, 'attributes') & attributeBits.big) !== 0) this.engine.run32(first);
    else this.engine.run16(first);
    this.cycle = this.current.end();
    if (core.get('exit') === exits.fault) this.settleFault();
    else if (core.get('exit') === exits.fetchFault) this.takeFault();
  }
  /** The instruction of `currentRecord` faulted: back to in front of it. */
  private settleFault(): void {
    const { core } = this;
    const at = core.get('currentRecord');
    this.cycle -= core.view.getUint16(at + record.remaining, true);
    if (core.eipStands) {
      core.eipStands = false;
      return this.takeFault();
    }
    const eip = (core.get('codeBase') + core.view.getUint16(at + record.pageOffset, true)) | 0;
    core.set('eip', eip);
    // The 8086 counts a divide error as an interrupt after the instruction.
    if (core.model === '8086') core.set('eip', (eip + core.view.getUint8(at + record.length)) & 0xffff);
    this.takeFault();
  }
  /** Fetching failed before anything ran: a fault, a stop, or nothing left to spend. */
  private settleFetch(budget: number): void {
    if (this.fetcher.stopHit) return;
    assert(budget > 0, 'fetching is only tried with cycles to spend');
    this.takeFault();
  }
  /** Called by the engine where its tables do not know an address. */
  private findRecord(eip: number): number {
    this.current.between = true;
    const found = this.fetcher.find(eip, false);
    this.current.between = false;
    if (found === NO_RECORD) this.core.set('exit', this.fetcher.stopHit ? exits.budget : exits.fetchFault);
    return found;
  }

  // Faults and interrupts.

  private takeFault(): void {
    this.faultsTaken++;
    this.take({ kind: 'fault', ...this.core.takeNoted() });
  }
  private takeTrap(): void {
    this.core.trapPending = false;
    this.take({ kind: 'trap', vector: vectors.debug });
  }
  private takeInterrupt(): void {
    this.core.set('halted', 0);
    this.take({ kind: 'interrupt', vector: this.core.bus.acknowledgeInterrupt() });
  }
  private take(arrival: Arrival): void {
    this.cycle++;
    take(this.core, this.flags, arrival);
    this.fetcher.modeChanged();
  }

  private control(): RunControl {
    return {
      now: () => this.now,
      leaveAfterThis: () => this.current.leaveAfterThis(),
      shadowNext: () => {
        this.shadowCycle = this.now + 1;
        if (this.requested) this.current.leaveAfterThis();
      },
      flagsChanged: () => {
        const others = this.core.get('flagsOther');
        const due = (this.requested && (others & flagBits.IF) !== 0) || (others & flagBits.TF) !== 0;
        if (due || this.core.trapPending) this.current.leaveAfterThis();
      },
      modeChanged: () => this.fetcher.modeChanged(),
      suppressTrap: () => {
        this.trapSuppressed = true;
      },
    };
  }

  // State.

  /** Where this model's architectural state lies, in the order in which it is saved. */
  private get stateRegions(): readonly { readonly start: number; readonly end: number }[] {
    return atLeast(this.core.model, '80486') ? [architecturalState, this.modelSpecific.saved] : [architecturalState];
  }
  /** Architectural state as bytes: registers, the interrupt shadow, translations. */
  save(): Uint8Array {
    const { core } = this;
    core.set('interruptShadow', (this.shadowCycle === this.cycle ? SHADOW : 0) | (core.trapPending ? TRAP_PENDING : 0));
    const parts: Uint8Array[] = this.stateRegions.map(({ start, end }) => core.u8.slice(start, end));
    core.set('interruptShadow', 0);
    parts.push(new Uint8Array(core.tlb.saved().buffer));
    const saved = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
    let at = 0;
    for (const part of parts) {
      saved.set(part, at);
      at += part.length;
    }
    return saved;
  }
  /** Restores what `save` gave. Memory must be restored before, as translations look at it. */
  load(saved: Uint8Array, cycle: number): void {
    const { core } = this;
    let at = 0;
    for (const { start, end } of this.stateRegions) {
      core.u8.set(saved.subarray(at, at + end - start), start);
      at += end - start;
    }
    this.cycle = cycle;
    this.shadowCycle = (core.get('interruptShadow') & SHADOW) !== 0 ? cycle : -1;
    core.trapPending = (core.get('interruptShadow') & TRAP_PENDING) !== 0;
    core.set('interruptShadow', 0);
    this.fetcher.passed();
    this.code.flush();
    this.modelSpecific.placeApic();
    core.tlb.load(new Int32Array(saved.slice(at).buffer));
    this.fetcher.modeChanged();
  }
}
