/** Cards that come and go while a machine runs: what is asked, checked, and told to the guest. */
import type { Cycle } from '../base/integers.js';
import { UserError } from '../base/errors.js';
import type { CircuitBoard } from './circuit-board.js';
import { checkDescription, descriptionName } from './description.js';
import { type CardPlaces, cardsIn, slotOfCard, withCard, withoutCards } from './hot-plug.js';
import type { Images, MachineDescription, MachineObservers, PlugEvent, PowerOn, SlottedCard } from './machine.js';

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

  /** A card is put in, and the guest is told. Throws UserError where that cannot be. */
  plug(event: PlugEvent): void {
    const { machine } = this;
    const { pci } = this.needed();
    const { description, slot } = withCard(machine.description(), pci.cardPlaces(), pci.takenSlots(), event);
    checkDescription(description, machine.images, machine.powerOn);
    machine.become(description);
    machine.chips().hotPlug?.plugged(slot);
  }
  /** The guest is asked to let go of a card. */
  askToUnplug(card: SlottedCard): void {
    const { controller, pci } = this.needed();
    controller.requestRemoval(slotOfCard(pci.cardPlaces(), card));
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
