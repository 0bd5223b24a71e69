import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import type { InputEvent, Machine } from '../../src/machine/machine.js';
import { buttonBit, mouseSteps, wheelSteps } from '../../src/replay/mouse.js';
import { createOperator } from '../../src/replay/operator.js';
import { parseScript } from '../../src/replay/script.js';
import { cycle } from '../../src/base/integers.js';

describe('a movement of the mouse', () => {
  test('goes in a straight line, no step longer than it may be, and all the way', () => {
    const far = fc.integer({ min: -3000, max: 3000 });
    fc.assert(
      fc.property(far, far, fc.integer({ min: 1, max: 255 }), (dx, dy, step) => {
        const steps = mouseSteps(dx, dy, 1, step);
        const sum = { dx: 0, dy: 0 };
        for (const each of steps) {
          expect(Math.max(Math.abs(each.dx), Math.abs(each.dy))).toBeLessThanOrEqual(step);
          expect(Object.is(each.dx, -0) || Object.is(each.dy, -0)).toBe(false);
          sum.dx += each.dx;
          sum.dy += each.dy;
        }
        expect([sum.dx, sum.dy]).toEqual([dx, 0 - dy]);
      }),
    );
  });

  test('is refused where it is none', () => {
    expect(() => mouseSteps(0.5, 0, 0)).toThrow(UserError);
    expect(() => mouseSteps(1, 1, 0, 0)).toThrow(UserError);
    expect(() => wheelSteps(1000, 0)).toThrow(UserError);
    expect(() => buttonBit('toString')).toThrow(UserError);
  });
});

test('a script moves the mouse, holds its buttons and turns its wheel', () => {
  const given: InputEvent[] = [];
  const state = { cycle: cycle(0) };
  const machine = {
    description: { cyclesPerSecond: 1000 },
    get cycle() {
      return state.cycle;
    },
    onSerial: undefined,
  } as unknown as Machine;
  const operator = createOperator({
    machine,
    input: (event) => void given.push(event),
    run(until) {
      state.cycle = until;
      return { kind: 'cycle' };
    },
  });
  const script = [
    { mouse: { press: 'left' } },
    { mouse: { dx: 10, dy: -2, step: 10 } },
    { mouse: { release: 'left' } },
    { mouse: { click: 'right', wheel: -1 } },
  ];
  parseScript(JSON.stringify(script)).perform(operator);
  const shape = (dx: number, dy: number, wheel: number, buttons: number): InputEvent => ({
    kind: 'mouse',
    dx,
    dy,
    wheel,
    buttons,
  });
  expect(given).toEqual([
    shape(0, 0, 0, 1),
    shape(10, 2, 0, 1),
    shape(0, 0, 0, 0),
    shape(0, 0, 0, 2),
    shape(0, 0, 0, 0),
    shape(0, 0, -1, 0),
  ]);
  expect(() => parseScript('[{"mouse": {"click": "nose"}}]')).toThrow(/step 1/);
});
