/**
 * Graphics modes: eight dots a character clock, shifted out of the four planes in one of three ways.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem", Graphics Mode Register (shift
 * register mode, 256-colour mode), Attribute Mode Control Register (PEL width).
 */
import { eightBitColours, sixteenColours } from './colours.js';
import { planesAt } from './planes.js';
import { attribute, attributeMode, graphics, graphicsMode } from './registers.js';
import type { Changed } from './picture.js';
import { columnsToPaint, countShift, type Geometry, paintLines, planeAddress, type ScanLine } from './scan.js';
import type { VgaState } from './state.js';

/** Fills `dots` with the eight four-bit colours that the planes' bytes at and behind `at` hold. */
type Shifter = (memory: Uint8Array, at: number, dots: Uint8Array) => void;

/** A bit of each plane a dot. */
export const shiftPlanar: Shifter = (memory, at, dots) => {
  for (let dot = 0; dot < 8; dot++) {
    let colour = 0;
    for (let plane = 0; plane < 4; plane++) colour |= ((memory[at + plane]! >> (7 - dot)) & 1) << plane;
    dots[dot] = colour;
  }
};

/** Two bits a dot, as the CGA had them: planes 0 and 2 give the first four dots, planes 1 and 3 the others. */
const shiftInterleaved: Shifter = (memory, at, dots) => {
  for (let dot = 0; dot < 8; dot++) {
    const even = at + (dot >> 2);
    const by = 6 - 2 * (dot & 3);
    dots[dot] = ((memory[even]! >> by) & 3) | (((memory[even + 2]! >> by) & 3) << 2);
  }
};

/** Four bits a dot, the high half of a byte first, plane after plane. */
const shiftNibbles: Shifter = (memory, at, dots) => {
  for (let dot = 0; dot < 8; dot++) dots[dot] = (memory[at + (dot >> 1)]! >> (dot & 1 ? 0 : 4)) & 0x0f;
};

const shifters = [shiftPlanar, shiftInterleaved, shiftNibbles, shiftNibbles] as const;

/** Draws a graphics mode's frame into `output`. */
export function paintGraphics(
  state: VgaState,
  memory: Uint8Array,
  geometry: Geometry,
  output: Uint32Array,
  changed?: Changed,
): void {
  const shifter = shifters[graphicsMode.shift.decode(state.graphics[graphics.mode]!)]!;
  const eightBit = attributeMode.eightBitColour.decode(state.attribute[attribute.modeControl]!);
  const colours = eightBit ? eightBitColours(state) : sixteenColours(state);
  const address = planeAddress(state);
  const shift = countShift(state);
  const dots = new Uint8Array(8);
  const pixels = new Uint32Array(9).fill(colours[0]!); // A ninth dot, where there is one, shows colour 0.

  function paintLine(row: Uint32Array, scan: ScanLine): void {
    const columns = columnsToPaint(geometry, scan);
    let at = 0;
    for (let column = 0; column < columns; column++) {
      shifter(memory, planesAt(address((scan.address + (column >> shift)) & 0xffff, scan.rowScan)), dots);
      for (let dot = 0; dot < 8; dot++) {
        // Two dots make one colour of eight bits, which both of them show.
        pixels[dot] = eightBit ? colours[(dots[dot & 6]! << 4) | dots[dot | 1]!]! : colours[dots[dot]!]!;
      }
      for (let dot = 0; dot < geometry.dots; dot++) {
        row[at++] = pixels[dot]!;
        if (geometry.dotWidth === 2) row[at++] = pixels[dot]!;
      }
    }
  }
  paintLines(state, geometry, output, paintLine, changed);
}
