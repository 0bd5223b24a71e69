/** A machine's memory as a part of its state: images and digests that cost what was written since the last one. */
import { fastHash } from '../base/digest.js';
import { hex } from '../base/integers.js';
import { createPageHasher, type PageHasher } from '../cpu/kernel/pages/pages.js';
import type { Core } from '../cpu/system/core.js';
import { pageBytes, type PageImage, PageKeeper } from '../state/pages.js';
import type { Difference } from '../state/schema.js';
import type { PagedPart } from './parts.js';

/** Memory by pages, all zeros when it is made. */
export class MemoryPart implements PagedPart {
  private readonly keeper: PageKeeper;
  private readonly pages: number;
  /** Pages whose hash is not known: as a list, and by page. */
  private unhashed: number[] = [];
  private readonly isUnhashed: Uint8Array;
  private hasher: PageHasher | undefined;

  constructor(private readonly core: Core) {
    const { plan } = core;
    this.pages = plan.ramBytes / pageBytes;
    this.keeper = new PageKeeper(core.u8.subarray(plan.ram, plan.ram + plan.ramBytes));
    this.isUnhashed = new Uint8Array(this.pages);
    core.written.onFirstWrite = (page) => {
      if (page < this.pages) this.keeper.willWrite(page);
    };
    for (const page of core.written.take()) core.written.onFirstWrite(page);
  }

  /** The memory as it is now. */
  save(): PageImage {
    this.look();
    return this.keeper.image();
  }
  load(image: PageImage): void {
    this.look();
    this.keeper.restore(image, (page) => this.forgetHash(page));
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
    this.look();
    const { plan, u8, memory } = this.core;
    const hashes = u8.subarray(plan.pageHashes, plan.pageHashes + 8 * this.pages);
    if (this.hasher === undefined) {
      this.hasher = createPageHasher(memory);
      new BigUint64Array(hashes.buffer, hashes.byteOffset, this.pages).fill(fastHash(new Uint8Array(pageBytes)));
    }
    for (const page of this.unhashed) {
      this.hasher.hashPage(plan.ram + page * pageBytes, plan.pageHashes + page * 8);
      this.isUnhashed[page] = 0;
    }
    this.unhashed = [];
    return fastHash(hashes);
  }

  private look(): void {
    for (const page of this.core.written.take()) if (page < this.pages) this.forgetHash(page);
  }
  private forgetHash(page: number): void {
    if (this.isUnhashed[page] !== 0) return;
    this.isUnhashed[page] = 1;
    this.unhashed.push(page);
  }
}
