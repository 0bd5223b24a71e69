/** GRUB 2.06 on its rescue floppy: protected mode with trips back to the firmware, and an image of no floppy's size. */
import { expect, guest, guestSeconds, guestTest, promptShows, screenShows } from 'tsvm-test';

const floppy = guest('grub-rescue-floppy.img', {
  sha256: '6073aa7dbfe945ecdc6972908764bc0a75eae2c2e48024d56f168f72a1648527',
});
const patience = { within: guestSeconds(40) };
const prompt = promptShows('grub>');

const test = guestTest({
  machine: 'pc',
  floppy,
  memory: '16M',
  start: (vm) => vm.runUntil(screenShows('Use the'), patience),
});

test('draws its menu', async ({ vm }) => {
  expect(vm.screen.text()).toContain('GNU GRUB  version 2.06');
});

test('lists devices and the processor on its command line', async ({ vm }) => {
  await vm.type('c');
  await vm.runUntil(prompt, patience);
  await vm.type('ls\n');
  await vm.runUntil(prompt, patience);
  expect(vm.screen).toMatchGolden('listed');
});
