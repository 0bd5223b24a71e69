/** Cards that come and go while a machine runs: what is asked, checked, and told to the guest. */
import type { Cycle } from '../base/integers.js';
import { UserError } from '../base/errors.js';
import type { CircuitBoard } from './circuit-board.js';
import { cardsOf, checkDescription, descriptionName } from './description.js';
import {
  type CardPlaces,
  cardsIn,
  isUnit,
  slotOfCard,
  unitOf,
  withCard,
  withoutCards,
  withoutPort,
  withoutUnit,
  withPort,
  withUnit,
} from './hot-plug.js';
import {
  type Images,
  type InputEvent,
  type MachineDescription,
  type MachineObservers,
  type MediumDescription,
  type PluggedDevice,
  type PluggedDrive,
  pluggedDrives,
  type PlugEvent,
  type PowerOn,
  type SlottedCard,
  type UnpluggedDevice,
} from './machine.js';

type Unit = Parameters<typeof unitOf>[0];
type ChangeEvent = PlugEvent | Extract<InputEvent, { kind: 'unplug' | 'plugConsolePort' | 'unplugConsolePort' }>;

type NetworkEvent = Extract<PlugEvent, { kind: 'plugNetworkCard' }>;

/** What is plugged in: a disk in its drive, a network card, or another device. */
export type CardToPlug =
  | { readonly drive: PluggedDrive; readonly medium: MediumDescription }
  | {
      readonly card: NetworkEvent['card'];
      readonly network: NetworkEvent['network'];
      readonly mac?: string | undefined;
    }
  | { readonly device: PluggedDevice };

/** The input that plugs a card in: into the slot that is named, else into the first that is free. */
export function plugEventOf(card: CardToPlug, slot?: number): PlugEvent {
  const where = slot === undefined ? {} : { slot };
  if ('device' in card) return { kind: 'plugDevice', device: card.device, ...where };
  if ('drive' in card) return { kind: 'plugDisk', drive: card.drive, medium: card.medium, ...where };
  const address = card.mac === undefined ? {} : { mac: card.mac };
  return { kind: 'plugNetworkCard', card: card.card, network: card.network, ...address, ...where };
}

/** The first drive for a disk on a bus, of those that nothing has taken; undefined where there is none. */
export const freeDriveOf = (
  bus: 'virtio' | 'scsi',
  isTaken: (drive: PluggedDrive) => boolean,
): PluggedDrive | undefined => pluggedDrives.find((drive) => drive.startsWith(bus) && !isTaken(drive));

/** What an input brought, by the cards that were there before it; undefined where nothing came. */
export const pluggedCardOf = (
  event: PlugEvent,
  before: ReadonlySet<SlottedCard>,
  after: MachineDescription,
): UnpluggedDevice | undefined =>
  event.kind === 'plugDisk' ? event.drive : cardsOf(after).find((each) => !before.has(each));

/** What this reaches of the machine. */
export interface ChangingMachine {
  readonly images: Images;
  readonly powerOn: PowerOn;
  readonly observers: Partial<MachineObservers>;
  description(): MachineDescription;
  chips(): CircuitBoard;
  now(): Cycle;
  /** Makes the board of another description, which takes over the state of what stays. */
  become(description: MachineDescription): void;
}

export class CardChanges {
  constructor(private readonly machine: ChangingMachine) {}

  /** Does what an input asks for. Throws UserError where that cannot be. */
  take(event: ChangeEvent): void {
    this.needed();
    switch (event.kind) {
      case 'unplug':
        return isUnit(event.card) ? this.unplugUnit(event.card) : this.askFor(event.card);
      case 'plugConsolePort':
        return this.changePorts(withPort(this.machine.description(), event.name));
      case 'unplugConsolePort':
        return this.changePorts(withoutPort(this.machine.description(), event.port));
      default:
        return this.plug(event);
    }
  }
  /** A card is put in, and the guest is told. */
  private plug(event: PlugEvent): void {
    const { machine } = this;
    const { pci } = this.needed();
    if (event.kind === 'plugDisk' && isUnit(event.drive)) return this.plugUnit(event.drive, event.medium);
    const { description, slot } = withCard(machine.description(), pci.cardPlaces(), pci.takenSlots(), event);
    this.become(description);
    machine.chips().hotPlug?.plugged(slot);
  }
  private become(description: MachineDescription): void {
    const { machine } = this;
    checkDescription(description, machine.images, machine.powerOn);
    machine.become(description);
  }
  /** The guest is asked to let go of a card. */
  private askFor(card: SlottedCard): void {
    const { controller, pci } = this.needed();
    controller.requestRemoval(slotOfCard(pci.cardPlaces(), card));
  }
  private plugUnit(drive: Unit, medium: MediumDescription): void {
    const { machine } = this;
    this.become(withUnit(machine.description(), drive, medium));
    machine.chips().innerChange({ kind: 'units', id: unitOf(drive), isThere: true });
  }
  private unplugUnit(drive: Unit): void {
    const { machine } = this;
    const id = unitOf(drive);
    const description = withoutUnit(machine.description(), drive);
    machine.chips().innerChange({ kind: 'unitLeaves', id });
    this.become(description);
    machine.chips().innerChange({ kind: 'units', id, isThere: false });
    machine.observers.cardRemoved?.({ card: drive, cycle: machine.now() });
  }
  /** The console gets a further port, or loses one. */
  private changePorts(description: MachineDescription): void {
    this.become(description);
    this.machine.chips().innerChange({ kind: 'ports' });
  }
  /** Cards that the guest has ejected go. */
  removeEjected(): void {
    const { hotPlug } = this.machine.chips();
    if (hotPlug?.isEjecting() === true) this.remove(hotPlug.takeEjected());
  }
  /** Cards that the guest was asked for go at a reset, as nobody is there to let go of them. */
  removeLeaving(): void {
    this.remove(this.machine.chips().hotPlug?.leaving() ?? 0);
  }
  /** Cards go from the slots that a mask names. */
  private remove(mask: number): void {
    const { machine } = this;
    const { pci } = machine.chips();
    const places: CardPlaces = pci?.cardPlaces() ?? new Map();
    const gone = cardsIn(places, mask);
    if (gone.length === 0) return;
    for (const card of gone) pci?.release(card);
    machine.become(withoutCards(machine.description(), places, new Set(gone)));
    for (const card of gone) machine.observers.cardRemoved?.({ card, cycle: machine.now() });
  }
  private needed() {
    const { hotPlug: controller, pci } = this.machine.chips();
    if (controller !== undefined && pci !== undefined) return { controller, pci };
    throw new UserError('nothing can be plugged into this machine while it runs', {
      file: descriptionName,
      nextStep: "Name 'pci-hot-plug' among its devices.",
    });
  }
}
