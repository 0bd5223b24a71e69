/** Sending: the four descriptors of C mode (RTL8139C, 6.3), the rings of C+ mode (8.2.1), and the time on the line. */
import { frameBytes, lineBits } from '../ethernet.js';
import { completeIpChecksum, completeTransportChecksum, ipv4Layout, segmentFrame } from '../offload.js';
import { command, descriptor, interrupt, plusCommand, transmitConfiguration, transmitStatus } from './bits.js';
import { type Descriptor, following, readDescriptor, writeCommand } from './plus.js';
import { receiveFrame } from './receive.js';
import { raise, type Rtl8139Context, type Rtl8139State } from './state.js';

/** The longest frame that a C mode descriptor may name (6.3). */
const slotBytesMost = 1792;
/** Descriptors and bytes of one frame, or one long segment, in C+ mode. */
const descriptorsMost = 64;
const chainBytesMost = 65535;
const lengthMask = 0xffff;
/** What a descriptor keeps when it is given back; where its command was, its status says that nothing went wrong. */
const keptBits = descriptor.endOfRing | descriptor.first | descriptor.last | lengthMask;

/** Own ticks, of 30 ns, that bits take at 100 Mbit/s. */
const ticksOf = (bits: number): number => Math.ceil(bits / 3);

/** Begins to send what waits, if the line is free. C+ mode's high-priority ring goes first. */
export function beginTransmission(context: Rtl8139Context): void {
  const { state } = context;
  if (state.sending !== 'nothing' || !(state.command & command.transmitEnable)) return;
  if (state.plusCommand & plusCommand.transmitEnable) return beginPlus(context);
  const status = state.transmitStatuses[state.nextTransmit]!;
  if (status & transmitStatus.own) return;
  state.sending = 'slot';
  state.transmitTicks = ticksOf(lineBits(Math.min(status & transmitStatus.sizeMask, slotBytesMost)));
}

function beginPlus(context: Rtl8139Context): void {
  const { state } = context;
  for (const ring of ['high', 'normal'] as const) {
    if (!state[`${ring}Polled`]) continue;
    const chain = chainOf(context, ring);
    if (chain !== undefined) {
      state.sending = ring;
      state.transmitTicks = ticksOf(lineBits(chain.bytes));
      return;
    }
    state[`${ring}Polled`] = false;
    raise(context, interrupt.transmitUnavailable);
  }
}

interface SendChain {
  readonly found: readonly Descriptor[];
  readonly next: number;
  readonly bytes: number;
}

/** The descriptors of the next frame of a ring; undefined when the first is not the chip's. */
function chainOf({ state, board }: Rtl8139Context, ring: 'high' | 'normal'): SendChain | undefined {
  const found: Descriptor[] = [];
  let next = state[`${ring}Index`];
  let bytes = 0;
  while (found.length < descriptorsMost) {
    const each = readDescriptor(board.memory, state[`${ring}RingLow`], state[`${ring}RingHigh`], next);
    if (each === undefined || !(each.command & descriptor.own)) break;
    found.push(each);
    bytes += each.command & lengthMask;
    next = following(next, each.command);
    if (each.command & descriptor.last) break;
  }
  return found.length === 0 ? undefined : { found, next, bytes: Math.min(bytes, chainBytesMost) };
}

/** A frame leaves: on the line, or in loopback to the own receiver. */
function send(context: Rtl8139Context, frame: Uint8Array): void {
  const { state, board } = context;
  if (frame.length < frameBytes.header) return;
  state.tally.sent = (state.tally.sent + 1) >>> 0;
  const loopback = transmitConfiguration.loopback;
  if ((state.transmitConfiguration & loopback) === loopback) receiveFrame(context, frame);
  else if (state.linkUp) board.transmit(frame);
}

function endSlot(context: Rtl8139Context): void {
  const { state, board } = context;
  const slot = state.nextTransmit;
  const status = state.transmitStatuses[slot]!;
  const size = status & transmitStatus.sizeMask;
  state.nextTransmit = (slot + 1) % 4;
  if (size > slotBytesMost) {
    state.transmitStatuses[slot] = (status | transmitStatus.own | transmitStatus.aborted) >>> 0;
    return raise(context, interrupt.transmitError);
  }
  const frame = new Uint8Array(size);
  board.memory.read(state.transmitAddresses[slot]!, frame);
  send(context, frame);
  state.transmitStatuses[slot] = (status | transmitStatus.own | transmitStatus.ok) >>> 0;
  raise(context, interrupt.transmitOk);
}

function complete(frame: Uint8Array, bits: number): Uint8Array {
  const layout = ipv4Layout(frame);
  if (layout === undefined) return frame;
  if (bits & descriptor.ipChecksum) completeIpChecksum(frame, layout);
  if (bits & (descriptor.tcpChecksum | descriptor.udpChecksum)) completeTransportChecksum(frame, layout);
  return frame;
}

/** Puts a tag behind the addresses of a frame (8.2.1, TAGC). */
function tagged(frame: Uint8Array, word: number): Uint8Array {
  const insertTag = 0x20000;
  if (!(word & insertTag) || frame.length < frameBytes.header) return frame;
  const whole = new Uint8Array(frame.length + 4);
  whole.set(frame.subarray(0, 12));
  whole.set([0x81, 0x00, word & 0xff, (word >> 8) & 0xff], 12); // The tag lies in the word with its bytes swapped.
  whole.set(frame.subarray(12), 16);
  return whole;
}

function vlanWord({ board }: Rtl8139Context, at: number): number {
  const bytes = new Uint8Array(4);
  board.memory.read(at + 4, bytes);
  return new DataView(bytes.buffer).getUint32(0, true);
}

function endPlus(context: Rtl8139Context, ring: 'high' | 'normal'): void {
  const { state, board } = context;
  const chain = chainOf(context, ring);
  if (chain === undefined) return;
  const data = new Uint8Array(chain.bytes);
  let done = 0;
  for (const { command: bits, buffer } of chain.found) {
    const part = data.subarray(done, done + (bits & lengthMask));
    board.memory.read(buffer, part);
    done += part.length;
  }
  const first = chain.found[0]!;
  const bits = first.command;
  const isWhole = (chain.found.at(-1)!.command & descriptor.last) !== 0;
  state[`${ring}Index`] = chain.next;
  const word = vlanWord(context, first.at);
  for (const each of chain.found) writeCommand(board.memory, each.at, each.command & keptBits);
  if (!isWhole) return raise(context, interrupt.transmitError); // The frame has no end: nothing goes out.
  const segmentBytes = (bits >>> 16) & 0x7ff;
  const frames = bits & descriptor.largeSend ? segmentFrame(data, segmentBytes) : [complete(data, bits)];
  for (const frame of frames) send(context, tagged(frame, word));
  raise(context, interrupt.transmitOk);
}

/** The last bit of what is being sent has left. */
export function endTransmission(context: Rtl8139Context): void {
  const { state } = context;
  const what = state.sending;
  state.sending = 'nothing';
  state.transmitTicks = Infinity;
  if (what === 'slot') endSlot(context);
  else if (what !== 'nothing') endPlus(context, what);
  beginTransmission(context);
}

/** Forgets what is being sent. */
export function stopTransmission(state: Rtl8139State): void {
  state.sending = 'nothing';
  state.transmitTicks = Infinity;
}
