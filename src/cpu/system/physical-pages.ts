/**
 * Where physical pages lie in the machine's memory, as the bus says, remembered in a table that WebAssembly reads as well. The bus
 * is asked once for each page; what it says changes only together with `flushTranslations`, which forgets all of it.
 */
import { assert } from '../../base/assert.js';
import type { ProcessorBus } from '../bus.js';
import { physicalPageCount, regions } from '../layout.js';
import { physicalPageBits } from './page-entries.js';

const { WRITABLE } = physicalPageBits;
/** Stretches of the table in which something is remembered are forgotten whole: 4 MiB of physical memory each. */
const stretchShift = 10;

export class PhysicalPages {
  private readonly words: Int32Array;
  private readonly used = new Uint8Array(physicalPageCount >> stretchShift);

  constructor(
    memory: WebAssembly.Memory,
    private readonly bus: ProcessorBus,
  ) {
    this.words = new Int32Array(memory.buffer, regions.physicalPages, physicalPageCount);
  }

  /** The host address of a physical page's first byte with {@link physicalPageBits}; 0 where the bus answers. */
  find(physical: number): number {
    const page = physical >>> 12;
    const known = this.words[page]!;
    if (known !== 0) return known;
    const { address, writable } = this.bus.page(physical & ~0xfff);
    if (address === 0) return 0;
    assert((address & 0xfff) === 0, 'a page of the machine lies at a page of its memory');
    this.used[page >> stretchShift] = 1;
    return (this.words[page] = address | (writable ? WRITABLE : 0));
  }
  forget(): void {
    this.used.forEach((used, stretch) => {
      if (used !== 0) this.words.fill(0, stretch << stretchShift, (stretch + 1) << stretchShift);
    });
    this.used.fill(0);
  }
}
