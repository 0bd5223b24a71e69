/** The x87 and vector state of native vectors: an FXSAVE image before the instruction, and the parts that changed. */
import type { Comparison } from './compare.js';

/** Changed parts after an instruction, in hexadecimal: words, `r0` to `r7` by physical number, `x0` to `x7`. */
export type ExtendedChanges = Readonly<Record<string, string>>;

const imageBytes = 512;
const at = { control: 0, status: 2, tags: 4, mxcsr: 24, x87: 32, xmm: 160 } as const;
const words = { cw: [at.control, 2], sw: [at.status, 2], tw: [at.tags, 1], mxcsr: [at.mxcsr, 4] } as const;

const littleEndian = (image: Uint8Array, place: number, bytes: number): number => {
  let value = 0;
  for (let index = bytes - 1; index >= 0; index--) value = value * 256 + image[place + index]!;
  return value;
};

/** The image that a case begins with; vectors leave out registers that are not in use. */
export function imageOf(text: string): Uint8Array {
  const image = new Uint8Array(imageBytes);
  image.set(Buffer.from(text, 'hex'));
  return image;
}

/** Where a register lies in an image: x87 registers are named by physical number, and lie from TOP on. */
function placeOf(name: string, image: Uint8Array): number {
  const number = Number(name.slice(1));
  if (name.startsWith('x')) return at.xmm + 16 * number;
  const top = (littleEndian(image, at.status, 2) >> 11) & 7;
  return at.x87 + 16 * ((number - top) & 7);
}

const registerBytes = (name: string): number => (name.startsWith('x') ? 16 : 10);
const valueAt = (name: string, image: Uint8Array): string => {
  const place = placeOf(name, image);
  return Buffer.from(image.subarray(place, place + registerBytes(name))).toString('hex');
};

/** Compares all that the vectors hold. */
export function compareExtended(
  comparison: Comparison,
  before: Uint8Array,
  changes: ExtendedChanges,
  actual: Uint8Array,
  hasVectors: boolean,
): void {
  for (const [name, [place, bytes]] of Object.entries(words)) {
    if (name === 'mxcsr' && !hasVectors) continue;
    const changed = changes[name];
    const expected = changed === undefined ? littleEndian(before, place, bytes) : parseInt(changed, 16);
    comparison.value(name, expected, littleEndian(actual, place, bytes));
  }
  for (const bank of hasVectors ? ['r', 'x'] : ['r']) {
    for (let number = 0; number < 8; number++) {
      const name = `${bank}${number}`;
      comparison.text(name, changes[name] ?? valueAt(name, before), valueAt(name, actual));
    }
  }
}
