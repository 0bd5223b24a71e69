/** Debian 12's graphical installer for i386: an X server on the display's own driver, moved by a PS/2 mouse. It takes minutes: only with `--long`. */
import { expect, guest, guestSeconds, guestTest, longRuns } from 'tsvm-test';

const test = guestTest({
  machine: 'i440fx',
  kernel: guest('linux', { sha256: 'c77cd9c37609b8b1b1cdfbb91b644a44d606d3d75da8656a0c79635be0b89c21' }),
  // gtk/debian-installer/i386/initrd.gz of Debian 12's package debian-installer-12-netboot-i386 20230607+deb12u15.
  initrd: guest('debian12-gtk-initrd.gz', {
    sha256: '01aa5f23f8d571f42d0d359273629ba315d2359f68ee66d03c8b5583a86677f3',
    optional: true,
  }),
  display: 'vbe',
  mouse: 'ps2',
  network: ['e1000'],
  commandLine: 'vga=788 cryptomgr.notests quiet --- quiet',
  memory: '768M',
});

test.runIf(longRuns())('a language is chosen by the mouse, and the next page is in it', async ({ vm }) => {
  await vm.wait(guestSeconds(150));
  expect(vm.screen).toMatchGolden('languages');
  await vm.mouse.home();
  await vm.mouse.moveBy(56, 600);
  await vm.mouse.click();
  await vm.wait(guestSeconds(2));
  expect(vm.screen).toMatchGolden('chosen');
  await vm.mouse.moveBy(900, 140);
  await vm.mouse.click();
  await vm.wait(guestSeconds(30));
  expect(vm.screen).toMatchGolden('location');
});
