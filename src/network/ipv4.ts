/** IPv4 (RFC 791) without fragments, ICMP (RFC 792) and UDP (RFC 768). */
import { internetChecksum, joined, read16, read32, write16, write32 } from './bytes.js';

export const protocol = { icmp: 1, tcp: 6, udp: 17 } as const;

export interface Ipv4Packet {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly payload: Uint8Array;
}

const headerBytes = 20;
const timeToLive = 64;
const dontFragment = 0x4000;
/** More fragments, or an offset. */
const fragmentBits = 0x3fff;

/** `10.0.2.2` as a number; undefined for any other text. */
export function parseAddress(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const parts = match?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((value, part) => value * 256 + part, 0);
}

/** A number as `10.0.2.2`. */
export const printAddress = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');

/** A packet; undefined when it is damaged, cut off, or a fragment. */
export function parseIpv4(data: Uint8Array): Ipv4Packet | undefined {
  if (data.length < headerBytes || data[0]! >> 4 !== 4) return undefined;
  const header = (data[0]! & 0x0f) * 4;
  const total = read16(data, 2);
  if (header < headerBytes || total < header || total > data.length) return undefined;
  if (internetChecksum(data.subarray(0, header)) !== 0 || (read16(data, 6) & fragmentBits) !== 0) return undefined;
  return {
    source: read32(data, 12),
    destination: read32(data, 16),
    protocol: data[9]!,
    payload: data.slice(header, total),
  };
}

export function buildIpv4(packet: Ipv4Packet, identification: number): Uint8Array {
  const header = new Uint8Array(headerBytes);
  header[0] = 0x45;
  write16(header, 2, headerBytes + packet.payload.length);
  write16(header, 4, identification);
  write16(header, 6, dontFragment);
  header[8] = timeToLive;
  header[9] = packet.protocol;
  write32(header, 12, packet.source);
  write32(header, 16, packet.destination);
  write16(header, 10, internetChecksum(header));
  return joined(header, packet.payload);
}

/** The pseudo header that the checksums of UDP and TCP cover. */
export function pseudoHeader(source: number, destination: number, protocolNumber: number, length: number): Uint8Array {
  const header = new Uint8Array(12);
  write32(header, 0, source);
  write32(header, 4, destination);
  header[9] = protocolNumber;
  write16(header, 10, length);
  return header;
}

export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly data: Uint8Array;
}

const udpHeaderBytes = 8;

/** The datagram in a packet; undefined when it is damaged or cut off. */
export function parseUdp({ source, destination, payload }: Ipv4Packet): UdpDatagram | undefined {
  if (payload.length < udpHeaderBytes) return undefined;
  const length = read16(payload, 4);
  if (length < udpHeaderBytes || length > payload.length) return undefined;
  const whole = payload.subarray(0, length);
  const sums = read16(payload, 6) !== 0;
  if (sums && internetChecksum(pseudoHeader(source, destination, protocol.udp, length), whole) !== 0) return undefined;
  return {
    sourcePort: read16(payload, 0),
    destinationPort: read16(payload, 2),
    data: payload.slice(udpHeaderBytes, length),
  };
}

export function buildUdp(source: number, destination: number, datagram: UdpDatagram): Ipv4Packet {
  const payload = joined(new Uint8Array(udpHeaderBytes), datagram.data);
  write16(payload, 0, datagram.sourcePort);
  write16(payload, 2, datagram.destinationPort);
  write16(payload, 4, payload.length);
  const sum = internetChecksum(pseudoHeader(source, destination, protocol.udp, payload.length), payload);
  write16(payload, 6, sum === 0 ? 0xffff : sum); // Zero means "no checksum".
  return { source, destination, protocol: protocol.udp, payload };
}

const icmpType = { echoReply: 0, unreachable: 3, echo: 8 } as const;
const portUnreachable = 3;

/** The answer to an echo request; undefined for everything else. */
export function answerEcho(packet: Ipv4Packet): Ipv4Packet | undefined {
  const { payload } = packet;
  if (payload.length < 8 || payload[0] !== icmpType.echo || internetChecksum(payload) !== 0) return undefined;
  const answer = payload.slice();
  answer[0] = icmpType.echoReply;
  write16(answer, 2, 0);
  write16(answer, 2, internetChecksum(answer));
  return { source: packet.destination, destination: packet.source, protocol: protocol.icmp, payload: answer };
}

/** What a host answers a datagram to a port on which nobody listens. */
export function unreachablePort(packet: Ipv4Packet): Ipv4Packet {
  const quoted = buildIpv4({ ...packet, payload: packet.payload.subarray(0, 8) }, 0);
  write16(quoted, 2, headerBytes + packet.payload.length);
  write16(quoted, 10, 0);
  write16(quoted, 10, internetChecksum(quoted.subarray(0, headerBytes)));
  const payload = joined(new Uint8Array(8), quoted);
  payload[0] = icmpType.unreachable;
  payload[1] = portUnreachable;
  write16(payload, 2, internetChecksum(payload));
  return { source: packet.destination, destination: packet.source, protocol: protocol.icmp, payload };
}
