/** A processor on a bus whose every answer depends on the cycle, with interrupts and bus masters at given cycles. */
import { generalRegisters, segmentIndex, type StateWord } from '../../../src/cpu/layout.js';
import { type MemoryPlan } from '../../../src/cpu/memory-plan.js';
import type { Compiler } from '../../../src/cpu/engine/compiler/compiler.js';
import type { ProcessorModel } from '../../../src/cpu/model.js';
import { Processor } from '../../../src/cpu/processor.js';
import type { ProcessorOptions } from '../../../src/cpu/processor-options.js';
import { setSegment } from '../../../src/cpu/system/segments.js';
import { gdtLimit, idtLimit, type Image, imageOf, taskSelector } from './image.js';
import { type Happening, places, type Program, segmentOrder } from './program.js';

/** What the compiler is told. */
export type Tuning = Readonly<NonNullable<ProcessorOptions['compiler']>>;

const pageBytes = 4096;
const A20 = 1 << 20;
/** Most entries of a log that are kept; later ones are counted. */
const logMost = 5000;

/** An access that reached the bus: cycle, what, address, value, width. */
export type Access = readonly [cycle: number, what: string, address: number, value: number, width: number];

/** Everything there is to compare. */
export interface Standing {
  readonly cycle: number;
  readonly state: Uint8Array;
  readonly requested: number;
  readonly memory: Uint8Array;
  readonly log: readonly Access[];
}

export class Machine {
  readonly processor: Processor;
  readonly log: Access[] = [];
  private ram = 0;
  private vector = 0x20;
  private pending: Happening[] = [];
  private stopped = false;
  /** The image at hand, which `restart` goes back to. */
  private image: Image | undefined;
  private program: Program | undefined;

  /** The next look of the compiler compiles all that was seen. */
  private compilesSeen = false;

  constructor(model: ProcessorModel, tuning?: Tuning) {
    const { ramBytes } = places;
    this.processor = new Processor({
      ...(tuning && { compiler: this.listening(tuning) }),
      model,
      ramBytes,
      romBytes: 0,
      bus: (plan: MemoryPlan) => {
        this.ram = plan.ram;
        return {
          page: (physical) =>
            physical >>> 0 < ramBytes
              ? { address: this.ram + physical, writable: true }
              : { address: 0, writable: false },
          readMemory: (physical, width) => this.answer('read', physical, width),
          writeMemory: (physical, value, width) => this.heard('write', physical, value, width),
          readPort: (port, width) => this.answer('in', port, width),
          writePort: (port, value, width) => {
            this.heard('out', port, value, width);
            this.react(port, value);
          },
          setFloatingPointError: (level) => this.note('ferr', 0, level ? 1 : 0, 0),
          acknowledgeInterrupt: () => {
            this.processor.setInterruptRequest(false);
            this.note('acknowledge', 0, this.vector, 0);
            return this.vector;
          },
        };
      },
    });
  }

  // The bus.

  private note(what: string, address: number, value: number, width: number): void {
    if (this.log.length < logMost) this.log.push([this.processor.now, what, address, value, width]);
  }
  private answer(what: string, address: number, width: number): number {
    const value = Math.imul(this.processor.now + 1, 0x9e37_79b1) ^ (address * 5);
    this.note(what, address, value, width);
    return value;
  }
  private heard(what: string, address: number, value: number, width: number): void {
    this.note(what, address, value, width);
    if (what === 'write' && (value & 1) !== 0) this.processor.setInterruptRequest(true);
  }
  /** What ports do, by number: interrupts now or later, stops, bus masters, address line 20, the NMI pin. */
  private react(port: number, value: number): void {
    const { processor } = this;
    const { core, now } = processor;
    switch (port & 7) {
      case 1:
        this.vector = 0x20 + (value & 15);
        return processor.setInterruptRequest(true);
      case 2:
        return processor.stopAfterThis();
      case 3:
        this.schedule({ at: now + 1 + (value & 63), kind: 'interrupt', vector: 0x20 + (port & 15) });
        return (value & 64) !== 0 ? processor.stopAfterThis() : processor.endBy(now + 1 + (value & 63));
      case 4:
        return this.write(places.code + (value & 0xff) * 2, [0x40 | (value & 7)]);
      case 5:
        core.addressMask = (value & 1) !== 0 ? -1 : ~A20;
        return core.flushTranslations();
      case 6:
        processor.setNonMaskableInterrupt(true);
        return processor.setNonMaskableInterrupt(false);
      default:
        return;
    }
  }
  private schedule(happening: Happening): void {
    const index = this.pending.findIndex(({ at }) => at > happening.at);
    this.pending.splice(index < 0 ? this.pending.length : index, 0, happening);
  }
  private write(address: number, bytes: readonly number[]): void {
    bytes.forEach((byte, index) => this.processor.core.writePhysical(address + index, byte, 1));
  }
  private happen(happening: Happening): void {
    const { processor } = this;
    if (happening.kind === 'write') return this.write(happening.address, happening.bytes);
    if (happening.kind === 'nonMaskable') {
      processor.setNonMaskableInterrupt(true);
      return processor.setNonMaskableInterrupt(false);
    }
    this.vector = happening.vector;
    processor.setInterruptRequest(true);
  }

  // Starting.

  get memory(): Uint8Array {
    return this.processor.core.u8.subarray(this.ram, this.ram + places.ramBytes);
  }
  /** Puts a program in front of its first instruction. Unless it begins cold, code that is the same stays decoded and compiled. */
  start(program: Program, image = imageOf(program), cold = false): void {
    if (cold) this.processor['code'].flush();
    this.program = program;
    this.image = image;
    this.restart(program.happenings);
  }
  restart(happenings: readonly Happening[] = this.program?.happenings ?? []): void {
    const { processor } = this;
    const { environment, registers } = this.program!;
    const { core } = processor;
    processor.cycle = 0;
    processor.reset();
    processor.setInterruptRequest(false);
    processor.setNonMaskableInterrupt(false);
    core.addressMask = -1;
    this.changeMemory(this.image!.memory);
    for (const name of ['gdtr', 'idtr'] as const) {
      const isReal = environment.kind === 'real';
      core.set(`${name}Base`, name === 'gdtr' ? places.gdt : isReal ? 0 : places.idt);
      core.set(`${name}Limit`, name === 'gdtr' ? gdtLimit : isReal ? 0x3ff : idtLimit);
    }
    core.set('cr3', places.directory);
    core.set('cr0', environment.cr0);
    core.set('cr4', environment.cr4);
    core.set('cpl', environment.level);
    for (const name of segmentOrder) {
      const { selector, base, limit, attributes } = environment.segments[name];
      const rights = environment.kind === 'virtual8086' ? 0xf3 : attributes;
      setSegment(core, segmentIndex[name], selector, base, limit, rights);
    }
    setSegment(core, segmentIndex.tr, taskSelector, places.task, 0x67, 0x8b);
    registers.forEach((value, register) => core.setRegister(register, value));
    core.setRegister(generalRegisters.indexOf('esp'), environment.stackTop);
    processor.flags.write(environment.flags, 4, -1);
    core.set('eip', this.image!.entry);
    core.flushTranslations();
    processor.modeChanged();
    this.compiler?.lookAnew();
    this.log.length = 0;
    this.vector = 0x20;
    this.stopped = false;
    this.pending = [...happenings].sort((a, b) => a.at - b.at);
  }
  /** The processor's own, whose looks became rare in the program before. */
  private get compiler(): Pick<Compiler, 'lookAnew'> | undefined {
    return (this.processor as unknown as { readonly compiler: Compiler | undefined }).compiler;
  }
  /** At its next look the compiler compiles all that was seen before; after that it goes on as it was told when it was made. */
  compileSeen(): void {
    this.compilesSeen = true;
  }
  private listening(tuning: Tuning): Tuning {
    const delay = (): number => {
      if (!this.compilesSeen) return tuning.delay;
      this.compilesSeen = false;
      return 0;
    };
    return {
      ...tuning,
      get delay() {
        return delay();
      },
    };
  }
  /** Writes what differs, as a bus master would. */
  private changeMemory(target: Uint8Array): void {
    const { memory, processor } = this;
    for (let page = 0; page < places.ramBytes; page += pageBytes) {
      const [now, then] = [memory.subarray(page, page + pageBytes), target.subarray(page, page + pageBytes)];
      if (Buffer.compare(now, then) === 0) continue;
      let first = 0;
      let last = pageBytes - 1;
      while (now[first] === then[first]) first++;
      while (now[last] === then[last]) last--;
      processor.core.code.willChange(this.ram + page + first, last - first + 1);
      now.set(then);
    }
  }

  // Running.

  /** Runs to a cycle, or to the machine's end; `slice` gives the most cycles of each stay in the processor. */
  runTo(cycle: number, slice: () => number = () => Infinity): void {
    const { processor, pending } = this;
    while (!this.stopped) {
      while (pending.length > 0 && pending[0]!.at <= processor.cycle) this.happen(pending.shift()!);
      if (processor.cycle >= cycle) return;
      const next = Math.min(cycle, pending[0]?.at ?? Infinity);
      if (processor.run(Math.min(next - processor.cycle, slice())) === 'shutdown') this.stopped = true;
      else if (processor.halted && !processor.interruptDue && processor.cycle < (pending[0]?.at ?? Infinity)) {
        processor.cycle = Math.min(cycle, pending[0]?.at ?? Infinity);
      }
    }
  }
  get over(): boolean {
    return this.stopped;
  }
  standing(): Standing {
    const { processor, memory, log } = this;
    return { cycle: processor.cycle, state: processor.save(), requested: this.word('interruptRequested'), memory, log };
  }
  word(name: StateWord): number {
    return this.processor.core.get(name) >>> 0;
  }
}
