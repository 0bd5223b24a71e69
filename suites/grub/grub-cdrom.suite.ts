/** GRUB 2.06 on its rescue CD-ROM: El Torito boot, an ATAPI drive, and the PCI BIOS. */
import { expect, guest, guestSeconds, guestTest, promptShows, screenShows } from 'tsvm-test';

const cdrom = guest('grub-rescue-cdrom.iso', {
  sha256: '895e963832b7bf6c9cf20cf608e2f2fca7540f1ccaf46e31048c7b299b8c3566',
});
const patience = { within: guestSeconds(40) };
const prompt = promptShows('grub>');

const test = guestTest({
  cdrom,
  memory: '64M',
  start: async (vm) => {
    await vm.runUntil(screenShows('Use the'), patience);
    await vm.type('c');
    await vm.runUntil(prompt, patience);
  },
});

test('finds the CD-ROM and what is on it', async ({ vm }) => {
  await vm.type('ls\n');
  await vm.runUntil(prompt, patience);
  await vm.type('ls (cd)/boot/grub\n');
  await vm.runUntil(prompt, patience);
  expect(vm.screen).toMatchGolden('listed');
});

test('lists the functions on the PCI bus', async ({ vm }) => {
  await vm.type('lspci\n');
  await vm.runUntil(prompt, patience);
  expect(vm.screen).toMatchGolden('pci');
});

test('says that the processor has no long mode', async ({ vm }) => {
  await vm.type('cpuid -l; if [ $? = 0 ]; then echo long; else echo short; fi\n');
  await vm.runUntil(screenShows(/^short/m), patience);
});

test('runs the same when it is replayed', async ({ vm, rerun }) => {
  await vm.type('ls\n');
  await vm.runUntil(prompt, patience);
  expect(rerun()).toBeNull();
});
