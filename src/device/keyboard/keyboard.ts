/**
 * The keyboard: commands, buffer, lights and typematic repeat.
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-key)".
 * What is not modelled is listed in `controller.ts`.
 */
import { pauseKey, scanCodes } from './scan-codes.js';
import { type Keyboard, keyboardBufferBytes, times } from './state.js';

const acknowledge = 0xfa;
const resend = 0xfe;
const selfTestPassed = 0xaa;
const typematicDefault = 0x2b;

function setDefaults(keyboard: Keyboard): void {
  keyboard.buffer.length = 0;
  keyboard.typematic = typematicDefault;
  keyboard.scanCodeSet = 2;
  stopRepeating(keyboard);
}

function stopRepeating(keyboard: Keyboard): void {
  keyboard.repeatingKey = 0;
  keyboard.ticksToRepeat = Infinity;
}

function answer(keyboard: Keyboard, ...bytes: readonly number[]): void {
  keyboard.answers.splice(0, keyboard.answers.length, ...bytes);
}

/** Starts the self test that command FFh asks for; its result follows the acknowledgement. */
function startSelfTest(keyboard: Keyboard): void {
  setDefaults(keyboard);
  keyboard.lights = 0;
  keyboard.scanning = true;
  keyboard.ticksToSelfTestEnd = times.selfTest;
}

const withParameter = new Set([0xed, 0xf0, 0xf3, 0xfb, 0xfc, 0xfd]);

function takeParameter(keyboard: Keyboard, command: number, value: number): void {
  if (command === 0xed) keyboard.lights = value & 7;
  if (command === 0xf3) keyboard.typematic = value & 0x7f;
  if (command === 0xf0) {
    if (value === 0) return answer(keyboard, acknowledge, keyboard.scanCodeSet);
    if (value > 3) return answer(keyboard, resend);
    keyboard.scanCodeSet = value;
    keyboard.buffer.length = 0;
  }
  answer(keyboard, acknowledge);
}

function takeCommand(keyboard: Keyboard, command: number): void {
  if (command === 0xee) return answer(keyboard, 0xee); // Echo.
  if (command === 0xfe) return answer(keyboard, keyboard.lastSent);
  if (command === 0xf2) return answer(keyboard, acknowledge, 0xab, 0x83); // Identification.
  if (command < 0xed || command === 0xef || command === 0xf1) return answer(keyboard, resend);
  answer(keyboard, acknowledge);
  if (withParameter.has(command)) keyboard.pendingCommand = command;
  if (command === 0xf4) keyboard.buffer.length = 0;
  if (command === 0xf5 || command === 0xf6) setDefaults(keyboard);
  if (command === 0xf4 || command === 0xf5) keyboard.scanning = command === 0xf4;
  if (command === 0xff) startSelfTest(keyboard);
}

/** A byte from the controller has arrived. */
export function receive(keyboard: Keyboard, value: number): void {
  keyboard.ticksToSelfTestEnd = Infinity;
  stopRepeating(keyboard);
  const command = keyboard.pendingCommand;
  keyboard.pendingCommand = 0;
  // A command in the place of a parameter ends the pending command.
  if (command !== 0 && value < 0xed) takeParameter(keyboard, command, value);
  else takeCommand(keyboard, value);
}

/** A sequence goes into the buffer whole, or leaves an overrun code in its place: FFh in set 1, 00h in sets 2 and 3. */
function buffer(keyboard: Keyboard, bytes: readonly number[]): void {
  if (keyboard.buffer.length + bytes.length <= keyboardBufferBytes) keyboard.buffer.push(...bytes);
  else if (!overrun(keyboard)) keyboard.buffer.push(keyboard.scanCodeSet === 1 ? 0xff : 0x00);
}

/** Whether the overrun code stands last already. */
function overrun({ buffer, scanCodeSet }: Keyboard): boolean {
  return buffer[buffer.length - 1] === (scanCodeSet === 1 ? 0xff : 0x00);
}

/** A key goes down or up. */
export function moveKey(keyboard: Keyboard, key: number, pressed: boolean): void {
  if (!keyboard.scanning || keyboard.ticksToSelfTestEnd !== Infinity) return;
  buffer(keyboard, scanCodes(keyboard.scanCodeSet, key, pressed));
  if (pressed && key !== pauseKey) {
    keyboard.repeatingKey = key;
    keyboard.ticksToRepeat = times.delayStep * (((keyboard.typematic >> 5) & 3) + 1);
  } else if (key === keyboard.repeatingKey) {
    stopRepeating(keyboard);
  }
}

/** The typematic period in ticks: (8 + A) * 2^B units of 1/240 s, A in bits 0 to 2 and B in bits 3 and 4. */
function repeatPeriod(typematic: number): number {
  return (8 + (typematic & 7)) * 2 ** ((typematic >> 3) & 3) * times.rateUnit;
}

/** Moves the keyboard's own time on, at most to its next event. */
export function advanceKeyboard(keyboard: Keyboard, ticks: number): void {
  keyboard.ticksToRepeat -= ticks;
  keyboard.ticksToSelfTestEnd -= ticks;
  if (keyboard.ticksToRepeat === 0) {
    buffer(keyboard, scanCodes(keyboard.scanCodeSet, keyboard.repeatingKey, true));
    keyboard.ticksToRepeat = repeatPeriod(keyboard.typematic);
  }
  if (keyboard.ticksToSelfTestEnd === 0) {
    keyboard.ticksToSelfTestEnd = Infinity;
    keyboard.answers.push(selfTestPassed);
  }
}

/** Whether the keyboard has a byte for the controller. */
export function hasByte({ answers, buffer }: Keyboard): boolean {
  return answers.length + buffer.length > 0;
}

/** Takes the byte that has just crossed the cable. */
export function sendByte(keyboard: Keyboard): number {
  const byte = keyboard.answers.shift() ?? keyboard.buffer.shift() ?? 0;
  if (byte !== resend) keyboard.lastSent = byte;
  return byte;
}
