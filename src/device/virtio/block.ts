/**
 * Virtio block device: requests of 512-byte sectors on one queue, served one after another in the time of a declared rate.
 *
 * Source: OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.2.
 */
import { count, flag, type StateOf, struct, u16, u8 } from '../../state/schema.js';
import { goodSectors, type Medium, type MediumOperation, sectorBytes } from '../medium.js';
import { type Chain, readSegments, segmentBytes, writeSegments } from './queue.js';
import {
  chainAt,
  configurationChanged,
  failDevice,
  giveBack,
  hasFeature,
  takeChain,
  type VirtioContext,
} from './state.js';
import { defineVirtio, virtioIdentity, type VirtioKind } from './transport.js';

const queueSize = 128;
const featureBit = { segmentMost: 2, geometry: 4, readOnly: 5, blockSize: 6, flush: 9, cacheMode: 11 } as const;
const requestType = { read: 0, write: 1, flush: 4, identify: 8 } as const;
const requestStatus = { ok: 0, failed: 1, unsupported: 2 } as const;
const headerBytes = 16;
const identityBytes = 20;
/** Most bytes of one request, and of one piece of it. */
const requestBytesMost = 16 << 20;
const pieceBytes = 65536;
const geometry = { heads: 16, sectorsPerTrack: 63, cylindersMost: 65535 } as const;

/** Ticks of one microsecond: from a request to its end 50, and its bytes at 100 MB a second. */
export const blockRates = { accessTicks: 50, bytesPerTick: 100 } as const;

const blockState = struct({
  busy: flag(),
  /** The chain of the request that is being served. */
  head: u16(),
  ticksLeft: count(Infinity),
  /** Whether the cache is written back: it has nothing to lose either way. */
  writeBack: u8(1),
});
type BlockState = StateOf<typeof blockState>;

export interface BlockBoard {
  medium(): Medium | undefined;
  /** At most 20 characters. */
  readonly serial: string;
}
type BlockContext = VirtioContext<BlockState, BlockBoard>;

/** Takes the next request, if there is one and none is being served. */
function startNext(context: BlockContext): void {
  const { own } = context.state;
  if (own.busy) return;
  const chain = takeChain(context, 0);
  if (chain === undefined) return;
  const bytes = Math.min(segmentBytes(chain.readable) + segmentBytes(chain.writable), requestBytesMost);
  own.busy = true;
  own.head = chain.head;
  own.ticksLeft = blockRates.accessTicks + Math.floor(bytes / blockRates.bytesPerTick) + slowTicks(context, chain);
}

/** A request as its header has it. */
interface Request {
  readonly type: number;
  readonly sector: number;
  /** Bytes of data either way. */
  readonly bytes: number;
}

function requestOf({ board }: BlockContext, chain: Chain): Request {
  const header = new Uint8Array(headerBytes);
  readSegments(board.memory, chain.readable, 0, header);
  const view = new DataView(header.buffer);
  const type = view.getUint32(0, true);
  const sector = view.getUint32(8, true) + view.getUint32(12, true) * 2 ** 32;
  const bytes =
    type === requestType.write ? segmentBytes(chain.readable) - headerBytes : segmentBytes(chain.writable) - 1;
  return { type, sector, bytes };
}

/** Requests that reach the medium. */
const mediumOperations: ReadonlyMap<number, MediumOperation> = new Map([
  [requestType.read, 'read'],
  [requestType.write, 'write'],
  [requestType.flush, 'flush'],
]);
const sectorsOf = ({ type, bytes }: Request): number =>
  type === requestType.flush ? 1 : Math.ceil(bytes / sectorBytes);

/** Ticks, which are microseconds, that a request takes more on a faulty medium. */
function slowTicks(context: BlockContext, chain: Chain): number {
  const faults = context.board.medium()?.faults;
  if (faults === undefined) return 0;
  const request = requestOf(context, chain);
  const operation = mediumOperations.get(request.type);
  return operation === undefined ? 0 : faults.delay(operation, request.sector, sectorsOf(request));
}

/** Whether a request meets a fault of the medium. */
function fails(medium: Medium, request: Request): boolean {
  const operation = mediumOperations.get(request.type);
  const sectors = sectorsOf(request);
  return operation !== undefined && goodSectors(medium, operation, request.sector, sectors) < sectors;
}

/** The request's time is over: it happens now, and the next one starts. */
function finish(context: BlockContext): void {
  const { own } = context.state;
  own.busy = false;
  own.ticksLeft = Infinity;
  const chain = chainAt(context, 0, own.head);
  if (chain === undefined) return;
  const room = segmentBytes(chain.writable) - 1;
  if (room < 0 || segmentBytes(chain.readable) < headerBytes) {
    failDevice(context); // No header, or no place for the status.
    return;
  }
  const { status, written } = serve(context, chain, room);
  writeSegments(context.board.memory, chain.writable, room, Uint8Array.of(status));
  giveBack(context, 0, { head: chain.head, written: written + 1 });
  startNext(context);
}

interface Outcome {
  readonly status: number;
  /** Bytes of data that the device wrote. */
  readonly written: number;
}
const failed: Outcome = { status: requestStatus.failed, written: 0 };
const done: Outcome = { status: requestStatus.ok, written: 0 };

function serve(context: BlockContext, chain: Chain, room: number): Outcome {
  const { board } = context;
  const request = requestOf(context, chain);
  const { type, sector, bytes } = request;
  const medium = board.medium();
  if (medium === undefined || fails(medium, request)) return failed;
  switch (type) {
    case requestType.read:
      return move(context, chain, medium, { sector, bytes, toDriver: true });
    case requestType.write:
      return medium.writable ? move(context, chain, medium, { sector, bytes, toDriver: false }) : failed;
    case requestType.flush:
      return done;
    case requestType.identify: {
      const text = Uint8Array.from(
        board.serial.padEnd(identityBytes, '\0').slice(0, Math.min(room, identityBytes)),
        (each) => each.charCodeAt(0),
      );
      return { ...done, written: writeSegments(board.memory, chain.writable, 0, text) };
    }
    default:
      return { status: requestStatus.unsupported, written: 0 };
  }
}

/** Moves whole sectors between the medium and the chain. */
function move(
  { board }: BlockContext,
  chain: Chain,
  medium: Medium,
  request: { readonly sector: number; readonly bytes: number; readonly toDriver: boolean },
): Outcome {
  const { sector, bytes, toDriver } = request;
  const fits = bytes <= requestBytesMost && bytes % sectorBytes === 0 && sector + bytes / sectorBytes <= medium.sectors;
  if (!fits) return failed;
  for (let at = 0; at < bytes; at += pieceBytes) {
    const piece = new Uint8Array(Math.min(pieceBytes, bytes - at));
    if (!toDriver) readSegments(board.memory, chain.readable, headerBytes + at, piece);
    for (let offset = 0; offset < piece.length; offset += sectorBytes) {
      const part = piece.subarray(offset, offset + sectorBytes);
      const number = sector + (at + offset) / sectorBytes;
      if (toDriver) medium.read(number, part);
      else medium.write(number, part);
    }
    if (toDriver) writeSegments(board.memory, chain.writable, at, piece);
  }
  return { ...done, written: toDriver ? bytes : 0 };
}

const place = {
  segmentMost: 12,
  cylinders: 16,
  heads: 18,
  sectors: 19,
  blockSize: 20,
  writeBack: 32,
  end: 36,
} as const;

/** The device's configuration (5.2.4), a byte of it. */
function configuration({ state, board }: BlockContext, offset: number): number {
  const view = new DataView(new ArrayBuffer(place.end));
  const sectors = board.medium()?.sectors ?? 0;
  const cylinders = Math.floor(sectors / (geometry.heads * geometry.sectorsPerTrack));
  view.setUint32(0, sectors % 2 ** 32, true);
  view.setUint32(4, Math.floor(sectors / 2 ** 32), true);
  view.setUint32(place.segmentMost, queueSize - 2, true);
  view.setUint16(place.cylinders, Math.min(cylinders, geometry.cylindersMost), true);
  view.setUint8(place.heads, geometry.heads);
  view.setUint8(place.sectors, geometry.sectorsPerTrack);
  view.setUint32(place.blockSize, sectorBytes, true);
  view.setUint8(place.writeBack, state.own.writeBack);
  return offset < place.end ? view.getUint8(offset) : 0;
}

/** A block device whose medium can be written, or not: drivers are told by a feature. */
const kindOf = (readOnly: boolean) =>
  ({
    name: 'virtio-blk',
    source: 'OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.2',
    notModelled: [
      'discard, write zeroes, secure erase, lifetime, zones; SCSI commands of the legacy device',
      'several queues',
      'requests of more than 16 MiB: they fail',
    ],
    deviceType: 2,
    pciDevice: 0x1001,
    classCode: 0x010000,
    features: [
      featureBit.segmentMost,
      featureBit.geometry,
      featureBit.blockSize,
      featureBit.flush,
      featureBit.cacheMode,
      ...(readOnly ? [featureBit.readOnly] : []),
    ],
    queueSizes: [queueSize],
    clock: { numerator: 1_000_000, denominator: 1 },
    state: blockState,
    configurationBytes: place.end,
    readConfiguration: configuration,
    writeConfiguration(context: BlockContext, offset, value) {
      if (offset === place.writeBack && hasFeature(context, featureBit.cacheMode))
        context.state.own.writeBack = value & 1;
    },
    notified: (context) => startNext(context),
    advance(context, ticks) {
      context.state.own.ticksLeft -= ticks;
      if (context.state.own.ticksLeft === 0) finish(context);
    },
    nextEdge: ({ state }) => state.own.ticksLeft,
    operations: {
      /** The board put another medium in, perhaps of another size: the driver is told (5.2.5.2). */
      mediumChanged: (context: BlockContext): void => configurationChanged(context),
    },
  }) satisfies VirtioKind<BlockState, BlockBoard, { mediumChanged: (context: BlockContext) => void }>;

export const virtioBlock = defineVirtio(kindOf(false));
export const virtioBlockReadOnly = defineVirtio(kindOf(true));
export const virtioBlockIdentity = virtioIdentity(kindOf(false));
