/** GNU Mach, of Debian 12's package `gnumach-image-1.8-486`: a microkernel with the drivers of its time, started by the first Multiboot protocol. */
import { expect, guest, guestSeconds, guestTest, serialShows } from 'tsvm-test';

const test = guestTest({
  machine: 'i440fx',
  memory: '128M',
  disk: 'suites/kernel/kernel.img',
  kernel: guest('gnumach-1.8-486.exec', {
    sha256: '99d77e7d11d1c097cb786892a98a765dea102976f224c0130d6c9b154427363d',
    optional: true,
  }),
  commandLine: 'console=com0',
  start: (vm) => vm.runUntil(serialShows('No bootstrap code loaded with the kernel'), { within: guestSeconds(30) }),
});

test('finds the drives, the clock and the PCI bus, down to where its servers would begin', ({ vm }) => {
  expect(vm.serial).toMatchGolden('log');
});

test('runs the same again', ({ rerun }) => {
  expect(rerun()).toBeNull();
});
