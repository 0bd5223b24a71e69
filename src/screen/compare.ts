/** Exact comparison of two frames' pixels: no tolerance, no smoothing taken into account. */
import type { Frame } from './frame.js';

/** What came of a comparison. */
export interface FrameComparison {
  readonly equal: boolean;
  /** What differs, in one line; empty when equal. */
  readonly report: string;
  /** Differing pixels in red over a pale copy of the expected frame; absent when equal or when the sizes differ. */
  readonly difference?: Frame;
}

/** Compares every pixel's red, green and blue. */
export function compareFrames(expected: Frame, actual: Frame): FrameComparison {
  const { width, height } = expected;
  if (width !== actual.width || height !== actual.height) {
    const report = `${width} x ${height} pixels expected, ${actual.width} x ${actual.height} shown`;
    return { equal: false, report };
  }
  const pixels = new Uint8Array(width * height * 4);
  let count = 0;
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let at = 0; at < width * height; at++) {
    if (samePixel(expected.pixels, actual.pixels, at * 4)) {
      const pale = paleGrey(expected.pixels, at * 4);
      pixels.set([pale, pale, pale, 0xff], at * 4);
      continue;
    }
    pixels.set([0xff, 0, 0, 0xff], at * 4);
    const [column, row] = [at % width, Math.floor(at / width)];
    count++;
    left = Math.min(left, column);
    right = Math.max(right, column);
    top = Math.min(top, row);
    bottom = Math.max(bottom, row);
  }
  if (count === 0) return { equal: true, report: '' };
  const report = `${count} of ${width * height} pixels differ, in columns ${left} to ${right} and rows ${top} to ${bottom}`;
  return { equal: false, report, difference: { width, height, pixels } };
}

function samePixel(expected: Uint8Array, actual: Uint8Array, at: number): boolean {
  return expected[at] === actual[at] && expected[at + 1] === actual[at + 1] && expected[at + 2] === actual[at + 2];
}

/** The upper half of the grey scale keeps the picture recognisable without hiding the red. */
function paleGrey(pixels: Uint8Array, at: number): number {
  return 0x80 + (((pixels[at]! + pixels[at + 1]! + pixels[at + 2]!) / 6) | 0);
}
