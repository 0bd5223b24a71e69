import type { Cycle } from '../base/integers.js';
import type { ProcessorModel } from '../cpu/model.js';
import type { Frame } from '../screen/frame.js';
import type { Difference } from '../state/schema.js';

/** What a machine is made of. Pure data: it is written into every trace, and equal descriptions give equal machines. */
export interface MachineDescription {
  /** The board: `pc` is the ISA board. */
  readonly board: 'pc';
  /** The processor model. */
  readonly processor: ProcessorModel;
  /** Cycles per guest second: the processor's declared rate. Default 50,000,000. */
  readonly cyclesPerSecond: number;
  /** Memory in bytes, a multiple of 64 KiB, from 1 MiB to 2 GiB. */
  readonly memoryBytes: number;
  /** What the firmware tries first. */
  readonly boot: 'floppy' | 'disk';
  /** Floppy drives' and disks' media by role; the digest names the image, never a path. */
  readonly media: { readonly [drive in Drive]?: MediumDescription };
}

/** Drive roles on the `pc` board: two floppy drives, and two disks on the primary ATA channel. */
export type Drive = 'floppyA' | 'floppyB' | 'disk0' | 'disk1';

/** A medium in a drive. */
export interface MediumDescription {
  /** SHA-256 of the whole image, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** Bytes in the image. */
  readonly size: number;
  readonly writable: boolean;
}

/** The images behind a description's media, by SHA-256. Never written: the machine keeps its writes in an overlay. */
export type Images = ReadonlyMap<string, Uint8Array>;

/** Everything that reaches the guest from outside. It arrives at the machine's current cycle. */
export type InputEvent =
  /** A key by its set 1 make code, or 0xe000 + code for extended keys (Pause is 0xe11d); pressed or released. */
  | { readonly kind: 'key'; readonly key: number; readonly pressed: boolean }
  /** Bytes on a serial port's receive line; the port takes them at its own line rate. Port 0 to 3. */
  | { readonly kind: 'serial'; readonly port: number; readonly data: Uint8Array }
  /** The reset button. */
  | { readonly kind: 'reset' }
  /** The power is cut: the machine stops for good, its disks keep what was written. */
  | { readonly kind: 'powerCut' }
  /** A floppy is changed (or taken out, when `medium` is absent). */
  | { readonly kind: 'media'; readonly drive: Drive; readonly medium?: MediumDescription };

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
  /** An address given to `breakpoints` is about to execute. */
  | { readonly kind: 'breakpoint'; readonly linear: number };

/** A state digest: one SHA-256 over all parts, and each part's own XXH64 in hexadecimal. */
export interface MachineDigest {
  readonly sha256: string;
  readonly parts: Readonly<Record<string, string>>;
}

/** A whole machine at one cycle: each part's saved bytes by name (`processor`, `memory`, `disk0`, `pit` ...). */
export interface MachineSnapshot {
  readonly cycle: Cycle;
  readonly parts: Readonly<Record<string, Uint8Array>>;
}

/** Bytes that a serial port sent, with the cycle at which each left. */
export interface SerialOutput {
  readonly port: number;
  readonly byte: number;
  readonly cycle: Cycle;
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

/** A PC. Its run is a pure function of description, images, power-on facts and inputs. */
export interface Machine {
  readonly description: MachineDescription;
  readonly cycle: Cycle;
  /** Runs to exactly `until`, unless something stops it earlier. */
  run(until: Cycle): StopReason;
  /** Applies one input at the current cycle; throws UserError for one that this machine has no place for. */
  input(event: InputEvent): void;
  digest(): MachineDigest;
  save(): MachineSnapshot;
  load(snapshot: MachineSnapshot): void;
  /** Field-by-field differences between two snapshots of this machine's description; memory and disks give the first differing byte. */
  diff(left: MachineSnapshot, right: MachineSnapshot): (Difference & { readonly part: string })[];
  screen(): Frame;
  processor(): ProcessorView;
  /** Reads physical memory without side effects; bytes beyond memory read as 0xff. */
  readMemory(physical: number, length: number): Uint8Array;
  /** Linear addresses at which `run` stops before executing. */
  breakpoints: ReadonlySet<number>;
  /** Called for every byte a serial port sends. Not state; an observer only. */
  onSerial: ((output: SerialOutput) => void) | undefined;
  /** Accesses that nothing answered, by port or address, with their counts: for the run report. */
  unknownAccesses(): ReadonlyMap<string, number>;
}
