/** A kernel of ours that asks processor and APICs what Intel's manual says they do, and names every difference on the serial port. */
import { expect, guestSeconds, guestTest, serialShows } from 'tsvm-test';

const test = guestTest({
  machine: 'i440fx',
  processor: 'pentium3',
  memory: '64M',
  kernel: 'suites/protection/protection.elf',
});

test('finds nothing that the manual has otherwise', async ({ vm, rerun }) => {
  await vm.runUntil(serialShows('=== DONE'), { within: guestSeconds(60) });
  expect(vm.serial.text()).not.toContain('WRONG');
  expect(vm.serial.text()).toMatch(/, wrong 0\r$/m);
  expect(vm.serial).toMatchGolden('asked');
  expect(rerun()).toBeNull();
});
