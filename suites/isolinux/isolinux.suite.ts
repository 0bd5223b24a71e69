/** ISOLINUX from a CD-ROM: menus in a framebuffer and in text, the Hardware Detection Tool, another loader, and the ways out. */
import { type Condition, expect, guest, guestSeconds, guestTest, poweredOff, screenShows } from 'tsvm-test';

/** A menu in a framebuffer has no text. */
const graphics: Condition = { description: 'a graphics mode', holds: ({ screen }) => screen.text() === '' };
const patience = { within: guestSeconds(20) };

const test = guestTest({
  machine: 'i440fx',
  memory: '64M',
  display: 'vbe',
  boot: 'cdrom',
  cdrom: guest('isolinux.iso', {
    sha256: '9da188e670509ada4c2decb08058bec9c74d4cd7f3cefe17ecc9b852a1203cbf',
    optional: true,
  }),
  disk: 'suites/kernel/kernel.img',
  start: async (vm) => {
    await vm.runUntil(graphics, patience);
    await vm.wait(guestSeconds(2));
  },
});

test('shows a menu in a framebuffer', ({ vm }) => {
  expect(vm.screen).toMatchGolden('menu');
});

test.for(['pci', 'memory', 'disk', 'acpi', 'cpu'])(
  'the Hardware Detection Tool tells of %s what the machine has',
  async (about, { vm }) => {
    await vm.press('h', 'enter');
    await vm.runUntil(screenShows('hdt>'), patience);
    await vm.type(`set mode ${about}\nclear\nshow\n`);
    await vm.wait(guestSeconds(3));
    expect(vm.screen).toMatchGolden(about);
  },
);

test('a menu in text starts the disk', async ({ vm }) => {
  await vm.press('t', 'enter');
  await vm.runUntil(screenShows('Press [Tab] to edit options'), patience);
  await vm.wait(guestSeconds(0.5));
  expect(vm.screen).toMatchGolden('text-menu');
  await vm.press('d', 'enter');
  await vm.runUntil(screenShows('Minnow'), patience);
});

test('switches the computer off', async ({ vm }) => {
  await vm.press('t', 'enter');
  await vm.runUntil(screenShows('Power off'), patience);
  await vm.press('o', 'enter');
  await vm.runUntil(poweredOff(), patience);
});

test('resets the computer, which comes back to the menu', async ({ vm }) => {
  await vm.press('r', 'enter');
  await vm.runUntil(screenShows('tsvm-test firmware'), patience);
  await vm.runUntil(graphics, patience);
});
