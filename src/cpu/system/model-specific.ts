/**
 * Model-specific registers, the time-stamp counter and CPUID (Intel SDM Vol. 3B, appendix B, "Model-Specific Registers", tables
 * for the Pentium, the P6 family and the Pentium M; chapter 10, "Memory Cache Control"). What a model does not have is #GP.
 */
import { modelSpecific } from '../layout.js';
import { atLeast } from '../model.js';
import { quickWords } from '../quick-words.js';
import { BranchRecords, type RecordPlaces } from './branch-records.js';
import { cr4Bits } from './control-bits.js';
import { type Core, vectors } from './core.js';
import { identify } from './identification.js';
import { type CounterPlaces, PerformanceCounters } from './performance-counters.js';
import { done, requirePrivilege } from './run-control.js';

/** One register: what it reads as, and what a write does. A write that gives false is #GP. */
interface ModelSpecificRegister {
  readonly read?: () => bigint;
  readonly write?: (value: bigint) => boolean | void;
  /** Its value after reset; only registers that are stored have one. */
  readonly reset?: () => void;
}

/** How a register that is stored behaves: `valid` says what may be written, bits outside `kept` read as 0. */
interface Storage {
  readonly valid?: (value: bigint) => boolean;
  readonly kept?: bigint;
  readonly reset?: bigint;
  /** Brings its value up to date. */
  readonly read?: () => void;
  readonly beforeWrite?: () => void;
  readonly written?: () => void;
}

/** What registers need of the run loop. */
export interface RegisterTime {
  /** The cycle of the boundary in front of the instruction at hand, and of the one that it leads to. */
  now(): number;
  next(): number;
  leaveAfterThis(): void;
  /** EFLAGS. */
  flags(): number;
}

const low32 = 0xffff_ffffn;
const allOnes = 2n ** 64n - 1n;
const counterBits = 0xff_ffff_ffffn;
/** Physical addresses have 36 bits. */
const pageAddresses = 0xf_ffff_f000n;

/** Memory types of MTRRs (table 10-8), and those of the PAT, which has UC- as well (table 10-10). */
const rangeTypes: readonly number[] = [0, 1, 4, 5, 6];
const pageTypes: readonly number[] = [0, 1, 4, 5, 6, 7];
const bytesOf = (value: bigint): number[] =>
  Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
const typed =
  (types: readonly number[]) =>
  (value: bigint): boolean =>
    bytesOf(value).every((byte) => types.includes(byte));

/** Ranges of variable size, and banks of machine-check registers, of the P6 family. */
const variableRanges = 8;
const machineCheckBanks = 5;
const fixedRanges = [0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f] as const;

/** SYSENTER's three registers. */
export const fastCallRegisters = { codeSegment: 0x174, stackPointer: 0x175, entry: 0x176 } as const;
const APIC_BASE = 0x1b;
const UPDATE_SIGNATURE = 0x8b;
const MISCELLANEOUS = 0x1a0;

export class ModelSpecificRegisters {
  private readonly registers = new Map<number, ModelSpecificRegister>();
  private nextSlot: number = modelSpecific.registers;
  /** Slots that stay 0 otherwise: what came later lies there, so that states saved before remain as they were. */
  private readonly spareSlots: number[] = [];
  readonly counters: PerformanceCounters;
  readonly branches: BranchRecords;
  private counterPlaces: CounterPlaces = { values: [], selections: [] };
  private recordPlaces: RecordPlaces = { control: undefined, last: [], beforeEvent: undefined };

  constructor(
    private readonly core: Core,
    private readonly time: RegisterTime,
  ) {
    if (core.has('msr')) this.declare();
    this.counters = new PerformanceCounters(core, this.counterPlaces);
    this.branches = new BranchRecords(core, this.recordPlaces, () => time.flags());
  }
  private declare(): void {
    const { core } = this;
    this.registers.set(0x10, { read: () => this.timeStamp, write: (value) => this.writeTimeStamp(value) });
    // P5_MC_ADDR and P5_MC_TYPE: no machine check has ever been seen.
    for (const number of [0, 1]) this.registers.set(number, { read: () => 0n, write: () => {} });
    if (this.isP6) this.addProcessorFamily();
    else this.addPentium();
    if (this.isP6 && core.has('apic')) this.addApicBase();
    if (core.has('mca')) this.addMachineCheck();
    if (core.has('mtrr')) this.addMemoryTypes();
    if (core.has('pat')) this.store(0x277, { valid: typed(pageTypes), reset: 0x0007_0406_0007_0406n });
    if (core.has('sep')) {
      core.i32[quickWords.fastCallRegisters >> 2] = this.nextSlot;
      this.store(fastCallRegisters.codeSegment, { kept: low32 });
      this.store(fastCallRegisters.stackPointer, { kept: low32 });
      this.store(fastCallRegisters.entry, { kept: low32 });
    }
    if (this.isP6) this.addBranchRecords();
  }

  private get now(): number {
    return this.time.now();
  }
  private get isP6(): boolean {
    return atLeast(this.core.model, 'pentiumPro');
  }

  // How registers are declared.

  /** A register that keeps what is written; gives its slot. */
  private store(number: number, how: Storage = {}, slot = this.takeSlot()): number {
    const { valid = () => true, kept = allOnes, reset = 0n } = how;
    const { view } = this.core;
    this.registers.set(number, {
      read: () => {
        how.read?.();
        return view.getBigUint64(slot, true) & kept;
      },
      write: (value) => {
        if (!valid(value)) return false;
        how.beforeWrite?.();
        view.setBigUint64(slot, value & kept, true);
        how.written?.();
        return true;
      },
      reset: () => view.setBigUint64(slot, reset, true),
    });
    return slot;
  }
  private takeSlot(): number {
    const slot = this.nextSlot;
    this.nextSlot += 8;
    return slot;
  }
  /** A register that takes nothing but 0. */
  private zero(number: number): void {
    this.spareSlots.push(this.takeSlot());
    this.registers.set(number, { read: () => 0n, write: (value) => value === 0n });
  }
  private fixed(number: number, value: bigint): void {
    this.registers.set(number, { read: () => value });
  }

  /** The bytes that hold registers; saved with the state. */
  get saved(): { readonly start: number; readonly end: number } {
    return { start: modelSpecific.timeStampOffset, end: this.nextSlot };
  }

  private addPentium(): void {
    this.store(0x0e, { kept: low32 }); // TR12: features of the core.
    if (!this.core.has('rdpmc')) return;
    const selections = [this.store(0x11, { kept: low32, ...this.selection() })]; // CESR.
    const values = [0x12, 0x13].map((number) => this.store(number, { kept: counterBits, ...this.counter() }));
    this.counterPlaces = { values, selections };
  }
  private addProcessorFamily(): void {
    this.fixed(0x17, 0n); // PLATFORM_ID.
    this.addBusOptions();
    this.registers.set(0x79, { write: () => {} }); // BIOS_UPDT_TRIG: no update is ever accepted.
    this.store(UPDATE_SIGNATURE); // CPUID loads the revision, which is 0 without an update.
    const control = this.store(0x1d9, { kept: 0x7fn, written: () => this.time.leaveAfterThis() }); // DEBUGCTL.
    this.recordPlaces = { ...this.recordPlaces, control };
    this.addPerformanceCounters();
    this.store(0x1e0, { kept: 4n }); // ROB_CR_BKUPTMPDR6: fast strings.
    if (atLeast(this.core.model, 'pentium2')) for (const number of [0x119, 0x11e]) this.store(number, { kept: low32 }); // BBL_CR_CTL, CTL3.
    // MISC_ENABLE: fast strings can be switched; no branch trace store, no precise events.
    if (this.core.model === 'pentiumM') this.addMiscellaneous();
  }
  /** EBL_CR_POWERON: no option of the bus is chosen, and none stays. */
  private addBusOptions(): void {
    this.spareSlots.push(this.takeSlot());
    this.registers.set(0x2a, { read: () => 0n, write: () => {} });
  }
  private addMiscellaneous(): void {
    this.store(MISCELLANEOUS, { kept: 1n, reset: 1n });
    const { read, ...rest } = this.registers.get(MISCELLANEOUS)!;
    this.registers.set(MISCELLANEOUS, { ...rest, read: () => read!() | 0x1800n });
  }
  private addApicBase(): void {
    this.store(APIC_BASE, { valid: (value) => (value & ~(pageAddresses | 0x900n)) === 0n, reset: 0xfee0_0900n });
    const register = this.registers.get(APIC_BASE)!;
    this.registers.set(APIC_BASE, {
      ...register,
      write: (value) => {
        if (register.write!(value) === false) return false;
        this.placeApic();
        this.core.flushTranslations();
        return true;
      },
    });
  }
  private addPerformanceCounters(): void {
    // A write to a counter takes 32 bits and extends their sign to its 40.
    const values = [0xc1, 0xc2].map((number) => {
      const slot = this.store(number, { kept: counterBits, ...this.counter() });
      const { write, ...rest } = this.registers.get(number)!;
      this.registers.set(number, { ...rest, write: (value) => write!(BigInt.asIntN(32, value)) });
      return slot;
    });
    const valid = (value: bigint): boolean => value <= low32;
    const selections = [0x186, 0x187].map((number) => this.store(number, { kept: low32, valid, ...this.selection() }));
    this.counterPlaces = { values, selections };
  }
  /** Counters are settled before they are looked at, and go on from what is written with the next instruction. */
  private counter(): Storage {
    return { ...this.selection(), read: () => this.counters.settle(this.time.now()) };
  }
  private selection(): Storage {
    return {
      beforeWrite: () => this.counters.settle(this.time.next()),
      written: () => {
        this.counters.begin(this.time.next());
        this.time.leaveAfterThis();
      },
    };
  }
  /** The last branch, and the last one before an interrupt or exception; a stack of eight branches on the Pentium M. */
  private addBranchRecords(): void {
    const record = (number: number, kept = allOnes): number => {
      const slot = this.store(number, { kept }, this.spareSlots.shift());
      const { read, reset } = this.registers.get(number)!;
      this.registers.set(number, { read: read!, reset: reset! });
      return slot;
    };
    if (this.core.model === 'pentiumM') {
      const last = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => record(0x40 + index));
      const [to, from] = [record(0x1dd), record(0x1de)];
      this.recordPlaces = { ...this.recordPlaces, last, top: record(0x1c9), beforeEvent: [from, to] };
    } else {
      const last = [record(0x1db), record(0x1dc)];
      this.recordPlaces = { ...this.recordPlaces, last, beforeEvent: [record(0x1dd), record(0x1de)] };
    }
  }
  private addMachineCheck(): void {
    this.fixed(0x179, BigInt(0x100 | machineCheckBanks)); // MCG_CAP: banks, and that MCG_CTL is there.
    this.store(0x17a, { valid: (value) => value <= 7n });
    this.store(0x17b);
    for (let bank = 0; bank < machineCheckBanks; bank++) {
      this.store(0x400 + bank * 4);
      for (const number of [0x401, 0x402]) this.zero(number + bank * 4);
    }
  }
  private addMemoryTypes(): void {
    this.fixed(0xfe, BigInt(0x500 | variableRanges)); // MTRRcap: fixed ranges and write combining are there.
    const isRange = (value: bigint): boolean =>
      (value & ~(pageAddresses | 0xffn)) === 0n && rangeTypes.includes(Number(value & 0xffn));
    for (let range = 0; range < variableRanges; range++) {
      this.store(0x200 + range * 2, { valid: isRange });
      this.store(0x201 + range * 2, { valid: (value) => (value & ~(pageAddresses | 0x800n)) === 0n });
    }
    for (const number of fixedRanges) this.store(number, { valid: typed(rangeTypes) });
    this.store(0x2ff, { valid: (value) => (value & ~0xcffn) === 0n && rangeTypes.includes(Number(value & 0xffn)) });
  }

  // The registers themselves.

  reset(): void {
    this.core.u8.fill(0, this.saved.start, this.saved.end);
    for (const { reset } of this.registers.values()) reset?.();
    // The counter starts at 0 with every reset.
    this.setTimeStamp(0n);
    this.placeApic();
    this.counters.start(this.now);
  }
  /** The state was loaded. */
  loaded(): void {
    this.placeApic();
    this.counters.start(this.now);
  }
  read(number: number): bigint {
    return this.registers.get(number)?.read?.() ?? this.core.fault(vectors.generalProtection);
  }
  write(number: number, value: bigint): void {
    const write = this.registers.get(number)?.write;
    if (write === undefined || write(value) === false) this.core.fault(vectors.generalProtection);
  }

  /** Whether each instruction must be looked at by itself. */
  get looksAtEach(): boolean {
    return this.counters.steps || this.branches.recording;
  }
  get timeStamp(): bigint {
    const offset = this.core.view.getBigUint64(modelSpecific.timeStampOffset, true);
    return (offset + BigInt(this.now)) & allOnes;
  }
  /** The same into EDX:EAX, in halves, as it is read often. */
  loadTimeStamp(): void {
    const { core } = this;
    const cycles = this.now;
    const at = modelSpecific.timeStampOffset;
    const low = (core.i32[at >> 2]! >>> 0) + (cycles >>> 0);
    const high = core.i32[(at + 4) >> 2]! + Math.floor(cycles / 2 ** 32) + (low >= 2 ** 32 ? 1 : 0);
    core.setRegister(0, low | 0);
    core.setRegister(2, high | 0);
  }
  private setTimeStamp(value: bigint): void {
    this.core.view.setBigUint64(modelSpecific.timeStampOffset, (value - BigInt(this.now)) & allOnes, true);
  }
  /** The P6 family takes the low half alone, and clears the high one (SDM Vol. 3B, section 18.10). */
  private writeTimeStamp(value: bigint): void {
    this.setTimeStamp(this.isP6 ? value & low32 : value);
  }

  /** Whether the local APIC answers, and CPUID tells of it. */
  get apicEnabled(): boolean {
    if (!this.core.has('apic')) return false;
    return !this.isP6 || (this.read(APIC_BASE) & 0x800n) !== 0n;
  }
  /** Tells the board where the local APIC lies; the Pentium's cannot be moved. */
  placeApic(): void {
    const base = this.isP6 && this.core.has('apic') ? this.read(APIC_BASE) : 0xfee0_0000n;
    this.core.bus.localApic?.place(Number(base & pageAddresses), this.apicEnabled);
  }
  /** CPUID's leaf 1 loads the revision of the microcode update, of which there is none. */
  loadUpdateSignature(): void {
    if (this.isP6) this.write(UPDATE_SIGNATURE, 0n);
  }
}

/** EDX:EAX. */
function setPair(core: Core, value: bigint): void {
  core.setRegister(0, Number(value & low32) | 0);
  core.setRegister(2, Number(value >> 32n) | 0);
}
const pair = (core: Core): bigint => (BigInt(core.register(2) >>> 0) << 32n) | BigInt(core.register(0) >>> 0);

export function modelSpecificPaths(core: Core, registers: ModelSpecificRegisters) {
  /** TSD and PCE of CR4: whether outer levels may read counters. */
  const requireCounterRight = (allowed: boolean): void => {
    if (!allowed) requirePrivilege(core);
  };
  return {
    identify: () => done(() => identify(core, registers)),
    readTimeStamp: () =>
      done(() => {
        requireCounterRight((core.get('cr4') & cr4Bits.TSD) === 0);
        registers.loadTimeStamp();
      }),
    readModelSpecific: () =>
      done(() => {
        requirePrivilege(core);
        setPair(core, registers.read(core.register(1) >>> 0));
      }),
    writeModelSpecific: () =>
      done(() => {
        requirePrivilege(core);
        registers.write(core.register(1) >>> 0, pair(core));
      }),
    readPerformanceCounter: () =>
      done(() => {
        requireCounterRight((core.get('cr4') & cr4Bits.PCE) !== 0);
        const counter = core.register(1) >>> 0;
        if (counter > 1) core.fault(vectors.generalProtection);
        setPair(core, registers.read(counter + (atLeast(core.model, 'pentiumPro') ? 0xc1 : 0x12)));
      }),
  };
}
