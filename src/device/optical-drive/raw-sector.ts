/** A CD-ROM sector of mode 1 as it is on the disc (ECMA-130 clauses 14 and 23, annex A): 2352 bytes round 2048 of data. */
const place = { header: 12, data: 16, edc: 2064, gap: 2068, parityP: 2076, parityQ: 2248 } as const;
const dataBytes = 2048;
const framesPerSecond = 75;
const secondsPerMinute = 60;
/** Frames between the start of the program area and logical block 0. */
export const leadFrames = 150;

/** Minute, second and frame of a logical block. */
export function minuteSecondFrame(block: number): [number, number, number] {
  const frames = block + leadFrames;
  const seconds = Math.floor(frames / framesPerSecond);
  return [Math.floor(seconds / secondsPerMinute) & 0xff, seconds % secondsPerMinute, frames % framesPerSecond];
}

/** The logical block of a minute, second and frame. */
export const blockOf = (minute: number, second: number, frame: number): number =>
  (minute * secondsPerMinute + second) * framesPerSecond + frame - leadFrames;

const binaryCoded = (value: number): number => (Math.floor(value / 10) << 4) | (value % 10);

/** The error detection code: a CRC of 32 bits over (x^16 + x^15 + x^2 + 1)(x^16 + x^2 + x + 1), lowest bit first. */
const edcPolynomial = 0xd8018001;
const edcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? edcPolynomial : 0);
  return value;
});

/** Multiplication by x in the field of 256 elements over x^8 + x^4 + x^3 + x^2 + 1, and division by x + 1. */
const fieldPolynomial = 0x11d;
const timesX = Uint8Array.from({ length: 256 }, (_, value) => (value << 1) ^ (value & 0x80 ? fieldPolynomial : 0));
const overXPlusOne = new Uint8Array(256);
timesX.forEach((doubled, value) => (overXPlusOne[value ^ doubled] = value));

/** Two parity bytes for each of `vectors` vectors, which walk through the header and what follows in steps. */
function parity(
  sector: Uint8Array,
  into: number,
  shape: { readonly vectors: number; readonly length: number; readonly start: number; readonly step: number },
): void {
  const source = sector.subarray(place.header);
  const size = shape.vectors * shape.length;
  for (let vector = 0; vector < shape.vectors; vector++) {
    let at = (vector >> 1) * shape.start + (vector & 1);
    let [weighted, plain] = [0, 0];
    for (let index = 0; index < shape.length; index++) {
      weighted = timesX[weighted ^ source[at]!]!;
      plain ^= source[at]!;
      at = (at + shape.step) % size;
    }
    const first = overXPlusOne[timesX[weighted]! ^ plain]!;
    sector[into + vector] = first;
    sector[into + shape.vectors + vector] = first ^ plain;
  }
}

/** Makes the raw sector of `block` round `data`. */
export function rawSector(block: number, data: Uint8Array): Uint8Array {
  const sector = new Uint8Array(2352);
  sector.fill(0xff, 1, 11);
  sector.set([...minuteSecondFrame(block).map(binaryCoded), 1], place.header);
  sector.set(data.subarray(0, dataBytes), place.data);
  let code = 0;
  for (let at = 0; at < place.edc; at++) code = (code >>> 8) ^ edcTable[(code ^ sector[at]!) & 0xff]!;
  new DataView(sector.buffer).setUint32(place.edc, code, true);
  parity(sector, place.parityP, { vectors: 86, length: 24, start: 2, step: 86 });
  parity(sector, place.parityQ, { vectors: 52, length: 43, start: 86, step: 88 });
  return sector;
}

/** Which parts of a raw sector the flag byte of READ CD asks for, in order, as ranges of it. */
export function selectedParts(flags: number): readonly (readonly [from: number, to: number])[] {
  const parts: [number, number][] = [];
  if (flags & 0x80) parts.push([0, place.header]);
  if (flags & 0x20) parts.push([place.header, place.data]);
  if (flags & 0x10) parts.push([place.data, place.edc]);
  if (flags & 0x08) parts.push([place.edc, 2352]);
  return parts;
}
