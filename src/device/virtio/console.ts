/**
 * Virtio console device: one port, a stream of bytes in either direction.
 *
 * Source: OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.3.
 */
import { byteQueue, type StateOf, struct } from '../../state/schema.js';
import {
  consoleConfiguration,
  consoleInputBytesMax,
  deliver,
  emergencyOffset,
  streamQueueSize,
  takeBuffers,
} from './console-stream.js';
import { isLive, type VirtioContext } from './state.js';
import { defineVirtio, virtioIdentity, type VirtioKind } from './transport.js';

/** Feature bits of the kind (5.3.3). */
const consoleFeature = { size: 0, emergencyWrite: 2 } as const;

const queue = { receive: 0, transmit: 1 } as const;

const portsMax = 1;

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

const configuration = consoleConfiguration(portsMax);

const operations = {
  /** Bytes are typed at the console; the board has looked at `room` before. */
  receive(context: ConsoleContext, data: Uint8Array): void {
    context.state.own.input.push(...data);
    if (isLive(context)) deliver(context, queue.receive, context.state.own.input);
  },
  /** How many bytes more may be typed before the driver takes some. */
  room: ({ state: { own } }: ConsoleContext): number => consoleInputBytesMax - own.input.length,
};

const kind: VirtioKind<ConsoleState, ConsoleBoard, typeof operations> = {
  name: 'virtio-console',
  source: 'OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.3',
  notModelled: ['several ports: virtio-serial has them', 'a size that changes'],
  deviceType: 3,
  pciDevice: 0x1003,
  classCode: 0x078000,
  features: Object.values(consoleFeature),
  queueSizes: [streamQueueSize, streamQueueSize],
  state: consoleState,
  configurationBytes: configuration.length,
  readConfiguration: (_, offset) => configuration[offset] ?? 0,
  writeConfiguration(context, offset, value) {
    if (offset === emergencyOffset) context.board.transmit(Uint8Array.of(value & 0xff));
  },
  notified(context, which) {
    if (which === queue.transmit) takeBuffers(context, which, context.board.transmit);
    else deliver(context, which, context.state.own.input);
  },
  /** What was typed waits for the next driver. */
  driverReset: () => {},
  operations,
};

export const virtioConsole = defineVirtio(kind);
export const virtioConsoleIdentity = virtioIdentity(kind);
