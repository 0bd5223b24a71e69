/** Every kind of disk under Debian's own driver: read as the image has it, and a file system that keeps what is written. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, guest, guestTest } from 'tsvm-test';
import { debian, does, keepsFiles, load } from './debian.js';

const imageBytes = 4 * 1024 * 1024;
const floppyBytes = 1440 * 1024;
const cdromSha256 = '895e963832b7bf6c9cf20cf608e2f2fca7540f1ccaf46e31048c7b299b8c3566';

/** An image whose every sector is another, and another on every disk. */
function content(disk: string): Buffer {
  const bytes = disk === 'floppyA' ? floppyBytes : imageBytes;
  const sectors = Array.from({ length: bytes / 512 }, (_, sector) => `${disk} sector ${sector}\n`.padEnd(512, '.'));
  return Buffer.from(sectors.join(''), 'latin1');
}

/** `readBytes` are compared, from the first on, and `fileBytes` written. */
const disks = [
  {
    drive: 'disk0',
    what: 'an ATA disk',
    load: 'modprobe ata_piix && modprobe sd_mod',
    node: 'sda',
    driver: 'ata_piix',
    readBytes: imageBytes,
    fileBytes: 1_000_000,
  },
  {
    drive: 'scsi0',
    what: 'a SCSI disk',
    load: 'modprobe sym53c8xx && modprobe sd_mod',
    node: 'sda',
    driver: 'sym53c8xx',
    readBytes: imageBytes,
    fileBytes: 1_000_000,
  },
  {
    drive: 'virtio0',
    what: 'a virtio disk',
    load: 'modprobe virtio_pci && modprobe virtio_blk',
    node: 'vda',
    driver: 'virtio_blk',
    readBytes: imageBytes,
    fileBytes: 1_000_000,
  },
  {
    drive: 'floppyA',
    what: 'a floppy disk',
    load: 'modprobe floppy',
    node: 'fd0',
    driver: 'floppy',
    // It turns five times a second: all of it would be a minute.
    readBytes: 8 * 18 * 512,
    fileBytes: 50_000,
  },
] as const;

const folder = mkdtempSync(join(tmpdir(), 'tsvm-test-disks-'));
afterAll(() => rmSync(folder, { recursive: true }));
const image = (drive: string): string => join(folder, `${drive}.img`);
for (const { drive } of disks) writeFileSync(image(drive), content(drive));

const test = guestTest({
  ...debian,
  floppy: image('floppyA'),
  disk0: image('disk0'),
  scsi0: image('scsi0'),
  virtio0: image('virtio0'),
  cdrom0: guest('grub-rescue-cdrom.iso', { sha256: cdromSha256 }),
});

for (const { drive, what, load: modules, node, driver, readBytes, fileBytes } of disks) {
  test(`reads ${what}, and finds on it what was written`, async ({ vm }) => {
    await load(vm, modules, node);
    const found = await does(vm, `cd -P /sys/block/${node}/device && pwd && ls -l /sys/bus/*/drivers/${driver}`);
    expect(found).toContain('->');
    const sha256 = createHash('sha256').update(content(drive).subarray(0, readBytes)).digest('hex');
    expect(await does(vm, `head -c ${readBytes} /dev/${node} | sha256sum`)).toContain(sha256);

    await keepsFiles(vm, node, fileBytes);
  });
}

test('moves the sectors of the ATA disk by DMA', async ({ vm }) => {
  await load(vm, 'modprobe ata_piix && modprobe sd_mod', 'sda');
  expect(await does(vm, 'cat /sys/class/ata_device/dev1.0/xfer_mode')).toMatch(/^XFER_(MW_DMA|UDMA)_\d/m);
});

test('mounts the CD-ROM and reads all of it', async ({ vm }) => {
  await load(vm, 'modprobe ata_piix && modprobe sr_mod', 'sr0');
  await does(vm, 'modprobe isofs && mount -t iso9660 -o ro /dev/sr0 /media');
  expect(await does(vm, 'ls /media/boot/grub/i386-pc/normal.mod')).toContain('normal.mod');
  expect(await does(vm, 'sha256sum /dev/sr0')).toContain(cdromSha256);
});

test('runs the same when it is replayed', async ({ vm, rerun }) => {
  await load(vm, 'modprobe virtio_pci && modprobe virtio_blk', 'vda');
  await does(vm, 'head -c 1000000 /bin/busybox >/dev/vda && sync');
  expect(rerun()).toBeNull();
});
