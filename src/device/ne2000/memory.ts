/** The card's own address space, and remote DMA: how the processor reaches it through the data port (DP8390D, section 10). */
import {
  bufferStart,
  command,
  dataConfiguration,
  interrupt,
  type Ne2000Context,
  type Ne2000State,
  raise,
  remote,
} from './state.js';

/** The PROM below 4000h, the buffer above; the upper half of the address space repeats the lower one. */
export function readByte(state: Ne2000State, address: number): number {
  const at = address & 0x7fff;
  return at < bufferStart ? state.prom[at & 0x1f]! : state.buffer[at - bufferStart]!;
}

export function writeByte(state: Ne2000State, address: number, value: number): void {
  const at = address & 0x7fff;
  if (at >= bufferStart) state.buffer[at - bufferStart] = value;
}

/** Bytes of the local address space from `address` on, as a frame being sent. */
export function readBytes(state: Ne2000State, address: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, at) => readByte(state, address + at));
}

const operationOf = (state: Ne2000State): number => (state.command & command.remote) >> 3;

/** RD2 to RD0 were written. A transfer of no bytes is over at once; "send packet" reads the packet at the boundary. */
export function startRemote(context: Ne2000Context): void {
  const { state } = context;
  const operation = operationOf(state);
  if (operation === remote.send) {
    const header = state.boundary << 8;
    state.remoteAddress = header;
    state.remoteBytes = readByte(state, header + 2) | (readByte(state, header + 3) << 8);
  }
  const moves = operation >= remote.read && operation <= remote.send;
  if (moves && state.remoteBytes === 0) raise(context, interrupt.remoteComplete);
}

/** Steps over `bytes` bytes; at the ring's end the transfer goes on at its start. */
function step(context: Ne2000Context, bytes: number): void {
  const { state } = context;
  const next = (state.remoteAddress + bytes) & 0xffff;
  state.remoteAddress = next === state.pageStop << 8 ? state.pageStart << 8 : next;
  state.remoteBytes = Math.max(0, state.remoteBytes - bytes);
  if (state.remoteBytes > 0) return;
  if (operationOf(state) === remote.send) state.boundary = readByte(state, (state.boundary << 8) + 1);
  if (state.dataConfiguration & dataConfiguration.autoInitialise) {
    state.remoteAddress = state.remoteStart;
    state.remoteBytes = state.remoteCount;
  }
  raise(context, interrupt.remoteComplete);
}

/** One transfer of the data port: a byte, or with WTS a word whatever the processor takes of it. */
function readUnit(context: Ne2000Context): number {
  const { state } = context;
  const operation = operationOf(state);
  const isReading = operation === remote.read || operation === remote.send;
  if (!isReading || state.remoteBytes === 0) return 0xffff; // Nothing drives the data bus.
  if (!(state.dataConfiguration & dataConfiguration.words)) {
    const value = readByte(state, state.remoteAddress);
    step(context, 1);
    return value;
  }
  const at = state.remoteAddress & ~1;
  const value = readByte(state, at) | (readByte(state, at + 1) << 8);
  step(context, 2);
  return value;
}

function writeUnit(context: Ne2000Context, value: number): void {
  const { state } = context;
  if (operationOf(state) !== remote.write || state.remoteBytes === 0) return;
  if (!(state.dataConfiguration & dataConfiguration.words)) {
    writeByte(state, state.remoteAddress, value & 0xff);
    return step(context, 1);
  }
  const at = state.remoteAddress & ~1;
  writeByte(state, at, value & 0xff);
  if (state.remoteBytes > 1) writeByte(state, at + 1, (value >> 8) & 0xff);
  step(context, 2);
}

/** Bytes of one transfer. */
const unitBytes = (state: Ne2000State): 1 | 2 => (state.dataConfiguration & dataConfiguration.words ? 2 : 1);

/** The data port: an access that is wider than a transfer makes several, the low one first. */
export function readData(context: Ne2000Context, width: number): number {
  const unit = Math.min(unitBytes(context.state), width);
  let value = 0;
  for (let at = 0; at < width; at += unit) value += (readUnit(context) & (2 ** (8 * unit) - 1)) * 2 ** (8 * at);
  return value;
}

export function writeData(context: Ne2000Context, value: number, width: number): void {
  const unit = Math.min(unitBytes(context.state), width);
  for (let at = 0; at < width; at += unit) writeUnit(context, (value >>> (8 * at)) & (2 ** (8 * unit) - 1));
}
