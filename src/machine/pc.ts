/** A PC of either board. Here, and only here, chips meet each other, the memory and the processor. */
import type { Cycle } from '../base/integers.js';
import type { ProcessorBus } from '../cpu/bus.js';
import { compilerTuning, type EngineChoice } from '../cpu/engine/choice.js';
import { Processor } from '../cpu/processor.js';
import type { MemoryPlan } from '../cpu/memory-plan.js';
import { type Difference, flag, struct, u32 } from '../state/schema.js';
import { type Bench, createBench } from './bench.js';
import { builtInRom } from '../firmware/roms.js';
import { AddressSpace, peekMemory } from './address-space.js';
import { checkDescription, videoBytes } from './description.js';
import { CircuitBoard } from './circuit-board.js';
import { CardChanges } from './card-changes.js';
import { descriptionDifference, isSameMachine } from './hot-plug.js';
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
import { UnknownAccesses } from './unknown-accesses.js';
import { type AnyPart, digestParts, isSaved, loadPart, partsDifferences, saveParts, statePart } from './parts.js';
import { processorBus, videoMemoryOf } from './processor-bus.js';
import { processorPart, processorView } from './processor-part.js';
import { Timeline, timelinePart } from './timeline.js';
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

/** The board of a checked description. */
export class Pc implements Machine {
  onSerial: ((output: SerialOutput) => void) | undefined;
  idleCycles = 0;
  private readonly rom: Uint8Array;
  private readonly memory: MemoryPart;
  private readonly video: MemoryPart;
  private timeline!: Timeline;
  private localApicAt: { readonly physical: number; readonly enabled: boolean } | undefined;
  /** Absent while the processor is made. */
  private chips!: CircuitBoard;
  private readonly processorUnit: Processor;
  private readonly parts = new Map<string, AnyPart>();
  private readonly board = boardState.initial();
  private readonly exit = exitState.initial();
  readonly observers: Partial<MachineObservers> = {};
  private addressSpace!: AddressSpace;
  private stops: ReadonlySet<number> = new Set();
  private loadingAt = 0;
  /** Who hears interrupt requests; boards that are made anew tell them too. */
  private readonly requestListeners: ((request: number, level: boolean) => void)[] = [];
  private readonly unknown = new UnknownAccesses();
  private readonly cards: CardChanges;

  constructor(
    private described: MachineDescription,
    private readonly images: Images,
    private readonly powerOn: PowerOn,
    engine: EngineChoice,
  ) {
    const description = described;
    const { bios } = description.firmware ?? {};
    this.rom = bios === undefined ? builtInRom(description).image() : images.get(bios.sha256)!;
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
    this.memory = new MemoryPart(core, { start: plan.ram, bytes: plan.ramBytes });
    this.video = new MemoryPart(core, { start: plan.video, bytes: plan.videoBytes });
    this.makeBoard();
    this.cards = new CardChanges({
      ...{ images, powerOn, observers: this.observers },
      description: () => this.described,
      chips: () => this.chips,
      now: () => this.cycle,
      become: (next) => this.become(next),
    });
  }
  /** Makes the chips that the description names, as power-on leaves them, and the list of parts. */
  private makeBoard(): void {
    const { described: description, images, powerOn, addressSpace } = this;
    const timeline = new Timeline(description.cyclesPerSecond);
    this.timeline = timeline;
    this.chips = new CircuitBoard({
      ...{ description, images, powerOn, timeline, addressSpace },
      now: () => this.processorUnit.now,
      observers: this.observers,
      videoMemory: videoMemoryOf(this.processorUnit.core, this.video),
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
      ejectCards: () => this.processorUnit.stopAfterThis(),
      exit: (status) => this.endWith(status),
      transmit: (port, byte) => this.onSerial?.({ port, byte, cycle: this.processorUnit.now as Cycle }),
    });
    if (this.localApicAt !== undefined) this.chips.placeLocalApic(this.localApicAt.physical, this.localApicAt.enabled);
    timeline.onEarlier = () => this.processorUnit.endBy(timeline.due);
    for (const listen of this.requestListeners) this.chips.onInterruptRequest(listen);
    this.collectParts();
    this.applyA20();
  }

  get description(): MachineDescription {
    return this.described;
  }

  get cycle(): Cycle {
    return this.processorUnit.cycle as Cycle;
  }

  // Memory and ports.

  private bus(plan: MemoryPlan): ProcessorBus {
    this.addressSpace = new AddressSpace(plan);
    const bus = processorBus(this.addressSpace, () => this.chips);
    return this.description.board === 'pc' ? bus : { ...bus, localApic: this.localApic };
  }
  /** Where the processor says that its local APIC lies; it says so for the first time before the chips are there. */
  private readonly localApic = {
    place: (physical: number, enabled: boolean): void => {
      this.localApicAt = { physical, enabled };
      this.chips?.placeLocalApic(physical, enabled);
    },
    performanceInterrupt: (masks: boolean): void => this.chips.performanceInterrupt(masks),
  };
  unknownAccesses(): ReadonlyMap<string, number> {
    return this.unknown.with(this.chips.ports.unknown, this.addressSpace.map.unknown);
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
      this.cards.removeEjected();
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
    return this.chips.hasUnmaskableRequests(); // One may be due after `until`.
  }
  private resetBoard(): void {
    this.cards.removeLeaving();
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
    return createBench({
      cyclesPerSecond: this.description.cyclesPerSecond,
      timeline: () => this.timeline,
      space: this.addressSpace,
      ports: () => this.chips.ports,
      now: () => this.cycle,
      passTo: (cycle) => {
        this.processorUnit.cycle = cycle;
        this.timeline.runTo(cycle);
        if (this.board.boardReset) this.resetBoard();
        if (this.board.processorReset) this.resetProcessor();
      },
      written: () => this.cards.removeEjected(),
      onInterruptRequest: (listen) => {
        this.requestListeners.push(listen);
        this.chips.onInterruptRequest(listen);
      },
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
      case 'plugDisk':
      case 'plugNetworkCard':
      case 'plugDevice':
      case 'unplug':
      case 'plugConsolePort':
      case 'unplugConsolePort':
        return this.cards.take(event);
      default:
        return this.chips.input(event);
    }
  }

  // Cards that come and go.

  /** The machine is another from here on: what stays keeps its state. */
  private become(description: MachineDescription): void {
    const before = this.save();
    const { timeline } = this;
    this.changeBoard(description);
    this.loadParts(before, (name) => name !== 'timeline' && isSaved(name, before));
    this.timeline.restart(this.cycle, this.timeline.remaindersFrom(timeline));
    this.loaded();
  }
  private changeBoard(description: MachineDescription): void {
    this.unknown.keep(this.chips.ports.unknown, this.addressSpace.map.unknown);
    this.described = description;
    this.addressSpace.clear();
    this.parts.clear();
    this.makeBoard();
  }

  // State.

  private collectParts(): void {
    this.parts.set('board', statePart(boardState, this.board));
    if (this.description.testing?.debugExit) this.parts.set('exit', statePart(exitState, this.exit));
    this.parts.set('memory', this.memory);
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
    this.parts.set(
      'timeline',
      timelinePart(this.timeline, () => this.loadingAt),
    );
  }
  digest(): MachineDigest {
    this.timeline.syncAll(this.cycle);
    return digestParts(this.parts);
  }
  save(): MachineSnapshot {
    this.timeline.syncAll(this.cycle);
    const { description } = this;
    const saved = saveParts(this.parts, this.cycle);
    return this.chips.hotPlug === undefined ? saved : { description, ...saved };
  }
  load(snapshot: MachineSnapshot): void {
    const { description = this.description } = snapshot;
    if (!isSameMachine(description, this.description)) {
      checkDescription(description, this.images, this.powerOn);
      this.changeBoard(description);
    }
    this.loadParts(snapshot, () => true);
    this.loaded();
  }
  private loadParts(snapshot: MachineSnapshot, isLoaded: (name: string) => boolean): void {
    this.loadingAt = snapshot.cycle;
    for (const [name, part] of this.parts) {
      if (name === 'processor') this.applyLoadedBoard();
      if (isLoaded(name)) loadPart(name, part, snapshot);
    }
  }
  private loaded(): void {
    this.processorUnit.setInterruptRequest(this.board.interruptRequest);
    this.chips.loaded();
  }
  /** Address masking comes before translations are restored. */
  private applyLoadedBoard(): void {
    this.processorUnit.core.addressMask = this.board.keyboardA20 || this.board.systemA20 ? -1 : ~A20;
  }
  diff(left: MachineSnapshot, right: MachineSnapshot): (Difference & { readonly part: string })[] {
    const live = this.save();
    const found: (Difference & { part: string })[] = descriptionDifference(left, right);
    if (left.description !== undefined) this.load(left);
    found.push(...partsDifferences(this.parts, left, right));
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
    return peekMemory(this.processorUnit.core, physical, length);
  }
  get breakpoints(): ReadonlySet<number> {
    return this.stops;
  }
  set breakpoints(linear: ReadonlySet<number>) {
    this.stops = linear;
    this.processorUnit.setStops(linear);
  }
}
