/** ELKS 0.6, a small Unix for the 8086: its own drivers for floppy, serial and console. */
import { expect, guest, guestSeconds, guestTest, promptShows } from 'tsvm-test';

const floppy = guest('elks-0.6-fd1440.img', {
  sha256: 'da72402fe978d803ecce2ce7242b2e6dd445d2572a2b557477de6aa7cffe2463',
});
const patience = { within: guestSeconds(30) };
const prompt = promptShows('#');

const test = guestTest({ machine: 'pc', floppy, memory: '4M', start: (vm) => vm.runUntil(prompt, patience) });

test('reaches its shell', async ({ vm }) => {
  expect(vm.screen).toMatchGolden('shell');
});

test('lists its root and its processes', async ({ vm }) => {
  await vm.type('ls /\n');
  await vm.runUntil(prompt, patience);
  await vm.type('ps\n');
  await vm.runUntil(prompt, patience);
  expect(vm.screen).toMatchGolden('listed');
});

test('keeps a file that is written to its disk over a reset', async ({ vm }) => {
  await vm.type('echo still here > note\n');
  await vm.runUntil(prompt, patience);
  await vm.type('sync\n');
  await vm.runUntil(prompt, patience);
  await vm.reset();
  await vm.runUntil(prompt, patience);
  await vm.type('cat note\n');
  await vm.runUntil(prompt, patience);
  expect(vm.screen.text()).toContain('still here');
});
