/**
 * The keyboard under Linux's own driver (atkbd, part of the kernel), with the controller's translation switched off: what reaches
 * the driver is what the keyboard sends, in scan code set 2 and then in set 3, which the driver asks the keyboard for.
 */
import { expect, guestSeconds, guestTest, ledLit, type Vm } from 'tsvm-test';
import { debian, does } from './debian.js';

const test = guestTest({
  ...debian,
  commandLine: `${debian.commandLine} i8042.direct=1`,
  async start(vm) {
    await debian.start!(vm);
    await does(vm, 'modprobe evdev');
  },
});

const driver = '/sys/bus/serio/devices/serio0';
const soon = { within: guestSeconds(1) };

/** Sets something of the driver's, which gives its keyboard up and finds it again. */
async function tells(vm: Vm, setting: string, value: number): Promise<void> {
  await does(vm, `echo ${value} >${driver}/${setting} && [ $(cat ${driver}/${setting}) = ${value} ]`);
  await does(vm, 'until [ -c /dev/input/event* ]; do usleep 10000; done');
}

/** What the input layer tells while keys move: type, code and value of each event. */
async function eventsOf(vm: Vm, keys: () => Promise<void>): Promise<number[][]> {
  await does(vm, 'cat /dev/input/event* >/events & reader=$!; sleep 1');
  await keys();
  await vm.wait(guestSeconds(0.1));
  // Sixteen bytes each: a time, then type and code of two bytes, and a value of four.
  const said = await does(vm, 'kill $reader; od -v -An -w16 -t u2 /events');
  const rows = said.split('\n').map((line) => line.trim().split(/ +/).map(Number));
  return rows.filter((row) => row.length === 8).map((row) => row.slice(4, 7));
}

/** The bytes that reach the driver while keys are pressed. */
async function bytesOf(vm: Vm, ...chords: readonly string[]): Promise<string> {
  await tells(vm, 'softraw', 0);
  const events = await eventsOf(vm, () => vm.press(...chords));
  const raw = events.filter(([type, code]) => type === 4 && code === 3);
  return raw.map(([, , byte]) => byte!.toString(16).padStart(2, '0')).join(' ');
}

/** What a reader of the console gets of a line typed. */
async function lineRead(vm: Vm, line: string): Promise<string> {
  await does(vm, 'head -n 1 /dev/tty1 >/line & sleep 1');
  await vm.type(`${line}\n`);
  return (await does(vm, 'wait; cat /line')).split('\n')[0]!;
}

// Every character key of a US keyboard, with Shift and without.
const everyKey = '`1234567890-=qwertyuiop[]\\asdfghjkl;\'zxcvbnm,./ ~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?';
// A letter, two keys at once, one behind a prefix, one beyond 7Fh in set 2, the one that never breaks but in set 3, and right Ctrl.
const keys = ['a', 'shift+b', 'home', 'f7', 'pause', 'rightCtrl'];

test('sends scan code set 2 as it is', async ({ vm }) => {
  expect(await does(vm, 'cat /proc/bus/input/devices')).toContain('AT Raw Set 2 keyboard');
  expect(await lineRead(vm, everyKey)).toBe(everyKey);
  expect(await bytesOf(vm, ...keys)).toBe(
    '1c f0 1c 12 32 f0 32 f0 12 e0 6c e0 f0 6c 83 f0 83 e1 14 77 e1 f0 14 f0 77 e0 14 e0 f0 14',
  );
});

test('sends scan code set 3 when it is told to', async ({ vm }) => {
  await tells(vm, 'set', 3);
  expect(await does(vm, 'cat /proc/bus/input/devices')).toContain('AT Raw Set 3 keyboard');
  expect(await lineRead(vm, everyKey)).toBe(everyKey);
  expect(await bytesOf(vm, ...keys)).toBe('1c f0 1c 12 32 f0 32 f0 12 6e f0 6e 37 f0 37 62 f0 62 58 f0 58');
});

test('repeats a key that is held, as fast as the driver asked', async ({ vm }) => {
  const key = 0x1e;
  const events = await eventsOf(vm, async () => {
    vm.input({ kind: 'key', key, pressed: true });
    await vm.wait(guestSeconds(1));
    vm.input({ kind: 'key', key, pressed: false });
  });
  // Down, again and up: first after a quarter of a second, then thirty times a second.
  const values = events.filter(([type]) => type === 1).map(([, , value]) => value);
  expect(values).toEqual([1, ...Array<number>(23).fill(2), 0]);
});

test('lights its LEDs by the keys of the console and by what the system says', async ({ vm }) => {
  const dark = { scrollLock: false, numLock: false, capsLock: false };
  expect(vm.keyboard.leds()).toEqual(dark);
  // Scroll Lock holds the output of whoever has the console open.
  await does(vm, 'exec 3<>/dev/tty1');
  for (const led of ['capsLock', 'numLock', 'scrollLock'] as const) {
    await vm.press(led);
    await vm.runUntil(ledLit(led), soon);
    expect(vm.keyboard.leds()).toEqual({ ...dark, [led]: true });
    expect(await does(vm, `cat /sys/class/leds/*::${led.toLowerCase()}/brightness`)).toMatch(/^1\n/);
    await vm.press(led);
    await vm.runUntil(ledLit(led, false), soon);
  }
  await vm.press('capsLock');
  expect(await lineRead(vm, 'abC1')).toBe('ABc1');
  await does(vm, 'echo 1 >$(echo /sys/class/leds/*::scrolllock/brightness)');
  await vm.runUntil(ledLit('scrollLock'), soon);
  expect(vm.keyboard.leds()).toEqual({ scrollLock: true, numLock: false, capsLock: true });
});

test('runs the same when it is replayed', async ({ vm, rerun }) => {
  await tells(vm, 'set', 3);
  await lineRead(vm, 'Replayed');
  await vm.press('numLock');
  await vm.runUntil(ledLit('numLock'), soon);
  expect(rerun()).toBeNull();
});
