/**
 * From what the planes hold to colours: plane enable, palette, colour select, and the digital-to-analog converter.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem", Attribute Controller Registers and
 * Video Digital-to-Analog Converter.
 */
import { attribute, attributeMode, colourSelect } from './registers.js';
import type { VgaState } from './state.js';

/** A pixel's four bytes (red, green, blue, opaque) as one number in the host's byte order, to be written at once. */
export type Pixel = number;

/** Pixels of a list of converter addresses. */
function pixels(state: VgaState, addresses: readonly number[]): Uint32Array {
  const { colours, mask, eightBits: wide } = state.dac;
  const bytes = new Uint8Array(addresses.length * 4);
  addresses.forEach((address, at) => {
    const from = (address & mask) * 3;
    for (let part = 0; part < 3; part++)
      bytes[at * 4 + part] = wide ? colours[from + part]! : eightBits(colours[from + part]! & 0x3f);
    bytes[at * 4 + 3] = 0xff;
  });
  return new Uint32Array(bytes.buffer);
}

/** Six bits stretched so that the brightest stays the brightest. */
const eightBits = (value: number): number => (value << 2) | (value >> 4);

/** What the palette makes of a four-bit colour, out of the planes that are enabled. */
const paletteEntry = (state: VgaState, colour: number): number =>
  state.attribute[colour & state.attribute[attribute.colourPlaneEnable]! & 0x0f]!;

/** The pixels of the sixteen colours of text and of the planar and CGA modes. */
export function sixteenColours(state: VgaState): Uint32Array {
  const select = state.attribute[attribute.colourSelect]!;
  const replaced = attributeMode.paletteBits54.decode(state.attribute[attribute.modeControl]!);
  const addresses = Array.from({ length: 16 }, (_, colour) => {
    const entry = paletteEntry(state, colour);
    const low = replaced ? (entry & 0x0f) | (colourSelect.bits54.decode(select) << 4) : entry;
    return low | (colourSelect.bits76.decode(select) << 6);
  });
  return pixels(state, addresses);
}

/** The pixels of the 256-colour mode: each half of the byte goes through the palette on its own. */
export function eightBitColours(state: VgaState): Uint32Array {
  const addresses = Array.from(
    { length: 256 },
    (_, colour) => ((paletteEntry(state, colour >> 4) & 0x0f) << 4) | (paletteEntry(state, colour & 0x0f) & 0x0f),
  );
  return pixels(state, addresses);
}

/** The pixels of a byte that goes to the converter as it is. */
export const directColours = (state: VgaState): Uint32Array =>
  pixels(
    state,
    Array.from({ length: 256 }, (_, colour) => colour),
  );

/** The border's pixel, which fills the screen while the palette belongs to the processor. */
export const overscanPixel = (state: VgaState): Pixel =>
  pixels(state, [state.attribute[attribute.overscanColour]!])[0]!;
