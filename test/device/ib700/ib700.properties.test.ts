import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { ib700 } from '../../../src/device/ib700/ib700.js';

function rig() {
  const seen = { expired: 0 };
  return { seen, device: createDevice(ib700, { lines: {}, board: { expired: () => void seen.expired++ } }) };
}

test('expires as many seconds after it was enabled as its low four bits leave of 30, and then rests', () => {
  for (const [value, seconds] of [
    [0x00, 30],
    [0x0e, 2],
    [0x3d, 4],
  ] as const) {
    const { seen, device } = rig();
    device.write('enable', value);
    device.advance(seconds * 1000 - 1);
    expect([seen.expired, device.nextEdge()]).toEqual([0, 1]);
    device.advance(1);
    device.advance(100_000);
    expect([seen.expired, device.nextEdge()]).toEqual([1, Infinity]);
  }
});

test('never expires before its time, however it is served, and does at its time where it is not', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('enable' as const), value: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ kind: fc.constant('disable' as const), value: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ kind: fc.constant('pass' as const), value: fc.integer({ min: 0, max: 40_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { seen, device } = rig();
      const model = { left: Infinity, expired: 0 };
      for (const { kind, value } of steps) {
        if (kind === 'pass') {
          device.advance(value);
          model.left -= value;
          if (model.left <= 0) Object.assign(model, { left: Infinity, expired: model.expired + 1 });
        } else {
          device.write(kind, value);
          model.left = kind === 'disable' ? Infinity : Math.max(1, (30 - 2 * (value & 15)) * 1000);
        }
        expect([seen.expired, device.nextEdge()]).toEqual([model.expired, model.left]);
      }
    }),
  );
});
