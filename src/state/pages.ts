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
/** So many copies of pages lie in one buffer. */
const copiesMost = 16;

/** What a page held from some moment on; without bytes of its own while the memory that it came from still holds it. */
interface Content {
  /** They lie `at` this many bytes from the start. */
  held: Uint8Array | undefined;
  at: number;
}
type Group = Content[];

/** What a page holds that was never written. */
const zeros: Content = { held: new Uint8Array(pageBytes), at: 0 };

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
        ...{ held: bytes, at: (first + at) << pageShift },
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
    const { held, at } = content;
    return held === undefined ? pageOf(this.live, number) : held.subarray(at, at + pageBytes);
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

/**
 * Where copies of pages lie: many in one buffer, as a buffer of its own for each costs more than the copying. Those of one buffer
 * are in the same images, as they were made between the same two and have held since the same: so none outlives its images.
 * Where memory was put back to such an image, later ones may have some of them, which keep the others of their buffer.
 */
class Copies {
  /** The buffers that have room, by how many images there were when their pages were written. */
  private readonly open = new Map<number, { readonly held: Uint8Array; used: number }>();

  /** Copies a page's bytes, held since there were so many images; `content` has them from now on. */
  keep(content: Content, page: Uint8Array, since: number): void {
    let buffer = this.open.get(since);
    if (buffer === undefined || buffer.used === buffer.held.length) {
      // Few pages take little room, and many few buffers.
      const bytes = buffer === undefined ? pageBytes : Math.min(2 * buffer.held.length, copiesMost * pageBytes);
      buffer = { held: new Uint8Array(bytes), used: 0 };
      this.open.set(since, buffer);
    }
    content.held = buffer.held;
    content.at = buffer.used;
    buffer.held.set(page, buffer.used);
    buffer.used += pageBytes;
  }
  /** What is copied from now on is in other images. */
  close(): void {
    this.open.clear();
  }
}

/** Keeps track of what a memory's pages hold, for images. Whoever writes a page says so before. */
export class PageKeeper {
  private readonly groups: Group[];
  /** Groups that some image has too. */
  private readonly shared: boolean[];
  /** How many images there were when a page was written; all of them where no image has its content. */
  private readonly since: Uint32Array;
  private readonly copies = new Copies();
  private images = 1;

  /** The memory is all zeros. */
  constructor(private readonly memory: Uint8Array) {
    const pages = pageCount(memory);
    const full: Group = new Array<Content>(groupPages).fill(zeros);
    this.groups = Array.from({ length: Math.ceil(pages / groupPages) }, (_, group) =>
      pages - group * groupPages < groupPages ? full.slice(0, pages % groupPages) : full,
    );
    this.shared = this.groups.map(() => true);
    this.since = new Uint32Array(pages);
  }

  /** A page is about to be written: images that have it get a copy. Once said, it need not be said again until the next image. */
  willWrite(page: number): void {
    if (this.since[page] === this.images) return;
    const index = page >> groupShift;
    const at = page & (groupPages - 1);
    let group = this.groups[index]!;
    this.preserve(group[at]!, page);
    if (this.shared[index] === true) {
      this.shared[index] = false;
      this.groups[index] = group = group.slice();
    }
    group[at] = { held: undefined, at: 0 };
    this.since[page] = this.images;
  }
  private preserve(content: Content, page: number): void {
    if (content.held === undefined) this.copies.keep(content, pageOf(this.memory, page), this.since[page]!);
  }

  /** All of the memory as it is now. From now on every page's first write has to be said again. */
  image(): PageImage {
    this.images++;
    this.copies.close();
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
        const content = before[at]!;
        if (content === group[at]) continue;
        const page = (index << groupShift) + at;
        if (this.since[page] === this.images) this.since[page] = 0;
        else this.preserve(content, page);
        this.memory.set(image.page(page), page << pageShift);
        changed(page);
      }
      this.groups[index] = group;
      this.shared[index] = true;
    }
  }
}

function pageCount(memory: Uint8Array): number {
  assert(memory.length % pageBytes === 0, 'memory is whole pages');
  return memory.length / pageBytes; // Not shifted: 2 GiB would be negative.
}

const pageOf = (memory: Uint8Array, page: number): Uint8Array =>
  memory.subarray(page * pageBytes, (page + 1) * pageBytes);
