/**
 * A serial EEPROM of 64 words as network controllers carry it, clocked bit by bit through four wires.
 *
 * Source: Microchip 93C46B data sheet, DS21749. Not modelled: the time that a write takes (it is ready at once).
 */
import { flag, oneOf, repeat, type StateOf, struct, u16, u32, u8 } from '../state/schema.js';

export const eepromWords = 64;
const addressBits = 6;
const wordBits = 16;
/** Start bit, two bits of operation, address. */
const commandBits = 3 + addressBits;

export const serialEepromState = struct({
  words: repeat(eepromWords, u16(0xffff)),
  writable: flag(),
  selected: flag(),
  clock: flag(),
  output: flag(true),
  phase: oneOf(['command', 'reading', 'writing', 'done'], 'command'),
  /** Bits shifted in so far, and how many. */
  shifted: u32(),
  count: u8(),
  address: u8(),
  all: flag(),
});

export type SerialEepromState = StateOf<typeof serialEepromState>;

export interface EepromWires {
  readonly select: boolean;
  readonly clock: boolean;
  readonly input: boolean;
}

const operation = { extended: 0, write: 1, read: 2, erase: 3 } as const;
/** Operation 0 is told apart by the address's upper two bits. */
const extended = { disable: 0, writeAll: 1, eraseAll: 2, enable: 3 } as const;

function fill(state: SerialEepromState, value: number): void {
  if (!state.writable) return;
  if (state.all) state.words.fill(value);
  else state.words[state.address] = value;
}

function beginWriting(state: SerialEepromState, all: boolean): void {
  state.all = all;
  state.phase = 'writing';
}

function obey(state: SerialEepromState): void {
  const code = (state.shifted >> addressBits) & 3;
  const variant = (state.shifted >> (addressBits - 2)) & 3;
  state.address = state.shifted & (eepromWords - 1);
  state.phase = 'done';
  state.shifted = 0;
  state.count = 0;
  if (code === operation.read) {
    state.phase = 'reading';
    state.output = false; // A dummy zero goes before the word.
  } else if (code === operation.write) beginWriting(state, false);
  else if (code === operation.erase || variant === extended.eraseAll) {
    state.all = code !== operation.erase;
    fill(state, 0xffff);
    state.output = true;
  } else if (variant === extended.writeAll) beginWriting(state, true);
  else state.writable = variant === extended.enable;
}

/** One rising edge of the clock. */
function shift(state: SerialEepromState, input: boolean): void {
  if (state.phase === 'reading') {
    state.output = ((state.words[state.address]! >> (wordBits - 1 - state.count)) & 1) !== 0;
    state.count += 1;
    if (state.count < wordBits) return;
    state.count = 0;
    state.address = (state.address + 1) % eepromWords; // The next word follows without a dummy bit.
    return;
  }
  if (state.phase === 'done') return;
  if (state.phase === 'command' && state.count === 0 && !input) return; // Waiting for the start bit.
  state.shifted = ((state.shifted << 1) | Number(input)) & 0xffff;
  state.count += 1;
  if (state.phase === 'command' && state.count === commandBits) obey(state);
  if (state.phase === 'writing' && state.count === wordBits) {
    fill(state, state.shifted);
    state.phase = 'done';
    state.output = true; // Ready.
  }
}

/** Sets the wires; the bit that the EEPROM drives is `state.output`. */
export function driveEeprom(state: SerialEepromState, wires: EepromWires): void {
  if (!wires.select) {
    state.phase = 'command';
    state.shifted = 0;
    state.count = 0;
    state.output = true;
  } else if (wires.clock && !state.clock) shift(state, wires.input);
  state.selected = wires.select;
  state.clock = wires.clock;
}
