/** From an offset in the code segment to a decoded record: limits, paging, stops, and each page's table of records. */
import { record, regions, segmentIndex, startsInsideKey, tlbEntry, wordIndex } from '../layout.js';
import { type Core, vectors } from '../system/core.js';
import { attributeBits } from '../system/segments.js';
import type { CodeCache, TableMode } from './code-cache.js';

/** No record: a fault or a stop was noted instead. */
export const NO_RECORD = 0;

/** Code breakpoints of the debug registers. */
export interface CodeBreakpoints {
  /** Notes a debug fault when the instruction at a linear address must not run yet. */
  stopsCode(linear: number): boolean;
}

export class Fetcher {
  /** The table and the offset where {@link find} found its record last; no table where the record is not in one. */
  table = 0;
  offset = 0;
  /** Set when {@link find} came upon a stop. */
  stopHit = false;
  /** Linear addresses before which running stops. */
  private stops: ReadonlySet<number> = new Set();
  /** The stop that was last come upon; it is passed when running goes on. */
  private passing = -1;

  /** The program's own breakpoints. */
  private breakpoints: readonly number[] = [];

  constructor(
    private readonly core: Core,
    private readonly code: CodeCache,
    private readonly debug: CodeBreakpoints,
  ) {}

  setStops(linear: ReadonlySet<number>): void {
    this.stops = linear;
    if (linear.size === 0 && this.breakpoints.length === 0) this.code.forgetCuts();
    else this.cut();
    this.tellEngine();
  }
  setBreakpoints(linear: readonly number[]): void {
    this.breakpoints = linear;
    this.cut();
    this.tellEngine();
  }
  private tellEngine(): void {
    this.core.set('codeStops', this.stops.size > 0 || this.breakpoints.length > 0 ? 1 : 0);
  }
  private cut(): void {
    this.code.cutAt([...this.stops, ...this.breakpoints]);
  }
  /** The stop at hand has been passed. */
  passed(): void {
    this.passing = -1;
  }
  /** Tells whether a stop was come upon since the last call. */
  takeStop(): boolean {
    const hit = this.stopHit;
    this.stopHit = false;
    return hit;
  }

  /** The record at an offset in the code segment, or 0 with a fault or a stop noted; `alone` asks for a record of its own. */
  find(eip: number, alone: boolean): number {
    const { core, code } = this;
    this.table = 0;
    const base = core.segmentField(segmentIndex.cs, 'base');
    const limit = core.segmentField(segmentIndex.cs, 'limit') >>> 0;
    core.eip = eip;
    const linear = (base + eip) | 0;
    // A breakpoint goes before whatever is wrong with fetching (Intel SDM Vol. 3A, table 6-2).
    if (this.breakpoints.length > 0 && this.debug.stopsCode(linear)) return this.noteFault(vectors.debug);
    if (eip >>> 0 > limit) return this.noteFault(vectors.generalProtection);
    if (this.stops.size > 0 && this.passing !== linear && this.stops.has(linear >>> 0)) {
      this.stopHit = true;
      this.passing = linear;
      return NO_RECORD;
    }
    const entry = core.tlb.tryTranslateCode(linear, core.userLevel);
    if (entry === 0) return NO_RECORD;
    const offset = linear & 0xfff;
    core.i32[wordIndex.codeBase] = (eip - offset) | 0;
    const physical = core.tlb.physicalOf(entry);
    const host = physical === undefined ? 0 : core.bus.page(physical).address;
    const mode = this.codeMode(eip >>> 0 < offset);
    const endsInside = (eip >>> 0) + (0xfff - offset) > limit;
    if (host !== 0 && !alone && !endsInside && !code.isCut(offset)) {
      const found = this.inTable(entry, linear, host, offset, mode);
      if (found !== 0 && !code.crossings.isCrossing(found)) return found;
      return this.crossing(found, eip, linear, limit, host, mode);
    }
    return this.single(eip, linear, limit, mode);
  }
  /** An instruction that crosses into the next page: as it was kept before, where that page is still the same. */
  private crossing(
    known: number,
    eip: number,
    linear: number,
    limit: number,
    hostPage: number,
    mode: TableMode,
  ): number {
    const { core, code, table } = this;
    const offset = linear & 0xfff;
    if (known !== 0 && limit - (eip >>> 0) >= core.view.getUint8(known + record.length) - 1) {
      const kept = code.crossings.recordOf(known, this.hostOfNext(linear));
      if (kept !== 0) return kept;
    }
    const found = this.single(eip, linear, limit, mode);
    if (found === NO_RECORD || table === 0) return found;
    if (offset + core.view.getUint8(found + record.length) <= 0x1000) return found;
    const nextHostPage = this.hostOfNext(linear);
    if (nextHostPage !== 0) code.keepCrossing({ table, offset, hostPage, nextHostPage });
    return found;
  }
  /** Where the page behind an address lies in memory; 0 where it does not, or fetching from it faults. */
  private hostOfNext(linear: number): number {
    const { core } = this;
    const entry = core.tlb.tryTranslateCode(((linear | 0xfff) + 1) | 0, core.userLevel);
    const physical = entry === 0 ? undefined : core.tlb.physicalOf(entry);
    return physical === undefined ? 0 : core.bus.page(physical).address;
  }
  private inTable(entry: number, linear: number, host: number, offset: number, mode: TableMode): number {
    const { core, code } = this;
    const generation = code.generation;
    if (!code.hasRoom) code.flush();
    const table = code.table(host, mode);
    const key = core.i32[wordIndex.executeKey]! | (mode.startsInside ? startsInsideKey : 0);
    core.i32[(entry + tlbEntry.execute) >> 2] = (linear & ~0xfff) | key;
    core.i32[(entry + tlbEntry.codeTable) >> 2] = table;
    if (code.generation !== generation) return 0; // Records moved under the engine's feet: run this one alone.
    this.table = table;
    this.offset = offset;
    return code.recordAt(table, host, offset, mode);
  }
  private codeMode(startsInside: boolean): TableMode {
    const { core } = this;
    return {
      code32: core.is32Bit && (core.segmentField(segmentIndex.cs, 'attributes') & attributeBits.big) !== 0,
      stack32: core.is32Bit && (core.segmentField(segmentIndex.ss, 'attributes') & attributeBits.big) !== 0,
      startsInside,
    };
  }
  /** One instruction in the scratch record: page-crossing code, code on the bus, single steps. */
  private single(eip: number, linear: number, limit: number, mode: TableMode): number {
    const { core } = this;
    const wraps = core.model === '8086';
    let fault = NO_RECORD;
    const fetch = (index: number): number => {
      const place = wraps ? (eip + index) & 0xffff : eip + index;
      if (place >>> 0 > limit || place > 0xffff_ffff) {
        fault = vectors.generalProtection + 1;
        return -1;
      }
      const address = wraps ? (linear - eip + place) | 0 : (linear + index) | 0;
      const entry = core.tlb.tryTranslateCode(address, core.userLevel);
      if (entry === 0) return -1;
      const physical = core.tlb.physicalOf(entry);
      return physical === undefined ? 0xff : core.readPhysical(physical | (address & 0xfff), 1) & 0xff;
    };
    const result = this.code.decodeAlone(mode, linear, fetch);
    if (result === 'decoded') return regions.scratchRecords;
    if (result === 'tooLong') return this.noteFault(vectors.generalProtection);
    return fault === NO_RECORD ? NO_RECORD : this.noteFault(fault - 1);
  }
  private noteFault(vector: number): number {
    this.core.noteFault(vector, 0);
    return NO_RECORD;
  }

  /** Privilege, segments or paging changed: the fast paths' keys follow. */
  modeChanged(): void {
    const { core } = this;
    core.i32[wordIndex.tlb] = core.userLevel ? regions.userTlb : regions.supervisorTlb;
    const codeBig = (core.segmentField(segmentIndex.cs, 'attributes') & attributeBits.big) !== 0 ? 1 : 0;
    const stackBig = (core.segmentField(segmentIndex.ss, 'attributes') & attributeBits.big) !== 0 ? 2 : 0;
    core.i32[wordIndex.executeKey] = 4 | codeBig | stackBig;
  }
}
