/** The x87 unit of a test's processor, as FXSAVE would show it. */
import { regions } from '../../../src/cpu/layout.js';
import { makeFastImage } from '../../../src/cpu/system/coprocessor.js';
import type { World } from '../world.js';

/** Status bits. */
export const status = {
  IE: 1,
  DE: 2,
  ZE: 4,
  OE: 8,
  UE: 0x10,
  PE: 0x20,
  SF: 0x40,
  ES: 0x80,
  C1: 0x200,
  B: 0x8000,
} as const;

/** What the unit shows of itself. */
export interface UnitView {
  readonly control: number;
  /** The status word without TOP. */
  readonly status: number;
  readonly top: number;
  /** One bit a physical register that holds something. */
  readonly filled: number;
  /** Registers from ST(0) on: sign, exponent and significand as one number. */
  readonly stack: readonly bigint[];
}

export function unitOf(world: World): UnitView {
  makeFastImage(world.core, regions.block);
  const image = new DataView(world.core.u8.slice(regions.block, regions.block + 512).buffer);
  const word = image.getUint16(2, true);
  return {
    control: image.getUint16(0, true),
    status: word & ~0x3800,
    top: (word >> 11) & 7,
    filled: image.getUint8(4),
    stack: Array.from(
      { length: 8 },
      (_, index) =>
        (BigInt(image.getUint16(32 + index * 16 + 8, true)) << 64n) | image.getBigUint64(32 + index * 16, true),
    ),
  };
}

/** A small integer, or the default NaN, as a register holds it. */
export function encoded(value: number): bigint {
  if (Number.isNaN(value)) return (0xffffn << 64n) | 0xc000_0000_0000_0000n;
  if (value === 0) return 0n;
  const magnitude = BigInt(Math.abs(value));
  const bits = BigInt(magnitude.toString(2).length);
  const sign = value < 0 ? 0x8000n : 0n;
  return ((sign | (0x3fffn + bits - 1n)) << 64n) | (magnitude << (64n - bits));
}
