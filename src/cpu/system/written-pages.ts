/**
 * Which pages of memory were written since somebody last looked: what snapshots, digests and pictures cost follows from it.
 *
 * A page's first write after a look goes a slow way, which marks it; only marked pages have write tags in the TLB. So every way
 * to write memory either holds such a tag or calls {@link Core.willWrite} before. A mark is set here alone, as somebody may have
 * to keep what the page held: code in WebAssembly may look at marks, and leaves unmarked pages to the slow way.
 */
import { assert } from '../../base/assert.js';
import { regions } from '../layout.js';
import type { Core } from './core.js';

const pageShift = 12;

/** A part of memory that is looked at by itself. */
export interface WrittenArea {
  /** The pages written since the last look, which this is, counted from the area's first. */
  take(): readonly number[];
}

interface Area {
  /** By number from the start of memory. */
  readonly first: number;
  readonly end: number;
  /** Called before a page's first write since the last look, while it still holds what it held. */
  readonly onFirstWrite: (page: number) => void;
  marked: number[];
}

export class WrittenPages {
  private readonly areas: Area[] = [];

  constructor(private readonly core: Core) {}

  has(page: number): boolean {
    return this.core.u8[regions.writtenPages + page] !== 0;
  }
  /** Watches whole pages from a host address on; what was written before counts as written since. */
  watch(host: number, bytes: number, onFirstWrite: (page: number) => void): WrittenArea {
    const first = (host - this.core.plan.ram) >>> pageShift;
    const area: Area = { first, end: first + (bytes >>> pageShift), onFirstWrite, marked: [] };
    assert(
      this.areas.every((other) => area.end <= other.first || other.end <= area.first),
      'a page is watched by one',
    );
    this.areas.push(area);
    for (let page = first; page < area.end; page++) if (this.has(page)) this.note(area, page);
    return { take: () => this.take(area) };
  }
  /** Bytes at a host address are about to be written. */
  willWrite(host: number, bytes: number): void {
    const { u8, plan } = this.core;
    const last = (host + bytes - 1 - plan.ram) >>> pageShift;
    for (let page = (host - plan.ram) >>> pageShift; page <= last; page++) {
      if (u8[regions.writtenPages + page] !== 0) continue;
      const area = this.areas.find(({ first, end }) => page >= first && page < end);
      if (area !== undefined) this.note(area, page);
      u8[regions.writtenPages + page] = 1;
    }
  }
  private note(area: Area, page: number): void {
    area.onFirstWrite(page - area.first);
    area.marked.push(page - area.first);
  }
  private take(area: Area): readonly number[] {
    const { core } = this;
    const { marked, first, end } = area;
    if (marked.length === 0) return marked;
    for (const page of marked) core.u8[regions.writtenPages + first + page] = 0;
    area.marked = [];
    core.tlb.closeToWrites(core.plan.ram + (first << pageShift), (end - first) << pageShift);
    return marked;
  }
}
