import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../../src/base/errors.js';
import { createDevice } from '../../../src/device/device.js';
import { keyboardController } from '../../../src/device/keyboard/controller.js';
import { type Action, anyAdvance, testChipProperties } from '../chip-properties.js';

const millisecond = 12_000;
const acknowledge = 0xfa;

/** A controller with both connectors enabled, both interrupts on, and a mouse. */
function bench(mouse = true, asQemu = false) {
  const levels: Record<string, boolean> = {};
  const chip = createDevice(keyboardController, {
    lines: {
      interrupt: (level) => (levels.interrupt = level),
      auxiliaryInterrupt: (level) => (levels.auxiliaryInterrupt = level),
      a20: () => {},
      reset: () => {},
    },
    board: { mouse, asQemu },
  });
  chip.write('commandStatus', 0x60);
  chip.write('data', 0x47);
  /** Bytes of the auxiliary connector that come within some time. */
  const receive = (milliseconds: number): number[] => {
    const received: number[] = [];
    for (let left = milliseconds * 24; left > 0; left--) {
      chip.advance(millisecond / 24);
      const status = chip.read('commandStatus')!;
      if ((status & 1) === 0) continue;
      expect(status & 0x20).toBe(0x20);
      expect(levels.auxiliaryInterrupt).toBe(true);
      received.push(chip.read('data')!);
    }
    return received;
  };
  /** Sends bytes to the mouse, one after another, and gives what it answers. */
  const ask = (...bytes: readonly number[]): number[] =>
    bytes.flatMap((byte) => {
      chip.write('commandStatus', 0xd4);
      chip.write('data', byte);
      return receive(10);
    });
  const move = chip.operations.mouse;
  const wheel = (): number[] => ask(0xf3, 200, 0xf3, 100, 0xf3, 80);
  const five = (): number[] => ask(0xf3, 200, 0xf3, 200, 0xf3, 80);
  return { chip, levels, receive, ask, move, wheel, five };
}

describe('the mouse', () => {
  test('resets to stream mode without reporting, after its self test', () => {
    const { chip, ask, receive } = bench();
    expect(ask(0xff)).toEqual([acknowledge]);
    expect(receive(480)).toEqual([]);
    expect(receive(40)).toEqual([0xaa, 0x00]);
    expect(ask(0xe9)).toEqual([acknowledge, 0x00, 2, 100]);
    expect(chip.nextEdge()).toBe(Infinity);
  });

  test('resets, as QEMU’s, with the result right behind the acknowledgement', () => {
    expect(bench(true, true).ask(0xff)).toEqual([acknowledge, 0xaa, 0x00]);
  });

  test('reports a movement in three bytes once it is told to', () => {
    const { ask, move, receive } = bench();
    move(5, 5, 0, 0);
    expect(receive(10)).toEqual([]);
    expect(ask(0xf4)).toEqual([acknowledge]);
    move(5, -3, 0, 0b101);
    expect(receive(10)).toEqual([0x2d, 5, 0xfd]);
    move(0, 0, 0, 0);
    expect(receive(20)).toEqual([0x08, 0, 0]);
  });

  test('reports at most as often as its sample rate says, and collects meanwhile', () => {
    const { ask, move, receive } = bench();
    ask(0xf3, 10, 0xf4);
    move(1, 0, 0, 0);
    expect(receive(10)).toEqual([0x08, 1, 0]);
    for (let step = 0; step < 5; step++) move(2, 1, 0, 0);
    expect(receive(85)).toEqual([]);
    expect(receive(10)).toEqual([0x08, 10, 5]);
  });

  test('tells a long way in several packets', () => {
    const { ask, move, receive } = bench();
    ask(0xf4);
    move(-600, 300, 0, 0);
    expect(receive(50)).toEqual([0x18, 1, 255, 0x18, 1, 45, 0x18, 0xa6, 0]);
  });

  test('has a wheel after the sample rates 200, 100 and 80', () => {
    const { ask, move, receive, wheel } = bench();
    expect(ask(0xf2)).toEqual([acknowledge, 0]);
    wheel();
    expect(ask(0xf2)).toEqual([acknowledge, 3]);
    ask(0xf4);
    move(0, 0, -1, 0b11000);
    expect(receive(20)).toEqual([0x08, 0, 0, 0xff]);
    move(0, 0, 9, 0b11000);
    expect(receive(30)).toEqual([0x08, 0, 0, 7, 0x08, 0, 0, 2]);
  });

  test('has five buttons after the sample rates 200, 200 and 80', () => {
    const { ask, move, receive, five } = bench();
    five();
    expect(ask(0xf2)).toEqual([acknowledge, 4]);
    ask(0xf4);
    move(1, 1, -2, 0b11001);
    expect(receive(20)).toEqual([0x09, 1, 1, 0x3e]);
  });

  test('forgets wheel and buttons with a reset only', () => {
    const { ask, wheel, receive } = bench();
    wheel();
    ask(0xf6);
    expect(ask(0xf2)).toEqual([acknowledge, 3]);
    ask(0xff);
    receive(600);
    expect(ask(0xf2)).toEqual([acknowledge, 0]);
  });

  test('is asked for its data in remote mode', () => {
    const { ask, move, receive } = bench();
    ask(0xf0, 0xf4);
    move(3, 4, 0, 1);
    expect(receive(30)).toEqual([]);
    expect(ask(0xeb)).toEqual([acknowledge, 0x09, 3, 4]);
    expect(ask(0xeb)).toEqual([acknowledge, 0x09, 0, 0]);
    expect(ask(0xe9)).toEqual([acknowledge, 0x64, 2, 100]);
  });

  test('scales by two in stream mode, not when it is asked', () => {
    const { ask, move, receive } = bench();
    ask(0xe7, 0xf4);
    move(3, -5, 0, 0);
    expect(receive(20)).toEqual([0x28, 3, 0xf7]);
    move(20, 4, 0, 0);
    expect(receive(20)).toEqual([0x08, 40, 6]);
    ask(0xf0);
    move(20, 4, 0, 0);
    expect(ask(0xeb)).toEqual([acknowledge, 0x08, 20, 4]);
  });

  test('echoes everything in wrap mode but its end', () => {
    const { ask } = bench();
    expect(ask(0xee, 0xf4, 0x12, 0xec, 0xe9)).toEqual([acknowledge, 0xf4, 0x12, acknowledge, acknowledge, 0, 2, 100]);
  });

  test('asks again for what it does not know, then calls it an error', () => {
    const { ask } = bench();
    expect(ask(0x12, 0x12, 0x12)).toEqual([0xfe, 0xfc, 0xfe]);
    expect(ask(0xf3, 33, 40)).toEqual([acknowledge, 0xfe, acknowledge]);
    expect(ask(0xe8, 4, 4)).toEqual([acknowledge, 0xfe, 0xfc]);
    expect(ask(0xe8, 3, 0xe9)).toEqual([acknowledge, acknowledge, acknowledge, 0, 3, 40]);
  });

  test('sends its last answer or packet again', () => {
    const { ask, move, receive } = bench();
    ask(0xf4);
    move(7, 8, 0, 0);
    receive(10);
    expect(ask(0xfe)).toEqual([0x08, 7, 8]);
    ask(0xf5);
    expect(ask(0xe9, 0xfe)).toEqual([acknowledge, 0, 2, 100, acknowledge, 0, 2, 100]);
  });

  test('waits while its connector is disabled', () => {
    const { chip, ask, move, receive } = bench();
    ask(0xf4);
    chip.write('commandStatus', 0xa7);
    move(1, 2, 0, 0);
    expect(receive(10)).toEqual([]);
    chip.write('commandStatus', 0xa8);
    expect(receive(10)).toEqual([0x08, 1, 2]);
  });

  test('and the keyboard take turns', () => {
    const { chip, ask, move } = bench();
    ask(0xf4);
    chip.operations.key(0x1e, true);
    move(1, 2, 0, 0);
    const seen: string[] = [];
    for (let step = 0; step < 240; step++) {
      chip.advance(millisecond / 24);
      const status = chip.read('commandStatus')!;
      if (status & 1) seen.push(`${status & 0x20 ? 'mouse' : 'key'} ${chip.read('data')}`);
    }
    expect(seen).toEqual(['key 30', 'mouse 8', 'mouse 1', 'mouse 2']);
  });

  test('is missed where there is none', () => {
    const { chip, move } = bench(false);
    expect(() => move(1, 1, 0, 0)).toThrow(UserError);
    chip.write('commandStatus', 0xd4);
    chip.write('data', 0xff);
    chip.advance(20 * millisecond);
    expect(chip.read('commandStatus')! & 0x61).toBe(0x61);
    expect(chip.read('data')).toBe(0xfe);
  });
});

describe('any use', () => {
  const value = fc.oneof(
    fc.constantFrom(0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xee, 0xf0, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xfe, 0xff),
    fc.constantFrom(10, 80, 100, 200, 0, 1, 2, 3),
    fc.nat(255),
  );
  const toMouse = value.map((byte): Action[] => [
    { kind: 'write', register: 'commandStatus', value: 0xd4 },
    { kind: 'write', register: 'data', value: byte },
    { kind: 'advance', ticks: 2 * millisecond },
  ]);
  const movement = fc.integer({ min: -700, max: 700 });
  const moves = fc
    .tuple(movement, movement, fc.integer({ min: -20, max: 20 }), fc.nat(0x1f))
    .map((args): Action => ({ kind: 'operation', name: 'mouse', arguments: args }));
  testChipProperties(
    (line) =>
      createDevice(keyboardController, {
        lines: {
          interrupt: line('interrupt'),
          auxiliaryInterrupt: line('auxiliaryInterrupt'),
          a20: line('a20'),
          reset: line('reset'),
        },
        board: { mouse: true },
      }),
    fc.oneof(
      toMouse,
      moves,
      fc.constant<Action>({ kind: 'read', register: 'data' }),
      value.map((byte): Action => ({ kind: 'write', register: 'commandStatus', value: byte })),
      fc.constant<Action[]>([
        { kind: 'write', register: 'commandStatus', value: 0x60 },
        { kind: 'write', register: 'data', value: 0x47 },
      ]),
      anyAdvance(100_000),
    ),
  );
});
