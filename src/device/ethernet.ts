/** What Ethernet controllers have in common: the check sequence, the multicast hash, and how long a frame takes on the line. */
import crc32 from 'crc-32';

export const frameBytes = { header: 14, least: 60, most: 1518, check: 4 } as const;

/** Preamble, check sequence and gap between frames, in bytes. */
const lineOverheadBytes = 8 + 4 + 12;

/** Bits that a frame occupies the line for; a short one is padded. */
export const lineBits = (bytes: number): number => (Math.max(bytes, frameBytes.least) + lineOverheadBytes) * 8;

/** The frame check sequence (IEEE 802.3, section 3.2.9) as it follows the frame. */
export function frameCheck(frame: Uint8Array): Uint8Array {
  const sum = crc32.buf(frame) >>> 0;
  return Uint8Array.of(sum & 0xff, (sum >> 8) & 0xff, (sum >> 16) & 0xff, sum >>> 24);
}

/** The upper six bits of an address's check sum, by which controllers sort multicast addresses into 64 bins. */
export function multicastBin(address: Uint8Array): number {
  const low = ~crc32.buf(address.subarray(0, 6)) & 0x3f;
  let reversed = 0;
  for (let bit = 0; bit < 6; bit++) reversed |= ((low >> bit) & 1) << (5 - bit);
  return reversed;
}

export const isBroadcast = (frame: Uint8Array): boolean => {
  for (let at = 0; at < 6; at++) if (frame[at] !== 0xff) return false;
  return true;
};

export const isGroup = (frame: Uint8Array): boolean => (frame[0]! & 1) !== 0;

/** Whether a frame's destination is this address. */
export const isTo = (frame: Uint8Array, address: ArrayLike<number>): boolean => {
  for (let at = 0; at < 6; at++) if (frame[at] !== address[at]) return false;
  return true;
};
