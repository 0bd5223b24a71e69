/** TCP segments (RFC 9293, section 3.1), with the one option that is used here: the maximum segment size. */
import { internetChecksum, joined, read16, read32, write16, write32 } from '../bytes.js';
import { type Ipv4Packet, protocol, pseudoHeader } from '../ipv4.js';

export const tcpFlag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

export interface TcpSegment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly window: number;
  /** The maximum segment size that the sender can take; only in a SYN. */
  readonly segmentSize?: number | undefined;
  readonly data: Uint8Array;
}

const headerBytes = 20;
const option = { end: 0, nothing: 1, segmentSize: 2 } as const;

function findSegmentSize(options: Uint8Array): number | undefined {
  for (let at = 0; at < options.length;) {
    const kind = options[at]!;
    if (kind === option.end) return undefined;
    if (kind === option.nothing) {
      at += 1;
      continue;
    }
    const length = options[at + 1] ?? 0;
    if (length < 2 || at + length > options.length) return undefined;
    if (kind === option.segmentSize && length === 4) return read16(options, at + 2);
    at += length;
  }
  return undefined;
}

/** The segment in a packet; undefined when it is damaged or cut off. */
export function parseSegment({ source, destination, payload }: Ipv4Packet): TcpSegment | undefined {
  if (payload.length < headerBytes) return undefined;
  const header = (payload[12]! >> 4) * 4;
  if (header < headerBytes || header > payload.length) return undefined;
  if (internetChecksum(pseudoHeader(source, destination, protocol.tcp, payload.length), payload) !== 0)
    return undefined;
  return {
    sourcePort: read16(payload, 0),
    destinationPort: read16(payload, 2),
    sequence: read32(payload, 4),
    acknowledgement: read32(payload, 8),
    flags: payload[13]!,
    window: read16(payload, 14),
    segmentSize: findSegmentSize(payload.subarray(headerBytes, header)),
    data: payload.slice(header),
  };
}

export function buildSegment(source: number, destination: number, segment: TcpSegment): Ipv4Packet {
  const options =
    segment.segmentSize === undefined
      ? new Uint8Array()
      : Uint8Array.of(option.segmentSize, 4, segment.segmentSize >> 8, segment.segmentSize & 0xff);
  const payload = joined(new Uint8Array(headerBytes), options, segment.data);
  write16(payload, 0, segment.sourcePort);
  write16(payload, 2, segment.destinationPort);
  write32(payload, 4, segment.sequence);
  write32(payload, 8, segment.acknowledgement);
  payload[12] = ((headerBytes + options.length) / 4) << 4;
  payload[13] = segment.flags;
  write16(payload, 14, segment.window);
  write16(payload, 16, internetChecksum(pseudoHeader(source, destination, protocol.tcp, payload.length), payload));
  return { source, destination, protocol: protocol.tcp, payload };
}

/** How far sequence number `a` lies ahead of `b`; negative when it lies behind. */
export const ahead = (a: number, b: number): number => (a - b) | 0;
/** Sequence number `count` further on. */
export const after = (sequence: number, count: number): number => (sequence + count) >>> 0;
