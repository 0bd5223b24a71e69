import type { Cycle } from '../base/integers.js';
import type { ProcessorModel } from '../cpu/model.js';
import type { MediumFault } from '../device/disk/faults.js';
import type { MediumOperation } from '../device/medium.js';
import type { BaseImages } from '../device/disk/medium.js';
import type { KernelProtocol } from '../firmware/boot/protocols.js';
import type { Frame } from '../screen/frame.js';
import type { BayImage } from '../device/disk/medium.js';
import type { PageImage } from '../state/pages.js';
import type { Difference } from '../state/schema.js';
import type { Bench } from './bench.js';
import type { ScsiAdapter, ScsiPlace } from './scsi-places.js';
import type { InputEvent } from './inputs.js';

/** What a machine is made of. Pure data: it is written into every trace, and equal descriptions give equal machines. */
export interface MachineDescription {
  /** The board: `pc` is the ISA board of a PC/AT, `i440fx` the PCI board of Intel's 440FX and PIIX3. */
  readonly board: BoardName;
  /** The processor model. */
  readonly processor: ProcessorModel;
  /** Cycles per guest second: the processor's declared rate. Default 50,000,000. */
  readonly cyclesPerSecond: number;
  /** Memory in bytes, a multiple of 64 KiB, from 1 MiB to 2 GiB. */
  readonly memoryBytes: number;
  /** What the firmware tries first. */
  readonly boot: BootDevice;
  /** Media by drive; the digest names the image, never a path. */
  readonly media: { readonly [drive in Drive]?: DriveDescription };
  /** The display adapter. Default `vga`. */
  readonly display?: Display;
  /** What is on the PS/2 mouse connector. Default: nothing. */
  readonly mouse?: Mouse;
  /** Network cards, in the order of their slots. Default: none. */
  readonly network?: readonly NetworkCardDescription[];
  /** Components without which a PC would still be one. Default: none. */
  readonly devices?: readonly OptionalDevice[];
  /** PCI cards that are in slots of their own choice. Default: one after another, from slot 4 on. */
  readonly slots?: readonly SlotDescription[];
  /** SCSI adapters beside the first, at most three. Default: none. */
  readonly scsiAdapters?: readonly ScsiAdapter[];
  /** SCSI drives that are not unit 0 of the first adapter's target by their number. */
  readonly scsiPlaces?: readonly ScsiPlace[];
  /** Names of the virtio console's further ports, from 1 on: at most 7, of at most 127 characters, which a driver shows where there are any. Absent: it has no further ports, nor may have. */
  readonly consolePorts?: readonly string[];
  /** Numbers of those that were pulled out: their places stay. */
  readonly absentPorts?: readonly number[];
  /** A kernel that the firmware starts instead of a boot sector. */
  readonly kernel?: KernelDescription;
  /** Firmware of the user's own instead of the built-in one. */
  readonly firmware?: FirmwareDescription;
  /** Files that the built-in network's servers offer, by path. */
  readonly served?: readonly ServedFile[];
  /** What else is to be said of the built-in network. */
  readonly builtInNetwork?: BuiltInNetworkDescription;
  /** What no PC has, for kernels that are tested. Default: nothing. */
  readonly testing?: TestingDescription;
  /** Whose ways the chips follow where they are not those of the data sheets (`README.md` lists them). Default: nobody's. */
  readonly quirks?: Quirks;
}

/** A file of the firmware configuration: its name of at most 55 printable characters, and its contents as a text or as an image. */
export interface ConfigurationFile {
  readonly name: string;
  /** At most 4096 characters. */
  readonly text?: string;
  readonly image?: ImageDescription;
}

/** What a firmware configuration says. */
export interface FirmwareConfigurationDescription {
  readonly files: readonly ConfigurationFile[];
  /** The machine's identity: 32 hexadecimal digits in lower case. Default: zeros. */
  readonly uuid?: string;
  /** Whether firmware is to use a display; without one, SeaBIOS speaks over the first serial port. Default: true. */
  readonly graphics?: boolean;
  /** Whether firmware is to offer a menu of what to boot. Default: false. */
  readonly bootMenu?: boolean;
}

/** Parts for kernels that are tested. */
export interface TestingDescription {
  /** Ports whose write ends the run: the first, and how many. */
  readonly debugExit?: { readonly port: number; readonly bytes: number };
  /** A port whose bytes are an output. */
  readonly debugConsole?: { readonly port: number };
  /** A card with two digits that listens at a port. */
  readonly postCard?: { readonly port: number };
  /** Items that firmware and kernels ask for, with files of the user's own. */
  readonly firmwareConfiguration?: FirmwareConfigurationDescription;
  /** Lines that software drives, ports and memory that keep what is written. */
  readonly testDevice?: boolean;
  /** A watchdog resets nothing: it is only told. */
  readonly watchdogTells?: boolean;
}

/** The built-in network, besides the files that it serves. */
export interface BuiltInNetworkDescription {
  /** Guest microseconds that a frame takes from a card to the switch or back. Default 50. */
  readonly latencyMicroseconds?: number;
  /** The file, or URL, whose name DHCP gives to a computer that boots from the network: at most 127 characters. */
  readonly bootFile?: string;
  /** Names that the name server knows, beside `gateway`, `server` and `dns`. */
  readonly names?: readonly NamedAddress[];
}

/** A name with its address, such as `10.0.2.2`. */
export interface NamedAddress {
  readonly name: string;
  readonly address: string;
}

/** Boards, boot devices and components by name; positions are stored in traces: append names, never reorder them. */
export const boards = ['pc', 'i440fx'] as const;
export type BoardName = (typeof boards)[number];
export const bootDevices = ['floppy', 'disk', 'cdrom', 'network'] as const;
export type BootDevice = (typeof bootDevices)[number];
export const displays = ['vga', 'vbe'] as const;
export type Display = (typeof displays)[number];
export const mice = ['none', 'ps2'] as const;
export type Mouse = (typeof mice)[number];
export const networkCards = ['ne2000', 'ne2000-pci', 'rtl8139', 'e1000', 'virtio-net'] as const;
export type NetworkCard = (typeof networkCards)[number];
export const quirkSets = ['qemu'] as const;
export type Quirks = (typeof quirkSets)[number];
export const networks = ['none', 'built-in', 'live'] as const;
export type Network = (typeof networks)[number];
export const optionalDevices = [
  'hpet',
  'parallel',
  'virtio-rng',
  'virtio-console',
  'lsi53c895a',
  'cdrom-first',
  'virtio-scsi',
  ...(['pci-hot-plug', 'virtio-rng1', 'ib700'] as const),
] as const;
export type OptionalDevice = (typeof optionalDevices)[number];

/** A network card. */
export interface NetworkCardDescription {
  readonly card: NetworkCard;
  /** What it is plugged into. */
  readonly network: Network;
  /** Six bytes as `52:54:00:12:34:56`. Default: that one, counted up by card. */
  readonly mac?: string;
  /** It was pulled out: its place among the cards stays, so that those behind it keep their numbers. */
  readonly absent?: boolean;
}

/** PCI cards by the names that slots may have: positions are not stored. */
export const slottedCards = [
  ...(['lsi53c895a', 'virtioScsi', 'virtio0', 'virtio1', 'virtio2', 'virtio3', 'virtioRng', 'virtioConsole'] as const),
  ...(['network', 'network1', 'network2', 'network3', 'network4', 'network5', 'network6', 'network7'] as const),
  'virtioRng1',
  ...(['scsiAdapter1', 'scsiAdapter2', 'scsiAdapter3'] as const),
] as const;

export type SlottedCard = (typeof slottedCards)[number];

/** Devices, of {@link optionalDevices}, that may be plugged into a running machine. */
export const pluggedDevices = ['virtio-rng', 'virtio-console', 'lsi53c895a', 'virtio-scsi', 'virtio-rng1'] as const;
export type PluggedDevice = (typeof pluggedDevices)[number];

/** Drives that may be: a virtio disk is a card of its own, a SCSI disk is put on the bus of a virtio adapter. */
export const pluggedDrives = [
  ...(['virtio0', 'virtio1', 'virtio2', 'virtio3'] as const),
  ...(['scsi0', 'scsi1', 'scsi2', 'scsi3', 'scsi4', 'scsi5', 'scsi6'] as const),
] as const;
export type PluggedDrive = (typeof pluggedDrives)[number];
/** What may be unplugged: PCI cards, and disks on the bus of a virtio adapter. */
export type UnpluggedDevice = SlottedCard | PluggedDrive;

/** Where a PCI card is: its device number, 2 to 31. */
export interface SlotDescription {
  readonly card: SlottedCard;
  readonly slot: number;
}

/** An image by its digest. */
export interface ImageDescription {
  /** SHA-256 of the whole image, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** Bytes in the image. */
  readonly size: number;
}

/** A kernel, what comes with it, and how it is started. */
export interface KernelDescription {
  readonly protocol: KernelProtocol;
  readonly image: ImageDescription;
  /** Linux's initial RAM disk, or Multiboot modules. At most one for Linux. */
  readonly modules?: readonly (ImageDescription & { readonly commandLine?: string })[];
  /** At most 2047 bytes. */
  readonly commandLine: string;
}

/** Read-only memory of the user's own. */
export interface FirmwareDescription {
  /** The BIOS: a multiple of 64 KiB, at most 1 MiB. Absent: the built-in one. */
  readonly bios?: ImageDescription;
  /** The display adapter's option ROM. */
  readonly video?: ImageDescription;
  /** The first network card's option ROM. */
  readonly network?: ImageDescription;
}

/** A file that the built-in network's servers offer. */
export interface ServedFile extends ImageDescription {
  /** Its path without a leading slash, at most 255 characters. */
  readonly path: string;
}

/** Every drive that some board has. */
export const drives = [
  ...(['floppyA', 'floppyB', 'disk0', 'disk1', 'disk2', 'disk3', 'cdrom0', 'cdrom1'] as const),
  ...(['scsi0', 'scsi1', 'scsi2', 'scsi3', 'scsi4', 'scsi5', 'scsi6'] as const),
  ...(['virtio0', 'virtio1', 'virtio2', 'virtio3'] as const),
] as const;

/**
 * Drive roles: two floppy drives; four ATA disks, two on a channel; two CD-ROM drives, which take the places of `disk2`
 * and `disk3`; SCSI targets, on an LSI 53C895A or the adapter that `devices` names; virtio block devices.
 */
export type Drive = (typeof drives)[number];

/** A medium in a drive. */
export interface MediumDescription {
  /** SHA-256 of the whole image, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** Bytes in the image. */
  readonly size: number;
  readonly writable: boolean;
}

/**
 * A medium in a drive at power-on, with its faults, and what its maker gave an ATA disk (`disk0` to `disk3`) where that is not as
 * usual.
 */
export interface DriveDescription extends MediumDescription {
  /** At most 64. They go with the medium when another takes its place. */
  readonly faults?: readonly MediumFault[];
  /** The default translation, for images made with another: at most 16383 cylinders, 16 heads, 63 sectors per track. */
  readonly geometry?: DiskGeometry;
  /** At most 20 printable ASCII characters. */
  readonly serialNumber?: string;
  /** At most 8 printable ASCII characters. */
  readonly firmwareRevision?: string;
  /** A SCSI disk takes UNMAP, as one of SBC-3 with thin provisioning does. Default: false. */
  readonly unmap?: boolean;
}

/** Cylinders, heads, and sectors per track. */
export interface DiskGeometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

/** The images behind a description's media, by SHA-256. Never written: the machine keeps its writes in an overlay. Only media may be read piece by piece. */
export type Images = BaseImages;

export type { InputEvent, PlugEvent } from './inputs.js';

/** What else a run is a function of, besides description, images and inputs. */
export interface PowerOn {
  /** Unix seconds shown by the real-time clock at power-on, 0 to 2^32 - 1. */
  readonly date: number;
  /** Seed of whatever a device must draw at random. 0 to 2^32 - 1. */
  readonly seed: number;
}

/** Why `run` returned. */
export type StopReason =
  /** The asked-for cycle was reached. */
  | { readonly kind: 'cycle' }
  /** HLT with nothing ahead that could ever wake it. Time still passes when asked to. */
  | { readonly kind: 'halted' }
  /** A triple fault: the processor shut down. */
  | { readonly kind: 'shutdown'; readonly detail: string }
  | { readonly kind: 'powerOff' }
  /** The guest ended its run by its debug exit; `status` is 32 bits. */
  | { readonly kind: 'exited'; readonly status: number }
  /** An address given to `breakpoints` is about to execute. */
  | { readonly kind: 'breakpoint'; readonly linear: number };

/** A state digest: one SHA-256 over all parts, and each part's own XXH64 in hexadecimal. */
export interface MachineDigest {
  readonly sha256: string;
  readonly parts: Readonly<Record<string, string>>;
}

/**
 * A whole machine at one cycle: each part's saved bytes by name (`processor`, `disk0`, `pit` ...), and what is memory as images that
 * share their pages with the machine and with other snapshots of it.
 */
export interface MachineSnapshot {
  readonly cycle: Cycle;
  /** What the machine was made of then; absent for one into which nothing can be plugged. */
  readonly description?: MachineDescription;
  readonly parts: Readonly<Record<string, Uint8Array>>;
  readonly pages?: Readonly<Record<string, PageImage>>;
  readonly drives?: Readonly<Record<string, BayImage>>;
}

/** Bytes that a serial port sent, with the cycle at which each left. */
export interface SerialOutput {
  readonly port: number;
  readonly byte: number;
  readonly cycle: Cycle;
}

/** Who watches what leaves a machine, besides serial ports. Observers change nothing. */
export interface MachineObservers {
  /** A network card sent a frame, without its check sequence. */
  packet(sent: { readonly card: number; readonly frame: Uint8Array; readonly cycle: Cycle }): void;
  /** A network card was given a frame; `taken` is false when it had no room for it. */
  packetDelivered(given: {
    readonly card: number;
    readonly frame: Uint8Array;
    readonly cycle: Cycle;
    readonly taken: boolean;
  }): void;
  /** The parallel port's printer took a byte. */
  parallel(sent: { readonly byte: number; readonly cycle: Cycle }): void;
  /** The virtio console wrote bytes. */
  console(sent: { readonly data: Uint8Array; readonly cycle: Cycle }): void;
  /** A further port of the virtio console was written to. */
  consolePort(sent: { readonly port: number; readonly data: Uint8Array; readonly cycle: Cycle }): void;
  /** The debug console was written to. */
  debugConsole(sent: { readonly byte: number; readonly cycle: Cycle }): void;
  /** The POST card was given a code. */
  postCode(shown: { readonly code: number; readonly cycle: Cycle }): void;
  /** A watchdog's time was over. */
  watchdog(expired: { readonly cycle: Cycle }): void;
  /** A drive met a fault of its medium. */
  fault(met: {
    readonly drive: Drive;
    readonly operation: MediumOperation;
    readonly sector: number;
    readonly cycle: Cycle;
  }): void;
  /** A card has left the machine: the guest ejected it, or a reset found it on its way out; or a SCSI disk has. */
  cardRemoved(gone: { readonly card: UnpluggedDevice; readonly cycle: Cycle }): void;
  /** The speaker's tone changed: hertz as the timer's exact ratio, or undefined for silence. */
  speaker(tone: { readonly hertz: number | undefined; readonly cycle: Cycle }): void;
}

/** The processor's visible state, for reports. */
export interface ProcessorView {
  readonly model: ProcessorModel;
  readonly mode: 'real' | 'virtual8086' | 'protected16' | 'protected32';
  /** Linear address of the next instruction. */
  readonly linear: number;
  /** eax ecx edx ebx esp ebp esi edi eip eflags cs ss ds es fs gs cr0 cr2 cr3, in print order. */
  readonly registers: Readonly<Record<string, number>>;
  readonly halted: boolean;
  /** The next instruction's bytes, at most 15; fewer where the page is absent. */
  readonly code: Uint8Array;
}

/** The keyboard's indicators: which are lit. */
export interface KeyboardLights {
  readonly scrollLock: boolean;
  readonly numLock: boolean;
  readonly capsLock: boolean;
}

/** A PC. Its run is a pure function of description, images, power-on facts and inputs. */
export interface Machine {
  /** What it is made of now: cards may be plugged in and pulled out. */
  readonly description: MachineDescription;
  readonly cycle: Cycle;
  /** Cycles that passed in HLT, with no instruction retired, since this machine was made. For reports; not state. */
  readonly idleCycles: number;
  /** Runs to exactly `until`, unless something stops it earlier. */
  run(until: Cycle): StopReason;
  /** Applies one input at the current cycle; throws UserError for one that this machine has no place for. */
  input(event: InputEvent): void;
  digest(): MachineDigest;
  save(): MachineSnapshot;
  load(snapshot: MachineSnapshot): void;
  /** Field-by-field differences between two snapshots of a machine of this power-on; memory and disks give the first differing byte. */
  diff(left: MachineSnapshot, right: MachineSnapshot): (Difference & { readonly part: string })[];
  screen(): Frame;
  keyboardLights(): KeyboardLights;
  processor(): ProcessorView;
  /** Reads physical memory without side effects; bytes beyond memory read as 0xff. */
  readMemory(physical: number, length: number): Uint8Array;
  /** Linear addresses at which `run` stops before executing. */
  breakpoints: ReadonlySet<number>;
  /** Called for every byte a serial port sends. Not state; an observer only. */
  onSerial: ((output: SerialOutput) => void) | undefined;
  /** Observers of everything else that leaves the machine. Not state. */
  readonly observers: Partial<MachineObservers>;
  /** The board with its processor standing still, for programs that test chips. Nothing of it is recorded. */
  bench(): Bench;
  /** Accesses that nothing answered, by port or address, with their counts: for the run report. */
  unknownAccesses(): ReadonlyMap<string, number>;
}
