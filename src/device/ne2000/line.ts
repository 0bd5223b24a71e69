/** Sending and receiving: the transmit page, the receive ring, and the address filter (DP8390D, sections 6 to 8). */
import { frameBytes, frameCheck, isBroadcast, isGroup, isTo, lineBits, multicastBin } from '../ethernet.js';
import { readBytes, writeByte } from './memory.js';
import {
  command,
  interrupt,
  isStarted,
  loopbackBits,
  type Ne2000Context,
  type Ne2000State,
  raise,
  receiveConfiguration,
  receiveStatus,
  transmitStatus,
} from './state.js';

/** No frame is longer than the buffer. */
const transmitBytesMost = 0x4000;

/** TXP: the frame in the transmit page goes out, at 10 Mbit/s. */
export function beginTransmission({ state }: Ne2000Context): void {
  if (state.transmitTicks !== Infinity) return;
  state.transmitStatus = 0;
  state.transmitTicks = lineBits(Math.min(state.transmitBytes, transmitBytesMost));
}

export function endTransmission(context: Ne2000Context): void {
  const { state, board } = context;
  state.transmitTicks = Infinity;
  state.command &= ~command.transmit;
  state.transmitStatus = transmitStatus.transmitted;
  const length = Math.min(state.transmitBytes, transmitBytesMost);
  const frame = readBytes(state, state.transmitPage << 8, length);
  raise(context, interrupt.transmitted);
  // In loopback the frame stays in the FIFO.
  if (length >= frameBytes.header && state.linkUp && (state.transmitConfiguration & loopbackBits) === 0)
    board.transmit(frame);
}

function isWanted(state: Ne2000State, frame: Uint8Array): boolean {
  const configuration = state.receiveConfiguration;
  if (isBroadcast(frame)) return (configuration & receiveConfiguration.broadcast) !== 0;
  if (configuration & receiveConfiguration.promiscuous && !isGroup(frame)) return true;
  if (!isGroup(frame)) return isTo(frame, state.physical);
  const bin = multicastBin(frame);
  const inTable = ((state.multicast[bin >> 3]! >> (bin & 7)) & 1) !== 0;
  return (configuration & receiveConfiguration.multicast) !== 0 && inTable;
}

/** Pages from the current one up to the boundary. */
function freePages({ current, boundary, pageStart, pageStop }: Ne2000State): number {
  const ring = Math.max(0, pageStop - pageStart);
  return current < boundary ? boundary - current : ring - (current - boundary);
}

/** Writes a packet with its header and check sequence into the ring; the driver finds the next one by its header. */
function intoRing(state: Ne2000State, frame: Uint8Array, pages: number): void {
  const start = state.pageStart << 8;
  const stop = state.pageStop << 8;
  const length = frame.length + frameBytes.check;
  let next = state.current + pages;
  if (next >= state.pageStop) next = state.pageStart + (next - state.pageStop);
  const header = [state.receiveStatus, next & 0xff, length & 0xff, length >> 8];
  let at = state.current << 8;
  for (const part of [header, frame, frameCheck(frame)]) {
    for (const byte of part) {
      writeByte(state, at, byte);
      at += 1;
      if (at === stop) at = start;
    }
  }
  state.current = next & 0xff;
}

function countMissed(context: Ne2000Context): void {
  const { state } = context;
  state.receiveStatus = receiveStatus.missed;
  if (state.missed < 0xff) state.missed += 1;
  if (state.missed >= 0x80) raise(context, interrupt.counter);
}

/** A frame comes in; false when there was no room for it. */
export function receiveFrame(context: Ne2000Context, frame: Uint8Array): boolean {
  const { state } = context;
  const isLooped = (state.transmitConfiguration & loopbackBits) !== 0;
  if (!isStarted(state) || isLooped || !state.linkUp || frame.length < frameBytes.header) return true;
  if (frame.length < frameBytes.least && !(state.receiveConfiguration & receiveConfiguration.runts)) return true;
  if (frame.length > frameBytes.most + 4 || !isWanted(state, frame)) return true;
  if (state.receiveConfiguration & receiveConfiguration.monitor) {
    countMissed(context);
    return true;
  }
  const headerBytes = 4;
  const pages = Math.ceil((headerBytes + frame.length + frameBytes.check) / 256);
  if (pages >= freePages(state)) {
    countMissed(context);
    raise(context, interrupt.overwrite);
    return false;
  }
  state.receiveStatus = receiveStatus.intact | (isGroup(frame) ? receiveStatus.group : 0);
  intoRing(state, frame, pages);
  raise(context, interrupt.received);
  return true;
}
