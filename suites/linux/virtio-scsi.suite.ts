/** SCSI disks and a CD-ROM drive behind the virtio adapter, under Debian's own driver. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, guest, guestTest } from 'tsvm-test';
import { attempt, debian, does, keepsFiles, load } from './debian.js';

const imageBytes = 4 * 1024 * 1024;
const cdromSha256 = '895e963832b7bf6c9cf20cf608e2f2fca7540f1ccaf46e31048c7b299b8c3566';
const content = Buffer.from(
  Array.from({ length: imageBytes / 512 }, (_, sector) => `sector ${sector}\n`.padEnd(512, '.')).join(''),
  'latin1',
);
const folder = mkdtempSync(join(tmpdir(), 'tsvm-test-virtio-scsi-'));
afterAll(() => rmSync(folder, { recursive: true }));
const image = join(folder, 'disk.img');
writeFileSync(image, content);

const test = guestTest({
  ...debian,
  devices: ['virtio-scsi'],
  scsi0: image,
  scsi1: { image: guest('grub-rescue-cdrom.iso', { sha256: cdromSha256 }), writable: false },
  scsi4: {
    image,
    faults: [{ operation: 'read', firstSector: 1000, sectors: 1 }],
  },
});
const driver = 'modprobe virtio_pci && modprobe virtio_scsi';

test('reads a disk, and finds on it what was written', async ({ vm }) => {
  await load(vm, `${driver} && modprobe sd_mod`, 'sda');
  expect(await does(vm, 'cd -P /sys/block/sda/device && pwd')).toMatch(/virtio\d+\/host\d+\/target/);
  const sha256 = createHash('sha256').update(content).digest('hex');
  expect(await does(vm, 'sha256sum /dev/sda')).toContain(sha256);
  await keepsFiles(vm, 'sda', 1_000_000);
});

test('interrupts by messages', async ({ vm }) => {
  await load(vm, `${driver} && modprobe sd_mod`, 'sda');
  expect(await does(vm, 'grep virtio /proc/interrupts')).toMatch(/PCI-MSI.*virtio\d+-request/);
});

test('mounts a CD-ROM and reads all of it', async ({ vm }) => {
  await load(vm, `${driver} && modprobe sr_mod`, 'sr0');
  await does(vm, 'modprobe isofs && mount -t iso9660 -o ro /dev/sr0 /media');
  expect(await does(vm, 'ls /media/boot/grub/i386-pc/normal.mod')).toContain('normal.mod');
  expect(await does(vm, 'sha256sum /dev/sr0')).toContain(cdromSha256);
});

test('names a bad sector', async ({ vm }) => {
  await load(vm, `${driver} && modprobe sd_mod`, 'sdb');
  const { status } = await attempt(vm, 'dd if=/dev/sdb of=/dev/null bs=512 skip=1000 count=1');
  expect(status).not.toBe(0);
  expect(await does(vm, 'dmesg')).toMatch(/Sense Key : Medium Error[^]*error, dev sdb, sector 1000 /);
});

test('runs the same when it is replayed', async ({ vm, rerun }) => {
  await load(vm, `${driver} && modprobe sd_mod`, 'sda');
  await does(vm, 'head -c 1000000 /bin/busybox >/dev/sda && sync');
  expect(rerun()).toBeNull();
});
