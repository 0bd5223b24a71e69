/** The chips that every PC board has, the wires between them, and what the components of a description are put on. */
import { assert } from '../base/assert.js';
import { UserError } from '../base/errors.js';
import { createDevice } from '../device/device.js';
import { mediumBay, type MediumBay } from '../device/disk/medium.js';
import { dma } from '../device/dma/dma.js';
import { floppy } from '../device/floppy/floppy.js';
import { floppyCapacity, floppyDriveFor } from '../device/floppy/geometry.js';
import { keyboardController } from '../device/keyboard/controller.js';
import type { MemoryAccess } from '../device/memory-access.js';
import { createPicPair } from '../device/pic/pair.js';
import { pit } from '../device/pit/pit.js';
import { rtc } from '../device/rtc/rtc.js';
import { systemControl } from '../device/system-control/system-control.js';
import { lineBytesMax } from '../device/uart/state.js';
import { uart } from '../device/uart/uart.js';
import type { Frame } from '../screen/frame.js';
import type { AddressSpace } from './address-space.js';
import type { AnyDevice, Board, DisplayAdapter, InterruptRoute } from './board.js';
import { presetMemory } from './cmos.js';
import { Speaker } from './components/speaker.js';
import { componentsOf } from './components/index.js';
import { checkMedium } from './description.js';
import { InterruptLines } from './interrupt-lines.js';
import {
  type Drive,
  drives,
  type Images,
  type InputEvent,
  type MachineDescription,
  type MachineObservers,
  type MediumDescription,
  type PowerOn,
} from './machine.js';
import { devicePart, type Part } from './parts.js';
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
  readonly videoMemory: Uint8Array;
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
  transmit(port: number, byte: number): void;
}

/** Base ports and interrupt requests of the four serial ports of a PC. */
const serialPorts = [
  { base: 0x3f8, request: 4 },
  { base: 0x2f8, request: 3 },
  { base: 0x3e8, request: 4 },
  { base: 0x2e8, request: 3 },
] as const;
const floppyDmaChannel = 2;
const ignore = (): void => {};
/** Descriptions with larger images are refused before. */
const floppySectors = (imageSectors: number): number => floppyCapacity(imageSectors) ?? imageSectors;

type Taker = (event: InputEvent) => void;

export class PcChips implements Board {
  readonly ports = new PortMap();
  readonly parts = new Map<string, Part>();
  readonly interrupts = new InterruptLines((request, level) => this.requestInterrupt(request, level));
  readonly pci: PciBus | undefined;
  /** Chips whose state decides where addresses lead. */
  private readonly mappings = new Map<string, Part>();
  private readonly devices: AnyDevice[] = [];
  private readonly bays = new Map<Drive, MediumBay>();
  private readonly pics;
  private readonly pit;
  private readonly rtc;
  private readonly dma;
  private readonly keyboard;
  private readonly systemControl;
  private readonly serial;
  private readonly floppy;
  /** The four interrupt lines of the PCI bus, as the chipset routes them. */
  private readonly pciLines = Array.from({ length: 4 }, () => this.interrupts.routedSource());
  /** The timer's and the clock's requests, which a high precision event timer may take over. */
  private readonly legacyTimerSource = this.interrupts.routedSource();
  private readonly legacyClockSource = this.interrupts.routedSource();
  private readonly legacyTimer = this.legacyTimerSource.drive;
  private readonly legacyClock = this.legacyClockSource.drive;
  private nonMaskableRequested = false;
  private readonly clocks = new Map<AnyDevice, Clocked>();
  private readonly inputTakers = new Map<InputEvent['kind'], Taker>();
  private readonly mediumListeners = new Map<Drive, () => void>();
  private readonly resetActions: (() => void)[] = [];
  readonly speaker: Speaker;
  private readonly requestListeners: ((request: number, level: boolean) => void)[] = [];
  private interruptRoute: InterruptRoute | undefined;
  private numericErrorListener: ((level: boolean) => void) | undefined;
  private display: DisplayAdapter | undefined;

  constructor(private readonly wires: BoardWires) {
    const { description } = wires;
    this.replaceLegacy(false);
    this.createBays();
    this.pics = createPicPair((level) => {
      if (this.interruptRoute === undefined) wires.interruptRequest(level);
      else this.interruptRoute.external(level);
    });
    this.pit = this.createPit();
    this.rtc = createDevice(rtc, {
      lines: { interrupt: this.legacyClock, nonMaskableInterruptMask: () => this.driveNonMaskable() },
      board: {},
    });
    const { master } = wires.addressSpace;
    const byte = new Uint8Array(1);
    this.dma = createDevice(dma, {
      lines: {},
      board: {
        readMemory: (at) => {
          master.read(at, byte);
          return byte[0]!;
        },
        writeMemory: (at, value) => {
          byte[0] = value;
          master.write(at, byte);
        },
      },
    });
    this.keyboard = createDevice(keyboardController, {
      lines: {
        interrupt: this.interrupts.source(1),
        auxiliaryInterrupt: this.interrupts.source(12),
        a20: (level) => wires.a20('keyboardA20', level),
        reset: (level) => level && wires.resetProcessor(),
      },
      board: { mouse: description.mouse === 'ps2' },
    });
    this.systemControl = this.createSystemControl();
    this.speaker = new Speaker(wires.observers, wires.now, () =>
      this.systemControl.operations.speakerData() ? this.pit.operations.period(2) : undefined,
    );
    this.serial = serialPorts.map(({ request }, port) => this.createSerial(port, request));
    this.floppy = this.createFloppy();
    if (description.board === 'i440fx') this.pci = this.createPciBus();
    this.connect();
    for (const attach of componentsOf(description)) attach(this);
    for (const [drive, bay] of this.bays) this.addPart(drive, devicePart(bay));
    this.powerUp();
  }

  // Making chips.

  /** Floppy drives and the first two disks have bays on every board, others where they hold a medium or a component asks. */
  private createBays(): void {
    for (const drive of drives) {
      const always = drive.startsWith('floppy') || drive === 'disk0' || drive === 'disk1';
      if (always || this.description.media[drive] !== undefined) this.bay(drive);
    }
  }
  private createPciBus(): PciBus {
    const { addressSpace } = this.wires;
    return new PciBus({
      placePorts: (base, bytes, region) => this.ports.place(base, bytes, region),
      placeMemory: (base, bytes, region) => addressSpace.map.place(base, bytes, region),
      interrupt: (line, level) => this.pciLines[line]!.drive(level),
    });
  }
  private createPit() {
    return createDevice(pit, {
      lines: { output0: this.legacyTimer, output1: ignore, output2: ignore },
      board: { wired: [0] },
    });
  }
  private createSystemControl() {
    return createDevice(systemControl, {
      lines: {
        timer2Gate: (level) => this.touch(this.pit, () => this.pit.input('gate2', level)),
        speakerData: ignore,
        a20: (level) => this.wires.a20('systemA20', level),
        reset: (level) => level && this.wires.resetProcessor(),
      },
      board: {},
    });
  }
  private createSerial(port: number, request: number) {
    return createDevice(uart, {
      lines: {
        interrupt: this.interrupts.source(request),
        interruptPin: ignore,
        dtr: ignore,
        rts: ignore,
        out1: ignore,
        out2: ignore,
      },
      board: { transmit: (byte) => this.wires.transmit(port, byte) },
    });
  }
  private createFloppy() {
    const medium = (unit: number): MediumBay | undefined =>
      unit === 0 ? this.bay('floppyA') : unit === 1 ? this.bay('floppyB') : undefined;
    return createDevice(floppy, {
      lines: { interrupt: this.interrupts.source(6) },
      board: {
        dma: {
          request: (level) => this.dma.operations.request(floppyDmaChannel, level),
          toDevice: () => this.dma.operations.toDevice(floppyDmaChannel),
          fromDevice: (value) => this.dma.operations.fromDevice(floppyDmaChannel, value),
        },
        drive: (unit) => medium(unit)?.medium,
        driveKind: (unit) => this.floppyKind(unit),
      },
    });
  }
  /** Drive A is always there; drive B only when the description puts a medium into it. */
  private floppyKind(unit: number) {
    const { media } = this.wires.description;
    const medium = unit === 0 ? media.floppyA : unit === 1 ? media.floppyB : undefined;
    if (unit > 1 || (unit === 1 && medium === undefined)) return undefined;
    return floppyDriveFor(medium === undefined ? undefined : floppySectors(Math.ceil(medium.size / 512)));
  }

  // Wiring.

  private connect(): void {
    const { ports } = this;
    const now = (): number => this.wires.now();
    ports.connect(this.pics.master, 0x20, this.add('picMaster', this.pics.master), now);
    ports.connect(this.pics.slave, 0xa0, this.add('picSlave', this.pics.slave), now);
    ports.connect(this.speaker.heard(this.pit), 0x40, this.add('pit', this.pit), now);
    ports.connect(this.rtc, 0x70, this.add('rtc', this.rtc), now);
    ports.connect(this.keyboard, 0x60, this.add('keyboard', this.keyboard), now);
    ports.connect(this.dma, 0, this.add('dma', this.dma), now);
    this.serial.forEach((device, port) =>
      ports.connect(device, serialPorts[port]!.base, this.add(`serial${port}`, device), now),
    );
    ports.connect(this.floppy, 0x3f0, this.add('floppy', this.floppy), now);
    ports.connect(this.withTimerOutput(), 0, this.add('systemControl', this.systemControl), now);
    for (const drive of ['floppyA', 'floppyB'] as const) {
      this.onMediumChange(drive, () =>
        this.touch(this.floppy, () => this.floppy.operations.mediaChanged(drive === 'floppyA' ? 0 : 1)),
      );
    }
    this.onInput('key', ({ key, pressed }) =>
      this.touch(this.keyboard, () => this.keyboard.operations.key(key, pressed)),
    );
    this.onInput('mouse', ({ dx, dy, wheel, buttons }) =>
      this.touch(this.keyboard, () => this.keyboard.operations.mouse(dx, dy, wheel, buttons)),
    );
    this.onInput('serial', ({ port, data }) => this.receiveSerial(port, data));
    this.onInput('nonMaskableInterrupt', () => {
      for (const level of [true, false]) {
        this.nonMaskableRequested = level;
        this.driveNonMaskable();
      }
    });
    this.onInput('media', ({ drive, medium }) => this.changeMedium(drive, medium));
  }
  /** What decides where addresses lead, and what lies between the chips, as parts of the state. */
  busParts(): readonly [string, Part][] {
    return [...(this.pci?.parts() ?? []), ...this.mappings, ['interruptLines', this.interrupts.part()]];
  }
  /** Port 61h shows counter 2's output, which nothing else watches: it is fetched when it is looked at. */
  private withTimerOutput() {
    const { systemControl, pit } = this;
    return {
      ...this.speaker.heard(systemControl),
      read: (register: 'portA' | 'portB', width?: 1 | 2 | 4): number | undefined => {
        this.clocks.get(pit)?.sync(this.wires.now()); // Looking changes no edge.
        systemControl.input('timer2Output', pit.operations.output(2));
        return systemControl.read(register, width);
      },
    };
  }
  /** Brings a chip to the moment at hand, acts on it, and looks at its next edge again. */
  touch<Result>(device: AnyDevice, action: () => Result): Result {
    const clocked = this.clocks.get(device);
    clocked?.sync(this.wires.now());
    const result = action();
    clocked?.reschedule();
    return result;
  }
  private powerUp(): void {
    const { description, powerOn } = this.wires;
    this.touch(this.rtc, () => {
      this.rtc.operations.setDate(powerOn.date);
      const kinds = [this.floppyKind(0), this.floppyKind(1)] as const;
      presetMemory(description, kinds, (at, value) => this.rtc.operations.presetMemory(at, value));
    });
    // The other ends of the serial lines are there and ready.
    for (const device of this.serial)
      for (const line of ['cts', 'dsr', 'dcd'] as const) this.touch(device, () => device.input(line, true));
  }

  /** The reset line: every chip but the clock, which its battery keeps, and the media. */
  reset(): void {
    this.pci?.reset();
    for (const device of this.devices) {
      if (device === this.rtc) this.touch(device, () => this.rtc.input('reset', true));
      else this.touch(device, () => device.reset());
    }
    for (const device of this.serial)
      for (const line of ['cts', 'dsr', 'dcd'] as const) this.touch(device, () => device.input(line, true));
    for (const action of this.resetActions) action();
    this.speaker.listen();
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
  get videoMemory(): Uint8Array {
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
    return this.addTimed(device);
  }
  addMapping(name: string, device: AnyDevice, loaded: () => void): Clocked {
    const clocked = this.addTimed(device);
    const part = devicePart(device);
    const load = (saved: Uint8Array): void => {
      part.load(saved);
      loaded();
    };
    this.mappings.set(name, { ...part, load });
    return clocked;
  }
  private addTimed(device: AnyDevice): Clocked {
    this.devices.push(device);
    const clocked = this.wires.timeline.add(device);
    this.clocks.set(device, clocked);
    return clocked;
  }
  addPart(name: string, part: Part): void {
    assert(!this.parts.has(name), `one part is called ${name}`);
    this.parts.set(name, part);
  }
  bay(drive: Drive): MediumBay {
    const known = this.bays.get(drive);
    if (known !== undefined) return known;
    const { images, description } = this.wires;
    const bay = drive.startsWith('floppy') ? mediumBay(images, floppySectors) : mediumBay(images);
    const medium = description.media[drive];
    if (medium !== undefined) bay.insert(medium);
    this.bays.set(drive, bay);
    return bay;
  }
  onMediumChange(drive: Drive, changed: () => void): void {
    this.mediumListeners.set(drive, changed);
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
  /** The button's request passes unless port 70h masks it. */
  private driveNonMaskable(): void {
    const level = this.nonMaskableRequested && !this.rtc.state.nonMaskableInterruptMasked;
    if (this.interruptRoute === undefined) this.wires.nonMaskableInterrupt(level);
    else this.interruptRoute.nonMaskable(level);
  }
  /** The processor says where its local APIC lies. */
  placeLocalApic(physical: number, enabled: boolean): void {
    this.interruptRoute?.place(physical, enabled);
  }
  setDisplay(display: DisplayAdapter): void {
    this.display = display;
  }

  private requestInterrupt(request: number, level: boolean): void {
    if (request < 8) this.pics.master.input(`ir${request}` as 'ir0', level);
    else this.pics.slave.input(`ir${request - 8}` as 'ir0', level);
    for (const listen of this.requestListeners) listen(request, level);
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
  private receiveSerial(port: number, data: Uint8Array): void {
    const device = this.serial[port];
    if (device === undefined) throw new UserError(`there is no serial port ${port}`, { nextStep: 'Use port 0 to 3.' });
    const room = lineBytesMax - device.state.line.length;
    // All or nothing: what a recording refuses must not have reached the machine.
    if (data.length > room) {
      throw new UserError(`serial port ${port} holds no more than ${room} of ${data.length} bytes now`, {
        nextStep: 'Send less at once, or wait until the guest has read.',
      });
    }
    this.touch(device, () => device.operations.receive(data));
  }
  private changeMedium(drive: Drive, medium: MediumDescription | undefined): void {
    if (medium !== undefined) checkMedium(drive, medium, this.images);
    const changed = this.mediumListeners.get(drive);
    if (changed === undefined) {
      throw new UserError(`the medium of ${drive} cannot be changed`, {
        nextStep: `Change one of: ${[...this.mediumListeners.keys()].join(', ')}.`,
      });
    }
    const bay = this.bay(drive);
    if (medium === undefined) bay.eject();
    else bay.insert(medium);
    changed();
  }
}
