/** Physical memory that chips answer for: which region stands at an address, and what happens where none does. */
import { hex } from '../base/integers.js';
import type { Width } from '../device/device.js';

/** A range of ports or of memory that a chip answers for. Offsets count from the range's start. */
export interface BusRegion {
  read(offset: number, width: Width): number | undefined;
  /** False when the chip takes nothing there. */
  write(offset: number, value: number, width: Width): boolean | void;
}

interface Placed {
  readonly base: number;
  readonly end: number;
  readonly region: BusRegion;
}

/** All ones: what a bus that nobody drives reads as. */
export function openBus(width: Width): number {
  if (width === 1) return 0xff;
  return width === 2 ? 0xffff : 0xffff_ffff;
}

const pageShift = 12;

export class MemoryMap {
  /** Regions by the pages that they touch; the one placed first answers where two overlap. */
  private readonly pages = new Map<number, Placed[]>();
  /** Reads and writes that nobody answered, by page. */
  private readonly unanswered = { read: new Map<number, number>(), write: new Map<number, number>() };

  /** Places a region; the function that comes back takes it out again. */
  place(base: number, bytes: number, region: BusRegion): () => void {
    const placed = { base, end: base + bytes, region };
    const pages: number[] = [];
    for (let page = Math.floor(base / 4096); page * 4096 < placed.end; page++) pages.push(page);
    for (const page of pages) this.pages.set(page, [...(this.pages.get(page) ?? []), placed]);
    return () => {
      for (const page of pages) {
        const others = (this.pages.get(page) ?? []).filter((each) => each !== placed);
        if (others.length > 0) this.pages.set(page, others);
        else this.pages.delete(page);
      }
    };
  }
  private find(physical: number): Placed | undefined {
    const placed = this.pages.get(physical >>> pageShift);
    if (placed === undefined) return undefined;
    for (const each of placed) if (physical >= each.base && physical < each.end) return each;
    return undefined;
  }

  read(physical: number, width: Width): number {
    const found = this.find(physical);
    if (found !== undefined && physical + width <= found.end) {
      const value = found.region.read(physical - found.base, width);
      if (value !== undefined) return value;
    } else if (width > 1) {
      return this.readBytes(physical, width);
    }
    this.count('read', physical);
    return openBus(width);
  }
  private readBytes(physical: number, width: Width): number {
    let value = 0;
    for (let index = 0; index < width; index++) value += this.read(physical + index, 1) * 2 ** (8 * index);
    return value;
  }
  write(physical: number, value: number, width: Width): void {
    const found = this.find(physical);
    if (found !== undefined && physical + width <= found.end) {
      if (found.region.write(physical - found.base, value, width) !== false) return;
    } else if (width > 1) {
      for (let index = 0; index < width; index++) this.write(physical + index, (value >>> (8 * index)) & 0xff, 1);
      return;
    }
    this.count('write', physical);
  }
  private count(kind: 'read' | 'write', physical: number): void {
    const counts = this.unanswered[kind];
    const page = physical - (physical % 4096);
    counts.set(page, (counts.get(page) ?? 0) + 1);
  }
  /** Accesses nobody answered, by `read 0x…` and `write 0x…` of their pages. */
  get unknown(): ReadonlyMap<string, number> {
    const { read, write } = this.unanswered;
    const named = (kind: string, counts: ReadonlyMap<number, number>): [string, number][] =>
      [...counts].map(([page, count]) => [`${kind} 0x${hex(page, 8)}`, count]);
    return new Map([...named('read', read), ...named('write', write)]);
  }
}
