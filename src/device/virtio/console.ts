/**
 * Virtio console device: one port, a stream of bytes in either direction.
 *
 * Source: OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.3.
 */
import { byteQueue, type StateOf, struct } from '../../state/schema.js';
import { readSegments, segmentBytes, writeSegments } from './queue.js';
import { giveBack, isLive, takeChain, type VirtioContext } from './state.js';
import { defineVirtio, virtioIdentity, type VirtioKind } from './transport.js';

/** Feature bits of the kind (5.3.3). */
const consoleFeature = { size: 0, emergencyWrite: 2 } as const;

const queue = { receive: 0, transmit: 1 } as const;
const queueSize = 64;
/** Bytes of one buffer beyond this many are lost: no driver writes so much at once. */
const transmitBytesMax = 1 << 20;
/** Typed bytes that wait for the driver. */
export const consoleInputBytesMax = 4096;

/** The size that the console says it has. */
const size = { columns: 80, rows: 25 } as const;
const portsMax = 1;
const emergencyOffset = 8;

const consoleState = struct({
  /** What was typed and found no buffer yet. */
  input: byteQueue(consoleInputBytesMax),
});

type ConsoleState = StateOf<typeof consoleState>;

export interface ConsoleBoard {
  /** The driver has written bytes. */
  readonly transmit: (data: Uint8Array) => void;
}

type ConsoleContext = VirtioContext<ConsoleState, ConsoleBoard>;

/** Puts what was typed into the driver's buffers, as far as there are any. */
function deliver(context: ConsoleContext): void {
  const { input } = context.state.own;
  for (let count = 0; count < queueSize && input.length > 0; count++) {
    const chain = takeChain(context, queue.receive);
    if (chain === undefined) return;
    const bytes = Uint8Array.from(input.slice(0, segmentBytes(chain.writable)));
    input.splice(0, bytes.length);
    const written = writeSegments(context.board.memory, chain.writable, 0, bytes);
    giveBack(context, queue.receive, { head: chain.head, written });
  }
}

function transmit(context: ConsoleContext): void {
  const { memory, transmit: send } = context.board;
  for (let count = 0; count < queueSize; count++) {
    const chain = takeChain(context, queue.transmit);
    if (chain === undefined) return;
    const bytes = new Uint8Array(Math.min(segmentBytes(chain.readable), transmitBytesMax));
    readSegments(memory, chain.readable, 0, bytes);
    if (bytes.length > 0) send(bytes);
    giveBack(context, queue.transmit, { head: chain.head, written: 0 });
  }
}

const configuration = Uint8Array.of(size.columns, 0, size.rows, 0, portsMax, 0, 0, 0, 0, 0, 0, 0);

const operations = {
  /** Bytes are typed at the console; the board has looked at `room` before. */
  receive(context: ConsoleContext, data: Uint8Array): void {
    context.state.own.input.push(...data);
    if (isLive(context)) deliver(context);
  },
  /** How many bytes more may be typed before the driver takes some. */
  room: ({ state: { own } }: ConsoleContext): number => consoleInputBytesMax - own.input.length,
};

const kind: VirtioKind<ConsoleState, ConsoleBoard, typeof operations> = {
  name: 'virtio-console',
  source: 'OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.3',
  notModelled: ['several ports and their control queues', 'a size that changes'],
  deviceType: 3,
  pciDevice: 0x1003,
  classCode: 0x078000,
  features: Object.values(consoleFeature),
  queueSizes: [queueSize, queueSize],
  state: consoleState,
  configurationBytes: configuration.length,
  readConfiguration: (_, offset) => configuration[offset] ?? 0,
  writeConfiguration(context, offset, value) {
    if (offset === emergencyOffset) context.board.transmit(Uint8Array.of(value & 0xff));
  },
  notified(context, which) {
    if (which === queue.transmit) transmit(context);
    else deliver(context);
  },
  /** What was typed waits for the next driver. */
  driverReset: () => {},
  operations,
};

export const virtioConsole = defineVirtio(kind);
export const virtioConsoleIdentity = virtioIdentity(kind);
