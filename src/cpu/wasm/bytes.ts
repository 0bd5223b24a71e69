const encoder = new TextEncoder();
/** Names in bytes: every module of the compiler imports the same ones, and its own are those of a table's places. */
const encodedNames = new Map<string, Uint8Array>();

/** A growing byte buffer with the encodings of the WebAssembly binary format (section 5.2). */
export class ByteWriter {
  private buffer: Uint8Array;
  length = 0;

  constructor(capacity = 1024) {
    this.buffer = new Uint8Array(capacity);
  }

  private grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    grown.set(this.buffer);
    this.buffer = grown;
  }
  byte(value: number): void {
    if (this.length === this.buffer.length) this.grow(this.length + 1);
    this.buffer[this.length++] = value;
  }
  bytes(values: Uint8Array | readonly number[]): void {
    if (this.length + values.length > this.buffer.length) this.grow(this.length + values.length);
    this.buffer.set(values, this.length);
    this.length += values.length;
  }
  /** Two bytes, as an operation and a small number are. */
  pair(first: number, second: number): void {
    if (this.length + 2 > this.buffer.length) this.grow(this.length + 2);
    this.buffer[this.length++] = first;
    this.buffer[this.length++] = second;
  }
  unsigned(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }
  /** A signed 32-bit number, LEB128. */
  signed(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return this.byte(low);
      this.byte(low | 0x80);
    }
  }
  /** A signed 64-bit number, LEB128. */
  signed64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return this.byte(low);
      this.byte(low | 0x80);
    }
  }
  name(text: string): void {
    const encoded = encodedNames.get(text) ?? encoder.encode(text);
    encodedNames.set(text, encoded);
    this.unsigned(encoded.length);
    this.bytes(encoded);
  }
  /** What another one wrote. */
  append({ buffer, length }: ByteWriter): void {
    if (this.length + length > this.buffer.length) this.grow(this.length + length);
    this.buffer.set(length === buffer.length ? buffer : buffer.subarray(0, length), this.length);
    this.length += length;
  }
  clear(): void {
    this.length = 0;
  }
  /** What was written from a place on. */
  since(start: number): Uint8Array {
    return this.buffer.slice(start, this.length);
  }
  /** Copies what was written. */
  copyTo(target: Uint8Array, at: number): void {
    target.set(this.buffer.subarray(0, this.length), at);
  }
  finish(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}

/** Writers that are free, with the room that they have got: there are thousands of functions and sections, one after another. */
const spareWriters: ByteWriter[] = [];
export const takeWriter = (): ByteWriter => spareWriters.pop() ?? new ByteWriter(4096);
export function giveBack(writer: ByteWriter): void {
  writer.clear();
  spareWriters.push(writer);
}
/** What was written; the writer is free again. */
export function finishWriter(writer: ByteWriter): Uint8Array {
  const bytes = writer.finish();
  giveBack(writer);
  return bytes;
}
