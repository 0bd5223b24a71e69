/** How each kind of network card is put on the board. */
import { UserError } from '../../base/errors.js';
import { createDevice, type Drive, type Width } from '../../device/device.js';
import { e1000, e1000Identity } from '../../device/e1000/e1000.js';
import { ne2000, ne2000Identity, ne2000Ports, pciIdentification } from '../../device/ne2000/ne2000.js';
import type { PciIdentity } from '../../device/pci-identity.js';
import { rtl8139, rtl8139Identity } from '../../device/rtl8139/rtl8139.js';
import { virtioNet, virtioNetIdentity } from '../../device/virtio/net.js';
import type { AnyDevice, Board } from '../board.js';
import type { BusRegion } from '../memory-map.js';
import type { NetworkCard } from '../machine.js';
import type { MessageSource } from '../pci-bus.js';
import { pciOf } from './chipset.js';

/** What a card is made with. */
interface CardParts {
  readonly name: string;
  /** Its position among the cards. */
  readonly index: number;
  readonly mac: Uint8Array;
  readonly rom: Uint8Array | undefined;
  readonly transmit: (frame: Uint8Array) => void;
}

/** A card on the board. */
export interface Card {
  readonly megabits: number;
  readonly receive: (frame: Uint8Array) => boolean;
  readonly setLink: Drive;
}

/** A chip that is a network card. */
interface CardDevice extends AnyDevice {
  readonly operations: {
    receive(frame: Uint8Array): boolean;
    setLink(up: boolean): void;
  };
}

type Read = (offset: number, width: Width) => number | undefined;
type Write = (offset: number, value: number, width: Width) => void;

function finished(board: Board, device: CardDevice, megabits: number): Card {
  return {
    megabits,
    receive: (frame) => board.touch(device, () => device.operations.receive(frame)),
    setLink: (up) => board.touch(device, () => device.operations.setLink(up)),
  };
}

/** The least size that an option ROM's range can have, and one that holds the ROM. */
function romBytesFor(rom: Uint8Array): number {
  let bytes = 2048;
  while (bytes < rom.length) bytes *= 2;
  return bytes;
}

/** Puts a PCI card on the bus: `make` is given its interrupt pin, `ranges` say what answers in each range. */
function attachPciCard<Device extends CardDevice>(
  board: Board,
  { name, rom }: CardParts,
  identity: PciIdentity,
  megabits: number,
  make: (interrupt: Drive, messages: MessageSource) => Device,
  ranges: (device: Device) => { readonly [index in 0 | 1 | 2 | 3 | 4 | 5]?: readonly [Read, Write] },
): Card {
  const pci = pciOf(board);
  const attached: { found?: ReturnType<typeof pci.attach> } = {};
  const device = make((level) => attached.found?.interrupt(level), {
    enabled: () => attached.found?.messages?.enabled() ?? false,
    request: (vector) => attached.found?.messages?.request(vector),
  });
  board.add(name, device);
  const regions = Object.fromEntries(
    Object.entries(ranges(device)).map(([index, [read, write]]): [string, BusRegion] => [
      index,
      {
        read: (offset, width) => board.touch(device, () => read(offset, width)),
        write: (offset, value, width) => board.touch(device, () => write(offset, value, width)),
      },
    ]),
  );
  attached.found = pci.attach({
    name,
    identity: rom === undefined ? identity : { ...identity, romBytes: romBytesFor(rom) },
    place: { device: pci.slotOf(name), function: 0 },
    regions,
    ...(rom === undefined ? {} : { rom }),
  });
  return finished(board, device, megabits);
}

/** Ports and interrupt requests of ISA cards, set by jumpers on the real ones: the first card has the usual ones. */
const jumpers: readonly { readonly base: number; readonly request: number }[] = [
  { base: 0x300, request: 10 },
  { base: 0x320, request: 11 },
  { base: 0x340, request: 5 },
  { base: 0x360, request: 15 },
  { base: 0x280, request: 9 },
  { base: 0x2a0, request: 7 },
];

function attachIsaCard(board: Board, parts: CardParts): Card {
  const place = jumpers[parts.index];
  if (place === undefined)
    throw new UserError(`an ISA card has no place behind ${jumpers.length} others`, {
      file: 'machine description',
      place: `network[${parts.index}]`,
      nextStep: 'Put ISA cards first, or use PCI cards.',
    });
  const interrupt = board.interrupts.source(place.request);
  const device = createDevice(ne2000, { lines: { interrupt }, board: parts });
  board.add(parts.name, device);
  const { readRegister, writeRegister } = device.operations;
  board.ports.place(place.base, ne2000Ports, {
    read: (offset, width) => board.touch(device, () => readRegister(offset, width)),
    write: (offset, value, width) => board.touch(device, () => writeRegister(offset, value, width)),
  });
  return finished(board, device, 10);
}

/** Makes each kind of card. */
export const cardMakers: Readonly<Record<NetworkCard, (board: Board, parts: CardParts) => Card>> = {
  ne2000: attachIsaCard,
  'ne2000-pci': (board, parts) =>
    attachPciCard(
      board,
      parts,
      ne2000Identity,
      10,
      (interrupt) =>
        createDevice(ne2000, { lines: { interrupt }, board: { identification: pciIdentification, ...parts } }),
      ({ operations: { readRegister, writeRegister } }) => ({ 0: [readRegister, writeRegister] }),
    ),
  e1000: (board, parts) =>
    attachPciCard(
      board,
      parts,
      e1000Identity,
      1000,
      (interrupt) => createDevice(e1000, { lines: { interrupt }, board: { memory: board.master, ...parts } }),
      ({ operations: { readRegister, writeRegister, readMemory, writeMemory } }) => ({
        0: [readMemory, writeMemory],
        2: [readRegister, writeRegister],
      }),
    ),
  rtl8139: (board, parts) =>
    attachPciCard(
      board,
      parts,
      rtl8139Identity,
      100,
      (interrupt) => createDevice(rtl8139, { lines: { interrupt }, board: { memory: board.master, ...parts } }),
      ({ operations: { readRegister, writeRegister } }) => ({
        0: [readRegister, writeRegister],
        1: [readRegister, writeRegister],
      }),
    ),
  'virtio-net': (board, parts) =>
    attachPciCard(
      board,
      parts,
      virtioNetIdentity,
      1000,
      (interrupt, messages) =>
        createDevice(virtioNet, {
          lines: { interrupt },
          board: { memory: board.master, messages, asQemu: board.description.quirks === 'qemu', ...parts },
        }),
      ({ operations: { readRegister, writeRegister, readMemory, writeMemory } }) => ({
        0: [readRegister, writeRegister],
        4: [readMemory, writeMemory],
      }),
    ),
};
