// Writes the firmware's bytes as TypeScript modules: `node write-image.mjs firmware.bin hot-plug.bin FOLDER` writes FOLDER/image.ts,
// and FOLDER/hot-plug-image.ts with the lower half that takes the place of the other's.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , romFile, hotPlugFile, folder] = process.argv;
const rom = readFileSync(romFile);
const lowerHalf = readFileSync(hotPlugFile);
const sha256Of = (bytes) => createHash('sha256').update(bytes).digest('hex');
const withHotPlug = Buffer.concat([lowerHalf, rom.subarray(lowerHalf.length)]);

/** Runs of at least this many bytes of FFh are left out, as are such that are as in the other image. */
const blankMin = 64;

/** The pieces that are not blank, as offset and base64; `isBlank` tells whether the byte at an offset need not be kept. */
function piecesOf(bytes, isBlank) {
  const pieces = [];
  let start = 0;
  while (start < bytes.length) {
    while (start < bytes.length && isBlank(start)) start++;
    let end = start;
    for (let blank = 0; end < bytes.length && blank < blankMin; end++) blank = isBlank(end) ? blank + 1 : 0;
    const piece = bytes.subarray(start, end);
    if (piece.length > 0) pieces.push([start, piece.toString('base64').replace(/=+$/, '')]);
    start = end;
  }
  return pieces;
}

const listed = (pieces) => pieces.map(([offset, base64]) => `  [0x${offset.toString(16)}, '${base64}'],`).join('\n');
const heading = (what) => `/**
 * ${what}, written by build/build.sh from the sources in bios/, setup/ and font/. Do not edit: change those and build.
 */
`;

writeFileSync(
  join(folder, 'image.ts'),
  `${heading("The firmware's ROM")}import { decodePieces, type Pieces } from './pieces.js';

/** Bytes of the ROM, which ends at 4 GiB; its last half fills F0000h to FFFFFh too. */
const sizeBytes = 0x${rom.length.toString(16)};

/** SHA-256 of all ${rom.length} bytes, as lower-case hexadecimal digits. */
export const biosSha256 = '${sha256Of(rom)}';

/** Everything but long runs of FFh: where it begins, and its bytes as base64. */
// prettier-ignore
const pieces: Pieces = [
${listed(piecesOf(rom, (at) => rom[at] === 0xff))}
];

/** A fresh copy of the ROM: ${rom.length.toLocaleString('en')} bytes, the last 16 of them holding the reset vector. */
export const biosImage = (): Uint8Array => decodePieces(new Uint8Array(sizeBytes).fill(0xff), pieces);
`,
);

writeFileSync(
  join(folder, 'hot-plug-image.ts'),
  `${heading("The ROM of a board with PCI hot plug, as what differs from the other board's")}
import { biosImage } from './image.js';
import { decodePieces, type Pieces } from './pieces.js';

/** SHA-256 of all its bytes, as lower-case hexadecimal digits. */
export const hotPlugBiosSha256 = '${sha256Of(withHotPlug)}';

/** Where it differs, and its bytes there as base64. */
// prettier-ignore
const pieces: Pieces = [
${listed(piecesOf(withHotPlug, (at) => withHotPlug[at] === rom[at]))}
];

/** A fresh copy of that ROM. */
export const hotPlugBiosImage = (): Uint8Array => decodePieces(biosImage(), pieces);
`,
);
