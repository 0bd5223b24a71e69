/** What controllers do to a frame for the driver: fill in checksums (RFC 1071), and cut a long TCP segment into frames. */
import { frameBytes } from './ethernet.js';

const ipv4Type = 0x0800;
const vlanType = 0x8100;
const tcp = 6;
const udp = 17;
const checksumAt = { [tcp]: 16, [udp]: 6 } as const;

const read16 = (data: Uint8Array, at: number): number => (data[at]! << 8) | data[at + 1]!;

function write16(data: Uint8Array, at: number, value: number): void {
  data[at] = (value >> 8) & 0xff;
  data[at + 1] = value & 0xff;
}

/** The checksum of `data` from `from` to `to`, with `initial` added: a pseudo header's sum. */
export function onesComplement(data: Uint8Array, from: number, to: number, initial = 0): number {
  let sum = initial;
  for (let at = from; at < to; at++) sum += (at - from) & 1 ? data[at]! : data[at]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65536);
  return ~sum & 0xffff;
}

/** Where the parts of an IPv4 frame with TCP or UDP lie. */
export interface Ipv4Layout {
  readonly header: number;
  readonly transport: number;
  readonly end: number;
  readonly protocol: number;
}

/** The layout of a frame that holds an unfragmented IPv4 packet; undefined for any other. */
export function ipv4Layout(frame: Uint8Array): Ipv4Layout | undefined {
  if (frame.length < frameBytes.header + 20) return undefined;
  const header = frameBytes.header + (read16(frame, 12) === vlanType ? 4 : 0);
  if (read16(frame, header - 2) !== ipv4Type || frame[header]! >> 4 !== 4) return undefined;
  const transport = header + (frame[header]! & 0x0f) * 4;
  const end = header + read16(frame, header + 2);
  if (transport < header + 20 || transport > frame.length || end < transport) return undefined;
  if (read16(frame, header + 6) & 0x3fff) return undefined;
  return { header, transport, end: Math.min(end, frame.length), protocol: frame[header + 9]! };
}

export function completeIpChecksum(frame: Uint8Array, { header, transport }: Ipv4Layout): void {
  write16(frame, header + 10, 0);
  write16(frame, header + 10, onesComplement(frame, header, transport));
}

/** The sum of the pseudo header of TCP and UDP. */
function pseudoSum(frame: Uint8Array, { header, transport, end, protocol }: Ipv4Layout): number {
  let sum = protocol + (end - transport);
  for (let at = header + 12; at < header + 20; at += 2) sum += read16(frame, at);
  return sum;
}

/** Fills in the checksum of TCP or UDP over a whole packet; the driver's own value there does not count. */
export function completeTransportChecksum(frame: Uint8Array, layout: Ipv4Layout): void {
  const { transport, end, protocol } = layout;
  const at = protocol === tcp || protocol === udp ? transport + checksumAt[protocol] : end;
  if (at + 2 > end) return;
  write16(frame, at, 0);
  const sum = onesComplement(frame, transport, end, pseudoSum(frame, layout));
  write16(frame, at, protocol === udp ? sum || 0xffff : sum);
}

/** Whether the checksums of a received frame are right: of the IP header, and of TCP or UDP (undefined: neither). */
export function checkChecksums(frame: Uint8Array, layout: Ipv4Layout): { ip: boolean; transport: boolean | undefined } {
  const { header, transport, end, protocol } = layout;
  const ip = onesComplement(frame, header, transport) === 0;
  if (protocol !== tcp && protocol !== udp) return { ip, transport: undefined };
  const unchecked = protocol === udp && read16(frame, transport + checksumAt[udp]) === 0;
  return { ip, transport: unchecked || onesComplement(frame, transport, end, pseudoSum(frame, layout)) === 0 };
}

/** A driver that asks for less gets this: a long segment shall not become tens of thousands of frames. */
const segmentBytesLeast = 32;

/** Cuts a frame with a long TCP segment into frames of at most `segmentBytes` of data each; any other frame stays whole. */
export function segmentFrame(frame: Uint8Array, segmentBytes: number): Uint8Array[] {
  const layout = ipv4Layout(frame);
  if (layout?.protocol !== tcp || layout.transport + 20 > frame.length) return [frame];
  const { header, transport } = layout;
  const data = transport + (frame[transport + 12]! >> 4) * 4;
  const size = Math.max(segmentBytes, segmentBytesLeast);
  if (data > frame.length) return [frame];
  const view = new DataView(frame.buffer, frame.byteOffset);
  const sequence = view.getUint32(transport + 4);
  const identification = read16(frame, header + 4);
  const lastFlags = 0x09; // FIN and PSH go with the last piece only.
  const pieces: Uint8Array[] = [];
  for (let from = data; from < frame.length || pieces.length === 0; from += size) {
    const to = Math.min(from + size, frame.length);
    const piece = new Uint8Array(data + to - from);
    piece.set(frame.subarray(0, data));
    piece.set(frame.subarray(from, to), data);
    write16(piece, header + 2, piece.length - header);
    write16(piece, header + 4, identification + pieces.length);
    new DataView(piece.buffer).setUint32(transport + 4, (sequence + from - data) >>> 0);
    if (to < frame.length) piece[transport + 13] = piece[transport + 13]! & ~lastFlags;
    const own = ipv4Layout(piece);
    if (own !== undefined) {
      completeIpChecksum(piece, own);
      completeTransportChecksum(piece, own);
    }
    pieces.push(piece);
  }
  return pieces;
}
