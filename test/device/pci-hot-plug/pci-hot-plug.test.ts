import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { pciHotPlug } from '../../../src/device/pci-hot-plug/pci-hot-plug.js';

const removable = 0xffff_fff8;

function bench() {
  const levels = { interrupt: false };
  const ejections = { count: 0 };
  const device = createDevice(pciHotPlug, {
    lines: { interrupt: (level) => void (levels.interrupt = level) },
    board: { removable: () => removable, eject: () => void ejections.count++ },
  });
  return { device, levels, ejections, ...device.operations };
}

describe('PCI hot plug', () => {
  test('takes the registers of the slots whole only', () => {
    const { plugged, readSlots, writeSlots, requestRemoval, takeEjected } = bench();
    plugged(31);
    requestRemoval(31);
    for (const width of [1, 2] as const) {
      expect(readSlots(0, width)).toBeUndefined();
      expect(writeSlots(8, 0xffff, width)).toBe(false);
    }
    expect([0, 4, 8, 12].map((at) => readSlots(at, 4))).toEqual([2 ** 31, 2 ** 31, 0, removable]);
    expect(readSlots(6, 4)).toBeUndefined();
    expect(writeSlots(4, 0xffff_ffff, 4)).toBe(true);
    expect([readSlots(4, 4), takeEjected()]).toEqual([2 ** 31, 0]);
  });

  /** What the registers should hold, in numbers of slots. */
  const model = { up: new Set<number>(), down: new Set<number>(), ejecting: new Set<number>(), status: 0, enable: 0 };
  const maskOf = (slots: ReadonlySet<number>): number => [...slots].reduce((mask, slot) => mask + 2 ** slot, 0);

  test('holds what came and what is asked for until software has seen to it, whatever comes in which order', () => {
    const slot = fc.integer({ min: 0, max: 31 });
    const step = fc.oneof(
      slot.map((at) => ['plugged', at] as const),
      slot.map((at) => ['asked', at] as const),
      fc.array(slot, { maxLength: 3 }).map((slots) => ['eject', slots] as const),
      fc.constant(['look'] as const),
      fc.integer({ min: 0, max: 255 }).map((value) => ['clear', value] as const),
      fc.integer({ min: 0, max: 255 }).map((value) => ['enable', value] as const),
      fc.constantFrom(['reset'] as const, ['saved'] as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { device, levels, ...chip } = bench();
        const { up, down, ejecting } = model;
        const forget = (): void => {
          for (const each of [up, down, ejecting]) each.clear();
          Object.assign(model, { status: 0, enable: 0 });
        };
        forget();
        const happens = (slots: Set<number>, at: number): void => {
          slots.add(at);
          model.status |= 2;
        };
        for (const [what, value] of steps) {
          switch (what) {
            case 'plugged':
              chip.plugged(value);
              happens(up, value);
              break;
            case 'asked':
              chip.requestRemoval(value);
              happens(down, value);
              break;
            case 'eject':
              chip.writeSlots(8, maskOf(new Set(value)), 4);
              for (const each of value) {
                up.delete(each);
                down.delete(each);
                if (each >= 3) ejecting.add(each);
              }
              break;
            case 'look':
              expect([chip.readSlots(0, 4), chip.readSlots(4, 4)]).toEqual([maskOf(up), maskOf(down)]);
              up.clear();
              break;
            case 'clear':
              chip.writeEvents(0, value, 1);
              model.status &= ~value;
              break;
            case 'enable':
              chip.writeEvents(2, value, 1);
              model.enable = value;
              break;
            case 'reset':
              device.reset();
              forget();
              break;
            default:
              device.load(device.save());
          }
          expect([chip.readEvents(0, 1), chip.readEvents(2, 1)]).toEqual([model.status, model.enable]);
          expect(levels.interrupt).toBe((model.status & model.enable) !== 0);
        }
        expect(chip.takeEjected()).toBe(maskOf(ejecting));
        expect(chip.takeEjected()).toBe(0);
      }),
    );
  });
});
