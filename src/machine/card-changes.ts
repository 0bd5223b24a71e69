/** Cards that come and go while a machine runs: what is asked, checked, and told to the guest. */
import type { Cycle } from '../base/integers.js';
import { UserError } from '../base/errors.js';
import type { CircuitBoard } from './circuit-board.js';
import { checkDescription, descriptionName } from './description.js';
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
import type {
  Images,
  InputEvent,
  MachineDescription,
  MachineObservers,
  MediumDescription,
  PlugEvent,
  PowerOn,
  SlottedCard,
} from './machine.js';

type Unit = Parameters<typeof unitOf>[0];
type ChangeEvent = PlugEvent | Extract<InputEvent, { kind: 'unplug' | 'plugConsolePort' | 'unplugConsolePort' }>;

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
