/**
 * Decoded records by physical page. A page's table leads from offset to record; records of one block lie in a row. A store
 * into bytes that a record was decoded from takes the record out, and whoever reaches it looks the address up anew.
 */
import { assert } from '../../base/assert.js';
import { pseudoHandlers } from '../engine/interpreter/handlers.js';
import { codeLineBytes, record, regions } from '../layout.js';
import { codeTableBytes } from '../memory-plan.js';
import type { CodeWatch, Core } from '../system/core.js';
import { type CrossingPlace, crossingRecords, Crossings } from './crossings.js';
import { type CodeMode, Decoder, type Fetch } from './decoder.js';
import { LoneInstructions } from './lone-instructions.js';

/** Longest run of instructions that take their cycles at once. */
const blockLength = 64;
const longestInstruction = 15;
/** So many cuts are kept beyond their use. */
const mostCuts = 64;

/** Which of a page's tables: code size, stack size, and whether the code segment starts inside the page. */
export interface TableMode extends CodeMode {
  readonly startsInside: boolean;
}
const modeNumber = (mode: TableMode): number =>
  (mode.code32 ? 1 : 0) | (mode.stack32 ? 2 : 0) | (mode.startsInside ? 4 : 0);

/** In the place of a page's table where it has code and none. */
const noTable = 1;

/** Told of changes by whoever made something of decoded code. */
export interface CodeUser {
  /** Records of a page's table were taken out. */
  changed(table: number): void;
  /** The page of a table holds something else altogether. */
  replaced(table: number): void;
  /** All records are gone. */
  forget(): void;
}

export class CodeCache implements CodeWatch {
  readonly decoder: Decoder;
  private readonly alone: LoneInstructions;
  readonly crossings: Crossings;
  /** Set where compiled code is made of what is decoded. */
  user: CodeUser | undefined;
  private readonly tables = new Map<number, number>();
  private readonly tablesOfPage = new Map<number, number[]>();
  private tableCount = 0;
  /** Counts flushes: records found before one are gone after it. */
  generation = 0;
  private nextRecord: number;
  /** Offsets in a page at which the run loop looks before every instruction: no block goes on to them, and no table has them. */
  private readonly cuts = new Set<number>();

  constructor(private readonly core: Core) {
    this.decoder = new Decoder(core.model, core.view);
    this.alone = new LoneInstructions(this.decoder, core.u8);
    this.crossings = new Crossings(core);
    this.nextRecord = core.plan.records;
  }

  hasCode(hostPage: number): boolean {
    return this.core.i32[(regions.codePages >> 2) + hostPage] !== 0;
  }

  /** Whether another block can be decoded; else everything has to be dropped first. */
  get hasRoom(): boolean {
    return this.nextRecord + (blockLength + 2) * record.bytes <= this.core.plan.recordsEnd;
  }
  /** Drops everything; only between instructions. */
  flush(): void {
    const { core } = this;
    const { plan } = core;
    this.generation++;
    core.u8.fill(0, plan.codeTables, plan.codeTables + this.tableCount * codeTableBytes);
    core.u8.fill(0, plan.codeLines, plan.codeLines + (plan.ramBytes + plan.romBytes + plan.videoBytes) / codeLineBytes);
    for (const page of this.tablesOfPage.keys()) core.i32[(regions.codePages >> 2) + page] = 0;
    this.tables.clear();
    this.tablesOfPage.clear();
    this.crossings.forget();
    this.tableCount = 0;
    this.nextRecord = plan.records;
    this.user?.forget();
    core.tlb.codeForgotten();
  }
  /**
   * Cuts blocks at these linear addresses. Cuts of before may stay: they only cost time, and a debugger that sets and clears the
   * same breakpoints over and over does not drop all code each time.
   */
  cutAt(linear: readonly number[]): void {
    const offsets = linear.map((address) => address & 0xfff);
    if (offsets.every((offset) => this.cuts.has(offset))) return;
    if (this.cuts.size > mostCuts) this.cuts.clear();
    for (const offset of offsets) this.cuts.add(offset);
    this.flush();
  }
  /** Nothing stops anywhere any more: what was left out is decoded when it is reached. */
  forgetCuts(): void {
    this.cuts.clear();
  }
  /** Whether an instruction at this offset of some page runs alone, so that the run loop sees it. */
  isCut(offset: number): boolean {
    return this.cuts.has(offset);
  }

  /** The table of a host page; makes one, and splits code from data in the TLB. */
  table(hostAddress: number, mode: TableMode): number {
    const { core } = this;
    const hostPage = (hostAddress - core.plan.ram) >>> 12;
    const key = hostPage * 8 + modeNumber(mode);
    const known = this.tables.get(key);
    if (known !== undefined) return this.rememberTable(hostPage, known, mode);
    if (this.tableCount === core.plan.codeTableCount) this.flush();
    const table = core.plan.codeTables + this.tableCount++ * codeTableBytes;
    this.tables.set(key, table);
    const others = this.tablesOfPage.get(hostPage);
    if (others !== undefined) others.push(table);
    else {
      this.tablesOfPage.set(hostPage, [table]);
      this.core.tlb.splitFromCode(hostAddress & ~0xfff);
    }
    return this.rememberTable(hostPage, table, mode);
  }
  /** The engine finds the table that was used last by itself. */
  private rememberTable(hostPage: number, table: number, mode: TableMode): number {
    this.core.i32[(regions.codePages >> 2) + hostPage] = table | modeNumber(mode);
    return table;
  }
  /**
   * The record at `offset` of the page at `hostPage`, decoding its block if need be. Gives 0 where the instruction does not
   * lie in this page alone.
   */
  recordAt(table: number, hostPage: number, offset: number, mode: TableMode): number {
    const { i32 } = this.core;
    const known = i32[(table + offset * 4) >> 2]!;
    if (known !== 0) return known;
    return this.decodeBlock(table, hostPage, offset, mode);
  }

  private decodeBlock(table: number, hostPage: number, start: number, mode: TableMode): number {
    const { core } = this;
    const { view, i32, u8 } = core;
    assert(this.hasRoom, 'there is room for a block');
    const first = this.nextRecord;
    let offset = start;
    let count = 0;
    let ended = false;
    while (count < blockLength && !ended) {
      const from = offset;
      if (from > 0xfff || i32[(table + from * 4) >> 2] !== 0 || this.isCut(from)) break;
      const fetch: Fetch = (index) => (from + index > 0xfff ? -1 : u8[hostPage + from + index]!);
      const result = this.decoder.decode(this.nextRecord, mode, fetch);
      if (result.kind !== 'instruction') break;
      view.setUint16(this.nextRecord + record.pageOffset, from, true);
      i32[(table + from * 4) >> 2] = this.nextRecord;
      this.markLines(hostPage + from, result.length);
      this.nextRecord += record.bytes;
      count++;
      offset += result.length;
      ended = result.endsBlock;
    }
    if (count === 0) return 0;
    for (let index = 0; index < count; index++) {
      view.setUint16(first + index * record.bytes + record.remaining, count - index, true);
    }
    // Conditional jumps and their like fall through, so something follows every block.
    this.continueAt(table, offset);
    return first;
  }
  /** A record that leads on to `offset`: to what is decoded there, or to a new look-up. */
  private continueAt(table: number, offset: number): void {
    const { view, i32 } = this.core;
    const at = this.nextRecord;
    this.nextRecord += record.bytes;
    const target = offset > 0xfff ? 0 : i32[(table + offset * 4) >> 2]!;
    view.setUint16(at + record.handler, target === 0 ? pseudoHandlers.refetch : pseudoHandlers.goto, true);
    view.setUint16(at + record.remaining, 0, true);
    view.setUint16(at + record.pageOffset, offset, true);
    view.setInt32(at + record.link, target, true);
  }

  /** Decodes one instruction outside the tables, followed by a new look-up; for page-crossing code and single steps. */
  decodeAlone(mode: CodeMode, linear: number, fetch: Fetch): 'decoded' | 'unavailable' | 'tooLong' {
    const at = regions.scratchRecords;
    const pageOffset = linear & 0xfff;
    const result = this.alone.decode(at, mode, linear, fetch);
    if (result.kind !== 'instruction') return result.kind;
    const { view } = this.core;
    view.setUint16(at + record.remaining, 1, true);
    view.setUint16(at + record.pageOffset, pageOffset, true);
    const next = at + record.bytes;
    view.setUint16(next + record.handler, pseudoHandlers.refetch, true);
    view.setUint16(next + record.remaining, 0, true);
    view.setUint16(next + record.pageOffset, pageOffset + result.length, true);
    return 'decoded';
  }

  /** Keeps the page-crossing instruction that was decoded alone just now. Repeated ones stay alone: each iteration fetches them anew. */
  keepCrossing(place: CrossingPlace): void {
    const { core } = this;
    const { view, i32 } = core;
    const scratch = regions.scratchRecords;
    const inFirst = 0x1000 - place.offset;
    const inSecond = view.getUint8(scratch + record.length) - inFirst;
    if (inSecond <= 0 || view.getUint8(scratch + record.repeat) !== 0 || core.model === '8086' || !this.hasRoom) return;
    const known = i32[(place.table + place.offset * 4) >> 2]!;
    const at = known === 0 ? this.nextRecord : known;
    if (known === 0) this.nextRecord += crossingRecords * record.bytes;
    else if (!this.crossings.isCrossing(known)) return;
    this.crossings.write(at, place);
    this.markLines(place.hostPage + place.offset, inFirst);
    this.markLines(place.nextHostPage, inSecond);
    this.noteCode(place.nextHostPage);
  }
  /** A page holds bytes of code, though no table may ever be made for it. */
  private noteCode(hostAddress: number): void {
    const hostPage = (hostAddress - this.core.plan.ram) >>> 12;
    if (this.tablesOfPage.has(hostPage)) return;
    this.tablesOfPage.set(hostPage, []);
    this.core.i32[(regions.codePages >> 2) + hostPage] = noTable;
    this.core.tlb.splitFromCode(hostAddress);
  }

  private markLines(host: number, length: number): void {
    const { plan, u8 } = this.core;
    const first = (host - plan.ram) >>> 6;
    const last = (host + length - 1 - plan.ram) >>> 6;
    for (let line = first; line <= last; line++) u8[plan.codeLines + line] = 1;
  }

  willChange(hostAddress: number, bytes: number): void {
    const { plan, u8 } = this.core;
    const first = (hostAddress - plan.ram) >>> 6;
    const last = (hostAddress + bytes - 1 - plan.ram) >>> 6;
    for (let line = first; line <= last; line++) {
      if (u8[plan.codeLines + line] !== 0) {
        this.takeOut(hostAddress >>> 0, bytes); // WebAssembly's words are signed here.
        return;
      }
    }
  }

  replaced(hostAddress: number): void {
    const page = (hostAddress - this.core.plan.ram) >>> 12;
    for (const table of this.tablesOfPage.get(page) ?? []) this.user?.replaced(table);
    this.willChange(hostAddress, 4096);
  }

  /** Takes out every record decoded from bytes that are about to change. */
  private takeOut(hostAddress: number, bytes: number): void {
    const { plan } = this.core;
    const firstPage = (hostAddress - plan.ram) >>> 12;
    const lastPage = (hostAddress + bytes - 1 - plan.ram) >>> 12;
    for (let page = firstPage; page <= lastPage; page++) {
      const pageAddress = plan.ram + page * 4096;
      const from = Math.max(hostAddress - pageAddress, 0);
      const to = Math.min(hostAddress + bytes - pageAddress, 4096);
      let removed = false;
      for (const table of this.tablesOfPage.get(page) ?? []) removed = this.takeOutOf(table, from, to) || removed;
      removed = this.crossings.takeOut(page, from) || removed;
      if (removed) this.clearLines(page, from, to);
    }
  }
  private takeOutOf(table: number, from: number, to: number): boolean {
    const { i32, view } = this.core;
    let removed = false;
    if (this.holdsRecord(table, from, to)) this.user?.changed(table);
    for (let offset = Math.max(0, from - longestInstruction + 1); offset < to; offset++) {
      const at = i32[(table + offset * 4) >> 2]!;
      if (at === 0 || offset + view.getUint8(at + record.length) <= from) continue;
      if (this.crossings.isCrossing(at)) this.crossings.retire(at);
      else view.setUint16(at + record.handler, pseudoHandlers.refetch, true);
      i32[(table + offset * 4) >> 2] = 0;
      removed = true;
    }
    return removed;
  }
  private holdsRecord(table: number, from: number, to: number): boolean {
    const { i32, view } = this.core;
    for (let offset = Math.max(0, from - longestInstruction + 1); offset < to; offset++) {
      const at = i32[(table + offset * 4) >> 2]!;
      if (at !== 0 && offset + view.getUint8(at + record.length) > from) return true;
    }
    return false;
  }
  /** Lines without any record left are data again. */
  private clearLines(page: number, from: number, to: number): void {
    const { i32, view, plan, u8 } = this.core;
    for (let line = from >> 6; line <= (to - 1) >> 6; line++) {
      const start = line * codeLineBytes;
      let used = this.crossings.reaches(page, start);
      for (const table of this.tablesOfPage.get(page) ?? []) {
        for (
          let offset = Math.max(0, start - longestInstruction + 1);
          offset < start + codeLineBytes && !used;
          offset++
        ) {
          const at = i32[(table + offset * 4) >> 2]!;
          used = at !== 0 && offset + view.getUint8(at + record.length) > start;
        }
      }
      if (!used) u8[plan.codeLines + page * (4096 / codeLineBytes) + line] = 0;
    }
  }
}
