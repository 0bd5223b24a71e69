/**
 * The translation lookaside buffer. Its contents are architectural: a guest can see a stale entry, so they are saved with the
 * state. Entries of data and of code, of supervisor and of user, lie apart (src/cpu/layout.ts).
 */
import { codeTlbDistance, regions, tlbEntries, tlbEntry, translationBits } from '../layout.js';
import { atLeast } from '../model.js';
import { cr4Bits } from './control-bits.js';
import { type Core, faultSignal } from './core.js';
import { FAULTED, PageWalker } from './paging.js';

/** Bits of an entry's page word. */
const INVALID = 1;
const VALID = 4;
const { WRITE_CHECKED, GLOBAL, LARGE, NOWHERE } = translationBits;
const entryPage = 24;
/** The physical page; {@link NOWHERE} is set where it lies above 4 GiB, where nothing is. */
const entryPhysical = 28;

const entryCount = (regions.writtenPages - regions.supervisorTlb) / tlbEntry.bytes;
const addressOf = (entry: number): number => regions.supervisorTlb + entry * tlbEntry.bytes;
const numberOf = (address: number): number => (address - regions.supervisorTlb) / tlbEntry.bytes;

/** From one quarter of the TLB to the next: data of supervisor and user, then their code. */
const halfDistance = regions.userTlb - regions.supervisorTlb;

/** Large pages are looked for by stretches of 2 MiB, the smaller of their two sizes. */
const stretchShift = 21;

export class Tlb {
  readonly walker: PageWalker;
  /** Numbers of the entries that may be valid, so that a flush looks at those alone. */
  private readonly filled = new Uint16Array(entryCount);
  private filledCount = 0;
  private readonly isFilled = new Uint8Array(entryCount);
  /** Stretches of linear memory that may have entries of large pages. */
  private readonly largeStretches = new Uint8Array(2 ** (32 - stretchShift));
  /** From the 80486 on, a page that is already dirty is writable without a second walk. */
  private readonly remembersDirty: boolean;

  constructor(private readonly core: Core) {
    this.walker = new PageWalker(core);
    this.remembersDirty = atLeast(core.model, '80486');
    core.i32.fill(INVALID, regions.supervisorTlb >> 2, regions.writtenPages >> 2);
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
    const half = user ? regions.userTlb : regions.supervisorTlb;
    return half + ((linear >>> 12) & (tlbEntries - 1)) * tlbEntry.bytes;
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
    const { i32, bus, written } = this.core;
    if ((i32[(entry + tlbEntry.write) >> 2]! & i32[(entry + tlbEntry.writeCode) >> 2]!) !== 1) return;
    const physical = this.physicalOf(entry);
    const host = physical === undefined ? undefined : bus.page(physical);
    if (host === undefined || host.address === 0 || !host.writable) return;
    written.willWrite(host.address, 1);
    this.deriveTags(entry);
  }
  /** Writes go the slow way once more, so that the pages that they reach are noted. */
  closeToWrites(): void {
    const { i32 } = this.core;
    for (let at = 0; at < this.filledCount; at++) {
      const entry = addressOf(this.filled[at]!);
      i32[(entry + tlbEntry.write) >> 2] = 1;
      i32[(entry + tlbEntry.writeCode) >> 2] = 1;
    }
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
    if (this.isFilled[number] === 0) {
      this.isFilled[number] = 1;
      this.filled[this.filledCount++] = number;
    }
    if ((found & LARGE) !== 0) this.largeStretches[linear >>> stretchShift] = 1;
  }

  /** The physical page of an entry; undefined above 4 GiB, where nothing answers. */
  physicalOf(entry: number): number | undefined {
    const physical = this.core.i32[(entry + entryPhysical) >> 2]!;
    return (physical & NOWHERE) === 0 ? physical : undefined;
  }
  /** The fast tags follow from page, physical address and what the page holds. */
  deriveTags(entry: number): void {
    const { i32, bus, code, plan, watch, written } = this.core;
    const index = entry >> 2;
    const word = i32[index + (entryPage >> 2)]!;
    const page = word & ~0xfff;
    const physical = (word & VALID) === 0 ? undefined : this.physicalOf(entry);
    const host = physical === undefined ? undefined : bus.page(physical);
    const mapped = host !== undefined && host.address !== 0 && !watch.watchesPage(page);
    i32[index + (tlbEntry.read >> 2)] = mapped ? page : 1;
    i32[index + (tlbEntry.addend >> 2)] = mapped ? (host.address - page) | 0 : 0;
    i32[index + (tlbEntry.execute >> 2)] = 1;
    const hostPage = mapped ? (host.address - plan.ram) >>> 12 : 0;
    const writable = mapped && host.writable && (word & WRITE_CHECKED) !== 0 && written.has(hostPage);
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
    this.forget(() => true);
  }
  /** Forgets every translation but those of global pages, as a load of CR3 does. */
  flushLocal(): void {
    this.forget((word) => (word & GLOBAL) === 0);
  }
  /** INVLPG: forgets the translations of one page, large or small, global or not. */
  flushPage(linear: number): void {
    const { i32 } = this.core;
    const first = this.entryFor(linear, false);
    for (let half = 0; half < 4; half++) {
      const entry = first + half * halfDistance;
      if (((i32[(entry + entryPage) >> 2]! ^ linear) & ~0xfff) === 0) this.invalidate(entry);
    }
    const bytes = (this.core.get('cr4') & cr4Bits.PAE) !== 0 ? 2 ** 21 : 2 ** 22;
    const start = linear & -bytes;
    const last = (start + bytes - 1) >>> stretchShift;
    if (this.largeStretches[start >>> stretchShift] === 0 && this.largeStretches[last] === 0) return;
    this.forget((word) => (word & LARGE) !== 0 && ((word ^ linear) & -bytes) === 0);
  }
  /** CR0.WP changed: what the supervisor may write is looked up again. */
  forgetWriteChecks(): void {
    for (let at = 0; at < this.filledCount; at++) {
      const entry = addressOf(this.filled[at]!);
      if (entry >= regions.userTlb) continue;
      this.core.i32[(entry + entryPage) >> 2]! &= ~WRITE_CHECKED;
      this.deriveTags(entry);
    }
  }
  private forget(chooses: (word: number) => boolean): void {
    let kept = 0;
    this.largeStretches.fill(0);
    for (let at = 0; at < this.filledCount; at++) {
      const number = this.filled[at]!;
      const entry = addressOf(number);
      const word = this.core.i32[(entry + entryPage) >> 2]!;
      if ((word & VALID) !== 0 && !chooses(word)) {
        this.filled[kept++] = number;
        if ((word & LARGE) !== 0) this.largeStretches[word >>> stretchShift] = 1;
        continue;
      }
      this.isFilled[number] = 0;
      this.invalidate(entry);
    }
    this.filledCount = kept;
  }
  private invalidate(entry: number): void {
    const { i32 } = this.core;
    for (let index = entry >> 2; index < (entry + tlbEntry.bytes) >> 2; index++) i32[index] = INVALID;
  }

  /** Forgets which code the entries lead to, and looks again at which pages hold code. */
  codeForgotten(): void {
    for (let at = 0; at < this.filledCount; at++) this.deriveTags(addressOf(this.filled[at]!));
  }
  /** Valid translations as triples: entry number, page word, physical address. */
  saved(): Int32Array {
    const { i32 } = this.core;
    const found: number[] = [];
    for (let number = 0; number < entryCount; number++) {
      const entry = addressOf(number);
      const word = i32[(entry + entryPage) >> 2]!;
      if ((word & VALID) !== 0) found.push(number, word, i32[(entry + entryPhysical) >> 2]!);
    }
    return Int32Array.from(found);
  }
  load(saved: Int32Array): void {
    const { i32 } = this.core;
    this.flush();
    for (let index = 0; index < saved.length; index += 3) {
      const entry = addressOf(saved[index]!);
      const word = saved[index + 1]!;
      i32[(entry + entryPage) >> 2] = word;
      i32[(entry + entryPhysical) >> 2] = saved[index + 2]!;
      this.note(entry, word, word);
      this.deriveTags(entry);
    }
  }
}
