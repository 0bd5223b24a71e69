/**
 * PCI hot plug by ACPI: a register block in which firmware's methods read which slots got a card and which are to be emptied,
 * and by which they eject; and a block of general purpose events, whose event 1 tells of both.
 *
 * Source: QEMU, "QEMU<->ACPI BIOS PCI hotplug interface" (docs/specs/acpi_pci_hotplug); ACPI Specification 1.0b, section 4.7.4.3.
 * Not in the document: reading the slots that got a card clears them, as reading does in QEMU's machines.
 *
 * Not modelled: see `notModelled` below.
 */
import { struct, u32, u8 } from '../../state/schema.js';
import { defineDevice, type DeviceContext, type Width } from '../device.js';

/** Bytes of the two blocks. */
export const hotPlugBytes = { slots: 16, events: 4 } as const;

/** Registers of the slots' block, a doubleword each with a bit a slot. */
const register = { up: 0x0, down: 0x4, eject: 0x8, removable: 0xc } as const;
/** The event's bit, among the low ones of status and enable. */
const hotPlugEvent = 1 << 1;

interface State {
  /** Slots that got a card since software last looked. */
  up: number;
  /** Slots that software is asked to empty. */
  down: number;
  /** Slots that were ejected in this instruction: their cards go at its end. */
  ejecting: number;
  status0: number;
  status1: number;
  enable0: number;
  enable1: number;
}

export interface PciHotPlugBoard {
  /** The slots whose cards may go, or that are free, a bit each. */
  removable(): number;
  /** Cards were ejected: {@link State.ejecting} is asked for at the end of the instruction. */
  eject(): void;
}
type Context = DeviceContext<State, 'interrupt', PciHotPlugBoard>;

/** The event block's bytes: status, then enable. */
const eventBytes = ['status0', 'status1', 'enable0', 'enable1'] as const;

function driveInterrupt({ state, lines }: Context): void {
  lines.interrupt((state.status0 & state.enable0) !== 0 || (state.status1 & state.enable1) !== 0);
}

function happen(context: Context): void {
  context.state.status0 |= hotPlugEvent;
  driveInterrupt(context);
}

export const pciHotPlug = defineDevice({
  name: 'pciHotPlug',
  source: 'QEMU, docs/specs/acpi_pci_hotplug',
  notModelled: [
    'slots behind bridges, and the register that selects a bus',
    'the index of a device that ACPI names it by',
  ],
  registers: {},
  inputs: [],
  outputs: ['interrupt'],
  state: struct<State>({
    ...{ up: u32(), down: u32(), ejecting: u32() },
    ...{ status0: u8(), status1: u8(), enable0: u8(), enable1: u8() },
  }),
  reset: driveInterrupt,
  read: {},
  write: {},
  operations: {
    /** The slots' registers, which are taken whole only. */
    readSlots({ state, board }: Context, offset: number, width: Width): number | undefined {
      if (width !== 4) return undefined;
      const { up } = state;
      switch (offset) {
        case register.up:
          state.up = 0;
          return up;
        case register.down:
          return state.down;
        case register.eject:
          return 0; // Features beyond the base set: none.
        case register.removable:
          return board.removable();
        default:
          return undefined;
      }
    },
    writeSlots({ state, board }: Context, offset: number, value: number, width: Width): boolean {
      if (width !== 4) return false;
      if (offset !== register.eject) return offset % 4 === 0; // The others are only read.
      state.up = (state.up & ~value) >>> 0;
      state.down = (state.down & ~value) >>> 0;
      state.ejecting = (state.ejecting | (value & board.removable())) >>> 0;
      if (state.ejecting !== 0) board.eject();
      return true;
    },
    readEvents: ({ state }: Context, offset: number, width: Width): number | undefined =>
      width === 1 ? state[eventBytes[offset as 0]] : undefined,
    writeEvents(context: Context, offset: number, value: number, width: Width): boolean {
      if (width !== 1) return false;
      const { state } = context;
      const name = eventBytes[offset as 0];
      // Ones clear the status; the enable byte is what is written.
      state[name] = offset < 2 ? state[name] & ~value : value;
      driveInterrupt(context);
      return true;
    },
    /** A card was put into a slot. */
    plugged(context: Context, slot: number): void {
      context.state.up = (context.state.up | (1 << slot)) >>> 0;
      happen(context);
    },
    /** Software is asked to let go of the card in a slot. */
    requestRemoval(context: Context, slot: number): void {
      context.state.down = (context.state.down | (1 << slot)) >>> 0;
      happen(context);
    },
    /** The slots that were ejected, a bit each; they are forgotten. */
    takeEjected({ state }: Context): number {
      const { ejecting } = state;
      state.ejecting = 0;
      return ejecting;
    },
  },
});
