/** Hashes of pages, where they lie in a machine's memory. */
import { decodeBase64 } from '../../../base/base64.js';
import { programBase64 } from './program.js';

/** What the kernel exports. */
export interface PageHasher {
  /** Stores the XXH64 (seed 0) of the 4096 bytes at `page` in the 8 bytes at `to`. */
  hashPage(page: number, to: number): void;
  /**
   * The same for those of the `count` pages from `first` on that have a mark: a byte each at `marks`, which is 0 afterwards, and
   * 8 bytes each at `hashes`.
   */
  hashMarked(marks: number, count: number, first: number, hashes: number): void;
}

let compiled: WebAssembly.Module | undefined;

/** The kernel over a memory. */
export function createPageHasher(memory: WebAssembly.Memory): PageHasher {
  compiled ??= new WebAssembly.Module(decodeBase64(programBase64));
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as PageHasher;
}
