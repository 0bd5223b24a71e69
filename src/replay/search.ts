import type { Cycle } from '../base/integers.js';
import type { Timeline } from './timeline.js';

/** Each pass looks at this many places inside the interval, so that something short-lived is seldom missed. */
const sections = 8;
/** Snapshots are taken between places this far apart; below, running again is as cheap. */
const keepFrom = 2 ** 20;

/**
 * The first cycle in (`low`, `high`] at which `holds` is true, given that it is false at `low` and true at `high`; exact
 * when it stays true from then on. `holds` goes to the cycle itself.
 */
export function firstCycle(
  timelines: readonly Timeline[],
  low: Cycle,
  high: Cycle,
  holds: (at: Cycle) => boolean,
): Cycle {
  let [before, from] = [low, high];
  while (from - before > 1) {
    const step = Math.ceil((from - before) / sections);
    const end = from;
    for (let at = before + step; at < end; at += step) {
      if (holds(at as Cycle)) {
        from = at as Cycle;
        break;
      }
      before = at as Cycle;
      if (step >= keepFrom) for (const timeline of timelines) timeline.keep();
    }
  }
  return from;
}
