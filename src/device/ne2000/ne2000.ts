/**
 * NE2000: an Ethernet card of 10 Mbit/s with 16 KiB of buffer memory that the processor reaches through a data port only. The
 * same core sits on Novell's ISA card and, as Realtek's RTL8029AS, on the PCI bus.
 *
 * Source: National Semiconductor DP8390D/NS32490D data sheet, July 1995; the NE2000's address map: Realtek RTL8019AS data
 * sheet, sections 5 and 7; RTL8029AS data sheet 1996.
 * Not modelled: loopback through the FIFO, the FIFO register, collisions and line errors, the 8-bit card's address map, full
 * duplex and EEPROM registers of page 3. Chosen here: the reset port stops the chip at once.
 */
import { defineDevice, type Width } from '../device.js';
import type { PciIdentity } from '../pci-identity.js';
import { endTransmission, receiveFrame } from './line.js';
import { readData, writeData } from './memory.js';
import { readChip, writeChip } from './registers.js';
import { driveInterrupt, interrupt, type Ne2000Context, ne2000State } from './state.js';

/** What Realtek's PCI card says of itself. */
export const ne2000Identity: PciIdentity = {
  vendor: 0x10ec,
  device: 0x8029,
  revision: 0,
  classCode: 0x020000,
  subsystemVendor: 0x10ec,
  subsystem: 0x8029,
  interruptPin: 1,
  ranges: { 0: { kind: 'ports', bytes: 32 } },
};

/** What the RTL8029AS shows at offsets 0Ah and 0Bh of page 0. */
export const pciIdentification = [0x50, 0x43] as const;

/** Ports that the card takes: the chip, the data port and the reset port. */
export const ne2000Ports = 32;
const dataPort = 0x10;
const resetPort = 0x18;

function resetChip(context: Ne2000Context): void {
  const { state } = context;
  state.command = 0x21;
  state.interruptStatus |= interrupt.reset;
  state.interruptMask = 0;
  state.transmitTicks = Infinity;
  driveInterrupt(context);
}

/** The PROM: every byte of the address twice, for the data port moves words, and the sign of a 16-bit card at its end. */
function fillProm({ state, board }: Ne2000Context): void {
  board.mac.forEach((byte, at) => state.prom.fill(byte, 2 * at, 2 * at + 2));
  state.prom.fill(0x57, 28, 32);
}

export const ne2000 = defineDevice({
  name: 'ne2000',
  source: 'National Semiconductor DP8390D, July 1995; Realtek RTL8019AS and RTL8029AS',
  notModelled: [
    'loopback through the FIFO',
    'the FIFO register',
    'collisions and line errors',
    "the 8-bit card's address map",
    'full duplex and EEPROM registers of page 3',
  ],
  /** A tick is a bit on the line. */
  clock: { numerator: 10_000_000, denominator: 1 },
  registers: {},
  inputs: [],
  outputs: ['interrupt'],
  state: ne2000State,
  reset(context: Ne2000Context) {
    fillProm(context);
    resetChip(context);
  },
  advance(context: Ne2000Context, ticks) {
    context.state.transmitTicks -= ticks;
    if (context.state.transmitTicks === 0) endTransmission(context);
  },
  nextEdge: ({ state }: Ne2000Context) => state.transmitTicks,
  read: {},
  write: {},
  operations: {
    readRegister(context: Ne2000Context, offset: number, width: Width): number {
      if (offset >= dataPort && offset < resetPort) return readData(context, width);
      let value = 0;
      for (let at = 0; at < width; at++) value += readPort(context, offset + at) * 2 ** (8 * at);
      return value;
    },
    writeRegister(context: Ne2000Context, offset: number, value: number, width: Width): void {
      if (offset >= dataPort && offset < resetPort) return writeData(context, value, width);
      for (let at = 0; at < width; at++) writePort(context, offset + at, (value >>> (8 * at)) & 0xff);
    },
    /** A frame comes in; false when there was no room for it. */
    receive: receiveFrame,
    /** The cable is plugged in or pulled out; the chip has no way to tell. */
    setLink(context: Ne2000Context, up: boolean): void {
      context.state.linkUp = up;
    },
  },
});

function readPort(context: Ne2000Context, offset: number): number {
  if (offset < dataPort) return readChip(context, offset);
  if (offset < resetPort) return readData(context, 1);
  resetChip(context); // A read pulls the chip's reset pin.
  return 0;
}

function writePort(context: Ne2000Context, offset: number, value: number): void {
  if (offset < dataPort) writeChip(context, offset, value);
  else if (offset < resetPort) writeData(context, value, 1);
  // A write to the reset port lets go of the pin that a read has pulled.
}
