/** Three SCSI adapters of two kinds, with targets of several logical units, under Debian's own drivers. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, guestTest } from 'tsvm-test';
import { debian, does, keepsFiles, load } from './debian.js';

const imageBytes = 4 * 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'tsvm-test-scsi-adapters-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An image whose every sector says whose it is. */
function image(name: string): { readonly file: string; readonly sha256: string } {
  const text = Array.from({ length: imageBytes / 512 }, (_, sector) => `${name} ${sector}\n`.padEnd(512, '.')).join('');
  const file = join(folder, `${name}.img`);
  writeFileSync(file, text, 'latin1');
  return { file, sha256: createHash('sha256').update(text, 'latin1').digest('hex') };
}
const [first, second, third, fourth] = ['first', 'second', 'third', 'fourth'].map(image) as [
  ReturnType<typeof image>,
  ReturnType<typeof image>,
  ReturnType<typeof image>,
  ReturnType<typeof image>,
];

const test = guestTest({
  ...debian,
  devices: ['lsi53c895a'],
  scsiAdapters: ['virtio-scsi', 'lsi53c895a'],
  scsi0: first.file,
  scsi1: second.file,
  scsi2: third.file,
  scsi3: fourth.file,
  scsiPlaces: [
    { drive: 'scsi1', adapter: 1, target: 0, unit: 1 },
    { drive: 'scsi2', adapter: 1, target: 0, unit: 5 },
    { drive: 'scsi3', adapter: 2, target: 2, unit: 3 },
  ],
});

test('finds a disk on each, units above 0 among them, and reads what is on it', async ({ vm, rerun }) => {
  await load(vm, 'modprobe sym53c8xx && modprobe sd_mod', 'sdb');
  await load(vm, 'modprobe virtio_pci && modprobe virtio_scsi', 'sdd');
  const places = await does(vm, 'for d in a b c d; do echo $(basename $(readlink /sys/block/sd$d/device)); done');
  expect([...places.matchAll(/\d+:\d+:(\d+:\d+)/g)].map(([, place]) => place).sort()).toEqual([
    ...['0:0', '0:1', '0:5', '2:3'],
  ]);
  const sums = await does(vm, 'sha256sum /dev/sd[abcd]');
  for (const { sha256 } of [first, second, third, fourth]) expect(sums).toContain(sha256);
  expect(rerun()).toBeNull();
});

test('keeps files on a unit above 0 behind each kind of adapter', async ({ vm }) => {
  await load(vm, 'modprobe sym53c8xx && modprobe sd_mod', 'sdb');
  await keepsFiles(vm, 'sdb', 1_000_000);
  await load(vm, 'modprobe virtio_pci && modprobe virtio_scsi', 'sdd');
  await keepsFiles(vm, 'sdd', 1_000_000);
});
