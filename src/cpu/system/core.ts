/** The processor's state seen from the slow paths: typed access to the one memory, and linear memory with paging. */
import { assert } from '../../base/assert.js';
import type { AccessWidth, ProcessorBus } from '../bus.js';
import {
  flatSlot,
  flagBits,
  regions,
  registerAddress,
  segmentAddress,
  segmentFields,
  type StateWord,
  tlbEntry,
  wordIndex,
} from '../layout.js';
import { type MemoryPlan } from '../memory-plan.js';
import { physicalPageBits } from './page-entries.js';
import { atLeast, type Feature, has, type ProcessorModel } from '../model.js';
import { cr0Bits } from './control-bits.js';
import { PhysicalPages } from './physical-pages.js';
import { Tlb } from './tlb.js';
import { WrittenPages } from './written-pages.js';

export { cr0Bits } from './control-bits.js';

const { WRITABLE } = physicalPageBits;

/** Exception vectors (Intel SDM Vol. 3A, table 6-1). */
export const vectors = {
  divideError: 0,
  debug: 1,
  nonMaskable: 2,
  breakpoint: 3,
  overflow: 4,
  invalidOpcode: 6,
  deviceNotAvailable: 7,
  doubleFault: 8,
  invalidTss: 10,
  segmentNotPresent: 11,
  stackFault: 12,
  generalProtection: 13,
  pageFault: 14,
  floatingPoint: 16,
  alignmentCheck: 17,
  streamingFloatingPoint: 19,
} as const;

/** In the place of a fault's vector: the processor stands still until an interrupt. */
export const frozen = 0x100;

/** In real mode the 80286 has one vector for every segment overrun (80286 Programmer's Reference, 210498, section 5.2). */
export const stackFaultVector = (core: Core): number =>
  core.model === '80286' && !core.protectedMode ? vectors.generalProtection : vectors.stackFault;

/** Thrown by slow paths after they noted the fault in the state; the import's wrapper catches it. */
export const faultSignal = { name: 'guest fault' } as const;

/** The low bytes of what a bus gave, which may give more than was asked for. */
const cut = (value: number, width: AccessWidth): number =>
  width === 4 ? value | 0 : value & (width === 2 ? 0xffff : 0xff);

/** Compared one by one, as that folds where the name is known. */
const fieldOffset = (field: 'selector' | 'base' | 'limit' | 'attributes'): number => {
  if (field === 'attributes') return segmentFields.attributes;
  if (field === 'limit') return segmentFields.limit;
  return field === 'base' ? segmentFields.base : segmentFields.selector;
};

/** The page of an access's last byte: where a fault of its second half is reported. */
const endPage = (linear: number, width: AccessWidth): number => (linear + width - 1) & ~0xfff;

/** Told when a page gets its first fast write tag, to keep code and data apart. */
export interface CodeWatch {
  hasCode(hostPage: number): boolean;
  /** Bytes of memory that may hold decoded code are about to change. */
  willChange(hostAddress: number, bytes: number): void;
  /** A page of memory holds what it held at another time, or elsewhere: what is known of code in it is of no use any more. */
  replaced(hostAddress: number): void;
}

/** Told of accesses to data that a debug register watches. */
export interface DataWatch {
  readonly watching: boolean;
  watchesPage(page: number): boolean;
  accessed(linear: number, width: AccessWidth, write: boolean): void;
  taskSwitched(): void;
}

export class Core {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly view: DataView;
  /** Set once the code cache exists. */
  code!: CodeWatch;
  readonly physicalPages: PhysicalPages;
  readonly tlb: Tlb;
  /** Pages written since somebody last looked. */
  readonly written: WrittenPages;
  /** Set once the debug registers exist. */
  watch!: DataWatch;
  /** Set while a task switch has gone past its point of no return: a fault belongs to the new task, at its EIP. */
  eipStands = false;
  /** The 80386 and what came after it. */
  readonly is32Bit: boolean;
  /** CR0.AM and AC are set at privilege level 3: misaligned accesses fault. Follows from the state; segments' tops are 0 then. */
  alignmentChecked = false;

  constructor(
    readonly memory: WebAssembly.Memory,
    readonly plan: MemoryPlan,
    readonly model: ProcessorModel,
    readonly bus: ProcessorBus,
  ) {
    this.is32Bit = atLeast(model, '80386');
    this.u8 = new Uint8Array(memory.buffer);
    this.i32 = new Int32Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.i32[wordIndex.ramBase] = plan.ram;
    this.addressMask = -1;
    this.physicalPages = new PhysicalPages(memory, bus);
    this.view.setBigUint64(regions.indefinite, 0xc000_0000_0000_0000n, true);
    this.view.setUint16(regions.indefinite + 8, 0xffff, true);
    this.i32[(flatSlot + segmentFields.limit) >> 2] = -1;
    this.i32[(flatSlot + segmentFields.attributes) >> 2] = 0x4093;
    this.written = new WrittenPages(this);
    this.tlb = new Tlb(this);
    this.view.setBigInt64(flatSlot + segmentFields.readTop, 2n ** 32n, true);
  }

  /** Whether the model has a feature; a local APIC is there where the board has one as well. */
  has(feature: Feature): boolean {
    return has(this.model, feature) && (feature !== 'apic' || this.bus.localApic !== undefined);
  }

  // State words.

  get(name: StateWord): number {
    return this.i32[wordIndex[name]]!;
  }
  set(name: StateWord, value: number): void {
    this.i32[wordIndex[name]] = value;
  }
  // Words of the often taken paths, by name: their place folds into the access.
  get eip(): number {
    return this.i32[wordIndex.eip]!;
  }
  set eip(value: number) {
    this.i32[wordIndex.eip] = value;
  }
  get cpl(): number {
    return this.i32[wordIndex.cpl]!;
  }
  set cpl(value: number) {
    this.i32[wordIndex.cpl] = value;
  }
  /** The system and control bits of EFLAGS. */
  get otherFlags(): number {
    return this.i32[wordIndex.flagsOther]!;
  }
  set otherFlags(value: number) {
    this.i32[wordIndex.flagsOther] = value;
  }
  /** Physical addresses lose the bits that are 0 here: A20 closed, or the 8086's 20 address lines. */
  get addressMask(): number {
    return this.i32[wordIndex.addressMask]!;
  }
  set addressMask(value: number) {
    this.i32[wordIndex.addressMask] = value;
  }
  register(index: number): number {
    return this.i32[registerAddress(index) >> 2]!;
  }
  setRegister(index: number, value: number, bytes: 2 | 4 = 4): void {
    if (bytes === 4) this.i32[registerAddress(index) >> 2] = value;
    else this.view.setUint16(registerAddress(index), value, true);
  }
  segmentField(segment: number, field: 'selector' | 'base' | 'limit' | 'attributes'): number {
    return this.i32[(segmentAddress(segment) + fieldOffset(field)) >> 2]!;
  }
  setSegmentField(segment: number, field: 'selector' | 'base' | 'limit' | 'attributes', value: number): void {
    this.i32[(segmentAddress(segment) + fieldOffset(field)) >> 2] = value;
  }
  get protectedMode(): boolean {
    return (this.i32[wordIndex.cr0]! & cr0Bits.PE) !== 0;
  }
  get virtual8086(): boolean {
    return (this.i32[wordIndex.flagsOther]! & flagBits.VM) !== 0;
  }
  /** Protected mode and not virtual-8086: selectors name descriptors. */
  get usesDescriptors(): boolean {
    return this.protectedMode && !this.virtual8086;
  }
  get paging(): boolean {
    return (this.i32[wordIndex.cr0]! & cr0Bits.PG) !== 0;
  }
  get ioPrivilege(): number {
    return (this.i32[wordIndex.flagsOther]! >> 12) & 3;
  }

  /** Notes a fault and leaves the slow path. */
  fault(vector: number, errorCode = 0): never {
    this.noteFault(vector, errorCode);
    throw faultSignal;
  }
  /** Notes a fault; the caller leaves the slow path. */
  noteFault(vector: number, errorCode: number): void {
    this.i32[wordIndex.faulted] = vector + 1;
    this.i32[wordIndex.faultError] = errorCode;
  }

  /** Leaves the slow path; the instruction starts anew once an interrupt came (an x87 error that is reported outside). */
  freeze(): never {
    return this.fault(frozen);
  }

  /** Takes the fault that was noted last. */
  takeNoted(): { readonly vector: number; readonly errorCode: number } {
    const vector = this.i32[wordIndex.faulted]! - 1;
    assert(vector >= 0, 'a fault exit has a fault');
    this.i32[wordIndex.faulted] = 0;
    return { vector, errorCode: this.i32[wordIndex.faultError]! };
  }

  /** Called where all translations are forgotten, often from outside: the next instruction has to be looked up. */
  onForgotten: () => void = () => {};
  /**
   * Forgets every translation, and where physical pages lie. The page that runs is translated anew for the next instruction, so that what is
   * translated does not depend on how the run is sliced.
   */
  flushTranslations(): void {
    this.physicalPages.forget();
    this.tlb.flush();
    this.onForgotten();
  }

  // Physical memory.

  readPhysical(physical: number, width: AccessWidth): number {
    const page = this.physicalPages.find(physical);
    if (page === 0) return cut(this.bus.readMemory(physical >>> 0, width), width);
    return this.readHost((page & ~0xfff) + (physical & 0xfff), width);
  }
  writePhysical(physical: number, value: number, width: AccessWidth): void {
    const page = this.physicalPages.find(physical);
    if (page === 0) this.bus.writeMemory(physical >>> 0, value, width);
    else if ((page & WRITABLE) !== 0) this.writeHost((page & ~0xfff) + (physical & 0xfff), value, width);
  }
  /** Reads at a host address, which as a word of WebAssembly's is negative from 2 GiB on. */
  readHost(host: number, width: AccessWidth): number {
    const place = host >>> 0;
    if (width === 1) return this.u8[place]!;
    return width === 2 ? this.view.getUint16(place, true) : this.view.getInt32(place, true);
  }
  private writeHost(host: number, value: number, width: AccessWidth): void {
    this.willWrite(host, width);
    this.storeHost(host, value, width);
  }
  /** Memory is about to be written otherwise than through a write tag of the TLB: what was decoded from it and its pages follow. */
  willWrite(host: number, bytes: number): void {
    this.written.willWrite(host, bytes);
    this.code.willChange(host, bytes);
  }
  /** Stores where a write tag, or `willWrite`, has cleared the way. */
  storeHost(host: number, value: number, width: AccessWidth): void {
    const place = host >>> 0;
    if (width === 1) this.u8[place] = value;
    else if (width === 2) this.view.setUint16(place, value, true);
    else this.view.setInt32(place, value, true);
  }

  // Linear memory.

  /** Whether accesses of the current privilege level use the user half. */
  get userLevel(): boolean {
    return this.i32[wordIndex.cpl] === 3;
  }
  readLinear(linear: number, width: AccessWidth, user: boolean): number {
    const place = this.tlb.placeOf(linear, width, user, tlbEntry.read);
    if (place !== 0 && !(user && this.alignmentChecked)) return this.readHost(place, width);
    if ((linear & (width - 1)) !== 0) {
      if (user && this.alignmentChecked) this.fault(vectors.alignmentCheck);
      if ((linear & 0xfff) + width > 0x1000) return this.readAcross(linear, width, user);
    }
    const pageAddress = this.tlb.physicalOf(this.tlb.translate(linear, false, user));
    if (this.watch.watching) this.watch.accessed(linear, width, false);
    if (pageAddress === undefined) return cut(-1, width);
    const physical = pageAddress | (linear & 0xfff);
    const page = this.physicalPages.find(pageAddress);
    if (page !== 0) return this.readHost((page & ~0xfff) + (physical & 0xfff), width);
    return this.readBus(physical >>> 0, width);
  }
  /** Reads what no page of memory answers. */
  readBus(physical: number, width: AccessWidth): number {
    return cut(this.bus.readMemory(physical, width), width);
  }
  private readAcross(linear: number, width: AccessWidth, user: boolean): number {
    this.tlb.translate(linear, false, user);
    this.tlb.translate(endPage(linear, width), false, user);
    let value = 0;
    for (let index = 0; index < width; index++) value |= this.readLinear((linear + index) | 0, 1, user) << (8 * index);
    return value;
  }
  writeLinear(linear: number, value: number, width: AccessWidth, user: boolean): void {
    const place = this.tlb.placeOf(linear, width, user, tlbEntry.write);
    if (place !== 0 && !(user && this.alignmentChecked)) return this.storeHost(place, value, width);
    if ((linear & (width - 1)) !== 0) {
      if (user && this.alignmentChecked) this.fault(vectors.alignmentCheck);
      if ((linear & 0xfff) + width > 0x1000) return this.writeAcross(linear, value, width, user);
    }
    const pageAddress = this.tlb.physicalOf(this.tlb.translate(linear, true, user));
    if (this.watch.watching) this.watch.accessed(linear, width, true);
    if (pageAddress === undefined) return;
    const physical = pageAddress | (linear & 0xfff);
    const page = this.physicalPages.find(pageAddress);
    if (page !== 0) {
      if ((page & WRITABLE) !== 0) this.writeHost((page & ~0xfff) + (physical & 0xfff), value, width);
      return;
    }
    this.bus.writeMemory(physical >>> 0, value, width);
  }
  /** Checks that a store would succeed, without storing. Alignment goes first, as processors have it. */
  probeWrite(linear: number, width: AccessWidth, user: boolean): void {
    if (user && this.alignmentChecked && (linear & (width - 1)) !== 0) this.fault(vectors.alignmentCheck);
    this.tlb.translate(linear, true, user);
    if ((linear & 0xfff) + width > 0x1000) this.tlb.translate(endPage(linear, width), true, user);
  }
  private writeAcross(linear: number, value: number, width: AccessWidth, user: boolean): void {
    this.probeWrite(linear, width, user);
    for (let index = 0; index < width; index++) {
      this.writeLinear((linear + index) | 0, (value >>> (8 * index)) & 0xff, 1, user);
    }
  }
}
