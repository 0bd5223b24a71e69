// Writes the firmware's bytes as a TypeScript module: `node write-image.mjs firmware.bin image.ts`.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const [, , romFile, imageFile] = process.argv;
const rom = readFileSync(romFile);
const digest = createHash('sha256').update(rom).digest('hex');

/** Runs of at least this many bytes of FFh are left out. */
const blankMin = 64;

/** The pieces between blank runs, as offset and base64. */
const pieces = [];
let start = 0;
while (start < rom.length) {
  while (start < rom.length && rom[start] === 0xff) start++;
  let end = start;
  for (let blank = 0; end < rom.length && blank < blankMin; end++) blank = rom[end] === 0xff ? blank + 1 : 0;
  const piece = rom.subarray(start, end);
  if (piece.length > 0) pieces.push([start, piece.toString('base64').replace(/=+$/, '')]);
  start = end;
}

writeFileSync(
  imageFile,
  `/**
 * The firmware's ROM, written by build/build.sh from the sources in bios/, setup/ and font/. Do not edit: change those and build.
 */

/** Bytes of the ROM, which ends at 4 GiB; its last half fills F0000h to FFFFFh too. */
const sizeBytes = 0x${rom.length.toString(16)};

/** SHA-256 of all ${rom.length} bytes, as lower-case hexadecimal digits. */
export const biosSha256 = '${digest}';

/** Everything but long runs of FFh: where it begins, and its bytes as base64. */
// prettier-ignore
const pieces: readonly (readonly [offset: number, base64: string])[] = [
${pieces.map(([offset, base64]) => `  [0x${offset.toString(16)}, '${base64}'],`).join('\n')}
];

function decode(rom: Uint8Array, offset: number, base64: string): void {
  const text = atob(base64);
  for (let at = 0; at < text.length; at++) rom[offset + at] = text.charCodeAt(at);
}

/** A fresh copy of the ROM: ${rom.length.toLocaleString('en')} bytes, the last 16 of them holding the reset vector. */
export function biosImage(): Uint8Array {
  const rom = new Uint8Array(sizeBytes).fill(0xff);
  for (const [offset, base64] of pieces) decode(rom, offset, base64);
  return rom;
}
`,
);
