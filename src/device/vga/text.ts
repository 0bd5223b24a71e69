/**
 * Text modes: character and attribute from planes 0 and 1, dots from the character maps in plane 2, cursor, blink, underline.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem" (Alphanumeric Modes, Character Map
 * Select Register, Cursor Start and End, Underline Location, Attribute Mode Control); FreeVGA, "Text mode", "Text cursor".
 */
import type { TextScreen } from '../../screen/frame.js';
import { sixteenColours } from './colours.js';
import type { Changed } from './picture.js';
import { planesAt } from './planes.js';
import {
  attribute,
  attributeMode,
  crtc,
  cursorEnd,
  cursorStart,
  maximumScanLine,
  memoryMode,
  sequencer,
  underlineLocation,
} from './registers.js';
import {
  columnsToPaint,
  countShift,
  type Geometry,
  paintLines,
  planeAddress,
  type ScanLine,
  scanLines,
} from './scan.js';
import type { VgaState } from './state.js';
import { blinkingShows, cursorShows } from './timing.js';

/** Bytes that a character takes in a character map, whatever its height. */
const bytesPerCharacter = 32;

const planeOf = { characters: 0, attributes: 1, maps: 2 } as const;

/** The characters whose eighth dot continues into the ninth, so that lines join. */
const lineGraphics = { first: 0xc0, last: 0xdf } as const;

interface Cursor {
  /** The memory address counter at which it stands, and how many characters later it is drawn. */
  readonly counter: number;
  readonly skew: number;
  readonly firstRow: number;
  readonly lastRow: number;
}

/** Where plane 2 holds a character map, 0 to 7: 16 KiB apart, the last four half way between. */
const mapOffset = (map: number): number => ((map & 3) << 14) | ((map & 4) << 11);

/** The offsets of character maps B (attribute bit 3 clear) and A (set). */
function characterMaps(state: VgaState): readonly [number, number] {
  if (!memoryMode.extendedMemory.decode(state.sequencer[sequencer.memoryMode]!)) return [0, 0];
  const select = state.sequencer[sequencer.characterMapSelect]!;
  const mapA = ((select >> 2) & 3) | ((select >> 3) & 4);
  const mapB = (select & 3) | ((select >> 2) & 4);
  return [mapOffset(mapB), mapOffset(mapA)];
}

/** The cursor, unless it is off or its rows are none. */
function cursorOf(state: VgaState): Cursor | undefined {
  const start = state.crtc[crtc.cursorStart]!;
  const end = state.crtc[crtc.cursorEnd]!;
  const firstRow = cursorStart.rowScan.decode(start);
  const lastRow = cursorEnd.rowScan.decode(end);
  const height = maximumScanLine.rowScan.decode(state.crtc[crtc.maximumScanLine]!) + 1;
  if (cursorStart.disabled.decode(start) || firstRow > lastRow || firstRow >= height) return undefined;
  const counter = (state.crtc[crtc.cursorLocationHigh]! << 8) | state.crtc[crtc.cursorLocationLow]!;
  return { counter, skew: cursorEnd.skew.decode(end), firstRow, lastRow };
}

/** Everything that a line of text is drawn with; constant during a frame. */
interface Painter {
  readonly memory: Uint8Array;
  readonly geometry: Geometry;
  readonly colours: Uint32Array;
  readonly maps: readonly [number, number];
  readonly cursor: Cursor | undefined;
  readonly cursorShows: boolean;
  readonly blinkingShows: boolean;
  readonly blink: boolean;
  readonly joinsLines: boolean;
  readonly underlineRow: number;
  readonly shift: number;
  readonly address: (counter: number, rowScan: number) => number;
}

function painterOf(state: VgaState, memory: Uint8Array, geometry: Geometry): Painter {
  const mode = state.attribute[attribute.modeControl]!;
  return {
    memory,
    geometry,
    colours: sixteenColours(state),
    maps: characterMaps(state),
    cursor: cursorOf(state),
    cursorShows: cursorShows(state),
    blinkingShows: blinkingShows(state),
    blink: attributeMode.blink.decode(mode),
    joinsLines: attributeMode.lineGraphics.decode(mode),
    underlineRow: underlineLocation.rowScan.decode(state.crtc[crtc.underlineLocation]!),
    shift: countShift(state),
    address: planeAddress(state),
  };
}

/** The dots of a character's row, the leftmost in the highest of `dots` bits. */
function characterDots(painter: Painter, code: number, attributes: number, rowScan: number): number {
  const map = painter.maps[(attributes >> 3) & 1]!;
  const row = painter.memory[planesAt((map + code * bytesPerCharacter + rowScan) & 0xffff) + planeOf.maps]!;
  if (painter.geometry.dots === 8) return row;
  const joins = painter.joinsLines && code >= lineGraphics.first && code <= lineGraphics.last;
  return (row << 1) | (joins ? row & 1 : 0);
}

/** Draws one scan line, panned-out dots included, from the start of `row`. */
function paintLine(painter: Painter, row: Uint32Array, scan: ScanLine): void {
  const { memory, geometry, colours, cursor, blink, shift } = painter;
  const { dots, dotWidth } = geometry;
  const allDots = (1 << dots) - 1;
  const cursorRow =
    cursor !== undefined && painter.cursorShows && scan.rowScan >= cursor.firstRow && scan.rowScan <= cursor.lastRow;
  const cursorCounter = cursorRow ? cursor.counter : -1;
  const skew = (cursor?.skew ?? 0) << shift;
  const underlined = scan.rowScan === painter.underlineRow;
  const columns = columnsToPaint(geometry, scan);
  let at = 0;
  for (let column = 0; column < columns; column++) {
    const cell = planesAt(painter.address((scan.address + (column >> shift)) & 0xffff, scan.rowScan));
    const attributes = memory[cell + planeOf.attributes]!;
    let pattern = characterDots(painter, memory[cell + planeOf.characters]!, attributes, scan.rowScan);
    if (underlined && (attributes & 0x07) === 1) pattern = allDots;
    if (blink && (attributes & 0x80) !== 0 && !painter.blinkingShows) pattern = 0;
    if (column >= skew && ((scan.address + ((column - skew) >> shift)) & 0xffff) === cursorCounter) pattern = allDots;
    const foreground = colours[attributes & 0x0f]!;
    const background = colours[blink ? (attributes >> 4) & 7 : attributes >> 4]!;
    for (let dot = dots - 1; dot >= 0; dot--) {
      const pixel = ((pattern >> dot) & 1) === 0 ? background : foreground;
      row[at++] = pixel;
      if (dotWidth === 2) row[at++] = pixel;
    }
  }
}

/** Draws a text mode's frame into `output`. */
export function paintText(
  state: VgaState,
  memory: Uint8Array,
  geometry: Geometry,
  output: Uint32Array,
  changed?: Changed,
): void {
  const painter = painterOf(state, memory, geometry);
  paintLines(state, geometry, output, (row, scan) => paintLine(painter, row, scan), changed);
}

/** A text mode's cells: the characters of every row that shows at least one line. */
export function textOf(state: VgaState, memory: Uint8Array, geometry: Geometry): TextScreen {
  const rowAddresses: number[] = [];
  scanLines(state, (scan) => {
    if (scan.startsRow) rowAddresses.push(scan.address);
  });
  const { columns } = geometry;
  const shift = countShift(state);
  const addressOf = planeAddress(state);
  const cursor = cursorOf(state);
  const skew = (cursor?.skew ?? 0) << shift;
  const rows = rowAddresses.length;
  const characters = new Uint8Array(columns * rows);
  const attributes = new Uint8Array(columns * rows);
  let cursorCell: TextScreen['cursor'];
  rowAddresses.forEach((start, row) => {
    for (let column = 0; column < columns; column++) {
      const counter = (start + (column >> shift)) & 0xffff;
      const cell = planesAt(addressOf(counter, 0));
      characters[row * columns + column] = memory[cell + planeOf.characters]!;
      attributes[row * columns + column] = memory[cell + planeOf.attributes]!;
      if (counter === cursor?.counter && column + skew < columns) cursorCell ??= { column: column + skew, row };
    }
  });
  return { columns, rows, characters, attributes, ...(cursorCell === undefined ? {} : { cursor: cursorCell }) };
}
