/**
 * The way of the beam through video memory: which address and which row of a character each scan line starts with.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem", CRT Controller Registers
 * (Preset Row Scan, Maximum Scan Line, Start Address, Offset, CRT Mode Control, Line Compare); FreeVGA, "Panning",
 * "Split screen".
 */
import type { Changed } from './picture.js';
import { planesAt } from './planes.js';
import {
  attribute,
  attributeMode,
  crtc,
  maximumScanLine,
  modeControl,
  presetRowScan,
  underlineLocation,
} from './registers.js';
import type { VgaState } from './state.js';
import { charactersPerLine, dotsPerCharacter, dotWidth, linesPerCount, verticalDisplayEnd } from './timing.js';

/** The displayed part of a frame. */
export interface Geometry {
  /** Character clocks of a line. */
  readonly columns: number;
  /** Dots of a character, 8 or 9, and pixels of a dot, 1 or 2. */
  readonly dots: number;
  readonly dotWidth: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** One scan line on its way. */
export interface ScanLine {
  /** From the top, 0 first. */
  readonly line: number;
  /** The memory address counter at the left edge. */
  readonly address: number;
  /** The row inside the character cell, 0 to 31. */
  readonly rowScan: number;
  /** The first line of a row of characters. */
  readonly startsRow: boolean;
  /** Dots that have left the screen on the left. */
  readonly panning: number;
}

/** What the display occupies, in pixels of the undivided dot clock and in scan lines. */
export function geometryOf(state: VgaState): Geometry {
  const columns = Math.min(state.crtc[crtc.horizontalDisplayEnd]! + 1, charactersPerLine(state));
  const dots = dotsPerCharacter(state);
  const width = dotWidth(state);
  return {
    columns,
    dots,
    dotWidth: width,
    width: columns * dots * width,
    height: (verticalDisplayEnd(state) + 1) * linesPerCount(state),
  };
}

/** The last line before the split that the line compare makes, or one that is never reached. */
function lineBeforeSplit(state: VgaState): number {
  const bit8 = (state.crtc[crtc.overflow]! >> 4) & 1;
  const bit9 = maximumScanLine.lineCompare9.decode(state.crtc[crtc.maximumScanLine]!) ? 1 : 0;
  const compare = state.crtc[crtc.lineCompare]! | (bit8 << 8) | (bit9 << 9);
  return (compare + 1) * linesPerCount(state) - 1;
}

/** Dots by which the picture is shifted to the left. With nine dots a cell, 8 means none and 0 means one. */
function horizontalPanning(state: VgaState): number {
  const value = state.attribute[attribute.horizontalPanning]!;
  if (dotsPerCharacter(state) === 8) return value < 8 ? value : 0;
  return value < 8 ? value + 1 : 0;
}

/** Calls `visit` for every displayed line, from the top. */
export function scanLines(state: VgaState, visit: (line: ScanLine) => void): void {
  const { height } = geometryOf(state);
  const preset = state.crtc[crtc.presetRowScan]!;
  const maximum = state.crtc[crtc.maximumScanLine]!;
  const lastRowScan = maximumScanLine.rowScan.decode(maximum);
  const repeats = maximumScanLine.doubleScan.decode(maximum) ? 2 : 1;
  const split = lineBeforeSplit(state);
  const panUpperOnly = attributeMode.panUpperOnly.decode(state.attribute[attribute.modeControl]!);

  let address = state.shownStart + presetRowScan.bytePanning.decode(preset);
  let rowScan = presetRowScan.rowScan.decode(preset);
  let panning = horizontalPanning(state);
  let shown = 0;
  let startsRow = true;
  for (let line = 0; line < height; line++) {
    visit({ line, address: address & 0xffff, rowScan, startsRow, panning });
    startsRow = false;
    if (line === split) {
      [address, rowScan, shown, startsRow] = [0, 0, 0, true];
      if (panUpperOnly) panning = 0;
    } else if (++shown === repeats) {
      shown = 0;
      startsRow = rowScan === lastRowScan;
      rowScan = startsRow ? 0 : (rowScan + 1) & 0x1f;
      if (startsRow) address += state.crtc[crtc.offset]! * 2;
    }
  }
}

/** Panning brings in a part of one column more. */
export const columnsToPaint = (geometry: Geometry, scan: ScanLine): number =>
  geometry.columns + (scan.panning > 0 ? 1 : 0);

/**
 * Fills `output`, a frame's pixels, line by line: `paint` draws the columns of {@link columnsToPaint} from the start of a
 * row, and what panning has moved off the left edge is cut. Lines stay as they are where nothing changed that they show.
 */
export function paintLines(
  state: VgaState,
  geometry: Geometry,
  output: Uint32Array,
  paint: (row: Uint32Array, scan: ScanLine) => void,
  changed?: Changed,
): void {
  const { width, dots, dotWidth } = geometry;
  const row = new Uint32Array(width + dots * dotWidth);
  const isShown = changed === undefined ? () => true : lineChanged(state, geometry, changed);
  scanLines(state, (scan) => {
    if (!isShown(scan)) return;
    paint(row, scan);
    const left = scan.panning * dotWidth;
    output.set(row.subarray(left, left + width), scan.line * width);
  });
}

/** Whether something changed that a line shows of the planes. */
function lineChanged(state: VgaState, geometry: Geometry, changed: Changed): (scan: ScanLine) => boolean {
  const address = planeAddress(state);
  const shift = countShift(state);
  const usesRowScan = address(0, 3) !== address(0, 0);
  let before: { readonly address: number; readonly columns: number; readonly found: boolean } | undefined;
  const look = (scan: ScanLine, columns: number): boolean => {
    for (let count = (columns - 1) >> shift; count >= 0; count--) {
      if (changed(planesAt(address((scan.address + count) & 0xffff, scan.rowScan)), 4)) return true;
    }
    return false;
  };
  return (scan) => {
    const columns = columnsToPaint(geometry, scan);
    // Most often the lines of a row of characters show the same.
    if (usesRowScan || before?.address !== scan.address || before.columns !== columns)
      before = { address: scan.address, columns, found: look(scan, columns) };
    return before.found;
  };
}

/** Character clocks for one count of the memory address counter, as a shift: 1, 2 or 4. */
export function countShift(state: VgaState): 0 | 1 | 2 {
  if (underlineLocation.countByFour.decode(state.crtc[crtc.underlineLocation]!)) return 2;
  return modeControl.countByTwo.decode(state.crtc[crtc.modeControl]!) ? 1 : 0;
}

/**
 * The byte of each plane that a value of the memory address counter reaches: the counter itself, twice it (word mode) or
 * four times it (doubleword mode), high bits taking the freed places; the row scan may replace bits 13 and 14.
 */
export function planeAddress(state: VgaState): (counter: number, rowScan: number) => number {
  const mode = state.crtc[crtc.modeControl]!;
  const doubleword = underlineLocation.doubleword.decode(state.crtc[crtc.underlineLocation]!);
  const byteMode = modeControl.byteMode.decode(mode);
  const wrapBit = modeControl.addressWrap.decode(mode) ? 15 : 13;
  const keep13 = modeControl.keepAddress13.decode(mode);
  const keep14 = modeControl.keepAddress14.decode(mode);
  return (counter, rowScan) => {
    let address = counter;
    if (doubleword) address = (counter << 2) | ((counter >> 12) & 3);
    else if (!byteMode) address = (counter << 1) | ((counter >> wrapBit) & 1);
    if (!keep13) address = (address & ~0x2000) | ((rowScan & 1) << 13);
    if (!keep14) address = (address & ~0x4000) | ((rowScan & 2) << 13);
    return address & 0xffff;
  };
}
