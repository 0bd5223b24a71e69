/**
 * Instructions that are decoded one by one, as they cross a page's end or are stepped to: what became of their bytes the last time is
 * used again when the bytes are the same. They are fetched in any case, byte by byte, as fetching may fault and fills the TLB.
 */
import { record } from '../layout.js';
import type { CodeMode, Decoder, DecodeResult, Fetch } from './decoder.js';

const mostKept = 4096;

interface Kept {
  readonly bytes: readonly number[];
  readonly record: Uint8Array;
  readonly result: DecodeResult;
}

export class LoneInstructions {
  private readonly kept = new Map<number, Kept>();

  constructor(
    private readonly decoder: Decoder,
    private readonly memory: Uint8Array,
  ) {}

  /** Decodes the instruction at a linear address into the record at `at`. */
  decode(at: number, mode: CodeMode, linear: number, fetch: Fetch): DecodeResult {
    const key = (linear >>> 0) * 4 + (mode.code32 ? 1 : 0) + (mode.stack32 ? 2 : 0);
    const known = this.kept.get(key);
    const fetched: number[] = [];
    if (known !== undefined) {
      for (const byte of known.bytes) {
        const found = fetch(fetched.length);
        if (found < 0) return { kind: 'unavailable' };
        fetched.push(found);
        if (found !== byte) break;
      }
      const isSame = fetched.length === known.bytes.length && fetched.at(-1) === known.bytes.at(-1);
      if (isSame) {
        this.memory.set(known.record, at);
        return known.result;
      }
    }
    const result = this.decoder.decode(at, mode, (index) => (fetched[index] ??= fetch(index)));
    if (result.kind === 'instruction') this.keep(key, fetched, at, result);
    return result;
  }
  private keep(key: number, bytes: readonly number[], at: number, result: DecodeResult): void {
    if (this.kept.size >= mostKept) this.kept.clear();
    this.kept.set(key, { bytes, record: this.memory.slice(at, at + record.bytes), result });
  }
}
