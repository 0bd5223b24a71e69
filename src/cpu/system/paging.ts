/**
 * Page table walks: 4 KiB and 4 MiB pages, and physical address extension (Intel SDM Vol. 3A, chapter 4). The 80386's chapter
 * is the 386 DX Programmer's Reference Manual (230985), section 5.2.
 */
import { modelSpecific, wordIndex } from '../layout.js';
import { cr0Bits, cr4Bits } from './control-bits.js';
import { type Core, vectors } from './core.js';
import {
  aboveMemory,
  pageEntry,
  reservedAbove,
  reservedBits,
  translationBits,
  type ReservedBits,
} from './page-entries.js';

const { PRESENT, WRITABLE, USER, ACCESSED, DIRTY, SIZE } = pageEntry;

/** Bits of a page fault's error code (SDM Vol. 3A, section 4.7). */
const faultBits = { present: 1, write: 2, user: 4, reserved: 8 } as const;

/** What no walk gives otherwise: no bit of {@link translationBits} is 4. */
export const FAULTED = 4;

type Outcome = 'found' | 'absent' | 'reserved';
/** Reads a doubleword of physical memory. */
type Read = (address: number) => number;

/** Nothing lies above 4 GiB: what is read from there is all ones, as from any bus that nobody answers. */
const nothing = -1;

export class PageWalker {
  // What the last look found.
  private rights = 0;
  private physical = 0;
  private flags = 0;
  /** The last entry, and the directory's entry above it where there are two. */
  private leafAddress = 0;
  private leaf = 0;
  private directoryAddress = 0;
  private directory = 0;
  private hasTable = false;

  private readonly reserved: ReservedBits;
  private readonly hasPse36: boolean;
  private readonly read: Read = (address) => this.core.readPhysical(address & this.core.addressMask, 4);

  constructor(private readonly core: Core) {
    this.hasPse36 = core.has('pse36');
    this.reserved = reservedBits(core.model);
  }

  /**
   * Walks for an access: gives the physical page with {@link translationBits}, and sets the accessed and dirty marks; or gives
   * {@link FAULTED} with the fault noted.
   */
  walk(linear: number, write: boolean, user: boolean): number {
    const { core } = this;
    const outcome = this.look(linear, this.read);
    if (outcome !== 'found')
      return this.fault(linear, write, user, outcome === 'reserved' ? faultBits.reserved | 1 : 0);
    const writable = (this.rights & WRITABLE) !== 0 || (!user && (core.i32[wordIndex.cr0]! & cr0Bits.WP) === 0);
    if ((user && (this.rights & USER) === 0) || (write && !writable)) {
      return this.fault(linear, write, user, faultBits.present);
    }
    if (this.hasTable && (this.directory & ACCESSED) === 0) {
      core.writePhysical(this.directoryAddress & core.addressMask, this.directory | ACCESSED, 4);
    }
    const marked = this.leaf | ACCESSED | (write ? DIRTY : 0);
    if (marked !== this.leaf) core.writePhysical(this.leafAddress & core.addressMask, marked, 4);
    const checked = writable && (marked & DIRTY) !== 0 ? translationBits.WRITE_CHECKED : 0;
    return this.physical | this.flags | checked;
  }
  private fault(linear: number, write: boolean, user: boolean, cause: number): number {
    this.core.i32[wordIndex.cr2] = linear;
    this.core.noteFault(vectors.pageFault, cause | (write ? faultBits.write : 0) | (user ? faultBits.user : 0));
    return FAULTED;
  }

  /** The physical address behind a linear one, as the tables stand; undefined where no page is present. Changes nothing. */
  peek(linear: number): number | undefined {
    const { core } = this;
    if (!core.paging) return linear & core.addressMask;
    const read = (address: number): number => {
      const page = core.bus.page(address & core.addressMask & ~0xfff);
      return page.address === 0 ? 0 : core.view.getInt32(page.address + (address & 0xffc), true);
    };
    if (this.look(linear, read) !== 'found' || (this.flags & translationBits.NOWHERE) !== 0) return undefined;
    return (this.physical | (linear & 0xfff)) & core.addressMask;
  }

  private look(linear: number, read: Read): Outcome {
    return (this.core.i32[wordIndex.cr4]! & cr4Bits.PAE) !== 0
      ? this.lookExtended(linear, read)
      : this.lookPlain(linear, read);
  }

  /** Two levels of 32-bit entries. */
  private lookPlain(linear: number, read: Read): Outcome {
    const { core } = this;
    const large = (core.i32[wordIndex.cr4]! & cr4Bits.PSE) !== 0;
    this.directoryAddress = (core.i32[wordIndex.cr3]! & ~0xfff) | ((linear >>> 20) & 0xffc);
    this.directory = read(this.directoryAddress);
    if ((this.directory & PRESENT) === 0) return 'absent';
    if (large && (this.directory & SIZE) !== 0) {
      if ((this.directory & this.reserved.large4M) !== 0) return 'reserved';
      const above = this.hasPse36 ? (this.directory >>> 13) & 0xf : 0;
      return this.foundLarge(linear, 0x3f_ffff, above);
    }
    this.leafAddress = (this.directory & ~0xfff) | ((linear >>> 10) & 0xffc);
    this.leaf = read(this.leafAddress);
    if ((this.leaf & PRESENT) === 0) return 'absent';
    if (large && (this.leaf & this.reserved.table) !== 0) return 'reserved';
    return this.foundSmall(0);
  }

  /** Three levels of 64-bit entries, of which the first is in registers. */
  private lookExtended(linear: number, read: Read): Outcome {
    const { core } = this;
    const pointer = modelSpecific.pageDirectoryPointers + (linear >>> 30) * 8;
    const pointerLow = core.view.getInt32(pointer, true);
    if ((pointerLow & PRESENT) === 0) return 'absent';
    const isAbove = (core.view.getInt32(pointer + 4, true) & aboveMemory) !== 0;
    this.directoryAddress = (pointerLow & ~0xfff) | ((linear >>> 18) & 0xff8);
    this.directory = isAbove ? nothing : read(this.directoryAddress);
    if ((this.directory & PRESENT) === 0) return 'absent';
    const directoryHigh = isAbove ? nothing : read(this.directoryAddress + 4);
    if ((directoryHigh & reservedAbove) !== 0) return 'reserved';
    if ((this.directory & SIZE) !== 0) {
      if ((this.directory & this.reserved.large2M) !== 0) return 'reserved';
      return this.foundLarge(linear, 0x1f_ffff, directoryHigh & aboveMemory);
    }
    const tableIsAbove = (directoryHigh & aboveMemory) !== 0;
    this.leafAddress = (this.directory & ~0xfff) | ((linear >>> 9) & 0xff8);
    this.leaf = tableIsAbove ? nothing : read(this.leafAddress);
    if ((this.leaf & PRESENT) === 0) return 'absent';
    const leafHigh = tableIsAbove ? nothing : read(this.leafAddress + 4);
    if ((leafHigh & reservedAbove) !== 0 || (this.leaf & this.reserved.table) !== 0) return 'reserved';
    return this.foundSmall(leafHigh & aboveMemory);
  }

  private foundLarge(linear: number, within: number, above: number): 'found' {
    this.hasTable = false;
    this.leafAddress = this.directoryAddress;
    this.leaf = this.directory;
    this.rights = this.directory;
    this.physical = (this.directory & ~within) | (linear & within & ~0xfff);
    this.flags = translationBits.LARGE | this.commonFlags(above);
    return 'found';
  }
  private foundSmall(above: number): 'found' {
    this.hasTable = true;
    this.rights = this.directory & this.leaf;
    this.physical = this.leaf & ~0xfff;
    this.flags = this.commonFlags(above);
    return 'found';
  }
  private commonFlags(above: number): number {
    const isGlobal = (this.leaf & pageEntry.GLOBAL) !== 0 && (this.core.i32[wordIndex.cr4]! & cr4Bits.PGE) !== 0;
    return (above === 0 ? 0 : translationBits.NOWHERE) | (isGlobal ? translationBits.GLOBAL : 0);
  }
}

/** Reserved bits of a page directory pointer (SDM Vol. 3A, table 4-8): 1, 2, 5 to 8, and those above the 36th. */
const reservedInPointer = 0x1e6;

/** Loads the four page directory pointers that CR3 names; faults before anything changed. */
export function loadPageDirectoryPointers(core: Core, cr3: number): void {
  const read = (offset: number): number => core.readPhysical(((cr3 & ~0x1f) + offset) & core.addressMask, 4);
  const words = Array.from({ length: 8 }, (_, index) => read(index * 4));
  for (let index = 0; index < 8; index += 2) {
    const [low, high] = [words[index]!, words[index + 1]!];
    if ((low & PRESENT) === 0) continue;
    if ((low & reservedInPointer) !== 0 || (high & reservedAbove) !== 0) core.fault(vectors.generalProtection);
  }
  words.forEach((word, index) => core.view.setInt32(modelSpecific.pageDirectoryPointers + index * 4, word, true));
}

/** The physical address behind a linear one, as the tables stand; undefined where no page is present. Changes nothing. */
export const peekPhysical = (core: Core, linear: number): number | undefined => core.tlb.walker.peek(linear);
