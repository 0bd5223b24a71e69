/** FreeDOS (kernel build 2040, HIMEM, FreeCOM 0.82) on a 720 KiB floppy: boots, takes commands, keeps what is written. */
import {
  expect,
  guest,
  guestSeconds,
  guestTest,
  promptShows,
  replayInFreshProcess,
  screenShows,
  type Vm,
} from 'tsvm-test';

const floppy = guest('freedos-722.img', { sha256: '6c7b3c62823d538e20797fecae6dc55d2572455791a573a7de2cdba0b583f6be' });
const bootTime = { within: guestSeconds(60) };
const commandTime = { within: guestSeconds(30) };
const prompt = promptShows('A:\\>');

const test = guestTest({
  machine: 'pc',
  floppy,
  memory: '16M',
  start: (vm) => vm.runUntil(prompt, bootTime),
});

/** Types a command and waits until the prompt is back. */
async function command(vm: Vm, line: string): Promise<void> {
  await vm.type(`${line}\n`);
  await vm.runUntil(prompt, commandTime);
}

test('boots to its prompt', async ({ vm }) => {
  expect(vm.screen.text()).toContain('HIMEM');
  expect(vm.screen).toMatchGolden('prompt');
});

test('lists its floppy', async ({ vm }) => {
  await command(vm, 'dir');
  expect(vm.screen).toMatchGolden('dir');
});

test('says its version', async ({ vm }) => {
  await command(vm, 'ver');
  expect(vm.screen.text()).toContain('FreeCom version 0.82');
  expect(vm.screen).toMatchGolden('ver');
});

test('keeps a file that is typed in over a reset, and replays it all in a fresh process', async ({
  vm,
  writeTrace,
}) => {
  await vm.type('copy con hello.txt\n');
  await vm.runUntil(screenShows('con => hello.txt'), commandTime);
  await vm.type('hello again\n');
  await vm.press('ctrl+z', 'enter');
  await vm.runUntil(prompt, commandTime);
  await command(vm, 'dir hello.txt');
  expect(vm.screen).toMatchGolden('file-listed');

  vm.reset();
  await vm.runUntil(screenShows('FreeDOS kernel'), bootTime);
  await vm.runUntil(prompt, bootTime);
  await command(vm, 'type hello.txt');
  expect(vm.screen.text()).toContain('hello again');
  expect(vm.screen).toMatchGolden('file-after-reset');

  const trace = 'test-output/freedos-722/session.trace';
  writeTrace(trace);
  const replayed = await replayInFreshProcess(trace);
  expect(replayed.result).toBe('equal');
  expect(replayed.verified).toBe(replayed.checkpoints.length);
  expect(replayed.digest.sha256).toBe(vm.digest().sha256);
  expect(replayed.screen).toBe(vm.screen.text());
});

test('runs the same again', async ({ vm, rerun }) => {
  await command(vm, 'ver');
  expect(rerun()).toBeNull();
});
