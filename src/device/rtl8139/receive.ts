/** Receiving: which frames are taken (RTL8139C, 6.10), and the ring buffer of C mode (7.4). */
import { frameBytes, frameCheck, isBroadcast, isGroup, isTo, multicastBin } from '../ethernet.js';
import { command, interrupt, packetStatus, plusCommand, receive } from './bits.js';
import { receivePlus } from './plus-receive.js';
import { raise, type Rtl8139Context, type Rtl8139State } from './state.js';

export type Match = 'physical' | 'broadcast' | 'multicast' | 'promiscuous';

/** Why a frame is wanted; undefined when it is not. */
function matchOf(state: Rtl8139State, frame: Uint8Array): Match | undefined {
  const configuration = state.receiveConfiguration;
  const promiscuous = configuration & receive.allPhysical ? 'promiscuous' : undefined;
  if (isBroadcast(frame)) return configuration & receive.broadcast ? 'broadcast' : undefined;
  if (isGroup(frame)) {
    const bin = multicastBin(frame);
    const inTable = ((state.multicast[bin >> 3]! >> (bin & 7)) & 1) !== 0;
    return configuration & receive.multicast && inTable ? 'multicast' : promiscuous;
  }
  return configuration & receive.physicalMatch && isTo(frame, state.address) ? 'physical' : promiscuous;
}

/** Bytes of the ring: 8, 16, 32 or 64 KiB. */
export const ringBytes = (state: Rtl8139State): number => 8192 << ((state.receiveConfiguration >> 11) & 3);

/** The read pointer is kept 16 bytes behind the byte that the driver reads next. */
const readOffset = (state: Rtl8139State): number => (state.readPointer + 16) % ringBytes(state);

export const isRingEmpty = (state: Rtl8139State): boolean =>
  readOffset(state) === state.writePointer % ringBytes(state);

const headerBytes = 4;
const aligned = (bytes: number): number => (bytes + 3) & ~3;

/** Puts a frame with its header and check sequence into the ring; false when there is no room. */
function intoRing(context: Rtl8139Context, frame: Uint8Array, match: Match): boolean {
  const { state, board } = context;
  const size = ringBytes(state);
  const length = frame.length + frameBytes.check;
  const needed = aligned(headerBytes + length);
  const free = (readOffset(state) - state.writePointer + size) % size || size;
  if (needed >= free) return false;
  const packet = new Uint8Array(headerBytes + length);
  const status = packetStatus.ok | (match === 'promiscuous' ? 0 : packetStatus[match]);
  packet.set([status & 0xff, status >> 8, length & 0xff, length >> 8]);
  packet.set(frame, headerBytes);
  packet.set(frameCheck(frame), headerBytes + frame.length);
  const at = state.writePointer;
  // With WRAP the packet goes on behind the ring's end, where the driver keeps 1.5 KiB for it; a 64 KiB ring always wraps.
  const isStraight = (state.receiveConfiguration & receive.wrap) !== 0 && size < 65536;
  const straight = isStraight ? packet.length : Math.min(packet.length, size - at);
  board.memory.write(state.receiveBuffer + at, packet.subarray(0, straight));
  if (straight < packet.length) board.memory.write(state.receiveBuffer, packet.subarray(straight));
  state.writePointer = (at + needed) % size;
  return true;
}

/** A frame comes in; false when there was no room. */
export function receiveFrame(context: Rtl8139Context, frame: Uint8Array): boolean {
  const { state } = context;
  if (!(state.command & command.receiveEnable) || frame.length < frameBytes.header) return true;
  if (
    frame.length > frameBytes.most + 4 ||
    (frame.length < frameBytes.least && !(state.receiveConfiguration & receive.runts))
  )
    return true;
  const match = matchOf(state, frame);
  if (match === undefined) return true;
  const isPlus = (state.plusCommand & plusCommand.receiveEnable) !== 0;
  const taken = isPlus ? receivePlus(context, frame, match) : intoRing(context, frame, match);
  if (!taken) {
    state.missed = (state.missed + 1) & 0xffffff;
    raise(context, interrupt.receiveOverflow);
    return false;
  }
  state.tally.received = (state.tally.received + 1) >>> 0;
  if (match !== 'promiscuous') state.tally[match] = (state.tally[match] + 1) >>> 0;
  raise(context, interrupt.receiveOk);
  return true;
}
