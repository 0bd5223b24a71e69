/**
 * Instructions that cross from one page into the next. Such a one has three records in a row: the table leads to the first, which holds
 * what must be so (the second page still lies where it lay, and the code segment reaches so far) and goes on to the second, the
 * instruction itself; the third looks for what follows. What is kept here is where they end, for stores into the second page.
 */
import { pseudoHandlers } from '../engine/interpreter/handlers.js';
import { record, regions } from '../layout.js';
import type { Core } from '../system/core.js';

/** Records of a crossing. */
export const crossingRecords = 3;

interface Crossing {
  /** Where the table leads to its first record. */
  readonly slot: number;
  readonly at: number;
  /** Bytes in the second page. */
  readonly reach: number;
}

/** What is known of a crossing that is to be kept; its instruction lies decoded in the scratch records. */
export interface CrossingPlace {
  /** The first page's table, and the instruction's offset in the page. */
  readonly table: number;
  readonly offset: number;
  /** Host addresses of the two pages. */
  readonly hostPage: number;
  readonly nextHostPage: number;
}

export class Crossings {
  private readonly byPage = new Map<number, Crossing[]>();

  constructor(private readonly core: Core) {}

  forget(): void {
    this.byPage.clear();
  }

  /** Whether a record is a crossing's first. */
  isCrossing(at: number): boolean {
    return this.core.view.getUint16(at + record.handler, true) === pseudoHandlers.crossing;
  }
  /** The instruction's own record where a crossing's second page lies at a host address as before; else 0. */
  recordOf(at: number, nextHostPage: number): number {
    return this.core.view.getInt32(at + record.link, true) === (nextHostPage | 0) ? at + record.bytes : 0;
  }

  /** Writes the records of a crossing at `at` and lets the table lead to them. */
  write(at: number, { table, offset, nextHostPage }: CrossingPlace): void {
    const { view, i32, u8 } = this.core;
    const length = view.getUint8(regions.scratchRecords + record.length);
    u8.copyWithin(at + record.bytes, regions.scratchRecords, regions.scratchRecords + 2 * record.bytes);
    view.setUint16(at + record.handler, pseudoHandlers.crossing, true);
    view.setUint16(at + record.remaining, 0, true);
    view.setUint16(at + record.pageOffset, offset, true);
    view.setUint8(at + record.length, length);
    view.setInt32(at + record.link, nextHostPage, true);
    const slot = (table + offset * 4) >> 2;
    i32[slot] = at;
    const page = this.pageOf(nextHostPage);
    const others = (this.byPage.get(page) ?? []).filter((each) => each.at !== at && this.isLive(each));
    this.byPage.set(page, [...others, { slot, at, reach: offset + length - 0x1000 }]);
  }
  private pageOf(host: number): number {
    return (host - this.core.plan.ram) >>> 12;
  }
  /** The table still leads to it, and it still ends in this page. */
  private isLive({ slot, at }: Crossing): boolean {
    return this.core.i32[slot] === at;
  }

  /** Whether any crossing ends in a page behind an offset. */
  reaches(page: number, from: number): boolean {
    return this.byPage.get(page)?.some((each) => each.reach > from && this.isLive(each)) ?? false;
  }
  /** Takes out the crossings that end in a page behind an offset; true where there were any. */
  takeOut(page: number, from: number): boolean {
    const all = this.byPage.get(page);
    if (all === undefined || !this.reaches(page, from)) return false;
    for (const each of all) {
      if (each.reach <= from || !this.isLive(each)) continue;
      this.core.i32[each.slot] = 0;
      this.retire(each.at);
    }
    this.byPage.set(
      page,
      all.filter((each) => this.isLive(each)),
    );
    return true;
  }
  /** Whoever stands at a crossing's records looks its address up anew. */
  retire(at: number): void {
    const { view } = this.core;
    view.setUint16(at + record.handler, pseudoHandlers.refetch, true);
    view.setUint16(at + record.bytes + record.handler, pseudoHandlers.refetch, true);
  }
}
