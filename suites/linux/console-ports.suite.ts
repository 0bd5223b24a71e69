/** A virtio console with a further port by name, and a SCSI disk that takes blocks back, each under Debian's own driver. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, guestSeconds, guestTest } from 'tsvm-test';
import { debian, does, load } from './debian.js';

const folder = mkdtempSync(join(tmpdir(), 'tsvm-test-ports-'));
afterAll(() => rmSync(folder, { recursive: true }));
const image = join(folder, 'disk.img');
writeFileSync(image, Buffer.alloc(4 * 1024 * 1024, 0x2e));

const test = guestTest({
  ...debian,
  devices: ['virtio-console'],
  consolePorts: ['org.example.agent', ''],
  scsi0: { image, unmap: true },
});

test('talks both ways over a port that has a name, beside the console', async ({ vm }) => {
  await does(vm, 'modprobe virtio_pci && modprobe virtio_console');
  expect(await does(vm, 'cat /sys/class/virtio-ports/vport0p1/name')).toMatch(/^org\.example\.agent\n/);
  expect(await does(vm, 'ls /sys/class/virtio-ports')).toMatch(/^vport0p0 +vport0p1 +vport0p2\n/);
  await does(
    vm,
    'echo to-the-agent >/dev/vport0p1 && echo to-the-console >/dev/hvc0 && echo to-the-third >/dev/vport0p2',
  );
  await vm.wait(guestSeconds(0.1));
  expect(vm.consolePort(1).text()).toBe('to-the-agent\n');
  expect(vm.consolePort(2).text()).toBe('to-the-third\n');
  expect(vm.console.text()).toContain('to-the-console');
  vm.sendToConsolePort(1, 'from-the-agent\n');
  expect(await does(vm, 'head -n 1 /dev/vport0p1')).toMatch(/^from-the-agent\n/);
});

test('gives blocks of a SCSI disk back, which are zeros then', async ({ vm }) => {
  await load(vm, 'modprobe sym53c8xx && modprobe sd_mod', 'sda');
  expect(
    await does(vm, 'cat /sys/block/sda/queue/discard_granularity /sys/class/scsi_disk/*/provisioning_mode'),
  ).toMatch(/^512\nunmap\n/);
  await does(vm, 'blkdiscard -o 1048576 -l 65536 /dev/sda');
  expect(await does(vm, 'tr -d "\\000" </dev/sda | wc -c')).toMatch(new RegExp(`^${4 * 1024 * 1024 - 65536}\n`));
});

test('runs the same when it is replayed', async ({ vm, rerun }) => {
  await does(vm, 'modprobe virtio_pci && modprobe virtio_console');
  vm.sendToConsolePort(1, 'typed\n');
  await does(vm, 'head -n 1 /dev/vport0p1');
  expect(rerun()).toBeNull();
});
