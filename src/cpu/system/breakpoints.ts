/**
 * Debug registers (Intel SDM Vol. 3B, chapter 17, "Debug, Branch Profile, TSC"): what DR7 arms, and which accesses meet it.
 * Pages with data breakpoints lose their fast TLB tags and offsets with code breakpoints their cached records, so that
 * nothing else pays for them.
 */
import type { AccessWidth } from '../bus.js';
import { wordIndex } from '../layout.js';
import { atLeast, type ProcessorModel } from '../model.js';
import type { CodeBreakpoints } from '../decode/fetcher.js';
import { cr4Bits } from './control-bits.js';
import { type Core, type DataWatch, vectors } from './core.js';

/** DR6 and `pendingDebug` bits; B0 to B3 are bits 0 to 3. */
export const debugStatus = {
  /** A debug register was about to be accessed while DR7.GD was set. */
  BD: 0x2000,
  BS: 0x4000,
  BT: 0x8000,
  /** Not a bit of DR6: INT1, which leaves DR6 alone. */
  explicit: 0x1_0000,
} as const;
/** DR6 after reset: reserved bits read as one. */
export const debugStatusReset = 0xffff_0ff0 | 0;
/** The bits of DR6 that exist. */
export const debugStatusWritable = 0xe00f;
/** DR7 after reset: bit 10 reads as one from the i486 on. */
export const debugControlReset = (model: ProcessorModel): number => (atLeast(model, '80486') ? 0x400 : 0);
/** The bits of DR7 that exist. */
export const debugControlWritable = 0xffff_23ff | 0;
/** B0 to B3 tell of the last debug exception; the other bits stay until the program clears them. */
const breakpointBits = 0xf;

const GENERAL_DETECT = 0x2000;
/** L0 to L3 and LE: a task switch clears them. */
const localEnables = 0x155;

/** R/W fields of DR7. */
const kinds = { execute: 0, write: 1, port: 2, access: 3 } as const;

/** One armed breakpoint on data or ports: its first and last address, and its bit in DR6. */
interface Watch {
  readonly first: number;
  readonly last: number;
  readonly reads: boolean;
  readonly bit: number;
}

/** Told when what is armed changed, and when something was met. */
export interface BreakpointEvents {
  /** Offsets in a page of all code breakpoints. */
  codeChanged(linear: readonly number[]): void;
  /** The instruction at hand met a data or port breakpoint. */
  met(): void;
  /** Whether code breakpoints do not count at this boundary: RF, or the boundary after a load of SS. */
  codeHeld(): boolean;
}

export class Breakpoints implements DataWatch, CodeBreakpoints {
  /** Whether any data breakpoint is armed. */
  get watching(): boolean {
    return this.core.i32[wordIndex.watching]! !== 0;
  }
  /** Breakpoints that the instruction at hand has met so far, as DR6 bits; empty between instructions. */
  met = 0;
  /** DR6 bits of the debug fault that was noted last. */
  faultStatus = 0;
  /** Whether that fault is a code breakpoint. */
  get atCode(): boolean {
    return (this.faultStatus & breakpointBits) !== 0;
  }
  /** Armed code breakpoints: linear address to DR6 bits. */
  private readonly code = new Map<number, number>();
  private data: readonly Watch[] = [];
  private ports: readonly Watch[] = [];

  constructor(
    private readonly core: Core,
    private readonly events: BreakpointEvents,
  ) {}

  /** DR0 to DR3, DR7 or CR4 changed. */
  derive(): void {
    const { core } = this;
    const control = core.get('dr7');
    const [data, ports]: [Watch[], Watch[]] = [[], []];
    this.code.clear();
    for (const index of [0, 1, 2, 3] as const) {
      if (((control >> (index * 2)) & 3) === 0) continue;
      const field = (control >>> (16 + index * 4)) & 0xf;
      const address = core.get(`dr${index}`) >>> 0;
      const kind = field & 3;
      const mask = lengthMask(field >> 2);
      const first = (address & ~mask) >>> 0;
      const watch = { first, last: first + mask, reads: kind !== kinds.write, bit: 1 << index };
      if (kind === kinds.execute) this.code.set(address, (this.code.get(address) ?? 0) | watch.bit);
      else if (kind !== kinds.port) data.push(watch);
      else if ((core.get('cr4') & cr4Bits.DE) !== 0) ports.push(watch);
    }
    const affected = [...this.data, ...data].map(({ first }) => first & ~0xfff);
    this.data = data;
    this.ports = ports;
    core.set('watching', data.length > 0 ? 1 : 0);
    for (const page of affected) core.tlb.rederivePage(page);
    this.events.codeChanged([...this.code.keys()]);
  }

  /** Whether data of a page is watched, so that accesses to it must come here. */
  watchesPage(page: number): boolean {
    return this.watching && this.data.some(({ first }) => (first & ~0xfff) === page);
  }
  /** Whether the instruction at an address has to wait for the debug fault of a code breakpoint. */
  stopsCode(linear: number): boolean {
    const status = this.code.get(linear >>> 0);
    if (status === undefined || this.events.codeHeld()) return false;
    this.faultStatus = status;
    return true;
  }
  /** Data was accessed at a linear address. */
  accessed(linear: number, width: AccessWidth, write: boolean): void {
    this.meet(this.data, linear >>> 0, width, write);
  }
  get watchesPorts(): boolean {
    return this.ports.length > 0;
  }
  /** A port was accessed. */
  portAccessed(port: number, width: number): void {
    if (this.ports.length > 0) this.meet(this.ports, port & 0xffff, width, false);
  }
  private meet(watches: readonly Watch[], first: number, width: number, write: boolean): void {
    for (const watch of watches) {
      if (watch.first > first + width - 1 || watch.last < first || !(write || watch.reads)) continue;
      this.met |= watch.bit;
      this.events.met();
    }
  }
  /** What the last instruction met becomes due. */
  settle(): void {
    if (this.met === 0) return;
    this.core.i32[wordIndex.pendingDebug] = this.core.i32[wordIndex.pendingDebug]! | this.met;
    this.met = 0;
  }

  /** Faults when DR7.GD forbids access to debug registers. */
  checkGeneralDetect(): void {
    if ((this.core.get('dr7') & GENERAL_DETECT) === 0) return;
    this.faultStatus = debugStatus.BD;
    this.core.fault(vectors.debug);
  }
  /** A debug exception is delivered: DR6 tells why, and the handler may access debug registers. */
  deliver(status: number): void {
    const { core } = this;
    const bits = status & debugStatusWritable;
    if (bits !== 0) core.set('dr6', (core.get('dr6') & ~breakpointBits) | bits);
    core.set('dr7', core.get('dr7') & ~GENERAL_DETECT);
  }
  /** A task switch disarms local breakpoints. */
  taskSwitched(): void {
    const { core } = this;
    if ((core.get('dr7') & localEnables) === 0) return;
    core.set('dr7', core.get('dr7') & ~localEnables);
    this.derive();
  }
}

/** The bytes beyond the first that a LEN field covers, which are also the address bits it ignores. */
const lengthMask = (length: number): number => [0, 1, 7, 3][length]!;
