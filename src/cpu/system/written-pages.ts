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
const pageBytes = 1 << pageShift;

/** A part of memory that is looked at by itself. */
export interface WrittenArea {
  /** A look: from now on each page's first write is told again. */
  look(): void;
}

interface Area {
  /** By number from the start of memory. */
  readonly first: number;
  readonly end: number;
  /** Called before a page's first write since the last look, while it still holds what it held; counted from the area's first. */
  readonly onFirstWrite: (page: number) => void;
  /** Whether any page is marked. */
  isMarked: boolean;
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
    const area: Area = { first, end: first + (bytes >>> pageShift), onFirstWrite, isMarked: false };
    assert(
      this.areas.every((other) => area.end <= other.first || other.end <= area.first),
      'a page is watched by one',
    );
    this.areas.push(area);
    for (let page = first; page < area.end; page++) if (this.has(page)) this.note(area, page);
    return { look: () => this.look(area) };
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
    area.isMarked = true;
  }
  private look(area: Area): void {
    if (!area.isMarked) return;
    const { u8, tlb, plan } = this.core;
    const { first, end } = area;
    u8.fill(0, regions.writtenPages + first, regions.writtenPages + end);
    area.isMarked = false;
    tlb.closeToWrites(plan.ram + first * pageBytes, (end - first) * pageBytes);
  }
}
