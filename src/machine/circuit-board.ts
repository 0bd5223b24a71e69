/** A circuit board: what the components of a description are put on, and the wires between them. */
import type { Cycle } from '../base/integers.js';
import { assert } from '../base/assert.js';
import { UserError } from '../base/errors.js';
import type { MediumBay } from '../device/disk/medium.js';
import type { MemoryAccess } from '../device/memory-access.js';
import { createPicPair } from '../device/pic/pair.js';
import type { VideoMemory } from '../device/video-memory.js';
import type { Frame } from '../screen/frame.js';
import type { AddressSpace } from './address-space.js';
import type { AnyDevice, Board, DisplayAdapter, InterruptRoute } from './board.js';
import { componentsOf } from './components/index.js';
import type { HotPlugController, InnerChange } from './hot-plug.js';
import { InterruptLines } from './interrupt-lines.js';
import { messageOf } from './interrupt-messages.js';
import type { Drive, Images, InputEvent, MachineDescription, MachineObservers, PowerOn } from './machine.js';
import { Bays } from './media.js';
import { type AnyPart, devicePart, type Part, statePart } from './parts.js';
import { PciBus } from './pci-bus.js';
import { PortMap } from './ports.js';
import type { Clocked, Timeline } from './timeline.js';

/** What chips reach of the rest of the machine. */
export interface BoardWires {
  readonly description: MachineDescription;
  readonly images: Images;
  readonly powerOn: PowerOn;
  readonly timeline: Timeline;
  readonly addressSpace: AddressSpace;
  /** The display adapter's memory, which the processor reaches through the address space. */
  readonly videoMemory: VideoMemory;
  readonly observers: Partial<MachineObservers>;
  /** The cycle at hand, exact even inside an instruction. */
  now(): number;
  interruptRequest(level: boolean): void;
  nonMaskableInterrupt(level: boolean): void;
  ignoreNumericError(level: boolean): void;
  a20(source: 'keyboardA20' | 'systemA20', level: boolean): void;
  resetProcessor(): void;
  resetBoard(): void;
  powerOff(): void;
  ejectCards(): void;
  exit(status: number): void;
  transmit(port: number, byte: number): void;
}

type Taker = (event: InputEvent) => void;

export class CircuitBoard implements Board {
  readonly ports = new PortMap(() => this.wires.now());
  readonly parts = new Map<string, AnyPart>();
  readonly interrupts = new InterruptLines((request, level) => this.requestInterrupt(request, level));
  readonly pci: PciBus | undefined;
  /** Chips whose state decides where addresses lead. */
  private readonly mappings = new Map<string, Part>();
  private readonly devices: AnyDevice[] = [];
  private readonly bays: Bays;
  private readonly pics;
  /** The four interrupt lines of the PCI bus, as the chipset routes them. */
  private readonly pciLines = Array.from({ length: 4 }, () => this.interrupts.routedSource());
  /** The timer's and the clock's requests, which a high precision event timer may take over. */
  private readonly legacyTimerSource = this.interrupts.routedSource();
  private readonly legacyClockSource = this.interrupts.routedSource();
  readonly legacyTimer = this.legacyTimerSource.drive;
  readonly legacyClock = this.legacyClockSource.drive;
  /** The non-maskable interrupt as it is requested, and whether port 70h holds it back, as the clock's state says. */
  private readonly nonMaskable = { requested: false, masked: false };
  private readonly clocks = new Map<AnyDevice, Clocked>();
  private readonly inputTakers = new Map<InputEvent['kind'], Taker>();
  private readonly resetActions: (() => void)[] = [];
  private readonly loadActions: (() => void)[] = [];
  private readonly exitActions: (() => void)[] = [];
  private readonly innerListeners: ((change: InnerChange) => void)[] = [];
  private readonly requestListeners: ((request: number, level: boolean) => void)[] = [];
  private interruptRoute: InterruptRoute | undefined;
  private numericErrorListener: ((level: boolean) => void) | undefined;
  private display: DisplayAdapter | undefined;
  /** What tells the guest of cards that come and go; absent where none may. */
  hotPlug: HotPlugController | undefined;
  /** The keyboard's lit indicators. They change at edges of its own, so that they are never late. */
  keyboardLights: () => number = () => 0;

  constructor(private readonly wires: BoardWires) {
    const { description, images } = wires;
    this.replaceLegacy(false);
    this.bays = new Bays(description, images, (drive, operation, sector) =>
      wires.observers.fault?.({ drive, operation, sector, cycle: wires.now() as Cycle }),
    );
    this.pics = createPicPair((level) => {
      if (this.interruptRoute === undefined) wires.interruptRequest(level);
      else this.interruptRoute.external(level);
    });
    this.connectPics();
    if (description.board === 'i440fx') this.pci = this.createPciBus();
    this.onInput('nonMaskableInterrupt', () => {
      for (const level of [true, false]) {
        this.nonMaskable.requested = level;
        this.driveNonMaskable();
      }
    });
    this.onInput('media', ({ drive, medium }) => this.bays.change(drive, medium));
    for (const attach of componentsOf(description)) attach(this);
    for (const [drive, bay] of this.bays.all()) this.addPart(drive, { bay });
    for (const [drive, { field, state }] of this.bays.allFaulty())
      this.addPart(`${drive}Faults`, statePart(field, state));
  }
  private connectPics(): void {
    const { master, slave } = this.pics;
    this.ports.connect(master, 0x20, this.add('picMaster', master));
    this.ports.connect(slave, 0xa0, this.add('picSlave', slave));
  }
  private createPciBus(): PciBus {
    const { addressSpace } = this.wires;
    return new PciBus({
      placePorts: (base, bytes, region) => this.ports.place(base, bytes, region),
      placeMemory: (base, bytes, region) => addressSpace.map.place(base, bytes, region),
      interrupt: (line, level) => this.pciLines[line]!.drive(level),
      message: (address, data) => this.message(address, data),
      slots: this.description.slots ?? [],
    });
  }
  /** A doubleword that a PCI function writes to interrupt: to the APICs, or to memory where it does not lie among theirs. */
  private message(address: number, data: number): void {
    const message = messageOf(address, data);
    if (message !== undefined) this.interruptRoute?.message(message);
    else this.master.write(address, Uint8Array.of(data, data >>> 8, data >>> 16, data >>> 24));
  }

  /** What decides where addresses lead, and what lies between the chips, as parts of the state. */
  busParts(): readonly [string, Part][] {
    return [...(this.pci?.parts() ?? []), ...this.mappings, ['interruptLines', this.interrupts.part()]];
  }
  /** Brings a chip to the moment at hand, acts on it, and looks at its next edge again. */
  touch<Result>(device: AnyDevice, action: () => Result): Result {
    const clocked = this.clocks.get(device);
    clocked?.sync(this.wires.now());
    const result = action();
    clocked?.reschedule();
    return result;
  }
  /** The reset line reaches every chip; media stay. */
  reset(): void {
    this.pci?.reset();
    for (const device of this.devices) this.touch(device, () => device.reset());
    for (const action of this.resetActions) action();
  }
  /** Every part of the state was restored. */
  loaded(): void {
    for (const action of this.loadActions) action();
  }

  // What components reach.

  get description(): MachineDescription {
    return this.wires.description;
  }
  get images(): Images {
    return this.wires.images;
  }
  get powerOn(): PowerOn {
    return this.wires.powerOn;
  }
  get addressSpace(): AddressSpace {
    return this.wires.addressSpace;
  }
  get master(): MemoryAccess {
    return this.wires.addressSpace.master;
  }
  get videoMemory(): VideoMemory {
    return this.wires.videoMemory;
  }
  get observers(): Partial<MachineObservers> {
    return this.wires.observers;
  }
  now(): number {
    return this.wires.now();
  }
  add(name: string, device: AnyDevice): Clocked {
    this.addPart(name, devicePart(device));
    return this.addTimed(name, device);
  }
  addMapping(name: string, device: AnyDevice, loaded: () => void): Clocked {
    const clocked = this.addTimed(name, device);
    const part = devicePart(device);
    const load = (saved: Uint8Array): void => {
      part.load(saved);
      loaded();
    };
    this.mappings.set(name, { ...part, load });
    return clocked;
  }
  private addTimed(name: string, device: AnyDevice): Clocked {
    this.devices.push(device);
    const clocked = this.wires.timeline.add(device, name);
    this.clocks.set(device, clocked);
    return clocked;
  }
  addPart(name: string, part: AnyPart): void {
    assert(!this.parts.has(name), `one part is called ${name}`);
    this.parts.set(name, part);
  }
  bay(drive: Drive): MediumBay {
    return this.bays.bay(drive);
  }
  onMediumChange(drive: Drive, changed: () => void): void {
    this.bays.onChange(drive, changed);
  }
  onInput<Kind extends InputEvent['kind']>(
    kind: Kind,
    take: (event: Extract<InputEvent, { kind: Kind }>) => void,
  ): void {
    this.inputTakers.set(kind, take as Taker);
  }
  onReset(action: () => void): void {
    this.resetActions.push(action);
  }
  onLoad(action: () => void): void {
    this.loadActions.push(action);
  }
  onInterruptRequest(listen: (request: number, level: boolean) => void): void {
    this.requestListeners.push(listen);
  }
  resetProcessor(): void {
    this.wires.resetProcessor();
  }
  resetBoard(): void {
    this.wires.resetBoard();
  }
  powerOff(): void {
    this.wires.powerOff();
  }
  ejectCards(): void {
    this.wires.ejectCards();
  }
  setHotPlug(controller: HotPlugController): void {
    this.hotPlug = controller;
  }
  onInnerChange(listen: (change: InnerChange) => void): void {
    this.innerListeners.push(listen);
  }
  /** Something came to a bus that is not PCI's, or is about to leave it. */
  innerChange(change: InnerChange): void {
    for (const listen of this.innerListeners) listen(change);
  }
  onExit(action: () => void): void {
    this.exitActions.push(action);
  }
  exit(status: number): void {
    for (const action of this.exitActions) action();
    this.wires.exit(status);
  }
  routeInterrupts(through: InterruptRoute): void {
    this.interruptRoute = through;
  }
  interruptRequest(level: boolean): void {
    this.wires.interruptRequest(level);
  }
  nonMaskableInterrupt(level: boolean): void {
    this.wires.nonMaskableInterrupt(level);
  }
  onNumericError(listen: (level: boolean) => void): void {
    this.numericErrorListener = listen;
  }
  ignoreNumericError(level: boolean): void {
    this.wires.ignoreNumericError(level);
  }
  /** The processor says that an x87 exception is pending, or no longer is. */
  numericError(level: boolean): void {
    this.numericErrorListener?.(level);
  }
  setEdgeLevel(levelTriggered: number): void {
    this.pics.master.operations.writeEdgeLevel(levelTriggered & 0xff);
    this.pics.slave.operations.writeEdgeLevel(levelTriggered >> 8);
  }
  routePci(line: number, request: number | undefined): void {
    this.pciLines[line]!.route(request);
  }
  replaceLegacy(replaced: boolean): void {
    this.legacyTimerSource.route(replaced ? undefined : 0);
    this.legacyClockSource.route(replaced ? undefined : 8);
  }
  a20(source: 'keyboardA20' | 'systemA20', level: boolean): void {
    this.wires.a20(source, level);
  }
  transmit(port: number, byte: number): void {
    this.wires.transmit(port, byte);
  }
  maskNonMaskable(masked: boolean): void {
    this.nonMaskable.masked = masked;
    this.driveNonMaskable();
  }
  /** The button's request passes unless port 70h masks it. */
  private driveNonMaskable(): void {
    const level = this.nonMaskable.requested && !this.nonMaskable.masked;
    if (this.interruptRoute === undefined) this.wires.nonMaskableInterrupt(level);
    else this.interruptRoute.nonMaskable(level);
  }
  /** Whether a request of a chip wakes a processor that masks interrupts. */
  hasUnmaskableRequests(): boolean {
    return this.interruptRoute?.isUnmaskable() ?? false;
  }
  /** The processor says where its local APIC lies. */
  placeLocalApic(physical: number, enabled: boolean): void {
    this.interruptRoute?.place(physical, enabled);
  }
  /** A performance counter of the processor overflowed. */
  performanceInterrupt(masks: boolean): void {
    this.interruptRoute?.performance(masks);
  }
  /** INIT reached the processor. */
  initializeLocalApic(): void {
    this.interruptRoute?.initialize();
  }
  setKeyboardLights(look: () => number): void {
    this.keyboardLights = look;
  }
  setDisplay(display: DisplayAdapter): void {
    this.display = display;
  }

  private requestInterrupt(request: number, level: boolean): void {
    if (request < 8) this.pics.master.input(`ir${request}` as 'ir0', level);
    else this.pics.slave.input(`ir${request - 8}` as 'ir0', level);
    this.driveInput(request, level);
  }
  driveInput(input: number, level: boolean): void {
    for (const listen of this.requestListeners) listen(input, level);
  }

  // What the rest of the machine asks.

  acknowledgeInterrupt(): number {
    const external = (): number => this.pics.master.operations.acknowledge();
    return this.interruptRoute === undefined ? external() : this.interruptRoute.acknowledge(external);
  }
  frame(at: number): Frame {
    const { display } = this;
    assert(display !== undefined, 'a board has a display adapter');
    this.clocks.get(display.device)?.sync(at);
    return display.frame();
  }
  /** Gives an input to the component that takes it; throws UserError when there is none. */
  input(event: InputEvent): void {
    const take = this.inputTakers.get(event.kind);
    if (take !== undefined) return take(event);
    throw new UserError(`this machine takes no input of the kind '${event.kind}'`, {
      nextStep: 'Describe a machine with the component that it is for.',
    });
  }
}
