/** The `pc` board: an ISA PC/AT. Here, and only here, chips meet each other, the memory and the processor. */
import { assert } from '../base/assert.js';
import { UserError } from '../base/errors.js';
import type { Cycle } from '../base/integers.js';
import type { ProcessorBus } from '../cpu/bus.js';
import { Processor } from '../cpu/processor.js';
import type { MemoryPlan } from '../cpu/layout.js';
import { type Difference, flag, struct } from '../state/schema.js';
import { biosImage } from '../firmware/image.js';
import { checkMedium } from './description.js';
import { PcChips } from './pc-chips.js';
import type {
  Images,
  InputEvent,
  Machine,
  MachineDescription,
  MachineDigest,
  MachineSnapshot,
  PowerOn,
  ProcessorView,
  SerialOutput,
  StopReason,
} from './machine.js';
import { bytesPart, digestParts, type Part, statePart } from './parts.js';
import { processorPart, processorView } from './processor-part.js';
import { loadRemainders, saveRemainders, Timeline } from './timeline.js';
import type { Frame } from '../screen/frame.js';

const displayMemory = { start: 0xa0000, end: 0xc0000 } as const;
const romStart = 0xf0000;
const romAlias = 0xffff0000;
const A20 = 1 << 20;

/** What the board itself remembers: lines between chips that no chip keeps. */
const boardState = struct({
  interruptRequest: flag(),
  keyboardA20: flag(),
  systemA20: flag(),
  processorReset: flag(),
  off: flag(),
});

/** Makes the board from a checked description. */
export function createPc(description: MachineDescription, images: Images, powerOn: PowerOn): Machine {
  return new Pc(description, images, powerOn);
}

class Pc implements Machine {
  onSerial: ((output: SerialOutput) => void) | undefined;
  private readonly rom = biosImage();
  private readonly timeline: Timeline;
  private readonly chips: PcChips;
  private readonly processorUnit: Processor;
  private readonly parts = new Map<string, Part>();
  private readonly board = boardState.initial();
  private readonly unknownMemory = new Map<string, number>();
  private stops: ReadonlySet<number> = new Set();
  private loadingAt = 0;

  constructor(
    readonly description: MachineDescription,
    private readonly images: Images,
    powerOn: PowerOn,
  ) {
    this.timeline = new Timeline(description.cyclesPerSecond);
    this.processorUnit = new Processor({
      model: description.processor,
      ramBytes: description.memoryBytes,
      romBytes: this.rom.length,
      bus: (plan) => this.bus(plan),
    });
    const { core, plan } = this.processorUnit;
    core.u8.set(this.rom, plan.rom);
    this.chips = new PcChips({
      description,
      images,
      powerOn,
      timeline: this.timeline,
      now: () => this.processorUnit.now,
      readMemory: (physical) => core.readPhysical(physical | 0, 1) & 0xff,
      writeMemory: (physical, value) => core.writePhysical(physical | 0, value, 1),
      interruptRequest: (level) => {
        this.board.interruptRequest = level;
        this.processorUnit.setInterruptRequest(level);
      },
      a20: (source, level) => this.setA20(source, level),
      resetProcessor: () => {
        this.board.processorReset = true;
        this.processorUnit.stopAfterThis();
      },
      transmit: (port, byte) => this.onSerial?.({ port, byte, cycle: this.processorUnit.now as Cycle }),
    });
    this.timeline.onEarlier = () => this.processorUnit.stopAfterThis();
    core.onBusAccess = () => {};
    this.collectParts();
    this.applyA20();
  }

  get cycle(): Cycle {
    return this.processorUnit.cycle as Cycle;
  }

  // Memory and ports.

  private bus(plan: MemoryPlan): ProcessorBus {
    const nowhere = { address: 0, writable: false };
    return {
      page: (physical) => {
        const address = physical >>> 0;
        if (address >= displayMemory.start && address < 0x100000) {
          return address < romStart ? nowhere : { address: plan.rom + (address - romStart), writable: false };
        }
        if (address < plan.ramBytes) return { address: plan.ram + address, writable: true };
        return address >= romAlias ? { address: plan.rom + (address - romAlias), writable: false } : nowhere;
      },
      readMemory: (physical, width) => {
        let value = 0;
        for (let index = 0; index < width; index++) value |= this.readBus(physical + index) << (8 * index);
        return value;
      },
      writeMemory: (physical, value, width) => {
        for (let index = 0; index < width; index++) this.writeBus(physical + index, (value >>> (8 * index)) & 0xff);
      },
      readPort: (port, width) => this.chips.ports.read(port, width) | 0,
      writePort: (port, value, width) => this.chips.ports.write(port, value, width),
      acknowledgeInterrupt: () => this.chips.acknowledgeInterrupt(),
    };
  }
  private readBus(physical: number): number {
    if (physical >= displayMemory.start && physical < displayMemory.end)
      return this.chips.readDisplay(physical - displayMemory.start);
    this.countUnknown('read', physical);
    return 0xff;
  }
  private writeBus(physical: number, value: number): void {
    if (physical >= displayMemory.start && physical < displayMemory.end) {
      this.chips.writeDisplay(physical - displayMemory.start, value);
    } else this.countUnknown('write', physical);
  }
  private countUnknown(kind: string, physical: number): void {
    const key = `${kind} 0x${(physical & ~0xfff).toString(16).padStart(8, '0')}`;
    this.unknownMemory.set(key, (this.unknownMemory.get(key) ?? 0) + 1);
  }
  unknownAccesses(): ReadonlyMap<string, number> {
    return new Map([...this.chips.ports.unknown, ...this.unknownMemory]);
  }
  private setA20(source: 'keyboardA20' | 'systemA20', level: boolean): void {
    this.board[source] = level;
    this.applyA20();
  }
  /** Either gate lets address line 20 through. */
  private applyA20(): void {
    const { core } = this.processorUnit;
    const mask = this.board.keyboardA20 || this.board.systemA20 ? -1 : ~A20;
    if (core.addressMask === mask) return;
    core.addressMask = mask;
    core.flushTranslations();
  }

  // Time.

  run(until: Cycle): StopReason {
    const processor = this.processorUnit;
    for (;;) {
      if (this.board.off) return { kind: 'powerOff' };
      this.timeline.runTo(processor.cycle);
      if (this.board.processorReset) this.resetProcessor();
      if (processor.cycle >= until) return { kind: 'cycle' };
      if (processor.halted && !processor.interruptDue) {
        if (!this.idle(until)) return { kind: 'halted' };
        continue;
      }
      const end = processor.run(Math.min(this.timeline.due, until) - processor.cycle);
      if (end === 'shutdown') return { kind: 'shutdown', detail: 'triple fault' };
      if (end === 'breakpoint') return { kind: 'breakpoint', linear: this.processor().linear };
    }
  }
  /** Jumps to what happens next; false when nothing can ever wake the processor, and time just passed. */
  private idle(until: Cycle): boolean {
    const processor = this.processorUnit;
    if (processor.interruptsEnabled) {
      processor.cycle = Math.min(this.timeline.due, until);
      return true;
    }
    this.timeline.runTo(until);
    processor.cycle = until;
    return false;
  }
  private resetProcessor(): void {
    this.board.processorReset = false;
    this.processorUnit.reset();
  }

  // Inputs.

  input(event: InputEvent): void {
    switch (event.kind) {
      case 'key':
        return this.chips.key(event.key, event.pressed);
      case 'serial':
        return this.chips.receiveSerial(event.port, event.data);
      case 'reset':
        this.timeline.syncAll(this.cycle);
        this.chips.reset();
        this.board.processorReset = false;
        return this.processorUnit.reset();
      case 'powerCut':
        this.board.off = true;
        return;
      case 'media':
        if (event.medium !== undefined) checkMedium(event.drive, event.medium, this.images);
        if (event.drive !== 'floppyA' && event.drive !== 'floppyB') {
          throw new UserError(`the medium of ${event.drive} cannot be changed`, {
            nextStep: 'Change floppyA or floppyB.',
          });
        }
        return this.chips.changeMedium(event.drive, event.medium);
    }
  }

  // State.

  private collectParts(): void {
    const { core, plan } = this.processorUnit;
    const memory = core.u8.subarray(plan.ram, plan.ram + plan.ramBytes);
    this.parts.set('board', statePart(boardState, this.board));

    this.parts.set('memory', bytesPart(memory));
    this.parts.set(
      'processor',
      processorPart(this.processorUnit, () => this.loadingAt),
    );
    for (const [name, part] of this.chips.parts) this.parts.set(name, part);
    // Last: the chips' next edges follow from their restored states.
    this.parts.set('timeline', this.timelinePart());
  }
  private timelinePart(): Part {
    return {
      save: () => saveRemainders(this.timeline.remainders()),
      load: (saved) => this.timeline.restart(this.loadingAt, loadRemainders(saved)),
      diff: (left, right) => this.timeline.diffRemainders(loadRemainders(left), loadRemainders(right)),
    };
  }
  digest(): MachineDigest {
    this.timeline.syncAll(this.cycle);
    return digestParts(this.parts);
  }
  save(): MachineSnapshot {
    this.timeline.syncAll(this.cycle);
    const parts = Object.fromEntries([...this.parts].map(([name, part]) => [name, part.save()]));
    return { cycle: this.cycle, parts };
  }
  load(snapshot: MachineSnapshot): void {
    this.loadingAt = snapshot.cycle;
    for (const [name, part] of this.parts) {
      if (name === 'processor') this.applyLoadedBoard();
      const saved = snapshot.parts[name];
      assert(saved !== undefined, `a snapshot holds the part ${name}`);
      part.load(saved);
    }
    this.processorUnit.setInterruptRequest(this.board.interruptRequest);
  }
  /** Address masking comes before translations are restored. */
  private applyLoadedBoard(): void {
    this.processorUnit.core.addressMask = this.board.keyboardA20 || this.board.systemA20 ? -1 : ~A20;
  }
  diff(left: MachineSnapshot, right: MachineSnapshot): (Difference & { readonly part: string })[] {
    const live = this.save();
    const found: (Difference & { part: string })[] = [];
    for (const [part, { diff }] of this.parts) {
      const [a, b] = [left.parts[part], right.parts[part]];
      if (a !== undefined && b !== undefined) found.push(...diff(a, b).map((difference) => ({ part, ...difference })));
    }
    this.load(live);
    return found;
  }

  // What can be looked at.

  screen(): Frame {
    return this.chips.frame(this.cycle);
  }
  processor(): ProcessorView {
    return processorView(this.processorUnit, (physical) => this.readMemory(physical, 1)[0]!);
  }
  readMemory(physical: number, length: number): Uint8Array {
    const { core } = this.processorUnit;
    return Uint8Array.from({ length }, (_, index) => {
      const address = physical + index;
      const page = core.bus.page(address & ~0xfff);
      return page.address === 0 ? 0xff : core.u8[page.address + (address & 0xfff)]!;
    });
  }
  get breakpoints(): ReadonlySet<number> {
    return this.stops;
  }
  set breakpoints(linear: ReadonlySet<number>) {
    this.stops = linear;
    this.processorUnit.setStops(linear);
  }
}
