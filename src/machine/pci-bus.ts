/**
 * The PCI bus of a board: configuration mechanism #1, where functions' ranges stand, and how their interrupt pins are routed.
 *
 * Source: PCI Local Bus Specification, revision 2.2, sections 3.2.2.3.2 (mechanism #1) and 6.
 */
import { assert } from '../base/assert.js';
import type { Drive, Width } from '../device/device.js';
import { createPciFunction, pciFunction, type PciFunctionDevice, type PciOwnRegister } from '../device/pci-function.js';
import type { PciIdentity } from '../device/pci-identity.js';
import { struct, u32 } from '../state/schema.js';
import type { BusRegion } from './memory-map.js';
import { type Part, statePart } from './parts.js';

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
  /** The level of one of the four interrupt lines INTA# to INTD# as the first device has them: 0 to 3. */
  interrupt(line: number, level: boolean): void;
}

interface Attached {
  readonly attachment: PciAttachment;
  readonly device: PciFunctionDevice;
  /** Where each range, and at 6 the ROM, was placed last, and how it is taken away. */
  readonly placed: (undefined | { readonly base: number; readonly remove: () => void })[];
  /** The level of the function's pin. */
  level: boolean;
}

const addressState = struct({ address: u32() });
const enabled = 2 ** 31;
const romIndex = 6;
const lines = 4;

export class PciBus {
  private readonly functions = new Map<number, Attached>();
  private readonly state = addressState.initial();

  constructor(private readonly board: PciBusBoard) {}

  /** Puts a function on the bus; its interrupt pin is driven by the function that comes back. */
  attach(attachment: PciAttachment): { readonly device: PciFunctionDevice; readonly interrupt: Drive } {
    const { place, name, identity } = attachment;
    const key = keyOf(place.device, place.function);
    assert(!this.functions.has(key), `one function at ${place.device}.${place.function}`);
    const holder: { attached?: Attached } = {};
    const device = createPciFunction(pciFunction(name, identity, attachment.own), (level) => this.pin(key, level), {
      changed: (offset, width) => {
        if (holder.attached !== undefined) this.changed(holder.attached, offset, width);
      },
    });
    const attached: Attached = { attachment, device, placed: [], level: false };
    holder.attached = attached;
    this.functions.set(key, attached);
    this.markSiblings(place.device);
    attachment.changed?.(0, 4);
    return { device, interrupt: (level) => device.operations.interrupt(level) };
  }
  /** The first device number that is free for a card: below 4 is what a board has soldered on. */
  freeDevice(): number {
    let device = 4;
    while ([...this.functions.keys()].some((key) => key >> 3 === device)) device++;
    assert(device < 32, 'a PCI bus holds 32 devices');
    return device;
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
    attached.attachment.changed?.(offset, width);
  }
  private placeRanges({ attachment, device, placed }: Attached): void {
    device.operations.ranges().forEach((range, index) => {
      if (placed[index]?.base === range?.base) return;
      placed[index]?.remove();
      placed[index] = undefined;
      const region = attachment.regions?.[index as 0];
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
    for (const { attachment, device } of this.functions.values()) {
      device.reset();
      this.markSiblings(attachment.place.device);
    }
  }
  /** The bus and its functions as parts of the state, in the order of their places. */
  parts(): [string, Part][] {
    const loaded = (attached: Attached): Part => ({
      save: () => attached.device.save(),
      load: (saved) => {
        attached.device.load(saved);
        attached.level = pinLevel(attached.device);
        this.placeRanges(attached);
        attached.attachment.changed?.(0, 4);
      },
      diff: (left, right) => diffOf(attached.device, left, right),
    });
    const functions = [...this.functions.values()].map((each): [string, Part] => [
      `${each.attachment.name}Pci`,
      loaded(each),
    ]);
    return [['pciAddress', statePart(addressState, this.state)], ...functions];
  }
}

const keyOf = (device: number, number: number): number => (device << 3) | number;

/** A read of a window's data puts there what the range answers; whether the range is on does not matter. */
function readWindow({ attachment, device }: Attached, register: number, width: Width): void {
  const window = device.operations.window(register, width);
  const region = window && attachment.regions?.[window.range as 0];
  if (!window || !region) return;
  const value = region.read(window.offset, window.width) ?? 2 ** (8 * window.width) - 1;
  device.operations.preset(window.data, value, window.width);
}

/** A write of a window's data goes on to the range. */
function writeWindow({ attachment, device }: Attached, register: number, width: Width): void {
  const window = device.operations.window(register, width);
  if (!window) return;
  const value = device.operations.read(window.data, window.width);
  attachment.regions?.[window.range as 0]?.write(window.offset, value, window.width);
}

function lineOf(key: number, { attachment }: Attached): number {
  const pin = attachment.identity.interruptPin ?? 1;
  return ((key >> 3) - 1 + pin - 1 + lines) % lines;
}

/** The level that a loaded function's pin has. */
function pinLevel(device: PciFunctionDevice): boolean {
  const command = device.operations.read(4, 2);
  return device.state.interrupt && (command & 0x400) === 0;
}

function diffOf(device: PciFunctionDevice, left: Uint8Array, right: Uint8Array) {
  const live = device.save();
  device.load(left);
  const found = device.diff(right);
  device.load(live);
  return found;
}

/** A ROM as a region: bytes behind its end read as ones. */
const romRegion = (rom: Uint8Array): BusRegion => ({
  read(offset, width) {
    let value = 0;
    for (let at = 0; at < width; at++) value += (rom[offset + at] ?? 0xff) * 2 ** (8 * at);
    return value;
  },
  write: () => true, // A ROM takes no notice.
});
