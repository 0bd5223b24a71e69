import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { keyboardController } from '../../../src/device/keyboard/controller.js';
import { type Action, anyAccess, anyAdvance, testChipProperties } from '../chip-properties.js';

const millisecond = 12_000;

/** A controller as a PC's firmware leaves it: interrupt and translation on, keyboard enabled. */
function bench(commandByte = 0x45, asQemu = false) {
  const levels: Record<string, boolean> = {};
  const resets: boolean[] = [];
  const chip = createDevice(keyboardController, {
    lines: {
      interrupt: (level) => (levels.interrupt = level),
      auxiliaryInterrupt: (level) => (levels.auxiliaryInterrupt = level),
      a20: (level) => (levels.a20 = level),
      reset: (level) => void resets.push(level),
    },
    board: { mouse: false, asQemu },
  });
  const command = (code: number, ...parameters: number[]): void => {
    chip.write('commandStatus', code);
    for (const parameter of parameters) chip.write('data', parameter);
  };
  command(0x60, commandByte);
  resets.length = 0;
  /** Reads all bytes that come within some time, as a program would that waits for each. */
  const receive = (ticks: number): number[] => {
    const received: number[] = [];
    const step = Math.min(ticks, millisecond / 24);
    for (let left = ticks; left > 0; left -= step) {
      chip.advance(Math.min(step, left));
      if (chip.read('commandStatus')! & 1) received.push(chip.read('data')!);
    }
    return received;
  };
  /** Sends a byte to the keyboard and reads its answer. */
  const ask = (...bytes: number[]): number[] =>
    bytes.flatMap((byte) => {
      chip.write('data', byte);
      return receive(6 * millisecond);
    });
  return { chip, levels, resets, command, receive, ask };
}

describe('a key', () => {
  test('arrives as its set 1 code, one byte a millisecond, each with an interrupt', () => {
    const { chip, levels } = bench();
    chip.operations.key(0x1e, true);
    expect(chip.nextEdge()).toBe(millisecond);
    chip.advance(millisecond - 1);
    expect(levels.interrupt).toBe(false);
    chip.advance(1);
    expect(levels.interrupt).toBe(true);
    expect(chip.read('commandStatus')! & 0x21).toBe(0x01);
    expect(chip.read('data')).toBe(0x1e);
    expect(levels.interrupt).toBe(false);
    expect(chip.read('data')).toBe(0x1e);
  });

  test('of any name makes and breaks with its own code after the translation', () => {
    const { chip, receive } = bench();
    for (let code = 1; code < 0x80; code++) {
      for (const key of [code, 0xe000 | code]) {
        if (key === 0xe037) continue;
        const prefix = key > 0xff ? [0xe0] : [];
        chip.operations.key(key, true);
        expect(receive(4 * millisecond)).toEqual([...prefix, code]);
        chip.operations.key(key, false);
        expect(receive(6 * millisecond)).toEqual([...prefix, code | 0x80]);
      }
    }
  });

  test('with a sequence of its own keeps it: Print Screen and Pause', () => {
    const { chip, receive } = bench();
    chip.operations.key(0xe037, true);
    expect(receive(9 * millisecond)).toEqual([0xe0, 0x2a, 0xe0, 0x37]);
    chip.operations.key(0xe037, false);
    expect(receive(9 * millisecond)).toEqual([0xe0, 0xb7, 0xe0, 0xaa]);
    chip.operations.key(0xe11d, true);
    expect(receive(13 * millisecond)).toEqual([0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]);
    chip.operations.key(0xe11d, false);
    expect(receive(20_000)).toEqual([]);
  });

  test('that nobody has is the user’s mistake', () => {
    expect(() => bench().chip.operations.key(0x80, true)).toThrow(/no key has the code 0x80/);
  });

  test('sends the codes of the selected set when nothing translates', () => {
    const { chip, ask, receive } = bench(0x01);
    const codes = (key: number): number[] => {
      chip.operations.key(key, true);
      chip.operations.key(key, false);
      return receive(10 * millisecond);
    };
    expect(codes(0x3b)).toEqual([0x05, 0xf0, 0x05]);
    expect(codes(0xe048)).toEqual([0xe0, 0x75, 0xe0, 0xf0, 0x75]);
    expect(ask(0xf0, 0x03)).toEqual([0xfa, 0xfa]);
    expect(codes(0xe048)).toEqual([0x63, 0xf0, 0x63]);
    expect(ask(0xf0, 0x01)).toEqual([0xfa, 0xfa]);
    expect(codes(0xe048)).toEqual([0xe0, 0x48, 0xe0, 0xc8]);
    expect(ask(0xf0, 0x00)).toEqual([0xfa, 0xfa, 0x01]);
  });

  test('repeats while held: first after 500 ms, then 10.9 times a second', () => {
    const { chip, receive } = bench();
    chip.operations.key(0x39, true);
    expect(receive(500 * millisecond + millisecond - 1)).toEqual([0x39]);
    expect(receive(1)).toEqual([0x39]);
    expect(receive(1000 * millisecond)).toHaveLength(10);
    chip.operations.key(0x39, false);
    expect(receive(1000 * millisecond)).toEqual([0xb9]);
  });

  test('repeats at the programmed rate and delay', () => {
    const { chip, ask, receive } = bench();
    expect(ask(0xf3, 0x00)).toEqual([0xfa, 0xfa]);
    chip.operations.key(0x39, true);
    expect(receive(250 * millisecond)).toEqual([0x39]);
    expect(receive(1000 * millisecond)).toHaveLength(30);
  });

  test('waits in the keyboard while the interface is disabled, sixteen bytes at most', () => {
    const { chip, command, receive } = bench();
    command(0xad);
    for (let key = 0; key < 20; key++) chip.operations.key(0x02, true);
    expect(receive(42 * millisecond)).toEqual([]);
    command(0xae);
    expect(receive(42 * millisecond)).toEqual([...Array.from({ length: 16 }, () => 0x02), 0xff]);
  });
});

describe('the keyboard answers', () => {
  test('its commands', () => {
    const { chip, ask } = bench(0x05);
    expect(ask(0xee)).toEqual([0xee]);
    expect(ask(0xf2)).toEqual([0xfa, 0xab, 0x83]);
    expect(ask(0xfe)).toEqual([0x83]);
    expect(ask(0xed, 0x07)).toEqual([0xfa, 0xfa]);
    expect(chip.state.keyboard.lights).toBe(7);
    expect(chip.operations.lights()).toBe(7);
    expect(ask(0xf6)).toEqual([0xfa]);
    expect(ask(0xfa)).toEqual([0xfa]);
    expect(ask(0xfb, 0x1c)).toEqual([0xfa, 0xfa]);
    expect(ask(0xf0, 0x09)).toEqual([0xfa, 0xfe]);
    expect(ask(0x00)).toEqual([0xfe]);
    expect(ask(0xed, 0xf4)).toEqual([0xfa, 0xfa]);
  });

  test('no keys after F5h, and keys again after F4h', () => {
    const { chip, ask, receive } = bench();
    expect(ask(0xf5)).toEqual([0xfa]);
    chip.operations.key(0x1e, true);
    expect(receive(5 * millisecond)).toEqual([]);
    expect(ask(0xf4)).toEqual([0xfa]);
    chip.operations.key(0x1e, true);
    expect(receive(5 * millisecond)).toEqual([0x1e]);
  });

  test('a reset with an acknowledgement, and 500 ms later that its self test has passed', () => {
    const { ask, receive } = bench();
    expect(ask(0xff)).toEqual([0xfa]);
    expect(receive(490 * millisecond)).toEqual([]);
    expect(receive(10 * millisecond)).toEqual([0xaa]);
  });

  test('a reset, as QEMU’s keyboard, with an acknowledgement and the result right behind it', () => {
    const { ask } = bench(0x45, true);
    expect(ask(0xff)).toEqual([0xfa, 0xaa]);
  });

  test('a byte that the controller shows as on its way', () => {
    const { chip } = bench();
    chip.write('data', 0xee);
    expect(chip.read('commandStatus')! & 0x0a).toBe(0x02);
    chip.advance(millisecond);
    expect(chip.read('commandStatus')! & 0x02).toBe(0x00);
  });
});

describe('the controller', () => {
  test('passes its self test and its interface tests', () => {
    const { chip, command } = bench(0x00);
    for (const [code, result] of [
      [0xaa, 0x55],
      [0xab, 0x00],
      [0xa9, 0x00],
      [0xa4, 0xf1],
      [0xc0, 0xb0],
      [0x20, 0x04],
    ] as const) {
      command(code);
      expect(chip.read('commandStatus')! & 0x09).toBe(0x09);
      expect(chip.read('data')).toBe(result);
    }
    expect(chip.read('commandStatus')! & 0x04).toBe(0x04);
  });

  test('keeps its memory, and answers in order when it is asked twice', () => {
    const { chip, command } = bench();
    command(0x61, 0xab);
    command(0x62, 0xcd);
    command(0x21);
    command(0x22);
    expect([chip.read('data'), chip.read('data')]).toEqual([0xab, 0xcd]);
  });

  test('drives A20 by its output port and by DDh and DFh', () => {
    const { chip, levels, command } = bench();
    expect(levels.a20).toBe(true);
    command(0xd1, 0xdd);
    expect(levels.a20).toBe(false);
    command(0xd0);
    expect(chip.read('data')).toBe(0xc1);
    command(0xdf);
    expect(levels.a20).toBe(true);
    command(0xdd);
    expect(levels.a20).toBe(false);
  });

  test('resets the processor by a pulse of FEh, and by no other', () => {
    const { resets, command } = bench();
    command(0xff);
    expect(resets).toEqual([]);
    command(0xfe);
    expect(resets).toEqual([true, false]);
  });

  test('reports a timeout for what is sent to the absent mouse', () => {
    const { chip, levels, command, receive } = bench(0x47);
    command(0xd4, 0xff);
    expect(receive(15 * millisecond - 1)).toEqual([]);
    chip.advance(1);
    expect(chip.read('commandStatus')! & 0x61).toBe(0x61);
    expect(levels.auxiliaryInterrupt).toBe(true);
    expect(chip.read('data')).toBe(0xfe);
    expect(chip.read('commandStatus')! & 0x61).toBe(0x00);
    command(0xd3, 0x12);
    expect(chip.read('commandStatus')! & 0x21).toBe(0x21);
  });

  test('plays a byte as if the keyboard had sent it', () => {
    const { chip, levels, command } = bench();
    command(0xd2, 0x77);
    expect(levels.interrupt).toBe(true);
    expect(chip.read('data')).toBe(0x77);
  });
});

describe('any use', () => {
  const value = fc.oneof(
    fc.integer({ min: 0, max: 0xff }),
    fc.constantFrom(0x45, 0xed, 0xf0, 0xf2, 0xf3, 0xf4, 0xff, 0xd1, 0xd2, 0xd4, 0x60, 0xae, 0xad, 0xaa),
  );
  const key = fc.constantFrom(0x1e, 0x39, 0x3b, 0xe048, 0xe037, 0xe11d);
  const action: fc.Arbitrary<Action> = fc.oneof(
    anyAccess(['data', 'commandStatus']),
    fc.record({ kind: fc.constant('write' as const), register: fc.constantFrom('data', 'commandStatus'), value }),
    fc.constant<Action>({ kind: 'read', register: 'data' }),
    fc.tuple(key, fc.boolean()).map((args): Action => ({ kind: 'operation', name: 'key', arguments: args })),
    anyAdvance(100_000),
  );
  testChipProperties(
    (line) =>
      createDevice(keyboardController, {
        lines: {
          interrupt: line('interrupt'),
          auxiliaryInterrupt: line('auxiliaryInterrupt'),
          a20: line('a20'),
          reset: line('reset'),
        },
        board: { mouse: false },
      }),
    fc.oneof(
      { weight: 1, arbitrary: fc.constant<Action>({ kind: 'write', register: 'commandStatus', value: 0xae }) },
      { weight: 9, arbitrary: action },
    ),
  );
});
