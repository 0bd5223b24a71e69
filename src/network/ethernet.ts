/** Ethernet II frames as a card sees them, without the check sequence; and ARP (RFC 826). */
import { joined, read16, read32, write16, write32 } from './bytes.js';

export const etherType = { ipv4: 0x0800, arp: 0x0806 } as const;
export const broadcastMac: Uint8Array = new Uint8Array(6).fill(0xff);
/** What a frame is padded to, and the longest one: a header of 14 bytes, perhaps a VLAN tag, and 1500 bytes. */
export const frameBytes = { header: 14, least: 60, most: 1518 } as const;

export interface EthernetFrame {
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly type: number;
  readonly payload: Uint8Array;
}

/** The parts of a frame; undefined when it is too short to have them. */
export function parseFrame(frame: Uint8Array): EthernetFrame | undefined {
  if (frame.length < frameBytes.header) return undefined;
  return {
    destination: frame.slice(0, 6),
    source: frame.slice(6, 12),
    type: read16(frame, 12),
    payload: frame.subarray(frameBytes.header),
  };
}

/** A whole frame, padded to the least length. */
export function buildFrame({ destination, source, type, payload }: EthernetFrame): Uint8Array {
  const frame = new Uint8Array(Math.max(frameBytes.least, frameBytes.header + payload.length));
  frame.set(destination);
  frame.set(source, 6);
  write16(frame, 12, type);
  frame.set(payload, frameBytes.header);
  return frame;
}

export const isGroupAddress = (mac: Uint8Array): boolean => (mac[0]! & 1) !== 0;

/** A hardware address as a key. */
export const macKey = (mac: Uint8Array): string =>
  Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':');

export interface ArpPacket {
  readonly operation: 'request' | 'reply';
  readonly senderMac: Uint8Array;
  readonly senderAddress: number;
  readonly targetMac: Uint8Array;
  readonly targetAddress: number;
}

const arpBytes = 28;
/** Hardware type Ethernet, protocol IPv4, lengths 6 and 4. */
const arpHead = Uint8Array.of(0, 1, 8, 0, 6, 4);
const arpOperations = { request: 1, reply: 2 } as const;

/** An ARP packet for Ethernet and IPv4; undefined for any other. */
export function parseArp(data: Uint8Array): ArpPacket | undefined {
  if (data.length < arpBytes || !arpHead.every((byte, at) => data[at] === byte)) return undefined;
  const code = read16(data, 6);
  const operation = code === arpOperations.request ? 'request' : code === arpOperations.reply ? 'reply' : undefined;
  if (operation === undefined) return undefined;
  return {
    operation,
    senderMac: data.slice(8, 14),
    senderAddress: read32(data, 14),
    targetMac: data.slice(18, 24),
    targetAddress: read32(data, 24),
  };
}

export function buildArp(packet: ArpPacket): Uint8Array {
  const body = new Uint8Array(arpBytes - arpHead.length);
  write16(body, 0, arpOperations[packet.operation]);
  body.set(packet.senderMac, 2);
  write32(body, 8, packet.senderAddress);
  body.set(packet.targetMac, 12);
  write32(body, 18, packet.targetAddress);
  return joined(arpHead, body);
}
