/** The install floppy of FreeDOS 1.3 (FreeCOM 0.85a): asks before it does anything, and takes no for an answer. */
import { expect, guest, guestSeconds, guestTest, promptShows, screenShows, type Vm } from 'tsvm-test';

const floppy = guest('freedos13-720k.img', {
  sha256: '6a6a75d96e4b0f89b160d1c6193873154b0c75bf9989d0e27b6663a13d8c59b3',
});
const bootTime = { within: guestSeconds(120) };
const prompt = promptShows('A:\\>');

const test = guestTest({
  machine: 'pc',
  floppy,
  memory: '16M',
  start: (vm) => vm.runUntil(screenShows('Do you want to proceed [Y,N]?'), bootTime),
});

async function refuse(vm: Vm): Promise<void> {
  await vm.type('n\n');
  await vm.runUntil(prompt, bootTime);
}

test('asks before it installs', async ({ vm }) => {
  expect(vm.screen).toMatchGolden('question');
});

test('gives its prompt when told no', async ({ vm }) => {
  await refuse(vm);
  expect(vm.screen).toMatchGolden('prompt');
});

test('lists its floppy and says its version', async ({ vm }) => {
  await refuse(vm);
  await vm.type('dir\n');
  await vm.runUntil(prompt, bootTime);
  expect(vm.screen).toMatchGolden('dir');
  await vm.type('ver\n');
  await vm.runUntil(prompt, bootTime);
  expect(vm.screen.text()).toContain('FreeCom version 0.85a');
});
