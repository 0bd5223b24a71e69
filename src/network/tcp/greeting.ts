/** The first segment of a connection, and the answer to one that belongs to none (RFC 9293, sections 3.10.7.1 and 3.10.7.2). */
import type { Ipv4Packet } from '../ipv4.js';
import { after, buildSegment, tcpFlag, type TcpSegment } from './segment.js';
import { type Connection, newConnection, segmentBytesMost, type TcpServiceName } from './state.js';

const segmentBytesLeast = 64;
/** What a peer takes that says nothing of it. */
const segmentBytesDefault = 536;
const congestionSegments = 4;

/** The connection that a SYN asks for. */
export function connectionFrom(
  id: number,
  service: TcpServiceName,
  mac: Uint8Array,
  packet: Ipv4Packet,
  segment: TcpSegment,
): Connection {
  const asked = segment.segmentSize ?? segmentBytesDefault;
  const segmentSize = Math.max(segmentBytesLeast, Math.min(asked, segmentBytesMost));
  // Any number will do that differs from an earlier connection's: the line keeps no old segments.
  const initial = Math.imul(id, 0x10000) >>> 0;
  return {
    ...newConnection(),
    id,
    service,
    localAddress: packet.destination,
    localPort: segment.destinationPort,
    remoteAddress: packet.source,
    remotePort: segment.sourcePort,
    remoteMac: mac.slice(),
    unacknowledged: initial,
    sendNext: initial,
    sendHighest: initial,
    peerWindow: segment.window,
    congestionWindow: congestionSegments * segmentSize,
    segmentSize,
    receiveNext: after(segment.sequence, 1),
  };
}

/** The reset that answers a segment of no connection. */
export function refusal(packet: Ipv4Packet, segment: TcpSegment): Ipv4Packet {
  const { flags, sequence, acknowledgement, data } = segment;
  const acknowledged = (flags & tcpFlag.ack) !== 0;
  const length = data.length + (flags & tcpFlag.syn ? 1 : 0) + (flags & tcpFlag.fin ? 1 : 0);
  return buildSegment(packet.destination, packet.source, {
    sourcePort: segment.destinationPort,
    destinationPort: segment.sourcePort,
    sequence: acknowledged ? acknowledgement : 0,
    acknowledgement: acknowledged ? 0 : after(sequence, length),
    flags: acknowledged ? tcpFlag.rst : tcpFlag.rst | tcpFlag.ack,
    window: 0,
    data: new Uint8Array(),
  });
}
