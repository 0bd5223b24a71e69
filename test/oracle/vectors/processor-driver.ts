/** The vector driver over this project's processor, with nothing around it but memory and ports that read as FFh. */
import type { ProcessorBus } from '../../../src/cpu/bus.js';
import { generalRegisters, regions, segmentIndex } from '../../../src/cpu/layout.js';
import { atLeast } from '../../../src/cpu/model.js';
import { Processor } from '../../../src/cpu/processor.js';
import type { ProcessorOptions } from '../../../src/cpu/processor-options.js';
import { cr4Bits } from '../../../src/cpu/system/control-bits.js';
import { makeFastImage, takeFastImage } from '../../../src/cpu/system/coprocessor.js';
import { setSegment } from '../../../src/cpu/system/segments.js';
import type { ProcessorDriver, StepResult } from './driver.js';

/** Memory of real mode, and behind it the window that the native vectors use. */
const lowBytes = 0x11_0000;
const window = { start: 0x2000_0000, bytes: 0x4_0000 } as const;

/** Where the tables of protected mode lie, in low memory that no vector touches. */
const tables = { gdt: 0x1000, idt: 0x2000, handlers: 0x3000, handlerBytes: 16, tss: 0x4000, stack: 0x6000 } as const;
const selectors = { systemCode: 0x08, systemData: 0x10, userCode: 0x1b, userData: 0x23, task: 0x28 } as const;
const flat = { code: 0xc09b, data: 0xc093, userCode: 0xc0fb, userData: 0xc0f3 } as const;
/** Exceptions that push an error code. */
const withErrorCode = new Set([8, 10, 11, 12, 13, 14, 17]);

const segmentsInOrder = ['cs', 'ss', 'ds', 'es', 'fs', 'gs'] as const;
const repeatable = new Set([0x6c, 0x6d, 0x6e, 0x6f, 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf]);
const prefixes = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

/** Makes a driver for a model; its processor is built once and reset between files. */
export function createProcessorDriver(model: ProcessorDriver['model']): ProcessorDriver {
  return new Driver(model);
}

export class Driver implements ProcessorDriver {
  protected readonly processor: Processor;
  private protectedFlat: 'no' | 'user' | 'system' = 'no';

  constructor(
    readonly model: ProcessorDriver['model'],
    engine: Pick<ProcessorOptions, 'compiler'> = {},
  ) {
    this.processor = new Processor({
      ...engine,
      model,
      ramBytes: lowBytes + window.bytes,
      romBytes: 0,
      bus: ({ ram }): ProcessorBus => ({
        page: (physical) => ({ address: ram + this.offsetOf(physical), writable: true }),
        readMemory: () => -1,
        writeMemory: () => {},
        readPort: () => -1,
        writePort: () => {},
        acknowledgeInterrupt: () => 0xff,
      }),
    });
  }

  private offsetOf(physical: number): number {
    if (this.model === '8086') return physical & 0xfffff;
    const address = physical >>> 0;
    return address < window.start ? address % lowBytes : lowBytes + (address % window.bytes);
  }

  protected get core(): Processor['core'] {
    return this.processor.core;
  }

  reset(): void {
    this.writeMemory(0, new Uint8Array(lowBytes));
    if (atLeast(this.model, '80386')) this.writeMemory(window.start, new Uint8Array(window.bytes));
    this.processor.reset();
    this.protectedFlat = 'no';
    const zero = Object.fromEntries(
      [...generalRegisters, ...segmentsInOrder, 'eip', 'eflags'].map((name) => [name, 0]),
    );
    this.setRegisters(zero);
  }

  setRegisters(registers: Readonly<Record<string, number>>): void {
    const { core, processor } = this;
    generalRegisters.forEach((name, index) => {
      if (registers[name] !== undefined) core.setRegister(index, registers[name] | 0);
    });
    for (const name of segmentsInOrder) {
      const selector = registers[name];
      if (selector !== undefined) setSegment(core, segmentIndex[name], selector, selector * 16, 0xffff, 0x93);
    }
    if (registers['eip'] !== undefined) core.set('eip', registers['eip'] | 0);
    if (registers['eflags'] !== undefined) processor.flags.write(registers['eflags'] | 0, 4, -1);
    core.set('halted', 0);
    core.set('shutdown', 0);
    processor.modeChanged();
  }

  getRegister(name: string): number {
    const { core, processor } = this;
    const index = generalRegisters.findIndex((each) => each === name);
    if (index >= 0) return core.register(index) >>> 0;
    if (name === 'eip') return core.get('eip') >>> 0;
    if (name === 'eflags') return processor.flags.read() >>> 0;
    return core.segmentField(segmentIndex[name as keyof typeof segmentIndex], 'selector') & 0xffff;
  }

  setExtended(image: Uint8Array): void {
    this.core.u8.set(image, regions.block);
    takeFastImage(this.core, regions.block);
  }
  getExtended(): Uint8Array {
    makeFastImage(this.core, regions.block);
    return this.core.u8.slice(regions.block, regions.block + 512);
  }

  writeMemory(physical: number, bytes: Uint8Array): void {
    bytes.forEach((byte, index) => this.core.writePhysical((physical + index) | 0, byte, 1));
  }

  readMemory(physical: number, length: number): Uint8Array {
    return Uint8Array.from({ length }, (_, index) => this.core.readPhysical((physical + index) | 0, 1) & 0xff);
  }

  step(): StepResult {
    const { core } = this;
    const start = core.get('eip');
    const repeats = this.isRepeated();
    do this.runOne();
    while (repeats && core.get('eip') === start && core.get('shutdown') === 0);
    return this.protectedFlat === 'no' ? {} : this.takeReport();
  }

  protected runOne(): void {
    this.processor.run(1);
  }
  /** All there is to compare. */
  standing(): { readonly state: Uint8Array; readonly memory: Uint8Array } {
    const { processor, core } = this;
    const { ram, ramBytes } = processor.plan;
    return { state: processor.save(), memory: core.u8.subarray(ram, ram + ramBytes) };
  }

  /** Whether the next instruction is a string instruction with a repeat prefix. */
  protected isRepeated(): boolean {
    const base = this.core.segmentField(segmentIndex.cs, 'base');
    let repeated = false;
    for (let index = 0; index < 15; index++) {
      const byte = this.readMemory(
        base + ((this.core.get('eip') + index) & (this.protectedFlat === 'no' ? 0xffff : -1)),
        1,
      )[0]!;
      if (!prefixes.has(byte)) return repeated && repeatable.has(byte);
      repeated ||= byte >= 0xf2;
    }
    return false;
  }

  // Protected mode: exceptions go through a table to handlers that never run, and are undone.

  setProtected32Flat(userMode: boolean): void {
    const { core } = this;
    this.protectedFlat = userMode ? 'user' : 'system';
    this.writeTables();
    core.set('gdtrBase', tables.gdt);
    core.set('gdtrLimit', 0x2f);
    core.set('idtrBase', tables.idt);
    core.set('idtrLimit', 32 * 8 - 1);
    core.set('cr0', core.get('cr0') | 1);
    if (core.has('sse')) core.set('cr4', core.get('cr4') | cr4Bits.OSFXSR | cr4Bits.OSXMMEXCPT);
    setSegment(core, segmentIndex.tr, selectors.task, tables.tss, 0x67, 0x8b);
    this.enterFlat();
    this.processor.flags.write(0, 4, -1);
  }

  private enterFlat(): void {
    const { core } = this;
    const user = this.protectedFlat === 'user';
    const data = user ? selectors.userData : selectors.systemData;
    core.set('cpl', user ? 3 : 0);
    setSegment(
      core,
      segmentIndex.cs,
      user ? selectors.userCode : selectors.systemCode,
      0,
      -1,
      user ? flat.userCode : flat.code,
    );
    for (const segment of ['ss', 'ds', 'es'] as const) {
      setSegment(core, segmentIndex[segment], data, 0, -1, user ? flat.userData : flat.data);
    }
    this.processor.modeChanged();
  }

  private writeTables(): void {
    const words = (at: number, ...values: number[]): void =>
      values.forEach((value, index) => this.core.writePhysical(at + 4 * index, value | 0, 4));
    words(tables.gdt, 0, 0);
    words(tables.gdt + 0x08, 0x0000ffff, 0x00cf9b00, 0x0000ffff, 0x00cf9300);
    words(tables.gdt + 0x18, 0x0000ffff, 0x00cffb00, 0x0000ffff, 0x00cff300);
    words(tables.gdt + 0x28, (tables.tss << 16) | 0x67, 0x00008b00);
    for (let vector = 0; vector < 32; vector++) {
      const handler = tables.handlers + vector * tables.handlerBytes;
      words(tables.idt + vector * 8, (selectors.systemCode << 16) | handler, 0x0000ee00);
    }
    words(tables.tss + 4, tables.stack, selectors.systemData);
  }

  /** Finds out whether a handler has been entered, takes its frame apart, and goes back to where it came from. */
  private takeReport(): StepResult {
    const { core } = this;
    const vector = (core.get('eip') - tables.handlers) / tables.handlerBytes;
    if (this.getRegister('cs') !== selectors.systemCode || !Number.isInteger(vector) || vector < 0 || vector > 31)
      return {};
    let top = this.getRegister('esp');
    const pop = (): number => {
      const value = core.readPhysical(top, 4);
      top += 4;
      return value;
    };
    const errorCode = withErrorCode.has(vector) ? pop() : undefined;
    const eip = pop();
    pop();
    const eflags = pop();
    const esp = this.protectedFlat === 'user' ? pop() : top;
    this.enterFlat();
    this.setRegisters({ eip, eflags, esp });
    return { exception: errorCode === undefined ? { vector } : { vector, errorCode } };
  }
}
