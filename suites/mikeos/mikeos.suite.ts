/** MikeOS 4.6.1, a teaching system in 16-bit assembly: a dialog, a menu of programs, a command line. */
import { expect, guest, guestSeconds, guestTest, promptShows, screenShows } from 'tsvm-test';

const floppy = guest('mikeos-4.6.1.flp', {
  sha256: '93023e2b2aa970097933eb2423ddc9c6b38c76264d8e14074a4aa7168b59fe00',
});
const patience = { within: guestSeconds(20) };

const test = guestTest({
  machine: 'pc',
  floppy,
  memory: '2M',
  start: (vm) => vm.runUntil(screenShows('Please select an interface'), patience),
});

test('asks for an interface', async ({ vm }) => {
  expect(vm.screen).toMatchGolden('dialog');
});

test('opens its menu of programs when told OK', async ({ vm }) => {
  await vm.press('Enter');
  await vm.runUntil(screenShows('Please select a file'), patience);
  expect(vm.screen).toMatchGolden('menu');
});

test('answers on its command line when told no', async ({ vm }) => {
  await vm.press('Right');
  await vm.press('Enter');
  await vm.runUntil(promptShows('>'), patience);
  await vm.type('dir\n');
  await vm.wait(guestSeconds(2));
  await vm.type('ver\n');
  await vm.wait(guestSeconds(1));
  expect(vm.screen).toMatchGolden('command-line');
});
