/**
 * tboot, of Debian 12's package: a kernel of the second Multiboot protocol that starts the one among its modules. It measures what it starts where
 * a processor has Intel's trusted execution, and says what is missing where it has not.
 */
import { expect, guest, guestSeconds, guestTest, serialShows } from 'tsvm-test';

const linux = guest('debian12-vmlinuz-6.1-686', {
  sha256: 'd8d6e857bf1a3adb6505e0188ff6377fbf277b467797b2883e92bc70756841d6',
});
const initrd = guest('initrd-busybox-i386.gz', {
  sha256: '12022fda5062e296979c9533124f34e0f0599c9bf452802998e2a95e02896a59',
});

const test = guestTest({
  machine: 'i440fx',
  memory: '256M',
  kernel: guest('tboot-1.10.5.exec', {
    sha256: '3f255daed731e3dabf35c2ef4c40740fe3e6979485cc50d1ae3c11aee26a3811',
    optional: true,
  }),
  protocol: 'multiboot2',
  commandLine: 'logging=serial serial=115200,8n1,0x3f8',
  modules: [{ image: linux, commandLine: 'console=ttyS0,115200 cryptomgr.notests quiet' }, initrd],
});

test('reads its modules and the memory map, and starts Linux', async ({ vm }) => {
  await vm.runUntil(serialShows('transfering control to kernel'), { within: guestSeconds(10) });
  expect(vm.serial).toMatchGolden('log');
  await vm.runUntil(serialShows('=== READY'), { within: guestSeconds(60) });
  vm.send('cat /proc/cmdline; grep -c "System RAM" /proc/iomem; echo end $((6 * 7))\n');
  await vm.runUntil(serialShows('end 42'), { within: guestSeconds(5) });
  expect(vm.serial.text()).toMatch(/console=ttyS0,115200 cryptomgr.notests quiet\s+\d\s+end 42/);
});
