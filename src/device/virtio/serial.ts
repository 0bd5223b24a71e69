/**
 * Virtio console device of several ports: the console, and streams by names that the board gives them. Ports come and go by
 * messages on a pair of control queues; a driver that knows none of that has the console alone.
 *
 * Source: OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.3.
 */
import { byteQueue, flag, list, repeat, type StateOf, struct, u16, u8 } from '../../state/schema.js';
import {
  consoleConfiguration,
  consoleInputBytesMax,
  deliver,
  emergencyOffset,
  streamQueueSize,
  takeBuffers,
} from './console-stream.js';
import { segmentBytes, writeSegments } from './queue.js';
import { giveBack, hasFeature, isLive, takeChain, type VirtioContext } from './state.js';
import { defineVirtio, virtioIdentity, type VirtioKind } from './transport.js';

/** Feature bits of the kind (5.3.3). */
const serialFeature = { size: 0, multiplePorts: 1, emergencyWrite: 2 } as const;

/** The console and its further ports. */
export const serialPorts = 8;
/** Port 0 has the first two queues, the control messages have the next two, and each further port has two more. */
const controlQueue = { receive: 2, transmit: 3 } as const;
const receiveQueue = (port: number): number => (port === 0 ? 0 : 2 + 2 * port);
const portOf = (queue: number): number => (queue < 2 ? 0 : (queue >> 1) - 1);

/** Control messages (5.3.6.2). */
const message = {
  deviceReady: 0,
  deviceAdd: 1,
  deviceRemove: 2,
  portReady: 3,
  consolePort: 4,
  portOpen: 6,
  portName: 7,
} as const;
const messageBytes = 8;
/** Messages that wait for buffers of the driver; more are lost, as with a driver that gives none. */
const messagesMost = 64;

const serialState = struct({
  ports: repeat(
    serialPorts,
    struct({
      /** What was sent to it and found no buffer yet. */
      input: byteQueue(consoleInputBytesMax),
      /** The driver was told of it. */
      added: flag(),
      /** The driver has set it up, and a program of the guest has opened it. */
      ready: flag(),
      open: flag(),
    }),
  ),
  /** The driver takes control messages. */
  ready: flag(),
  messages: list(messagesMost, struct({ port: u8(), event: u8(), value: u16() })),
});
type SerialState = StateOf<typeof serialState>;

export interface SerialBoard {
  /** The names of the ports behind the console, from 1 on, of at most 127 characters; undefined where there is no port. */
  names(): readonly (string | undefined)[];
  /** The driver has written bytes to a port. */
  readonly transmit: (port: number, data: Uint8Array) => void;
}
type SerialContext = VirtioContext<SerialState, SerialBoard>;

const isThere = ({ board }: SerialContext, port: number): boolean =>
  port === 0 || board.names()[port - 1] !== undefined;

// Control messages.

function say({ state: { own } }: SerialContext, port: number, event: number, value: number): void {
  if (own.messages.length < messagesMost) own.messages.push({ port, event, value });
}

/** A message in bytes; a name is followed by its text. */
function bytesOf({ board }: SerialContext, { port, event, value }: SerialState['messages'][number]): Uint8Array {
  const name = event === message.portName ? (board.names()[port - 1] ?? '') : '';
  const bytes = new Uint8Array(messageBytes + name.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, port, true);
  view.setUint16(4, event, true);
  view.setUint16(6, value, true);
  for (let at = 0; at < name.length; at++) bytes[messageBytes + at] = name.charCodeAt(at);
  return bytes;
}

function deliverMessages(context: SerialContext): void {
  const { messages } = context.state.own;
  while (messages.length > 0) {
    const chain = takeChain(context, controlQueue.receive);
    if (chain === undefined) return;
    const bytes = bytesOf(context, messages.shift()!);
    const written = writeSegments(
      context.board.memory,
      chain.writable,
      0,
      bytes.subarray(0, segmentBytes(chain.writable)),
    );
    giveBack(context, controlQueue.receive, { head: chain.head, written });
  }
}

/** Tells a driver that listens of ports that came or went. */
function portsChanged(context: SerialContext): void {
  const { own } = context.state;
  if (!own.ready || !isLive(context)) return;
  own.ports.forEach((state, port) => {
    const there = isThere(context, port);
    if (there === state.added) return;
    Object.assign(state, { added: there, ready: false, open: false });
    if (!there) state.input.length = 0;
    say(context, port, there ? message.deviceAdd : message.deviceRemove, 1);
  });
  deliverMessages(context);
}

/** The driver knows a port: it is told what it is for, and that its other end is connected. */
function portReady(context: SerialContext, port: number): void {
  if (port === 0) say(context, port, message.consolePort, 1);
  else if (context.board.names()[port - 1] !== '') say(context, port, message.portName, 1);
  say(context, port, message.portOpen, 1);
}

function takeMessage(context: SerialContext, bytes: Uint8Array): void {
  if (bytes.length < messageBytes) return;
  const { own } = context.state;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [port, event, isGood] = [view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true) !== 0];
  if (event === message.deviceReady) {
    own.ready = isGood;
    for (const state of own.ports) state.added = false;
    portsChanged(context);
    return;
  }
  const state = own.ports[port];
  if (state?.added !== true) return;
  if (event === message.portOpen) openPort(context, port, isGood);
  if (event !== message.portReady) return;
  state.ready = isGood;
  if (isGood) portReady(context, port);
}

// Ports.

/** Whether bytes from a port's other end may pass: to the console always, to others while somebody has them open. */
const takes = (context: SerialContext, port: number): boolean =>
  port === 0 || (hasFeature(context, serialFeature.multiplePorts) && context.state.own.ports[port]!.open);
/** Whether bytes to its other end may: from others than the console once the driver has set them up. */
const gives = (context: SerialContext, port: number): boolean =>
  port === 0 || (hasFeature(context, serialFeature.multiplePorts) && context.state.own.ports[port]!.ready);

/** A program of the guest opens or closes a port: what waits for it, drivers throw away before and after. */
function openPort(context: SerialContext, port: number, open: boolean): void {
  const state = context.state.own.ports[port]!;
  state.open = open;
  if (takes(context, port)) deliver(context, receiveQueue(port), state.input);
}

function notified(context: SerialContext, queue: number): void {
  if (queue === controlQueue.receive) deliverMessages(context);
  else if (queue === controlQueue.transmit) {
    takeBuffers(context, queue, (bytes) => takeMessage(context, bytes));
    deliverMessages(context);
  } else {
    const port = portOf(queue);
    if ((queue & 1) === 0) {
      if (takes(context, port)) deliver(context, queue, context.state.own.ports[port]!.input);
    } else if (gives(context, port)) takeBuffers(context, queue, (bytes) => context.board.transmit(port, bytes));
  }
}

const operations = {
  /** Bytes are sent to a port that is there; the board has looked at `room` before. */
  receive(context: SerialContext, port: number, data: Uint8Array): void {
    const { input } = context.state.own.ports[port]!;
    input.push(...data);
    if (isLive(context) && takes(context, port)) deliver(context, receiveQueue(port), input);
  },
  /** How many bytes more may be sent to a port before the driver takes some: none where there is no port. */
  room: (context: SerialContext, port: number): number =>
    port < serialPorts && isThere(context, port)
      ? consoleInputBytesMax - context.state.own.ports[port]!.input.length
      : 0,
  /** The board has other ports than before. */
  portsChanged,
};

const configuration = consoleConfiguration(serialPorts);

const kind: VirtioKind<SerialState, SerialBoard, typeof operations> = {
  name: 'virtio-serial',
  source: 'OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.3',
  notModelled: ['other ends of ports that are closed', 'a size that changes'],
  deviceType: 3,
  pciDevice: 0x1003,
  classCode: 0x078000,
  features: Object.values(serialFeature),
  queueSizes: new Array<number>(2 + 2 * serialPorts).fill(streamQueueSize),
  state: serialState,
  configurationBytes: configuration.length,
  readConfiguration: (_, offset) => configuration[offset] ?? 0,
  writeConfiguration(context, offset, value) {
    if (offset === emergencyOffset) context.board.transmit(0, Uint8Array.of(value & 0xff));
  },
  notified,
  /** What was sent to a port waits for the next driver. */
  driverReset({ state: { own } }) {
    own.ready = false;
    own.messages = [];
    for (const port of own.ports) Object.assign(port, { added: false, ready: false, open: false });
  },
  operations,
};

export const virtioSerial = defineVirtio(kind);
export const virtioSerialIdentity = virtioIdentity(kind);
