/** Receiving (PCI/PCI-X Family of Gigabit Ethernet Controllers, sections 3.2 and 13.4.22): filter, ring, checksums. */
import { frameBytes, frameCheck, isBroadcast, isGroup, isTo } from '../ethernet.js';
import { checkChecksums, ipv4Layout, onesComplement } from '../offload.js';
import {
  bufferAddress,
  cause,
  countOctets,
  countUp,
  descriptorAt,
  descriptorBytes,
  type E1000Context,
  type E1000State,
  raise,
  receiveAddresses,
  receiveChecksum,
  receiveControl,
  ringSize,
} from './state.js';

const addressValid = 0x8000_0000;
const received = { done: 0x01, end: 0x02, ignoreChecksum: 0x04, transportChecked: 0x20, ipChecked: 0x40 } as const;
const inexactMatch = 0x80;
const failed = { transport: 0x20, ip: 0x40 } as const;
const standardMost = 1522;
const longMost = 16384;

/** Whether one of the sixteen exact addresses is a frame's destination. */
function matchesExactly(state: E1000State, frame: Uint8Array): boolean {
  for (let entry = 0; entry < receiveAddresses; entry++) {
    const low = state.addresses[2 * entry]!;
    const high = state.addresses[2 * entry + 1]!;
    const address = [0, 8, 16, 24].map((shift) => (low >>> shift) & 0xff).concat(high & 0xff, (high >> 8) & 0xff);
    if (high & addressValid && isTo(frame, address)) return true;
  }
  return false;
}

/** Whether the table of 4096 bins holds a group address; MO says which twelve of its upper bits count. */
function inMulticastTable(state: E1000State, frame: Uint8Array): boolean {
  const shift = [4, 3, 2, 0][(state.receiveControl >> 12) & 3]!;
  const bin = ((frame[4]! | (frame[5]! << 8)) >> shift) & 0xfff;
  return ((state.multicastTable[bin >> 5]! >>> (bin & 31)) & 1) !== 0;
}

/** How a frame passes the filter; undefined when it does not. */
function filter(state: E1000State, frame: Uint8Array): 'exact' | 'inexact' | undefined {
  const bits = state.receiveControl;
  if (isBroadcast(frame) && bits & receiveControl.broadcast) return 'exact';
  if (matchesExactly(state, frame)) return 'exact';
  if (!isGroup(frame)) return bits & receiveControl.unicastPromiscuous ? 'inexact' : undefined;
  return bits & receiveControl.multicastPromiscuous || inMulticastTable(state, frame) ? 'inexact' : undefined;
}

/** Bytes of each buffer: BSIZE, times sixteen with BSEX. */
function bufferBytes(state: E1000State): number {
  const size = 2048 >> ((state.receiveControl >> 16) & 3);
  return state.receiveControl & receiveControl.extendedSize ? Math.min(size * 16, 16384) : size;
}

/** Status and errors of the last descriptor: what was checked of IPv4, TCP and UDP. */
function checks(state: E1000State, frame: Uint8Array): { readonly status: number; readonly errors: number } {
  const layout = ipv4Layout(frame);
  const wanted = state.receiveChecksum & (receiveChecksum.ip | receiveChecksum.transport);
  if (layout === undefined || wanted === 0) return { status: received.ignoreChecksum, errors: 0 };
  const { ip, transport } = checkChecksums(frame, layout);
  let status = 0;
  let errors = 0;
  if (wanted & receiveChecksum.ip) {
    status |= received.ipChecked;
    if (!ip) errors |= failed.ip;
  }
  if (wanted & receiveChecksum.transport && transport !== undefined) {
    status |= received.transportChecked;
    if (!transport) errors |= failed.transport;
  }
  return { status, errors };
}

/** Free descriptors in the ring. */
function free(state: E1000State): number {
  const size = ringSize(state.receive);
  return size === 0 ? 0 : (state.receive.tail - state.receive.head + size) % size;
}

function writeDescriptor(
  context: E1000Context,
  at: number,
  fields: { readonly length: number; readonly checksum: number; readonly status: number; readonly errors: number },
): void {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint16(0, fields.length, true);
  view.setUint16(2, fields.checksum, true);
  view.setUint8(4, fields.status);
  view.setUint8(5, fields.errors);
  context.board.memory.write(at + 8, new Uint8Array(view.buffer));
}

/** Puts a frame into as many buffers as it needs; false when they are too few. */
function intoRing(context: E1000Context, frame: Uint8Array, way: 'exact' | 'inexact'): boolean {
  const { state, board } = context;
  const size = bufferBytes(state);
  const strips = (state.receiveControl & receiveControl.stripCheck) !== 0;
  const data = new Uint8Array(frame.length + (strips ? 0 : frameBytes.check));
  data.set(frame);
  if (!strips) data.set(frameCheck(frame), frame.length);
  const needed = Math.ceil(data.length / size);
  if (free(state) < needed) return false;
  const { status, errors } = checks(state, frame);
  const checksum = ~onesComplement(frame, Math.min(state.receiveChecksum & 0xff, frame.length), frame.length) & 0xffff;
  for (let part = 0; part < needed; part++) {
    const at = descriptorAt(state.receive, state.receive.head);
    if (at === undefined) return false;
    const descriptor = new Uint8Array(descriptorBytes);
    board.memory.read(at, descriptor);
    const buffer = bufferAddress(new DataView(descriptor.buffer));
    const piece = data.subarray(part * size, (part + 1) * size);
    if (buffer !== undefined) board.memory.write(buffer, piece);
    const isLast = part === needed - 1;
    const end = isLast ? received.end | status | (way === 'inexact' ? inexactMatch : 0) : 0;
    writeDescriptor(context, at, {
      length: piece.length,
      checksum,
      status: received.done | end,
      errors: isLast ? errors : 0,
    });
    state.receive.head = (state.receive.head + 1) % ringSize(state.receive);
  }
  return true;
}

/** Whether fewer descriptors are free than RDMTS asks to be told of. */
function isLow(state: E1000State): boolean {
  const fraction = 2 << ((state.receiveControl >> 8) & 3);
  return free(state) * fraction <= ringSize(state.receive);
}

/** A frame comes in; false when there was no room for it. */
export function receiveFrame(context: E1000Context, frame: Uint8Array): boolean {
  const { state } = context;
  if (!(state.receiveControl & receiveControl.enable) || frame.length < frameBytes.header) return true;
  const most = state.receiveControl & receiveControl.longPackets ? longMost : standardMost - frameBytes.check;
  if (frame.length > most) return true;
  const way = filter(state, frame);
  if (way === undefined) return true;
  if (!intoRing(context, frame, way)) {
    countUp(state, 0x4010);
    countUp(state, 0x40a0);
    raise(context, cause.receiveOverrun);
    return false;
  }
  countUp(state, 0x4074);
  countUp(state, 0x40d0);
  countOctets(state, 0x4088, frame.length + frameBytes.check);
  if (isBroadcast(frame)) countUp(state, 0x4078);
  else if (isGroup(frame)) countUp(state, 0x407c);
  raise(context, cause.received | (isLow(state) ? cause.receiveLow : 0));
  return true;
}
