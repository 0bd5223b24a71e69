/** Runs sequences on this project's processor, in the environment that the host's user mode gives them. */
import type { MemoryPlan } from '../../../src/cpu/memory-plan.js';
import { segmentIndex } from '../../../src/cpu/layout.js';
import { has, type ProcessorModel } from '../../../src/cpu/model.js';
import { Processor } from '../../../src/cpu/processor.js';
import { setSegment } from '../../../src/cpu/system/segments.js';
import { d, descriptor, gate } from '../../cpu/bytes.js';
import { initialMemory, type Outcome, pageBytes, places, type Sequence } from './sequence.js';

const ramBytes = 1 << 20;
/** Physical places; the system's own pages show at the top of linear memory, where the harness counts as present. */
const physical = {
  system: 0x1_0000,
  directory: 0x2_0000,
  userTable: 0x2_1000,
  systemTable: 0x2_2000,
  memory: 0x4_0000,
};
const systemBase = 0xffff_0000;
/** Offsets in the system's 64 KiB. */
const system = {
  gdt: 0,
  idt: 0x1000,
  task: 0x2000,
  handlers: 0x3000,
  fx: 0x4000,
  code: 0x5000,
  stack: 0x6000,
} as const;
const handlerBytes = 16;
const systemCode = 0x08;
const systemData = 0x10;
const userCode = 0x23;
const userData = 0x2b;
const taskSelector = 0x30;
const codesWithError = new Set([8, 10, 11, 12, 13, 14, 17]);

/** Bits of CR0 and CR4 as an operating system of today has them. */
const control0 = 0x8005_0033 | 0;
const control4 = { fxsr: 0x200, sse: 0x400, others: 0x10 } as const;
const mostCycles = 50_000;

const P_W = 3;
const P_W_U = 7;

export class Emulated {
  private readonly processor: Processor;
  private ram = 0;
  private readonly hasFx: boolean;

  constructor(model: ProcessorModel = 'pentiumM') {
    const page = (address: number): { address: number; writable: boolean } =>
      address >>> 0 < ramBytes ? { address: this.ram + address, writable: true } : { address: 0, writable: false };
    this.processor = new Processor({
      model,
      ramBytes,
      romBytes: 0,
      bus: (plan: MemoryPlan) => {
        this.ram = plan.ram;
        return {
          page,
          readMemory: () => -1,
          writeMemory: () => {},
          readPort: () => -1,
          writePort: () => {},
          acknowledgeInterrupt: () => 0,
        };
      },
    });
    this.hasFx = has(model, 'fxsr');
    this.makeTables();
    const { core } = this.processor;
    core.set('cr3', physical.directory);
    core.set('cr4', (this.hasFx ? control4.fxsr : 0) | (has(model, 'sse') ? control4.sse : 0) | control4.others);
    core.set('cr0', control0);
    core.set('gdtrBase', systemBase + system.gdt);
    core.set('gdtrLimit', 0xfff);
    core.set('idtrBase', systemBase + system.idt);
    core.set('idtrLimit', 0x7ff);
    setSegment(core, segmentIndex.tr, taskSelector, systemBase + system.task, 0x67, 0x8b);
    core.flushTranslations();
  }

  private put(address: number, ...bytes: number[]): void {
    bytes.forEach((value, index) => this.processor.core.writePhysical(address + index, value, 1));
  }
  private makeTables(): void {
    const at = (offset: number): number => physical.system + offset;
    this.put(at(system.gdt + systemCode), ...descriptor(0, 0xfffff, 0x9b, 0xc));
    this.put(at(system.gdt + systemData), ...descriptor(0, 0xfffff, 0x93, 0xc));
    this.put(at(system.gdt + (userCode & ~7)), ...descriptor(0, 0xfffff, 0xfb, 0xc));
    this.put(at(system.gdt + (userData & ~7)), ...descriptor(0, 0xfffff, 0xf3, 0xc));
    this.put(at(system.gdt + taskSelector), ...descriptor(systemBase + system.task, 0x67, 0x8b, 0));
    this.put(at(system.task + 4), ...d(systemBase + system.stack), ...d(systemData));
    this.put(at(system.task + 0x66), 0x68, 0);
    for (let vector = 0; vector < 256; vector++) {
      const handler = systemBase + system.handlers + vector * handlerBytes;
      const level = vector === 3 || vector === 4 ? 3 : 0;
      this.put(at(system.idt + vector * 8), ...gate('interrupt32', systemCode, handler, level));
      this.put(at(system.handlers + vector * handlerBytes), 0xf4);
    }
    // FXRSTOR, HLT; FXSAVE, HLT.
    this.put(at(system.code), 0x0f, 0xae, 0x0d, ...d(systemBase + system.fx), 0xf4);
    this.put(at(system.code + 0x10), 0x0f, 0xae, 0x05, ...d(systemBase + system.fx), 0xf4);
    this.put(physical.directory + (places.code >>> 22) * 4, ...d(physical.userTable | P_W_U));
    this.put(physical.directory + 1023 * 4, ...d(physical.systemTable | P_W));
    [places.code, places.data, places.stack].forEach((linear, index) =>
      this.put(
        physical.userTable + ((linear >>> 12) & 1023) * 4,
        ...d((physical.memory + index * pageBytes) | 0x60 | P_W_U),
      ),
    );
    for (let index = 0; index < 16; index++) {
      this.put(physical.systemTable + (1008 + index) * 4, ...d((physical.system + index * pageBytes) | 0x60 | P_W));
    }
  }

  private get memory(): Uint8Array {
    const start = this.ram + physical.memory;
    return this.processor.core.u8.subarray(start, start + 3 * pageBytes);
  }
  private get fx(): Uint8Array {
    const start = this.ram + physical.system + system.fx;
    return this.processor.core.u8.subarray(start, start + 512);
  }

  private enter(level: 0 | 3, eip: number): void {
    const { core } = this.processor;
    const [code, data] = level === 0 ? [systemCode, systemData] : [userCode, userData];
    const privilege = level << 5;
    core.set('cpl', level);
    setSegment(core, segmentIndex.cs, code, 0, -1, 0xc09b | privilege);
    for (const segment of [segmentIndex.ss, segmentIndex.ds, segmentIndex.es]) {
      setSegment(core, segment, data, 0, -1, 0xc093 | privilege);
    }
    for (const segment of [segmentIndex.fs, segmentIndex.gs]) setSegment(core, segment, 0, 0, 0, 0);
    core.set('eip', eip);
    core.set('halted', 0);
    core.set('shutdown', 0);
    core.set('pendingDebug', 0);
    this.processor.modeChanged();
  }
  /** Runs the system's code at an offset until it halts. */
  private runSystem(offset: number): void {
    this.processor.flags.write(0, 4, -1);
    this.enter(0, systemBase + offset);
    this.processor.run(10);
  }

  /** Runs a sequence until it raises an exception. */
  run(sequence: Sequence): Outcome {
    const { processor } = this;
    const { core } = processor;
    if (this.hasFx) {
      this.fx.set(sequence.fx);
      this.runSystem(system.code);
    }
    core.code.willChange(this.ram + physical.memory, 3 * pageBytes);
    this.memory.set(initialMemory(sequence));
    processor.flags.write(sequence.flags | 0x202, 4, -1);
    this.enter(3, places.entry);
    sequence.registers.forEach((value, index) => core.setRegister(index, value));
    core.set('cr2', 0);
    const end = processor.run(mostCycles);
    return this.outcome(end !== 'halted');
  }
  private outcome(timedOut: boolean): Outcome {
    const { core } = this.processor;
    const vector = Math.floor(((core.get('eip') >>> 0) - 1 - (systemBase + system.handlers)) / handlerBytes);
    const stack = physical.system + (core.register(4) - systemBase);
    const hasCode = codesWithError.has(vector);
    const frame = (index: number): number => core.readPhysical(stack + (index + (hasCode ? 1 : 0)) * 4, 4) >>> 0;
    const found = {
      timedOut,
      registers: Array.from({ length: 8 }, (_, index) => (index === 4 ? frame(3) : core.register(index) >>> 0)),
      eip: frame(0),
      flags: frame(2),
      vector,
      errorCode: hasCode ? frame(-1) : 0,
      address: core.get('cr2') >>> 0,
      memory: this.memory.slice(),
    };
    if (this.hasFx) this.runSystem(system.code + 0x10);
    return { ...found, fx: this.fx.slice() };
  }
}
