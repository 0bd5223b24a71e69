import { describe, expect, test } from 'vitest';
import { compareFrames } from '../../../src/screen/compare.js';
import { screenText } from '../../../src/screen/text.js';
import { drawn, font16, modes, pixelAt, textBench } from './bench.js';

/** The rows of a glyph as the font has them, with a ninth dot. */
function glyph(code: number, ninth = '.'): string[] {
  return Array.from(font16.subarray(code * 16, code * 16 + 16), (row) =>
    (row.toString(2).padStart(8, '0') + ninth).replaceAll('0', '.').replaceAll('1', '#'),
  );
}

function hideCursor(chip: ReturnType<typeof textBench>): void {
  chip.crtc(0x0a, 0x20);
}

describe('a text mode', () => {
  test('of 80 columns shows 720 x 400 pixels and 25 rows, the glyphs as plane 2 has them', () => {
    const chip = textBench();
    hideCursor(chip);
    chip.print(80 * 3 + 5, 'Ag');
    const frame = chip.frame();
    expect([frame.width, frame.height]).toEqual([720, 400]);
    expect([frame.text!.columns, frame.text!.rows]).toEqual([80, 25]);
    expect(drawn(frame, 45, 48, 9, 16)).toEqual(glyph(0x41));
    expect(drawn(frame, 54, 48, 9, 16)).toEqual(glyph(0x67));
    expect(screenText(frame)).toBe(`\n\n\n     Ag${'\n'.repeat(21)}`);
  });

  test('of 40 columns shows every dot twice', () => {
    const chip = textBench(modes.text40);
    hideCursor(chip);
    chip.print(41, 'F');
    const frame = chip.frame();
    expect([frame.width, frame.height, frame.text!.columns, frame.text!.rows]).toEqual([720, 400, 40, 25]);
    const wide = glyph(0x46).map((row) => row.replace(/./g, '$&$&'));
    expect(drawn(frame, 18, 16, 18, 16)).toEqual(wide);
  });

  test('repeats the eighth dot as the ninth for C0h to DFh only, and only when told so', () => {
    const chip = textBench();
    hideCursor(chip);
    chip.print(0, [0xc4, 0xdb, 0xb3, 0x08, 0xfb]);
    const frame = chip.frame();
    expect(drawn(frame, 0, 0, 9, 16)).toEqual(glyph(0xc4).map((row) => row.slice(0, 8) + row[7]));
    expect(drawn(frame, 9, 0, 9, 16)).toEqual(Array(16).fill('#########'));
    expect(drawn(frame, 18, 0, 9, 16)).toEqual(glyph(0xb3));
    expect(drawn(frame, 27, 0, 9, 16)).toEqual(glyph(0x08));
    expect(drawn(frame, 36, 0, 9, 16)).toEqual(glyph(0xfb));
    chip.attribute(0x10, 0x08);
    expect(drawn(chip.frame(), 9, 0, 9, 16)).toEqual(Array(16).fill('########.'));
  });

  test('with eight dots a cell is 640 pixels wide', () => {
    const chip = textBench();
    hideCursor(chip);
    chip.sequencer(1, 0x01);
    chip.attribute(0x13, 0x00);
    chip.print(1, 'B');
    const frame = chip.frame();
    expect(frame.width).toBe(640);
    expect(drawn(frame, 8, 0, 8, 16)).toEqual(glyph(0x42, ''));
  });

  test('takes colours from attribute, palette, colour select, mask and converter', () => {
    const chip = textBench();
    hideCursor(chip);
    chip.print(0, [0xdb, 0x20], 0x14);
    expect([pixelAt(chip.frame(), 0, 0), pixelAt(chip.frame(), 9, 0)]).toEqual(['aa0000', '0000aa']);
    chip.print(0, [0xdb], 0x06);
    expect(pixelAt(chip.frame(), 0, 0)).toBe('aa5500');
    chip.attribute(0x06, 0x3f); // Refused: the display uses the palette.
    chip.in('status');
    chip.out('attribute', 0x06);
    chip.out('attribute', 0x3f);
    chip.out('attribute', 0x20);
    expect(pixelAt(chip.frame(), 0, 0)).toBe('ffffff');
    chip.out('dacMask', 0x07);
    expect(pixelAt(chip.frame(), 0, 0)).toBe('aaaaaa');
    chip.out('dacMask', 0xff);
    chip.attribute(0x14, 0x04);
    expect(pixelAt(chip.frame(), 0, 0)).toBe('000000'); // Colour 7Fh was never loaded.
    chip.out('dacWriteAddress', 0x7f);
    for (const value of [1, 32, 63]) chip.out('dacData', value);
    expect(pixelAt(chip.frame(), 0, 0)).toBe('0482ff');
  });

  test('chooses between two character maps by attribute bit 3', () => {
    const chip = textBench();
    hideCursor(chip);
    chip.loadFont(
      font16.map((row) => row ^ 0xff),
      6,
    );
    chip.sequencer(3, 0b10_1000 & 0x28); // Map A is 6 (its high bit is bit 5), map B is 0.
    chip.print(0, 'A', 0x07);
    chip.print(1, 'A', 0x0f);
    const frame = chip.frame();
    expect(drawn(frame, 0, 0, 8, 16)).toEqual(glyph(0x41, ''));
    const inverse = glyph(0x41, '').map((row) => row.replace(/[.#]/g, (dot) => (dot === '#' ? '.' : '#')));
    expect(drawn(frame, 9, 0, 8, 16)).toEqual(inverse);
  });

  test('underlines attribute 1 on the underline row of the monochrome mode, across all nine dots', () => {
    const chip = textBench(modes.monochrome);
    hideCursor(chip);
    chip.print(0, 'A', 0x01, 0x10000);
    chip.print(1, 'A', 0x07, 0x10000);
    const frame = chip.frame();
    expect(drawn(frame, 0, 15, 9, 1)).toEqual(['#########']);
    expect(drawn(frame, 0, 0, 9, 15)).toEqual(glyph(0x41).slice(0, 15));
    expect(drawn(frame, 9, 15, 9, 1)).toEqual(['.........']);
  });
});

describe('the cursor', () => {
  function at(chip: ReturnType<typeof textBench>, cell: number): void {
    chip.crtc(0x0e, cell >> 8);
    chip.crtc(0x0f, cell & 0xff);
  }

  test('covers its rows of the cell in the foreground colour, and its cell is told', () => {
    const chip = textBench();
    at(chip, 2 * 80 + 7);
    const frame = chip.frame();
    expect(frame.text!.cursor).toEqual({ column: 7, row: 2 });
    const rows = drawn(frame, 63, 32, 9, 16);
    expect(rows.flatMap((row, index) => (row === '#########' ? [index] : []))).toEqual([13, 14]);
    expect(rows.filter((row) => row === '.........')).toHaveLength(14);
    expect(drawn(frame, 54, 32, 9, 16).join('')).not.toContain('#');
  });

  test('is one character further right for each unit of skew', () => {
    const chip = textBench();
    at(chip, 5);
    chip.crtc(0x0b, 0x2e);
    const frame = chip.frame();
    expect(frame.text!.cursor).toEqual({ column: 6, row: 0 });
    expect(drawn(frame, 54, 13, 9, 1)).toEqual(['#########']);
    expect(drawn(frame, 45, 13, 9, 1)).toEqual(['.........']);
  });

  test('is absent when off, when its rows are none, and when it is elsewhere', () => {
    for (const [start, end, cell] of [
      [0x2d, 0x0e, 0],
      [0x0e, 0x0d, 0],
      [0x10, 0x1f, 0],
      [0x0d, 0x0e, 2000],
    ] as const) {
      const chip = textBench();
      chip.crtc(0x0a, start);
      chip.crtc(0x0b, end);
      at(chip, cell);
      const frame = chip.frame();
      expect(frame.text!.cursor).toBeUndefined();
      expect(drawn(frame, 0, 0, 9, 16).join('')).not.toContain('#');
    }
  });

  test('stays where it is told to be while it blinks off', () => {
    const chip = textBench();
    at(chip, 3);
    chip.chip.state.frame = 8;
    const frame = chip.frame();
    expect(frame.text!.cursor).toEqual({ column: 3, row: 0 });
    expect(drawn(frame, 27, 0, 9, 16).join('')).not.toContain('#');
  });
});

describe('scrolling', () => {
  function numbered(): ReturnType<typeof textBench> {
    const chip = textBench();
    hideCursor(chip);
    for (let row = 0; row < 60; row++) chip.print(row * 80, `row ${row}`);
    return chip;
  }
  const lines = (chip: ReturnType<typeof textBench>): string[] => screenText(chip.frame()).split('\n');

  test('by the start address shows other rows', () => {
    const chip = numbered();
    chip.crtc(0x0c, 0x03);
    chip.crtc(0x0d, 0x20);
    chip.retrace();
    expect(lines(chip)[0]).toBe('row 10');
    expect(lines(chip)[24]).toBe('row 34');
  });

  test('by the preset row scan moves the picture up by lines, and a part of one row more appears', () => {
    const chip = numbered();
    const before = chip.frame();
    chip.crtc(0x08, 0x05);
    const after = chip.frame();
    expect(drawn(after, 0, 0, 60, 100)).toEqual(drawn(before, 0, 5, 60, 100));
    expect(after.text!.rows).toBe(26);
  });

  test('by panning moves the picture left by dots, and by byte panning by characters', () => {
    const chip = numbered();
    const before = chip.frame();
    chip.attribute(0x13, 0x02); // Three dots, as nine-dot cells count.
    expect(drawn(chip.frame(), 0, 0, 200, 40)).toEqual(drawn(before, 3, 0, 200, 40));
    chip.attribute(0x13, 0x08);
    chip.crtc(0x08, 0x20);
    expect(drawn(chip.frame(), 0, 0, 200, 40)).toEqual(drawn(before, 9, 0, 200, 40));
  });

  test('leaves the part below the line compare at address 0, unpanned if told so', () => {
    const chip = numbered();
    const top = chip.frame();
    chip.crtc(0x0c, 0x06);
    chip.crtc(0x0d, 0x40); // Row 20.
    chip.retrace();
    chip.crtc(0x11, 0x0e);
    chip.crtc(0x07, 0x0f); // Line compare 15 rows down: 239.
    chip.crtc(0x09, 0x0f);
    chip.crtc(0x18, 239);
    chip.attribute(0x10, 0x2c);
    chip.attribute(0x13, 0x00);
    const frame = chip.frame();
    expect(lines(chip).slice(14, 17)).toEqual(['row 34', 'row 0', 'row 1']);
    expect(drawn(frame, 0, 240, 60, 16)).toEqual(drawn(top, 0, 0, 60, 16));
    expect(drawn(frame, 0, 0, 60, 16)).toEqual(drawn(top, 1, 20 * 16, 60, 16));
  });

  test('wraps around the end of video memory', () => {
    const chip = numbered();
    chip.crtc(0x0c, 0xff);
    chip.crtc(0x0d, 0xb0); // 80 cells before the end of the counter.
    chip.retrace();
    expect(lines(chip)[1]).toBe('row 0');
  });

  test('takes the freed lowest address bit from counter bit 15, or 13 if told so', () => {
    const chip = numbered();
    chip.poke(0, 0x4001, 0x21); // Counter 2000h, doubled, with the bit.
    chip.crtc(0x0c, 0x20);
    chip.retrace();
    expect(lines(chip)[0]).toBe('');
    chip.crtc(0x17, 0x83);
    expect(lines(chip)[0]).toBe('!');
  });
});

describe('no picture', () => {
  test('is a dark monitor without synchronisation, as after power-on', () => {
    const chip = textBench();
    chip.crtc(0x17, 0x23);
    const frame = chip.frame();
    expect([frame.width, frame.height, frame.text]).toEqual([720, 400, undefined]);
    expect(new Set(frame.pixels)).toEqual(new Set([0, 255]));
    chip.chip.reset();
    expect(compareFrames(frame, chip.frame()).equal).toBe(true);
  });

  test('is black while the sequencer keeps the screen off, and the border’s colour while the palette is open', () => {
    const chip = textBench();
    chip.print(0, 'A');
    chip.attribute(0x11, 0x04);
    chip.sequencer(1, 0x20);
    expect(chip.frame().text).toBeUndefined();
    expect(pixelAt(chip.frame(), 3, 3)).toBe('000000');
    chip.sequencer(1, 0x00);
    chip.in('status');
    chip.out('attribute', 0x00);
    expect(pixelAt(chip.frame(), 3, 3)).toBe('aa0000');
    chip.in('status');
    chip.out('attribute', 0x20);
    expect(chip.frame().text).toBeDefined();
  });
});
