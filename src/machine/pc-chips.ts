/** The chips of the `pc` board and the wires between them. */
import { UserError } from '../base/errors.js';
import { ata } from '../device/ata/ata.js';
import { createDevice, type Device } from '../device/device.js';
import { mediumBay, type MediumBay } from '../device/disk/medium.js';
import { dma } from '../device/dma/dma.js';
import { floppy } from '../device/floppy/floppy.js';
import { floppyCapacity, floppyDriveFor } from '../device/floppy/geometry.js';
import { keyboardController } from '../device/keyboard/controller.js';
import { createPicPair } from '../device/pic/pair.js';
import { pit } from '../device/pit/pit.js';
import { rtc } from '../device/rtc/rtc.js';
import { systemControl } from '../device/system-control/system-control.js';
import { lineBytesMax } from '../device/uart/state.js';
import { uart } from '../device/uart/uart.js';
import { vga } from '../device/vga/vga.js';
import type { Frame } from '../screen/frame.js';
import { flag, repeat, struct } from '../state/schema.js';
import { presetMemory } from './cmos.js';
import type { Drive, Images, MachineDescription, MediumDescription, PowerOn } from './machine.js';
import { bytesPart, devicePart, type Part, statePart } from './parts.js';
import { PortMap } from './ports.js';
import type { Clocked, Timeline } from './timeline.js';

/** What chips reach of the rest of the board. */
export interface BoardWires {
  readonly description: MachineDescription;
  readonly images: Images;
  readonly powerOn: PowerOn;
  readonly timeline: Timeline;
  /** The cycle at hand, exact even inside an instruction. */
  now(): number;
  readMemory(physical: number): number;
  writeMemory(physical: number, value: number): void;
  interruptRequest(level: boolean): void;
  a20(source: 'keyboardA20' | 'systemA20', level: boolean): void;
  resetProcessor(): void;
  transmit(port: number, byte: number): void;
}

/** Base ports and interrupt levels of the four serial ports of a PC. */
const serialPorts = [
  { base: 0x3f8, level: 'ir4' },
  { base: 0x2f8, level: 'ir3' },
  { base: 0x3e8, level: 'ir4' },
  { base: 0x2e8, level: 'ir3' },
] as const;
const floppyDmaChannel = 2;
const videoMemoryBytes = 0x40000;
const ignore = (): void => {};
/** Descriptions with larger images are refused before. */
const floppySectors = (imageSectors: number): number => floppyCapacity(imageSectors) ?? imageSectors;

const serialInterruptState = struct<{ levels: boolean[] }>({ levels: repeat(serialPorts.length, flag()) });

type AnyDevice = Pick<Device, 'name' | 'clock' | 'advance' | 'nextEdge' | 'save' | 'load' | 'diff' | 'reset'>;

export class PcChips {
  readonly ports = new PortMap();
  readonly parts = new Map<string, Part>();
  /** The ports' interrupt outputs, as two ports share each level. */
  private readonly serialInterrupts = serialInterruptState.initial();
  private readonly devices: AnyDevice[] = [];
  private readonly bays: Readonly<Record<Drive, MediumBay>>;
  private readonly pics;
  private readonly pit;
  private readonly rtc;
  private readonly dma;
  private readonly keyboard;
  private readonly systemControl;
  private readonly serial;
  private readonly vga;
  private readonly videoMemory = new Uint8Array(videoMemoryBytes);
  private readonly floppy;
  private readonly ata;
  private readonly clocks = new Map<AnyDevice, Clocked>();

  constructor(private readonly wires: BoardWires) {
    this.bays = this.createBays();
    this.pics = createPicPair((level) => wires.interruptRequest(level));
    this.pit = this.createPit();
    this.rtc = createDevice(rtc, {
      lines: { interrupt: (level) => this.pics.slave.input('ir0', level), nonMaskableInterruptMask: ignore },
      board: {},
    });
    this.dma = createDevice(dma, {
      lines: {},
      board: { readMemory: (at) => wires.readMemory(at), writeMemory: (at, value) => wires.writeMemory(at, value) },
    });
    this.keyboard = createDevice(keyboardController, {
      lines: {
        interrupt: (level) => this.pics.master.input('ir1', level),
        auxiliaryInterrupt: (level) => this.pics.slave.input('ir4', level),
        a20: (level) => wires.a20('keyboardA20', level),
        reset: (level) => level && wires.resetProcessor(),
      },
      board: { mouse: false },
    });
    this.systemControl = this.createSystemControl();
    this.serial = serialPorts.map(({ level }, port) => this.createSerial(port, level));
    this.floppy = this.createFloppy();
    this.ata = createDevice(ata, {
      lines: { interrupt: (level) => this.pics.slave.input('ir6', level), dmaRequest: ignore },
      board: { drive: (unit) => this.bays[unit === 0 ? 'disk0' : 'disk1'].medium },
    });
    this.vga = createDevice(vga, { lines: {}, board: { videoMemory: this.videoMemory } });
    this.connect();
    this.powerUp();
  }

  // Making chips.

  private createBays(): Readonly<Record<Drive, MediumBay>> {
    const { images, description } = this.wires;
    const make = (drive: Drive): MediumBay => {
      const bay = drive.startsWith('floppy') ? mediumBay(images, floppySectors) : mediumBay(images);
      const medium = description.media[drive];
      if (medium !== undefined) bay.insert(medium);
      return bay;
    };
    return { floppyA: make('floppyA'), floppyB: make('floppyB'), disk0: make('disk0'), disk1: make('disk1') };
  }
  private createPit() {
    return createDevice(pit, {
      lines: { output0: (level) => this.pics.master.input('ir0', level), output1: ignore, output2: ignore },
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
  private createSerial(port: number, level: 'ir3' | 'ir4') {
    const device = createDevice(uart, {
      lines: {
        interrupt: (high) => {
          this.serialInterrupts.levels[port] = high;
          // Ports that share a level share its line.
          const any = serialPorts.some((each, other) => each.level === level && this.serialInterrupts.levels[other]);
          this.pics.master.input(level, any);
        },
        interruptPin: ignore,
        dtr: ignore,
        rts: ignore,
        out1: ignore,
        out2: ignore,
      },
      board: { transmit: (byte) => this.wires.transmit(port, byte) },
    });
    return device;
  }
  private createFloppy() {
    const medium = (unit: number): MediumBay | undefined =>
      unit === 0 ? this.bays.floppyA : unit === 1 ? this.bays.floppyB : undefined;
    return createDevice(floppy, {
      lines: { interrupt: (level) => this.pics.master.input('ir6', level) },
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
    const add = (name: string, device: AnyDevice): Clocked => {
      this.devices.push(device);
      this.parts.set(name, devicePart(device));
      const clocked = this.wires.timeline.add(device);
      this.clocks.set(device, clocked);
      return clocked;
    };
    ports.connect(this.pics.master, 0x20, add('picMaster', this.pics.master), now);
    ports.connect(this.pics.slave, 0xa0, add('picSlave', this.pics.slave), now);
    ports.connect(this.pit, 0x40, add('pit', this.pit), now);
    ports.connect(this.rtc, 0x70, add('rtc', this.rtc), now);
    ports.connect(this.keyboard, 0x60, add('keyboard', this.keyboard), now);
    ports.connect(this.dma, 0, add('dma', this.dma), now);
    this.serial.forEach((device, port) =>
      ports.connect(device, serialPorts[port]!.base, add(`serial${port}`, device), now),
    );
    ports.connect(this.floppy, 0x3f0, add('floppy', this.floppy), now);
    ports.connect(this.ata, 0x1f0, add('ata', this.ata), now, ['data']);
    ports.connect(this.vga, 0, add('vga', this.vga), now);
    this.parts.set('videoMemory', bytesPart(this.videoMemory));
    ports.connect(this.withTimerOutput(), 0, add('systemControl', this.systemControl), now);
    this.parts.set('serialInterrupts', statePart(serialInterruptState, this.serialInterrupts));
    for (const drive of ['floppyA', 'floppyB', 'disk0', 'disk1'] as const)
      this.parts.set(drive, devicePart(this.bays[drive]));
  }
  /** Port 61h shows counter 2's output, which nothing else watches: it is fetched when it is looked at. */
  private withTimerOutput() {
    const { systemControl, pit } = this;
    return {
      ...systemControl,
      read: (register: 'portA' | 'portB', width?: 1 | 2 | 4): number | undefined => {
        this.clocks.get(pit)?.sync(this.wires.now()); // Looking changes no edge.
        systemControl.input('timer2Output', pit.operations.output(2));
        return systemControl.read(register, width);
      },
    };
  }
  /** Brings a chip to the moment at hand, acts on it, and looks at its next edge again. */
  private touch(device: AnyDevice, action: () => void): void {
    const clocked = this.clocks.get(device);
    clocked?.sync(this.wires.now());
    action();
    clocked?.reschedule();
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

  /** The reset button: every chip but the clock, which its battery keeps, and the media. */
  reset(): void {
    for (const device of this.devices) {
      if (device === this.rtc) this.touch(device, () => this.rtc.input('reset', true));
      else this.touch(device, () => device.reset());
    }
    for (const device of this.serial)
      for (const line of ['cts', 'dsr', 'dcd'] as const) this.touch(device, () => device.input(line, true));
  }

  // What the rest of the board asks.

  acknowledgeInterrupt(): number {
    return this.pics.master.operations.acknowledge();
  }
  readDisplay(offset: number): number {
    return this.vga.operations.readMemory(offset);
  }
  writeDisplay(offset: number, value: number): void {
    this.vga.operations.writeMemory(offset, value);
  }
  frame(at: number): Frame {
    this.clocks.get(this.vga)?.sync(at);
    return this.vga.operations.frame();
  }
  key(key: number, pressed: boolean): void {
    this.touch(this.keyboard, () => this.keyboard.operations.key(key, pressed));
  }
  receiveSerial(port: number, data: Uint8Array): void {
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
  changeMedium(drive: 'floppyA' | 'floppyB', medium: MediumDescription | undefined): void {
    const bay = this.bays[drive];
    this.touch(this.floppy, () => {
      if (medium === undefined) bay.eject();
      else bay.insert(medium);
      this.floppy.operations.mediaChanged(drive === 'floppyA' ? 0 : 1);
    });
  }
}
