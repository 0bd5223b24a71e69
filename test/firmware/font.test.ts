import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../src/firmware/build/make-font.mjs', import.meta.url));
const heights = [16, 14, 8] as const;

function makeFonts(): Map<number, Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'font-'));
  execFileSync(process.execPath, [script, folder]);
  const made = new Map(
    heights.map((height) => [height, new Uint8Array(readFileSync(join(folder, `font8x${height}.bin`)))]),
  );
  rmSync(folder, { recursive: true });
  return made;
}

const fonts = makeFonts();
const glyph = (height: number, code: number): Uint8Array =>
  fonts.get(height)!.subarray(code * height, (code + 1) * height);

test.each(heights)('the font of %i rows has 256 glyphs, of which only the three blanks look alike', (height) => {
  expect(fonts.get(height)!.length).toBe(256 * height);
  const codesOf = new Map<string, number[]>();
  for (let code = 0; code < 256; code++) {
    const shape = glyph(height, code).join();
    codesOf.set(shape, [...(codesOf.get(shape) ?? []), code]);
  }
  expect([...codesOf.values()].filter((codes) => codes.length > 1)).toEqual([[0x00, 0x20, 0xff]]);
});

test.each(heights)('lines of the font of %i rows leave each cell where the neighbour’s line enters', (height) => {
  /** Codes whose line reaches an edge, single and double. */
  const edges = {
    right: {
      single: [0xc4, 0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xd0, 0xd2, 0xd3, 0xd6, 0xd7, 0xda],
      double: [0xcd, 0xc8, 0xc9, 0xca],
    },
    left: {
      single: [0xc4, 0xb4, 0xb6, 0xb7, 0xbd, 0xbf, 0xc1, 0xc2, 0xc5, 0xd0, 0xd2, 0xd7, 0xd9],
      double: [0xcd, 0xb9, 0xbb],
    },
    bottom: {
      single: [0xb3, 0xb4, 0xb5, 0xb8, 0xbf, 0xc2, 0xc3, 0xc5, 0xd5, 0xd8, 0xda],
      double: [0xba, 0xb9, 0xbb, 0xc9],
    },
    top: {
      single: [0xb3, 0xb4, 0xb5, 0xbe, 0xc0, 0xc1, 0xc3, 0xc5, 0xd4, 0xd8, 0xd9],
      double: [0xba, 0xb9, 0xbc, 0xc8],
    },
  };
  const columnOf = (code: number, bit: number): string =>
    Array.from(glyph(height, code), (row) => (row >> bit) & 1).join('');
  const seen = (edge: keyof typeof edges, code: number): string => {
    if (edge === 'right') return columnOf(code, 0);
    if (edge === 'left') return columnOf(code, 7);
    return String(glyph(height, code)[edge === 'top' ? 0 : height - 1]);
  };
  for (const edge of Object.keys(edges) as (keyof typeof edges)[]) {
    for (const codes of Object.values(edges[edge])) {
      for (const code of codes) expect(`${code} ${seen(edge, code)}`).toBe(`${code} ${seen(edge, codes[0]!)}`);
    }
  }
});

test('letters keep off the right edge, so that they stay apart with eight dots a cell', () => {
  for (const height of heights) {
    for (const code of [...'ABCDEFGHIJKLMNOPQRSUVWXZabcdefghijklmnopqrstuvwxyz0123456789'].map((each) =>
      each.charCodeAt(0),
    )) {
      expect(glyph(height, code).every((row) => (row & 1) === 0)).toBe(true);
    }
  }
});
