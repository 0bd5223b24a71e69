/**
 * An ATA disk beyond the 2^28 sectors that a command of the older set can number. Images are named by the digest of all that is in
 * them, which is minutes of work here: it runs with `--long`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, guestTest, longRuns } from 'tsvm-test';
import { debian, does } from './debian.js';

const largeBytes = 160 * 2 ** 30;

/** A file in QEMU's copy-on-write format, version 2, in which nothing has been written: all of its disk is zeros. */
function emptyDisk(bytes: number): Buffer {
  const clusterBits = 16;
  const entries = Math.ceil(bytes / 2 ** (clusterBits + clusterBits - 3));
  const [countsAt, blockAt] = [2 << clusterBits, 3 << clusterBits];
  const file = Buffer.alloc(4 << clusterBits);
  file.write('QFI\xfb', 0, 'latin1');
  file.writeUInt32BE(2, 4);
  file.writeUInt32BE(clusterBits, 20);
  file.writeBigUInt64BE(BigInt(bytes), 24);
  file.writeUInt32BE(entries, 36);
  file.writeBigUInt64BE(BigInt(1 << clusterBits), 40);
  file.writeBigUInt64BE(BigInt(countsAt), 48);
  file.writeUInt32BE(1, 56);
  file.writeBigUInt64BE(BigInt(blockAt), countsAt);
  for (let cluster = 0; cluster < 4; cluster++) file.writeUInt16BE(1, blockAt + 2 * cluster);
  return file;
}

const folder = mkdtempSync(join(tmpdir(), 'tsvm-test-large-disk-'));
afterAll(() => rmSync(folder, { recursive: true }));
const image = join(folder, 'large.qcow2');
writeFileSync(image, emptyDisk(largeBytes));

const test = guestTest({ ...debian, disk0: image });

test.runIf(longRuns())('reaches what only 48 bits can number on a large ATA disk', async ({ vm }) => {
  await does(vm, 'modprobe ata_piix && modprobe sd_mod');
  await does(vm, 'until [ -b /dev/sda ]; do usleep 10000; done');
  expect(await does(vm, 'dmesg')).toMatch(/ata1\.00: 335544320 sectors, multi \d+: LBA48/);
  const behind = 'bs=1M seek=150000 conv=notrunc';
  await does(vm, `head -c 1048576 /bin/busybox >/piece && dd if=/piece of=/dev/sda ${behind} && sync`);
  await does(vm, 'echo 3 >/proc/sys/vm/drop_caches');
  await does(vm, 'dd if=/dev/sda of=/again bs=1M skip=150000 count=1 && cmp /piece /again');
  // 28 bits of the same number lead elsewhere: nothing is there.
  await does(vm, 'dd if=/dev/sda bs=1M skip=18928 count=1 | cmp -n 1048576 - /dev/zero');
  expect(await does(vm, 'dmesg')).not.toMatch(/I\/O error|exception Emask|failed command/);
});
