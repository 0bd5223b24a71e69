/**
 * Gigabit Ethernet controller for the PCI bus: descriptor rings, checksums and TCP segmentation.
 *
 * Source: Intel PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual, 317453, revision 3.8; 82540EM.
 * Not modelled: VLAN filtering and stripping, delay timers of descriptors, flow control, wake-up and management, flash memory,
 * the packet buffer's FIFO registers, jumbo frames on the line, 82542's register aliases. Chosen here: negotiation ends at
 * once; a packet without its last descriptor is lost when a context descriptor follows it.
 */
import { defineDevice, type Width } from '../device.js';
import type { PciIdentity } from '../pci-identity.js';
import { receiveFrame } from './receive.js';
import { e1000Registers, e1000Window, programEeprom, registerBytes, resetController } from './registers.js';
import { cause, driveInterrupt, type E1000Context, e1000State, raise } from './state.js';
import { endTransmission } from './transmit.js';

export const e1000Identity: PciIdentity = {
  vendor: 0x8086,
  device: 0x100e,
  revision: 2,
  classCode: 0x020000,
  subsystemVendor: 0x8086,
  subsystem: 0x001e,
  interruptPin: 1,
  ranges: { 0: { kind: 'memory', bytes: registerBytes }, 2: { kind: 'ports', bytes: 64 } },
  latencies: { minimumGrant: 0xff, maximumLatency: 0 },
};

export const e1000 = defineDevice({
  name: 'e1000',
  source: 'Intel 317453-006, PCI/PCI-X Family of Gigabit Ethernet Controllers, 82540EM',
  notModelled: [
    'VLAN filtering and stripping',
    'delay timers of descriptors',
    'flow control',
    'wake-up and management',
    'flash memory',
    "registers of the packet buffer's FIFO",
    'jumbo frames on the line',
    "the 82542's register aliases",
  ],
  /** A tick is a byte on a line of 1 Gbit/s. */
  clock: { numerator: 125_000_000, denominator: 1 },
  registers: {},
  inputs: [],
  outputs: ['interrupt'],
  state: e1000State,
  reset(context: E1000Context) {
    programEeprom(context);
    resetController(context);
  },
  advance(context: E1000Context, ticks) {
    const { state } = context;
    state.throttleTicks -= ticks;
    if (state.throttleTicks === 0) {
      state.throttleTicks = Infinity;
      driveInterrupt(context);
    }
    state.transmitTicks -= ticks;
    if (state.transmitTicks === 0) endTransmission(context);
  },
  nextEdge: ({ state }: E1000Context) => Math.min(state.transmitTicks, state.throttleTicks),
  read: {},
  write: {},
  operations: {
    /** Registers in memory (BAR 0). */
    readMemory: (context: E1000Context, offset: number, width: Width): number =>
      e1000Registers.read(context, offset, width),
    writeMemory: (context: E1000Context, offset: number, value: number, width: Width): void =>
      e1000Registers.write(context, offset, value, width),
    /** The window in ports (BAR 2). */
    readRegister: (context: E1000Context, offset: number, width: Width): number =>
      e1000Window.read(context, offset, width),
    writeRegister: (context: E1000Context, offset: number, value: number, width: Width): void =>
      e1000Window.write(context, offset, value, width),
    /** A frame comes in; false when there was no room for it. */
    receive: (context: E1000Context, frame: Uint8Array): boolean =>
      context.state.linkUp ? receiveFrame(context, frame) : true,
    /** The cable is plugged in or pulled out. */
    setLink(context: E1000Context, up: boolean): void {
      if (context.state.linkUp === up) return;
      context.state.linkUp = up;
      raise(context, cause.linkChange);
    },
  },
});
