/** Cards that are plugged into a running machine and pulled out of it, under Debian's own ACPI hot plug and its drivers. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, guestSeconds, guestTest, type Vm } from 'tsvm-test';
import { attempt, debian, does, keepsFiles } from './debian.js';

const content = Buffer.from(
  Array.from({ length: 8192 }, (_, sector) => `sector ${sector}\n`.padEnd(512, '.')).join(''),
  'latin1',
);
const sha256 = createHash('sha256').update(content).digest('hex');
const folder = mkdtempSync(join(tmpdir(), 'tsvm-test-hot-plug-'));
afterAll(() => rmSync(folder, { recursive: true }));
const image = join(folder, 'disk.img');
writeFileSync(image, content);

const test = guestTest({
  ...debian,
  devices: ['pci-hot-plug', 'virtio-scsi', 'virtio-console'],
  consolePorts: [],
});

/** Waits until a card is gone. */
const gone = (vm: Vm, card: string) =>
  vm.runUntil(
    { description: `${card} is gone`, holds: () => !vm.cards.some((each) => each === card) },
    { within: guestSeconds(10) },
  );

test('finds a disk, reads and writes it, and lets go of it when it is asked', async ({ vm }) => {
  await does(vm, 'modprobe virtio_pci && modprobe virtio_blk');
  const { card, slot } = vm.plug({ disk: image });
  await does(vm, 'until [ -b /dev/vda ]; do usleep 10000; done');
  expect(await does(vm, 'dmesg')).toMatch(new RegExp(`pci 0000:00:0${slot}.0: \\[1af4:1001\\]`));
  expect(await does(vm, 'sha256sum /dev/vda')).toContain(sha256);
  await keepsFiles(vm, 'vda', 1_000_000);
  await does(vm, 'umount /media');
  vm.unplug(card);
  await gone(vm, card);
  expect((await attempt(vm, 'ls /dev/vda')).status).not.toBe(0);
  expect(vm.cards).not.toContain(card);
});

for (const { what, network, driver } of [
  { what: 'an e1000', network: 'e1000', driver: 'modprobe e1000' },
  { what: 'a virtio card', network: 'virtio-net', driver: 'modprobe virtio_pci && modprobe virtio_net' },
] as const)
  test(`reaches the network over ${what} that came later, and over another after that`, async ({ vm }) => {
    await does(vm, driver);
    for (const slot of [6, 29]) {
      const { card } = vm.plug({ network, slot });
      await does(vm, 'until [ -e /sys/class/net/eth0 ]; do usleep 10000; done');
      const place = `/0000:00:${slot.toString(16).padStart(2, '0')}.0/`;
      expect(await does(vm, 'cd -P /sys/class/net/eth0 && pwd')).toContain(place);
      await does(vm, 'ip link set eth0 up && udhcpc -i eth0 -q -n -t 5 -s /hardware/lease');
      expect(await does(vm, 'ping -c 2 -s 1400 10.0.2.2')).toContain(', 0% packet loss');
      vm.unplug(card);
      await gone(vm, card);
      expect(await does(vm, 'ls /sys/class/net')).toMatch(/^lo$/m);
    }
  });

test('lets its user switch a slot off, which ejects the card', async ({ vm }) => {
  await does(vm, 'modprobe e1000');
  const { card, slot } = vm.plug({ network: 'e1000' });
  await does(vm, 'until [ -e /sys/class/net/eth0 ]; do usleep 10000; done');
  await does(vm, `echo 0 >/sys/bus/pci/slots/${slot}/power`);
  expect(vm.cards).not.toContain(card);
  expect(await does(vm, 'dmesg')).not.toMatch(/acpiphp.*(fail|error)|device_eject|Eject.*fail/i);
});

test('finds a SCSI disk that comes to a virtio adapter, and notices that it went', async ({ vm }) => {
  await does(vm, 'modprobe virtio_pci && modprobe virtio_scsi && modprobe sd_mod');
  const { card } = vm.plug({ disk: image, drive: 'scsi3' });
  await does(vm, 'until [ -b /dev/sda ]; do usleep 10000; done');
  expect(await does(vm, 'sha256sum /dev/sda')).toContain(sha256);
  expect(await does(vm, 'cd -P /sys/block/sda/device && pwd')).toMatch(/:0:3:0$/m);
  vm.unplug(card);
  await does(vm, 'while [ -b /dev/sda ]; do usleep 10000; done');
});

test('gets ports of a virtio console, and loses them', async ({ vm }) => {
  await does(vm, 'modprobe virtio_pci && modprobe virtio_console');
  const port = vm.plugConsolePort('org.example.agent');
  await does(vm, `until [ -e /dev/vport*p${port} ]; do usleep 10000; done && echo hello >$(ls /dev/vport*p${port})`);
  expect(vm.consolePort(port).text()).toBe('hello\n');
  expect(await does(vm, `cat /sys/class/virtio-ports/vport*p${port}/name`)).toContain('org.example.agent');
  vm.unplugConsolePort(port);
  await does(vm, `while [ -e /dev/vport*p${port} ]; do usleep 10000; done`);
});

test('runs the same when it is replayed', async ({ vm, rerun }) => {
  await does(vm, 'modprobe virtio_pci && modprobe virtio_blk && modprobe e1000');
  const disk = vm.plug({ disk: image });
  vm.plug({ network: 'e1000' });
  await does(vm, 'until [ -b /dev/vda ] && [ -e /sys/class/net/eth0 ]; do usleep 10000; done');
  await does(vm, 'head -c 1000000 /bin/busybox >/dev/vda && sync && ip link set eth0 up');
  vm.unplug(disk.card);
  await gone(vm, disk.card);
  expect(rerun()).toBeNull();
});
