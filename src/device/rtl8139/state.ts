/** What an RTL8139 remembers, and what it is granted. */
import { bytes, count, flag, oneOf, repeat, type StateOf, struct, u16, u32, u8 } from '../../state/schema.js';
import type { DeviceContext } from '../device.js';
import type { MemoryAccess } from '../memory-access.js';
import { serialEepromState } from '../serial-eeprom.js';
import { interrupt, transmitStatus } from './bits.js';

/** The statistics of C+ mode (8.3), as far as they are counted; errors of the line do not happen. */
const tally = struct({ sent: u32(), received: u32(), physical: u32(), broadcast: u32(), multicast: u32() });

export const rtl8139State = struct({
  linkUp: flag(true),
  address: bytes(6),
  multicast: bytes(8),
  command: u8(),
  interruptStatus: u16(),
  interruptMask: u16(),
  transmitConfiguration: u32(),
  receiveConfiguration: u32(),
  transmitStatuses: repeat(4, u32(transmitStatus.own)),
  transmitAddresses: repeat(4, u32()),
  /** The descriptor of C mode that is sent next: they go round. */
  nextTransmit: u8(),
  receiveBuffer: u32(),
  readPointer: u16(0xfff0),
  writePointer: u16(),
  missed: u32(),
  timer: u32(),
  timerInterrupt: u32(),
  eepromControl: u8(),
  eeprom: serialEepromState,
  configuration: repeat(6, u8()),
  mediaStatus: u8(),
  multipleInterrupt: u16(),
  basicModeControl: u16(0x3100),
  advertisement: u16(0x05e1),
  /** C+ mode: control, descriptor rings, and the descriptor that each goes on with. */
  plusCommand: u16(),
  interruptMitigation: u16(),
  earlyThreshold: u8(),
  normalRingLow: u32(),
  normalRingHigh: u32(),
  highRingLow: u32(),
  highRingHigh: u32(),
  receiveRingLow: u32(),
  receiveRingHigh: u32(),
  tallyLow: u32(),
  tallyHigh: u32(),
  normalIndex: u16(),
  highIndex: u16(),
  receiveIndex: u16(),
  normalPolled: flag(),
  highPolled: flag(),
  tally,
  /** What is on the line, and own ticks until its last bit. */
  sending: oneOf(['nothing', 'slot', 'normal', 'high'], 'nothing'),
  transmitTicks: count(Infinity),
});

export type Rtl8139State = StateOf<typeof rtl8139State>;

export interface Rtl8139Board {
  readonly memory: MemoryAccess;
  /** The address in the card's EEPROM. */
  readonly mac: Uint8Array;
  readonly transmit: (frame: Uint8Array) => void;
}

export type Rtl8139Context = DeviceContext<Rtl8139State, 'interrupt', Rtl8139Board>;

/** The interrupt pin follows from status and mask. */
export const driveInterrupt = ({ state, lines }: Rtl8139Context): void =>
  lines.interrupt((state.interruptStatus & state.interruptMask) !== 0);

/** Raises interrupt conditions. */
export function raise(context: Rtl8139Context, conditions: number): void {
  context.state.interruptStatus |= conditions;
  driveInterrupt(context);
}

export const linkChanged = (context: Rtl8139Context): void => raise(context, interrupt.linkChange);
