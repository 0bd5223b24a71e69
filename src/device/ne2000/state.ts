/** What an NE2000 remembers, what it is granted, and its bits by the DP8390D data sheet's names. */
import { bytes, count, flag, type StateOf, struct, u16, u8 } from '../../state/schema.js';
import type { DeviceContext } from '../device.js';

/** Command register: STP, STA, TXP, RD2 to RD0, PS1 and PS0. */
export const command = { stop: 0x01, start: 0x02, transmit: 0x04, remote: 0x38, page: 0xc0 } as const;
export const remote = { read: 1, write: 2, send: 3 } as const;

/** Interrupt status and mask. */
export const interrupt = {
  received: 0x01,
  transmitted: 0x02,
  receiveError: 0x04,
  transmitError: 0x08,
  overwrite: 0x10,
  counter: 0x20,
  remoteComplete: 0x40,
  reset: 0x80,
} as const;

export const receiveStatus = { intact: 0x01, missed: 0x10, group: 0x20 } as const;
export const receiveConfiguration = { runts: 0x02, broadcast: 0x04, multicast: 0x08, promiscuous: 0x10, monitor: 0x20 };
export const transmitStatus = { transmitted: 0x01 } as const;
export const loopbackBits = 0x06;
export const dataConfiguration = { words: 0x01, autoInitialise: 0x10 } as const;

/** Buffer memory: 16 KiB from 4000h on. */
export const bufferStart = 0x4000;
const bufferBytes = 0x4000;

export const ne2000State = struct({
  linkUp: flag(true),
  command: u8(0x21),
  interruptStatus: u8(interrupt.reset),
  interruptMask: u8(),
  pageStart: u8(),
  pageStop: u8(),
  boundary: u8(),
  current: u8(),
  transmitPage: u8(),
  transmitBytes: u16(),
  transmitStatus: u8(),
  receiveStatus: u8(),
  receiveConfiguration: u8(),
  transmitConfiguration: u8(),
  dataConfiguration: u8(),
  /** Remote DMA: where it goes on, and how many bytes are left. */
  remoteAddress: u16(),
  remoteBytes: u16(),
  /** As they were written, for automatic initialisation. */
  remoteStart: u16(),
  remoteCount: u16(),
  physical: bytes(6),
  multicast: bytes(8),
  missed: u8(),
  prom: bytes(32),
  buffer: bytes(bufferBytes),
  /** Own ticks, a bit each, until the frame being sent has left. */
  transmitTicks: count(Infinity),
});

export type Ne2000State = StateOf<typeof ne2000State>;

export interface Ne2000Board {
  /** The address in the card's PROM. */
  readonly mac: Uint8Array;
  /** The identification that a PCI card shows in page 0; absent on ISA. */
  readonly identification?: readonly [number, number];
  readonly transmit: (frame: Uint8Array) => void;
}

export type Ne2000Context = DeviceContext<Ne2000State, 'interrupt', Ne2000Board>;

/**
 * Whether the chip is started. It stays so until STP: a command with neither STA nor STP changes nothing of it. RST of the
 * interrupt status is this state: set by STP, cleared by STA, and no write to the register clears it.
 */
export const isStarted = (state: Ne2000State): boolean => (state.interruptStatus & interrupt.reset) === 0;

export const driveInterrupt = ({ state, lines }: Ne2000Context): void =>
  lines.interrupt((state.interruptStatus & state.interruptMask & ~interrupt.reset) !== 0);

export function raise(context: Ne2000Context, conditions: number): void {
  context.state.interruptStatus |= conditions;
  driveInterrupt(context);
}
