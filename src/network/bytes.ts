/** Numbers in network order, and the Internet checksum (RFC 1071). */

export const read16 = (data: Uint8Array, at: number): number => (data[at]! << 8) | data[at + 1]!;
export const read32 = (data: Uint8Array, at: number): number => read16(data, at) * 65536 + read16(data, at + 2);

export function write16(data: Uint8Array, at: number, value: number): void {
  data[at] = (value >> 8) & 0xff;
  data[at + 1] = value & 0xff;
}

export function write32(data: Uint8Array, at: number, value: number): void {
  write16(data, at, (value >>> 16) & 0xffff);
  write16(data, at + 2, value & 0xffff);
}

/** Byte strings one behind the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Characters below 256 as bytes. */
export const latin1 = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
/** Bytes as characters below 256. */
export const fromLatin1 = (data: Uint8Array): string => {
  let text = '';
  for (const byte of data) text += String.fromCharCode(byte);
  return text;
};

/** The sum of 16-bit words, not yet folded; an odd last byte counts as the high half of a word. */
function sumWords(data: Uint8Array): number {
  let sum = 0;
  const even = data.length & ~1;
  for (let at = 0; at < even; at += 2) sum += read16(data, at);
  return data.length > even ? sum + data[even]! * 256 : sum;
}

/** The Internet checksum over all parts; every part but the last has an even length. Zero over data that holds its own. */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
  let sum = parts.reduce((total, part) => total + sumWords(part), 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65536);
  return ~sum & 0xffff;
}
