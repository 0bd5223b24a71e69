/**
 * Cards that come and go while a machine runs: a machine with one more or fewer is another description, whose board is made anew
 * and takes over the state of everything that stays. Here are those descriptions; `pc.ts` makes the board.
 */
import { assert } from '../base/assert.js';
import { UserError } from '../base/errors.js';
import type { PciHotPlugBoard } from '../device/pci-hot-plug/pci-hot-plug.js';
import { descriptionName } from './description.js';
import {
  type MachineDescription,
  type MachineSnapshot,
  type MediumDescription,
  type NetworkCardDescription,
  type OptionalDevice,
  type PluggedDrive,
  type PlugEvent,
  type SlottedCard,
  slottedCards,
} from './machine.js';
import { isOnFirstAdapter, scsiDrives, scsiPlaceOf } from './scsi-places.js';

/** What the board asks of the controller that tells the guest. */
export interface HotPlugController {
  plugged(slot: number): void;
  requestRemoval(slot: number): void;
  /** The slots that were ejected and still hold their cards. */
  isEjecting(): boolean;
  takeEjected(): ReturnType<PciHotPlugBoard['removable']>;
  /** The slots that software is asked to empty. */
  leaving(): number;
}

/** Where the cards are, by their names: device numbers. */
export type CardPlaces = ReadonlyMap<SlottedCard, number>;

const firstFreeSlot = 4;
const slots = 32;

/** A description with one card more, and where that is. Throws UserError where there is no room for it. */
export interface Plugged {
  readonly description: MachineDescription;
  readonly slot: number;
}

const cardsOfDevices = {
  'virtio-rng': 'virtioRng',
  'virtio-console': 'virtioConsole',
  lsi53c895a: 'lsi53c895a',
  'virtio-scsi': 'virtioScsi',
  'virtio-rng1': 'virtioRng1',
} as const satisfies { readonly [device in OptionalDevice]?: SlottedCard };

const networkCardsMost = 8;
const networkName = (index: number): SlottedCard => (index === 0 ? 'network' : `network${index}`) as SlottedCard;

function freeSlot(wanted: number | undefined, taken: ReadonlySet<number>): number {
  if (wanted !== undefined) {
    if (!taken.has(wanted)) return wanted;
    throw new UserError(`slot ${wanted} is taken already`, { place: 'slot', nextStep: 'Name another, or none.' });
  }
  for (let slot = firstFreeSlot; slot < slots; slot++) if (!taken.has(slot)) return slot;
  throw new UserError('no slot is free', { place: 'slot', nextStep: 'Let another card be unplugged first.' });
}

/** The first place among the network cards that none has. */
function networkPlace(cards: readonly NetworkCardDescription[]): number {
  const hole = cards.findIndex(({ absent }) => absent === true);
  const index = hole < 0 ? cards.length : hole;
  if (index < networkCardsMost) return index;
  throw new UserError(`there are ${networkCardsMost} network cards already`, {
    nextStep: 'Let another be unplugged first.',
  });
}

/** The card that an event brings, and what it adds to a description. */
function addition(
  description: MachineDescription,
  event: PlugEvent,
): { readonly card: SlottedCard; readonly parts: Partial<MachineDescription> } {
  const { media, network = [], devices = [] } = description;
  switch (event.kind) {
    case 'plugDisk':
      assert(!isUnit(event.drive), 'a SCSI disk is no card');
      return { card: event.drive, parts: { media: { ...media, [event.drive]: event.medium } } };
    case 'plugNetworkCard': {
      const { card, network: connection, mac } = event;
      const at = networkPlace(network);
      const described = { card, network: connection, ...(mac === undefined ? {} : { mac }) };
      return {
        card: networkName(at),
        parts: { network: [...network.slice(0, at), described, ...network.slice(at + 1)] },
      };
    }
    default:
      return { card: cardsOfDevices[event.device], parts: { devices: [...devices, event.device] } };
  }
}

/** The description of a machine into which a card was plugged. `taken` are the slots that hold something. */
export function withCard(
  description: MachineDescription,
  places: CardPlaces,
  taken: ReadonlySet<number>,
  event: PlugEvent,
): Plugged {
  const slot = freeSlot(event.slot, taken);
  const { card, parts } = addition(description, event);
  if (places.has(card))
    throw new UserError(`this machine has ${card} already`, { nextStep: 'Let it be unplugged first.' });
  return { slot, description: placed({ ...description, ...parts }, new Map([...places, [card, slot]])) };
}

/** The description with every card in the slot where it is, so that none moves when another comes or goes. */
function placed(description: MachineDescription, places: CardPlaces): MachineDescription {
  const all = [...places].map(([card, slot]) => ({ card, slot })).sort((left, right) => left.slot - right.slot);
  return { ...description, slots: all };
}

/** The description of a machine without some of its cards. Disks on an adapter that goes, go with it. */
export function withoutCards(
  description: MachineDescription,
  places: CardPlaces,
  gone: ReadonlySet<SlottedCard>,
): MachineDescription {
  const left = new Map([...places].filter(([card]) => !gone.has(card)));
  const named = namingAdapter(description, places);
  const { media, network = [], devices = [], consolePorts, absentPorts, scsiPlaces, ...rest } = named;
  const isAdapterGone = gone.has('lsi53c895a') || gone.has('virtioScsi');
  const isDriveLeft = (drive: string): boolean =>
    !gone.has(drive as SlottedCard) && !(isAdapterGone && isUnit(drive) && isOnFirstAdapter(description, drive));
  const cards = network.map((card, index) => (gone.has(networkName(index)) ? { ...card, absent: true } : card));
  // A place on a live network stays: frames may be on their way to it.
  while (cards.at(-1)?.absent === true && cards.at(-1)?.network !== 'live') cards.pop();
  const stays = (device: OptionalDevice): boolean =>
    !(device in cardsOfDevices) || !gone.has(cardsOfDevices[device as keyof typeof cardsOfDevices]);
  const remaining: MachineDescription = {
    ...rest,
    media: Object.fromEntries(Object.entries(media).filter(([drive]) => isDriveLeft(drive))),
    ...(cards.length === 0 ? {} : { network: cards }),
    devices: devices.filter(stays),
    ...(scsiPlaces === undefined ? {} : { scsiPlaces: scsiPlaces.filter(({ drive }) => isDriveLeft(drive)) }),
    ...(consolePorts === undefined || gone.has('virtioConsole') ? {} : { consolePorts }),
    ...(absentPorts === undefined || gone.has('virtioConsole') ? {} : { absentPorts }),
  };
  return placed(remaining, left);
}

/** An adapter that is there because there are disks for it, named: it does not go with the last of them. */
function namingAdapter(description: MachineDescription, places: CardPlaces): MachineDescription {
  const { devices = [] } = description;
  if (!places.has('lsi53c895a') || devices.includes('lsi53c895a')) return description;
  return { ...description, devices: [...devices, 'lsi53c895a'] };
}

/** The cards in slots that are named by a bit each. */
export const cardsIn = (places: CardPlaces, mask: number): SlottedCard[] =>
  [...places].filter(([, slot]) => ((mask >>> slot) & 1) !== 0).map(([card]) => card);

/** The slot of a card; throws UserError for one that is not there. */
export function slotOfCard(places: CardPlaces, card: SlottedCard): number {
  const slot = places.get(card);
  if (slot !== undefined && isRemovable(card)) return slot;
  const there = [...places.keys()].filter(isRemovable).join(', ');
  throw new UserError(`this machine has no card '${card}' that could be pulled out`, {
    file: descriptionName,
    nextStep: there === '' ? 'None of its cards can be unplugged.' : `Name one of: ${there}.`,
  });
}

const names: ReadonlySet<string> = new Set(slottedCards);
/** Whether a function of the PCI bus is a card, by its name. */
export const isCard = (name: string): name is SlottedCard => names.has(name);
/** Whether a card may be pulled out: SCSI adapters beside the first stay, as their numbers name them. */
export const isRemovable = (name: string): boolean => isCard(name) && !name.startsWith('scsiAdapter');

// What comes and goes on buses that are not PCI's.

/** Something came, or is about to leave: a target of the virtio SCSI adapter, or ports of the virtio console. */
export type InnerChange =
  | { readonly kind: 'unitLeaves'; readonly id: number }
  | { readonly kind: 'units'; readonly id: number; readonly isThere: boolean }
  | { readonly kind: 'ports' };

type ScsiDrive = Extract<PluggedDrive, `scsi${number}`>;
export const isUnit = (name: string): name is ScsiDrive => /^scsi\d$/.test(name);
export const unitOf = (drive: ScsiDrive): number => Number(drive.slice('scsi'.length));

/** The description of a machine with one SCSI disk more, on the virtio adapter. */
export function withUnit(
  description: MachineDescription,
  drive: ScsiDrive,
  medium: MediumDescription,
): MachineDescription {
  const { media, devices = [] } = description;
  if (!devices.includes('virtio-scsi'))
    throw new UserError('SCSI disks come and go on a virtio adapter only', {
      nextStep: "Plug in 'virtio-scsi', or describe the machine with it.",
    });
  if (media[drive] !== undefined)
    throw new UserError(`this machine has ${drive} already`, { nextStep: 'Let it be unplugged first.' });
  const next = { ...description, media: { ...media, [drive]: medium } };
  if (
    scsiDrives.some(
      (each) =>
        each !== drive &&
        isOnFirstAdapter(description, each) &&
        scsiPlaceOf(description, each).target === unitOf(drive),
    )
  )
    throw new UserError(`another drive has the place of ${drive}`, { nextStep: 'Plug in one whose target is free.' });
  return next;
}

/** The description without a SCSI disk. */
export function withoutUnit(description: MachineDescription, drive: ScsiDrive): MachineDescription {
  const { media, devices = [] } = description;
  const isPlaced = description.scsiPlaces?.some((place) => place.drive === drive) ?? false;
  if (media[drive] === undefined || isPlaced || !devices.includes('virtio-scsi'))
    throw new UserError(`there is no ${drive} in its usual place on the first adapter, a virtio one`, {
      nextStep: 'Name a disk that is there.',
    });
  return { ...description, media: Object.fromEntries(Object.entries(media).filter(([each]) => each !== drive)) };
}

const portsMost = 7;

/** The description of a machine whose console has one port more: in the first place that is free. */
export function withPort(description: MachineDescription, name: string): MachineDescription {
  const { consolePorts, absentPorts = [] } = description;
  if (consolePorts === undefined)
    throw new UserError('this machine has no console with further ports', {
      nextStep: "Describe it with 'virtio-console' and consolePorts, which may be an empty list.",
    });
  const at = absentPorts.length > 0 ? Math.min(...absentPorts) - 1 : consolePorts.length;
  if (at >= portsMost)
    throw new UserError(`the console has ${portsMost} further ports already`, { nextStep: 'Unplug one first.' });
  return {
    ...description,
    consolePorts: [...consolePorts.slice(0, at), name, ...consolePorts.slice(at + 1)],
    absentPorts: absentPorts.filter((port) => port !== at + 1),
  };
}

/** The description without a port of the console; its place stays. */
export function withoutPort(description: MachineDescription, port: number): MachineDescription {
  const { consolePorts = [], absentPorts = [] } = description;
  if (!Number.isInteger(port) || port < 1 || port > consolePorts.length || absentPorts.includes(port))
    throw new UserError(`the console has no port ${port}`, { nextStep: 'Name one that is there, from 1 on.' });
  return { ...description, absentPorts: [...absentPorts, port].sort((left, right) => left - right) };
}

/** Whether two descriptions are of the same machine. */
export const isSameMachine = (left: MachineDescription, right: MachineDescription): boolean =>
  left === right || JSON.stringify(left) === JSON.stringify(right);

/** The difference that two snapshots are of different machines; the rest is compared for the parts of the first. */
export function descriptionDifference(left: MachineSnapshot, right: MachineSnapshot) {
  const print = ({ description }: MachineSnapshot): string =>
    (description?.slots ?? []).map(({ card, slot }) => `${card} in slot ${slot}`).join(', ');
  if (left.description === undefined || right.description === undefined) return [];
  if (isSameMachine(left.description, right.description)) return [];
  return [{ part: 'machine', path: 'slots', left: print(left), right: print(right) }];
}
