/**
 * Allegro 4.4's driver of mode X on the Linux console: the VGA without chaining, programmed at its ports. A split screen by line compare, scrolling by
 * start address and panning, flipped pages, and Allegro's own test program.
 */
import { expect, guest, guestSeconds, guestTest, serialShows, type Vm } from 'tsvm-test';

const booting = { within: guestSeconds(120), every: guestSeconds(0.02) };
const soon = { within: guestSeconds(20) };
const drawn = guestSeconds(2);
const moved = guestSeconds(0.5);
const byFrames = { within: guestSeconds(20), every: guestSeconds(0.008) };

const test = guestTest({
  machine: 'i440fx',
  processor: 'pentium3',
  memory: '256M',
  kernel: guest('debian12-vmlinuz-6.1-686', {
    sha256: 'd8d6e857bf1a3adb6505e0188ff6377fbf277b467797b2883e92bc70756841d6',
  }),
  // Built by build.sh. Its bytes follow the compiler and the C library, its screens do not.
  initrd: guest('allegro-i386.cpio.gz', { optional: true }),
  commandLine: 'console=ttyS0 cryptomgr.notests mitigations=off rdinit=/allegro/start',
  start: (vm) => vm.runUntil(serialShows('=== READY 6.1.0-47-686'), booting),
});

/** Starts a program that has the display to itself. */
async function show(vm: Vm, program: string): Promise<void> {
  vm.send(`show ./${program}\n`);
  await vm.wait(drawn);
}

/** Ends it by a key, and sees that it ended well. */
async function leave(vm: Vm, key: string): Promise<void> {
  await vm.press(key);
  await vm.runUntil(serialShows('=== ENDED 0'), soon);
}

/** The colour of every dot of one line of the screen; in these modes a dot is two pixels wide. */
function dotsOf(vm: Vm, line: number): number[] {
  const { width, pixels } = vm.screen.frame();
  const view = new DataView(pixels.buffer, pixels.byteOffset + line * width * 4, width * 4);
  return Array.from({ length: width / 2 }, (_, dot) => view.getUint32(dot * 8));
}

test('splits the screen, and gives the text console back', async ({ vm }) => {
  await show(vm, 'split');
  expect(vm.screen).toMatchGolden('split');
  await leave(vm, 'esc');
  vm.send('echo Text again. >/dev/tty1\n');
  await vm.wait(moved);
  expect(vm.screen.text()).toMatch(/^Text again\.\n\n/);
  expect(vm.screen).toMatchGolden('text-again');
});

test('scrolls the upper part dot by dot while the lower part stays', async ({ vm }) => {
  await show(vm, 'split');
  const [above, border] = [dotsOf(vm, 40), dotsOf(vm, 478)];
  // Four bytes, and so four planes, have one address: the other dots are the panning's.
  for (const by of [1, 2, 3, 4, 5]) {
    await vm.press('right');
    await vm.wait(moved);
    expect(dotsOf(vm, 40).slice(0, -by)).toEqual(above.slice(by));
    expect(dotsOf(vm, 478)).toEqual(border);
  }
  await vm.press('shift+right', 'shift+right', 'shift+down');
  await vm.wait(moved);
  expect(vm.screen).toMatchGolden('split-scrolled');
});

test.for([
  '256x224',
  '256x256',
  '320x200',
  '320x400',
  '320x600',
  '360x270',
  '360x480',
  '376x282',
  '376x308',
  '376x564',
])('splits and scrolls a screen of %s', async (size, { vm }) => {
  await show(vm, `split ${size.replace('x', ' ')}`);
  await vm.press('shift+right', 'right', 'right', 'right', 'right', 'down');
  await vm.wait(moved);
  expect(vm.screen).toMatchGolden(size);
});

/** How many dots of a line, from the left, have this colour. */
const leading = (dots: readonly number[], colour: number): number => dots.findIndex((dot) => dot !== colour);

test('scrolls a landscape: exscroll', async ({ vm }) => {
  vm.send('show ./exscroll\n');
  await vm.wait(guestSeconds(1));
  const sky = dotsOf(vm, 0)[0]!;
  const ground = dotsOf(vm, 479)[0]!;
  // The landscape begins flat, and what is drawn later is not.
  const flat = (): number => Math.min(leading(dotsOf(vm, 199), sky), leading(dotsOf(vm, 200), ground));
  await vm.runUntil({ description: 'the landscape to have gone 60 dots', holds: () => flat() === 260 }, byFrames);
  expect(vm.screen).toMatchGolden('landscape');
  const before = dotsOf(vm, 196);
  await vm.runUntil({ description: 'another three frames', holds: () => flat() === 257 }, byFrames);
  expect(dotsOf(vm, 196).slice(0, -3)).toEqual(before.slice(3));
  await leave(vm, 'space');
});

test('flips between two pages: exflip', async ({ vm }) => {
  vm.send('show ./exflip\n');
  await vm.wait(guestSeconds(1));
  await vm.press('space');
  await vm.wait(moved);
  const left = (): number => leading(dotsOf(vm, 200), 0xffffffff);
  await vm.runUntil({ description: 'the ball at dot 9', holds: () => left() === 9 }, byFrames);
  expect(vm.screen).toMatchGolden('page-odd');
  await vm.runUntil({ description: 'the ball one page further', holds: () => left() === 10 }, byFrames);
  expect(vm.screen).toMatchGolden('page-even');
  await leave(vm, 'space');
});

/** Chooses mode X of 320x240 in the dialog that the test program begins with. */
async function startTestProgram(vm: Vm): Promise<void> {
  await show(vm, 'test');
  await vm.press('m', 'tab', 'down');
  await vm.wait(moved);
}

/** Opens a menu and chooses from it. */
async function choose(vm: Vm, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await vm.press(key);
    await vm.wait(moved);
  }
}

test("Allegro's own test program offers the modes and sets one", async ({ vm }) => {
  await startTestProgram(vm);
  expect(vm.screen).toMatchGolden('test-modes');
  await vm.press('enter');
  await vm.wait(drawn);
  expect(vm.screen).toMatchGolden('test-title');
  await choose(vm, 'alt+g', 'p');
  expect(vm.screen).toMatchGolden('test-menus');
  await choose(vm, 'i');
  expect(vm.screen).toMatchGolden('test-circles');
});

test("Allegro's own test program scrolls over all of video memory", async ({ vm }) => {
  await startTestProgram(vm);
  await vm.press('enter');
  await vm.wait(drawn);
  await choose(vm, 'alt+m', 's');
  await vm.press(...Array<string>(10).fill('right'), ...Array<string>(6).fill('down'));
  await vm.wait(moved);
  expect(vm.screen).toMatchGolden('test-scrolled');
});

test('runs the same when it is replayed', async ({ vm, rerun }) => {
  await show(vm, 'split');
  await vm.press('shift+right', 'right', 'shift+down');
  await leave(vm, 'esc');
  expect(rerun()).toBeNull();
});
