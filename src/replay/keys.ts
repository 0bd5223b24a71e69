/**
 * Keys by name, and what to strike for a text on a US layout.
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Keyboard (101- and 102-Key)", scan code set 1.
 * Not modelled: layouts other than US, and the extra codes that shift states put around extended keys.
 */
import { UserError } from '../base/errors.js';
import type { InputEvent } from '../machine/machine.js';

type KeyEvent = Extract<InputEvent, { readonly kind: 'key' }>;

/** Names of keys whose set 1 codes follow each other, from a first code on. */
const rows: readonly (readonly [first: number, names: string])[] = [
  [0x01, 'escape 1 2 3 4 5 6 7 8 9 0 - = backspace tab q w e r t y u i o p [ ] enter ctrl a s d f g h j k l'],
  [0x27, "; ' ` shift \\ z x c v b n m , . / rightShift keypad* alt space capsLock f1 f2 f3 f4 f5 f6 f7 f8 f9 f10"],
  [
    0x45,
    'numLock scrollLock keypad7 keypad8 keypad9 keypad- keypad4 keypad5 keypad6 keypadPlus keypad1 keypad2 keypad3',
  ],
  [0x52, 'keypad0 keypad.'],
  [0x57, 'f11 f12'],
  [0xe01c, 'keypadEnter rightCtrl'],
  [0xe035, 'keypad/'],
  [0xe037, 'printScreen altGr'],
  [0xe047, 'home up pageUp'],
  [0xe04b, 'left'],
  [0xe04d, 'right'],
  [0xe04f, 'end down pageDown insert delete'],
  [0xe05b, 'super rightSuper menu'],
  [0xe11d, 'pause'],
];

/** Set 1 make codes by lower-case name, as {@link KeyEvent} has them. */
const codes: ReadonlyMap<string, number> = new Map(
  rows.flatMap(([first, names]) =>
    names.split(' ').map((name, at): [string, number] => [name.toLowerCase(), first + at]),
  ),
);

/** Other names for the same keys. */
const aliases: Readonly<Record<string, string>> = {
  esc: 'escape',
  return: 'enter',
  control: 'ctrl',
  leftctrl: 'ctrl',
  leftshift: 'shift',
  leftalt: 'alt',
  rightalt: 'altgr',
  del: 'delete',
  ins: 'insert',
  pgup: 'pageup',
  pgdn: 'pagedown',
  plus: '=',
};

/** Characters that need the shift key, each above the key that gives it. */
const shifted = new Map(
  [...'~!@#$%^&*()_+{}|:"<>?'].map((character, at): [string, string] => [character, "`1234567890-=[]\\;',./"[at]!]),
);

const unshifted: Readonly<Record<string, string>> = {
  '\n': 'enter',
  '\r': 'enter',
  '\t': 'tab',
  '\b': 'backspace',
  ' ': 'space',
};

/** The key events of a chord such as `enter`, `f1` or `ctrl+alt+delete`. Throws UserError for an unknown name. */
export function chordEvents(chord: string): {
  readonly presses: readonly KeyEvent[];
  readonly releases: readonly KeyEvent[];
} {
  const keys = chord.split('+').map((name) => {
    const lower = name.toLowerCase();
    const code = codes.get(aliases[lower] ?? lower);
    if (code !== undefined) return code;
    throw new UserError(`There is no key ${JSON.stringify(name)}.`, {
      place: `chord ${JSON.stringify(chord)}`,
      nextStep: `Join names with "+"; known are ${[...codes.keys()].join(' ')}.`,
    });
  });
  const event =
    (pressed: boolean) =>
    (key: number): KeyEvent => ({ kind: 'key', key, pressed });
  return { presses: keys.map(event(true)), releases: keys.reverse().map(event(false)) };
}

/** The chords to strike one after the other for a text on a US layout. Throws UserError for a character it lacks. */
export function textKeys(text: string): string[] {
  return [...text.replaceAll('\r\n', '\n')].map((character) => {
    const named = unshifted[character];
    if (named !== undefined) return named;
    const below = shifted.get(character);
    if (below !== undefined) return `shift+${below}`;
    if (/[A-Z]/.test(character)) return `shift+${character.toLowerCase()}`;
    if (codes.has(character)) return character;
    throw new UserError(`A US keyboard has no key for ${JSON.stringify(character)}.`, {
      nextStep: 'Type ASCII, or press keys by their names.',
    });
  });
}
