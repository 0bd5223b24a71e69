/** Sending (sections 3.3 to 3.5): legacy and extended descriptors, checksums, TCP segmentation, and the time on the line. */
import { frameBytes, isBroadcast, isGroup, lineBits } from '../ethernet.js';
import { onesComplement, segmentFrame } from '../offload.js';
import { receiveFrame } from './receive.js';
import {
  bufferAddress,
  cause,
  countOctets,
  countUp,
  descriptorAt,
  descriptorBytes,
  type E1000Context,
  raise,
  receiveControl,
  ringSize,
  transmitControl,
} from './state.js';

/** Command bits; those of extended descriptors stand at the same places. */
const commandBit = {
  end: 0x01,
  checksum: 0x04,
  segmentation: 0x04,
  reportStatus: 0x08,
  extended: 0x20,
  vlan: 0x40,
} as const;
const option = { ip: 0x01, transport: 0x02 } as const;
const done = 0x01;
/** A whole TCP segment with its headers. */
const packetBytesMost = 0x1_0000 + 256;
const descriptorsMost = 256;
const contextTicks = 8;

interface Descriptor {
  readonly at: number;
  readonly kind: 'legacy' | 'context' | 'data';
  readonly length: number;
  readonly command: number;
  readonly view: DataView;
}

function readDescriptor({ state, board }: E1000Context, index: number): Descriptor | undefined {
  const at = descriptorAt(state.transmit, index);
  if (at === undefined) return undefined;
  const bytes = new Uint8Array(descriptorBytes);
  board.memory.read(at, bytes);
  const view = new DataView(bytes.buffer);
  const lower = view.getUint32(8, true);
  const command = lower >>> 24;
  if (!(command & commandBit.extended)) return { at, kind: 'legacy', length: lower & 0xffff, command, view };
  const kind = ((lower >> 20) & 0xf) === 0 ? 'context' : 'data';
  return { at, kind, length: lower & 0xfffff, command, view };
}

/** The descriptors of the packet at the head, to the one that ends it; undefined while that is not there. */
function packetAtHead(context: E1000Context): readonly Descriptor[] | undefined {
  const { transmit } = context.state;
  const size = ringSize(transmit);
  const found: Descriptor[] = [];
  if (Math.max(transmit.head, transmit.tail) >= size) return undefined;
  for (let index = transmit.head; index !== transmit.tail && found.length < descriptorsMost;) {
    const each = readDescriptor(context, index);
    if (each === undefined) break;
    if (each.kind === 'context') return found.length === 0 ? [each] : found; // Amid a packet it cuts that short.
    found.push(each);
    if (each.command & commandBit.end) return found;
    index = (index + 1) % size;
  }
  return found.length >= descriptorsMost ? found : undefined;
}

const bytesOf = (packet: readonly Descriptor[]): number =>
  Math.min(
    packet.reduce((sum, { length }) => sum + length, 0),
    packetBytesMost,
  );

/** Begins with what is at the head of the ring, if the line is free. */
export function beginTransmission(context: E1000Context): void {
  const { state } = context;
  if (state.sending !== 'nothing' || !(state.transmitControl & transmitControl.enable)) return;
  const packet = packetAtHead(context);
  if (packet === undefined) return;
  const isContext = packet[0]!.kind === 'context';
  state.sending = isContext ? 'context' : 'packet';
  state.transmitTicks = isContext ? contextTicks : lineBits(bytesOf(packet)) / 8;
}

/** Gives a descriptor back, and says so where the driver wants it. */
function finish({ board }: E1000Context, { at, command, view }: Descriptor): boolean {
  if (!(command & commandBit.reportStatus)) return false;
  board.memory.write(at + 12, Uint8Array.of(view.getUint8(12) | done));
  return true;
}

/** Fills in a checksum over `from` to `end` (0: to the frame's end) at `at`; what the driver left there counts. */
function insertChecksum(frame: Uint8Array, from: number, at: number, end: number): void {
  const to = end === 0 ? frame.length : Math.min(end + 1, frame.length);
  if (from >= to || at + 2 > frame.length) return;
  const sum = onesComplement(frame, from, to);
  frame[at] = sum >> 8;
  frame[at + 1] = sum & 0xff;
}

/** Checksums by the context of extended descriptors (3.5.2, 3.6). */
function insertByContext(frame: Uint8Array, block: Uint8Array, options: number): void {
  const view = new DataView(block.buffer, block.byteOffset);
  if (options & option.ip) insertChecksum(frame, view.getUint8(0), view.getUint8(1), view.getUint16(2, true));
  if (options & option.transport) insertChecksum(frame, view.getUint8(4), view.getUint8(5), view.getUint16(6, true));
}

/** The frames that a packet becomes. */
function framesOf({ state }: E1000Context, packet: readonly Descriptor[], data: Uint8Array): readonly Uint8Array[] {
  const first = packet[0]!;
  const last = packet.at(-1)!;
  if (first.kind === 'legacy') {
    const at = (last.view.getUint32(8, true) >> 16) & 0xff;
    if (last.command & commandBit.checksum) insertChecksum(data, last.view.getUint8(13), at, 0);
    return [data];
  }
  if (first.command & commandBit.segmentation) {
    const { segmentationContext: block } = state;
    return segmentFrame(data, new DataView(block.buffer, block.byteOffset).getUint16(14, true));
  }
  insertByContext(data, state.checksumContext, first.view.getUint8(13));
  return [data];
}

/** Puts a VLAN tag of type 8100h behind the addresses (3.7). */
function tagged(frame: Uint8Array, tag: number): Uint8Array {
  const whole = new Uint8Array(frame.length + 4);
  whole.set(frame.subarray(0, 12));
  whole.set([0x81, 0x00, tag >> 8, tag & 0xff], 12);
  whole.set(frame.subarray(12), 16);
  return whole;
}

function send(context: E1000Context, frame: Uint8Array): void {
  const { state, board } = context;
  if (frame.length < frameBytes.header) return;
  countUp(state, 0x4080);
  countUp(state, 0x40d4);
  countOctets(state, 0x4090, frame.length + frameBytes.check);
  if (isBroadcast(frame)) countUp(state, 0x40f4);
  else if (isGroup(frame)) countUp(state, 0x40f0);
  if ((state.receiveControl & receiveControl.loopback) === receiveControl.loopback) receiveFrame(context, frame);
  else if (state.linkUp) board.transmit(frame);
}

function endPacket(context: E1000Context, packet: readonly Descriptor[]): void {
  const { board } = context;
  const data = new Uint8Array(bytesOf(packet));
  let at = 0;
  for (const { length, view } of packet) {
    const part = data.subarray(at, at + length);
    const buffer = bufferAddress(view);
    if (buffer !== undefined) board.memory.read(buffer, part);
    at += part.length;
  }
  const last = packet.at(-1)!;
  const isWhole = (last.command & commandBit.end) !== 0;
  const hasTag = (last.command & commandBit.vlan) !== 0;
  const tag = last.view.getUint16(14, true);
  // Without its last descriptor the packet is lost.
  for (const frame of isWhole ? framesOf(context, packet, data) : [])
    send(context, hasTag ? tagged(frame, tag) : frame);
}

function endContext({ state }: E1000Context, { command, view }: Descriptor): void {
  const block = command & commandBit.segmentation ? state.segmentationContext : state.checksumContext;
  block.set(new Uint8Array(view.buffer));
}

/** The last bit of what is being sent has left. */
export function endTransmission(context: E1000Context): void {
  const { state } = context;
  const { transmit } = state;
  state.sending = 'nothing';
  state.transmitTicks = Infinity;
  const packet = packetAtHead(context);
  if (packet === undefined) return;
  if (packet[0]!.kind === 'context') endContext(context, packet[0]!);
  else endPacket(context, packet);
  let reported = false;
  for (const each of packet) reported = finish(context, each) || reported;
  transmit.head = (transmit.head + packet.length) % ringSize(transmit);
  const isEmpty = transmit.head === transmit.tail;
  raise(context, (reported ? cause.transmitWritten : 0) | (isEmpty ? cause.transmitEmpty : 0));
  beginTransmission(context);
}
