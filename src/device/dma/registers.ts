/**
 * Ports, state and bits of the two 8237A and the page registers.
 * Source: Intel 8237A (order number 231466), "Register description" and "Programming"; page registers and the cascade:
 * IBM PC AT Technical Reference, "System board, direct memory access".
 */
import { bytes, flag, repeat, type StateOf, struct, u16, u8 } from '../../state/schema.js';

/** The eight commands and registers behind the channels' own, in the order of A3 to A0 = 8 to 15 (figure "Software command codes"). */
export const controls = [
  'command', // Reading gives the status.
  'request',
  'singleMask',
  'mode',
  'clearFlipFlop',
  'masterClear', // Reading gives the temporary register.
  'clearMask',
  'allMask',
] as const;

/** The controllers: the first moves bytes, the second words, its registers two ports apart. */
export const controllers = [
  { name: 'first', base: 0x00, stride: 1 },
  { name: 'second', base: 0xc0, stride: 2 },
] as const;

/** Ports of the page registers, and the offset of each channel's in them; channel 4 is the cascade (and the refresh page). */
export const pageBase = 0x80;
export const pageOfChannel = [0x7, 0x3, 0x1, 0x2, 0xf, 0xb, 0x9, 0xa] as const;

/** Mode register. */
export const mode = {
  transferMask: 0x0c,
  verify: 0x00,
  writeMemory: 0x04,
  readMemory: 0x08,
  autoinitialize: 0x10,
  decrement: 0x20,
  selectMask: 0xc0,
  cascade: 0xc0,
} as const;

/** Command register: the one bit with an effect here. */
export const commandDisable = 0x04;

const channelState = struct({
  mode: u8(),
  baseAddress: u16(),
  baseCount: u16(),
  address: u16(),
  count: u16(),
});

const controllerState = struct({
  command: u8(),
  /** Bits 0 to 3 mask the channels; the others are kept as written and mean nothing. */
  mask: u8(0xff),
  /** The request register: software requests. */
  softwareRequests: u8(),
  /** DREQ pins that are active. */
  requests: u8(),
  /** Status bits 0 to 3. */
  terminalCounts: u8(),
  /** The first/last flip-flop: set when the next byte of an address or count is the high one. */
  highByteNext: flag(),
  channels: repeat(4, channelState),
});

/** All that the controllers and the page registers remember. */
export const dmaState = struct({ controllers: repeat(2, controllerState), pages: bytes(16) });

export type Controller = StateOf<typeof controllerState>;
export type Channel = StateOf<typeof channelState>;
