/**
 * The PCI bus of a board: configuration mechanism #1, where functions' ranges stand, and how their interrupt pins are routed.
 *
 * Source: PCI Local Bus Specification, revision 2.2, sections 3.2.2.3.2 (mechanism #1) and 6.
 */
import { assert } from '../base/assert.js';
import { UserError } from '../base/errors.js';
import { createDevice, type Drive, type Width } from '../device/device.js';
import { createPciFunction, pciFunction, type PciFunctionDevice, type PciOwnRegister } from '../device/pci-function.js';
import type { PciIdentity } from '../device/pci-identity.js';
import { messageCapability, pciMessages } from '../device/pci-messages.js';
import { struct, u32 } from '../state/schema.js';
import { isCard, isRemovable } from './hot-plug.js';
import type { SlotDescription, SlottedCard } from './machine.js';
import type { BusRegion } from './memory-map.js';
import { devicePart, type Part, statePart } from './parts.js';

/** Where a function sits: its device number (0 to 31) and function number (0 to 7). */
export interface PciPlace {
  readonly device: number;
  readonly function: number;
}

/** A function as the board puts it on the bus. */
export interface PciAttachment {
  readonly name: string;
  readonly identity: PciIdentity;
  readonly place: PciPlace;
  /** What answers in each range, by index. A range without one is placed by `moved`. */
  readonly regions?: { readonly [index in 0 | 1 | 2 | 3 | 4 | 5]?: BusRegion };
  readonly rom?: Uint8Array;
  /** Registers of the function's own in configuration space. */
  readonly own?: readonly PciOwnRegister[];
  /** Configuration registers from `offset` on were written, or the function was reset. */
  readonly changed?: (offset: number, width: Width) => void;
  /** A range without a region was placed, moved, or (undefined) taken away. */
  readonly moved?: (index: number, base: number | undefined) => void;
}

/** What the bus reaches of the board. */
export interface PciBusBoard {
  placePorts(base: number, bytes: number, region: BusRegion): () => void;
  placeMemory(base: number, bytes: number, region: BusRegion): () => void;
  /** A function sends a message: a doubleword written as a master of the bus. */
  message(address: number, data: number): void;
  /** The level of one of the four interrupt lines INTA# to INTD# as the first device has them: 0 to 3. */
  interrupt(line: number, level: boolean): void;
  /** Cards that are in slots of their own choice. */
  readonly slots: readonly SlotDescription[];
}

/** The messages of a function, which take the place of its pin while they are on. */
export interface MessageSource {
  readonly enabled: () => boolean;
  readonly request: (vector: number) => void;
}

const newMessages = (definition: ReturnType<typeof pciMessages>, control: () => number, send: PciBusBoard['message']) =>
  createDevice(definition, { lines: {}, board: { control, send } });

interface Attached {
  readonly attachment: PciAttachment;
  readonly device: PciFunctionDevice;
  readonly messages: ReturnType<typeof newMessages> | undefined;
  /** Where each range, and at 6 the ROM, was placed last, and how it is taken away. */
  readonly placed: (undefined | { readonly base: number; readonly remove: () => void })[];
  /** The level of the function's pin. */
  level: boolean;
}

const addressState = struct({ address: u32() });
const enabled = 2 ** 31;
const romIndex = 6;
const lines = 4;
/** Below are what a board has soldered on, and a place that is left free. */
const firstSlot = 4;

export class PciBus {
  private readonly functions = new Map<number, Attached>();
  private readonly state = addressState.initial();

  constructor(private readonly board: PciBusBoard) {}

  /** Puts a function on the bus; its interrupt pin is driven by the function that comes back. */
  attach(attachment: PciAttachment): {
    readonly device: PciFunctionDevice;
    readonly interrupt: Drive;
    readonly messages: MessageSource | undefined;
  } {
    const { place, name, identity } = attachment;
    const key = keyOf(place.device, place.function);
    assert(!this.functions.has(key), `one function at ${place.device}.${place.function}`);
    const holder: { attached?: Attached } = {};
    const device = createPciFunction(pciFunction(name, identity, attachment.own), (level) => this.pin(key, level), {
      changed: (offset, width) => {
        if (holder.attached !== undefined) this.changed(holder.attached, offset, width);
      },
    });
    const messages = this.messagesOf(attachment, device);
    const attached: Attached = { attachment, device, messages, placed: [], level: false };
    holder.attached = attached;
    this.functions.set(key, attached);
    this.markSiblings(place.device);
    attachment.changed?.(0, 4);
    const source = messages && {
      enabled: () => (device.operations.messageControl() & messageCapability.enable) !== 0,
      request: (vector: number) => messages.operations.request(vector),
    };
    return { device, interrupt: (level) => device.operations.interrupt(level), messages: source };
  }
  private messagesOf({ name, identity }: PciAttachment, device: PciFunctionDevice): Attached['messages'] {
    if (identity.messages === undefined) return undefined;
    return newMessages(
      pciMessages(`${name}Messages`, identity.messages),
      () => device.operations.messageControl(),
      (address, data) => {
        if (device.operations.isMaster()) this.board.message(address, data);
      },
    );
  }
  /** The device number of a card: that of the slot which the description names, or the first that is free from 4 on. */
  slotOf(card: string): number {
    const { slots } = this.board;
    const wanted = slots.find((each) => each.card === card)?.slot;
    const isTaken = (slot: number): boolean => [...this.functions.keys()].some((key) => key >> 3 === slot);
    if (wanted !== undefined) {
      if (!isTaken(wanted)) return wanted;
      throw new UserError(`slot ${wanted} is taken already`, {
        ...{ file: 'machine description', place: `slots, ${card}` },
        nextStep: 'Give another: 0 to 2 are the chipset and the display.',
      });
    }
    let slot = firstSlot;
    while (isTaken(slot) || slots.some((each) => each.slot === slot)) slot++;
    assert(slot < 32, 'a PCI bus holds 32 devices');
    return slot;
  }
  /** Where the cards are, by their names. */
  cardPlaces(): ReadonlyMap<SlottedCard, number> {
    const places = new Map<SlottedCard, number>();
    for (const [key, { attachment }] of this.functions)
      if (isCard(attachment.name)) places.set(attachment.name, key >> 3);
    return places;
  }
  /** The device numbers of all functions. */
  takenSlots(): ReadonlySet<number> {
    return new Set([...this.functions.keys()].map((key) => key >> 3));
  }
  /** The slots that are free or hold a card, a bit each: what is soldered on stays. */
  removableSlots(): number {
    let mask = ~0;
    for (const [key, { attachment }] of this.functions) if (!isRemovable(attachment.name)) mask &= ~(1 << (key >> 3));
    return mask >>> 0;
  }
  /** A card is about to go: its interrupt pin is no longer driven. */
  release(card: SlottedCard): void {
    for (const [key, { attachment }] of this.functions) if (attachment.name === card) this.pin(key, false);
  }
  /** Function 0 of a device with several says so (section 6.2.1). */
  private markSiblings(device: number): void {
    const members = [...this.functions].filter(([key]) => key >> 3 === device).map(([, each]) => each);
    const first = this.functions.get(keyOf(device, 0));
    if (members.length > 1) first?.device.operations.preset(0x0e, 0x80, 1);
  }

  // Interrupt pins: devices one after another take the lines turned by one.

  private pin(key: number, level: boolean): void {
    const attached = this.functions.get(key);
    if (attached === undefined || attached.level === level) return;
    attached.level = level;
    const line = lineOf(key, attached);
    const any = [...this.functions].some(([other, each]) => each.level && lineOf(other, each) === line);
    this.board.interrupt(line, any);
  }

  // Configuration.

  /** Port CF8h: the address, taken whole. */
  readonly address: BusRegion = {
    read: (_, width) => (width === 4 ? this.state.address - (this.state.address % 4) : undefined),
    write: (_, value, width) => {
      if (width !== 4) return false;
      this.state.address = (value & 0x80ff_ffff) >>> 0;
      return true;
    },
  };
  /** Ports CFCh to CFFh: the register that the address names. */
  readonly data: BusRegion = {
    read: (offset, width) => {
      if (this.state.address < enabled) return undefined;
      const found = this.addressed();
      if (found === undefined) return 2 ** (8 * width) - 1; // A master abort answers with ones.
      const register = this.registerAt(offset);
      readWindow(found, register, width);
      return found.device.operations.read(register, width);
    },
    write: (offset, value, width) => {
      if (this.state.address < enabled) return false;
      const found = this.addressed();
      if (found === undefined) return true;
      const register = this.registerAt(offset);
      found.device.operations.write(register, value, width);
      writeWindow(found, register, width);
      return true;
    },
  };
  /** The register at a data port. Test programs leave the reserved low bits of the address set and mean them. */
  private registerAt(offset: number): number {
    return (this.state.address & 0xff) | offset;
  }
  private addressed(): Attached | undefined {
    const { address } = this.state;
    const bus = (address >>> 16) & 0xff;
    return bus === 0 ? this.functions.get((address >>> 8) & 0xff) : undefined;
  }

  private changed(attached: Attached, offset: number, width: Width): void {
    this.placeRanges(attached);
    attached.messages?.operations.controlChanged();
    attached.attachment.changed?.(offset, width);
  }
  private placeRanges(attached: Attached): void {
    const { attachment, device, placed } = attached;
    device.operations.ranges().forEach((range, index) => {
      if (placed[index]?.base === range?.base) return;
      placed[index]?.remove();
      placed[index] = undefined;
      const region = regionOf(attached, index);
      if (range === undefined) {
        if (region === undefined) attachment.moved?.(index, undefined);
        return;
      }
      const { kind, base, bytes } = range;
      if (region === undefined) {
        attachment.moved?.(index, base);
        placed[index] = { base, remove: () => {} };
        return;
      }
      const remove =
        kind === 'ports' ? this.board.placePorts(base, bytes, region) : this.board.placeMemory(base, bytes, region);
      placed[index] = { base, remove };
    });
    this.placeRom(attachment, device, placed);
  }
  private placeRom(attachment: PciAttachment, device: PciFunctionDevice, placed: Attached['placed']): void {
    const base = device.operations.rom();
    if (placed[romIndex]?.base === base) return;
    placed[romIndex]?.remove();
    placed[romIndex] = undefined;
    const { rom } = attachment;
    const bytes = attachment.identity.romBytes;
    if (base === undefined || rom === undefined || bytes === undefined) return;
    placed[romIndex] = { base, remove: this.board.placeMemory(base, bytes, romRegion(rom)) };
  }

  // State.

  reset(): void {
    this.state.address = 0;
    for (const { attachment, device, messages } of this.functions.values()) {
      device.reset();
      messages?.reset();
      this.markSiblings(attachment.place.device);
    }
  }
  /** The bus and its functions as parts of the state, in the order of their places. */
  parts(): [string, Part][] {
    const loaded = (attached: Attached): Part => ({
      save: () => attached.device.save(),
      load: (saved) => {
        attached.device.load(saved);
        attached.level = attached.device.operations.pin();
        this.placeRanges(attached);
        attached.attachment.changed?.(0, 4);
      },
      diff: (left, right) => diffOf(attached.device, left, right),
    });
    const functions = [...this.functions.values()].map((each): [string, Part] => [
      `${each.attachment.name}Pci`,
      loaded(each),
    ]);
    const messages = [...this.functions.values()].flatMap(({ attachment, messages }): [string, Part][] =>
      messages === undefined ? [] : [[`${attachment.name}Messages`, devicePart(messages)]],
    );
    return [['pciAddress', statePart(addressState, this.state)], ...functions, ...messages];
  }
}

const keyOf = (device: number, number: number): number => (device << 3) | number;

/** What answers in a range; undefined where the board places it by itself. */
function regionOf({ attachment, messages }: Attached, index: number): BusRegion | undefined {
  const isTable = messages !== undefined && index === attachment.identity.messages?.range;
  return isTable ? tableRegion(messages) : attachment.regions?.[index as 0];
}

/** A read of a window's data puts there what the range answers; whether the range is on does not matter. */
function readWindow(attached: Attached, register: number, width: Width): void {
  const { operations } = attached.device;
  const window = operations.window(register, width);
  const region = window && regionOf(attached, window.range);
  if (!window || !region) return;
  const value = region.read(window.offset, window.width) ?? 2 ** (8 * window.width) - 1;
  operations.preset(window.data, value, window.width);
}

/** A write of a window's data goes on to the range. */
function writeWindow(attached: Attached, register: number, width: Width): void {
  const { operations } = attached.device;
  const window = operations.window(register, width);
  if (!window) return;
  regionOf(attached, window.range)?.write(window.offset, operations.read(window.data, window.width), window.width);
}

function lineOf(key: number, { attachment }: Attached): number {
  const pin = attachment.identity.interruptPin ?? 1;
  return ((key >> 3) - 1 + pin - 1 + lines) % lines;
}

function diffOf(device: PciFunctionDevice, left: Uint8Array, right: Uint8Array) {
  const live = device.save();
  device.load(left);
  const found = device.diff(right);
  device.load(live);
  return found;
}

const tableRegion = ({ operations }: NonNullable<Attached['messages']>): BusRegion => ({
  read: (offset, width) => operations.readRegister(offset, width),
  write: (offset, value, width) => operations.writeRegister(offset, value, width),
});

/** A ROM as a region: bytes behind its end read as ones. */
const romRegion = (rom: Uint8Array): BusRegion => ({
  read(offset, width) {
    let value = 0;
    for (let at = 0; at < width; at++) value += (rom[offset + at] ?? 0xff) * 2 ** (8 * at);
    return value;
  },
  write: () => true, // A ROM takes no notice.
});
