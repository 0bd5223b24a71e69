import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../src/base/digest.js';
import { mediumBay } from '../../../src/device/disk/medium.js';
import { floppy } from '../../../src/device/floppy/floppy.js';
import { TestController, ticksPerMillisecond } from './controller.js';

const images = [360, 1440, 1440].map((kilobytes, index) =>
  Uint8Array.from({ length: kilobytes * 1024 }, (_, at) => (at * 13 + (at >> 9) + index) & 0xff),
);
const identities = images.map((image) => ({ sha256: sha256Hex(image), size: image.length, writable: true }));
const byDigest = new Map(images.map((image, index) => [identities[index]!.sha256, image]));

type Register = keyof typeof floppy.registers;
const registers = Object.keys(floppy.registers) as Register[];

const transferCodes = [0x46, 0x66, 0xc6, 0x45, 0xc5, 0x42, 0x4c, 0x6c, 0x49, 0x56, 0xd6];
const sectorId = fc.tuple(fc.constantFrom(0, 0, 1, 3), fc.constantFrom(0, 0, 1), fc.constantFrom(1, 2, 17, 18, 19));

/** Whole commands most of the time, so that the deep states are reached. */
const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...transferCodes), fc.constantFrom(0, 0, 0, 4, 1, 0x80), sectorId)
      .map(([code, selection, [cylinder, head, sector]]) => [code, selection, cylinder, head, sector, 2, 18, 0x1b, 3]),
  },
  fc.constantFrom(0, 4).map((selection) => [0x4d, selection, 2, 3, 0x54, 0xf6]),
  fc.constantFrom(0, 4, 1).map((selection) => [0x4a, selection]),
  fc.tuple(fc.constantFrom(0, 4, 1, 2), fc.constantFrom(0, 1, 3, 90)).map(([selection, to]) => [0x0f, selection, to]),
  fc.constantFrom([0x07, 0], [0x07, 1], [0xcf, 0, 2], [0x8f, 0, 1], [0x08], [0x0e], [0x10], [0x94], [0x14], [0x04, 1]),
  fc.constantFrom([0x03, 0xdf, 0x02], [0x03, 0xdf, 0x03], [0x03, 0xdf, 0x02]),
  fc.constantFrom([0x13, 0, 0x20, 0], [0x13, 0, 0x07, 0], [0x13, 0, 0x63, 0]),
  fc.array(fc.nat(255), { maxLength: 3 }),
);

const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('command' as const), bytes: command }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('results' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('program' as const), count: fc.constantFrom(0, 12, 512, 600, 1300) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('read' as const), register: fc.constantFrom(...registers) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      register: fc.constantFrom(...registers),
      value: fc.oneof(fc.constantFrom(0x1c, 0x0c, 0x2d, 0x00, 0x80, 2), fc.nat(255)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('change' as const), image: fc.nat(3) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ticks: fc.constantFrom(1, 48, 750, ticksPerMillisecond, 37 * ticksPerMillisecond, 450 * ticksPerMillisecond),
    }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

function rig(asQemu: boolean) {
  const bays = [mediumBay(byDigest), mediumBay(byDigest)];
  bays[0]!.insert(identities[1]!);
  bays[1]!.insert({ ...identities[2]!, writable: false });
  const controller = new TestController([], ['1.44M', '1.44M'], (unit) => bays[unit]?.medium, asQemu);
  return {
    controller,
    device: controller.device,
    bays,
    state: () => [controller.device.save(), ...bays.map((bay) => bay.save()), controller.dma.memory].map(sha256Hex),
  };
}
type Rig = ReturnType<typeof rig>;

function perform({ controller, device, bays }: Rig, step: Action, pieces = 1): unknown {
  switch (step.kind) {
    case 'command':
      for (const byte of step.bytes) device.write('data', byte);
      return controller.mainStatus();
    case 'results':
      return Array.from({ length: 12 }, () => device.read('data'));
    case 'program':
      return controller.dma.program(0, step.count);
    case 'read':
      return device.read(step.register);
    case 'write':
      return device.write(step.register, step.value);
    case 'change': {
      const identity = identities[step.image];
      if (identity === undefined) bays[0]!.eject();
      else bays[0]!.insert(identity);
      return device.operations.mediaChanged(0);
    }
    case 'wait': {
      const piece = Math.ceil(step.ticks / pieces);
      for (let left = step.ticks; left > 0; left -= piece) device.advance(Math.min(left, piece));
      return controller.interrupt;
    }
  }
}

/** A reset that ended, as every sequence that is to reach anything needs it. */
const released: Action[] = [
  { kind: 'write', register: 'digitalOutput', value: 0x1c },
  { kind: 'wait', ticks: 750 },
  { kind: 'command', bytes: [0x03, 0xdf, 0x02] },
];
const actions = fc
  .tuple(fc.boolean(), fc.array(action, { maxLength: 40 }))
  .map(([release, steps]) =>
    release
      ? [...released, { kind: 'write', register: 'digitalInputOrConfiguration', value: 0 } as Action, ...steps]
      : steps,
  );

describe.each([false, true])('a floppy controller under any sequence of accesses (as QEMU: %s)', (asQemu) => {
  test('never throws, and saves a state that loads', () => {
    fc.assert(
      fc.property(actions, (steps) => {
        const target = rig(asQemu);
        for (const step of steps) perform(target, step);
        const other = rig(asQemu);
        other.device.load(target.device.save());
        expect(other.device.diff(target.device.save())).toEqual([]);
        expect(other.device.state).toEqual(target.device.state); // Nothing is kept outside what is saved.
        expect(target.device.nextEdge()).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });

  test('goes on after save and load as if it had not stopped', () => {
    fc.assert(
      fc.property(actions, fc.array(action, { maxLength: 20 }), (before, after) => {
        const one = rig(asQemu);
        for (const step of before) perform(one, step);
        perform(one, { kind: 'program', count: 600 }); // The channel of this test has no saved state of its own.
        const two = rig(asQemu);
        two.device.load(one.device.save());
        two.bays.forEach((bay, unit) => bay.load(one.bays[unit]!.save()));
        two.controller.dma.memory.set(one.controller.dma.memory);
        two.controller.interrupt = one.controller.interrupt;
        perform(two, { kind: 'program', count: 600 });
        for (const step of after) expect(perform(two, step)).toEqual(perform(one, step));
        expect(two.state()).toEqual(one.state());
      }),
      { numRuns: 200 },
    );
  });

  test('does the same whether time passes at once or in pieces', () => {
    fc.assert(
      fc.property(actions, fc.constantFrom(2, 3, 101), (steps, pieces) => {
        const [whole, split] = [rig(asQemu), rig(asQemu)];
        for (const step of steps) expect(perform(split, step, pieces)).toEqual(perform(whole, step));
        expect(split.state()).toEqual(whole.state());
      }),
      { numRuns: 200 },
    );
  });

  test('changes its interrupt or moves a byte by itself at no tick before the promised one', () => {
    fc.assert(
      fc.property(actions, (steps) => {
        const target = rig(asQemu);
        for (const step of steps) perform(target, step);
        const promised = target.device.nextEdge();
        if (promised === Infinity) return;
        const before = [target.controller.changes, target.controller.dma.left(), target.controller.dma.requested()];
        target.device.advance(promised - 1);
        expect([target.controller.changes, target.controller.dma.left(), target.controller.dma.requested()]).toEqual(
          before,
        );
        expect(target.device.nextEdge()).toBe(1);
      }),
      { numRuns: 200 },
    );
  });
});
