/**
 * Fast Ethernet controller for the PCI bus: a ring buffer to receive, four descriptors to send; C+ mode with descriptor rings.
 *
 * Source: Realtek RTL8139C(L) data sheet, version 1.4 (registers: section 6); RTL8139C+ data sheet, version 1.5 (section 8).
 * Not modelled: early receive and transmit, wake-up and power management, flow control, interrupt mitigation, the PHY's test
 * registers, FIFO thresholds, errors and collisions of the line (it has none). Chosen here: the receiver's pointers start anew
 * when it is enabled; a frame without its last descriptor is given back with a transmit error.
 */
import { defineDevice, type Width } from '../device.js';
import type { PciIdentity } from '../pci-identity.js';
import { interrupt } from './bits.js';
import { receiveFrame } from './receive.js';
import { addressWord, loadAddress, rtl8139Registers, softReset } from './registers.js';
import { linkChanged, raise, type Rtl8139Context, type Rtl8139State, rtl8139State } from './state.js';
import { endTransmission } from './transmit.js';

const vendor = 0x10ec;
const device = 0x8139;

/** What a Realtek card says of itself; the chip with C+ mode has revision 20h. */
export const rtl8139Identity: PciIdentity = {
  vendor,
  device,
  revision: 0x20,
  classCode: 0x020000,
  subsystemVendor: vendor,
  subsystem: device,
  interruptPin: 1,
  ranges: { 0: { kind: 'ports', bytes: 256 }, 1: { kind: 'memory', bytes: 256 } },
  latencies: { minimumGrant: 0x20, maximumLatency: 0x40 },
};

/** The EEPROM as it leaves the factory (data sheet, section 9): identifiers, and the card's own address. */
function programEeprom({ state, board }: Rtl8139Context): void {
  const { words } = state.eeprom;
  [0x8129, vendor, device, vendor, device, 0x4020, 0xe512].forEach((word, at) => (words[at] = word));
  for (let word = 0; word < 3; word++)
    words[addressWord + word] = board.mac[2 * word]! | (board.mac[2 * word + 1]! << 8);
}

const timerRange = 2 ** 32;

/** Ticks until the timer reaches its interrupt value; `Infinity` when it has none. */
function ticksToTimer({ timer, timerInterrupt }: Rtl8139State): number {
  if (timerInterrupt === 0) return Infinity;
  return (timerInterrupt - timer + timerRange) % timerRange || timerRange;
}

export const rtl8139 = defineDevice({
  name: 'rtl8139',
  source: 'Realtek RTL8139C(L) data sheet 1.4; RTL8139C+ data sheet 1.5',
  notModelled: [
    'early receive and transmit',
    'wake-up and power management',
    'flow control',
    'interrupt mitigation',
    'test registers of the PHY',
    'FIFO thresholds',
    'errors and collisions of the line',
  ],
  /** The PCI clock of 33 1/3 MHz, which the timer counts. */
  clock: { numerator: 100_000_000, denominator: 3 },
  registers: {},
  inputs: [],
  outputs: ['interrupt'],
  state: rtl8139State,
  reset(context: Rtl8139Context) {
    programEeprom(context);
    loadAddress(context);
    Object.assign(context.state.configuration, [0x00, 0x0c, 0x01, 0x00, 0x00, 0x00]);
    softReset(context);
  },
  advance(context: Rtl8139Context, ticks) {
    const { state } = context;
    const timerDue = ticksToTimer(state) === ticks;
    state.timer = (state.timer + ticks) % timerRange;
    if (timerDue) raise(context, interrupt.timeout);
    state.transmitTicks -= ticks;
    if (state.transmitTicks === 0) endTransmission(context);
  },
  nextEdge: ({ state }: Rtl8139Context) => Math.min(state.transmitTicks, ticksToTimer(state)),
  read: {},
  write: {},
  operations: {
    readRegister: (context: Rtl8139Context, offset: number, width: Width): number =>
      rtl8139Registers.read(context, offset, width),
    writeRegister: (context: Rtl8139Context, offset: number, value: number, width: Width): void =>
      rtl8139Registers.write(context, offset, value, width),
    /** A frame comes in; false when there was no room for it. */
    receive: (context: Rtl8139Context, frame: Uint8Array): boolean =>
      context.state.linkUp ? receiveFrame(context, frame) : true,
    /** The cable is plugged in or pulled out. */
    setLink(context: Rtl8139Context, up: boolean): void {
      if (context.state.linkUp === up) return;
      context.state.linkUp = up;
      linkChanged(context);
    },
  },
});
