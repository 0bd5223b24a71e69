// Writes the firmware's bytes as a TypeScript module: `node write-image.mjs firmware.bin image.ts`.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const [, , romFile, imageFile] = process.argv;
const rom = readFileSync(romFile);
const digest = createHash('sha256').update(rom).digest('hex');

// The space between the end of code and the fixed entry points is left out: it is all FFh.
const start = rom.findIndex((byte, index) => index > 0 && byte !== 0xff);
const used = rom.subarray(start);

writeFileSync(
  imageFile,
  `/**
 * The firmware's ROM, written by build/build.sh from the sources in bios/ and font/. Do not edit: change those and build.
 */

/** Bytes of the ROM, which fills F0000h to FFFFFh and its alias below 4 GiB. */
const sizeBytes = 0x10000;

/** The first byte that is not FFh. */
const startOffset = 0x${start.toString(16)};

/** SHA-256 of all ${rom.length} bytes, as lower-case hexadecimal digits. */
export const biosSha256 = '${digest}';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

// prettier-ignore
const base64 = '${used.toString('base64').replace(/=+$/, '')}';

/** A fresh copy of the ROM: 65,536 bytes, the last 16 of them holding the reset vector. */
export function biosImage(): Uint8Array {
  const rom = new Uint8Array(sizeBytes).fill(0xff);
  let to = startOffset;
  let bits = 0;
  let held = 0;
  for (const letter of base64) {
    bits = (bits << 6) | alphabet.indexOf(letter);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    rom[to++] = (bits >> held) & 0xff;
    bits &= (1 << held) - 1;
  }
  return rom;
}
`,
);
