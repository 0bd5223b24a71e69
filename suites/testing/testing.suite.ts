/** A kernel of ours that uses what a machine has for kernels under test, and ends its run itself with a status. */
import {
  debugConsoleShows,
  exited,
  expect,
  GuestLimitError,
  guestSeconds,
  guestTest,
  postCodeShows,
  serialShows,
} from 'tsvm-test';

const test = guestTest({
  machine: 'i440fx',
  processor: 'pentium3',
  memory: '64M',
  kernel: 'suites/testing/testing.elf',
  testing: {
    debugExit: { port: '0xf4', bytes: 4 },
    debugConsole: true,
    postCard: true,
    testDevice: true,
    firmwareConfiguration: { files: [{ name: 'opt/testing/word', text: 'hello' }] },
  },
});
const patience = { within: guestSeconds(60) };

test('finds everything as it is to be and ends with the status that says so', async ({ vm, rerun }) => {
  await vm.runUntil(exited(0x21), patience);
  expect(vm.exitStatus).toBe(0x21);
  expect(vm.debugConsole).toMatchGolden('asked');
  expect(vm.debugConsole.text()).not.toMatch(/WRONG|UNEXPECTED|NOT ENDED/);
  expect(vm.serial.text()).toBe(vm.debugConsole.text());
  expect(vm.postCard).toMatchGolden('codes');
  expect(rerun()).toBeNull();
});

test('can be waited for by a code or a line, and tells another end than the one waited for', async ({ vm }) => {
  await vm.runUntil(postCodeShows(0x40), patience);
  await vm.runUntil(debugConsoleShows('I/O APIC: an edge'), patience);
  const error: unknown = await vm.runUntil(serialShows('never'), patience).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(GuestLimitError);
  expect((error as GuestLimitError).message).toMatch(/the guest ended, at cycle \d+[^]*status was 33/);
});

const bare = guestTest({ machine: 'i440fx', memory: '64M', kernel: 'suites/testing/testing.elf' });
bare('does not end where nothing of it is there', async ({ vm }) => {
  await vm.runUntil(serialShows('WRONG Debug console: it reads as itself: ff'), patience);
});
