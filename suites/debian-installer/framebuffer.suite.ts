/** Debian 12's installer for i386 in a linear framebuffer of 1024x768, moved by the keyboard. */
import { expect, guest, guestSeconds, guestTest } from 'tsvm-test';

const kernel = guest('linux', { sha256: 'c77cd9c37609b8b1b1cdfbb91b644a44d606d3d75da8656a0c79635be0b89c21' });
const initrd = guest('initrd.gz', { sha256: 'c24f8bfb72a45b9231e3e5a4257f108f2ea7f48ce2cf68f614654d0da4463201' });

const test = guestTest({
  machine: 'i440fx',
  kernel,
  initrd,
  display: 'vbe',
  commandLine: 'vga=791 cryptomgr.notests mitigations=off',
  memory: '512M',
  start: (vm) => vm.wait(guestSeconds(130)),
});

test('draws the language dialog', async ({ vm }) => {
  expect(vm.screen).toMatchGolden('language');
});

test('moves through the languages by keys and takes one', async ({ vm }) => {
  await vm.press('down', 'down', 'up', 'enter');
  await vm.wait(guestSeconds(4));
  expect(vm.screen).toMatchGolden('chosen');
});
