import { expect, test } from 'vitest';
import { createAnsiScreen } from '../../src/cli/record/ansi-screen.js';
import type { Frame } from '../../src/screen/frame.js';

function frame(lines: readonly [string, string], attribute = 0x07, cursor?: { column: number; row: number }): Frame {
  const characters = Uint8Array.from(lines.join(''), (letter) => letter.charCodeAt(0));
  const attributes = new Uint8Array(characters.length).fill(attribute);
  const text = {
    columns: lines[0].length,
    rows: 2,
    characters,
    attributes,
    ...(cursor === undefined ? {} : { cursor }),
  };
  return { width: 1, height: 1, pixels: new Uint8Array(4), text };
}

test('the first frame clears the terminal and draws every row', () => {
  const drawn = createAnsiScreen().draw(frame(['ab', 'cd']));
  expect(drawn).toMatch(/^\u001b\[2J\u001b\[1;1H\u001b\[37;40mab.*\u001b\[2;1H\u001b\[37;40mcd/s);
});

test('a row that did not change is not drawn again', () => {
  const screen = createAnsiScreen();
  screen.draw(frame(['ab', 'cd']));
  const drawn = screen.draw(frame(['ab', 'ce']));
  expect(drawn).toContain('\u001b[2;1H');
  expect(drawn).not.toContain('\u001b[1;1H');
});

test('colours are those of the attribute: blue and red change places, bright is bright', () => {
  expect(createAnsiScreen().draw(frame(['ab', 'cd'], 0x1c))).toContain('\u001b[91;44m');
});

test('the cursor stands where the guest has it, or is hidden', () => {
  expect(createAnsiScreen().draw(frame(['ab', 'cd'], 7, { column: 1, row: 0 }))).toMatch(/\u001b\[1;2H\u001b\[\?25h$/);
  expect(createAnsiScreen().draw(frame(['ab', 'cd']))).toMatch(/\u001b\[\?25l$/);
});

test('a picture is named by its size', () => {
  expect(createAnsiScreen().draw({ width: 320, height: 200, pixels: new Uint8Array(0) })).toContain('320 x 200');
});
