import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mediumBay } from '../../../src/device/disk/medium.js';
import { sha256Hex } from '../../../src/base/digest.js';
import { createDevice } from '../../../src/device/device.js';
import { ata } from '../../../src/device/ata/ata.js';
import { opticalDrive } from '../../../src/device/optical-drive/optical-drive.js';

const image = Uint8Array.from({ length: 40 * 512 }, (_, at) => (at * 11 + (at >> 9)) & 0xff);
const sha256 = sha256Hex(image);
const images = new Map([[sha256, image]]);

type Register = keyof typeof ata.registers;
const registers = Object.keys(ata.registers) as Register[];

/** Values that reach the interesting branches more often than plain bytes do. */
const commandByte = fc.oneof(
  fc.constantFrom(
    0x08,
    0x20,
    0x24,
    0x27,
    0x30,
    0x37,
    0x40,
    0x70,
    0x90,
    0x91,
    0xa0,
    0xa1,
    0xb0,
    0xc4,
    0xc5,
    0xc6,
    0xe4,
    0xe5,
    0xe6,
    0xe8,
    0xec,
    0xef,
    0xf8,
    0xf9,
  ),
  fc.nat(255),
);
const packets = [
  [0x28, 0, 0, 0, 0, 1, 0, 0, 2],
  [0x43, 0, 0, 0, 0, 0, 0, 0, 20],
  [0x55, 0x10, 0, 0, 0, 0, 0, 0, 16],
  [0x1b, 0, 0, 0, 2],
  [0x1b, 0, 0, 0, 3],
  [0x03, 0, 0, 0, 18],
  [0xbe, 0, 0, 0, 0, 0, 0, 0, 1, 0xf8],
] as const;
const action = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('packet' as const),
      packet: fc.constantFrom(...packets),
      limit: fc.constantFrom(0, 1, 1000, 0xffff),
      features: fc.constantFrom(0, 1),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('dma' as const), most: fc.constantFrom(2, 600, 9000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const) }) },
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
      code: fc.constantFrom(0x20, 0x30, 0x40, 0xc4, 0xc5, 0xc8, 0xca, 0x25, 0x35),
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

function rig(packetUnit: boolean) {
  const bays = [mediumBay(images), mediumBay(images)];
  bays[0]!.insert({ sha256, size: image.length, writable: true });
  bays[1]!.insert({ sha256, size: image.length, writable: false });
  let level = false;
  let changes = 0;
  const count = (): void => void changes++;
  const optical = createDevice(opticalDrive, { lines: {}, board: { bus: 'atapi', medium: () => bays[1]!.medium } });
  const device = createDevice(ata, {
    lines: {
      interrupt(to) {
        if (to !== level) count();
        level = to;
      },
      dmaRequest: () => {},
    },
    board: {
      drive: (unit) => (unit === 1 && packetUnit ? undefined : bays[unit]!.medium),
      packet: (unit) => (unit === 1 && packetUnit ? optical.operations : undefined),
    },
  });
  return {
    device,
    /** All parts, to be saved and loaded. */
    parts: [device, optical, ...bays],
    /** Changes of the interrupt line so far. */
    changes: () => changes,
    /** Digests of all state: long byte arrays are slow to compare. */
    state: () => [device, optical, ...bays].map((part) => sha256Hex(part.save())),
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
    case 'packet':
      device.write('deviceHead', 0xb0);
      device.write('errorOrFeatures', step.features);
      device.write('cylinderLow', step.limit & 0xff);
      device.write('cylinderHigh', step.limit >> 8);
      device.write('statusOrCommand', 0xa0);
      device.advance(10);
      for (let at = 0; at < 12; at += 2)
        device.write('data', (step.packet[at] ?? 0) | ((step.packet[at + 1] ?? 0) << 8), 2);
      return device.read('sectorCount');
    case 'dma': {
      const request = device.operations.dmaRequest();
      if (request === undefined) return undefined;
      const data = new Uint8Array(Math.min(step.most, request.bytes)).fill(step.most & 0xff);
      if (request.toHost) device.operations.dmaToHost(data);
      else device.operations.dmaFromHost(data);
      return sha256Hex(data);
    }
    case 'stop':
      return device.operations.stopDma();
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

interface Move {
  readonly toHost: boolean;
  readonly width: 1 | 2 | 4;
  readonly count: number;
}
const put = (view: DataView, width: Move['width'], value: number): void => {
  if (width === 1) view.setUint8(0, value);
  else if (width === 2) view.setUint16(0, value, true);
  else view.setUint32(0, value, true);
};
const take = (view: DataView, width: Move['width']): number =>
  width === 1 ? view.getUint8(0) : width === 2 ? view.getUint16(0, true) : view.getUint32(0, true);

/** All that a chip holds, in print: quick to compare, and Infinity stays itself. */
const printed = (state: object): string =>
  JSON.stringify(state, (_name, value: unknown) =>
    value instanceof Uint8Array ? sha256Hex(value) : value === Infinity ? 'Infinity' : value,
  );

const actions = fc.array(action, { maxLength: 60 });

describe('an ATA channel under any sequence of accesses', () => {
  test('never throws, and saves a state that loads', () => {
    fc.assert(
      fc.property(actions, fc.boolean(), (steps, packetUnit) => {
        const target = rig(packetUnit);
        for (const step of steps) perform(target, step);
        const other = rig(packetUnit);
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
      fc.property(actions, actions, fc.boolean(), (before, after, packetUnit) => {
        const one = rig(packetUnit);
        for (const step of before) perform(one, step);
        const two = rig(packetUnit);
        two.parts.forEach((part, index) => part.load(one.parts[index]!.save()));
        for (const step of after) expect(perform(two, step)).toEqual(perform(one, step));
        expect(two.state()).toEqual(one.state());
      }),
      { numRuns: 200 },
    );
  });

  test('does the same whether time passes at once or in pieces', () => {
    fc.assert(
      fc.property(actions, fc.boolean(), (steps, packetUnit) => {
        const [whole, pieces] = [rig(packetUnit), rig(packetUnit)];
        for (const step of steps) expect(perform(pieces, step, true)).toEqual(perform(whole, step));
        expect(pieces.state()).toEqual(whole.state());
      }),
      { numRuns: 200 },
    );
  });

  test('moves many words at once as it moves them one by one', () => {
    const width = fc.constantFrom(1 as const, 2 as const, 4 as const);
    const move = fc.record({ toHost: fc.boolean(), width, count: fc.constantFrom(1, 2, 127, 128, 256, 600) });
    const moving = fc.oneof({ weight: 2, arbitrary: action }, { weight: 1, arbitrary: move });
    const stream = (target: Rig, { toHost, width, count }: Move, many: boolean): string => {
      const data = target.device.access('data');
      const bytes = Uint8Array.from({ length: count * width }, (_, at) => at * 7);
      for (let at = 0; at < bytes.length;) {
        const left = bytes.subarray(at);
        const moved = !many ? 0 : toHost ? data.readMany(left, width) : data.writeMany(left, width);
        at += moved;
        if (moved > 0) continue;
        const view = new DataView(bytes.buffer, at);
        if (toHost) put(view, width, data.read(width)!);
        else data.write(take(view, width), width);
        at += width;
      }
      return sha256Hex(bytes);
    };
    fc.assert(
      fc.property(fc.array(moving, { maxLength: 60 }), fc.boolean(), (steps, packetUnit) => {
        const [one, many] = [rig(packetUnit), rig(packetUnit)];
        for (const step of steps) {
          if ('kind' in step) expect(perform(many, step)).toEqual(perform(one, step));
          else expect(stream(many, step, true)).toEqual(stream(one, step, false));
        }
        expect(many.state()).toEqual(one.state());
      }),
      { numRuns: 200 },
    );
  });

  test('changes its interrupt by itself at no tick before the promised one', () => {
    fc.assert(
      fc.property(actions, fc.boolean(), (steps, packetUnit) => {
        const target = rig(packetUnit);
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
