/** A machine's memories as parts of its state: images and digests that cost what was written since the last one. */
import { fastHash } from '../base/digest.js';
import { hex } from '../base/integers.js';
import { createPageHasher, type PageHasher } from '../cpu/kernel/pages/pages.js';
import type { Core } from '../cpu/system/core.js';
import type { WrittenArea } from '../cpu/system/written-pages.js';
import { pageBytes, type PageImage, PageKeeper } from '../state/pages.js';
import type { Difference } from '../state/schema.js';
import type { PagedPart } from './parts.js';

/** Where a memory lies among the machine's: host address, and bytes of whole pages. */
export interface MemoryPlace {
  readonly start: number;
  readonly bytes: number;
}

/** Memory by pages, all zeros when it is made. */
export class MemoryPart implements PagedPart {
  private readonly keeper: PageKeeper;
  private readonly written: WrittenArea;
  private readonly pages: number;
  /** Where in the one memory the pages' hashes lie, and the marks of those that do not hold. */
  private readonly hashes: number;
  private readonly unhashed: number;
  private hasher: PageHasher | undefined;

  constructor(
    private readonly core: Core,
    private readonly place: MemoryPlace,
  ) {
    const { plan } = core;
    const { start, bytes } = place;
    this.pages = bytes / pageBytes;
    this.hashes = plan.pageHashes + ((start - plan.ram) / pageBytes) * 8;
    this.keeper = new PageKeeper(core.u8.subarray(start, start + bytes));
    this.unhashed = plan.unhashedPages + (start - plan.ram) / pageBytes;
    this.written = core.written.watch(start, bytes, (page) => {
      this.keeper.willWrite(page);
      this.forgetHash(page);
    });
  }

  /** The memory as it is now. */
  save(): PageImage {
    this.written.look();
    return this.keeper.image();
  }
  load(image: PageImage): void {
    this.written.look();
    this.keeper.restore(image, (page) => {
      this.forgetHash(page);
      this.core.code.replaced(this.place.start + page * pageBytes);
    });
  }
  /** The first byte that differs between two images. */
  diff(left: PageImage, right: PageImage): Difference[] {
    const at = left.firstDifference(right);
    if (at === undefined) return [];
    const print = (image: PageImage): string => `0x${hex(image.page(Math.floor(at / pageBytes))[at % pageBytes]!, 2)}`;
    return [{ path: `0x${hex(at)}`, left: print(left), right: print(right) }];
  }
  /** The hash of all pages' hashes. */
  hash(): bigint {
    this.written.look();
    const { u8, memory } = this.core;
    const hashes = u8.subarray(this.hashes, this.hashes + 8 * this.pages);
    if (this.hasher === undefined) {
      this.hasher = createPageHasher(memory);
      new BigUint64Array(hashes.buffer, hashes.byteOffset, this.pages).fill(fastHash(new Uint8Array(pageBytes)));
    }
    this.hasher.hashMarked(this.unhashed, this.pages, this.place.start, this.hashes);
    return fastHash(hashes);
  }

  private forgetHash(page: number): void {
    this.core.u8[this.unhashed + page] = 1;
  }
}
