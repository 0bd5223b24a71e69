import { beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.js';
import {
  consoleShows,
  executes,
  halted,
  ledLit,
  memoryHolds,
  printerShows,
  promptShows,
  screenShows,
  serialShows,
  speakerSounds,
} from '../../src/suite/conditions.js';
import { cycle } from '../../src/base/integers.js';
import { GuestLimitError } from '../../src/suite/errors.js';
import { guestCycles, guestSeconds } from '../../src/suite/time.js';
import { Vm } from '../../src/suite/vm.js';
import { createToy, loopStart, toyDescription } from '../replay/toy-machine.js';

const powerOn = { date: 0, seed: 7 };
const newVm = (): Vm => new Vm(createToy(toyDescription, powerOn));
const second = { within: guestSeconds(1) };

async function failure(work: Promise<void>): Promise<GuestLimitError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof GuestLimitError) return error;
  throw new Error('no limit was reached');
}

describe('a guest in a suite', () => {
  let vm: Vm;
  beforeEach(() => void (vm = newVm()));

  test('types, shows and sends', async () => {
    await vm.type('ab');
    await vm.runUntil(screenShows('ab'), second);
    await vm.runUntil(serialShows(/a.*b/), second);
    expect(vm.screen.text().trim()).toBe('ab');
    expect(vm.serial.text().replaceAll('.', '')).toBe('ab');
    expect(vm.serial.text(1)).toBe('');
    expect(vm.serial.ports()).toEqual([0]);
  });

  test('shows what was printed, written to the console and sounded, also where it goes on from', async () => {
    const machine = createToy(toyDescription, powerOn);
    const first = new Vm(machine);
    const { observers } = machine;
    for (const byte of [0x48, 0x69]) observers.parallel?.({ byte, cycle: cycle(1) });
    observers.console?.({ data: Uint8Array.of(0x3e, 0x20), cycle: cycle(2) });
    observers.speaker?.({ hertz: 1000.12, cycle: cycle(3) });
    for (const one of [first, new Vm(createToy(toyDescription, powerOn), first.moment())]) {
      expect(one.printer.text()).toBe('Hi');
      expect(one.console.bytes()).toEqual(Uint8Array.of(0x3e, 0x20));
      expect(one.speaker.hertz()).toBe(1000.12);
      await one.runUntil(printerShows('Hi'), second);
      await one.runUntil(consoleShows(/> $/), second);
      await one.runUntil(speakerSounds(), second);
    }
    observers.speaker?.({ hertz: undefined, cycle: cycle(9) });
    expect(first.speaker.text()).toBe('3 1000.120 Hz\n9 silence\n');
  });

  test('sees which LEDs of its keyboard are lit', async () => {
    const machine = createToy(toyDescription, powerOn);
    machine.keyboardLights = () => ({ scrollLock: false, numLock: machine.cycle >= 5000, capsLock: false });
    const one = new Vm(machine);
    expect(one.keyboard.leds().numLock).toBe(false);
    await one.runUntil(ledLit('numLock'), second);
    expect(one.keyboard.leds()).toEqual({ scrollLock: false, numLock: true, capsLock: false });
    await one.runUntil(ledLit('capsLock', false), second);
    const error = await failure(one.runUntil(ledLit('numLock', false), second));
    expect(error.message).toContain('the LED numLock to be dark');
  });

  test('stops exactly before an instruction', async () => {
    await vm.runUntil(executes(loopStart + 5), second);
    expect(vm.cycle).toBe(5);
  });

  test('waits for exactly as long as asked', async () => {
    await vm.wait(guestCycles(1234));
    await vm.wait(guestSeconds(0.5));
    expect(vm.cycle).toBe(1234 + 50_000);
  });

  test('a condition that holds already takes no time', async () => {
    await vm.runUntil(memoryHolds(0xfff, [0]), second);
    expect(vm.cycle).toBe(0);
  });

  test('the limit is guest time and its error shows the screen and what was waited for', async () => {
    await vm.type('ab');
    const before = vm.cycle;
    const error = await failure(vm.runUntil(promptShows('A:\\>'), second));
    expect(error.verdict).toBe('limit');
    expect(error.cycle).toBe(before + 100_000);
    expect(error.message).toMatch(/last line of the screen to be "A:\\\\>"/);
    expect(error.message).toMatch(/\| +ab/);
  });

  test('a guest that halts for good is given up at once', async () => {
    await vm.type('h');
    const error = await failure(vm.runUntil(screenShows('never'), { within: guestSeconds(1000) }));
    expect(error.verdict).toBe('halted');
    expect(error.cycle).toBeLessThan(100_000);
    await vm.runUntil(halted(), second);
    await vm.wait(guestSeconds(1));
    expect(vm.cycle).toBeGreaterThan(100_000);
  });

  test('a triple fault is a verdict with its detail', async () => {
    await vm.type('s');
    const error = await failure(vm.runUntil(screenShows('never'), second));
    expect(error.verdict).toBe('shutdown');
    expect(error.message).toContain('triple fault');
  });

  test('every input is kept with its cycle', async () => {
    await vm.wait(guestCycles(10));
    vm.send('x', 0);
    await vm.wait(guestCycles(10));
    vm.reset();
    expect(vm.history.until).toBe(20);
    expect(vm.history.inputs.map(({ at, event }) => `${at} ${event.kind}`)).toEqual(['10 serial', '20 reset']);
  });

  test('going on from a moment is going on, whatever was done before', async () => {
    const random = seededRandom(1);
    for (let round = 0; round < 20; round++) {
      const first = newVm();
      await first.type('ab'.slice(random.below(2)));
      await first.wait(guestCycles(random.below(5000)));
      const second = new Vm(createToy(toyDescription, powerOn), first.moment());
      for (const each of [first, second]) {
        await each.press('b');
        await each.wait(guestCycles(777));
      }
      expect(second.digest().sha256).toBe(first.digest().sha256);
      expect(second.serial.text()).toBe(first.serial.text());
      expect(second.history).toEqual(first.history);
    }
  });

  test('how often it is looked at changes nothing in the guest', async () => {
    const digests = new Set<string>();
    for (const cycles of [1, 7, 1000, 100_000]) {
      const each = newVm();
      await each.type('a');
      await failure(each.runUntil(screenShows('never'), { within: guestSeconds(0.2), every: guestCycles(cycles) }));
      digests.add(each.digest().sha256);
    }
    expect(digests.size).toBe(1);
  });
});
