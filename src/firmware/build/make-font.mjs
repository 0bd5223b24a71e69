/**
 * Turns the font drawings of src/firmware/font into raw character generator tables: 256 glyphs, one byte a row,
 * the leftmost dot in bit 7. Usage: node make-font.mjs FOLDER
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const drawings = fileURLToPath(new URL('../font/', import.meta.url));

/** Arms of the line glyphs from B3h on, each 0 (none), 1 (single) or 2 (double): up, down, left, right. */
// prettier-ignore
const lineArms = {
  0xb3: [1, 1, 0, 0], 0xb4: [1, 1, 1, 0], 0xb5: [1, 1, 2, 0], 0xb6: [2, 2, 1, 0], 0xb7: [0, 2, 1, 0],
  0xb8: [0, 1, 2, 0], 0xb9: [2, 2, 2, 0], 0xba: [2, 2, 0, 0], 0xbb: [0, 2, 2, 0], 0xbc: [2, 0, 2, 0],
  0xbd: [2, 0, 1, 0], 0xbe: [1, 0, 2, 0], 0xbf: [0, 1, 1, 0], 0xc0: [1, 0, 0, 1], 0xc1: [1, 0, 1, 1],
  0xc2: [0, 1, 1, 1], 0xc3: [1, 1, 0, 1], 0xc4: [0, 0, 1, 1], 0xc5: [1, 1, 1, 1], 0xc6: [1, 1, 0, 2],
  0xc7: [2, 2, 0, 1], 0xc8: [2, 0, 0, 2], 0xc9: [0, 2, 0, 2], 0xca: [2, 0, 2, 2], 0xcb: [0, 2, 2, 2],
  0xcc: [2, 2, 0, 2], 0xcd: [0, 0, 2, 2], 0xce: [2, 2, 2, 2], 0xcf: [1, 0, 2, 2], 0xd0: [2, 0, 1, 1],
  0xd1: [0, 1, 2, 2], 0xd2: [0, 2, 1, 1], 0xd3: [2, 0, 0, 1], 0xd4: [1, 0, 0, 2], 0xd5: [0, 1, 0, 2],
  0xd6: [0, 2, 0, 1], 0xd7: [2, 2, 1, 1], 0xd8: [1, 1, 2, 2], 0xd9: [1, 0, 1, 0], 0xda: [0, 1, 0, 1],
};

/** Columns of a single stroke and of the two strokes of a double one; the strokes of single and double share a centre. */
const strokeColumns = { single: [3, 4], left: [2], right: [5] };

/** Sets the dots of columns `left` to `right` in rows `top` to `bottom`, all inclusive. */
function fill(rows, left, right, top, bottom) {
  for (let row = top; row <= bottom; row++)
    for (let column = left; column <= right; column++) rows[row] |= 0x80 >> column;
}

/** One line glyph: arms from the edges to the middle, the inner corners of double lines left open. */
function lineGlyph([up, down, left, right], height) {
  const rows = new Uint8Array(height);
  const middle = (height >> 1) - 1;
  const vertical = Math.max(up, down);
  const horizontal = Math.max(left, right);
  const columns = vertical === 2 ? [strokeColumns.left[0], strokeColumns.right[0]] : strokeColumns.single;
  const lines = horizontal === 2 ? [middle - 1, middle + 1] : [middle, middle];
  // An outer stroke runs to the far stroke of the crossing line; an inner one stops at the near stroke.
  const closed = { left: left === 0, right: right === 0, up: up === 0, down: down === 0 };
  for (const [column, side] of [
    [columns[0], 'left'],
    [columns[1], 'right'],
  ]) {
    const outer = vertical === 1 || closed[side];
    if (up > 0) fill(rows, column, column, 0, down === 0 && outer ? lines[1] : outer ? middle : lines[0]);
    if (down > 0) fill(rows, column, column, up === 0 && outer ? lines[0] : outer ? middle : lines[1], height - 1);
  }
  for (const [line, side] of [
    [lines[0], 'up'],
    [lines[1], 'down'],
  ]) {
    const outer = horizontal === 1 || closed[side];
    if (left > 0) fill(rows, 0, right === 0 && outer ? columns[1] : outer ? 3 : columns[0], line, line);
    if (right > 0) fill(rows, left === 0 && outer ? columns[0] : outer ? 3 : columns[1], 7, line, line);
  }
  return rows;
}

/** Shades, and blocks that halve the cell; undefined for another code. */
function blockGlyph(code, height) {
  const half = height >> 1;
  const shades = { 0xb0: [0x22, 0x88], 0xb1: [0x55, 0xaa], 0xb2: [0xdd, 0x77] };
  const blocks = {
    0xdb: [0, 7, 0, height - 1],
    0xdc: [0, 7, half, height - 1],
    0xdd: [0, 3, 0, height - 1],
    0xde: [4, 7, 0, height - 1],
    0xdf: [0, 7, 0, half - 1],
  };
  if (shades[code]) return Uint8Array.from({ length: height }, (_, row) => shades[code][row & 1]);
  if (!blocks[code]) return undefined;
  const rows = new Uint8Array(height);
  fill(rows, ...blocks[code]);
  return rows;
}

const mirrored = (rows, width) =>
  rows.map((row) => {
    let result = 0;
    for (let column = 0; column < width; column++) if (row & (0x80 >> column)) result |= 0x80 >> (width - 1 - column);
    return result;
  });

function flipped(rows) {
  const first = rows.findIndex((row) => row !== 0);
  const last = rows.findLastIndex((row) => row !== 0);
  return rows.map((row, at) => (at < first || at > last ? row : rows[first + last - at]));
}

const operations = {
  mirror: (rows) => mirrored(rows, 7),
  mirror8: (rows) => mirrored(rows, 8),
  flip: flipped,
  turn: (rows) => flipped(mirrored(rows, 7)),
  invert: (rows) => rows.map((row) => row ^ 0xff),
};

/** The glyphs and marks of one drawing file, by name; throws an error naming file and line for one it cannot read. */
function readDrawing(name, height) {
  const found = new Map();
  const text = readFileSync(join(drawings, name), 'utf8');
  let current;
  let row = 0;
  for (const [index, full] of text.split('\n').entries()) {
    const line = full.replace(/;.*/, '').trim();
    const fail = (problem) => new Error(`${name}:${index + 1}: ${problem}`);
    const get = (part) => {
      const rows = found.get(part);
      if (!rows) throw fail(`${part} is not drawn yet`);
      return rows;
    };
    const drawn = /^(?:glyph|mark) (\w+) at (\d+)$/.exec(line);
    const derived = /^glyph (\w+) = (?:(\w+) )??(\w+)(?: \+ (\w+))?$/.exec(line);
    if (line === '') continue;
    if (drawn) {
      current = new Uint8Array(height);
      row = Number(drawn[2]);
      if (found.has(drawn[1])) throw fail(`${drawn[1]} is drawn twice`);
      found.set(drawn[1], current);
    } else if (derived) {
      const [, target, operation, part, mark] = derived;
      const base = operation ? operations[operation](get(part)) : get(part);
      if (found.has(target)) throw fail(`${target} is drawn twice`);
      found.set(target, mark ? base.map((bits, at) => bits | get(mark)[at]) : base);
    } else if (/^[.#]{1,8}$/.test(line) && current && row < height) {
      current[row++] = parseInt(line.padEnd(8, '.').replaceAll('.', '0').replaceAll('#', '1'), 2);
    } else throw fail('not a line of a drawing');
  }
  return found;
}

/** The 256 glyphs of one height, in code order. `cut` gives the drawing for a code that has no shape made by rule. */
function fontTable(height, cut) {
  const table = new Uint8Array(256 * height);
  for (let code = 0; code < 256; code++) {
    const name = code.toString(16).padStart(2, '0');
    const rows = blockGlyph(code, height) ?? (lineArms[code] ? lineGlyph(lineArms[code], height) : cut(name));
    if (!rows) throw new Error(`8x${height}: glyph ${name} is not drawn`);
    table.set(rows, code * height);
  }
  return table;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node make-font.mjs FOLDER');
  process.exit(2);
}
const large = readDrawing('8x16.txt', 16);
const small = readDrawing('8x8.txt', 8);
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, 'font8x16.bin'),
  fontTable(16, (name) => large.get(name)),
);
writeFileSync(
  join(folder, 'font8x14.bin'),
  fontTable(14, (name) => large.get(name)?.subarray(1, 15)),
);
writeFileSync(
  join(folder, 'font8x8.bin'),
  fontTable(8, (name) => small.get(name)),
);
