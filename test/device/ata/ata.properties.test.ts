import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mediumBay } from '../../../src/device/disk/medium.js';
import { sha256Hex } from '../../../src/base/digest.js';
import { createDevice } from '../../../src/device/device.js';
import { ata } from '../../../src/device/ata/ata.js';

const image = Uint8Array.from({ length: 40 * 512 }, (_, at) => (at * 11 + (at >> 9)) & 0xff);
const sha256 = sha256Hex(image);
const images = new Map([[sha256, image]]);

type Register = keyof typeof ata.registers;
const registers = Object.keys(ata.registers) as Register[];

/** Values that reach the interesting branches more often than plain bytes do. */
const commandByte = fc.oneof(
  fc.constantFrom(0x20, 0x30, 0x40, 0x70, 0x90, 0x91, 0xc4, 0xc5, 0xc6, 0xe0, 0xe4, 0xe5, 0xe6, 0xe8, 0xec, 0xef),
  fc.nat(255),
);
const action = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), register: fc.constantFrom(...registers) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      register: fc.constantFrom(...registers),
      value: fc.oneof(fc.nat(40), fc.nat(255)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      register: fc.constant('statusOrCommand' as const),
      value: commandByte,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('transfer' as const),
      code: fc.constantFrom(0x20, 0x30, 0x40, 0xc4, 0xc5),
      unit: fc.constantFrom(0, 0, 1),
      sector: fc.constantFrom(0, 5, 37, 40),
      count: fc.constantFrom(1, 3, 9),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('block' as const), words: fc.constantFrom(1, 255, 256, 512) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ticks: fc.constantFrom(1, 5, 100, 399, 3000) }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

function rig() {
  const bays = [mediumBay(images), mediumBay(images)];
  bays[0]!.insert({ sha256, size: image.length, writable: true });
  bays[1]!.insert({ sha256, size: image.length, writable: false });
  let level = false;
  let changes = 0;
  const device = createDevice(ata, {
    lines: {
      interrupt(to) {
        if (to !== level) changes++;
        level = to;
      },
    },
    board: { drive: (unit) => bays[unit]!.medium },
  });
  return {
    device,
    bays,
    /** Changes of the interrupt line so far. */
    changes: () => changes,
    /** Digests of all state: long byte arrays are slow to compare. */
    state: () => [device.save(), ...bays.map((bay) => bay.save())].map(sha256Hex),
  };
}
type Rig = ReturnType<typeof rig>;

function perform(target: Rig, step: Action, waitInPieces = false): unknown {
  const { device } = target;
  switch (step.kind) {
    case 'read':
      return device.read(step.register, 2);
    case 'write':
      return device.write(step.register, step.value);
    case 'transfer':
      device.write('deviceHead', 0xe0 | (step.unit << 4));
      device.write('sectorNumber', step.sector);
      device.write('cylinderLow', 0);
      device.write('cylinderHigh', 0);
      device.write('sectorCount', step.count);
      return device.write('statusOrCommand', step.code);
    case 'block':
      for (let at = 0; at < step.words; at++) {
        device.write('data', at, 2);
        device.read('data', 2);
      }
      return undefined;
    case 'wait':
      if (!waitInPieces) device.advance(step.ticks);
      else for (let left = step.ticks; left > 0; left -= Math.min(left, 7)) device.advance(Math.min(left, 7));
      return undefined;
  }
}

/** All that a chip holds, in print: quick to compare, and Infinity stays itself. */
const printed = (state: object): string =>
  JSON.stringify(state, (_name, value: unknown) =>
    value instanceof Uint8Array ? sha256Hex(value) : value === Infinity ? 'Infinity' : value,
  );

const actions = fc.array(action, { maxLength: 60 });

describe('an ATA channel under any sequence of accesses', () => {
  test('never throws, and saves a state that loads', () => {
    fc.assert(
      fc.property(actions, (steps) => {
        const target = rig();
        for (const step of steps) perform(target, step);
        const other = rig();
        other.device.load(target.device.save());
        expect(other.device.diff(target.device.save())).toEqual([]);
        expect(printed(other.device.state)).toBe(printed(target.device.state)); // Nothing is kept outside what is saved.
        expect(target.device.nextEdge()).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });

  test('goes on after save and load as if it had not stopped', () => {
    fc.assert(
      fc.property(actions, actions, (before, after) => {
        const one = rig();
        for (const step of before) perform(one, step);
        const two = rig();
        two.device.load(one.device.save());
        two.bays.forEach((bay, unit) => bay.load(one.bays[unit]!.save()));
        for (const step of after) expect(perform(two, step)).toEqual(perform(one, step));
        expect(two.state()).toEqual(one.state());
      }),
      { numRuns: 200 },
    );
  });

  test('does the same whether time passes at once or in pieces', () => {
    fc.assert(
      fc.property(actions, (steps) => {
        const [whole, pieces] = [rig(), rig()];
        for (const step of steps) expect(perform(pieces, step, true)).toEqual(perform(whole, step));
        expect(pieces.state()).toEqual(whole.state());
      }),
      { numRuns: 200 },
    );
  });

  test('changes its interrupt by itself at no tick before the promised one', () => {
    fc.assert(
      fc.property(actions, (steps) => {
        const target = rig();
        for (const step of steps) perform(target, step);
        const promised = target.device.nextEdge();
        if (promised === Infinity) return;
        const changes = target.changes();
        target.device.advance(promised - 1);
        expect(target.changes()).toBe(changes);
        expect(target.device.nextEdge()).toBe(1);
      }),
      { numRuns: 200 },
    );
  });
});
