/** Minnow, the small kernel whose source stands beside this file: boots, takes commands, keeps what is written, panics. */
import { expect, guestSeconds, guestTest, promptShows, screenShows, serialShows, type Vm } from 'tsvm-test';

const prompt = promptShows('minnow>');
const commandTime = { within: guestSeconds(5) };

const test = guestTest({
  machine: 'pc',
  disk: 'suites/kernel/kernel.img',
  memory: '16M',
  start: (vm) => vm.runUntil(prompt, { within: guestSeconds(10) }),
});

/** Types a command and waits until the prompt is back. */
async function command(vm: Vm, line: string): Promise<void> {
  await vm.type(`${line}\n`);
  await vm.runUntil(prompt, commandTime);
}

/** The line of `ps` for a thread: its figures by the names of the columns. */
function threadFigures(screen: string, thread: string): { ticks: number; switches: number; preempted: number } {
  const line = screen.split('\n').find((text) => text.startsWith(thread)) ?? '';
  const [ticks = NaN, switches = NaN, preempted = NaN] = line.split(/ +/).slice(3).map(Number);
  return { ticks, switches, preempted };
}

test('boots to its shell, and logs how', async ({ vm }) => {
  await vm.runUntil(serialShows('primes below'), commandTime);
  await vm.wait(guestSeconds(0.1));
  expect(vm.screen).toMatchGolden('shell');
  expect(vm.serial).toMatchGolden('boot');
  expect(vm.digest()).toMatchGolden('booted');
});

test('lists its commands', async ({ vm }) => {
  await command(vm, 'help');
  expect(vm.screen).toMatchGolden('help');
});

test('reads letters, capitals, signs and corrections from the keyboard', async ({ vm }) => {
  await vm.type('echo Quick "foxes" {jump}; 7*6=42~');
  await vm.press('x', 'backspace', 'capsLock', 'a', 'shift+b', 'capsLock', 'enter');
  await vm.runUntil(screenShows('\nQuick "foxes" {jump}; 7*6=42~Ab\n'), commandTime);
  expect(vm.serial.text()).toContain('shell: echo Quick "foxes" {jump}; 7*6=42~Ab\r\n');
});

test('repeats a key that is held down', async ({ vm }) => {
  const key = { kind: 'key', key: 0x2d } as const;
  vm.input({ ...key, pressed: true });
  await vm.wait(guestSeconds(1));
  vm.input({ ...key, pressed: false });
  await vm.wait(guestSeconds(1));
  expect(vm.screen.text()).toMatch(/minnow> x{10,12}\n/);
});

test('shows the date it was switched on at', async ({ vm }) => {
  await command(vm, 'date');
  expect(vm.screen.text()).toMatch(/\n2024-01-01 00:00:0\d\n/);
});

test('keeps what is written on its disk over a reset', async ({ vm }) => {
  await command(vm, 'write The first line.');
  await command(vm, 'write The second line.');
  vm.reset();
  await vm.runUntil(serialShows('journal: 2 of 128 lines used'), { within: guestSeconds(10) });
  await vm.runUntil(prompt, commandTime);
  await command(vm, 'log');
  expect(vm.screen).toMatchGolden('log-after-reset');
  expect(vm.digest()).toMatchGolden('log-after-reset');
});

test('resets itself', async ({ vm }) => {
  await vm.type('reboot\n');
  await vm.runUntil(serialShows(/rebooting[^]*shell: ready/), { within: guestSeconds(10) });
  expect(vm.serial).toMatchGolden('reboot');
});

test('preempts the shell and the worker', async ({ vm }) => {
  await command(vm, 'spin 60');
  await command(vm, 'ps');
  const screen = vm.screen.text();
  expect(threadFigures(screen, 'shell').preempted).toBeGreaterThan(0);
  expect(threadFigures(screen, 'worker').preempted).toBeGreaterThan(0);
  expect(threadFigures(screen, 'worker').ticks).toBeGreaterThan(0);
  expect(threadFigures(screen, 'idle').preempted).toBe(0);
  expect(vm.screen).toMatchGolden('preempted');
});

test('gives the worker its memory page by page', async ({ vm }) => {
  await vm.runUntil(serialShows('worker: 6542 primes below 65536'), commandTime);
  await command(vm, 'mem');
  await command(vm, 'events');
  expect(vm.screen.text()).toMatch(/demand faults +17\n/);
  expect(vm.screen).toMatchGolden('memory');
});

test('panics when the shell writes where no memory is', async ({ vm }) => {
  await vm.type('crash\n');
  await vm.runUntil(serialShows('switched off or reset.\r\n'), commandTime);
  expect(vm.screen.text()).toContain('Minnow has stopped: page fault');
  expect(vm.screen.text()).toContain('cr2 deadbeec');
  expect(vm.screen).toMatchGolden('panic');
  expect(vm.serial).toMatchGolden('panic');
  expect(vm.digest()).toMatchGolden('panic');
});

test('panics when the shell divides by zero', async ({ vm }) => {
  await vm.type('divide\n');
  await vm.runUntil(serialShows('switched off or reset.\r\n'), commandTime);
  expect(vm.screen).toMatchGolden('divide');
});

test('runs the same again', async ({ vm, rerun }) => {
  await command(vm, 'write same');
  await command(vm, 'log');
  expect(rerun()).toBeNull();
});
