/** What a TCP end remembers of its connections; everything is bounded. */
import { byteString, bytes, count, flag, list, oneOf, type StateOf, struct, u16, u32, u8 } from '../../state/schema.js';

/** Bytes that wait to be sent or acknowledged, and that a connection takes in without being read. */
export const sendBytesMost = 32768;
export const receiveBytesMost = 32768;
const connectionsMost = 64;
/** Segments kept that came too early. */
const earlyMost = 32;
export const segmentBytesMost = 1460;

/** Who serves a connection; append names, never reorder them. */
export const tcpServices = ['echo', 'discard', 'characters', 'http', 'outside'] as const;
export type TcpServiceName = (typeof tcpServices)[number];

/** What is being answered to an HTTP client. */
const httpState = struct({
  request: byteString(8192),
  /** The file being sent, its next byte and the byte behind its last one. */
  file: u32(),
  at: u32(),
  end: u32(),
  sending: flag(),
  closing: flag(),
});

const connectionState = struct({
  id: u32(),
  service: oneOf(tcpServices, 'discard'),
  localAddress: u32(),
  localPort: u16(),
  remoteAddress: u32(),
  remotePort: u16(),
  remoteMac: bytes(6),
  /** `opening`: a SYN came, its answer is held back; `answered`: SYN and ACK are sent; `open`: and acknowledged. */
  phase: oneOf(['opening', 'answered', 'open'], 'opening'),
  /** The oldest number sent and not acknowledged, the next to send, and the highest ever sent (RFC 9293, 3.3.1). */
  unacknowledged: u32(),
  sendNext: u32(),
  sendHighest: u32(),
  /** What the peer takes in, and what is risked on the line (RFC 5681). */
  peerWindow: u32(),
  congestionWindow: u32(),
  slowStartThreshold: u32(65535),
  segmentSize: u16(536),
  receiveNext: u32(),
  /** The window that was announced last. */
  announcedWindow: u32(),
  /** Bytes from `unacknowledged` on. */
  sending: byteString(sendBytesMost),
  early: list(earlyMost, struct({ sequence: u32(), data: byteString(segmentBytesMost), fin: flag() })),
  /** This end has nothing more to say; its FIN is acknowledged; the peer has nothing more to say. */
  closing: flag(),
  finAcknowledged: flag(),
  peerClosed: flag(),
  duplicates: u8(),
  retries: u8(),
  /** Microseconds: when to send again, or when to forget a connection whose ends are both closed. */
  retransmitAt: count(Infinity),
  forgetAt: count(Infinity),
  lastActive: count(),
  http: httpState,
});

export const tcpState = struct({
  connections: list(connectionsMost, connectionState),
  nextId: u32(1),
});

export type TcpState = StateOf<typeof tcpState>;
export type Connection = StateOf<typeof connectionState>;

export const newConnection = (): Connection => connectionState.initial();
export const isFull = (state: TcpState): boolean => state.connections.length >= connectionsMost;
export const earlyIsFull = (connection: Connection): boolean => connection.early.length >= earlyMost;
