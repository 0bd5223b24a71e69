/** How the one WebAssembly memory of a machine is divided, behind the fixed regions of `layout.ts`. */
import { assert } from '../base/assert.js';
import { codeLineBytes, pagesMost, record, regions } from './layout.js';

/** How one machine's WebAssembly memory is divided. All sizes and addresses in bytes. */
export interface MemoryPlan {
  readonly codeLines: number;
  readonly codeTables: number;
  readonly codeTableCount: number;
  readonly records: number;
  readonly recordsEnd: number;
  /** The XXH64 of each page of memory, in 8 bytes; which of them hold, `machine/memory-part.ts` knows. */
  readonly pageHashes: number;
  /** A byte for each page of memory, for the same: not 0 where its hash does not hold. */
  readonly unhashedPages: number;
  /** Host address of the guest's physical memory; read-only memory follows it. */
  readonly ram: number;
  readonly ramBytes: number;
  readonly rom: number;
  readonly romBytes: number;
  /** Memory of a display adapter that the processor reaches without the bus; it follows the read-only memory. */
  readonly video: number;
  readonly videoBytes: number;
  readonly totalBytes: number;
}

export const codeTableBytes = 4096 * 4;

/** Plans the memory of a machine with `ramBytes` of memory, `romBytes` of read-only and `videoBytes` of display memory, all whole pages. */
export function planMemory(ramBytes: number, romBytes: number, videoBytes = 0): MemoryPlan {
  assert((ramBytes | romBytes | videoBytes) % 4096 === 0, 'memory is whole pages');
  const align = (value: number): number => Math.ceil(value / 65536) * 65536;
  const codeLines = regions.codeLines;
  const memoryBytes = ramBytes + romBytes + videoBytes;
  assert(memoryBytes <= pagesMost * 4096, 'every page has its place in the tables of pages');
  const codeTables = align(codeLines + memoryBytes / codeLineBytes);
  const codeTableCount = 1024;
  const records = codeTables + codeTableCount * codeTableBytes;
  const recordsEnd = records + (1 << 18) * record.bytes;
  const pageHashes = recordsEnd;
  const pages = (ramBytes + romBytes + videoBytes) / 4096;
  const unhashedPages = pageHashes + pages * 8;
  const ram = align(unhashedPages + pages);
  const rom = ram + ramBytes;
  const video = rom + romBytes;
  const totalBytes = align(video + videoBytes);
  return {
    ...{ codeLines, codeTables, codeTableCount, records, recordsEnd, pageHashes, unhashedPages },
    ...{ ram, ramBytes, rom, romBytes, video, videoBytes, totalBytes },
  };
}
