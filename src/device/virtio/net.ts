/**
 * Virtio network device: one receive, one transmit and one control queue, on a line of 1 Gbit/s.
 *
 * Source: OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.1.
 * Not modelled: segmentation and receive offloads, multiple queue pairs, hash reports, announcements. Left to the device
 * and chosen here: until the driver sets a receive mode, every frame is taken; a frame longer than 1522 bytes is dropped.
 */
import { bytes, count, flag, type StateOf, struct, u8, u32 } from '../../state/schema.js';
import { answerControl } from './net-control.js';
import { isWanted } from './net-filter.js';
import { type Chain, readSegments, segmentBytes, writeSegments } from './queue.js';
import {
  configurationChanged,
  consumeChains,
  failDevice,
  feature,
  giveBack,
  hasFeature,
  isLive,
  peekChain,
  takeChain,
  type VirtioContext,
} from './state.js';
import { defineVirtio, virtioIdentity, type VirtioKind } from './transport.js';

/** Feature bits of the kind (5.1.3). */
export const netFeature = {
  checksum: 0,
  mac: 5,
  mergeableBuffers: 15,
  status: 16,
  controlQueue: 17,
  controlReceive: 18,
  controlReceiveExtra: 20,
  controlMac: 23,
} as const;

const queue = { receive: 0, transmit: 1, control: 2 } as const;
const linkUpBit = 1;
const needsChecksum = 1;
const frameBytesLeast = 14;
const frameBytesMost = 1522;
/** Preamble, frame check sequence and gap between frames; a frame is padded to 60 bytes on the line. */
const lineOverheadBytes = 8 + 4 + 12;
const lineFrameBytesLeast = 60;

/** Addresses of each kind that the filter holds; a longer table counts as "all". */
export const filterAddresses = 64;

const netState = struct({
  linkUp: flag(true),
  mac: bytes(6),
  promiscuous: flag(true),
  allMulticast: flag(),
  allUnicast: flag(),
  noMulticast: flag(),
  noUnicast: flag(),
  noBroadcast: flag(),
  unicastCount: u8(),
  unicast: bytes(6 * filterAddresses),
  multicastCount: u8(),
  multicast: bytes(6 * filterAddresses),
  /** Own ticks until the frame being sent has left. */
  transmitTicks: count(Infinity),
  /** Frames that found no buffer. */
  dropped: u32(),
});

export type NetState = StateOf<typeof netState>;

export interface NetBoard {
  /** The address that the card was made with. */
  readonly mac: Uint8Array;
  /** A frame has left. */
  readonly transmit: (frame: Uint8Array) => void;
}

export type NetContext = VirtioContext<NetState, NetBoard>;

/** The header before each frame (5.1.6): its last field is there only for modern drivers and merged buffers. */
const headerBytes = (context: NetContext): number =>
  hasFeature(context, netFeature.mergeableBuffers) || hasFeature(context, feature.version1) ? 12 : 10;

/** Begins to send the next waiting frame, if the line is free. */
function beginTransmission(context: NetContext): void {
  const { own } = context.state;
  if (own.transmitTicks !== Infinity) return;
  const chain = peekChain(context, queue.transmit);
  if (chain === undefined) return;
  const length = Math.min(segmentBytes(chain.readable) - headerBytes(context), frameBytesMost);
  own.transmitTicks = Math.max(length, lineFrameBytesLeast) + lineOverheadBytes;
}

/** Fills in the checksum that the driver left to the device (5.1.6.2). */
function completeChecksum(frame: Uint8Array, header: DataView): void {
  if (!(header.getUint8(0) & needsChecksum)) return;
  const start = header.getUint16(6, true);
  const at = start + header.getUint16(8, true);
  if (at + 2 > frame.length) return;
  let sum = 0;
  for (let byte = start; byte < frame.length; byte++) sum += (byte - start) & 1 ? frame[byte]! : frame[byte]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65536);
  const checksum = ~sum & 0xffff || 0xffff;
  frame[at] = checksum >> 8;
  frame[at + 1] = checksum & 0xff;
}

function send(context: NetContext, chain: Chain): void {
  const { memory, transmit } = context.board;
  const header = new Uint8Array(headerBytes(context));
  const length = segmentBytes(chain.readable) - header.length;
  if (length < frameBytesLeast || length > frameBytesMost || !context.state.own.linkUp) return;
  const frame = new Uint8Array(length);
  readSegments(memory, chain.readable, 0, header);
  readSegments(memory, chain.readable, header.length, frame);
  completeChecksum(frame, new DataView(header.buffer));
  transmit(frame);
}

function endTransmission(context: NetContext): void {
  context.state.own.transmitTicks = Infinity;
  const chain = takeChain(context, queue.transmit);
  if (chain === undefined) return;
  send(context, chain);
  giveBack(context, queue.transmit, { head: chain.head, written: 0 });
  beginTransmission(context);
}

/** The buffers that a frame with its header goes into; undefined when there are too few. */
function receiveBuffers(context: NetContext, needed: number): Chain[] | undefined {
  const chains: Chain[] = [];
  const most = hasFeature(context, netFeature.mergeableBuffers) ? needed : 1;
  let room = 0;
  while (room < needed && chains.length < most) {
    const chain = peekChain(context, queue.receive, chains.length);
    if (chain === undefined) return undefined;
    const bytes = segmentBytes(chain.writable);
    if (bytes === 0) {
      failDevice(context);
      return undefined;
    }
    chains.push(chain);
    room += bytes;
  }
  return room >= needed ? chains : undefined;
}

/** Puts a frame into the driver's buffers; false when they do not suffice. */
function receiveFrame(context: NetContext, frame: Uint8Array): boolean {
  const header = headerBytes(context);
  const packet = new Uint8Array(header + frame.length);
  packet.set(frame, header);
  const chains = receiveBuffers(context, packet.length);
  if (chains === undefined) return false;
  if (header === 12) new DataView(packet.buffer).setUint16(10, chains.length, true);
  consumeChains(context, queue.receive, chains.length);
  let done = 0;
  const finished = chains.map(({ head, writable }) => {
    const written = writeSegments(context.board.memory, writable, 0, packet.subarray(done));
    done += written;
    return { head, written };
  });
  giveBack(context, queue.receive, ...finished);
  return true;
}

const operations = {
  /** A frame comes in; false when there was no room for it. One that is not wanted is taken and forgotten. */
  receive(context: NetContext, frame: Uint8Array): boolean {
    const { own } = context.state;
    if (!own.linkUp || !isLive(context) || frame.length > frameBytesMost) return true;
    if (frame.length < frameBytesLeast || !isWanted(own, frame)) return true;
    if (receiveFrame(context, frame)) return true;
    own.dropped = (own.dropped + 1) >>> 0;
    return false;
  },
  /** The cable is plugged in or pulled out. */
  setLink(context: NetContext, up: boolean): void {
    if (context.state.own.linkUp === up) return;
    context.state.own.linkUp = up;
    if (hasFeature(context, netFeature.status)) configurationChanged(context);
  },
};

const kind: VirtioKind<NetState, NetBoard, typeof operations> = {
  name: 'virtio-net',
  source: 'OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.1',
  notModelled: ['segmentation and receive offloads', 'multiple queue pairs', 'hash reports', 'announcements'],
  deviceType: 1,
  pciDevice: 0x1000,
  classCode: 0x020000,
  features: Object.values(netFeature),
  queueSizes: [256, 256, 64],
  clock: { numerator: 125_000_000, denominator: 1 },
  state: netState,
  configurationBytes: 8,
  readConfiguration({ state: { own } }, offset) {
    if (offset < 6) return own.mac[offset]!;
    return offset === 6 && own.linkUp ? linkUpBit : 0;
  },
  writeConfiguration({ state: { own, transport } }, offset, value) {
    if (offset < 6 && transport.dialect === 'legacy') own.mac[offset] = value; // 5.1.4.3: legacy only.
  },
  notified(context, which) {
    if (which === queue.transmit) beginTransmission(context);
    if (which === queue.control) answerControl(context, queue.control);
  },
  driverReset({ state: { own }, board }) {
    Object.assign(own, { ...netState.initial(), linkUp: own.linkUp, mac: own.mac });
    own.mac.set(board.mac);
  },
  advance(context, ticks) {
    context.state.own.transmitTicks -= ticks;
    if (context.state.own.transmitTicks === 0) endTransmission(context);
  },
  nextEdge: ({ state }) => state.own.transmitTicks,
  operations,
};

export const virtioNet = defineVirtio(kind);
export const virtioNetIdentity = virtioIdentity(kind);
