/** Receiving into the descriptors of C+ mode (RTL8139C+, 8.2.2). */
import { frameCheck } from '../ethernet.js';
import { checkChecksums, ipv4Layout } from '../offload.js';
import { descriptor, plusCommand, received } from './bits.js';
import { type Descriptor, following, readDescriptor, writeCommand } from './plus.js';
import type { Match } from './receive.js';
import type { Rtl8139Context } from './state.js';

const sizeMask = 0x1fff;
/** Descriptors that one frame may take. */
const descriptorsMost = 64;

/** What the last descriptor says of the frame's protocols. */
function protocolBits(frame: Uint8Array): number {
  const layout = ipv4Layout(frame);
  if (layout === undefined) return 0;
  const { ip, transport } = checkChecksums(frame, layout);
  const bits = ip ? 0 : received.ipFailed;
  if (transport === undefined) return bits | received.isIp;
  const isTcp = layout.protocol === 6;
  if (isTcp) return bits | received.isTcp | (transport ? 0 : received.tcpFailed);
  return bits | received.isUdp | (transport ? 0 : received.udpFailed);
}

/** The free descriptors that `bytes` bytes need, and where the ring goes on; undefined when they are too few. */
function freeDescriptors(
  { state, board }: Rtl8139Context,
  bytes: number,
): { readonly found: readonly Descriptor[]; readonly next: number } | undefined {
  const found: Descriptor[] = [];
  let next = state.receiveIndex;
  for (let room = 0; room < bytes;) {
    const each = readDescriptor(board.memory, state.receiveRingLow, state.receiveRingHigh, next);
    if (each === undefined || !(each.command & descriptor.own) || found.length >= descriptorsMost) return undefined;
    found.push(each);
    room += each.command & sizeMask;
    next = following(next, each.command);
  }
  return { found, next };
}

/** Puts a frame with its check sequence into descriptors; false when there are too few. */
export function receivePlus(context: Rtl8139Context, frame: Uint8Array, match: Match): boolean {
  const { state, board } = context;
  const data = new Uint8Array(frame.length + 4);
  data.set(frame);
  data.set(frameCheck(frame), frame.length);
  const free = freeDescriptors(context, data.length);
  if (free === undefined) return false;
  const checks = state.plusCommand & plusCommand.receiveChecksum ? protocolBits(frame) : 0;
  const kind = match === 'promiscuous' ? 0 : received[match];
  let done = 0;
  free.found.forEach((each, index) => {
    const part = data.subarray(done, done + (each.command & sizeMask));
    board.memory.write(each.buffer, part);
    done += part.length;
    const isLast = index === free.found.length - 1;
    const bits =
      (each.command & descriptor.endOfRing) |
      (index === 0 ? descriptor.first : 0) |
      (isLast ? descriptor.last | kind | checks | data.length : part.length);
    writeCommand(board.memory, each.at, bits);
  });
  state.receiveIndex = free.next;
  return true;
}
