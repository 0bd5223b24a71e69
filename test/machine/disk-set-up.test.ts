import { describe, expect, test } from 'vitest';
import { diskBytes } from '../../src/machine/disk-set-up.js';

/** A disk whose partition table has one entry: where it ends, as cylinder, head, sector, and the sector behind it. */
function disk(sectors: number, ends?: readonly [number, number, number], end = 0) {
  return {
    medium: {
      sectors,
      writable: true,
      read(_: number, into: Uint8Array) {
        into.fill(0);
        if (ends === undefined) return;
        const [cylinder, head, sector] = ends;
        into.set([0x55, 0xaa], 510);
        into.set([0x80, 1, 1, 0, 6, head, sector | ((cylinder >> 2) & 0xc0), cylinder & 0xff], 446);
        new DataView(into.buffer).setUint32(446 + 8, 63, true);
        new DataView(into.buffer).setUint32(446 + 12, end - 63, true);
      },
      write: () => {},
    },
  };
}
const small = 60 * 16 * 63;
const large = 8322 * 16 * 63;
const translation = (...disks: Parameters<typeof diskBytes>[0]): number => diskBytes(disks).get(0x39)!;

describe("the clock's memory", () => {
  test('describes disks of a type that the user defined', () => {
    const bytes = diskBytes([undefined, disk(small)]);
    expect([0x12, 0x19, 0x1a].map((at) => bytes.get(at))).toEqual([0x0f, undefined, 47]);
    const described = [60, 0, 16, 0xff, 0xff, 0xc8, 60, 0, 63];
    expect(described.map((_, index) => bytes.get(0x24 + index))).toEqual(described);
    expect(bytes.get(0x1b)).toBeUndefined();
  });

  test('has the geometry that the maker gave', () => {
    const geometry = { cylinders: 480, heads: 4, sectorsPerTrack: 32 };
    const bytes = diskBytes([{ ...disk(small + 960), geometry }]);
    expect([0x1b, 0x1c, 0x1d, 0x20, 0x23].map((at) => bytes.get(at))).toEqual([0xe0, 1, 4, 0xc0, 32]);
  });

  test('translates a disk of more than 1024 cylinders, wherever it is', () => {
    expect(translation(disk(small), disk(large), undefined, disk(large))).toBe(0x44);
  });

  test('leaves a disk alone that is partitioned by its own geometry, however large', () => {
    expect(translation(disk(large, [7, 15, 63], 8 * 16 * 63))).toBe(0);
    expect(translation(disk(large, [1023, 15, 63], 8000 * 16 * 63))).toBe(0);
  });

  test('translates a disk that is partitioned by more heads', () => {
    expect(translation(disk(small, [0, 127, 63], 128 * 63))).toBe(2);
    expect(translation(disk(large, [0, 127, 63], 128 * 63))).toBe(1);
  });

  test('does not believe a table whose partition ends inside a cylinder', () => {
    expect(translation(disk(large, [7, 15, 63], 8 * 16 * 63 - 1))).toBe(1);
    expect(translation(disk(large, [7, 12, 5], 4096))).toBe(1);
  });
});
