/**
 * What every chip on the board must keep, whatever is done to it: save, load and go on is going on; splitting time changes
 * nothing; and `nextEdge` is never late. A chip's test gives an arbitrary of accesses.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Device, Drive } from '../../src/device/device.js';
import type { MemoryAccess } from '../../src/device/memory-access.js';

/** One thing that the rest of the machine does to a chip. */
export type Action =
  | { readonly kind: 'read'; readonly register: string }
  | { readonly kind: 'write'; readonly register: string; readonly value: number }
  | { readonly kind: 'input'; readonly line: string; readonly level: boolean }
  | { readonly kind: 'operation'; readonly name: string; readonly arguments: readonly unknown[] }
  | { readonly kind: 'advance'; readonly ticks: number };

type AnyDevice = Device<unknown, string, string, Record<string, (context: never, ...args: never[]) => unknown>>;

/** A chip on a bench: `lines` of the chip call the given function with each change. */
export type Bench = (line: (name: string) => Drive) => AnyDevice;

/** Memory that nobody changes, for chips that master the bus: the chip's state is all that goes from one run to the other. */
export const noiseMemory: MemoryAccess = {
  read(physical, into) {
    for (let at = 0; at < into.length; at++) into[at] = ((physical + at) * 2654435761) >>> 13;
  },
  write() {},
};

/** Longer advances are not walked through tick by tick. */
const walkedTicksMax = 4_000;

/** How far the search for an edge that was not announced goes. */
const lookAheadTicks = 40_000;

/** Runs actions on a chip and notes whatever can be seen: answers, and line changes with their time. */
class Run {
  readonly seen: string[] = [];
  readonly levels = new Map<string, boolean>();
  readonly device: AnyDevice;
  private now = 0;
  private stamp = '';

  constructor(bench: Bench) {
    this.device = bench((name) => (level) => {
      if (this.levels.get(name) === level) return;
      this.levels.set(name, level);
      this.seen.push(`${this.stamp}${name}=${level}`);
    });
  }

  /** Takes over another run: state by save and load, and what the board saw last. */
  continueFrom(other: Run): void {
    this.device.load(other.device.save());
    for (const [name, level] of other.levels) this.levels.set(name, level);
    this.now = other.now;
    this.seen.length = 0;
  }

  act(action: Action, tickByTick: boolean): void {
    this.stamp = `${this.now} `;
    if (action.kind === 'advance') this.advance(action.ticks, tickByTick);
    else this.seen.push(`${this.stamp}${JSON.stringify(action)} ${JSON.stringify(this.access(action))}`);
  }

  private access(action: Exclude<Action, { kind: 'advance' }>): unknown {
    if (action.kind === 'read') return this.device.read(action.register);
    if (action.kind === 'write') return this.device.write(action.register, action.value);
    if (action.kind === 'input') return this.device.input(action.line, action.level);
    return this.device.operations[action.name]?.(...(action.arguments as never[]));
  }

  private advance(ticks: number, tickByTick: boolean): void {
    const end = this.now + ticks;
    const walked = ticks <= walkedTicksMax;
    while (this.now < end) {
      const edge = tickByTick ? (walked ? 1 : Math.ceil(ticks / 7)) : this.device.nextEdge();
      const step = Math.min(edge, end - this.now);
      this.now += step;
      this.stamp = walked ? `${this.now} ` : '';
      this.device.advance(step);
    }
  }
}

/** Declares the tests of a chip's properties. Actions that belong together may come as one array. */
export function testChipProperties(bench: Bench, action: fc.Arbitrary<Action | readonly Action[]>, runs = 200): void {
  const actions = fc.array(action, { minLength: 1, maxLength: 60 }).map((all) => all.flat());

  test('saving, loading and going on is the same as going on', () => {
    fc.assert(
      fc.property(actions, actions, (before, after) => {
        const first = new Run(bench);
        for (const each of before) first.act(each, false);
        const second = new Run(bench);
        second.continueFrom(first);
        first.seen.length = 0;
        for (const each of after) first.act(each, false);
        for (const each of after) second.act(each, false);
        expect(second.seen).toEqual(first.seen);
        expect(second.device.diff(first.device.save())).toEqual([]);
      }),
      { numRuns: runs },
    );
  });

  test('splitting time changes nothing', () => {
    fc.assert(
      fc.property(actions, (all) => {
        const whole = new Run(bench);
        const split = new Run(bench);
        for (const each of all) whole.act(each, false);
        for (const each of all) split.act(each, true);
        expect(split.seen).toEqual(whole.seen);
        expect(split.device.diff(whole.device.save())).toEqual([]);
      }),
      { numRuns: runs },
    );
  });

  test('no line changes by itself before the announced edge', () => {
    fc.assert(
      fc.property(actions, (all) => {
        const run = new Run(bench);
        for (const each of all) run.act(each, false);
        const edge = run.device.nextEdge();
        run.seen.length = 0;
        for (let tick = 1; tick < Math.min(edge, lookAheadTicks); tick++) {
          run.device.advance(1);
          if (run.seen.length > 0) expect.fail(`tick ${tick} of ${edge}: ${run.seen.join()}`);
        }
      }),
      { numRuns: runs / 2 },
    );
  });

  test('resetting gives the state of a new chip', () => {
    fc.assert(
      fc.property(actions, (all) => {
        const run = new Run(bench);
        for (const each of all) run.act(each, false);
        run.device.reset();
        expect(run.device.diff(new Run(bench).device.save())).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
}

/** Reads and writes of any register with any byte. */
export function anyAccess(registers: readonly string[]): fc.Arbitrary<Action> {
  const register = fc.constantFrom(...registers);
  return fc.oneof(
    fc.record({ kind: fc.constant('read' as const), register }),
    fc.record({ kind: fc.constant('write' as const), register, value: fc.integer({ min: 0, max: 0xff }) }),
  );
}

/** Advances, mostly short. */
export function anyAdvance(ticksMost: number): fc.Arbitrary<Action> {
  const ticks = fc.oneof(
    fc.integer({ min: 1, max: 100 }),
    fc.integer({ min: 1, max: walkedTicksMax }),
    fc.integer({ min: 1, max: ticksMost }),
  );
  return fc.record({ kind: fc.constant('advance' as const), ticks });
}
