/** Our processor without a board: it takes over QEMU's state, and what it reads of devices is QEMU's to say. */
import { generalRegisters, segmentIndex } from '../../../src/cpu/layout.js';
import { type MemoryPlan } from '../../../src/cpu/memory-plan.js';
import type { ProcessorModel } from '../../../src/cpu/model.js';
import { Processor } from '../../../src/cpu/processor.js';
import { peekPhysical } from '../../../src/cpu/system/paging.js';
import { setSegment } from '../../../src/cpu/system/segments.js';
import type { Registers, SystemState } from './gdb.js';

/** From here up to 1 MiB lie the display and the firmware. */
const deviceStart = 0xa_0000;
export const firmwareStart = 0xc_0000;
export const firmwareEnd = 0x10_0000;

export class Shadow {
  readonly processor: Processor;
  /** The last instruction reached a port or a device's memory: only QEMU knows what it found. */
  touchedDevice = false;
  private ram = 0;

  constructor(
    model: ProcessorModel,
    readonly ramBytes: number,
  ) {
    const touched = (): number => {
      this.touchedDevice = true;
      return -1;
    };
    this.processor = new Processor({
      model,
      ramBytes,
      romBytes: 0,
      bus: (plan: MemoryPlan) => {
        this.ram = plan.ram;
        const page = (physical: number): { address: number; writable: boolean } => {
          const place = physical >>> 0;
          const isDevice = place >= ramBytes || (place >= deviceStart && place < firmwareStart);
          return isDevice
            ? { address: 0, writable: false }
            : { address: plan.ram + place, writable: place < firmwareStart || place >= firmwareEnd };
        };
        return {
          page,
          readMemory: touched,
          writeMemory: () => void touched(),
          readPort: touched,
          writePort: () => {},
          acknowledgeInterrupt: () => 0,
        };
      },
    });
  }

  get memory(): Uint8Array {
    return this.processor.core.u8.subarray(this.ram, this.ram + this.ramBytes);
  }
  get registers(): Registers {
    const { core, flags } = this.processor;
    const named: Record<string, number> = { eip: core.get('eip') >>> 0, eflags: flags.read() >>> 0 };
    generalRegisters.forEach((name, index) => (named[name] = core.register(index) >>> 0));
    for (const name of ['cs', 'ss', 'ds', 'es', 'fs', 'gs'] as const) {
      named[name] = core.segmentField(segmentIndex[name], 'selector');
    }
    return named as unknown as Registers;
  }
  /** Takes general registers, EIP and flags alone. */
  takeRegisters(registers: Registers): void {
    const { core, flags } = this.processor;
    generalRegisters.forEach((name, index) => core.setRegister(index, registers[name]));
    core.set('eip', registers.eip);
    flags.write(registers.eflags, 4, -1);
  }
  /** Takes everything. */
  take(registers: Registers, system: SystemState, memory?: Uint8Array): void {
    const { core } = this.processor;
    if (memory !== undefined) {
      core.code.willChange(this.ram, this.ramBytes);
      this.memory.set(memory.subarray(0, this.ramBytes));
    }
    for (const [name, { selector, base, limit, flags }] of Object.entries(system.segments)) {
      const key = name === 'ldt' ? 'ldtr' : (name as keyof typeof segmentIndex);
      setSegment(core, segmentIndex[key], selector, base, limit, (flags >>> 8) & 0xf0ff);
    }
    core.set('gdtrBase', system.gdt.base);
    core.set('gdtrLimit', system.gdt.limit);
    core.set('idtrBase', system.idt.base);
    core.set('idtrLimit', system.idt.limit);
    for (const name of ['cr0', 'cr2', 'cr3', 'cr4', 'cpl'] as const) core.set(name, system.words[name] ?? 0);
    core.set('halted', 0);
    this.takeRegisters(registers);
    core.flushTranslations();
    this.processor.modeChanged();
  }

  get protectedMode(): boolean {
    return this.processor.core.protectedMode;
  }
  /** Linear address of an offset in a segment. */
  linear(segment: 'cs' | 'ss' | 'es', offset: number): number {
    return (this.processor.core.segmentField(segmentIndex[segment], 'base') + offset) >>> 0;
  }
  get code32(): boolean {
    return (this.processor.core.segmentField(segmentIndex.cs, 'attributes') & 0x4000) !== 0;
  }
  /** Bytes at a linear address, as far as they are there. */
  peek(linear: number, count: number): Uint8Array {
    const bytes: number[] = [];
    for (let index = 0; index < count; index++) {
      const physical = peekPhysical(this.processor.core, (linear + index) | 0);
      if (physical === undefined || physical >>> 0 >= this.ramBytes) break;
      bytes.push(this.memory[physical >>> 0]!);
    }
    return Uint8Array.from(bytes);
  }
  step(): void {
    this.touchedDevice = false;
    this.processor.run(1);
  }
}
