/** A VGA on a bench: modes set by register values, the project's font in plane 2, and shorthands for ports and text. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDevice } from '../../../src/device/device.js';
import { vga } from '../../../src/device/vga/vga.js';
import { blockBytes, planesAt } from '../../../src/device/vga/planes.js';
import type { VideoMemory } from '../../../src/device/video-memory.js';
import { PageImage } from '../../../src/state/pages.js';
import type { Frame } from '../../../src/screen/frame.js';

/** Register values of a mode, as the IBM Technical Reference prints them ("Video Subsystem", mode register values). */
export interface ModeValues {
  readonly miscellaneous: number;
  readonly sequencer: readonly number[];
  readonly crtc: readonly number[];
  readonly graphics: readonly number[];
  readonly attribute: readonly number[];
}

const textPalette = [0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f];
const linearPalette = Array.from({ length: 16 }, (_, index) => index);
const textGraphics = [0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff];

/** Modes 3, 1, 7, 4, 6, 12h and 13h, the text ones with 400 lines. */
// prettier-ignore
export const modes = {
  text80: {
    miscellaneous: 0x67,
    sequencer: [0x03, 0x00, 0x03, 0x00, 0x02],
    crtc: [0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0, 0, 0, 0,
      0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff],
    graphics: textGraphics,
    attribute: [...textPalette, 0x0c, 0x00, 0x0f, 0x08, 0x00],
  },
  text40: {
    miscellaneous: 0x67,
    sequencer: [0x03, 0x08, 0x03, 0x00, 0x02],
    crtc: [0x2d, 0x27, 0x28, 0x90, 0x2b, 0xa0, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0, 0, 0, 0,
      0x9c, 0x8e, 0x8f, 0x14, 0x1f, 0x96, 0xb9, 0xa3, 0xff],
    graphics: textGraphics,
    attribute: [...textPalette, 0x0c, 0x00, 0x0f, 0x08, 0x00],
  },
  monochrome: {
    miscellaneous: 0x66,
    sequencer: [0x03, 0x00, 0x03, 0x00, 0x02],
    crtc: [0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0, 0, 0, 0,
      0x9c, 0x8e, 0x8f, 0x28, 0x0f, 0x96, 0xb9, 0xa3, 0xff],
    graphics: [0, 0, 0, 0, 0, 0x10, 0x0a, 0, 0xff],
    attribute: [0, 8, 8, 8, 8, 8, 8, 8, 0x10, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x0e, 0x00, 0x0f, 0x08, 0x00],
  },
  cga320: {
    miscellaneous: 0x63,
    sequencer: [0x03, 0x09, 0x03, 0x00, 0x02],
    crtc: [0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0x00, 0xc1, 0, 0, 0, 0, 0, 0,
      0x9c, 0x8e, 0x8f, 0x14, 0x00, 0x96, 0xb9, 0xa2, 0xff],
    graphics: [0, 0, 0, 0, 0, 0x30, 0x0f, 0, 0xff],
    attribute: [0x00, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x01, 0, 0x03, 0, 0],
  },
  cga640: {
    miscellaneous: 0x63,
    sequencer: [0x03, 0x01, 0x01, 0x00, 0x06],
    crtc: [0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0xc1, 0, 0, 0, 0, 0, 0,
      0x9c, 0x8e, 0x8f, 0x28, 0x00, 0x96, 0xb9, 0xc2, 0xff],
    graphics: [0, 0, 0, 0, 0, 0x00, 0x0d, 0, 0xff],
    attribute: [0, ...new Array<number>(15).fill(0x17), 0x01, 0x00, 0x01, 0x00, 0x00],
  },
  planar640: {
    miscellaneous: 0xe3,
    sequencer: [0x03, 0x01, 0x0f, 0x00, 0x06],
    crtc: [0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0x00, 0x40, 0, 0, 0, 0, 0, 0,
      0xea, 0x8c, 0xdf, 0x28, 0x00, 0xe7, 0x04, 0xe3, 0xff],
    graphics: [0, 0, 0, 0, 0, 0x00, 0x05, 0x0f, 0xff],
    attribute: [...textPalette, 0x01, 0x00, 0x0f, 0x00, 0x00],
  },
  colours256: {
    miscellaneous: 0x63,
    sequencer: [0x03, 0x01, 0x0f, 0x00, 0x0e],
    crtc: [0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0x41, 0, 0, 0, 0, 0, 0,
      0x9c, 0x8e, 0x8f, 0x28, 0x40, 0x96, 0xb9, 0xa3, 0xff],
    graphics: [0, 0, 0, 0, 0, 0x40, 0x05, 0x0f, 0xff],
    attribute: [...linearPalette, 0x41, 0x00, 0x0f, 0x00, 0x00],
  },
} as const satisfies Record<string, ModeValues>;

/** The project's 8 x 16 font, made by its script. */
export const font16 = makeFont();

function makeFont(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'font-'));
  const script = fileURLToPath(new URL('../../../src/firmware/build/make-font.mjs', import.meta.url));
  execFileSync(process.execPath, [script, folder]);
  const font = readFileSync(join(folder, 'font8x16.bin'));
  rmSync(folder, { recursive: true });
  return font;
}

/** Six bits of one colour of the 64 that the text palettes name: bits 0 to 2 are two thirds, bits 3 to 5 one third. */
const sixBits = (colour: number, part: number): number =>
  ((colour >> (2 - part)) & 1) * 42 + ((colour >> (5 - part)) & 1) * 21;

export type Register = keyof (typeof vga)['registers'];

/** Video memory that nothing else looks at. */
export const plainVideoMemory = (bytes: Uint8Array): VideoMemory => ({
  bytes,
  willWrite: () => {},
  mapping: undefined,
  image: () => PageImage.of(bytes.slice()),
});

/** A chip after power-on, with shorthands. */
export function bench() {
  const videoMemory = new Uint8Array(blockBytes);
  const chip = createDevice(vga, { lines: {}, board: { videoMemory: plainVideoMemory(videoMemory) } });
  const { readMemory, writeMemory } = chip.operations;
  const self = {
    chip,
    /** Reads a port; undefined when nothing answers. */
    in: (register: Register): number | undefined => chip.read(register),
    out: (register: Register, value: number): boolean => chip.write(register, value),
    sequencer(index: number, value: number): void {
      chip.write('sequencerIndex', index);
      chip.write('sequencerData', value);
    },
    graphics(index: number, value: number): void {
      chip.write('graphicsIndex', index);
      chip.write('graphicsData', value);
    },
    crtc(index: number, value: number): void {
      const names = chip.read('crtcIndex') === undefined ? monochromeNames : colourNames;
      chip.write(names.index, index);
      chip.write(names.data, value);
    },
    /** Writes an attribute register and turns the display on again. */
    attribute(index: number, value: number): void {
      chip.read('status');
      chip.read('monochromeStatus');
      chip.write('attribute', index);
      chip.write('attribute', value);
      chip.write('attribute', 0x20);
    },
    setMode(mode: ModeValues): void {
      chip.write('miscellaneousOutput', mode.miscellaneous);
      mode.sequencer.forEach((value, index) => self.sequencer(index, value));
      self.crtc(0x11, 0x00);
      mode.crtc.forEach((value, index) => self.crtc(index, value));
      mode.graphics.forEach((value, index) => self.graphics(index, value));
      mode.attribute.forEach((value, index) => self.attribute(index, value));
    },
    /** The 64 colours that text and EGA palettes count on. */
    loadColours(): void {
      chip.write('dacWriteAddress', 0);
      for (let colour = 0; colour < 64; colour++) {
        for (let part = 0; part < 3; part++) chip.write('dacData', sixBits(colour, part));
      }
    },
    /** Puts a font of 16 rows into one of the eight character maps, the way firmware does. */
    loadFont(font: Uint8Array, map = 0): void {
      const before = [2, 4].map((index) => chip.state.sequencer[index]!);
      const graphics = [4, 5, 6].map((index) => chip.state.graphics[index]!);
      self.sequencer(2, 0x04);
      self.sequencer(4, 0x07);
      self.graphics(5, 0x00);
      self.graphics(6, 0x04);
      const at = ((map & 3) << 14) | ((map & 4) << 11);
      font.forEach((row, index) => writeMemory(at + (index >> 4) * 32 + (index & 15), row));
      self.sequencer(2, before[0]!);
      self.sequencer(4, before[1]!);
      graphics.forEach((value, index) => self.graphics(4 + index, value));
    },
    /** Fills the text screen at B8000h (or B0000h) with blanks. */
    clear(attribute = 0x07, base = 0x18000): void {
      for (let cell = 0; cell < 0x4000; cell++) {
        writeMemory(base + cell * 2, 0x20);
        writeMemory(base + cell * 2 + 1, attribute);
      }
    },
    /** Writes a string of code page 437 codes or ASCII at a cell. */
    print(cell: number, text: string | readonly number[], attribute = 0x07, base = 0x18000): void {
      const codes = typeof text === 'string' ? Array.from(text, (letter) => letter.charCodeAt(0)) : text;
      codes.forEach((code, index) => {
        writeMemory(base + (cell + index) * 2, code);
        writeMemory(base + (cell + index) * 2 + 1, attribute);
      });
    },
    read: readMemory,
    write: writeMemory,
    videoMemory,
    /** A byte of a plane, and the way to set one. */
    peek: (plane: number, offset: number): number => videoMemory[planesAt(offset) + plane]!,
    poke: (plane: number, offset: number, value: number): void => void (videoMemory[planesAt(offset) + plane] = value),
    /** Lets a whole frame pass, so that the picture starts where the registers say. */
    retrace: (): void => chip.advance(ticksOfAnyFrame),
    frame: (): Frame => chip.operations.frame(),
  };
  return self;
}

/** More than a frame at 60 Hz. */
const ticksOfAnyFrame = 420_000;

const colourNames = { index: 'crtcIndex', data: 'crtcData' } as const;
const monochromeNames = { index: 'monochromeCrtcIndex', data: 'monochromeCrtcData' } as const;

/** A chip in a text mode with font, colours and an empty screen. */
export function textBench(mode: ModeValues = modes.text80): ReturnType<typeof bench> {
  const made = bench();
  made.setMode(mode);
  made.loadColours();
  made.loadFont(font16);
  made.clear(0x07, mode === modes.monochrome ? 0x10000 : 0x18000);
  return made;
}

/** A pixel as six hexadecimal digits, red first. */
export function pixelAt(frame: Frame, column: number, row: number): string {
  const at = (row * frame.width + column) * 4;
  return Buffer.from(frame.pixels.subarray(at, at + 3)).toString('hex');
}

/** A rectangle of a frame drawn with `#` where a pixel is not the colour of `paper`. */
export function drawn(
  frame: Frame,
  column: number,
  row: number,
  width: number,
  height: number,
  paper = '000000',
): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (pixelAt(frame, column + x, row + y) === paper ? '.' : '#')).join(''),
  );
}
