/** Debian 12's installer for i386: its kernel and initial RAM disk, its dialogs on the serial line and in a framebuffer. */
import { expect, guest, guestSeconds, guestTest, serialShows } from 'tsvm-test';

const kernel = guest('linux', { sha256: 'c77cd9c37609b8b1b1cdfbb91b644a44d606d3d75da8656a0c79635be0b89c21' });
const initrd = guest('initrd.gz', { sha256: 'c24f8bfb72a45b9231e3e5a4257f108f2ea7f48ce2cf68f614654d0da4463201' });
const patience = { within: guestSeconds(30) };

const test = guestTest({
  machine: 'i440fx',
  kernel,
  initrd,
  commandLine: 'console=ttyS0 cryptomgr.notests mitigations=off',
  memory: '512M',
  start: (vm) => vm.runUntil(serialShows('activates buttons'), { within: guestSeconds(200) }),
});

test('asks for the language on the serial line', async ({ vm }) => {
  expect(vm.serial.text()).toMatch(/Select a language.*Choose the language to be used.*English/s);
});

test('takes a language that keys choose, and asks for the country', async ({ vm }) => {
  vm.send('\r');
  await vm.runUntil(serialShows('Select your location'), patience);
  vm.send('\r');
  await vm.runUntil(serialShows('Configure the keyboard'), patience);
});
