import { crc32, deflateSync } from 'node:zlib';
import { encode } from 'fast-png';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import type { Frame } from '../../src/screen/frame.js';
import { compareFrames } from '../../src/screen/compare.js';
import { decodePng, encodePng } from '../../src/screen/png.js';

/** Small frames of opaque pixels. */
const frames = fc
  .record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }) })
  .chain(({ width, height }) =>
    fc
      .uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 })
      .map((bytes): Frame => ({ width, height, pixels: bytes.map((byte, at) => (at % 4 === 3 ? 0xff : byte)) })),
  );

test('a frame survives its PNG file unchanged', () => {
  fc.assert(
    fc.property(frames, (frame) => {
      expect(decodePng(encodePng(frame))).toEqual(frame);
    }),
  );
});

test('equal frames give equal files', () => {
  fc.assert(
    fc.property(frames, (frame) => {
      expect(encodePng({ ...frame, pixels: frame.pixels.slice() })).toEqual(encodePng(frame));
    }),
  );
});

test('pictures in other colour formats are read as they look', () => {
  const grey = encode({ width: 2, height: 1, data: Uint8Array.of(7, 200), channels: 1 });
  expect([...decodePng(grey).pixels]).toEqual([7, 7, 7, 255, 200, 200, 200, 255]);
  const clear = encode({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3, 0), channels: 4 });
  expect([...decodePng(clear).pixels]).toEqual([1, 2, 3, 255]);
  const deep = encode({ width: 1, height: 1, data: Uint16Array.of(1, 2, 3), channels: 3, depth: 16 });
  expect(() => decodePng(deep)).toThrow(UserError);
});

test('a picture with a palette shows the palette’s colours, and an index outside it is the user’s mistake', () => {
  expect([...decodePng(palettePicture([0, 1])).pixels]).toEqual([1, 2, 3, 255, 4, 5, 6, 255]);
  expect(() => decodePng(palettePicture([0, 2]))).toThrow(UserError);
});

test('a damaged file is the user’s mistake, whatever the damage', () => {
  const file = encodePng({ width: 3, height: 2, pixels: new Uint8Array(24).fill(0xff) });
  const damage = fc.record({ at: fc.nat(file.length - 1), bit: fc.integer({ min: 0, max: 7 }), cut: fc.boolean() });
  fc.assert(
    fc.property(damage, ({ at, bit, cut }) => {
      const damaged = cut ? file.slice(0, at) : file.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte));
      try {
        decodePng(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }),
  );
});

test('frames are equal exactly when no pixel differs', () => {
  fc.assert(
    fc.property(
      frames,
      fc.nat(),
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 1, max: 255 }),
      (frame, at, channel, by) => {
        expect(compareFrames(frame, { ...frame, pixels: frame.pixels.slice() })).toEqual({ equal: true, report: '' });
        const pixels = frame.pixels.slice();
        const pixel = at % (frame.width * frame.height);
        pixels[pixel * 4 + channel]! ^= by;
        const comparison = compareFrames(frame, { ...frame, pixels });
        expect(comparison.equal).toBe(false);
        expect(comparison.report).toMatch(/^1 of /);
        const reds = pixelsOf(comparison.difference!).flatMap((colour, index) => (colour === 'ff0000' ? [index] : []));
        expect(reds).toEqual([pixel]);
      },
    ),
  );
});

test('the report names how many pixels differ, and where', () => {
  const blank: Frame = { width: 10, height: 8, pixels: new Uint8Array(320) };
  const drawn = { ...blank, pixels: blank.pixels.slice() };
  drawn.pixels[(2 * 10 + 3) * 4] = 1;
  drawn.pixels[(6 * 10 + 5) * 4 + 2] = 1;
  expect(compareFrames(blank, drawn).report).toBe('2 of 80 pixels differ, in columns 3 to 5 and rows 2 to 6');
});

test('frames of different sizes are different, and have no difference picture', () => {
  const small: Frame = { width: 2, height: 1, pixels: new Uint8Array(8) };
  const large: Frame = { width: 1, height: 2, pixels: new Uint8Array(8) };
  const comparison = compareFrames(small, large);
  expect(comparison).toEqual({ equal: false, report: '2 x 1 pixels expected, 1 x 2 shown' });
});

function pixelsOf({ pixels }: Frame): string[] {
  return Array.from({ length: pixels.length / 4 }, (_, at) =>
    Buffer.from(pixels.subarray(at * 4, at * 4 + 3)).toString('hex'),
  );
}

/** A row of indices into a palette of two colours, as an image optimiser leaves a golden; by the PNG specification, section 11.2. */
function palettePicture(indices: readonly number[]): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(indices.length, 0);
  header.writeUInt32BE(1, 4);
  header.set([8, 3], 8); // Eight bits, indexed colour.
  const palette = Buffer.of(1, 2, 3, 4, 5, 6);
  const row = deflateSync(Buffer.of(0, ...indices)); // The row's filter is none.
  const signature = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const chunks = [chunk('IHDR', header), chunk('PLTE', palette), chunk('IDAT', row), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([signature, ...chunks]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
