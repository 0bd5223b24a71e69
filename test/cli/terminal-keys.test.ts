import fc from 'fast-check';
import { expect, test } from 'vitest';
import { terminalInput } from '../../src/cli/record/terminal-keys.js';
import { chordEvents } from '../../src/replay/keys.js';

test('characters, control keys and sequences become chords', () => {
  expect(terminalInput('aB\r\u001b[A\u001bOP\u0003\u007f\u001b').chords).toEqual([
    'a',
    'shift+b',
    'enter',
    'up',
    'f1',
    'ctrl+c',
    'backspace',
    'escape',
  ]);
});

test('ctrl and ] ends the recording, and what was typed before it still counts', () => {
  expect(terminalInput('ab\u001dcd')).toEqual({ chords: ['a', 'b'], ends: true });
});

test('whatever a terminal sends, every chord is one that can be struck', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (read) => {
      for (const chord of terminalInput(read).chords) chordEvents(chord);
    }),
  );
  for (let code = 0; code < 256; code++) {
    for (const chord of terminalInput(String.fromCharCode(code)).chords) chordEvents(chord);
  }
});
