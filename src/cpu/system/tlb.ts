/**
 * The translation lookaside buffer. Its contents are architectural: a guest can see a stale entry, so they are saved with the
 * state. Entries of data and of code, of supervisor and of user, lie apart (src/cpu/layout.ts).
 */
import { codeTlbDistance, regions, tlbDistance, tlbEntry, wordIndex } from '../layout.js';
import { cr4Bits } from './control-bits.js';
import { type Core, faultSignal } from './core.js';
import {
  largeStretchShift,
  listedBits,
  pageWordBits,
  physicalPageBits,
  remembersDirty,
  translationBits,
} from './page-entries.js';
import { FAULTED, PageWalker } from './paging.js';

const { INVALID, VALID } = pageWordBits;
const { WRITE_CHECKED, GLOBAL, LARGE, NOWHERE } = translationBits;
const { page: entryPage, physical: entryPhysical } = tlbEntry;

const entryCount = (regions.tlbEnd - regions.supervisorTlb) / tlbEntry.bytes;
const addressOf = (entry: number): number => regions.supervisorTlb + entry * tlbEntry.bytes;
const numberOf = (address: number): number => (address - regions.supervisorTlb) / tlbEntry.bytes;
const lists = ['localEntries', 'globalEntries'] as const;
type ListName = (typeof lists)[number];
const bitOf = { localEntries: listedBits.local, globalEntries: listedBits.global } as const;

/** From one quarter of the TLB to the next: data of supervisor and user, then their code. */
const quarterDistance = regions.userTlb - regions.supervisorTlb;
const quarterEntries = quarterDistance / tlbEntry.bytes;

export class Tlb {
  readonly walker: PageWalker;
  // Which entries may be valid, and where large pages are: in the one memory, as WebAssembly fills entries as well.
  private readonly listed: Readonly<Record<ListName, Uint16Array>>;
  private readonly isListed: Uint8Array;
  private readonly largeStretches: Uint8Array;
  private readonly remembersDirty: boolean;

  constructor(private readonly core: Core) {
    this.walker = new PageWalker(core);
    this.remembersDirty = remembersDirty(core.model);
    const { buffer } = core.memory;
    this.listed = {
      localEntries: new Uint16Array(buffer, regions.localEntries, entryCount),
      globalEntries: new Uint16Array(buffer, regions.globalEntries, entryCount),
    };
    this.isListed = new Uint8Array(buffer, regions.isListed, entryCount);
    this.largeStretches = new Uint8Array(buffer, regions.largeStretches, 2 ** (32 - largeStretchShift));
    core.i32.fill(INVALID, regions.supervisorTlb >> 2, regions.tlbEnd >> 2);
  }

  /** Visits the entries that may be valid; those of pages that were local and global in turn, twice. */
  private forEachListed(visit: (entry: number) => void): void {
    for (const list of lists) {
      const numbers = this.listed[list];
      const count = this.core.i32[wordIndex[list]]!;
      for (let at = 0; at < count; at++) visit(addressOf(numbers[at]!));
    }
  }

  /** The entry that translates a linear address of data; faults as the page tables say. */
  translate(linear: number, write: boolean, user: boolean): number {
    const entry = this.tryTranslate(linear, write, user);
    if (entry === 0) throw faultSignal;
    return entry;
  }
  /** The same, but gives 0 after a fault was noted: an exception would cost more than a fault's delivery. */
  tryTranslate(linear: number, write: boolean, user: boolean): number {
    return this.translateAt(this.entryFor(linear, user), linear, write, user);
  }
  /** The entry that translates a linear address of code; 0 after a fault was noted. */
  tryTranslateCode(linear: number, user: boolean): number {
    return this.translateAt(this.entryFor(linear, user) + codeTlbDistance, linear, false, user);
  }
  /** The host address of data that the fast way would find; 0 where it would not. */
  placeOf(linear: number, bytes: number, user: boolean, tag: number): number {
    const { i32 } = this.core;
    const entry = this.entryFor(linear, user);
    if (i32[(entry + tag) >> 2] !== ((linear + bytes - 1) & ~0xfff)) return 0;
    return (linear + i32[(entry + tlbEntry.addend) >> 2]!) | 0;
  }
  /** The physical address of data in a page that is looked up already and lies on the bus; -1 where it is not such a one. */
  busPlace(linear: number, bytes: number, write: boolean, user: boolean): number {
    const { i32, bus } = this.core;
    const entry = this.entryFor(linear, user);
    const word = i32[(entry + entryPage) >> 2]!;
    const isHit =
      ((word ^ (linear + bytes - 1)) & ~0xfff) === 0 && ((word ^ linear) & ~0xfff) === 0 && (word & VALID) !== 0;
    if (!isHit || (write && (word & WRITE_CHECKED) === 0)) return -1;
    const physical = i32[(entry + entryPhysical) >> 2]!;
    if ((physical & NOWHERE) !== 0 || bus.page(physical).address !== 0) return -1;
    return (physical | (linear & 0xfff)) >>> 0;
  }
  private entryFor(linear: number, user: boolean): number {
    return (user ? regions.userTlb : regions.supervisorTlb) + tlbDistance(linear);
  }
  private translateAt(entry: number, linear: number, write: boolean, user: boolean): number {
    const word = this.core.i32[(entry + entryPage) >> 2]!;
    const isHit = ((word ^ linear) & ~0xfff) === 0 && (word & VALID) !== 0;
    if (!isHit || (write && (word & WRITE_CHECKED) === 0)) {
      if (!this.fill(entry, linear, write, user)) return 0;
    }
    if (write) this.openForWrites(entry);
    return entry;
  }
  /** A page is about to be written: once that is noted, later writes may go the fast way. */
  private openForWrites(entry: number): void {
    const { i32, physicalPages, written } = this.core;
    if ((i32[(entry + tlbEntry.write) >> 2]! & i32[(entry + tlbEntry.writeCode) >> 2]!) !== 1) return;
    const physical = this.physicalOf(entry);
    const found = physical === undefined ? 0 : physicalPages.find(physical);
    if ((found & physicalPageBits.WRITABLE) === 0) return;
    written.willWrite(found & ~0xfff, 1);
    this.deriveTags(entry);
  }
  /** Writes between two host addresses go the slow way once more, so that the pages that they reach are noted. */
  closeToWrites(host: number, bytes: number): void {
    const { i32 } = this.core;
    this.forEachListed((entry) => {
      const [write, writeCode] = [(entry + tlbEntry.write) >> 2, (entry + tlbEntry.writeCode) >> 2];
      const tag = i32[write] === 1 ? i32[writeCode]! : i32[write]!;
      if (tag === 1 || (tag + i32[(entry + tlbEntry.addend) >> 2]! - host) >>> 0 >= bytes) return;
      i32[write] = 1;
      i32[writeCode] = 1;
    });
  }
  /** A page got its first code: entries of data that wrote it freely must look at its lines from now on. */
  splitFromCode(hostPageAddress: number): void {
    const { i32 } = this.core;
    const hostPage = hostPageAddress | 0;
    this.forEachListed((entry) => {
      const tag = i32[(entry + tlbEntry.write) >> 2]!;
      const isOfPage = tag !== 1 && ((tag + i32[(entry + tlbEntry.addend) >> 2]!) | 0) === hostPage;
      if (!isOfPage || entry >= regions.codeTlb) return;
      i32[(entry + tlbEntry.writeCode) >> 2] = tag;
      i32[(entry + tlbEntry.write) >> 2] = 1;
    });
  }
  private fill(entry: number, linear: number, write: boolean, user: boolean): boolean {
    const { core } = this;
    const index = entry >> 2;
    let found = (linear & ~0xfff) | WRITE_CHECKED;
    if (core.paging) {
      found = this.walker.walk(linear, write, user);
      if (found === FAULTED) return false;
      if (!write && !this.remembersDirty) found &= ~WRITE_CHECKED;
    }
    core.i32[index + (entryPage >> 2)] = (linear & ~0xfff) | VALID | (found & (WRITE_CHECKED | GLOBAL | LARGE));
    core.i32[index + (entryPhysical >> 2)] = (found & core.addressMask & ~0xfff) | (found & NOWHERE);
    this.note(entry, linear, found);
    this.deriveTags(entry);
    return true;
  }
  private note(entry: number, linear: number, found: number): void {
    const number = numberOf(entry);
    const list = (found & GLOBAL) === 0 ? 'localEntries' : 'globalEntries';
    if ((this.isListed[number]! & bitOf[list]) === 0) {
      this.isListed[number]! |= bitOf[list];
      this.listed[list][this.core.i32[wordIndex[list]]!++] = number;
    }
    if ((found & LARGE) !== 0) this.largeStretches[linear >>> largeStretchShift] = 1;
  }

  /** The physical page of an entry; undefined above 4 GiB, where nothing answers. */
  physicalOf(entry: number): number | undefined {
    const physical = this.core.i32[(entry + entryPhysical) >> 2]!;
    return (physical & NOWHERE) === 0 ? physical : undefined;
  }
  /** The fast tags follow from page, physical address and what the page holds. */
  deriveTags(entry: number): void {
    const { i32, physicalPages, code, plan, watch, written } = this.core;
    const index = entry >> 2;
    const word = i32[index + (entryPage >> 2)]!;
    const page = word & ~0xfff;
    const physical = (word & VALID) === 0 ? undefined : this.physicalOf(entry);
    const found = physical === undefined ? 0 : physicalPages.find(physical);
    const host = found & ~0xfff;
    const mapped = host !== 0 && !watch.watchesPage(page);
    i32[index + (tlbEntry.read >> 2)] = mapped ? page : 1;
    i32[index + (tlbEntry.addend >> 2)] = mapped ? (host - page) | 0 : 0;
    i32[index + (tlbEntry.execute >> 2)] = 1;
    const hostPage = mapped ? (host - plan.ram) >>> 12 : 0;
    const isWritable = mapped && (found & physicalPageBits.WRITABLE) !== 0 && (word & WRITE_CHECKED) !== 0;
    const writable = isWritable && written.has(hostPage);
    const hasCode = mapped && code.hasCode(hostPage);
    i32[index + (tlbEntry.write >> 2)] = writable && !hasCode ? page : 1;
    i32[index + (tlbEntry.writeCode >> 2)] = writable && hasCode ? page : 1;
  }

  /** What watches a page of data changed. */
  rederivePage(page: number): void {
    for (const user of [false, true]) {
      const entry = this.entryFor(page, user);
      if (((this.core.i32[(entry + entryPage) >> 2]! ^ page) & ~0xfff) === 0) this.deriveTags(entry);
    }
  }

  /** Forgets every translation. */
  flush(): void {
    for (const list of lists) this.forget(list, () => true);
    this.largeStretches.fill(0);
  }
  /** Forgets every translation but those of global pages, as a load of CR3 does. */
  flushLocal(): void {
    this.forget('localEntries', (word) => (word & GLOBAL) === 0);
  }
  /** INVLPG: forgets the translations of one page, large or small, global or not. */
  flushPage(linear: number): void {
    const { i32 } = this.core;
    const first = this.entryFor(linear, false);
    for (let quarter = 0; quarter < 4; quarter++) {
      const entry = first + quarter * quarterDistance;
      if (((i32[(entry + entryPage) >> 2]! ^ linear) & ~0xfff) === 0) this.invalidate(entry);
    }
    const bytes = (this.core.get('cr4') & cr4Bits.PAE) !== 0 ? 2 ** 21 : 2 ** 22;
    const start = linear & -bytes;
    const last = (start + bytes - 1) >>> largeStretchShift;
    if (this.largeStretches[start >>> largeStretchShift] === 0 && this.largeStretches[last] === 0) return;
    for (const list of lists) this.forget(list, (word) => (word & LARGE) !== 0 && ((word ^ linear) & -bytes) === 0);
  }
  /** CR0.WP changed: what the supervisor may write is looked up again. */
  forgetWriteChecks(): void {
    this.forEachListed((entry) => {
      if (entry >= regions.userTlb) return;
      this.core.i32[(entry + entryPage) >> 2]! &= ~WRITE_CHECKED;
      this.deriveTags(entry);
    });
  }
  /** Forgets entries of a list by their page words; the list keeps the others that belong to it. */
  private forget(list: ListName, chooses: (word: number) => boolean): void {
    const { i32 } = this.core;
    const numbers = this.listed[list];
    const count = i32[wordIndex[list]]!;
    const isGlobal = list === 'globalEntries';
    let kept = 0;
    for (let at = 0; at < count; at++) {
      const number = numbers[at]!;
      const entry = addressOf(number);
      const word = i32[(entry + entryPage) >> 2]!;
      const isChosen = (word & VALID) !== 0 && chooses(word);
      if (isChosen) this.invalidate(entry);
      if ((word & VALID) !== 0 && !isChosen && ((word & GLOBAL) !== 0) === isGlobal) numbers[kept++] = number;
      else this.isListed[number]! &= ~bitOf[list];
    }
    i32[wordIndex[list]] = kept;
  }
  private invalidate(entry: number): void {
    const { i32 } = this.core;
    for (let index = entry >> 2; index < (entry + tlbEntry.bytes) >> 2; index++) i32[index] = INVALID;
  }

  /** Forgets which code the entries lead to, and looks again at which pages hold code. */
  codeForgotten(): void {
    this.forEachListed((entry) => this.deriveTags(entry));
  }
  /** Valid translations as triples, in the order of the entries: quarter of the TLB, page word, physical address. */
  saved(): Int32Array {
    const { i32, u8 } = this.core;
    const found: number[] = [];
    for (let number = 0; number < entryCount; number++) {
      if (u8[regions.isListed + number] === 0) continue;
      const entry = addressOf(number);
      const word = i32[(entry + entryPage) >> 2]!;
      if ((word & VALID) === 0) continue;
      found.push(Math.trunc(number / quarterEntries), word, i32[(entry + entryPhysical) >> 2]!);
    }
    return Int32Array.from(found);
  }
  load(saved: Int32Array): void {
    const { i32 } = this.core;
    this.flush();
    for (let index = 0; index < saved.length; index += 3) {
      const word = saved[index + 1]!;
      const entry = regions.supervisorTlb + saved[index]! * quarterDistance + tlbDistance(word);
      i32[(entry + entryPage) >> 2] = word;
      i32[(entry + entryPhysical) >> 2] = saved[index + 2]!;
      this.note(entry, word, word);
      this.deriveTags(entry);
    }
  }
}
