/** A text screen drawn on a terminal with ANSI sequences; only rows that changed are drawn again. */
import type { Frame, TextScreen } from '../../screen/frame.js';
import { screenText } from '../../screen/text.js';

/** Draws frames, one after another, on one terminal. */
export interface AnsiScreen {
  /** What to write so that the terminal shows the frame. */
  draw(frame: Frame): string;
  /** What to write to give the terminal back, the cursor below the screen. */
  close(): string;
}

/** VGA colours are numbered blue first, ANSI colours red first. */
const ansiColours = [0, 4, 2, 6, 1, 5, 3, 7];

/** An attribute byte as a Select Graphic Rendition sequence. */
function rendition(attribute: number): string {
  const bright = (attribute & 0x08) !== 0;
  const foreground = (bright ? 90 : 30) + ansiColours[attribute & 7]!;
  return `\u001b[${foreground};${40 + ansiColours[(attribute >> 4) & 7]!}m`;
}

function drawRow(text: TextScreen, row: number, characters: readonly string[]): string {
  let drawn = '';
  let last = -1;
  for (let column = 0; column < text.columns; column++) {
    const attribute = text.attributes[row * text.columns + column]!;
    if (attribute !== last) drawn += rendition(attribute);
    last = attribute;
    const character = characters[column] ?? ' ';
    drawn += character < ' ' ? ' ' : character;
  }
  return `${drawn}\u001b[0m\u001b[K`;
}

/** A screen that starts on a cleared terminal. */
export function createAnsiScreen(): AnsiScreen {
  let shown: readonly string[] = [];
  let started = false;
  return {
    draw(frame) {
      const rows = rowsOf(frame);
      let output = started ? '' : '\u001b[2J';
      started = true;
      rows.forEach((row, index) => {
        if (shown[index] !== row) output += `\u001b[${index + 1};1H${row}`;
      });
      for (let index = rows.length; index < shown.length; index++) output += `\u001b[${index + 1};1H\u001b[K`;
      shown = rows;
      const cursor = frame.text?.cursor;
      if (cursor === undefined) return `${output}\u001b[?25l`;
      return `${output}\u001b[${cursor.row + 1};${cursor.column + 1}H\u001b[?25h`;
    },
    close: () => `\u001b[0m\u001b[?25h\u001b[${shown.length + 1};1H\n`,
  };
}

function rowsOf(frame: Frame): string[] {
  const { text } = frame;
  if (text === undefined)
    return [`(a picture of ${frame.width} x ${frame.height}; replay the trace with --screen to see it)`];
  const lines = screenText(frame).split('\n');
  return Array.from({ length: text.rows }, (_, row) => drawRow(text, row, [...(lines[row] ?? '')]));
}
