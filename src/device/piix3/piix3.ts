/**
 * 82371SB (PIIX3), function 0: the PCI to ISA bridge. It routes PCI interrupts, says which interrupt requests are
 * level-triggered, and resets the board.
 *
 * Source: Intel 82371FB (PIIX) and 82371SB (PIIX3) data sheet, order number 290550, sections 2.2 and 2.5.
 * Not modelled: see `notModelled` below.
 */
import { struct, u8 } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';
import type { PciOwnRegister } from '../pci-function.js';
import type { PciIdentity } from '../pci-identity.js';

export const isaBridge: PciIdentity = {
  vendor: 0x8086,
  device: 0x7000,
  revision: 0x00,
  classCode: 0x060100,
  commandBits: 0x0108,
};

/** Registers of its own, with their values after reset (section 2.2). */
export const isaBridgeRegisters: readonly PciOwnRegister[] = [
  { offset: 0x04, initial: [0x07, 0x00, 0x00, 0x02], writable: [0x08, 0x01], clearable: [0, 0, 0, 0x79] },
  { offset: 0x4c, initial: [0x4d], writable: [0xff] }, // ISA I/O recovery timer.
  { offset: 0x4e, initial: [0x03, 0x00], writable: [0xff, 0x01] }, // X-bus chip select.
  { offset: 0x60, initial: [0x80, 0x80, 0x80, 0x80], writable: [0x8f, 0x8f, 0x8f, 0x8f] }, // PIRQ route control.
  { offset: 0x69, initial: [0x02], writable: [0xfe] }, // Top of memory.
  { offset: 0x6a, initial: [0x00, 0x00], writable: [0x00, 0x80] }, // Miscellaneous status.
  { offset: 0x70, initial: [0x80, 0x80], writable: [0x8f, 0x8f] }, // Motherboard interrupt routing.
  { offset: 0x76, initial: [0x0c, 0x0c], writable: [0x8f, 0x8f] }, // Motherboard DMA.
  { offset: 0x78, initial: [0x02, 0x00], writable: [0xff, 0xff] }, // Programmable chip select.
  { offset: 0x80, initial: [0x00], writable: [0x7f] }, // APIC base address.
  { offset: 0x82, initial: [0x00], writable: [0x0f] }, // Deterministic latency.
  { offset: 0xa0, initial: [0x08], writable: [0x1f] }, // SMI control.
  { offset: 0xa2, initial: [0x00, 0x00], writable: [0xff, 0xff] },
  { offset: 0xa4, initial: [0x00, 0x00, 0x00, 0x00], writable: [0xff, 0xff, 0xff, 0xff] },
  { offset: 0xa8, initial: [0x0f], writable: [0xff] }, // Fast off timer.
  { offset: 0xaa, initial: [0x00, 0x00], writable: [0xff, 0xff] },
];

/** Where PIRQA# to PIRQD# are routed. */
export const routeControl = { offset: 0x60, lines: 4 } as const;

const routeDisabled = 0x80;
/** Interrupt requests that a PCI line may be routed to; the others are reserved (section 2.2.10). */
const routable = 0b1101_1110_1111_1000;

/** The interrupt request of a route control register; undefined for none. */
export function routeOf(register: number): number | undefined {
  const request = register & 0x0f;
  return (register & routeDisabled) !== 0 || ((routable >> request) & 1) === 0 ? undefined : request;
}

/** Requests that may be level-triggered: neither 0, 1, 2, 8 nor 13 (section 2.5.2.11). */
const levelTriggerable = 0b1101_1110_1111_1000;

const reset = { hard: 0x02, pulse: 0x04, writable: 0x06 } as const;

const state = struct({ edgeLevelLow: u8(), edgeLevelHigh: u8(), resetControl: u8() });
interface State {
  edgeLevelLow: number;
  edgeLevelHigh: number;
  resetControl: number;
}

/** What the board does for the bridge. */
export interface IsaBridgeBoard {
  /** One bit a request: level-triggered. */
  readonly edgeLevel: (levelTriggered: number) => void;
  /** A soft reset reaches the processor alone, a hard one the whole board. */
  readonly reset: (hard: boolean) => void;
}
type Context = DeviceContext<State, never, IsaBridgeBoard>;

function driveEdgeLevel({ state, board }: Context): void {
  board.edgeLevel((state.edgeLevelLow | (state.edgeLevelHigh << 8)) & levelTriggerable);
}

/** The bridge's registers in I/O space; offsets are absolute ports. */
export const piix3 = defineDevice({
  name: 'piix3',
  source: 'Intel 82371SB (PIIX3), order number 290550, section 2.5',
  notModelled: [
    'system management interrupts and the fast off timer',
    'distributed DMA and the programmable chip selects beyond their registers',
    'aliases of the DMA and timer ports',
  ],
  registers: { edgeLevelLow: 0x4d0, edgeLevelHigh: 0x4d1, resetControl: 0xcf9 },
  inputs: [],
  outputs: [],
  state,
  reset: driveEdgeLevel,
  read: {
    edgeLevelLow: ({ state }: Context) => state.edgeLevelLow,
    edgeLevelHigh: ({ state }: Context) => state.edgeLevelHigh,
    resetControl: ({ state }: Context) => state.resetControl,
  },
  write: {
    edgeLevelLow(context: Context, value: number) {
      context.state.edgeLevelLow = value & levelTriggerable & 0xff;
      driveEdgeLevel(context);
    },
    edgeLevelHigh(context: Context, value: number) {
      context.state.edgeLevelHigh = value & (levelTriggerable >> 8);
      driveEdgeLevel(context);
    },
    /** The rising edge of bit 2 resets, hard or soft as bit 1 says (section 2.5.5.3). */
    resetControl({ state, board }: Context, value: number) {
      const rises = (value & reset.pulse) !== 0 && (state.resetControl & reset.pulse) === 0;
      state.resetControl = value & reset.writable;
      if (rises) board.reset((value & reset.hard) !== 0);
    },
  },
});
