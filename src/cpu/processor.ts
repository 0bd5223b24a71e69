/**
 * A processor: the one memory, the interpreter over it, the slow paths, and the loop that keeps interrupts exact.
 * Time is counted in cycles: one for each retired instruction or REP iteration, one for each interrupt or exception taken.
 */
import { assert } from '../base/assert.js';
import type { AccessWidth, ProcessorBus } from './bus.js';
import { CodeCache, type TableMode } from './decode/code-cache.js';
import { exits, type SlowPaths, type SystemPaths } from './engine/imports.js';
import { buildInterpreter } from './engine/interpreter/build.js';
import { pseudoHandlers } from './engine/interpreter/handlers.js';
import {
  architecturalState, flagBits, type MemoryPlan, planMemory, record, regions, segmentAddress, segmentFields, segmentIndex, tlbEntry,
} from './layout.js';
import type { ProcessorModel } from './model.js';
import { Core, faultSignal, stackFaultVector, vectors } from './system/core.js';
import { type FlagsAccess, flagsAccess } from './system/flags.js';
import { deliver } from './system/interrupts.js';
import { type RunControl, systemPaths } from './system/operations.js';
import { accessAllowed, attributeBits, setSegment } from './system/segments.js';

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

const modules = new Map<string, WebAssembly.Module>();

function interpreterModule(model: ProcessorModel, plan: MemoryPlan): WebAssembly.Module {
  const key = `${model} ${plan.ram} ${plan.codeLines}`;
  const known = modules.get(key) ?? new WebAssembly.Module(buildInterpreter(model, plan) as BufferSource);
  modules.set(key, known);
  return known;
}

/** Most cycles given to the engine at once. */
const sliceMost = 1 << 30;
const NO_RECORD = 0;

export class Processor {
  readonly core: Core;
  readonly plan: MemoryPlan;
  readonly flags: FlagsAccess;
  /** Cycles since power-on. */
  cycle = 0;
  /** Linear addresses before which `run` stops. */
  private stops: ReadonlySet<number> = new Set();
  /** The level of the interrupt request line. */
  private requested = false;
  private readonly code: CodeCache;
  private readonly engine: Engine;
  /** The cycle at whose boundary interrupts are held back; -1 for none. */
  private shadowCycle = -1;
  private running = false;
  /** Cycle and budget at the start of the engine's slice. */
  private sliceCycle = 0;
  private sliceBudget = 0;
  /** Budget put aside so that the engine returns early. */
  private stolen = 0;
  private patched = 0;
  private patchedHandler = 0;
  private trapSuppressed = false;
  private stopHit = false;
  /** The stop that the last `run` came back for; it is passed when running goes on. */
  private passing = -1;
  private stopRequested = false;
  private readonly executeKeys = new Map<string, number>();

  constructor(options: ProcessorOptions) {
    this.plan = planMemory(options.ramBytes, options.romBytes);
    const pages = this.plan.totalBytes / 65536;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.core = new Core(memory, this.plan, options.model, options.bus(this.plan, memory));
    this.code = new CodeCache(this.core);
    this.core.code = this.code;
    const engine = (): Engine => this.engine;
    this.flags = flagsAccess(this.core, {
      statusWord: () => engine().statusWord(),
      setStatusWord: (word) => engine().setStatusWord(word),
    });
    const slow = { ...this.slowPaths(), ...this.caught(systemPaths(this.core, this.flags, this.control())) };
    const instance = new WebAssembly.Instance(interpreterModule(options.model, this.plan), {
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
    if (core.model === '80386') core.setRegister(2, 0x0303); // DH is the component, DL the revision identifier.
    this.flags.write(0, 4, -1);
    core.flushTranslations();
    this.shadowCycle = -1;
    this.passing = -1;
    this.modeChanged();
  }

  /** Takes the interrupt request line's level. */
  setInterruptRequest(level: boolean): void {
    this.requested = level;
    if (level && this.running && this.interruptsEnabled) this.leaveAfterThis();
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
    if (!this.running) return this.cycle;
    const left = this.core.get('budget') + this.stolen;
    const at = this.core.get('currentRecord');
    return this.sliceCycle + this.sliceBudget - left - this.core.view.getUint16(at + record.remaining, true);
  }

  /** The engine must return after the current instruction, because something outside it has to be looked at. */
  stopAfterThis(): void {
    this.stopRequested = true;
    if (this.running) this.leaveAfterThis();
  }
  setStops(linear: ReadonlySet<number>): void {
    this.stops = linear;
    this.code.setBreakpoints(linear);
  }

  /** Runs for `budget` cycles, or less where it ends early; `cycle` tells how far it came. */
  run(budget: number): RunEnd {
    const end = this.cycle + budget;
    this.stopRequested = false;
    while (this.cycle < end) {
      if (this.core.get('shutdown') !== 0) return 'shutdown';
      if (this.interruptDue) {
        this.takeInterrupt();
        continue;
      }
      if (this.halted) return 'halted';
      if ((this.core.get('flagsOther') & flagBits.TF) !== 0) this.stepWithTrap();
      else this.slice(Math.min(end - this.cycle, sliceMost));
      if (this.stopHit) {
        this.stopHit = false;
        return 'breakpoint';
      }
      if (this.stopRequested) return 'stopped';
    }
    return this.core.get('shutdown') !== 0 ? 'shutdown' : 'budget';
  }

  private slice(budget: number): void {
    const { core } = this;
    core.set('budget', budget);
    const first = this.find(core.get('eip'), false);
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
    const first = this.find(this.core.get('eip'), true);
    if (first === NO_RECORD) return this.settleFetch(1);
    this.execute(first, 1);
  }
  private stepWithTrap(): void {
    this.trapSuppressed = false;
    const before = this.cycle;
    const faultsBefore = this.faultsTaken;
    this.step();
    const trapped = this.cycle > before && this.faultsTaken === faultsBefore && !this.trapSuppressed && !this.stopHit;
    if (!trapped || this.shadowCycle === this.cycle) return;
    this.core.set('dr6', this.core.get('dr6') | 0x4000);
    this.take(vectors.debug, undefined, false);
  }
  private faultsTaken = 0;

  private execute(first: number, budget: number): void {
    const { core } = this;
    this.sliceCycle = this.cycle;
    this.sliceBudget = budget;
    this.stolen = 0;
    this.running = true;
    this.passing = -1;
    core.set('currentRecord', regions.scratchRecords);
    if ((core.segmentField(segmentIndex.cs, 'attributes') & attributeBits.big) !== 0) this.engine.run32(first);
    else this.engine.run16(first);
    this.running = false;
    this.unpatch();
    const left = core.get('budget') + this.stolen;
    this.stolen = 0;
    if (core.get('exit') === exits.fault) {
      const at = core.get('currentRecord');
      const remaining = core.view.getUint16(at + record.remaining, true);
      const offset = core.view.getUint16(at + record.pageOffset, true);
      this.cycle = this.sliceCycle + budget - left - remaining;
      const eip = (core.get('codeBase') + offset) | 0;
      core.set('eip', eip);
      // The 8086 counts a divide error as an interrupt after the instruction.
      if (core.model === '8086') core.set('eip', (eip + core.view.getUint8(at + record.length)) & 0xffff);
      this.takeFault();
      return;
    }
    this.cycle = this.sliceCycle + budget - left;
    if (core.get('exit') === exits.fetchFault) this.takeFault();
  }
  /** Fetching failed before anything ran: a fault, a stop, or nothing left to spend. */
  private settleFetch(budget: number): void {
    if (this.stopHit) return;
    assert(budget > 0, 'fetching is only tried with cycles to spend');
    this.takeFault();
  }

  // Faults and interrupts.

  private takeFault(): void {
    const { core } = this;
    const vector = core.get('faulted') - 1;
    assert(vector >= 0, 'a fault exit has a fault');
    core.set('faulted', 0);
    this.faultsTaken++;
    this.take(vector, hasErrorCode(vector) ? core.get('faultError') : undefined, true);
  }
  private takeInterrupt(): void {
    this.core.set('halted', 0);
    const vector = this.core.bus.acknowledgeInterrupt();
    this.take(vector, undefined, true);
  }
  /** Delivers; a fault on the way becomes a double fault or is delivered in turn, and a third one shuts down. */
  private take(vector: number, errorCode: number | undefined, external: boolean): void {
    const { core } = this;
    this.cycle++;
    let [current, code] = [vector, errorCode];
    for (let attempt = 0; attempt < 8; attempt++) {
      try {
        const withCode = code !== undefined && core.protectedMode ? { errorCode: code } : {};
        deliver(core, this.flags, { vector: current, software: false, external, ...withCode });
        this.modeChanged();
        return;
      } catch (problem) {
        if (problem !== faultSignal) throw problem;
      }
      const next = core.get('faulted') - 1;
      code = core.get('faultError');
      core.set('faulted', 0);
      if (current === vectors.doubleFault) break;
      current = escalates(current, next) ? vectors.doubleFault : next;
      if (current === vectors.doubleFault) code = 0;
      if (!hasErrorCode(current)) code = undefined;
    }
    core.set('shutdown', 1);
  }

  // Finding code.

  /** The record at an offset in the code segment, or 0 with a fault or a stop noted. */
  private find(eip: number, alone: boolean): number {
    const { core } = this;
    const base = core.segmentField(segmentIndex.cs, 'base');
    const limit = core.segmentField(segmentIndex.cs, 'limit') >>> 0;
    core.set('eip', eip);
    if (eip >>> 0 > limit) return this.noteFault(vectors.generalProtection);
    const linear = (base + eip) | 0;
    if (this.stops.size > 0 && this.passing !== linear && this.stops.has(linear >>> 0)) {
      this.stopHit = true;
      this.passing = linear;
      return NO_RECORD;
    }
    const entry = this.translateFetch(linear);
    if (entry === 0) return NO_RECORD;
    const offset = linear & 0xfff;
    core.set('codeBase', (eip - offset) | 0);
    const host = core.bus.page(core.physicalOf(entry)).address;
    const mode = this.codeMode((eip - offset) | 0);
    const endsInside = (eip >>> 0) + (0xfff - offset) > limit;
    const stops = this.stops.size > 0 && [...this.stops].some((stop) => (stop & 0xfff) === offset);
    if (host !== 0 && !alone && !endsInside && !stops) {
      const found = this.inTable(entry, linear, host, offset, mode);
      if (found !== 0) return found;
    }
    return this.single(eip, linear, limit, mode);
  }
  private inTable(entry: number, linear: number, host: number, offset: number, mode: TableMode): number {
    const { core, code } = this;
    const generation = code.generation;
    const table = code.table(host, mode);
    core.i32[(entry + tlbEntry.execute) >> 2] = (linear & ~0xfff) | core.get('executeKey');
    core.i32[(entry + tlbEntry.codeTable) >> 2] = table;
    if (code.generation !== generation) return 0; // Records moved under the engine's feet: run this one alone.
    return code.recordAt(table, host, offset, mode);
  }
  private codeMode(codeBase: number): TableMode {
    const { core } = this;
    const is386 = core.model === '80386';
    return {
      code32: is386 && (core.segmentField(segmentIndex.cs, 'attributes') & attributeBits.big) !== 0,
      stack32: is386 && (core.segmentField(segmentIndex.ss, 'attributes') & attributeBits.big) !== 0,
      startsInside: codeBase >>> 0 > 0xffff_f000,
    };
  }
  /** One instruction in the scratch record: page-crossing code, code on the bus, single steps. */
  private single(eip: number, linear: number, limit: number, mode: TableMode): number {
    const { core } = this;
    const wraps = core.model === '8086';
    let fault = NO_RECORD;
    const fetch = (index: number): number => {
      const at = wraps ? (eip + index) & 0xffff : eip + index;
      if (at >>> 0 > limit || at > 0xffff_ffff) {
        fault = vectors.generalProtection + 1;
        return -1;
      }
      const address = wraps ? (linear - eip + at) | 0 : (linear + index) | 0;
      const entry = this.translateFetch(address);
      if (entry === 0) return -1;
      return core.readPhysical(core.physicalOf(entry) | (address & 0xfff), 1) & 0xff;
    };
    const result = this.code.decodeAlone(mode, linear & 0xfff, fetch);
    if (result === 'decoded') return regions.scratchRecords;
    if (result === 'tooLong') return this.noteFault(vectors.generalProtection);
    return fault === NO_RECORD ? NO_RECORD : this.noteFault(fault - 1);
  }
  private translateFetch(linear: number): number {
    try {
      return this.core.translate(linear, false, this.core.userLevel);
    } catch (problem) {
      if (problem !== faultSignal) throw problem;
      return 0;
    }
  }
  private noteFault(vector: number): number {
    this.core.set('faulted', vector + 1);
    this.core.set('faultError', 0);
    return NO_RECORD;
  }

  // What the engine calls.

  private slowPaths(): SlowPaths {
    const { core } = this;
    return {
      readSlow: (segment, offset, bytes) => {
        try {
          if (this.wraps(offset, bytes)) return this.readWrapped(segment);
          return core.readLinear(this.checkedLinear(segment, offset, bytes, false), bytes as AccessWidth, core.userLevel);
        } catch (problem) {
          return afterFault(problem);
        }
      },
      readForWriteSlow: (segment, offset, bytes) => {
        try {
          if (this.wraps(offset, bytes)) return this.readWrapped(segment);
          return core.readLinear(this.writableLinear(segment, offset, bytes), bytes as AccessWidth, core.userLevel);
        } catch (problem) {
          return afterFault(problem);
        }
      },
      probeWrite: (segment, offset, bytes) => {
        try {
          return this.writableLinear(segment, offset, bytes);
        } catch (problem) {
          return afterFault(problem);
        }
      },
      writeSlow: (segment, offset, value, bytes) => {
        try {
          if (this.wraps(offset, bytes)) return this.writeWrapped(segment, value);
          core.writeLinear(this.checkedLinear(segment, offset, bytes, true), value, bytes as AccessWidth, core.userLevel);
          return 0;
        } catch (problem) {
          return afterFault(problem);
        }
      },
      codeWrite: (host, bytes) => {
        this.code.willChange(host, bytes);
        return 0;
      },
      findRecord: (eip) => {
        const found = this.find(eip, false);
        if (found === NO_RECORD) core.set('exit', this.stopHit ? exits.budget : exits.fetchFault);
        return found;
      },
    };
  }
  /** The linear address of an access that the segment allows. */
  private checkedLinear(segment: number, offset: number, bytes: number, write: boolean): number {
    const { core } = this;
    if (core.model !== '8086' && !accessAllowed(core, segment, offset, bytes, write)) {
      core.fault(segment === stackSlot ? stackFaultVector(core) : vectors.generalProtection);
    }
    return (core.i32[(segment + segmentFields.base) >> 2]! + offset) | 0;
  }
  /** The same, with the pages' write permission checked as well. */
  private writableLinear(segment: number, offset: number, bytes: number): number {
    const linear = this.checkedLinear(segment, offset, bytes, true);
    this.core.translate(linear, true, this.core.userLevel);
    this.core.translate((linear + bytes - 1) | 0, true, this.core.userLevel);
    return linear;
  }
  private wraps(offset: number, bytes: number): boolean {
    return this.core.model === '8086' && (offset & 0xffff) + bytes > 0x10000;
  }
  /** On the 8086 a word at the end of a segment continues at its start. */
  private readWrapped(segment: number): number {
    const base = this.core.i32[(segment + segmentFields.base) >> 2]!;
    const low = this.core.readLinear((base + 0xffff) | 0, 1, false);
    return low | (this.core.readLinear(base, 1, false) << 8);
  }
  private writeWrapped(segment: number, value: number): number {
    const base = this.core.i32[(segment + segmentFields.base) >> 2]!;
    this.core.writeLinear((base + 0xffff) | 0, value & 0xff, 1, false);
    this.core.writeLinear(base, (value >> 8) & 0xff, 1, false);
    return 0;
  }
  private caught(paths: SystemPaths): SystemPaths {
    const entries = Object.entries(paths).map(([name, path]) => [
      name,
      (a: number, b: number): number => {
        try {
          return path(a, b);
        } catch (problem) {
          return afterFault(problem);
        }
      },
    ]);
    return Object.fromEntries(entries) as SystemPaths;
  }

  private control(): RunControl {
    return {
      leaveAfterThis: () => this.leaveAfterThis(),
      shadowNext: () => {
        this.shadowCycle = this.now + 1;
        if (this.requested) this.leaveAfterThis();
      },
      flagsChanged: () => {
        const others = this.core.get('flagsOther');
        const due = (this.requested && (others & flagBits.IF) !== 0) || (others & flagBits.TF) !== 0;
        if (due) this.leaveAfterThis();
      },
      modeChanged: () => this.modeChanged(),
      suppressTrap: () => {
        this.trapSuppressed = true;
      },
    };
  }
  /** Takes the budget away, and puts a stop behind an instruction in the middle of its block. */
  private leaveAfterThis(): void {
    const { core } = this;
    if (!this.running) return;
    this.stolen += core.get('budget');
    core.set('budget', 0);
    const at = core.get('currentRecord');
    if (this.patched !== 0 || core.view.getUint16(at + record.remaining, true) <= 1) return;
    this.patched = at + record.bytes;
    this.patchedHandler = core.view.getUint16(this.patched + record.handler, true);
    core.view.setUint16(this.patched + record.handler, pseudoHandlers.stop, true);
  }
  private unpatch(): void {
    if (this.patched === 0) return;
    const { view } = this.core;
    if (view.getUint16(this.patched + record.handler, true) === pseudoHandlers.stop) {
      view.setUint16(this.patched + record.handler, this.patchedHandler, true);
    }
    this.patched = 0;
  }

  /** Privilege, segments or paging changed: the fast paths' keys follow. */
  modeChanged(): void {
    const { core } = this;
    core.set('tlb', core.userLevel ? regions.userTlb : regions.supervisorTlb);
    const field = (segment: number, name: 'base' | 'limit' | 'attributes'): number => core.segmentField(segment, name);
    const { cs, ss } = segmentIndex;
    const sizes = (field(cs, 'attributes') & attributeBits.big) * 2 + (field(ss, 'attributes') & attributeBits.big);
    const key = `${field(cs, 'base')} ${field(cs, 'limit')} ${sizes}`;
    let number = this.executeKeys.get(key);
    if (number === undefined) {
      if (this.executeKeys.size === 4000) {
        this.executeKeys.clear();
        core.forgetExecuteTags();
      }
      number = this.executeKeys.size + 2;
      this.executeKeys.set(key, number);
    }
    core.set('executeKey', number);
  }

  // State.

  /** Architectural state as bytes: registers, the interrupt shadow, translations. */
  save(): Uint8Array {
    const { core } = this;
    core.set('interruptShadow', this.shadowCycle === this.cycle ? 1 : 0);
    const registers = core.u8.slice(architecturalState.start, architecturalState.end);
    core.set('interruptShadow', 0);
    const translations = new Uint8Array(core.savedTranslations().buffer);
    const saved = new Uint8Array(registers.length + translations.length);
    saved.set(registers);
    saved.set(translations, registers.length);
    return saved;
  }
  /** Restores what `save` gave. Memory must be restored before, as translations look at it. */
  load(saved: Uint8Array, cycle: number): void {
    const { core } = this;
    const length = architecturalState.end - architecturalState.start;
    core.u8.set(saved.subarray(0, length), architecturalState.start);
    this.cycle = cycle;
    this.shadowCycle = core.get('interruptShadow') !== 0 ? cycle : -1;
    core.set('interruptShadow', 0);
    this.passing = -1;
    this.code.flush();
    core.loadTranslations(new Int32Array(saved.slice(length).buffer));
    this.modeChanged();
  }
}

const stackSlot = segmentAddress(segmentIndex.ss);

/** What a slow path gives after a fault, which the engine sees in the state; anything else is our mistake. */
function afterFault(problem: unknown): 0 {
  if (problem !== faultSignal) throw problem;
  return 0;
}

/** Vectors that push an error code (Intel SDM Vol. 3A, table 6-1). */
const hasErrorCode = (vector: number): boolean => vector === 8 || (vector >= 10 && vector <= 14) || vector === 17;

/** Pairs of faults that make a double fault (Intel SDM Vol. 3A, table 6-5). */
function escalates(first: number, second: number): boolean {
  const contributory = (vector: number): boolean => vector === 0 || (vector >= 10 && vector <= 13);
  if (first === vectors.pageFault) return second === vectors.pageFault || contributory(second);
  return contributory(first) && contributory(second);
}
