/** A text screen as lines of Unicode text. */
import { decodeCodePage } from './code-page.js';
import type { Frame, TextScreen } from './frame.js';

/**
 * The characters of a text screen: one line a row, from the top, trailing spaces removed, no newline after the last row.
 * The empty string when the frame is not text (a graphics mode, or the display is off).
 */
export function screenText(frame: Frame): string {
  const { text } = frame;
  if (text === undefined) return '';
  let shown = texts.get(text);
  if (shown === undefined) texts.set(text, (shown = linesOf(text)));
  return shown;
}

/** Whoever waits for words looks at the same screen again and again. */
const texts = new WeakMap<TextScreen, string>();

function linesOf(text: TextScreen): string {
  const lines: string[] = [];
  for (let row = 0; row < text.rows; row++) {
    const codes = text.characters.subarray(row * text.columns, (row + 1) * text.columns);
    lines.push(decodeCodePage(codes).trimEnd());
  }
  return lines.join('\n');
}
