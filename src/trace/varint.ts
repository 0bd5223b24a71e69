import { assert } from '../base/assert.js';

/** A column that does not hold what its frame says. */
export class ColumnError extends Error {
  override name = 'ColumnError';
}

/** Appends unsigned integers, seven bits a byte, low bits first, the top bit set on all bytes but the last (LEB128). */
export class ColumnWriter {
  private readonly stored: number[] = [];

  /** Appends a safe non-negative integer. */
  number(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, `a column holds safe non-negative integers, not ${value}`);
    let rest = value;
    while (rest >= 0x80) {
      this.stored.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.stored.push(rest);
  }
  raw(bytes: Uint8Array): void {
    for (const byte of bytes) this.stored.push(byte);
  }
  finish(): Uint8Array {
    return Uint8Array.from(this.stored);
  }
}

/** Reads what a {@link ColumnWriter} wrote; every departure from it is a {@link ColumnError}. */
export class ColumnReader {
  private offset = 0;

  constructor(private readonly stored: Uint8Array) {}

  get left(): number {
    return this.stored.length - this.offset;
  }
  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.stored[this.offset++];
      if (byte === undefined) throw new ColumnError('a column ends inside a number');
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) throw new ColumnError('a number in a column is larger than 2^53');
      if (byte < 0x80) {
        if (byte === 0 && scale > 1) throw new ColumnError('a number in a column is longer than it needs to be');
        return value;
      }
      if (scale >= 2 ** 49) throw new ColumnError('a number in a column is longer than eight bytes');
    }
  }
  /** A copy of the next `count` bytes. */
  raw(count: number): Uint8Array {
    if (count > this.left) throw new ColumnError('a column ends inside a string of bytes');
    this.offset += count;
    return new Uint8Array(this.stored.subarray(this.offset - count, this.offset));
  }
  finish(): void {
    if (this.left !== 0) throw new ColumnError(`a column has ${this.left} bytes too many`);
  }
}
