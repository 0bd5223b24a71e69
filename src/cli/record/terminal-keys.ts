/** What a terminal in raw mode sends, as keys of the guest's keyboard. */
import { UserError } from '../../base/errors.js';
import { textKeys } from '../../replay/keys.js';

/** What a read from the terminal asks for: chords to strike, one after another, and perhaps the end of the recording. */
export interface TerminalInput {
  readonly chords: readonly string[];
  readonly ends: boolean;
}

/** Ctrl and ], as in telnet: ends a recording. It cannot be typed into the guest. */
export const endCharacter = '\u001d';

/** Escape sequences of xterm and its relatives, after the escape character. */
const sequences: Readonly<Record<string, string>> = Object.fromEntries(
  [
    '[A up [B down [C right [D left OA up OB down OC right OD left',
    '[H home [F end OH home OF end [1~ home [2~ insert [3~ delete [4~ end [5~ pageUp [6~ pageDown',
    'OP f1 OQ f2 OR f3 OS f4 [15~ f5 [17~ f6 [18~ f7 [19~ f8 [20~ f9 [21~ f10 [23~ f11 [24~ f12',
  ]
    .join(' ')
    .match(/\S+ \S+/g)!
    .map((pair) => pair.split(' ') as [string, string]),
);

const sequencePattern = /^(?:\[[\d;]*[A-Za-z~]|O[A-Z])/;

const controls: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\b': 'backspace',
  '\u007f': 'backspace',
  '\u001b': 'escape',
};

/** The chords in what was read, up to the character that ends the recording. Characters without a key are passed over. */
export function terminalInput(read: string): TerminalInput {
  const chords: string[] = [];
  for (let at = 0; at < read.length; at++) {
    const character = read[at]!;
    if (character === endCharacter) return { chords, ends: true };
    const sequence = character === '\u001b' ? sequencePattern.exec(read.slice(at + 1))?.[0] : undefined;
    at += sequence?.length ?? 0;
    const chord =
      sequence === undefined ? (controls[character] ?? control(character) ?? key(character)) : sequences[sequence];
    if (chord !== undefined) chords.push(chord);
  }
  return { chords, ends: false };
}

/** Ctrl and a letter arrive as 1 to 26. */
function control(character: string): string | undefined {
  const code = character.charCodeAt(0);
  return code >= 1 && code <= 26 ? `ctrl+${String.fromCharCode(96 + code)}` : undefined;
}

function key(character: string): string | undefined {
  try {
    return textKeys(character)[0];
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
