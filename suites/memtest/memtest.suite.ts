/** Memtest86+ 6.10, started by the Linux boot protocol: the whole of 16 MB, with paging extensions where the processor has them. */
import { expect, guest, guestSeconds, guestTest, longRuns, screenShows } from 'tsvm-test';

const kernel = guest('memtest86plus-6.10-ia32.bin', {
  sha256: '9aee6d56888b8a78fa1dd774b341db40ea8049a576417de302e5daed4c91707e',
});

const test = guestTest({
  machine: 'i440fx',
  kernel,
  memory: '16M',
  start: (vm) => vm.runUntil(screenShows('Status: Testing'), { within: guestSeconds(20) }),
});

test('knows the processor, its caches and the memory', async ({ vm }) => {
  const screen = vm.screen.text();
  expect(screen).toContain('Pentium III');
  expect(screen).toMatch(/Memory +: +16(\.0)?MB/);
});

test('comes to its fifth test without an error', async ({ vm }) => {
  await vm.runUntil(screenShows('Test #5'), { within: guestSeconds(60) });
  expect(vm.screen.text()).toMatch(/Errors: 0$/m);
});

// 37 thousand million cycles: only where `--long` asks for it.
test.runIf(longRuns())('passes all of its tests without an error', async ({ vm }) => {
  await vm.runUntil(screenShows(/Pass: +1 /), { within: guestSeconds(600) });
  expect(vm.screen.text()).toMatch(/Errors: 0$/m);
});
