import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../../src/base/errors.js';
import { isQcow2, openQcow2 } from '../../../src/device/disk/qcow2.js';
import { type BlockSource, sourceOf } from '../../../src/device/disk/source.js';

const clusterBits = 9;
const clusterBytes = 2 ** clusterBits;
/** 64 entries a table. */
const clusters = 100;

type Cluster = 'absent' | 'zero' | { readonly plain: number } | { readonly compressed: number };

/** The content of a cluster made of one byte. */
const filled = (byte: number): Uint8Array =>
  Uint8Array.from({ length: clusterBytes }, (_, at) => (byte + (at & 3)) & 0xff);

/** An image whose clusters are as listed; the rest is absent. */
function image(
  content: Readonly<Record<number, Cluster>>,
  options: { version?: 2 | 3; backing?: string } = {},
): Uint8Array {
  const { version = 3, backing } = options;
  const file = new Uint8Array(600 * clusterBytes);
  const view = new DataView(file.buffer);
  let end = 8;
  const take = (): number => end++ * clusterBytes;
  view.setUint32(0, 0x514649fb);
  view.setUint32(4, version);
  view.setUint32(20, clusterBits);
  view.setBigUint64(24, BigInt(clusters * clusterBytes));
  view.setUint32(36, 2);
  view.setBigUint64(40, BigInt(clusterBytes));
  if (version === 3) view.setUint32(100, 104);
  if (backing !== undefined) {
    view.setBigUint64(8, 200n);
    view.setUint32(16, backing.length);
    file.set(new TextEncoder().encode(backing), 200);
  }
  const tables = [take(), take()];
  tables.forEach((at, index) => view.setBigUint64(clusterBytes + index * 8, BigInt(at) | (1n << 63n)));
  for (const [number, cluster] of Object.entries(content)) {
    const at = tables[Number(number) >> 6]! + (Number(number) & 63) * 8;
    if (cluster === 'zero') view.setBigUint64(at, 1n);
    else if (cluster !== 'absent' && 'plain' in cluster) {
      const place = take();
      file.set(filled(cluster.plain), place);
      view.setBigUint64(at, BigInt(place) | (1n << 63n));
    } else if (cluster !== 'absent') {
      const place = take() + 100; // Compressed clusters lie anywhere.
      take();
      const data = deflateRawSync(filled(cluster.compressed));
      file.set(data, place);
      const sectors = Math.ceil(((place % 512) + data.length) / 512) - 1;
      view.setBigUint64(at, (1n << 62n) | (BigInt(sectors) << BigInt(62 - (clusterBits - 8))) | BigInt(place));
    }
  }
  return file.subarray(0, end * clusterBytes);
}

function open(file: Uint8Array, backing?: BlockSource): BlockSource {
  return openQcow2(sourceOf(file), {
    file: 'test.qcow2',
    inflate(data, bytes) {
      try {
        return new Uint8Array(inflateRawSync(data, { maxOutputLength: bytes }));
      } catch {
        return undefined;
      }
    },
    backing: (name) => {
      if (backing === undefined) throw new UserError(`no backing file ${name}`, { file: 'test.qcow2' });
      return backing;
    },
  });
}

const read = (source: BlockSource, offset: number, length: number): Uint8Array => {
  const into = new Uint8Array(length).fill(0xee);
  source.read(offset, into);
  return into;
};

describe('a qcow2 image', () => {
  const content = { 0: { plain: 1 }, 3: { compressed: 7 }, 4: 'zero', 70: { plain: 9 } } as const;

  test.each([2, 3] as const)('of version %i gives plain, compressed and absent clusters', (version) => {
    const source = open(image({ 0: { plain: 1 }, 3: { compressed: 7 }, 70: { plain: 9 } }, { version }));
    expect(source.size).toBe(clusters * clusterBytes);
    expect(read(source, 0, 512)).toEqual(filled(1));
    expect(read(source, 3 * 512 + 5, 100)).toEqual(filled(7).subarray(5, 105));
    expect(read(source, 70 * 512, 512)).toEqual(filled(9));
    expect(read(source, 512, 1024).every((value) => value === 0)).toBe(true);
  });

  test('reads over the borders of clusters, and zero behind its end', () => {
    const source = open(image(content));
    const whole = read(source, 0, clusters * clusterBytes);
    expect(read(source, 500, 4000)).toEqual(whole.subarray(500, 4500));
    expect(
      read(source, clusters * clusterBytes - 10, 50)
        .subarray(10)
        .every((value) => value === 0),
    ).toBe(true);
  });

  test('shows its backing file where it is absent, but not where it is zero', () => {
    const backing = sourceOf(new Uint8Array(5 * clusterBytes).fill(0x55));
    const source = open(image(content, { backing: 'base.img' }), backing);
    expect(read(source, 512, 512).every((value) => value === 0x55)).toBe(true);
    expect(read(source, 4 * 512, 512).every((value) => value === 0)).toBe(true);
    expect(read(source, 6 * 512, 512).every((value) => value === 0)).toBe(true); // The backing file is shorter.
  });

  test('is known by its first bytes', () => {
    expect(isQcow2(sourceOf(image(content)))).toBe(true);
    expect(isQcow2(sourceOf(new Uint8Array(1000)))).toBe(false);
    expect(isQcow2(sourceOf(Uint8Array.of(0x51, 0x46, 0x49, 0xfb)))).toBe(false);
  });

  const changed = (at: number, ...bytes: readonly number[]): Uint8Array => {
    const file = image(content).slice();
    file.set(bytes, at);
    return file;
  };
  test.each([
    ['another version', changed(7, 4)],
    ['encryption', changed(35, 1)],
    ['clusters that are too large', changed(23, 40)],
    ['a first table that is too short', changed(39, 1)],
    ['a first table outside the file', changed(40, 0, 0, 0, 1)],
    ['a mark of damage', changed(79, 2)],
    ['an external data file', changed(79, 4)],
    ['subclusters', changed(79, 16)],
    ['unknown features', changed(79, 64)],
    ['an enormous size', changed(24, 1)],
  ])('with %s is refused, naming the file', (_name, file) => {
    expect(() => open(file)).toThrow(UserError);
    expect(() => open(file)).toThrow(/./);
  });

  test('that is damaged anywhere is refused or read, in bounded time, and nothing else', () => {
    const original = image(content, { backing: 'b' });
    const backing = sourceOf(new Uint8Array(0));
    const damage = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    const headDamage = fc.array(fc.tuple(fc.nat(1600), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.oneof(damage, headDamage), fc.nat(original.length), (changes, length) => {
        const file = original.slice(0, changes.length > 2 ? length : undefined);
        for (const [at, value] of changes) if (at < file.length) file[at] = value;
        try {
          const source = open(file, backing);
          read(source, 0, 1 << 16);
          read(source, Math.max(source.size - 100, 0), 100);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
