/**
 * What the keyboard controller and the keyboard remember, and how long things take.
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

/** All that the controller and the keyboard remember. */
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
  keyboard: keyboardState,
});

export type Keyboard = StateOf<typeof keyboardState>;
export type Controller = StateOf<typeof controllerState>;
