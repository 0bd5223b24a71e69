/** KolibriOS on a floppy: 32-bit code with paging, a desktop in a linear framebuffer of 1024x768 in true colour, and a PS/2 mouse. */
import { expect, guest, guestSeconds, guestTest } from 'tsvm-test';

const floppy = guest('kolibri-2020.img', {
  sha256: '80a1791fdc9159975f1cbed8e185206a4575a96bcef1e3e0461efa8b36af1083',
});

const test = guestTest({
  machine: 'i440fx',
  floppy,
  display: 'vbe',
  mouse: 'ps2',
  memory: '64M',
  // The whole floppy is read at a floppy's own speed; waiting for it costs the host nothing.
  start: (vm) => vm.wait(guestSeconds(185)),
});

test('draws its desktop', async ({ vm }) => {
  expect(vm.screen).toMatchGolden('desktop');
});

test('opens a program from the desktop with the mouse', async ({ vm }) => {
  // From the middle of the screen to the calculator; this system moves its pointer three dots for four counts.
  await vm.mouse.moveBy(-367, -477);
  await vm.mouse.click();
  await vm.wait(guestSeconds(6));
  expect(vm.screen).toMatchGolden('calculator');
});

test('calculates what is typed', async ({ vm }) => {
  await vm.mouse.moveBy(-367, -477);
  await vm.mouse.click();
  await vm.wait(guestSeconds(6));
  await vm.type('7*6=');
  await vm.wait(guestSeconds(1));
  expect(vm.screen).toMatchGolden('calculated');
});

test('says so where the program of an icon is not on its floppy, as with all of its games', async ({ vm }) => {
  // The icon of a Sudoku in the lower left corner.
  await vm.mouse.moveBy(-660, 490);
  await vm.wait(guestSeconds(1));
  await vm.mouse.click();
  await vm.wait(guestSeconds(1));
  expect(vm.screen).toMatchGolden('no-game');
});
