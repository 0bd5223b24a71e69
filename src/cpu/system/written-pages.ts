/**
 * Which pages of memory were written since somebody last looked: what snapshots and digests cost follows from it.
 *
 * A page's first write after a look goes a slow way, which marks it; only marked pages have write tags in the TLB. So every way
 * to write memory either holds such a tag or calls {@link Core.willWrite} before. A mark is set here alone, as somebody may have
 * to keep what the page held: code in WebAssembly may look at marks, and leaves unmarked pages to the slow way.
 */
import { regions } from '../layout.js';
import type { Core } from './core.js';

const pageShift = 12;

export class WrittenPages {
  /** The marked pages, by number from the start of memory. */
  private marked: number[] = [];
  /** Called before a page's first write since the last look, while it still holds what it held. */
  onFirstWrite: (page: number) => void = () => {};

  constructor(private readonly core: Core) {}

  has(page: number): boolean {
    return this.core.u8[regions.writtenPages + page] !== 0;
  }
  /** Bytes at a host address are about to be written. */
  willWrite(host: number, bytes: number): void {
    const { u8, plan } = this.core;
    const last = (host + bytes - 1 - plan.ram) >>> pageShift;
    for (let page = (host - plan.ram) >>> pageShift; page <= last; page++) {
      if (u8[regions.writtenPages + page] !== 0) continue;
      this.onFirstWrite(page);
      u8[regions.writtenPages + page] = 1;
      this.marked.push(page);
    }
  }
  /** The pages written since the last look, which this is. */
  take(): readonly number[] {
    const { core, marked } = this;
    if (marked.length === 0) return marked;
    for (const page of marked) core.u8[regions.writtenPages + page] = 0;
    this.marked = [];
    core.tlb.closeToWrites();
    return marked;
  }
}
