import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bench, type ModeValues, modes, pixelAt } from './bench.js';

function graphicsBench(mode: ModeValues): ReturnType<typeof bench> {
  const chip = bench();
  chip.setMode(mode);
  chip.loadColours();
  return chip;
}

/** Colours of the converter whose red is the address: what a pixel's address was can be seen. */
function tellingColours(chip: ReturnType<typeof bench>): void {
  chip.out('dacWriteAddress', 0);
  for (let colour = 0; colour < 256; colour++) {
    for (const part of [colour & 0x3f, colour >> 6, 0]) chip.out('dacData', part);
  }
}

/** The converter address behind a pixel drawn with telling colours. */
function addressAt(chip: ReturnType<typeof bench>, column: number, row: number): number {
  const [red, green] = Buffer.from(pixelAt(chip.frame(), column, row), 'hex');
  return (red! >> 2) | ((green! >> 2) << 6);
}

describe('mode 13h', () => {
  test('shows a byte as two dots and two lines, anywhere on the screen', () => {
    const chip = graphicsBench(modes.colours256);
    tellingColours(chip);
    const place = fc.record({ x: fc.nat(319), y: fc.nat(199), colour: fc.nat(255) });
    fc.assert(
      fc.property(place, ({ x, y, colour }) => {
        chip.write(y * 320 + x, colour);
        const corners = [0, 1].flatMap((right) => [0, 1].map((down) => addressAt(chip, x * 2 + right, y * 2 + down)));
        expect(corners).toEqual([colour, colour, colour, colour]);
      }),
      { numRuns: 30 },
    );
    expect([chip.frame().width, chip.frame().height, chip.frame().text]).toEqual([640, 400, undefined]);
  });

  test('without chain-4 (mode X) shows each plane in every fourth pixel, 400 lines without double scan', () => {
    const chip = graphicsBench(modes.colours256);
    tellingColours(chip);
    chip.sequencer(4, 0x06);
    chip.crtc(0x14, 0x00);
    chip.crtc(0x17, 0xe3);
    chip.crtc(0x09, 0x40);
    [11, 22, 33, 44].forEach((colour, plane) => {
      chip.sequencer(2, 1 << plane);
      chip.write(300 * 80 + 5, colour);
    });
    expect([0, 1, 2, 3].map((pixel) => addressAt(chip, (20 + pixel) * 2, 300))).toEqual([11, 22, 33, 44]);
    expect(addressAt(chip, 40, 301)).toBe(0);
  });

  test('without chain-4 pans by a pixel for every two of the panning register, above the line compare alone if told so', () => {
    const chip = graphicsBench(modes.colours256);
    tellingColours(chip);
    chip.sequencer(4, 0x06);
    chip.crtc(0x14, 0x00);
    chip.crtc(0x17, 0xe3);
    for (const address of [0, 1, 2, 3, 4000, 4001, 4002, 4003]) {
      for (const plane of [0, 1, 2, 3]) {
        chip.sequencer(2, 1 << plane);
        chip.write(address, (address % 4000) * 4 + plane + (address < 4000 ? 101 : 1));
      }
    }
    chip.crtc(0x11, 0x0e);
    chip.crtc(0x07, 0x0f); // The last line above the split is 159, of the eightieth row.
    chip.crtc(0x09, 0x01);
    chip.crtc(0x18, 159);
    chip.attribute(0x10, 0x61);
    const first = (row: number): number[] => [0, 1, 2, 3, 4].map((pixel) => addressAt(chip, pixel * 2, row));
    for (const [start, panning, left] of [
      [4000, 0, 1],
      [4000, 2, 2],
      [4000, 4, 3],
      [4000, 6, 4],
      [4001, 2, 6],
    ] as const) {
      chip.crtc(0x0c, start >> 8);
      chip.crtc(0x0d, start & 0xff);
      chip.retrace();
      chip.attribute(0x13, panning);
      expect(first(1)).toEqual([0, 1, 2, 3, 4].map((pixel) => left + pixel));
      expect(first(159)).toEqual([0, 0, 0, 0, 0]);
      expect(first(160)).toEqual([101, 102, 103, 104, 105]);
    }
    chip.attribute(0x10, 0x41);
    expect(first(160)).toEqual([102, 103, 104, 105, 106]);
  });
});

describe('mode 12h', () => {
  test('makes each pixel of a bit of every plane', () => {
    const chip = graphicsBench(modes.planar640);
    const place = fc.record({ x: fc.nat(639), y: fc.nat(479), colour: fc.nat(15) });
    fc.assert(
      fc.property(place, ({ x, y, colour }) => {
        chip.graphics(8, 0x80 >> (x & 7));
        chip.graphics(0, colour);
        chip.graphics(1, 0x0f);
        chip.read(y * 80 + (x >> 3));
        chip.write(y * 80 + (x >> 3), 0xff);
        const palette = modes.planar640.attribute[colour]!;
        const expected = [2, 1, 0].map((part) => ((palette >> part) & 1) * 0xaa + ((palette >> (part + 3)) & 1) * 0x55);
        expect(pixelAt(chip.frame(), x, y)).toBe(Buffer.from(expected).toString('hex'));
      }),
      { numRuns: 30 },
    );
    expect([chip.frame().width, chip.frame().height]).toEqual([640, 480]);
  });

  test('shows only the planes that the attribute controller enables, and pans by dots', () => {
    const chip = graphicsBench(modes.planar640);
    chip.write(1, 0xff);
    expect(pixelAt(chip.frame(), 8, 0)).toBe('ffffff');
    chip.attribute(0x12, 0x04);
    expect(pixelAt(chip.frame(), 8, 0)).toBe('aa0000');
    chip.attribute(0x13, 0x03);
    expect([4, 5, 12, 13].map((column) => pixelAt(chip.frame(), column, 0))).toEqual([
      '000000',
      'aa0000',
      'aa0000',
      '000000',
    ]);
  });
});

describe('the CGA modes', () => {
  test('of four colours have two bits a pixel, and odd rows 8 KiB later', () => {
    const chip = graphicsBench(modes.cga320);
    chip.write(0x18000, 0b00_01_10_11);
    chip.write(0x1a000, 0b11_10_01_00);
    chip.write(0x18001, 0b11_00_00_00);
    const row = (y: number): string[] => [0, 1, 2, 3, 4].map((pixel) => pixelAt(chip.frame(), pixel * 2, y));
    // The palette's 13h, 15h and 17h are cyan, magenta and white of the light half of the 64 colours.
    const [black, one, two, three] = ['000000', '55ffff', 'ff55ff', 'ffffff'].map((_, index) => {
      const entry = modes.cga320.attribute[index]!;
      return Buffer.from([2, 1, 0].map((p) => ((entry >> p) & 1) * 0xaa + ((entry >> (p + 3)) & 1) * 0x55)).toString(
        'hex',
      );
    });
    expect(row(0)).toEqual([black, one, two, three, three]);
    expect(row(1)).toEqual(row(0));
    expect(row(2)).toEqual([three, two, one, black, black]);
    expect([chip.frame().width, chip.frame().height]).toEqual([640, 400]);
  });

  test('take two more bits of a pixel from planes 2 and 3 where they are enabled', () => {
    const chip = graphicsBench(modes.cga320);
    tellingColours(chip);
    chip.attribute(0x12, 0x0f);
    [0x80, 0x40, 0x40, 0x80].forEach((value, plane) => chip.poke(plane, 0, value));
    expect([0, 1, 4, 5].map((pixel) => addressAt(chip, pixel * 2, 0))).toEqual(
      [0b0110, 0, 0b1001, 0].map((colour) => modes.cga320.attribute[colour]!),
    );
  });

  test('of two colours have one bit a pixel', () => {
    const chip = graphicsBench(modes.cga640);
    chip.write(0x18000 + 79, 0x01);
    chip.write(0x1a000, 0x80);
    const lit = (x: number, y: number): boolean => pixelAt(chip.frame(), x, y) !== '000000';
    expect([lit(639, 0), lit(639, 1), lit(638, 0), lit(0, 2), lit(0, 0)]).toEqual([true, true, false, true, false]);
  });
});
