/**
 * Virtio SCSI host: commands for SCSI targets on a request queue, task management on a control queue. Every target works on one
 * command at a time, beside the others; what else comes for it waits in the order of its coming.
 *
 * Source: OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.6.
 */
import { scsiStatus, type ScsiTarget } from '../scsi-target.js';
import { type Chain, readSegments, segmentBytes, writeSegments } from './queue.js';
import { eventBytes, eventKind, eventReason, hotPlugFeature, report } from './scsi-events.js';
import {
  changingState,
  type Nexus,
  queues,
  queueSize,
  type ScsiContext,
  scsiState,
  scsiTargetsMost,
  type ScsiState,
  type VirtioScsiBoard,
} from './scsi-state.js';
import { chainAt, failDevice, giveBack, takeChain } from './state.js';
import { defineVirtio, virtioIdentity, type VirtioKind } from './transport.js';

/** Ticks of one microsecond: the host's own share of every command. */
const commandTicks = 10;
/** The most bytes of data in one command, and in one piece of it. */
const dataBytesMost = 16 << 20;
const pieceBytes = 65536;

/** Bytes of a request before its command, and of a response before its sense data (5.6.6.1). */
const requestHeaderBytes = 19;
const responseHeaderBytes = 12;
const commandBytesMost = 16;

const response = { ok: 0, overrun: 1, aborted: 2, badTarget: 3, reset: 4, failure: 9 } as const;
type Response = (typeof response)[keyof typeof response];

/** Requests and answers of the control queue (5.6.6.2). */
const controlType = { taskManagement: 0, queryEvents: 1, subscribeEvents: 2 } as const;
const controlResponse = {
  complete: 0,
  badTarget: 3,
  failure: 9,
  succeeded: 10,
  rejected: 11,
  incorrectUnit: 12,
} as const;
const task = {
  abort: 0,
  abortSet: 1,
  clearSet: 3,
  nexusReset: 4,
  unitReset: 5,
  query: 6,
  querySet: 7,
} as const;

/** Where a request goes (5.6.6.1): 1, the target, and the unit in the flat or the simple addressing of SAM. */
interface Address {
  readonly id: number;
  readonly unit: number;
}

const addressAt = (data: Uint8Array, at: number): Address => ({
  id: data[at] === 1 ? data[at + 1]! : 0xff,
  unit: ((data[at + 2]! & 0x3f) << 8) | data[at + 3]!,
});

/** The header of a request; its command stands behind. */
function headerOf({ state, board }: ScsiContext, chain: Chain): Uint8Array {
  const header = new Uint8Array(requestHeaderBytes + Math.min(state.own.commandBytes, commandBytesMost));
  readSegments(board.memory, chain.readable, 0, header);
  return header;
}

const requestBytes = ({ own }: ScsiContext['state']): number => requestHeaderBytes + own.commandBytes;
const responseBytes = ({ own }: ScsiContext['state']): number => responseHeaderBytes + own.senseBytes;

/** Gives a command's chain back with its response. `moved` bytes of data went either way. */
function respond(
  context: ScsiContext,
  chain: Chain,
  outcome: {
    readonly response: Response;
    readonly status?: number;
    readonly sense?: Uint8Array;
    readonly moved?: number;
  },
): void {
  const { state, board } = context;
  const { status = 0, sense = new Uint8Array(), moved = 0 } = outcome;
  const kept = sense.subarray(0, state.own.senseBytes);
  const data = new Uint8Array(responseHeaderBytes + kept.length);
  const view = new DataView(data.buffer);
  const dataIn = segmentBytes(chain.writable) - responseBytes(state);
  const wanted = dataIn > 0 ? dataIn : segmentBytes(chain.readable) - requestBytes(state);
  view.setUint32(0, kept.length, true);
  view.setUint32(4, Math.max(0, wanted - moved), true);
  view.setUint8(10, status);
  view.setUint8(11, outcome.response);
  data.set(kept, responseHeaderBytes);
  writeSegments(board.memory, chain.writable, 0, data);
  giveBack(context, queues.request, { head: chain.head, written: responseBytes(state) + (dataIn > 0 ? moved : 0) });
}

// Commands.

/** Takes what is in the request queue. */
function takeRequests(context: ScsiContext): void {
  const { own } = context.state;
  for (let taken = 0; taken < queueSize; taken++) {
    const chain = takeChain(context, queues.request);
    if (chain === undefined) return;
    const { state } = context;
    if (segmentBytes(chain.readable) < requestBytes(state) || segmentBytes(chain.writable) < responseBytes(state))
      return failDevice(context); // No whole header, or no place for the response.
    const { id } = addressAt(headerOf(context, chain), 0);
    const nexus = own.targets[id];
    if (nexus === undefined || context.board.target(id) === undefined) {
      respond(context, chain, { response: response.badTarget });
    } else if (nexus.waiting.length === queueSize) {
      return failDevice(context); // More commands than the queue has places.
    } else {
      nexus.waiting.push(chain.head);
      startNext(context, id);
    }
  }
}

/** Gives a target that is free its next command. */
function startNext(context: ScsiContext, id: number): void {
  const nexus = context.state.own.targets[id]!;
  if (nexus.busy || nexus.waiting.length === 0) return;
  const head = nexus.waiting.shift()!;
  const chain = chainAt(context, queues.request, head);
  if (chain === undefined) return;
  const header = headerOf(context, chain);
  const transfer = context.board.target(id)!.begin(header.subarray(requestHeaderBytes), addressAt(header, 0).unit);
  const { direction, bytes, microseconds, nanosecondsPerByte } = transfer;
  const moving = Math.floor((Math.min(bytes, dataBytesMost) * nanosecondsPerByte) / 1000);
  Object.assign(nexus, { busy: true, head, direction, bytes, ticksLeft: commandTicks + microseconds + moving });
}

/** The command's time is over: its data move now, and the next one starts. */
function finish(context: ScsiContext, id: number): void {
  const nexus = context.state.own.targets[id]!;
  const target = context.board.target(id);
  Object.assign(nexus, { busy: false, ticksLeft: Infinity });
  const chain = chainAt(context, queues.request, nexus.head);
  if (chain === undefined || target === undefined) return;
  const isIn = nexus.direction === 'in';
  const segments = isIn ? chain.writable : chain.readable;
  const from = isIn ? responseBytes(context.state) : requestBytes(context.state);
  const room = Math.max(0, segmentBytes(segments) - from);
  if (nexus.bytes > dataBytesMost) {
    target.end();
    respond(context, chain, { response: response.failure });
  } else {
    const moved = Math.min(nexus.bytes, room);
    moveData(context, chain, target, { isIn, from, bytes: moved });
    const status = target.end();
    const sense = status === scsiStatus.checkCondition ? target.takeSense() : new Uint8Array();
    respond(context, chain, { response: moved < nexus.bytes ? response.overrun : response.ok, status, sense, moved });
  }
  startNext(context, id);
}

/** Moves `bytes` between the target and the chain's data, which stand behind `from`. */
function moveData(
  { board }: ScsiContext,
  chain: Chain,
  target: ScsiTarget,
  { isIn, from, bytes }: { readonly isIn: boolean; readonly from: number; readonly bytes: number },
): void {
  for (let at = 0; at < bytes; at += pieceBytes) {
    const piece = new Uint8Array(Math.min(pieceBytes, bytes - at));
    if (isIn) {
      target.read(piece);
      writeSegments(board.memory, chain.writable, from + at, piece);
    } else {
      readSegments(board.memory, chain.readable, from + at, piece);
      target.write(piece);
    }
  }
}

// Task management.

/** Gives up commands of a target, those that `isMeant` by their chains; how many there were. */
function giveUp(context: ScsiContext, id: number, why: Response, isMeant: (chain: Chain) => boolean): number {
  const nexus = context.state.own.targets[id]!;
  const heads = nexus.busy ? [nexus.head, ...nexus.waiting] : [...nexus.waiting];
  const found = heads.flatMap((head) => {
    const chain = chainAt(context, queues.request, head);
    return chain !== undefined && isMeant(chain) ? [chain] : [];
  });
  for (const chain of found) {
    const at = nexus.waiting.indexOf(chain.head);
    if (nexus.busy && nexus.head === chain.head) {
      context.board.target(id)?.end();
      Object.assign(nexus, { busy: false, ticksLeft: Infinity });
    } else if (at >= 0) {
      nexus.waiting.splice(at, 1);
    }
    respond(context, chain, { response: why });
  }
  return found.length;
}

/** Whether commands of a target are on their way, those that are meant. */
function hasTask(context: ScsiContext, { waiting, busy, head }: Nexus, isMeant: (chain: Chain) => boolean): boolean {
  return [...(busy ? [head] : []), ...waiting].some((each) => {
    const chain = chainAt(context, queues.request, each);
    return chain !== undefined && isMeant(chain);
  });
}

const everyTask = (): boolean => true;

/** Does a task management function, and gives its response. */
function manageTasks(context: ScsiContext, request: Uint8Array): number {
  const { id, unit } = addressAt(request, 8);
  const target = context.board.target(id);
  const nexus = context.state.own.targets[id];
  if (target === undefined || nexus === undefined) return controlResponse.badTarget;
  const isNamed = (chain: Chain): boolean => {
    const header = headerOf(context, chain);
    return header.subarray(8, 16).every((value, at) => value === request[16 + at]);
  };
  const subtype = request[4]! | (request[5]! << 8);
  if (unit !== 0 && subtype !== task.nexusReset) return controlResponse.incorrectUnit;
  switch (subtype) {
    case task.abort:
      giveUp(context, id, response.aborted, isNamed);
      break;
    case task.abortSet:
    case task.clearSet:
      giveUp(context, id, response.aborted, everyTask);
      break;
    case task.nexusReset:
    case task.unitReset:
      giveUp(context, id, response.reset, everyTask);
      target.busReset();
      return controlResponse.complete;
    case task.query:
    case task.querySet:
      return hasTask(context, nexus, subtype === task.query ? isNamed : everyTask)
        ? controlResponse.succeeded
        : controlResponse.complete;
    default:
      return controlResponse.rejected; // CLEAR ACA: no target has that condition.
  }
  startNext(context, id);
  return controlResponse.complete;
}

const managementBytes = 24;
const eventRequestBytes = 16;

/** Answers what is in the control queue, at once. */
function takeControls(context: ScsiContext): void {
  const { memory } = context.board;
  for (let taken = 0; taken < queueSize; taken++) {
    const chain = takeChain(context, queues.control);
    if (chain === undefined) return;
    const request = new Uint8Array(managementBytes);
    const given = readSegments(memory, chain.readable, 0, request);
    const type = given < 4 ? -1 : new DataView(request.buffer).getUint32(0, true);
    const isEvents = type === controlType.queryEvents || type === controlType.subscribeEvents;
    // No asynchronous notifications are there to be subscribed: the events that will be reported are none.
    const answer = new Uint8Array(isEvents ? 5 : 1);
    const wanted = type === controlType.taskManagement ? managementBytes : eventRequestBytes;
    if (given < wanted || segmentBytes(chain.writable) < answer.length) return failDevice(context);
    if (type === controlType.taskManagement) answer[0] = manageTasks(context, request);
    else if (!isEvents) answer[0] = controlResponse.failure;
    writeSegments(memory, chain.writable, 0, answer);
    giveBack(context, queues.control, { head: chain.head, written: answer.length });
  }
}

// Targets that come and go.

const operations = {
  /** A target is about to go: its commands end without it. */
  targetLeaves: (context: ScsiContext, id: number): void => void giveUp(context, id, response.badTarget, everyTask),
  /** A target has come or gone. */
  targetsChanged: (context: ScsiContext, id: number, isThere: boolean): void =>
    report(context, eventKind.transportReset, id, isThere ? eventReason.rescan : eventReason.removed),
};

// Configuration (5.6.4).

const place = {
  queues: 0,
  segmentMost: 4,
  sectorsMost: 8,
  commandsPerUnit: 12,
  eventBytes: 16,
  senseBytes: 20,
  commandBytes: 24,
  channelMost: 28,
  targetMost: 30,
  unitMost: 32,
  end: 36,
} as const;
function configuration({ state }: ScsiContext, offset: number): number {
  const view = new DataView(new ArrayBuffer(place.end));
  view.setUint32(place.queues, 1, true);
  view.setUint32(place.segmentMost, queueSize - 2, true);
  view.setUint32(place.sectorsMost, dataBytesMost / 512, true);
  view.setUint32(place.commandsPerUnit, queueSize, true);
  view.setUint32(place.eventBytes, eventBytes, true);
  view.setUint32(place.senseBytes, state.own.senseBytes, true);
  view.setUint32(place.commandBytes, state.own.commandBytes, true);
  view.setUint16(place.targetMost, scsiTargetsMost - 1, true);
  return offset < place.end ? view.getUint8(offset) : 0;
}

/** The driver may choose how many bytes sense data and commands take. */
function configure({ state: { own } }: ScsiContext, offset: number, value: number): void {
  const field = offset >= place.senseBytes && offset < place.commandBytes ? 'senseBytes' : 'commandBytes';
  if (offset < place.senseBytes || offset >= place.channelMost) return;
  const shift = 8 * (offset % 4);
  own[field] = ((own[field] & ~(0xff << shift)) | ((value & 0xff) << shift)) >>> 0;
}

/** What was on its way is forgotten, and the targets tell that they were reset. */
function reset(context: ScsiContext): void {
  const { own } = context.state;
  Object.assign(own, scsiState.initial(), own.eventsMissed === undefined ? {} : { eventsMissed: false });
  for (let id = 0; id < scsiTargetsMost; id++) context.board.target(id)?.busReset();
}

const kind = {
  name: 'virtio-scsi',
  source: 'OASIS Virtual I/O Device (VIRTIO) Version 1.2, section 5.6',
  notModelled: [
    'changes of parameters and media as events; asynchronous notifications',
    'commands with data both ways, protection information',
    'several request queues; task attributes and priorities: a target takes commands in the order of their coming',
    'commands of more than 16 bytes, or that move more than 16 MiB: they fail',
  ],
  deviceType: 8,
  pciDevice: 0x1004,
  classCode: 0x010000,
  features: [],
  queueSizes: [queueSize, queueSize, queueSize],
  clock: { numerator: 1_000_000, denominator: 1 },
  state: scsiState,
  configurationBytes: place.end,
  readConfiguration: configuration,
  writeConfiguration: configure,
  driverReset: reset,
  notified(context: ScsiContext, queue) {
    if (queue === queues.control) takeControls(context);
    else if (queue === queues.request) takeRequests(context);
    else if (context.state.own.eventsMissed === true) report(context, eventKind.none, 0, 0);
  },
  advance(context, ticks) {
    const { targets } = context.state.own;
    for (const nexus of targets) nexus.ticksLeft -= ticks;
    targets.forEach((nexus, id) => {
      if (nexus.ticksLeft === 0) finish(context, id);
    });
  },
  nextEdge: ({ state }) => Math.min(...state.own.targets.map(({ ticksLeft }) => ticksLeft)),
  operations,
} satisfies VirtioKind<ScsiState, VirtioScsiBoard, typeof operations>;

export const virtioScsi = defineVirtio(kind);
/** The same for a board whose targets come and go. */
export const changingVirtioScsi = defineVirtio({ ...kind, features: [hotPlugFeature], state: changingState });
export const virtioScsiIdentity = virtioIdentity(kind);
