/**
 * A built-in network as a part of the machine: a switch with a cable to each card and one to the virtual host. It lives in
 * guest time, counted in microseconds; its state is declared, so it is saved, digested and compared like a chip.
 *
 * A frame travels `latencyMicroseconds` from the sender to the switch's far side, and then takes its length on the
 * receiver's line, one frame behind the other. A card without room loses the frame, as on a real cable.
 */
import { bytes, byteString, count, list, repeat, type StateOf, struct, u32, u8 } from '../state/schema.js';
import { defineDevice, type DeviceContext } from '../device/device.js';
import { frameBytes, isGroupAddress, macKey } from './ethernet.js';
import { hostState, VirtualHost } from './host.js';
import { latencyDefault, type LoadedFile, type NetworkPlan } from './plan.js';

/** Cards on one network. */
export const cardsMost = 8;
/** The virtual host's place at the switch, behind the cards. */
const hostPort = cardsMost;
const framesMost = 512;
const stationsMost = 64;
/** Preamble, check sequence and gap between frames. */
const lineOverheadBytes = 24;

/** A frame on its way: when it reaches the switch's far side, where it came in, and where it goes. */
const travellingFrame = struct({ at: count(), from: u8(), frame: byteString(frameBytes.most) });
/** A frame that waits for its receiver's line, or is on it: when its last bit arrives. */
const leavingFrame = struct({ at: count(), to: u8(), frame: byteString(frameBytes.most) });

const networkState = struct({
  /** Microseconds since power-on. */
  now: count(),
  travelling: list(framesMost, travellingFrame),
  leaving: list(framesMost, leavingFrame),
  /** When each line is free again. */
  busyUntil: repeat(cardsMost + 1, count()),
  stations: list(stationsMost, struct({ mac: bytes(6), port: u8() })),
  /** Frames that found a full switch, and frames that a card had no room for. */
  lostInSwitch: u32(),
  lostAtCard: u32(),
  host: hostState,
});

export type NetworkState = StateOf<typeof networkState>;

/** A card at the network. */
export interface NetworkCard {
  /** Bits per microsecond of its line. */
  readonly megabits: number;
  /** Gives it a frame; false when it had no room. */
  readonly receive: (frame: Uint8Array) => boolean;
}

export interface NetworkBoard {
  readonly plan: NetworkPlan;
  readonly files: readonly LoadedFile[];
  /** The cards, at most {@link cardsMost}; one that was pulled out has left its place. */
  readonly cards: readonly (NetworkCard | undefined)[];
}

type Context = DeviceContext<NetworkState, never, NetworkBoard>;

const hostMegabits = 1000;
const increment = (value: number): number => (value + 1) >>> 0;

function lineMicroseconds(context: Context, port: number, frame: Uint8Array): number {
  const megabits = context.board.cards[port]?.megabits ?? hostMegabits;
  return Math.ceil(((frame.length + lineOverheadBytes) * 8) / megabits);
}

/** Learns behind which port a station is; the oldest makes room. */
function learn(state: NetworkState, mac: Uint8Array, port: number): void {
  if (isGroupAddress(mac)) return;
  const key = macKey(mac);
  const known = state.stations.find((station) => macKey(station.mac) === key);
  if (known !== undefined) return void (known.port = port);
  if (state.stations.length >= stationsMost) state.stations.shift();
  state.stations.push({ mac: mac.slice(), port });
}

/** Queues a frame on the line to a port. */
function leave(context: Context, to: number, frame: Uint8Array): void {
  const { state } = context;
  if (state.leaving.length >= framesMost) return void (state.lostInSwitch = increment(state.lostInSwitch));
  const begins = Math.max(state.now, state.busyUntil[to]!);
  const at = begins + lineMicroseconds(context, to, frame);
  state.busyUntil[to] = at;
  state.leaving.push({ at, to, frame });
}

/** The switch: to the port where the station is, or to all others. */
function forward(context: Context, from: number, frame: Uint8Array): void {
  const { state, board } = context;
  learn(state, frame.slice(6, 12), from);
  const target = macKey(frame.subarray(0, 6));
  const known = state.stations.find((station) => macKey(station.mac) === target)?.port;
  if (known !== undefined && !isGroupAddress(frame)) {
    if (known !== from) leave(context, known, frame);
    return;
  }
  const ports = [...board.cards.keys()].filter((port) => board.cards[port] !== undefined);
  for (const port of [...ports, hostPort]) if (port !== from) leave(context, port, frame);
}

/** A frame enters the cable at a port. */
function enter(context: Context, from: number, frame: Uint8Array): void {
  const { state, board } = context;
  if (frame.length < frameBytes.header || frame.length > frameBytes.most) return;
  if (state.travelling.length >= framesMost) return void (state.lostInSwitch = increment(state.lostInSwitch));
  const padded = new Uint8Array(Math.max(frame.length, frameBytes.least));
  padded.set(frame);
  const at = state.now + (board.plan.latencyMicroseconds ?? latencyDefault);
  state.travelling.push({ at, from, frame: padded });
}

/** Hosts by the network they belong to: all that one remembers is in the state, so it may be made anew at any time. */
const hosts = new WeakMap<Context, VirtualHost>();

function hostOf(context: Context): VirtualHost {
  const { state, board } = context;
  const known = hosts.get(context);
  if (known !== undefined) return known;
  const made = new VirtualHost(board.plan, board.files, state.host, {
    now: () => state.now,
    emit: (frame) => enter(context, hostPort, frame),
  });
  hosts.set(context, made);
  return made;
}

/** A frame's last bit has arrived. */
function arrive(context: Context, to: number, frame: Uint8Array): void {
  const { state, board } = context;
  if (to === hostPort) hostOf(context).receive(frame);
  else if (board.cards[to]?.receive(frame) !== true) state.lostAtCard = increment(state.lostAtCard);
}

/** Takes what is due out of a list. */
function takeDue<T extends { readonly at: number }>(queue: T[], now: number): T[] {
  const due = queue.filter(({ at }) => at <= now);
  if (due.length > 0) queue.splice(0, queue.length, ...queue.filter(({ at }) => at > now));
  return due;
}

function soonest(context: Context): number {
  const { state } = context;
  const least = (queue: readonly { readonly at: number }[]): number =>
    queue.reduce((soon, { at }) => Math.min(soon, at), Infinity);
  return Math.min(least(state.travelling), least(state.leaving), hostOf(context).nextTimer());
}

/** The network. Operation `send` takes the frames that card `card` transmits. */
export const network = defineDevice({
  name: 'network',
  source: 'IEEE 802.3 frames through a switch; RFC 791, 826, 768, 9293, 2131, 1035, 1350, 9112',
  notModelled: ['IPv4 fragments and options', 'IPv6', 'multicast', 'collisions', 'VLANs', 'TCP window scaling'],
  clock: { numerator: 1_000_000, denominator: 1 },
  registers: {},
  inputs: [],
  outputs: [],
  state: networkState,
  advance(context: Context, ticks) {
    const { state } = context;
    state.now += ticks;
    for (const { from, frame } of takeDue(state.travelling, state.now)) forward(context, from, frame);
    for (const { to, frame } of takeDue(state.leaving, state.now)) arrive(context, to, frame);
    hostOf(context).runTimers();
  },
  nextEdge: (context: Context) => Math.max(1, soonest(context) - context.state.now),
  read: {},
  write: {},
  operations: {
    send(context: Context, card: number, frame: Uint8Array): void {
      enter(context, card, frame);
    },
  },
});
