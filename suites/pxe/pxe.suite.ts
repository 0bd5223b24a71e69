/**
 * A computer without any medium, started over the network: iPXE in the ROM of its card, PXELINUX with a menu in a framebuffer, and a
 * kernel chosen there. Everything comes over TFTP from the built-in network.
 */
import {
  type Condition,
  expect,
  type Guest,
  guest,
  guestSeconds,
  guestTest,
  screenShows,
  serialShows,
} from 'tsvm-test';

/** Files of Debian 12's packages `ipxe-qemu`, `pxelinux` and `syslinux-common`. */
const ofDebian = (name: string, sha256: string): Guest => guest(name, { sha256, optional: true });

/** A menu in a framebuffer has no text. */
const graphics: Condition = { description: 'a graphics mode', holds: ({ screen }) => screen.text() === '' };

const test = guestTest({
  machine: 'i440fx',
  processor: 'pentium3',
  memory: '128M',
  display: 'vbe',
  boot: 'network',
  network: ['e1000'],
  firmware: {
    network: ofDebian('pxe-e1000.rom', 'ec8666dc154093a555ccd32b6dae6c93ae6d3ea8fbe5d5504fa034cd651fb8e3'),
  },
  served: {
    'pxelinux.0': ofDebian('pxelinux.0', '3570a8df28653d3a379688928c3668eb4d280b7c8935e3530af0fd0834ab9df9'),
    'ldlinux.c32': ofDebian('ldlinux.c32', '26cbd44c3a3dacbf3971cfbc04db539da07767fa00797f505044e2f68dcfae89'),
    'libcom32.c32': ofDebian('libcom32.c32', '49a11fa6b8ac1a442ae29b719bac2e2bfe1d429f3b2bbbc56901e370b3aa8157'),
    'libutil.c32': ofDebian('libutil.c32', '1e2f7f4ca1430fb04c2f333e0555f4c93517dabc9a3d69cc6d6c164f8bd884ae'),
    'vesamenu.c32': ofDebian('vesamenu.c32', '115780c978438098e17910033a9a2e72e9bac2e9a8b87dbdb2836211f57702f1'),
    'pxelinux.cfg': 'suites/pxe/served',
    linux: guest('linux', { sha256: 'c77cd9c37609b8b1b1cdfbb91b644a44d606d3d75da8656a0c79635be0b89c21' }),
    'initrd.gz': guest('initrd-busybox-i386.gz', {
      sha256: '12022fda5062e296979c9533124f34e0f0599c9bf452802998e2a95e02896a59',
    }),
  },
  builtInNetwork: { bootFile: 'pxelinux.0' },
  start: async (vm) => {
    await vm.runUntil(screenShows('PXELINUX 6.04'), { within: guestSeconds(60), every: guestSeconds(0.1) });
    await vm.runUntil(graphics, { within: guestSeconds(10), every: guestSeconds(0.1) });
    await vm.wait(guestSeconds(1));
  },
});

test('shows the menu that PXELINUX fetched', async ({ vm }) => {
  await expect(vm.screen).toMatchGolden('menu');
});

test('starts the kernel that is chosen in the menu', async ({ vm }) => {
  await vm.press('down', 'up', 'enter');
  await vm.runUntil(serialShows('Run /init as init process'), { within: guestSeconds(60) });
  // PXELINUX puts the name of the file before what its menu says.
  expect(vm.serial.text()).toContain('Kernel command line: BOOT_IMAGE=linux initrd=initrd.gz console=tty0');
});

test('goes on with what else there is to boot from', async ({ vm }) => {
  await vm.press('n', 'enter');
  await vm.runUntil(screenShows('Nothing to boot from'), { within: guestSeconds(10) });
  expect(vm.screen.text()).toContain('Booting from local disk...');
});
