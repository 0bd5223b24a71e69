import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.js';
import {
  addition,
  byteQueue,
  byteString,
  bytes,
  count,
  diffStates,
  type Field,
  flag,
  list,
  loadState,
  oneOf,
  repeat,
  resetState,
  saveState,
  StateFormatError,
  struct,
  u16,
  u32,
  u8,
} from '../../src/state/schema.js';

/** One field of every kind, with the values it may have. */
const chip = struct({
  level: flag(true),
  control: u8(0x34),
  reload: u16(0xffff),
  address: u32(),
  ticks: count(Infinity),
  mode: oneOf(['idle', 'armed', 'done'], 'armed'),
  latch: bytes(5),
  buffer: byteQueue(16),
  counters: repeat(3, struct({ value: u16(7), gate: flag() })),
});
const u = (bits: number) => fc.nat(2 ** bits - 1);
const chipValues = fc.record({
  level: fc.boolean(),
  control: u(8),
  reload: u(16),
  address: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  ticks: fc.oneof(fc.constant(Infinity), fc.maxSafeNat()),
  mode: fc.constantFrom('idle' as const, 'armed' as const, 'done' as const),
  latch: fc.uint8Array({ minLength: 5, maxLength: 5 }),
  buffer: fc.array(u(8), { maxLength: 16 }),
  counters: fc.array(fc.record({ value: u(16), gate: fc.boolean() }), { minLength: 3, maxLength: 3 }),
});

describe('a declared state', () => {
  test('comes back from its saved bytes, whatever it was', () => {
    fc.assert(
      fc.property(chipValues, chipValues, (saved, into) => {
        loadState(chip, saveState(chip, saved), into);
        expect(into).toEqual(saved);
      }),
    );
  });

  test('has equal bytes exactly when no field differs', () => {
    fc.assert(
      fc.property(chipValues, chipValues, (left, right) => {
        const equal = Buffer.from(saveState(chip, left)).equals(saveState(chip, right));
        expect(diffStates(chip, left, right).length === 0).toBe(equal);
      }),
    );
  });

  test('is restored in place: who holds a part of it sees the new values', () => {
    const state = chip.initial();
    const { latch, counters, buffer } = state;
    const first = counters[0]!;
    const other = { ...chip.initial(), latch: Uint8Array.of(1, 2, 3, 4, 5), buffer: [9, 8] };
    other.counters = [{ value: 99, gate: true }, ...other.counters.slice(1)];
    loadState(chip, saveState(chip, other), state);
    expect(first).toEqual({ value: 99, gate: true });
    expect([...latch]).toEqual([1, 2, 3, 4, 5]);
    expect(buffer).toEqual([9, 8]);
  });

  test('goes back to its declared initial values', () => {
    fc.assert(
      fc.property(chipValues, (state) => {
        resetState(chip, state);
        expect(state).toEqual(chip.initial());
      }),
    );
  });

  test('starts apart from every other of its kind', () => {
    const [left, right] = [chip.initial(), chip.initial()];
    left.latch[0] = 1;
    left.counters[0]!.value = 1;
    left.buffer.push(1);
    expect(right).toEqual(chip.initial());
  });

  test('names every field that differs, by its path and both values', () => {
    const left = chip.initial();
    const right = chip.initial();
    right.control = 0x36;
    right.mode = 'done';
    right.latch[3] = 0xff;
    right.counters[1]!.value = 8;
    right.buffer.push(1, 2);
    expect(diffStates(chip, left, right)).toEqual([
      { path: 'control', left: '0x34', right: '0x36' },
      { path: 'mode', left: 'armed', right: 'done' },
      { path: 'latch[0x3]', left: '0x0', right: '0xff' },
      { path: 'buffer', left: '[]', right: '[1 2]' },
      { path: 'counters[1].value', left: '0x7', right: '0x8' },
    ]);
  });
});

describe('saved bytes', () => {
  test('are little-endian, in the order of the declaration, with nothing between', () => {
    const small = struct({ a: u8(1), b: u16(0x0203), c: u32(0x04050607), d: flag(true) });
    expect([...saveState(small, small.initial())]).toEqual([1, 3, 2, 7, 6, 5, 4, 1]);
  });

  /** Saves a value behind so many bytes, and one more byte behind it, and loads it all. */
  function kept<T>(field: Field<T>, value: T): (before: number) => void {
    return (before) => {
      const whole = struct<{ filler: Uint8Array; value: T; after: number }>({
        filler: bytes(before),
        value: field,
        after: u8(),
      });
      const state = { filler: new Uint8Array(before).fill(0x11), value, after: 0x22 };
      const back = whole.initial();
      loadState(whole, saveState(whole, state), back);
      expect(back).toEqual(state);
    };
  }
  const kinds: Readonly<Record<string, (before: number) => void>> = {
    u8: kept(u8(), 0xa5),
    u16: kept(u16(), 0xa5b6),
    u32: kept(u32(), 0xa5b6c7d8),
    count: kept(count(), 123_456_789_012),
    flag: kept(flag(), true),
    bytes: kept(bytes(3), Uint8Array.of(1, 2, 3)),
    byteQueue: kept(byteQueue(3), [1, 2, 3]),
  };
  for (const [name, check] of Object.entries(kinds)) {
    test(`keep a ${name} at every place around the growth of the writer's buffer`, () => {
      for (const before of [...Array.from({ length: 20 }, (_, at) => 1010 + at), 2047, 2048, 5000]) check(before);
    });
  }

  test('that end too early, go on too long, or hold what cannot be, are refused', () => {
    const saved = saveState(chip, chip.initial());
    for (let length = 0; length < saved.length; length++) {
      expect(() => loadState(chip, saved.slice(0, length), chip.initial())).toThrow(StateFormatError);
    }
    expect(() => loadState(chip, Uint8Array.of(...saved, 0), chip.initial())).toThrow(StateFormatError);
    const mode = oneOf(['a', 'b'], 'a');
    expect(() => loadState(mode, Uint8Array.of(2), 'a')).toThrow(StateFormatError);
    expect(() => loadState(byteQueue(2), Uint8Array.of(3, 0, 0, 0, 1, 2, 3), [])).toThrow(StateFormatError);
  });

  test('keep byte strings and lists of any length up to their bound', () => {
    const field = list(3, struct({ name: byteString(4), size: u8() }));
    const values = [
      { name: Uint8Array.of(1, 2), size: 3 },
      { name: new Uint8Array(), size: 4 },
    ];
    const back = [{ name: Uint8Array.of(9), size: 9 }];
    loadState(field, saveState(field, values), back);
    expect(back).toEqual(values);
    expect(diffStates(field, values, [values[0]!, { name: Uint8Array.of(5), size: 4 }])).toHaveLength(1);
    expect(diffStates(field, values, [])).toMatchObject([{ left: '2', right: '0' }]);
    expect(() => loadState(list(1, u8()), Uint8Array.of(2, 0, 0, 0, 1, 2), [])).toThrow(StateFormatError);
    expect(() => loadState(byteString(1), Uint8Array.of(2, 0, 0, 0, 1, 2), new Uint8Array())).toThrow(StateFormatError);
  });

  test('have nothing of an addition that has its initial value, and all of one that has not', () => {
    const before = struct({ level: u8(3) });
    const after = struct({ level: u8(3), added: addition(struct({ phase: u16(7), names: list(2, u8()) })) });
    expect(saveState(after, after.initial())).toEqual(saveState(before, before.initial()));
    fc.assert(
      fc.property(fc.nat(65535), fc.array(fc.nat(255), { maxLength: 2 }), fc.nat(65535), (phase, names, other) => {
        const value = { level: 1, added: { phase, names } };
        const back = { level: 2, added: { phase: other, names: [9] } };
        loadState(after, saveState(after, value), back);
        expect(back).toEqual(value);
      }),
    );
    expect(diffStates(after, after.initial(), { level: 3, added: { phase: 1, names: [] } })).toHaveLength(1);
  });

  test('are read from the middle of a larger buffer as well', () => {
    const saved = saveState(chip, { ...chip.initial(), address: 0x12345678 });
    const larger = new Uint8Array(saved.length + 7);
    larger.set(saved, 5);
    const back = chip.initial();
    loadState(chip, larger.subarray(5, 5 + saved.length), back);
    expect(back.address).toBe(0x12345678);
  });
});

describe('a value that its field cannot hold', () => {
  const wrong: readonly (readonly [string, () => unknown])[] = [
    ['256 in eight bits', () => saveState(u8(), 256)],
    ['a negative number', () => saveState(u16(), -1)],
    ['half of one', () => saveState(u32(), 0.5)],
    ['a name that is none', () => saveState(oneOf(['a'], 'a'), 'b' as 'a')],
    ['too few bytes', () => saveState(bytes(2), new Uint8Array(1))],
    ['a queue that is too long', () => saveState(byteQueue(1), [1, 2])],
    ['a byte string that is too long', () => saveState(byteString(1), new Uint8Array(2))],
    ['a list that is too long', () => saveState(list(1, u8()), [1, 2])],
    ['too many values', () => saveState(repeat(1, u8()), [1, 2])],
  ];
  for (const [what, save] of wrong) {
    test(`${what} is our mistake`, () => {
      expect(save).toThrow(InvariantError);
    });
  }
});
