/**
 * Watchdog of iBASE's IB700 single-board computer: a counter that software starts anew again and again, and that pulls the reset line
 * when it does not.
 *
 * Source: iBASE IB700 User's Manual, "Watchdog Timer Configuration": port 443h enables it, with the seconds as 30 less twice the low
 * four bits; port 441h disables it.
 *
 * Not modelled: see `notModelled` below.
 */
import { count, type StateOf, struct } from '../../state/schema.js';
import { defineDevice, type DeviceContext } from '../device.js';

/** Milliseconds, which are fine enough for a counter of seconds. */
const ticksPerSecond = 1000;
const secondsMost = 30;

const state = struct({ ticksLeft: count(Infinity) });

export interface WatchdogBoard {
  /** Time is over. */
  expired(): void;
}
type Context = DeviceContext<StateOf<typeof state>, never, WatchdogBoard>;

export const ib700 = defineDevice<StateOf<typeof state>, 'disable' | 'enable', never, never, WatchdogBoard>({
  name: 'ib700',
  source: "iBASE IB700 User's Manual, watchdog timer",
  notModelled: ['reading its ports: nothing answers', 'the tolerance of its counter'],
  clock: { numerator: ticksPerSecond, denominator: 1 },
  registers: { disable: 0, enable: 2 },
  inputs: [],
  outputs: [],
  state,
  advance({ state: watchdog, board }: Context, ticks) {
    if (watchdog.ticksLeft === Infinity) return;
    watchdog.ticksLeft -= ticks;
    if (watchdog.ticksLeft > 0) return;
    watchdog.ticksLeft = Infinity;
    board.expired();
  },
  nextEdge: ({ state: { ticksLeft } }) => ticksLeft,
  read: {},
  write: {
    disable({ state: watchdog }) {
      watchdog.ticksLeft = Infinity;
    },
    enable({ state: watchdog }, value) {
      // Of 15 no second is left, and the next tick is the last.
      watchdog.ticksLeft = Math.max(1, (secondsMost - 2 * (value & 0x0f)) * ticksPerSecond);
    },
  },
});
