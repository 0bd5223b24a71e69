/**
 * What the keyboard controller, the keyboard and the mouse remember, and how long things take.
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Keyboard and auxiliary device controller" and
 * "Keyboards (101- and 102-key)".
 */
import { byteQueue, bytes, count, flag, oneOf, type StateOf, struct, u16, u8 } from '../../state/schema.js';

/**
 * Ticks a second: the 8042's 12 MHz crystal. A byte on the cable starts with the key, wherever that falls, so a coarse clock
 * would round away the very moments that interrupts race about.
 */
export const ticksPerSecond = 12_000_000;

/** Times in ticks. */
export const times = {
  /** Eleven bits at 11 kHz; the cable's clock is allowed 10 to 16.7 kHz. */
  byteOnCable: 12_000,
  /** The keyboard's self test; allowed 300 to 500 ms after the acknowledgement. */
  selfTest: 6_000_000,
  /** The same where it is as QEMU's: before the acknowledgement has crossed the cable. */
  selfTestAsQemu: 1,
  /** How long the controller waits for an auxiliary device that is not there. */
  auxiliaryTimeout: 180_000,
  /** One step of the typematic delay: 250 ms. */
  delayStep: 3_000_000,
  /** The unit of the typematic rate: 1/240 s. */
  rateUnit: 50_000,
} as const;

/** The keyboard's buffer: 16 bytes, and a seventeenth for the overrun code. */
export const keyboardBufferBytes = 16;

const keyboardState = struct({
  /** Answers to commands; they go before keys. */
  answers: byteQueue(4),
  buffer: byteQueue(keyboardBufferBytes + 1),
  lastSent: u8(),
  /** The command whose parameter comes next, 0 for none. */
  pendingCommand: u8(),
  scanning: flag(true),
  /** Bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock. */
  lights: u8(),
  /** Bits 5 and 6 delay, 0 to 4 rate; 2Bh: 500 ms, 10.9 characters a second. */
  typematic: u8(0x2b),
  scanCodeSet: u8(2),
  /** The key that repeats, as `key` names it; 0 for none. */
  repeatingKey: u16(),
  ticksToRepeat: count(Infinity),
  ticksToSelfTestEnd: count(Infinity),
});

const mouseState = struct({
  /** Bytes for the host: an answer, or a packet. */
  output: byteQueue(8),
  /** What a resend repeats. */
  last: byteQueue(8),
  /** The command whose parameter comes next, 0 for none. */
  pendingCommand: u8(),
  /** The last byte was refused: the next one is an error. */
  refused: flag(),
  reporting: flag(),
  remote: flag(),
  wrap: flag(),
  scaling: flag(),
  /** Two to the power of this: counts a millimetre. */
  resolution: u8(2),
  /** Samples a second. */
  rate: u8(100),
  /** 0 without a wheel, 3 with one, 4 with five buttons. */
  identification: u8(),
  /** The last three sample rates that were set. */
  knock: bytes(3),
  /** Buttons held now, and as the last packet told: bit 0 left, 1 right, 2 middle, 3 and 4 at the side. */
  buttons: u8(),
  buttonsReported: u8(),
  /** Movement that no packet has told yet: to the right, up, and towards the user. */
  dx: count(),
  dy: count(),
  wheel: count(),
  ticksToSample: count(Infinity),
  ticksToSelfTestEnd: count(Infinity),
});

/** All that the controller and what is connected to it remember. */
export const controllerState = struct({
  /** The controller's memory, commands 20h to 3Fh and 60h to 7Fh; byte 0 is the command byte. */
  memory: bytes(32),
  outputPort: u8(),
  output: u8(),
  outputSource: oneOf(['none', 'keyboard', 'auxiliary'], 'none'),
  timedOut: flag(),
  /** Answers of the controller that wait for the output buffer; they go before the keyboard's bytes. */
  answers: byteQueue(4),
  lastWriteWasCommand: flag(),
  /** The command whose parameter comes next through port 60h, 0 for none. */
  pendingCommand: u8(),
  /** A byte with F0h before it turns into a break code of set 1. */
  translatingBreak: flag(),
  /** The byte on its way to the keyboard, while `ticksToKeyboard` runs. */
  toKeyboard: u8(),
  ticksToKeyboard: count(Infinity),
  ticksFromKeyboard: count(Infinity),
  ticksToAuxiliaryTimeout: count(Infinity),
  /** The byte on its way to the mouse, while `ticksToMouse` runs. */
  toMouse: u8(),
  ticksToMouse: count(Infinity),
  ticksFromMouse: count(Infinity),
  keyboard: keyboardState,
  mouse: mouseState,
});

export type Mouse = StateOf<typeof mouseState>;
export type Keyboard = StateOf<typeof keyboardState>;
export type Controller = StateOf<typeof controllerState>;
