/**
 * The physical address space of a PC: memory, the display's window, read-only memory and its shadow, and what chips answer
 * for. The processor's bus, and what bus masters reach.
 */
import { assert } from '../base/assert.js';
import type { DisplayMemory, DisplayWindow, HostPage } from '../cpu/bus.js';
import { displayBase, displayBytes } from '../cpu/display-mapping.js';
import type { MemoryPlan } from '../cpu/memory-plan.js';
import type { Core } from '../cpu/system/core.js';
import type { Width } from '../device/device.js';
import type { MemoryAccess } from '../device/memory-access.js';
import { MemoryMap } from './memory-map.js';

/** What answers at a segment of 16 KiB between C0000h and FFFFFh: reads and writes go to memory, or past it. */
export interface Shadow {
  readonly readsMemory: boolean;
  readonly writesMemory: boolean;
}

const displayStart = displayBase;
const windowEnd = 0xb0000;
const shadowStart = 0xc0000;
const shadowEnd = 0x100000;
const shadowShift = 14;
/** The most of a ROM that is seen below 1 MiB, at its end. */
const lowRomBytesMax = 0x20000;

const past: Shadow = { readsMemory: false, writesMemory: false };
const nowhere: HostPage = { address: 0, writable: false };

export class AddressSpace {
  /** Regions that chips answer for, the display's window from A0000h to BFFFFh among them. */
  map = new MemoryMap();
  /** What 16 KiB segments from C0000h on do. Follows from the chipset's registers. */
  private readonly shadows: Shadow[] = Array.from({ length: (shadowEnd - shadowStart) >> shadowShift }, () => past);
  /** Where display memory stands; undefined while it is not mapped. Follows from the adapter's configuration. */
  private videoBase: number | undefined;
  /** Where in display memory its window from A0000h to AFFFFh leads. Follows from the adapter's state. */
  private windowOffset: number | undefined;
  display: DisplayWindow | undefined;
  private core: Core | undefined;
  private readonly lowRomStart: number;

  constructor(private readonly plan: MemoryPlan) {
    this.lowRomStart = shadowEnd - Math.min(plan.romBytes, lowRomBytesMax);
  }

  /** Takes away every region that chips answer for, as they are made anew. */
  clear(): void {
    this.map = new MemoryMap();
  }

  /** The processor whose translations depend on this map. */
  attach(core: Core): void {
    this.core = core;
  }

  /** Maps the segments of 16 KiB from `first` (0 is C0000h) on. */
  setShadow(first: number, count: number, shadow: Shadow): void {
    let changed = false;
    for (let index = first; index < first + count; index++) {
      const before = this.shadows[index];
      assert(before !== undefined, 'segments from C0000h to FFFFFh');
      if (before.readsMemory === shadow.readsMemory && before.writesMemory === shadow.writesMemory) continue;
      this.shadows[index] = shadow;
      changed = true;
    }
    if (changed) this.core?.flushTranslations();
  }
  /** Gives A0000h to BFFFFh to a display adapter. */
  setDisplay(memory: DisplayMemory): void {
    this.display = { base: displayStart, bytes: displayBytes, memory };
    this.map.place(displayStart, displayBytes, memory);
  }
  /** Maps display memory at a physical address, or takes it away. */
  setVideo(base: number | undefined): void {
    if (this.videoBase === base) return;
    this.videoBase = base;
    this.core?.flushTranslations();
  }

  /** Lets the processor reach A0000h to AFFFFh itself, at this offset in display memory; undefined sends it to the adapter. */
  setWindow(offset: number | undefined): void {
    if (this.windowOffset === offset) return;
    this.windowOffset = offset;
    this.core?.flushTranslations();
  }

  /** Where a physical page lies in the machine's memory. */
  page(physical: number): HostPage {
    const address = physical >>> 0;
    const { plan } = this;
    if (address < displayStart)
      return address < plan.ramBytes ? { address: plan.ram + address, writable: true } : nowhere;
    if (address < shadowEnd) return address < shadowStart ? this.windowPage(address) : this.shadowPage(address);
    if (address < plan.ramBytes) return { address: plan.ram + address, writable: true };
    const romStart = 2 ** 32 - plan.romBytes;
    if (address >= romStart) return { address: plan.rom + (address - romStart), writable: false };
    const { videoBase } = this;
    if (videoBase !== undefined && address >= videoBase && address < videoBase + plan.videoBytes) {
      return { address: plan.video + (address - videoBase), writable: true };
    }
    return nowhere;
  }
  private windowPage(address: number): HostPage {
    const { windowOffset, plan } = this;
    if (windowOffset === undefined || address >= windowEnd) return nowhere;
    return { address: plan.video + windowOffset + (address - displayStart), writable: true };
  }
  private shadowPage(address: number): HostPage {
    const { plan } = this;
    const { readsMemory, writesMemory } = this.shadows[(address - shadowStart) >> shadowShift]!;
    if (readsMemory) return { address: plan.ram + address, writable: writesMemory };
    if (writesMemory || address < this.lowRomStart) return nowhere;
    return { address: this.romAddress(address), writable: false };
  }
  private romAddress(address: number): number {
    return this.plan.rom + this.plan.romBytes - (shadowEnd - address);
  }

  /** A read that no page of memory answers. */
  readMemory(physical: number, width: Width): number {
    const offset = physical - displayStart;
    // The display is the one device that guests reach in memory all the time.
    if (offset >= 0 && offset <= displayBytes - width && this.display !== undefined)
      return this.display.memory.read(offset, width) | 0;
    if (physical >= this.lowRomStart && physical < shadowEnd) return this.readLowRom(physical, width) | 0;
    return this.map.read(physical, width) | 0;
  }
  private readLowRom(physical: number, width: Width): number {
    let value = 0;
    for (let index = 0; index < width; index++)
      value |= this.core!.u8[this.romAddress(physical + index)]! << (8 * index);
    return value;
  }
  /** A write that no page of memory takes; it may go to the memory under a ROM. */
  writeMemory(physical: number, value: number, width: Width): void {
    const offset = physical - displayStart;
    if (offset >= 0 && offset <= displayBytes - width && this.display !== undefined)
      return this.display.memory.write(offset, value >>> 0, width);
    const shadow =
      physical >= shadowStart && physical < shadowEnd ? this.shadows[(physical - shadowStart) >> shadowShift]! : past;
    if (!shadow.writesMemory) return this.map.write(physical, value >>> 0, width);
    const host = this.plan.ram + physical;
    this.core!.willWrite(host, width);
    for (let index = 0; index < width; index++) this.core!.u8[host + index] = (value >>> (8 * index)) & 0xff;
  }

  /** What bus masters reach: whole pages of memory at once, the rest byte by byte. */
  readonly master: MemoryAccess = {
    read: (physical, into) => {
      this.byPages(physical, into.length, (address, page, from, length) => {
        if (page.address !== 0) into.set(this.core!.u8.subarray(page.address, page.address + length), from);
        else for (let at = 0; at < length; at++) into[from + at] = this.readMemory(address + at, 1);
      });
    },
    write: (physical, from) => {
      this.byPages(physical, from.length, (address, page, start, length) => {
        const bytes = from.subarray(start, start + length);
        if (page.address === 0) bytes.forEach((byte, at) => this.writeMemory(address + at, byte, 1));
        else if (page.writable) {
          this.core!.willWrite(page.address, length);
          this.core!.u8.set(bytes, page.address);
        }
      });
    },
  };
  /** Calls `each` for every piece of a range that lies in one page; `page.address` is that of the piece's first byte. */
  private byPages(
    physical: number,
    total: number,
    each: (address: number, page: HostPage, from: number, length: number) => void,
  ): void {
    for (let from = 0; from < total;) {
      const address = (physical + from) % 2 ** 32;
      const offset = address % 4096;
      const length = Math.min(4096 - offset, total - from);
      const page = this.page(address - offset);
      each(address, page.address === 0 ? page : { ...page, address: page.address + offset }, from, length);
      from += length;
    }
  }
}

/** Physical memory as the processor's pages hold it, without side effects; where there is none, bytes are 0xff. */
export const peekMemory = (core: Core, physical: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => {
    const address = physical + index;
    const page = core.bus.page(address & ~0xfff);
    return page.address === 0 ? 0xff : core.u8[page.address + (address & 0xfff)]!;
  });
