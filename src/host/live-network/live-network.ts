/**
 * The live network: what the cards are plugged into whose network is `live`. It answers and forwards what they send, and hands
 * every frame for them in by the machine's one door, so that a recording holds it. A replay opens no socket.
 */
import type { InputEvent, Machine } from '../../machine/machine.js';
import { hostState, VirtualHost } from '../../network/host.js';
import { socketsOutside } from './sockets.js';

/** A machine and its input door: a recorder is one. */
interface Operated {
  readonly machine: Machine;
  input(event: InputEvent): void;
}

export interface LiveNetwork {
  /** Looks at what the cards have sent, and hands in frames that wait for them; the machine stands still meanwhile. */
  deliver(): void;
  /** Whether something is under way outside, which takes the host's time. */
  busy(): boolean;
  close(): void;
}

/** Frames handed to a card at one moment: old cards have room for few. */
const burst = 4;
/** Longest frame that a trace holds, and the shortest. */
const frameBytes = { least: 14, most: 1522 } as const;
const waitingMost = 1024;
const microseconds = 1_000_000;

/** Plugs a machine's live cards in, each into a network of its own; undefined when it has none. */
export function plugLiveNetwork({ machine, input }: Operated): LiveNetwork | undefined {
  const cards = (machine.description.network ?? []).flatMap(({ network }, card) => (network === 'live' ? [card] : []));
  if (cards.length === 0) return undefined;
  const now = (): number => Math.floor((machine.cycle / machine.description.cyclesPerSecond) * microseconds);
  const sent: { readonly card: number; readonly frame: Uint8Array }[] = [];
  const plugged = new Map(cards.map((card) => [card, plugCard(now)]));
  const observer = machine.observers.packet;
  machine.observers.packet = (packet) => {
    observer?.(packet);
    // The machine is amid an instruction here: what it sends is looked at when it stands still.
    if (plugged.has(packet.card) && sent.length < waitingMost) sent.push({ card: packet.card, frame: packet.frame });
  };
  return {
    deliver() {
      for (const { card, frame } of sent.splice(0)) plugged.get(card)!.host.receive(frame);
      for (const [card, { host, waiting }] of plugged) {
        host.runTimers();
        for (const frame of waiting.splice(0, burst)) input({ kind: 'packet', card, frame });
      }
    },
    busy: () => sent.length > 0 || [...plugged.values()].some(({ waiting, busy }) => waiting.length > 0 || busy()),
    close() {
      if (observer === undefined) delete machine.observers.packet;
      else machine.observers.packet = observer;
      for (const { close } of plugged.values()) close();
    },
  };
}

/** One card's network: a host with the outside behind it, and the frames that wait for the card. */
function plugCard(now: () => number) {
  const waiting: Uint8Array[] = [];
  const outside = socketsOutside((peer, datagram) => host.sendUdp(peer, datagram));
  const host: VirtualHost = new VirtualHost({}, [], hostState.initial(), {
    now,
    outside,
    emit(frame) {
      const fits = frame.length >= frameBytes.least && frame.length <= frameBytes.most;
      if (fits && waiting.length < waitingMost) waiting.push(frame);
    },
  });
  return { host, waiting, busy: () => outside.busy(), close: () => outside.close() };
}
