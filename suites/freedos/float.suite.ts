/** FreeDOS with a program that calculates on the x87: constants, series, functions, precisions, and an exception by interrupt 13. */
import { expect, guest, guestSeconds, guestTest, promptShows } from 'tsvm-test';

const prompt = promptShows('A:\\>');
const test = guestTest({
  machine: 'pc',
  processor: '80486',
  floppy: guest('freedos-722.img', { sha256: '6c7b3c62823d538e20797fecae6dc55d2572455791a573a7de2cdba0b583f6be' }),
  floppyB: 'suites/freedos/float/float.img',
  memory: '16M',
  start: (vm) => vm.runUntil(prompt, { within: guestSeconds(60) }),
});

test('works numbers out to fifteen decimals, and catches a division by zero', async ({ vm, rerun }) => {
  await vm.type('b:float\n');
  await vm.runUntil(promptShows('A:\\>'), { within: guestSeconds(30) });
  expect(vm.screen.text()).toContain('pi, by series    3.141592653589793');
  expect(vm.screen.text()).toContain('division by zero: caught');
  expect(vm.screen).toMatchGolden('numbers');
  expect(rerun()).toBeNull();
});
