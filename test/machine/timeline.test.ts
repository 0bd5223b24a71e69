import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Clocked, loadRemainders, saveRemainders, Timeline } from '../../src/machine/timeline.js';

const rate = 50_000_000;

/** A chip that raises an edge every `period` of its ticks, and logs the tick at which each came. */
function metronome(name: string, hertz: number, period: number, log: string[] = []) {
  const state = { ticks: 0, left: period };
  return {
    state,
    log,
    name,
    clock: { numerator: hertz, denominator: 1 },
    advance(ticks: number) {
      state.ticks += ticks;
      state.left -= ticks;
      if (state.left < 0) throw new Error(`${name} was let past its edge`);
      if (state.left > 0) return;
      state.left = period;
      log.push(`${name} ${state.ticks}`);
    },
    nextEdge: () => state.left,
  };
}

/** As a board has it: a chip is stopped at each of its edges. */
function stepping(chip: ReturnType<typeof metronome>): ReturnType<typeof metronome> {
  const { advance } = chip;
  const stepped = (ticks: number): void => {
    for (let left = ticks; left > 0;) {
      const step = Math.min(left, chip.nextEdge());
      advance(step);
      left -= step;
    }
  };
  return { ...chip, advance: stepped };
}

describe('a timeline', () => {
  test('lets edges of all chips happen in the order of their cycles, equal ones in the order of the chips', () => {
    const log: string[] = [];
    const timeline = new Timeline(rate);
    timeline.add(stepping(metronome('slow', 1_000_000, 3, log)));
    timeline.add(stepping(metronome('fast', 2_000_000, 2, log)));
    timeline.runTo(300);
    expect(log).toEqual(['fast 2', 'fast 4', 'slow 3', 'fast 6', 'fast 8', 'fast 10', 'slow 6', 'fast 12']);
    expect(timeline.due).toBe(350);
  });

  test('names the exact cycle of the next edge', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2e9 }), fc.integer({ min: 1, max: 1000 }), (hertz, period) => {
        const timeline = new Timeline(rate);
        const chip = stepping(metronome('chip', hertz, period));
        timeline.add(chip);
        const exact = (BigInt(period) * BigInt(rate) + BigInt(hertz) - 1n) / BigInt(hertz);
        expect(timeline.due).toBe(Number(exact));
        timeline.runTo(timeline.due - 1);
        expect(chip.log).toEqual([]);
        timeline.runTo(timeline.due);
        expect(chip.log.length).toBeGreaterThan(0);
      }),
    );
  });

  test('gives the same edges however it is stopped, looked at, saved and started over', () => {
    const steps = fc.array(
      fc.record({
        cycles: fc.integer({ min: 0, max: 1000 }),
        then: fc.constantFrom('nothing', 'syncAll', 'sync', 'restart'),
      }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(steps, (taken) => {
        const end = taken.reduce((sum, { cycles }) => sum + cycles, 0);
        const run = (visit: (timeline: Timeline, clocked: Clocked) => void): readonly string[] => {
          const timeline = new Timeline(rate);
          const log: string[] = [];
          const clocked = timeline.add(stepping(metronome('a', 3_579_545, 7, log)));
          timeline.add(stepping(metronome('b', 1_193_182, 5, log)));
          visit(timeline, clocked);
          timeline.runTo(end);
          timeline.syncAll(end);
          return log;
        };
        const whole = run(() => {});
        const split = run((timeline, clocked) => {
          let at = 0;
          for (const { cycles, then } of taken) {
            at += cycles;
            timeline.runTo(at);
            if (then === 'syncAll') timeline.syncAll(at);
            if (then === 'sync') {
              clocked.sync(at);
              clocked.reschedule();
            }
            if (then === 'restart') {
              timeline.syncAll(at);
              timeline.restart(at, loadRemainders(saveRemainders(timeline.remainders())));
            }
          }
        });
        expect(split).toEqual(whole);
      }),
    );
  });

  test('tells when an edge came nearer, and only then', () => {
    const timeline = new Timeline(rate);
    const chip = stepping(metronome('chip', 1_000_000, 100));
    const clocked = timeline.add(chip);
    let told = 0;
    timeline.onEarlier = () => told++;
    clocked.reschedule();
    chip.state.left = 200;
    clocked.reschedule();
    expect([told, timeline.due]).toEqual([0, 200 * 50]);
    chip.state.left = 10;
    clocked.reschedule();
    expect([told, timeline.due]).toEqual([1, 10 * 50]);
  });

  test('waits for ever where no chip has an edge ahead', () => {
    const timeline = new Timeline(rate);
    timeline.add({ ...metronome('idle', 1000, 1), nextEdge: () => Infinity });
    timeline.add({ name: 'timeless', clock: undefined, advance: () => {}, nextEdge: () => Infinity });
    expect(timeline.due).toBe(Infinity);
    timeline.runTo(1e15);
    expect(timeline.due).toBe(Infinity);
  });
});
