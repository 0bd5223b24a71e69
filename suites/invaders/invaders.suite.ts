/** GRUB Invaders: a game in text mode, started by the Multiboot protocol and played by keys. */
import { expect, guest, guestSeconds, guestTest, screenShows } from 'tsvm-test';

const kernel = guest('grub-invaders.exec', {
  sha256: 'c6be3ee3e1d8b1f6935ea15b27f98d6973dd886d6cb9ed24af55cadcea24f94c',
});
const patience = { within: guestSeconds(10) };

const test = guestTest({
  machine: 'i440fx',
  kernel,
  memory: '16M',
  cyclesPerSecond: 20_000_000,
  start: (vm) => vm.runUntil(screenShows('-*-'), patience),
});

test('draws the game', async ({ vm }) => {
  expect(vm.screen).toMatchGolden('game');
});

test('moves the ship and fires when keys are pressed', async ({ vm }) => {
  const before = vm.screen.text();
  await vm.press('left', 'left', 'left', 'space');
  await vm.wait(guestSeconds(0.5));
  expect(vm.screen.text()).not.toBe(before);
  expect(vm.screen).toMatchGolden('played');
});
