/** What a component reaches of the board that it is put on. */
import type { Device, Drive } from '../device/device.js';
import type { ApicMessage } from '../device/local-apic/local-apic.js';
import type { MediumBay } from '../device/disk/medium.js';
import type { MemoryAccess } from '../device/memory-access.js';
import type { VideoMemory } from '../device/video-memory.js';
import type { Frame } from '../screen/frame.js';
import type { AddressSpace } from './address-space.js';
import type { HotPlugController, InnerChange } from './hot-plug.js';
import type { InterruptLines } from './interrupt-lines.js';
import type {
  Drive as DriveRole,
  Images,
  InputEvent,
  MachineDescription,
  MachineObservers,
  PowerOn,
} from './machine.js';
import type { Part } from './parts.js';
import type { PciBus } from './pci-bus.js';
import type { PortMap } from './ports.js';
import type { Clocked } from './timeline.js';

/** What the board needs of a chip. */
export type AnyDevice = Pick<Device, 'name' | 'clock' | 'advance' | 'nextEdge' | 'save' | 'load' | 'diff' | 'reset'>;

/** A board while components are put on it, and afterwards what they reach of it. */
export interface Board {
  readonly description: MachineDescription;
  readonly images: Images;
  readonly powerOn: PowerOn;
  readonly ports: PortMap;
  readonly addressSpace: AddressSpace;
  readonly interrupts: InterruptLines;
  /** Absent on an ISA board. */
  readonly pci: PciBus | undefined;
  /** Memory as bus masters reach it. */
  readonly master: MemoryAccess;
  /** The display adapter's memory, which the processor reaches through the address space. */
  readonly videoMemory: VideoMemory;
  /** Who watches what leaves the machine; observers change nothing. */
  readonly observers: Partial<MachineObservers>;
  /** The cycle at hand, exact even inside an instruction. */
  now(): number;
  /** Adds a chip: its state is a part of the machine's, its time goes with the machine's, the reset line reaches it. */
  add(name: string, device: AnyDevice): Clocked;
  /** The same for a chip whose state decides where addresses lead; `loaded` maps them anew after the state was restored. */
  addMapping(name: string, device: AnyDevice, loaded: () => void): Clocked;
  /** Adds state that is no chip's. */
  addPart(name: string, part: Part): void;
  /** Brings a chip to the moment at hand, acts on it, and looks at its next edge again. */
  touch<Result>(device: AnyDevice, action: () => Result): Result;
  /** The bay of a drive, with its medium in it. */
  bay(drive: DriveRole): MediumBay;
  /** Names who hears that a drive's medium was changed; a drive nobody hears of keeps its medium. */
  onMediumChange(drive: DriveRole, changed: () => void): void;
  /** Names who takes a kind of input. */
  onInput<Kind extends InputEvent['kind']>(
    kind: Kind,
    take: (event: Extract<InputEvent, { kind: Kind }>) => void,
  ): void;
  /** Does something after every part of the state was restored. */
  onLoad(action: () => void): void;
  /** Does something after the reset line was pulled and every chip is reset. */
  onReset(action: () => void): void;
  /** Pulls the processor's reset pin; on a board with APICs its INIT pin, which keeps caches and numeric registers. */
  resetProcessor(): void;
  /** Resets the whole board, as CF9h and the reset button do, at the end of the instruction. */
  resetBoard(): void;
  /** Switches the power off, at the end of the instruction. */
  powerOff(): void;
  /** Does something when the run is ended by {@link exit}: what would have needed more time. */
  onExit(action: () => void): void;
  /** Ends the run for good with an exit status, at the end of the instruction. */
  exit(status: number): void;
  /** The line to the processor's interrupt request, and what answers an acknowledge: an APIC puts itself in between. */
  routeInterrupts(through: InterruptRoute): void;
  /** The processor's non-maskable interrupt, for what {@link routeInterrupts} put in between. */
  readonly nonMaskableInterrupt: Drive;
  /** The processor's interrupt request, for what {@link routeInterrupts} put in between. */
  readonly interruptRequest: Drive;
  /** Hears the level of the processor's x87 error output (FERR#). */
  onNumericError(listen: Drive): void;
  /** The processor's IGNNE# pin. */
  readonly ignoreNumericError: Drive;
  /** Hears the level of each interrupt request, beside the 8259As. */
  onInterruptRequest(listen: (request: number, level: boolean) => void): void;
  /** Drives an input of the I/O APIC that is no interrupt request of the 8259As: 16 or higher. */
  driveInput(input: number, level: boolean): void;
  /** Which requests are level-triggered, one bit each. */
  setEdgeLevel(levelTriggered: number): void;
  /** Routes one of the four PCI interrupt lines to a request; undefined leads nowhere. */
  routePci(line: number, request: number | undefined): void;
  /** Requests 0 and 8, as the timer and the clock drive them. */
  readonly legacyTimer: Drive;
  readonly legacyClock: Drive;
  /** Takes requests 0 and 8 from the timer and the clock, or gives them back. */
  replaceLegacy(replaced: boolean): void;
  /** Holds the non-maskable interrupt back, as port 70h does. */
  maskNonMaskable(masked: boolean): void;
  /** One of the two gates of address line 20. */
  a20(source: 'keyboardA20' | 'systemA20', level: boolean): void;
  /** A serial port sent a byte. */
  transmit(port: number, byte: number): void;
  /** Names what tells the keyboard's lit indicators: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock. */
  setKeyboardLights(look: () => number): void;
  /** Names what tells the guest of cards that come and go. */
  setHotPlug(controller: HotPlugController): void;
  /** Cards were ejected: they go at the end of the instruction. */
  ejectCards(): void;
  /** Hears of what came to a bus that is not PCI's, or is about to leave it. */
  onInnerChange(listen: (change: InnerChange) => void): void;
  /** Names what draws the screen. */
  setDisplay(display: DisplayAdapter): void;
}

/** A display adapter on a board. */
export interface DisplayAdapter {
  readonly device: AnyDevice;
  frame(): Frame;
}

/** What stands between the 8259As and the processor. */
export interface InterruptRoute {
  /** The level of the 8259As' interrupt output. */
  readonly external: Drive;
  /** The level of the non-maskable interrupt, as the chipset lets it through. */
  readonly nonMaskable: Drive;
  /** The processor says where its local APIC lies, and whether it is switched on. */
  readonly place: (physical: number, enabled: boolean) => void;
  /** A function of the PCI bus wrote a message of its own. */
  readonly message: (message: ApicMessage) => void;
  /** A performance counter overflowed; on some processors its entry masks itself. */
  readonly performance: (masks: boolean) => void;
  /** INIT reached the processor. */
  readonly initialize: () => void;
  /** Whether a chip's request can come to the processor as NMI or INIT. */
  readonly isUnmaskable: () => boolean;
  /** The processor acknowledges; the vector. `external` acknowledges at the 8259As. */
  readonly acknowledge: (external: () => number) => number;
}
