/**
 * What the monitor says of itself: a 128-byte EDID block.
 *
 * Source: VESA Enhanced Extended Display Identification Data Standard, Release A, revision 2 (EDID structure 1.4); timings:
 * VESA Display Monitor Timing Standard 1.0 revision 11.
 */

const preferred = {
  clockKilohertz: 65_000,
  width: 1024,
  height: 768,
  horizontal: { blanking: 320, frontPorch: 24, sync: 136 },
  vertical: { blanking: 38, frontPorch: 3, sync: 6 },
  millimetres: { width: 260, height: 195 },
} as const;

/** Established timings I and II: 720x400, 640x480, 800x600 and 1024x768 at 60 Hz (and 70 Hz for the text one). */
const establishedTimings = [0xa1, 0x08, 0x00] as const;

/** Standard timings at 60 Hz: width, and 0 to 3 for 16:10, 4:3, 5:4 and 16:9. */
const standardTimings = [
  [1280, 2],
  [1280, 0],
  [1280, 1],
  [1440, 0],
  [1600, 1],
  [1680, 0],
  [1920, 3],
  [1920, 0],
] as const;

/** Three letters of five bits, A is 1. */
function manufacturer(letters: string): readonly [number, number] {
  const [first, second, third] = [...letters].map((letter) => letter.charCodeAt(0) - 64);
  const packed = (first! << 10) | (second! << 5) | third!;
  return [packed >> 8, packed & 0xff];
}

function detailedTiming(): number[] {
  const { clockKilohertz, width, height, horizontal, vertical, millimetres } = preferred;
  const clock = clockKilohertz / 10;
  return [
    clock & 0xff,
    clock >> 8,
    width & 0xff,
    horizontal.blanking & 0xff,
    ((width >> 8) << 4) | (horizontal.blanking >> 8),
    height & 0xff,
    vertical.blanking & 0xff,
    ((height >> 8) << 4) | (vertical.blanking >> 8),
    horizontal.frontPorch & 0xff,
    horizontal.sync & 0xff,
    ((vertical.frontPorch & 0x0f) << 4) | (vertical.sync & 0x0f),
    0,
    millimetres.width & 0xff,
    millimetres.height & 0xff,
    ((millimetres.width >> 8) << 4) | (millimetres.height >> 8),
    0,
    0,
    0x18, // Digital separate synchronisation.
  ];
}

/** A display descriptor: its tag and up to 13 bytes; text ends with a line feed and blanks. */
function descriptor(tag: number, content: string | readonly number[]): number[] {
  const bytes = typeof content === 'string' ? [...`${content}\n`].map((letter) => letter.charCodeAt(0)) : [...content];
  return [0, 0, 0, tag, 0, ...bytes, ...new Array<number>(13 - bytes.length).fill(0x20)];
}

function block(): Uint8Array {
  const bytes = [
    ...[0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00],
    ...manufacturer('TSV'),
    ...[0x01, 0x00, 0, 0, 0, 0], // Product 1, no serial number.
    ...[1, 30, 1, 4], // First week of 2020; EDID 1.4.
    ...[0xa5, 26, 20, 0x78, 0x06], // Digital, 8 bits a colour; 26 by 20 cm; gamma 2.2; sRGB, preferred timing first.
    ...[0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54], // The chromaticities of sRGB.
    ...establishedTimings,
    ...standardTimings.flatMap(([width, aspect]) => [width / 8 - 31, aspect << 6]),
    ...detailedTiming(),
    ...descriptor(0xfd, [50, 76, 30, 90, 18, 0x00, 0x0a]), // 50 to 76 Hz, 30 to 90 kHz, 180 MHz.
    ...descriptor(0xfc, 'tsvm-test'),
    ...descriptor(0x10, []),
    0, // No extensions.
  ];
  const sum = bytes.reduce((total, value) => total + value, 0);
  return Uint8Array.from([...bytes, -sum & 0xff]);
}

/** The block, with its checksum. */
export const edid = block();
