/**
 * HPET, virtio's entropy and console devices, the parallel port, the mouse, the speaker and four serial ports, each under Debian's
 * own driver. The local APIC's timer is left out on the command line, so that the HPET makes every tick of the kernel.
 */
import { expect, guestSeconds, guestTest, type Vm } from 'tsvm-test';
import { debian, does } from './debian.js';

const test = guestTest({
  ...debian,
  commandLine: `${debian.commandLine} nolapic_timer`,
  devices: ['hpet', 'parallel', 'virtio-rng', 'virtio-console'],
  mouse: 'ps2',
});

const numbers = (last: number): string => Array.from({ length: last }, (_, at) => `${at + 1}\n`).join('');
const cyclesPerSecond = guestSeconds(1).cycles;

test('counts time and makes ticks with the HPET', async ({ vm }) => {
  const source = '/sys/devices/system/clocksource/clocksource0/current_clocksource';
  expect(await does(vm, 'dmesg')).toMatch(/hpet0: 3 comparators, 64-bit 14\.318180 MHz counter/);
  expect(await does(vm, `echo hpet >${source} && cat ${source} && dmesg | tail -n 1`)).toMatch(
    /^hpet\n.*Switched to clocksource hpet/,
  );
  expect(await does(vm, 'cat /proc/timer_list')).toMatch(/Per CPU device: 0\nClock Event Device: hpet\n/);
  const ticks = async (): Promise<number> =>
    Number(/^ *0: +(\d+) .* timer$/m.exec(await does(vm, 'cat /proc/interrupts'))![1]);
  const [before, began] = [await ticks(), vm.cycle];
  await does(vm, 'sleep 3');
  const seconds = (vm.cycle - began) / cyclesPerSecond(100_000_000);
  expect(seconds).toBeGreaterThan(3);
  expect(seconds).toBeLessThan(3.5);
  expect(await ticks()).toBeGreaterThan(before + 10);
  expect(await does(vm, 'dmesg')).not.toMatch(/[Uu]nstable|timer stuck|Lost .* ticks/);
});

test("reads the clock through the HPET's interrupt in its place", async ({ vm }) => {
  expect(await does(vm, 'dmesg')).toContain('hpet irqs');
  expect(await does(vm, 'hwclock -u -r')).toMatch(/Mon Jan +1 00:0\d:\d\d 2024/);
});

test('draws random bytes from the virtio entropy device', async ({ vm }) => {
  await does(vm, 'modprobe virtio_pci && modprobe virtio-rng');
  expect(await does(vm, 'cat /sys/class/misc/hw_random/rng_current')).toBe('virtio_rng.0\n=== ENDED 0\n');
  await does(vm, 'head -c 4096 /dev/hwrng >/first && head -c 4096 /dev/hwrng >/second');
  expect(await does(vm, 'wc -c /first; cmp /first /second >/dev/null || echo they-differ')).toMatch(
    /4096 \/first\nthey-differ/,
  );
  // Each queue has a message of its own in the place of the pin.
  expect(await does(vm, 'cat /proc/interrupts')).toMatch(/\d+ +PCI-MSI \d+-edge +virtio0-/);
  // Random bytes do not become shorter.
  expect(Number(await does(vm, 'gzip -c /first | wc -c').then((said) => said.split('\n')[0]))).toBeGreaterThan(4096);
});

test('talks both ways over the virtio console', async ({ vm }) => {
  await does(vm, 'modprobe virtio_pci && modprobe virtio_console');
  // Its settings last as long as it is open.
  await does(vm, '{ stty raw -echo; seq 1 2000 >&0; } <>/dev/hvc0');
  await vm.wait(guestSeconds(0.1));
  expect(vm.console.text()).toBe(numbers(2000));
  vm.sendToConsole(numbers(500));
  await does(vm, `head -n 500 /dev/hvc0 >/typed && seq 1 500 | cmp - /typed`);
});

test('prints over the parallel port, by its interrupt', async ({ vm }) => {
  await does(vm, 'modprobe parport_pc && modprobe lp');
  expect(await does(vm, 'dmesg')).toMatch(/parport0: PC-style at 0x378, irq 7/);
  await does(vm, 'seq 1 300 >/dev/lp0');
  expect(vm.printer.text()).toBe(numbers(300));
  expect(await does(vm, 'cat /proc/interrupts')).toMatch(/ 7: +\d{3,} .*parport0/);
});

/** What the input layer tells: type, code and value of each event that reached /dev/input/event… */
async function inputEvents(vm: Vm, file: string): Promise<string[]> {
  // Sixteen bytes each: a time, then type and code of two bytes, and a value of four.
  const said = await does(vm, `od -v -An -w16 -t d2 ${file}`);
  const rows = said.split('\n').map((line) => line.trim().split(/ +/).map(Number));
  return rows.filter((row) => row.length === 8).map(([, , , , type, code, value]) => `${type} ${code} ${value}`);
}

test('follows the mouse, its buttons and its wheel', async ({ vm }) => {
  await does(vm, 'modprobe evdev && modprobe psmouse');
  await does(vm, 'until [ -c /dev/input/event1 ]; do usleep 10000; done');
  expect(await does(vm, 'cat /proc/bus/input/devices')).toContain('Explorer Mouse');
  await does(vm, 'cat /dev/input/mice >/mice & cat /dev/input/event1 >/events & sleep 1');
  await vm.mouse.moveBy(5, 3);
  await vm.mouse.click('right');
  await vm.mouse.wheel(1);
  await vm.wait(guestSeconds(0.5));
  const events = await inputEvents(vm, '/events');
  // Relative x and y, the right button's two ways, one notch of the wheel: towards the user is negative.
  for (const event of ['2 0 5', '2 1 3', '1 273 1', '1 273 0', '2 8 -1']) expect(events).toContain(event);
  // Three bytes a packet: sign and button bits, x to the right, y up.
  expect(await does(vm, `hexdump -v -e '3/1 "%02x " "\\n"' /mice`)).toMatch(/^28 05 fd/m);
});

test('hears the power button and the sleep button', async ({ vm }) => {
  await does(vm, 'modprobe evdev && modprobe button');
  await does(vm, 'until [ -c /dev/input/event2 ]; do usleep 10000; done');
  const found = await does(vm, 'cat /proc/bus/input/devices');
  for (const name of ['Power Button', 'Sleep Button']) expect(found).toContain(`Name="${name}"`);
  await does(vm, 'cat /dev/input/event1 >/one & cat /dev/input/event2 >/other & sleep 1');
  for (const kind of ['powerButton', 'sleepButton'] as const) {
    vm.input({ kind });
    await vm.wait(guestSeconds(0.2));
  }
  // KEY_POWER and KEY_SLEEP, each down and up, each from a device of its own.
  const events: string[] = [];
  for (const file of ['/one', '/other']) events.push((await inputEvents(vm, file)).join());
  expect(events.sort()).toEqual(['1 116 1,0 0 0,1 116 0,0 0 0', '1 142 1,0 0 0,1 142 0,0 0 0']);
});

test('makes the speaker sound', async ({ vm }) => {
  await does(vm, 'modprobe pcspkr');
  await does(vm, 'printf "\\a" >/dev/tty1 && sleep 1');
  const [bell, silence] = vm.speaker.tones().slice(-2);
  expect(bell!.hertz).toBeCloseTo(750, -1);
  expect(silence!.hertz).toBeUndefined();
  // The console's bell lasts an eighth of a second, up to a tick.
  expect((silence!.cycle - bell!.cycle) / cyclesPerSecond(100_000_000)).toBeCloseTo(0.125, 1);
});

test('talks both ways on all four serial ports', async ({ vm }) => {
  for (const port of [1, 2, 3]) {
    await does(vm, `stty -F /dev/ttyS${port} 115200 raw -echo && seq 1 100 >/dev/ttyS${port}`);
    await does(vm, `head -n 100 /dev/ttyS${port} >/typed${port} &`);
    await vm.wait(guestSeconds(0.2));
    vm.send(numbers(100), port);
    await does(vm, `until seq 1 100 | cmp -s - /typed${port}; do usleep 10000; done`);
    expect(vm.serial.text(port)).toBe(numbers(100));
  }
  expect(await does(vm, 'cat /proc/tty/driver/serial')).not.toMatch(/oe:|fe:|pe:/);
});

test('shows on the screen what it found', async ({ vm }) => {
  await does(vm, 'modprobe virtio_pci && modprobe virtio-rng && modprobe virtio_console && modprobe parport_pc');
  await does(vm, 'modprobe psmouse && modprobe pcspkr');
  await does(
    vm,
    // Without a cursor, whose blinking depends on the moment.
    'clear >/dev/tty1 && printf "\\033[?25l" >/dev/tty1 && lsmod | cut -d " " -f 1 | sort >/dev/tty1 && ls /sys/bus/virtio/drivers >/dev/tty1 && sleep 1',
  );
  await expect(vm.screen).toMatchGolden('modules');
});

test('runs the same when it is replayed', async ({ vm, rerun }) => {
  await does(vm, 'modprobe virtio_pci && modprobe virtio-rng && modprobe virtio_console');
  vm.sendToConsole('typed\n');
  await does(vm, 'head -n 1 /dev/hvc0 && head -c 512 /dev/hwrng | hexdump -C');
  expect(rerun()).toBeNull();
});
