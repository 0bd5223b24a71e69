/**
 * Memory in pages, and images of it that cost what was written: an image shares every page with the memory and with other
 * images, and a page is copied when it is written for the first time after an image was made.
 */
import { assert } from '../base/assert.js';

export const pageBytes = 4096;
const pageShift = 12;
/** Pages are kept in groups, so that an image of a large memory shares most of its list as well. */
const groupShift = 8;
const groupPages = 1 << groupShift;

/** What a page held at some moment; without bytes of its own while the memory that it came from still holds it. */
interface Content {
  bytes: Uint8Array | undefined;
}
type Group = (Content | undefined)[];

/** What a page holds that was never written. */
const zeros: Content = { bytes: new Uint8Array(pageBytes) };

/** All of a memory at some moment. */
export class PageImage {
  constructor(
    /** Lists of {@link groupPages} pages each, never changed. */
    readonly groups: readonly Group[],
    /** The memory that it came from. */
    private readonly live: Uint8Array,
  ) {}

  /** An image of bytes; whole pages, not to be changed any more. */
  static of(bytes: Uint8Array): PageImage {
    const pages = pageCount(bytes);
    const groups = Array.from({ length: Math.ceil(pages / groupPages) }, (_, group) => {
      const first = group * groupPages;
      return Array.from({ length: Math.min(groupPages, pages - first) }, (_, at) => ({
        bytes: pageOf(bytes, first + at),
      }));
    });
    return new PageImage(groups, bytes);
  }
  /** Bytes in the whole image. */
  get length(): number {
    return this.live.length;
  }
  /** One page's bytes: to be read at once, as they may lie in a memory that goes on. */
  page(number: number): Uint8Array {
    const content = this.groups[number >> groupShift]?.[number & (groupPages - 1)];
    assert(content !== undefined, 'an image has all its pages');
    return content.bytes ?? pageOf(this.live, number);
  }
  /** A copy of everything. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.length);
    for (let page = 0; page < pageCount(this.live); page++) all.set(this.page(page), page << pageShift);
    return all;
  }
  /** Pages of a range that may differ from those of another image; all of them where there is no other. */
  changedPages(other: PageImage | undefined, first: number, end: number): number[] {
    const found: number[] = [];
    for (let page = first; page < end; page++) {
      const group = this.groups[page >> groupShift]!;
      const others = other?.groups[page >> groupShift];
      if (group === others) page |= groupPages - 1;
      else if (group[page & (groupPages - 1)] !== others?.[page & (groupPages - 1)]) found.push(page);
    }
    return found;
  }
  /** The offset of the first byte that differs between two images of one size; undefined where they are equal. */
  firstDifference(other: PageImage): number | undefined {
    for (const [index, group] of this.groups.entries()) {
      const others = other.groups[index]!;
      if (group === others) continue;
      for (let at = 0; at < group.length; at++) {
        if (group[at] === others[at]) continue;
        const page = (index << groupShift) + at;
        const [mine, its] = [this.page(page), other.page(page)];
        const found = mine.findIndex((byte, offset) => byte !== its[offset]);
        if (found >= 0) return (page << pageShift) + found;
      }
    }
    return undefined;
  }
}

/** Keeps track of what a memory's pages hold, for images. Whoever writes a page says so before. */
export class PageKeeper {
  /** What the pages hold; undefined where no image has it. */
  private readonly groups: Group[];
  /** Groups that some image has too. */
  private readonly shared: boolean[];
  /** Pages whose content no image has. */
  private unnamed: number[] = [];

  /** The memory is all zeros. */
  constructor(private readonly memory: Uint8Array) {
    const pages = pageCount(memory);
    const full: Group = new Array<Content>(groupPages).fill(zeros);
    this.groups = Array.from({ length: Math.ceil(pages / groupPages) }, (_, group) =>
      pages - group * groupPages < groupPages ? full.slice(0, pages % groupPages) : full,
    );
    this.shared = this.groups.map(() => true);
  }

  /** A page is about to be written: images that have it get a copy. Once said, it need not be said again until the next image. */
  willWrite(page: number): void {
    if (this.contentOf(page) === undefined) return;
    this.preserve(page);
    this.setContent(page, undefined);
    this.unnamed.push(page);
  }
  private contentOf(page: number): Content | undefined {
    return this.groups[page >> groupShift]![page & (groupPages - 1)];
  }
  private preserve(page: number): void {
    const content = this.contentOf(page);
    if (content !== undefined) content.bytes ??= pageOf(this.memory, page).slice();
  }
  private setContent(page: number, content: Content | undefined): void {
    const group = page >> groupShift;
    if (this.shared[group] === true) {
      this.groups[group] = this.groups[group]!.slice();
      this.shared[group] = false;
    }
    this.groups[group]![page & (groupPages - 1)] = content;
  }

  /** All of the memory as it is now. From now on every page's first write has to be said again. */
  image(): PageImage {
    for (const page of this.unnamed) this.setContent(page, { bytes: undefined });
    this.unnamed = [];
    this.shared.fill(true);
    return new PageImage([...this.groups], this.memory);
  }
  /** Puts the memory back to an image of its size, made of this memory or of another one; `changed` hears which pages it writes. */
  restore(image: PageImage, changed: (page: number) => void): void {
    assert(image.length === this.memory.length, 'an image fits the memory');
    for (const [index, group] of image.groups.entries()) {
      const before = this.groups[index]!;
      if (before === group) continue;
      for (let at = 0; at < group.length; at++) {
        if (before[at] === group[at]) continue;
        const page = (index << groupShift) + at;
        this.preserve(page);
        this.memory.set(image.page(page), page << pageShift);
        changed(page);
      }
      this.groups[index] = group;
      this.shared[index] = true;
    }
    this.unnamed = [];
  }
}

function pageCount(memory: Uint8Array): number {
  assert(memory.length % pageBytes === 0, 'memory is whole pages');
  return memory.length >> pageShift;
}

const pageOf = (memory: Uint8Array, page: number): Uint8Array =>
  memory.subarray(page << pageShift, (page + 1) << pageShift);
