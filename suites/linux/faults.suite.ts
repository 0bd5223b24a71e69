/** Faulty media under Debian's own drivers: what each kind of controller reports is what the kernel tells its user. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, guest, guestTest } from 'tsvm-test';
import { attempt, debian, does, load } from './debian.js';

const folder = mkdtempSync(join(tmpdir(), 'tsvm-test-faults-'));
afterAll(() => rmSync(folder, { recursive: true }));
function image(drive: string, bytes: number): string {
  const path = join(folder, `${drive}.img`);
  writeFileSync(path, Buffer.alloc(bytes, drive));
  return path;
}
const imageBytes = 1024 * 1024;

/** Sector 1000 cannot be read, sector 1200 cannot be written. The kernel moves pages: what it is asked for beside them lies in others. */
const faults = [
  { operation: 'read', firstSector: 1000, sectors: 1 },
  { operation: 'write', firstSector: 1200, sectors: 1 },
] as const;

const disks = [
  {
    drive: 'disk0',
    what: 'an ATA disk',
    load: 'modprobe ata_piix && modprobe sd_mod',
    node: 'sda',
    detail: /error: \{ UNC \}/,
  },
  {
    drive: 'scsi0',
    what: 'a SCSI disk',
    load: 'modprobe sym53c8xx && modprobe sd_mod',
    node: 'sda',
    detail: /Sense Key : Medium Error[^]*Unrecovered read error/,
  },
  {
    drive: 'virtio0',
    what: 'a virtio disk',
    load: 'modprobe virtio_pci && modprobe virtio_blk',
    node: 'vda',
    detail: /vda/,
  },
] as const;

const test = guestTest({
  ...debian,
  floppy: { image: image('floppyA', 1440 * 1024), faults: [{ operation: 'read', firstSector: 9, sectors: 1 }] },
  disk0: { image: image('disk0', imageBytes), faults },
  disk1: {
    image: image('disk1', imageBytes),
    faults: [{ operation: 'read', firstSector: 64, sectors: 1, times: 1, delayMicroseconds: 40_000_000 }],
  },
  scsi0: { image: image('scsi0', imageBytes), faults },
  virtio0: { image: image('virtio0', imageBytes), faults },
  cdrom0: {
    image: guest('grub-rescue-cdrom.iso', {
      sha256: '895e963832b7bf6c9cf20cf608e2f2fca7540f1ccaf46e31048c7b299b8c3566',
    }),
    faults: [{ operation: 'read', firstSector: 2000, sectors: 4 }],
  },
});

const sectorFrom = (node: string, sector: number): string =>
  `dd if=/dev/${node} of=/dev/null bs=512 skip=${sector} count=1`;
const sectorTo = (node: string, sector: number): string =>
  `dd if=/bin/busybox of=/dev/${node} bs=512 seek=${sector} count=1 conv=fsync`;

for (const { what, load: modules, node, detail } of disks) {
  test(`names the bad sectors of ${what}, and reads and writes those beside them`, async ({ vm }) => {
    await load(vm, modules, node);
    for (const [command, sector, direction] of [
      [sectorFrom(node, 1000), 1000, '(READ)'],
      [sectorTo(node, 1200), 1200, '(WRITE)'],
    ] as const) {
      const { said, status } = await attempt(vm, command);
      expect(status, said).not.toBe(0);
      expect(said).toMatch(/Input\/output error|No data available/); // The second is the kernel's word for a bad medium.
      expect(await does(vm, 'dmesg')).toMatch(
        new RegExp(`error, dev ${node}, sector ${sector} op 0x\\d:\\${direction.slice(0, -1)}\\)`),
      );
    }
    expect(await does(vm, 'dmesg')).toMatch(detail);
    for (const sector of [999, 1008, 1200]) await does(vm, sectorFrom(node, sector));
    for (const sector of [1199, 1208]) await does(vm, sectorTo(node, sector));
  });
}

test('gives up on a bad sector of a floppy disk after its retries', async ({ vm }) => {
  await load(vm, 'modprobe floppy', 'fd0');
  const { said, status } = await attempt(vm, 'dd if=/dev/fd0 of=/dev/null bs=512 count=18');
  expect(status, said).not.toBe(0);
  expect(await does(vm, 'dmesg')).toMatch(/error, dev fd0, sector (8|9) /);
});

test('names the bad sector of a CD-ROM', async ({ vm }) => {
  await load(vm, 'modprobe ata_piix && modprobe sr_mod', 'sr0');
  const { status } = await attempt(vm, 'dd if=/dev/sr0 of=/dev/null bs=2048 skip=500 count=1');
  expect(status).not.toBe(0);
  expect(await does(vm, 'dmesg')).toMatch(/Medium Error[^]*error, dev sr0, sector 2000 /);
  await does(vm, 'dd if=/dev/sr0 of=/dev/null bs=2048 skip=504 count=1');
});

test('resets a drive that does not answer in time, and then reads the sector', async ({ vm }) => {
  await load(vm, 'modprobe ata_piix && modprobe sd_mod', 'sdb');
  await does(vm, sectorFrom('sdb', 64));
  expect(await does(vm, 'dmesg')).toMatch(/exception Emask 0x0[^]*timeout[^]*soft resetting link[^]*EH complete/);
});

test('runs the same when it is replayed', async ({ vm, rerun }) => {
  await load(vm, 'modprobe virtio_pci && modprobe virtio_blk', 'vda');
  await attempt(vm, sectorFrom('vda', 1000));
  expect(rerun()).toBeNull();
});
