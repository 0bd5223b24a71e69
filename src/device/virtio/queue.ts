/** A split virtqueue as the device sees it. Virtual I/O Device (VIRTIO) 1.2, section 2.7; legacy layout: section 2.7.2. */
import { flag, type StateOf, struct, u16, u32 } from '../../state/schema.js';
import type { MemoryAccess } from '../memory-access.js';

/** What a queue remembers. Addresses are kept in halves, as the driver writes them. */
export const queueState = struct({
  /** Entries of the ring as the driver chose them; 0 stands for "as many as offered". */
  size: u16(),
  enabled: flag(),
  /** The message that tells of finished chains; FFFFh is none. */
  vector: u16(0xffff),
  descriptorsLow: u32(),
  descriptorsHigh: u32(),
  driverLow: u32(),
  driverHigh: u32(),
  deviceLow: u32(),
  deviceHigh: u32(),
  /** The page number that a legacy driver gave, to be read back. */
  legacyPage: u32(),
  /** The next entry of the available ring to take, and the next of the used ring to fill; both run freely. */
  nextAvailable: u16(),
  nextUsed: u16(),
});

export type QueueState = StateOf<typeof queueState>;

/** A piece of guest memory that a descriptor names. */
export interface Segment {
  readonly address: number;
  readonly bytes: number;
}

/** A descriptor chain: what the device may read, then what it may write (2.7.4.2). */
export interface Chain {
  /** The first descriptor's number: it names the chain to the driver. */
  readonly head: number;
  readonly readable: readonly Segment[];
  readonly writable: readonly Segment[];
}

/** A finished chain: how many bytes the device wrote into it. */
export interface FinishedChain {
  readonly head: number;
  readonly written: number;
}

const descriptorFlag = { next: 1, write: 2, indirect: 4 } as const;
const descriptorBytes = 16;
const noInterrupt = 1;
/** Descriptors of one chain: an indirect table could claim 2^28 of them. */
const chainDescriptorsMax = 1024;
/** Exact as a double, and far above any memory. */
const highHalfMax = 2 ** 20;

/** Bytes in all segments. */
export const segmentBytes = (segments: readonly Segment[]): number =>
  segments.reduce((sum, segment) => sum + segment.bytes, 0);

/** Runs over the part of `segments` that lies from `offset` on, `bytes` long at most; returns how many bytes there were. */
function overlap(
  segments: readonly Segment[],
  offset: number,
  bytes: number,
  move: (address: number, from: number, to: number) => void,
): number {
  let skip = offset;
  let done = 0;
  for (const segment of segments) {
    if (done === bytes) break;
    if (skip >= segment.bytes) {
      skip -= segment.bytes;
      continue;
    }
    const length = Math.min(segment.bytes - skip, bytes - done);
    move(segment.address + skip, done, done + length);
    done += length;
    skip = 0;
  }
  return done;
}

/** Gathers bytes of `segments` from `offset` on into `into`; returns how many there were. */
export function readSegments(
  memory: MemoryAccess,
  segments: readonly Segment[],
  offset: number,
  into: Uint8Array,
): number {
  return overlap(segments, offset, into.length, (address, from, to) => memory.read(address, into.subarray(from, to)));
}

/** Scatters `data` over `segments` from `offset` on; returns how many bytes found room. */
export function writeSegments(
  memory: MemoryAccess,
  segments: readonly Segment[],
  offset: number,
  data: Uint8Array,
): number {
  return overlap(segments, offset, data.length, (address, from, to) => memory.write(address, data.subarray(from, to)));
}

function view(memory: MemoryAccess, address: number, bytes: number): DataView {
  const data = new Uint8Array(bytes);
  memory.read(address, data);
  return new DataView(data.buffer);
}

const read16 = (memory: MemoryAccess, address: number): number => view(memory, address, 2).getUint16(0, true);

function write16(memory: MemoryAccess, address: number, value: number): void {
  memory.write(address, Uint8Array.of(value & 0xff, (value >> 8) & 0xff));
}

const joined = (low: number, high: number): number => high * 2 ** 32 + low;
const descriptorTable = (queue: QueueState): number => joined(queue.descriptorsLow, queue.descriptorsHigh);
const driverArea = (queue: QueueState): number => joined(queue.driverLow, queue.driverHigh);
const deviceArea = (queue: QueueState): number => joined(queue.deviceLow, queue.deviceHigh);

/** Whether the queue's three areas can be addressed at all: a hostile driver may name any 64 bits. */
export const isAddressable = (queue: QueueState): boolean =>
  Math.max(queue.descriptorsHigh, queue.driverHigh, queue.deviceHigh) < highHalfMax;

/** Lays out a legacy queue: descriptors, available ring, and from the next page on the used ring (2.7.2). */
export function placeLegacyQueue(queue: QueueState, page: number, size: number): void {
  const legacyAlignment = 4096;
  const descriptors = page * legacyAlignment;
  const driver = descriptors + descriptorBytes * size;
  const device = Math.ceil((driver + 6 + 2 * size) / legacyAlignment) * legacyAlignment;
  const halves = (address: number): [number, number] => [address % 2 ** 32, Math.floor(address / 2 ** 32)];
  [queue.descriptorsLow, queue.descriptorsHigh] = halves(descriptors);
  [queue.driverLow, queue.driverHigh] = halves(driver);
  [queue.deviceLow, queue.deviceHigh] = halves(device);
  queue.legacyPage = page;
  queue.size = size;
  queue.enabled = page !== 0;
}

interface Descriptor {
  readonly segment: Segment | undefined;
  readonly flags: number;
  readonly next: number;
}

function readDescriptor(memory: MemoryAccess, table: number, index: number): Descriptor {
  const bytes = view(memory, table + descriptorBytes * index, descriptorBytes);
  const high = bytes.getUint32(4, true);
  return {
    segment:
      high < highHalfMax
        ? { address: joined(bytes.getUint32(0, true), high), bytes: bytes.getUint32(8, true) }
        : undefined,
    flags: bytes.getUint16(12, true),
    next: bytes.getUint16(14, true),
  };
}

/**
 * The chain that starts at descriptor `head`; undefined when the driver broke a rule: a loop, a number outside the table,
 * a readable part behind a writable one, a table inside a table.
 */
export function chainAt(
  memory: MemoryAccess,
  queue: QueueState,
  head: number,
  indirectAllowed: boolean,
): Chain | undefined {
  const readable: Segment[] = [];
  const writable: Segment[] = [];
  let table = descriptorTable(queue);
  let entries = queue.size;
  let index = head;
  let indirect = false;
  for (let count = 0; count < chainDescriptorsMax && index < entries; count++) {
    const { segment, flags, next } = readDescriptor(memory, table, index);
    if (segment === undefined) return undefined;
    if (flags & descriptorFlag.indirect) {
      if (indirect || !indirectAllowed || flags & descriptorFlag.next || segment.bytes % descriptorBytes !== 0)
        return undefined;
      indirect = true;
      table = segment.address;
      entries = segment.bytes / descriptorBytes;
      index = 0;
      continue;
    }
    if (flags & descriptorFlag.write) writable.push(segment);
    else if (writable.length > 0) return undefined;
    else readable.push(segment);
    if (!(flags & descriptorFlag.next)) return { head, readable, writable };
    if (!indirect && count + 1 >= entries) return undefined; // Longer than the table: it loops.
    index = next;
  }
  return undefined;
}

/** How many chains wait in the available ring; undefined when the driver claims more than the ring holds. */
export function waiting(memory: MemoryAccess, queue: QueueState): number | undefined {
  const count = (read16(memory, driverArea(queue) + 2) - queue.nextAvailable) & 0xffff;
  return count <= queue.size ? count : undefined;
}

/** The head of the chain that waits `ahead` places behind the next one. */
export function availableHead(memory: MemoryAccess, queue: QueueState, ahead: number): number {
  const slot = ((queue.nextAvailable + ahead) & 0xffff) % queue.size;
  return read16(memory, driverArea(queue) + 4 + 2 * slot);
}

/** Steps over `count` chains of the available ring; with event indices, asks to be told of the next one (2.7.10). */
export function consume(memory: MemoryAccess, queue: QueueState, count: number, eventIndices: boolean): void {
  queue.nextAvailable = (queue.nextAvailable + count) & 0xffff;
  if (eventIndices) write16(memory, deviceArea(queue) + 4 + 8 * queue.size, queue.nextAvailable);
}

/** Hands chains back to the driver, all at once (2.7.8); returns whether the driver wants an interrupt for it (2.7.7). */
export function publish(
  memory: MemoryAccess,
  queue: QueueState,
  finished: readonly FinishedChain[],
  eventIndices: boolean,
): boolean {
  const used = deviceArea(queue);
  const before = queue.nextUsed;
  for (const { head, written } of finished) {
    const element = new DataView(new ArrayBuffer(8));
    element.setUint32(0, head, true);
    element.setUint32(4, written, true);
    memory.write(used + 4 + 8 * (queue.nextUsed % queue.size), new Uint8Array(element.buffer));
    queue.nextUsed = (queue.nextUsed + 1) & 0xffff;
  }
  write16(memory, used + 2, queue.nextUsed);
  const driver = driverArea(queue);
  if (!eventIndices) return (read16(memory, driver) & noInterrupt) === 0;
  const wanted = read16(memory, driver + 4 + 2 * queue.size);
  return ((queue.nextUsed - wanted - 1) & 0xffff) < ((queue.nextUsed - before) & 0xffff);
}
