/**
 * Pictures of the linear framebuffer: a palette index, or a colour itself, a pixel.
 *
 * Source: "VBE Display API" (VGABIOS project); VESA BIOS Extension Core Functions 3.0, "Direct Color Fields" (blue lowest).
 */
import { directColours, sixteenColours } from './colours.js';
import type { LinearMode } from './dispi.js';
import { shiftPlanar } from './graphics.js';
import type { Changed } from './picture.js';
import { blockBytes, planesAt } from './planes.js';
import type { VgaState } from './state.js';

/** Draws `count` pixels of the line that begins at `from` in memory, at `to` in `output`. */
type LinePainter = (memory: Uint8Array, from: number, output: Uint32Array, to: number, count: number) => void;

/** `bits` bits stretched to eight so that the brightest stays the brightest. */
const stretched = (value: number, bits: number): number => (value << (8 - bits)) | (value >> (2 * bits - 8));

/** Every 16-bit pixel's colour, for 5:5:5 and for 5:6:5 bits of red, green and blue. */
const highColours = new Map<number, Uint32Array>();

function highColoursOf(greenBits: 5 | 6): Uint32Array {
  let table = highColours.get(greenBits);
  if (table === undefined) {
    const bytes = new Uint8Array(0x40000);
    for (let value = 0; value < 0x10000; value++) {
      const red = (value >> (5 + greenBits)) & 0x1f;
      const green = (value >> 5) & ((1 << greenBits) - 1);
      bytes.set([stretched(red, 5), stretched(green, greenBits), stretched(value & 0x1f, 5), 0xff], value * 4);
    }
    table = new Uint32Array(bytes.buffer);
    highColours.set(greenBits, table);
  }
  return table;
}

const indexed =
  (colours: Uint32Array): LinePainter =>
  (memory, from, output, to, count) => {
    for (let at = 0; at < count; at++) output[to + at] = colours[memory[from + at]!]!;
  };

const highColour = (greenBits: 5 | 6): LinePainter => {
  const colours = highColoursOf(greenBits);
  return (memory, from, output, to, count) => {
    for (let at = 0; at < count; at++) {
      output[to + at] = colours[memory[from + 2 * at]! | (memory[from + 2 * at + 1]! << 8)]!;
    }
  };
};

const trueColour =
  (pixelBytes: 3 | 4): LinePainter =>
  (memory, from, output, to, count) => {
    const bytes = new Uint8Array(output.buffer, (output.byteOffset + to * 4) | 0, count * 4);
    for (let at = 0, pixel = from; at < bytes.length; at += 4, pixel += pixelBytes) {
      bytes[at] = memory[pixel + 2]!;
      bytes[at + 1] = memory[pixel + 1]!;
      bytes[at + 2] = memory[pixel]!;
      bytes[at + 3] = 0xff;
    }
  };

function linePainter(state: VgaState, bitsPerPixel: number): LinePainter {
  switch (bitsPerPixel) {
    case 8:
      return indexed(directColours(state));
    case 15:
      return highColour(5);
    case 16:
      return highColour(6);
    default:
      return trueColour(bitsPerPixel === 24 ? 3 : 4);
  }
}

/** Planar lines: `from` counts bytes of a plane, `skip` pixels of the first one. */
function paintPlanar(state: VgaState, memory: Uint8Array, mode: LinearMode, output: Uint32Array): void {
  const colours = sixteenColours(state);
  const dots = new Uint8Array(8);
  const skip = mode.xOffset & 7;
  for (let line = 0; line < mode.height; line++) {
    const from = (line + mode.yOffset) * mode.pitch + (mode.xOffset >> 3);
    for (let column = 0; column < mode.width; column++) {
      const dot = (column + skip) & 7;
      if (dot === 0 || column === 0) {
        const at = from + ((column + skip) >> 3);
        shiftPlanar(memory, (Math.floor(at / 0x10000) * blockBytes + planesAt(at & 0xffff)) % memory.length, dots);
      }
      output[line * mode.width + column] = colours[dots[dot]!]!;
    }
  }
}

/** Draws a linear mode's frame into `output`. `memory` is what {@link shownBytes} names, from `copiedFrom` on. */
export function paintLinear(
  state: VgaState,
  memory: Uint8Array,
  mode: LinearMode,
  output: Uint32Array,
  copiedFrom: number,
  changed?: Changed,
): void {
  if (mode.bitsPerPixel === 4) return paintPlanar(state, memory, mode, output);
  const paint = linePainter(state, mode.bitsPerPixel);
  const first = firstByte(mode) - copiedFrom;
  const lineBytes = mode.width * ((mode.bitsPerPixel + 7) >> 3);
  for (let line = 0; line < mode.height; line++) {
    if (changed?.(first + line * mode.pitch, lineBytes) === false) continue;
    paint(memory, first + line * mode.pitch, output, line * mode.width, mode.width);
  }
}

function firstByte({ xOffset, yOffset, pitch, bitsPerPixel }: LinearMode): number {
  return yOffset * pitch + xOffset * ((bitsPerPixel + 7) >> 3);
}

/** The part of memory that a mode shows: all of it for planes, which are not in one piece. */
export function shownBytes(mode: LinearMode, memoryBytes: number): { readonly first: number; readonly end: number } {
  if (mode.bitsPerPixel === 4) return { first: 0, end: memoryBytes };
  const first = firstByte(mode);
  return { first, end: Math.min(memoryBytes, first + mode.height * mode.pitch) };
}
