/** What a virtio device remembers of its conversation with a driver, and the services that its kind is written against. */
import { assert } from '../../base/assert.js';
import { type Field, oneOf, repeat, type StateOf, struct, u16, u32, u8 } from '../../state/schema.js';
import type { DeviceContext } from '../device.js';
import type { MemoryAccess } from '../memory-access.js';
import * as ring from './queue.js';

/** Feature bits of the transport and the rings (VIRTIO 1.2, section 6), beside those of a kind. */
export const feature = { anyLayout: 27, indirectDescriptors: 28, eventIndex: 29, version1: 32 } as const;

/** The device status field (2.1). */
export const status = {
  acknowledge: 1,
  driver: 2,
  driverOk: 4,
  featuresOk: 8,
  needsReset: 64,
  failed: 128,
} as const;

/** What stands in the place of a message's number where there is none (4.1.5.1.2). */
export const noVector = 0xffff;

/** The ISR status (4.1.4.5). */
export const interruptBit = { queue: 1, configuration: 2 } as const;

/** The transport's part of the state, for a device with so many queues. */
export const transportState = (queues: number) =>
  struct({
    status: u8(),
    interruptStatus: u8(),
    /** Through which interface the driver speaks: the legacy ports or the modern memory; it follows from its first write. */
    dialect: oneOf(['legacy', 'modern'], 'legacy'),
    featuresLow: u32(),
    featuresHigh: u32(),
    deviceFeatureSelect: u32(),
    driverFeatureSelect: u32(),
    queueSelect: u16(),
    /** The message that tells of the configuration. */
    configurationVector: u16(noVector),
    configurationGeneration: u8(),
    queues: repeat(queues, ring.queueState),
  });

export type TransportState = StateOf<ReturnType<typeof transportState>>;

/** A virtio device's whole state: the transport's, and its kind's own. */
export interface VirtioState<State> {
  transport: TransportState;
  own: State;
}

export const virtioState = <State extends object>(queues: number, own: Field<State>): Field<VirtioState<State>> =>
  struct<VirtioState<State>>({ transport: transportState(queues), own });

/** What the board grants every virtio device. */
export interface VirtioBoard {
  readonly memory: MemoryAccess;
  /** Messages that take the place of the interrupt pin while they are on, as many as queues and one more. Absent: none. */
  readonly messages?: VirtioMessages | undefined;
  /** A change of the configuration sets the ISR's bit for queues too, as QEMU's devices do. */
  readonly asQemu?: boolean;
}

export interface VirtioMessages {
  readonly enabled: () => boolean;
  readonly request: (vector: number) => void;
}

/** What a kind's functions are given; `board` holds the kind's own capabilities too. */
export type VirtioContext<State, Board = unknown> = DeviceContext<VirtioState<State>, 'interrupt', VirtioBoard & Board>;
type AnyContext = VirtioContext<unknown>;

/** Whether the driver accepted a feature. */
export function hasFeature({ state: { transport } }: AnyContext, bit: number): boolean {
  const word = bit < 32 ? transport.featuresLow : transport.featuresHigh;
  return ((word >>> (bit & 31)) & 1) !== 0;
}

/** Whether the driver has set the device going, and it has not failed. A legacy driver may use queues before DRIVER_OK. */
export function isLive({ state: { transport } }: AnyContext): boolean {
  if (transport.status & status.needsReset) return false;
  return transport.dialect === 'legacy' || (transport.status & status.driverOk) !== 0;
}

/** The interrupt pin follows from the ISR status. */
export const driveInterrupt = ({ state, lines }: AnyContext): void =>
  lines.interrupt(state.transport.interruptStatus !== 0);

/** Whether messages are on. */
export const usesMessages = ({ board }: AnyContext): boolean => board.messages?.enabled() ?? false;

/** Tells the driver by a message, or by the pin and the ISR status (4.1.4.5.1). */
function interrupt(context: AnyContext, bit: number, vector: number): void {
  const { messages } = context.board;
  if (messages?.enabled()) {
    if (vector !== noVector) messages.request(vector);
    return;
  }
  context.state.transport.interruptStatus |= bit;
  driveInterrupt(context);
}
const interruptOfConfiguration = (context: AnyContext): void =>
  interrupt(
    context,
    interruptBit.configuration | (context.board.asQemu ? interruptBit.queue : 0),
    context.state.transport.configurationVector,
  );

/** The device's configuration has changed: the driver is told (4.1.4.5). */
export function configurationChanged(context: AnyContext): void {
  const { transport } = context.state;
  transport.configurationGeneration = (transport.configurationGeneration + 1) & 0xff;
  if (transport.status & status.driverOk) interruptOfConfiguration(context);
}

/** The driver broke a rule: the device stops until it is reset (2.1.2). */
export function failDevice(context: AnyContext): void {
  const { transport } = context.state;
  if (transport.status & status.needsReset) return;
  transport.status |= status.needsReset;
  if (transport.status & status.driverOk) interruptOfConfiguration(context);
}

function usable(context: AnyContext, queue: number): ring.QueueState | undefined {
  const state = context.state.transport.queues[queue];
  assert(state !== undefined, `the device has queue ${queue}`);
  if (!isLive(context) || !state.enabled || state.size === 0) return undefined;
  if (ring.isAddressable(state)) return state;
  failDevice(context);
  return undefined;
}

/** The chain that starts at a head taken earlier, read anew; undefined when the device has failed or stopped meanwhile. */
export function chainAt(context: AnyContext, queue: number, head: number): ring.Chain | undefined {
  const state = usable(context, queue);
  if (state === undefined) return undefined;
  const indirect = hasFeature(context, feature.indirectDescriptors);
  const chain = ring.chainAt(context.board.memory, state, head, indirect);
  if (chain === undefined) failDevice(context);
  return chain;
}

/** The chain that waits `ahead` places behind the next one, left where it is; undefined when there is none. */
export function peekChain(context: AnyContext, queue: number, ahead = 0): ring.Chain | undefined {
  const state = usable(context, queue);
  if (state === undefined) return undefined;
  const { memory } = context.board;
  const count = ring.waiting(memory, state);
  if (count === undefined) failDevice(context);
  if (count === undefined || ahead >= count) return undefined;
  return chainAt(context, queue, ring.availableHead(memory, state, ahead));
}

/** Takes `count` chains, seen by {@link peekChain} before, out of the queue. They are still to be given back. */
export function consumeChains(context: AnyContext, queue: number, count: number): void {
  const state = context.state.transport.queues[queue]!;
  ring.consume(context.board.memory, state, count, hasFeature(context, feature.eventIndex));
}

/** The next chain, taken out of the queue; undefined when there is none. It is to be given back by {@link giveBack}. */
export function takeChain(context: AnyContext, queue: number): ring.Chain | undefined {
  const chain = peekChain(context, queue);
  if (chain !== undefined) consumeChains(context, queue, 1);
  return chain;
}

/** Gives finished chains back to the driver, and interrupts when it asked for that. */
export function giveBack(context: AnyContext, queue: number, ...finished: readonly ring.FinishedChain[]): void {
  const state = usable(context, queue);
  if (state === undefined) return;
  const wanted = ring.publish(context.board.memory, state, finished, hasFeature(context, feature.eventIndex));
  if (wanted) interrupt(context, interruptBit.queue, state.vector);
}
