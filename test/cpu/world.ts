/** A processor with nothing around it but memory, ports that remember, and an interrupt line: for tests. */
import type { ProcessorBus } from '../../src/cpu/bus.js';
import { compilerTuning } from '../../src/cpu/engine/choice.js';
import type { CompilerTuning } from '../../src/cpu/engine/compiler/tuning.js';
import { generalRegisters, segmentIndex, type SegmentName, type StateWord } from '../../src/cpu/layout.js';
import { type MemoryPlan } from '../../src/cpu/memory-plan.js';
import type { ProcessorModel } from '../../src/cpu/model.js';
import { Processor } from '../../src/cpu/processor.js';
import type { RunEnd } from '../../src/cpu/processor-options.js';
import { setSegment } from '../../src/cpu/system/segments.js';
import { access, atLevel, B, descriptor, G, gate, type RegisterName } from './bytes.js';

/** What an exception handler of the world found on its stack. */
export interface Caught {
  readonly vector: number;
  readonly errorCode?: number;
  readonly cs: number;
  readonly eip: number;
}

/** Where {@link World.flat} puts its tables, by physical and linear address. */
export const places = {
  gdt: 0x1000,
  idt: 0x2000,
  handlers: 0x3000,
  handlerBytes: 16,
  task: 0x4000,
  otherTask: 0x4800,
  ldt: 0x4c00,
  /** Tops of the stacks of levels 0 to 3. */
  stacks: [0x6000, 0x6400, 0x6800, 0x7000],
  code: 0x8000,
  directory: 0x9000,
  table: 0xa000,
  data: 0xc000,
} as const;

/** Selectors of {@link World.flat}'s table; flat segments by level, RPL included. */
export const selectors = {
  code: [0x08, 0x19, 0x2a, 0x3b],
  data: [0x10, 0x21, 0x32, 0x43],
  task: 0x48,
  otherTask: 0x50,
  ldt: 0x58,
  /** Free for the test. */
  free: 0x60,
  free2: 0x68,
  free3: 0x70,
  free4: 0x78,
} as const;

const descriptors = 32;
const gates = 64;
const segments = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;
const errorCodes = new Set([8, 10, 11, 12, 13, 14, 17]);

export class World {
  readonly processor: Processor;
  /** Writes to ports, in order: port, value, bytes. */
  readonly portWrites: [number, number, number][] = [];
  /** What a port reads. */
  readPort: (port: number, width: number) => number = () => 0xff;
  /** Many accesses of a port at once: gives the bytes moved. */
  readPorts: (port: number, into: Uint8Array, width: number) => number = () => 0;
  writePorts: (port: number, from: Uint8Array, width: number) => number = () => 0;
  /** Called after a port was written. */
  onPortWrite: (port: number) => void = () => {};
  /** Memory beyond {@link ramBytes}. */
  readBus: (physical: number, width: number) => number = () => -1;
  writeBus: (physical: number, value: number, width: number) => void = () => {};
  /** Hears the level of the x87 error output. */
  onNumericError: (level: boolean) => void = () => {};
  /** The vector that an acknowledged interrupt gives; the request line falls then. */
  vector = 0x20;
  private readonly ram: number;

  constructor(
    readonly model: ProcessorModel = '80386',
    readonly ramBytes = 1 << 20,
    localApic?: ProcessorBus['localApic'],
    compiler?: Partial<CompilerTuning>,
    hasQuickWays = true,
  ) {
    let ram = 0;
    const tuning = compilerTuning(compiler ?? 'interpreter');
    this.processor = new Processor({
      model,
      ramBytes,
      romBytes: 0,
      ...(tuning === undefined ? {} : { compiler: tuning }),
      hasQuickWays,
      bus: (plan: MemoryPlan) => {
        ram = plan.ram;
        return {
          ...(localApic === undefined ? {} : { localApic }),
          page: (physical) =>
            physical >>> 0 < ramBytes ? { address: ram + physical, writable: true } : { address: 0, writable: false },
          readMemory: (physical, width) => this.readBus(physical, width),
          writeMemory: (physical, value, width) => this.writeBus(physical, value, width),
          readPort: (port, width) => this.readPort(port, width),
          writePort: (port, value, width) => {
            this.portWrites.push([port, value, width]);
            this.onPortWrite(port);
          },
          readPorts: (port, into, width) => this.readPorts(port, into, width),
          writePorts: (port, from, width) => this.writePorts(port, from, width),
          setFloatingPointError: (level) => this.onNumericError(level),
          acknowledgeInterrupt: () => {
            this.processor.setInterruptRequest(false);
            return this.vector;
          },
        };
      },
    });
    this.ram = ram;
  }

  get core(): Processor['core'] {
    return this.processor.core;
  }

  // Memory and registers.

  /** Physical memory. */
  get memory(): Uint8Array {
    return this.core.u8.subarray(this.ram, this.ram + this.ramBytes);
  }
  /** Puts bytes into memory as a bus master would: decoded code notices. */
  put(address: number, ...bytes: number[]): void {
    bytes.forEach((value, index) => this.core.writePhysical(address + index, value, 1));
  }
  read(address: number, bytes: 1 | 2 | 4 = 4): number {
    return this.core.readPhysical(address, bytes) >>> 0;
  }
  get(name: RegisterName): number {
    return this.core.register(generalRegisters.indexOf(name)) >>> 0;
  }
  set(name: RegisterName, value: number): void {
    this.core.setRegister(generalRegisters.indexOf(name), value);
  }
  word(name: StateWord): number {
    return this.core.get(name) >>> 0;
  }
  setWord(name: StateWord, value: number): void {
    this.core.set(name, value);
  }
  selector(name: SegmentName): number {
    return this.core.segmentField(segmentIndex[name], 'selector');
  }
  segment(name: SegmentName, field: 'base' | 'limit' | 'attributes'): number {
    return this.core.segmentField(segmentIndex[name], field) >>> 0;
  }
  get flags(): number {
    return this.processor.flags.read() >>> 0;
  }
  set flags(value: number) {
    this.processor.flags.write(value, 4, -1);
  }
  /** Every general register, EIP and EFLAGS by name. */
  get registers(): Record<string, number> {
    const all = Object.fromEntries(generalRegisters.map((name) => [name, this.get(name)]));
    return { ...all, eip: this.word('eip'), eflags: this.flags };
  }

  // Starting states.

  /** Everything zero, as after reset, but the cycle. */
  clear(): void {
    this.processor.cycle = 0;
    this.processor.reset();
    this.processor.setInterruptRequest(false);
    this.core.code.willChange(this.ram, this.ramBytes);
    this.memory.fill(0);
    this.portWrites.length = 0;
  }

  /** Real mode at 0:code, all segments 0, stack below 0x7c00; each vector leads to a HLT of its own. */
  real(code: readonly number[], at: number = places.code): void {
    this.clear();
    for (const segment of segments) setSegment(this.core, segmentIndex[segment], 0, 0, 0xffff, 0x93);
    for (let vector = 0; vector < 256; vector++) {
      this.put(vector * 4, ...[vector * 2, 0x30 | (vector >> 7), 0, 0]);
      this.put(places.handlers + vector * 2, 0xf4);
    }
    this.set('esp', 0x7c00);
    this.setWord('eip', at);
    this.put(at, ...code);
    this.processor.modeChanged();
  }

  /**
   * 32-bit protected mode with flat segments at a privilege level; each of 64 vectors leads to a HLT of its own at level 0,
   * through an interrupt gate that level 0 alone may name.
   */
  flat(code: readonly number[], level: 0 | 1 | 2 | 3 = 0): void {
    this.clear();
    const { gdt, idt, handlers, handlerBytes, task, otherTask, stacks } = places;
    for (const each of [0, 1, 2, 3]) {
      this.descriptor(selectors.code[each]!, descriptor(0, 0xfffff, atLevel(access.code, each), G | B));
      this.descriptor(selectors.data[each]!, descriptor(0, 0xfffff, atLevel(access.data, each), G | B));
    }
    this.descriptor(selectors.task, descriptor(task, 0x67, access.task32 | 2, 0));
    this.descriptor(selectors.otherTask, descriptor(otherTask, 0x67, access.task32, 0));
    for (const inner of [0, 1, 2]) {
      this.put32(task + 4 + inner * 8, stacks[inner]!);
      this.put32(task + 8 + inner * 8, selectors.data[inner]!);
    }
    this.put16(task + 0x66, 0x68); // No permission map.
    for (let vector = 0; vector < gates; vector++) {
      this.gate(vector, gate('interrupt32', selectors.code[0], handlers + vector * handlerBytes));
      this.put(handlers + vector * handlerBytes, 0xf4);
    }
    this.setWord('gdtrBase', gdt);
    this.setWord('gdtrLimit', descriptors * 8 - 1);
    this.setWord('idtrBase', idt);
    this.setWord('idtrLimit', gates * 8 - 1);
    this.setWord('cr0', 1);
    this.setWord('cpl', level);
    for (const segment of segments) {
      const [selector, type] =
        segment === 'cs' ? [selectors.code[level]!, access.code] : [selectors.data[level]!, access.data];
      setSegment(this.core, segmentIndex[segment], selector, 0, -1, 0xc000 | atLevel(type, level));
    }
    setSegment(this.core, segmentIndex.tr, selectors.task, task, 0x67, 0x8b);
    this.set('esp', stacks[level]!);
    this.setWord('eip', places.code);
    this.put(places.code, ...code);
    this.processor.modeChanged();
  }
  /** Turns paging on, the first 4 MiB mapped to themselves for every level. */
  page(): void {
    const { directory, table } = places;
    this.put32(directory, table | 7);
    for (let page = 0; page < 1024; page++) this.put32(table + page * 4, (page << 12) | 7);
    this.setWord('cr3', directory);
    this.setWord('cr0', this.word('cr0') | 0x8000_0000);
    this.core.flushTranslations();
    this.processor.modeChanged();
  }
  /** Sets a page table entry of {@link page}'s table; the TLB is not told. */
  entry(page: number, value: number): void {
    this.put32(places.table + page * 4, value);
  }
  readEntry(page: number): number {
    return this.read(places.table + page * 4);
  }
  put32(address: number, value: number): void {
    this.core.writePhysical(address, value, 4);
  }
  put16(address: number, value: number): void {
    this.core.writePhysical(address, value, 2);
  }
  /** Puts a descriptor into the global table. */
  descriptor(selector: number, bytes: readonly number[]): void {
    this.put(places.gdt + (selector & ~7), ...bytes);
  }
  /** Puts a gate into the interrupt table. */
  gate(vector: number, bytes: readonly number[]): void {
    this.put(places.idt + vector * 8, ...bytes);
  }

  // Running.

  run(cycles = 1000): RunEnd {
    return this.processor.run(cycles);
  }
  /** Runs until a handler of {@link flat} halts; what it was given. Undefined where something else ended the run. */
  catch(cycles = 1000): Caught | undefined {
    if (this.run(cycles) !== 'halted') return undefined;
    const at = this.word('eip') - 1 - places.handlers;
    if (at < 0 || at % places.handlerBytes !== 0 || at / places.handlerBytes >= gates) return undefined;
    const vector = at / places.handlerBytes;
    const frame = this.frame();
    const hasCode = errorCodes.has(vector);
    const [eip, cs] = [frame(hasCode ? 1 : 0), frame(hasCode ? 2 : 1)];
    const common = { vector, eip, cs: cs & 0xffff };
    return hasCode ? { ...common, errorCode: frame(0) } : common;
  }
  /** Reads doublewords of the stack, the topmost first; linear and physical addresses must agree there. */
  frame(): (index: number) => number {
    const top = this.segment('ss', 'base') + this.get('esp');
    return (index) => this.read(top + index * 4);
  }
}
