/** Every network card under Debian's own driver: an address, echoes, and a file, over that card alone. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, guestTest } from 'tsvm-test';
import { debian, does } from './debian.js';

const served = fileURLToPath(new URL('served', import.meta.url));
const sha256 = createHash('sha256')
  .update(readFileSync(`${served}/lines.txt`))
  .digest('hex');

const test = guestTest({ ...debian, network: ['ne2000', 'ne2000-pci', 'rtl8139', 'e1000', 'virtio-net'], served });

const cards = [
  { card: 'an NE2000 on the ISA bus', load: 'modprobe ne io=0x300 irq=10', driver: 'ne' },
  { card: 'an NE2000 on the PCI bus', load: 'modprobe ne2k-pci', driver: 'ne2k-pci' },
  { card: 'an RTL8139C+', load: 'modprobe 8139cp', driver: '8139cp' },
  { card: 'an 82540EM', load: 'modprobe e1000', driver: 'e1000' },
  { card: 'a virtio network card', load: 'modprobe virtio_pci && modprobe virtio_net', driver: 'virtio_net' },
];

for (const { card, load, driver } of cards) {
  test(`reaches the network over ${card}`, async ({ vm }) => {
    await does(vm, load);
    // Drivers are loaded test by test, so the only card is the one that this driver found.
    expect(await does(vm, 'ls /sys/class/net')).toMatch(/^eth0 +lo$/m);
    expect(await does(vm, 'readlink /sys/class/net/eth0/device/driver')).toContain(`/drivers/${driver}\n`);
    await does(vm, 'ip link set eth0 up');
    expect(await does(vm, 'udhcpc -i eth0 -q -n -t 5 -s /hardware/lease')).toContain('leased 10.0.2.15');
    expect(await does(vm, 'ping -c 2 -s 1400 10.0.2.2')).toContain(', 0% packet loss');
    await does(vm, 'wget -q -O /lines.txt http://server/lines.txt');
    expect(await does(vm, 'sha256sum /lines.txt')).toContain(sha256);
    expect(await does(vm, 'echo through TCP and back | nc server 7')).toContain('through TCP and back\n');
    const counters = await does(vm, 'ifconfig eth0');
    for (const way of ['RX', 'TX'])
      expect(counters).toMatch(new RegExp(`${way} packets:\\d+ errors:0 dropped:0 overruns:0`));
    if (driver === 'virtio_net') expect(await does(vm, 'cat /proc/interrupts')).toMatch(/PCI-MSI .* virtio0-input\.0/);
  });
}

test('runs the same when it is replayed', async ({ vm, rerun }) => {
  await does(vm, 'modprobe e1000 && ip link set eth0 up && udhcpc -i eth0 -q -n -t 5 -s /hardware/lease');
  expect(rerun()).toBeNull();
});
