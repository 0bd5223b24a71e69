import { describe, expect, test } from 'vitest';
import { createPicPair } from '../../../src/device/pic/pair.js';

type Pair = ReturnType<typeof createPicPair>;
type Chip = Pair['master'];
type Input = Parameters<Chip['input']>[0];

/** The pair as a PC's firmware sets it up: vectors 8 and 70h, all levels open, edges. */
function bench(options: { icw1?: number; masterIcw4?: number } = {}) {
  const seen: boolean[] = [];
  const pair = createPicPair((level) => {
    if (seen.at(-1) !== level) seen.push(level);
  });
  initialize(pair.master, [options.icw1 ?? 0x11, 0x08, 0x04, options.masterIcw4 ?? 0x01]);
  initialize(pair.slave, [options.icw1 ?? 0x11, 0x70, 0x02, 0x01]);
  const interrupts = (): boolean => seen.at(-1) ?? false;
  return { ...pair, seen, interrupts, acknowledge: () => pair.master.operations.acknowledge() };
}

function initialize(chip: Chip, [icw1, ...rest]: readonly number[]): void {
  chip.write('command', icw1!);
  for (const word of rest) chip.write('data', word);
  chip.write('data', 0);
}

function raise(chip: Chip, level: number): void {
  chip.input(`ir${level}` as Input, true);
}

const readInService = (chip: Chip): number => {
  chip.write('command', 0x0b);
  return chip.read('command')!;
};

describe('the pair', () => {
  test('answers with the vector of the highest level, and nests by priority', () => {
    const { master, interrupts, acknowledge } = bench();
    raise(master, 4);
    expect(acknowledge()).toBe(0x0c);
    expect(interrupts()).toBe(false);
    raise(master, 5);
    expect(interrupts()).toBe(false);
    raise(master, 1);
    expect(acknowledge()).toBe(0x09);
    expect(readInService(master)).toBe(0x12);
    master.write('command', 0x20);
    master.write('command', 0x20);
    expect(acknowledge()).toBe(0x0d);
  });

  test("answers a slave's request with the slave's vector, through level 2 of the master", () => {
    const { master, slave, interrupts, acknowledge } = bench();
    raise(slave, 6);
    expect(interrupts()).toBe(true);
    expect(acknowledge()).toBe(0x76);
    expect([readInService(master), readInService(slave)]).toEqual([0x04, 0x40]);
    slave.write('command', 0x20);
    master.write('command', 0x20);
    raise(slave, 0);
    expect(acknowledge()).toBe(0x70);
  });

  test('sees the second of two requests of the slave, because its interrupt falls on the acknowledge', () => {
    const { master, slave, interrupts, acknowledge } = bench();
    raise(slave, 3);
    raise(slave, 1);
    expect(acknowledge()).toBe(0x71);
    slave.write('command', 0x20);
    master.write('command', 0x20);
    expect(interrupts()).toBe(true);
    expect(acknowledge()).toBe(0x73);
  });

  test('answers a request that has gone with level 7 of whoever lost it, and nothing in service there', () => {
    const { master, slave, acknowledge } = bench();
    raise(master, 3);
    master.input('ir3', false);
    expect(acknowledge()).toBe(0x0f);
    expect(readInService(master)).toBe(0);
    raise(slave, 5);
    slave.write('data', 0x20); // Masked between request and acknowledge; level 2 of the master falls too.
    expect(acknowledge()).toBe(0x0f);
  });

  test('lets a higher request of the same slave through in special fully nested mode only', () => {
    for (const [masterIcw4, nests] of [
      [0x01, false],
      [0x11, true],
    ] as const) {
      const { slave, interrupts, acknowledge } = bench({ masterIcw4 });
      raise(slave, 5);
      acknowledge();
      raise(slave, 1);
      expect(interrupts()).toBe(nests);
    }
  });
});

describe('a controller', () => {
  test('asks again for a level that stays high only when it is level-triggered', () => {
    for (const [icw1, again] of [
      [0x11, false],
      [0x19, true],
    ] as const) {
      const { master, interrupts, acknowledge } = bench({ icw1 });
      raise(master, 0);
      acknowledge();
      master.write('command', 0x20);
      expect(interrupts()).toBe(again);
    }
  });

  test('rotates: the level that was served becomes the lowest', () => {
    const { master, acknowledge } = bench();
    raise(master, 4);
    acknowledge();
    master.write('command', 0xa0);
    raise(master, 5);
    raise(master, 3);
    expect(acknowledge()).toBe(0x0d);
  });

  test('lets lower levels in under a masked one in special mask mode', () => {
    const { master, interrupts, acknowledge } = bench();
    raise(master, 4);
    acknowledge();
    master.write('data', 0x10);
    raise(master, 6);
    expect(interrupts()).toBe(false);
    master.write('command', 0x68);
    expect(interrupts()).toBe(true);
    expect(acknowledge()).toBe(0x0e);
  });

  test('takes a request into service when polled, from either port', () => {
    const { master } = bench();
    raise(master, 3);
    master.write('command', 0x0c);
    expect(master.read('data')).toBe(0x83);
    master.write('command', 0x0c);
    expect(master.read('command')).toBe(0);
    expect(readInService(master)).toBe(0x08);
  });

  test('forgets the edge of a line that is high when it is initialized', () => {
    const { master, interrupts } = bench();
    raise(master, 6);
    initialize(master, [0x11, 0x08, 0x04, 0x01]);
    expect(interrupts()).toBe(false);
    master.input('ir6', false);
    raise(master, 6);
    expect(interrupts()).toBe(true);
  });
});
