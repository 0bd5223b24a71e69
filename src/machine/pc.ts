/** A PC of either board. Here, and only here, chips meet each other, the memory and the processor. */
import type { Cycle } from '../base/integers.js';
import type { ProcessorBus } from '../cpu/bus.js';
import { compilerTuning, type EngineChoice } from '../cpu/engine/choice.js';
import { Processor } from '../cpu/processor.js';
import { displayWords } from '../cpu/display-mapping.js';
import type { MemoryPlan } from '../cpu/memory-plan.js';
import { type Difference, flag, struct, u32 } from '../state/schema.js';
import { type Bench, createBench } from './bench.js';
import { biosImage } from '../firmware/image.js';
import { AddressSpace } from './address-space.js';
import { videoBytes } from './description.js';
import { CircuitBoard } from './circuit-board.js';
import type {
  Images,
  InputEvent,
  KeyboardLights,
  Machine,
  MachineDescription,
  MachineDigest,
  MachineObservers,
  MachineSnapshot,
  PowerOn,
  ProcessorView,
  SerialOutput,
  StopReason,
} from './machine.js';
import { MemoryPart } from './memory-part.js';
import { type AnyPart, digestParts, loadPart, type Part, partDifferences, saveParts, statePart } from './parts.js';
import { processorPart, processorView } from './processor-part.js';
import { loadRemainders, saveRemainders, Timeline } from './timeline.js';
import type { VideoMemory } from '../device/video-memory.js';
import type { Frame } from '../screen/frame.js';

const A20 = 1 << 20;

/** What the board itself remembers: lines between chips that no chip keeps. */
const boardState = struct({
  interruptRequest: flag(),
  keyboardA20: flag(),
  systemA20: flag(),
  processorReset: flag(),
  boardReset: flag(),
  off: flag(),
});

/** How a debug exit ended the run; a part of the state where the description has one. */
const exitState = struct({ exited: flag(), status: u32() });

/** Makes the board from a checked description. */
export function createPc(
  description: MachineDescription,
  images: Images,
  powerOn: PowerOn,
  engine: EngineChoice,
): Machine {
  return new Pc(description, images, powerOn, engine);
}

class Pc implements Machine {
  onSerial: ((output: SerialOutput) => void) | undefined;
  idleCycles = 0;
  private readonly rom: Uint8Array;
  private readonly video: MemoryPart;
  private readonly timeline: Timeline;
  private localApicAt: { readonly physical: number; readonly enabled: boolean } | undefined;
  private tellLocalApic: ((physical: number, enabled: boolean) => void) | undefined;
  private readonly chips: CircuitBoard;
  private readonly processorUnit: Processor;
  private readonly parts = new Map<string, AnyPart>();
  private readonly board = boardState.initial();
  private readonly exit = exitState.initial();
  readonly observers: Partial<MachineObservers> = {};
  private addressSpace!: AddressSpace;
  private stops: ReadonlySet<number> = new Set();
  private loadingAt = 0;

  constructor(
    readonly description: MachineDescription,
    images: Images,
    powerOn: PowerOn,
    engine: EngineChoice,
  ) {
    const { bios } = description.firmware ?? {};
    this.rom = bios === undefined ? biosImage() : images.get(bios.sha256)!;
    this.timeline = new Timeline(description.cyclesPerSecond);
    const compiler = compilerTuning(engine);
    this.processorUnit = new Processor({
      ...(compiler === undefined ? {} : { compiler }),
      model: description.processor,
      ramBytes: description.memoryBytes,
      romBytes: this.rom.length,
      videoBytes: videoBytes(description),
      bus: (plan) => this.bus(plan),
    });
    const { core, plan } = this.processorUnit;
    this.addressSpace.attach(core);
    core.u8.set(this.rom, plan.rom);
    this.video = new MemoryPart(core, { start: plan.video, bytes: plan.videoBytes });
    this.chips = new CircuitBoard({
      description,
      images,
      powerOn,
      timeline: this.timeline,
      now: () => this.processorUnit.now,
      addressSpace: this.addressSpace,
      observers: this.observers,
      videoMemory: this.videoMemory(),
      interruptRequest: (level) => {
        this.board.interruptRequest = level;
        this.processorUnit.setInterruptRequest(level);
      },
      a20: (source, level) => this.setA20(source, level),
      nonMaskableInterrupt: (level) => this.processorUnit.setNonMaskableInterrupt(level),
      ignoreNumericError: (level) => this.processorUnit.setIgnoreNumericError(level),
      resetProcessor: () => this.request('processorReset'),
      resetBoard: () => this.request('boardReset'),
      powerOff: () => this.request('off'),
      exit: (status) => this.endWith(status),
      transmit: (port, byte) => this.onSerial?.({ port, byte, cycle: this.processorUnit.now as Cycle }),
    });
    this.tellLocalApic = (physical, enabled) => this.chips.placeLocalApic(physical, enabled);
    if (this.localApicAt !== undefined) this.tellLocalApic(this.localApicAt.physical, this.localApicAt.enabled);
    this.timeline.onEarlier = () => this.processorUnit.endBy(this.timeline.due);
    this.collectParts();
    this.applyA20();
  }

  get cycle(): Cycle {
    return this.processorUnit.cycle as Cycle;
  }

  // Memory and ports.

  private bus(plan: MemoryPlan): ProcessorBus {
    const space = new AddressSpace(plan);
    this.addressSpace = space;
    return {
      page: (physical) => space.page(physical),
      readMemory: (physical, width) => space.readMemory(physical, width),
      writeMemory: (physical, value, width) => space.writeMemory(physical, value, width),
      readPort: (port, width) => this.chips.ports.read(port, width) | 0,
      writePort: (port, value, width) => this.chips.ports.write(port, value, width),
      display: () => space.display,
      readPorts: (port, into, width) => this.chips.ports.readMany(port, into, width),
      writePorts: (port, from, width) => this.chips.ports.writeMany(port, from, width),
      acknowledgeInterrupt: () => this.chips.acknowledgeInterrupt(),
      setFloatingPointError: (level) => this.chips.numericError(level),
      ...(this.description.board === 'pc' ? {} : { localApic: this.localApic }),
    };
  }
  /** Where the processor says that its local APIC lies; it says so for the first time before the chips are there. */
  private readonly localApic = {
    place: (physical: number, enabled: boolean): void => {
      this.localApicAt = { physical, enabled };
      this.tellLocalApic?.(physical, enabled);
    },
    performanceInterrupt: (masks: boolean): void => this.chips.performanceInterrupt(masks),
  };
  private videoMemory(): VideoMemory {
    const { core, plan } = this.processorUnit;
    return {
      bytes: core.u8.subarray(plan.video, plan.video + plan.videoBytes),
      willWrite: (offset, bytes) => core.willWrite(plan.video + offset, bytes),
      mapping: core.i32.subarray(displayWords.start >> 2, displayWords.end >> 2),
      image: () => this.video.save(),
    };
  }
  unknownAccesses(): ReadonlyMap<string, number> {
    return new Map([...this.chips.ports.unknown, ...this.addressSpace.map.unknown]);
  }
  /** Asks for something that is done between two instructions. */
  private request(what: 'processorReset' | 'boardReset' | 'off'): void {
    this.board[what] = true;
    this.processorUnit.stopAfterThis();
  }
  /** The debug exit was written to: the machine stands still from the next instruction on, as with its power cut. */
  private endWith(status: number): void {
    if (!this.exit.exited) Object.assign(this.exit, { exited: true, status });
    this.request('off');
  }
  private ended(): StopReason {
    const { exited, status } = this.exit;
    return exited ? { kind: 'exited', status } : { kind: 'powerOff' };
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
      if (this.board.off) return this.ended();
      this.timeline.runTo(processor.cycle);
      if (this.board.off) return this.ended();
      if (this.board.boardReset) this.resetBoard();
      if (this.board.processorReset) this.resetProcessor();
      if (processor.cycle >= until) return { kind: 'cycle' };
      if (processor.halted && !processor.interruptDue) {
        const before = processor.cycle;
        const goesOn = this.idle(until);
        this.idleCycles += processor.cycle - before;
        if (!goesOn) return { kind: 'halted' };
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
    // Only what cannot be masked wakes it now, and a reset.
    while (this.timeline.due <= until) {
      processor.cycle = this.timeline.due;
      this.timeline.runTo(processor.cycle);
      const { processorReset, boardReset, off } = this.board;
      if (processor.interruptDue || processorReset || boardReset || off) return true;
    }
    processor.cycle = until;
    return false;
  }
  private resetBoard(): void {
    this.timeline.syncAll(this.cycle);
    this.chips.reset();
    this.board.boardReset = false;
    this.board.processorReset = false;
    this.processorUnit.reset();
  }
  /** A PC/AT's controller pulls the reset pin; chipsets since the Pentium pull INIT. */
  private resetProcessor(): void {
    this.board.processorReset = false;
    if (this.description.board === 'pc') return this.processorUnit.reset();
    this.processorUnit.init();
    this.chips.initializeLocalApic();
  }

  /** The board with its processor standing still. */
  bench(): Bench {
    const { description, timeline, chips, addressSpace: space } = this;
    return createBench({
      cyclesPerSecond: description.cyclesPerSecond,
      timeline,
      space,
      ports: chips.ports,
      now: () => this.cycle,
      passTo: (cycle) => {
        this.processorUnit.cycle = cycle;
        timeline.runTo(cycle);
        if (this.board.boardReset) this.resetBoard();
        if (this.board.processorReset) this.resetProcessor();
      },
      onInterruptRequest: (listen) => chips.onInterruptRequest(listen),
      input: (event) => this.input(event),
    });
  }

  // Inputs.

  input(event: InputEvent): void {
    switch (event.kind) {
      case 'reset':
        return this.resetBoard();
      case 'powerCut':
        this.board.off = true;
        return;
      default:
        return this.chips.input(event);
    }
  }

  // State.

  private collectParts(): void {
    const { core, plan } = this.processorUnit;
    this.parts.set('board', statePart(boardState, this.board));
    if (this.description.testing?.debugExit) this.parts.set('exit', statePart(exitState, this.exit));
    this.parts.set('memory', new MemoryPart(core, { start: plan.ram, bytes: plan.ramBytes }));
    this.parts.set('videoMemory', this.video);
    // What is mapped where comes before the processor, whose translations look at it; chips come after the lines between
    // them, as a line that moves on its way back to a saved level must not leave a trace in a chip.
    for (const [name, part] of this.chips.busParts()) this.parts.set(name, part);
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
    return saveParts(this.parts, this.cycle);
  }
  load(snapshot: MachineSnapshot): void {
    this.loadingAt = snapshot.cycle;
    for (const [name, part] of this.parts) {
      if (name === 'processor') this.applyLoadedBoard();
      loadPart(name, part, snapshot);
    }
    this.processorUnit.setInterruptRequest(this.board.interruptRequest);
    this.chips.loaded();
  }
  /** Address masking comes before translations are restored. */
  private applyLoadedBoard(): void {
    this.processorUnit.core.addressMask = this.board.keyboardA20 || this.board.systemA20 ? -1 : ~A20;
  }
  diff(left: MachineSnapshot, right: MachineSnapshot): (Difference & { readonly part: string })[] {
    const live = this.save();
    const found: (Difference & { part: string })[] = [];
    for (const [part, each] of this.parts) {
      found.push(...partDifferences(part, each, left, right).map((difference) => ({ part, ...difference })));
    }
    this.load(live);
    return found;
  }

  // What can be looked at.

  screen(): Frame {
    return this.chips.frame(this.cycle);
  }
  keyboardLights(): KeyboardLights {
    const lit = this.chips.keyboardLights();
    return { scrollLock: (lit & 1) !== 0, numLock: (lit & 2) !== 0, capsLock: (lit & 4) !== 0 };
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
