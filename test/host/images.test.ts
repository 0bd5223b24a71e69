import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../src/base/digest.js';
import { UserError } from '../../src/base/errors.js';
import { mediumBay } from '../../src/device/disk/medium.js';
import { digestOf, ImageStore, openImage } from '../../src/host/images.js';
import { diskOutput, saveDisk } from '../../src/host/save-disk.js';
import { cycle } from '../../src/base/integers.js';

const folder = mkdtempSync(join(tmpdir(), 'images-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

/** An image of 8 clusters of 64 KiB: the first is plain, the others are those of the backing file, if it names one. */
function qcow2(fill: number, backing = ''): Uint8Array {
  const cluster = 65536;
  const file = new Uint8Array(4 * cluster);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x514649fb);
  view.setUint32(4, 2);
  if (backing !== '') {
    view.setUint32(12, 72);
    view.setUint32(16, backing.length);
    file.set(new TextEncoder().encode(backing), 72);
  }
  view.setUint32(20, 16);
  view.setUint32(28, 8 * cluster);
  view.setUint32(36, 1);
  view.setUint32(44, cluster);
  view.setUint32(cluster + 4, 2 * cluster);
  view.setUint32(2 * cluster + 4, 3 * cluster);
  file.fill(fill, 3 * cluster);
  return file;
}

describe('images on the disk', () => {
  test('have the digest of their content, whatever their format', () => {
    const raw = new Uint8Array(8 * 65536);
    raw.fill(7, 0, 65536);
    writeFileSync(at('a.img'), raw);
    writeFileSync(at('a.qcow2'), qcow2(7));
    for (const name of ['a.img', 'a.qcow2']) {
      const image = openImage(at(name));
      expect([image.size, digestOf(image)]).toEqual([raw.length, sha256Hex(raw)]);
    }
  });

  test('find their backing files beside them', () => {
    writeFileSync(at('base.img'), new Uint8Array(3 * 65536).fill(1));
    writeFileSync(at('over.qcow2'), qcow2(2, 'base.img'));
    const bytes = new Uint8Array(8 * 65536);
    openImage(at('over.qcow2')).source.read(0, bytes);
    expect([bytes[0], bytes[65536], bytes[3 * 65536]]).toEqual([2, 1, 0]);
  });

  test('that lean on themselves, or on nothing, are refused', () => {
    writeFileSync(at('circle.qcow2'), qcow2(2, 'circle.qcow2'));
    writeFileSync(at('alone.qcow2'), qcow2(2, 'nowhere.img'));
    expect(() => openImage(at('circle.qcow2'))).toThrow(/more than 16 files/);
    expect(() => openImage(at('alone.qcow2'))).toThrow(/there is no such file/);
    expect(() => openImage(folder)).toThrow(UserError);
  });
});

describe('a disk out of a machine', () => {
  test('is its image with what was written over it', () => {
    const raw = Uint8Array.from({ length: 5000 * 512 }, (_, index) => index & 0xff);
    writeFileSync(at('disk.img'), raw);
    const image = openImage(at('disk.img'));
    const images = new ImageStore();
    const sha256 = digestOf(image);
    images.keep(sha256, image);
    const bay = mediumBay(images);
    bay.insert({ sha256, size: raw.length, writable: true });
    bay.medium!.write(4321, new Uint8Array(512).fill(0xaa));
    saveDisk(
      diskOutput(`scsi0=${at('out.img')}`, '--disk'),
      { cycle: cycle(0), parts: {}, drives: { scsi0: bay.image() } },
      images,
    );
    raw.fill(0xaa, 4321 * 512, 4322 * 512);
    expect(Buffer.compare(readFileSync(at('out.img')), raw)).toBe(0);
  });

  test('needs a drive and a medium', () => {
    expect(() => diskOutput('out.img', '--disk')).toThrow(/DRIVE=FILE|names no drive/);
    const nothing = { cycle: cycle(0), parts: {} };
    expect(() => saveDisk({ drive: 'disk0', file: at('x') }, nothing, new Map())).toThrow(/nothing in disk0/);
  });
});
