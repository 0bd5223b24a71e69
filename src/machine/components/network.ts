/** Network cards, and the built-in network that those are plugged into whose description says so. */
import { UserError } from '../../base/errors.js';
import type { Cycle } from '../../base/integers.js';
import { createDevice, type Drive } from '../../device/device.js';
import { network } from '../../network/network.js';
import { loadFiles } from '../../network/plan.js';
import type { Board } from '../board.js';
import { type Card, cardMakers } from './network-cards.js';

/** The first card's hardware address where a description names none; the last byte counts up. */
const firstMac = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56] as const;

/** The hardware address of the card at `index`. */
export function macOf(index: number, given: string | undefined): Uint8Array {
  if (given !== undefined) return Uint8Array.from(given.split(':'), (byte) => parseInt(byte, 16));
  return Uint8Array.from(firstMac, (byte, at) => (at === 5 ? byte + index : byte));
}

export function attachNetwork(board: Board): void {
  const { network: cards = [], served: files = [], builtInNetwork } = board.description;
  if (cards.length === 0) return;
  const made: (Card | undefined)[] = cards.map(() => undefined);
  /** Sends a frame of a card's into the built-in network; undefined where there is none. */
  let toBuiltIn: ((card: number, frame: Uint8Array) => void) | undefined;
  cards.forEach(({ card, network: connection, mac, absent }, index) => {
    if (absent === true) return;
    const device = cardMakers[card](board, {
      name: index === 0 ? 'network' : `network${index}`,
      index,
      mac: macOf(index, mac),
      rom: index === 0 ? romOf(board) : undefined,
      transmit(frame) {
        board.observers.packet?.({ card: index, frame, cycle: board.now() as Cycle });
        if (connection === 'built-in') toBuiltIn?.(index, frame);
      },
    });
    made[index] = {
      ...device,
      receive(frame) {
        const taken = device.receive(frame);
        board.observers.packetDelivered?.({ card: index, frame, cycle: board.now() as Cycle, taken });
        return taken;
      },
    };
    if (connection === 'none') unplug(board, device.setLink);
  });
  if (cards.some(({ network: connection, absent }) => connection === 'built-in' && absent !== true)) {
    const device = createDevice(network, {
      lines: {},
      board: { plan: { ...builtInNetwork, files }, files: loadFiles({ files }, board.images), cards: made },
    });
    board.add('networkCable', device);
    toBuiltIn = (card, frame) => board.touch(device, () => device.operations.send(card, frame));
  }
  board.onInput('packet', ({ card, frame }) => {
    if (cards[card]?.network !== 'live')
      throw new UserError(`network card ${card} is not plugged into the live network`, {
        nextStep: 'Describe the card with "network": "live".',
      });
    made[card]?.receive(frame); // One that was pulled out hears nothing.
  });
}

/** The option ROM that the description gives the first card. */
function romOf({ description, images }: Board): Uint8Array | undefined {
  const rom = description.firmware?.network;
  return rom && images.get(rom.sha256);
}

/** A card without a cable: it has no link, not after a reset either. */
function unplug(board: Board, setLink: Drive): void {
  setLink(false);
  board.onReset(() => setLink(false));
}
