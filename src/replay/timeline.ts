import { assert } from '../base/assert.js';
import type { Cycle } from '../base/integers.js';
import type { StopReason } from '../machine/machine.js';
import type { Player, PlayerSnapshot } from './player.js';

/** How many snapshots to hold, and how far apart to take them. */
export interface TimelineOptions {
  /** At most this many snapshots are held, besides the one at the start. */
  readonly most?: number;
  /** Cycles run since the last snapshot after which another is taken. */
  readonly stride?: number;
}

/** A replay that can be looked at in any order of cycles. */
export interface Timeline {
  readonly player: Player;
  /** Goes to a cycle, back or forth; returns what stopped the machine before it got there. */
  seek(at: Cycle): StopReason | undefined;
  /** Goes to a cycle, without the inputs recorded at it. */
  seekBeforeInputs(at: Cycle): StopReason | undefined;
  /** Holds a snapshot of the present, so that coming back here costs no running. */
  keep(): void;
}

const defaultMost = 6;
const defaultStride = 2 ** 25;

/** Lets a player be moved freely. Takes its first snapshot at once. */
export function createTimeline(player: Player, options: TimelineOptions = {}): Timeline {
  const { most = defaultMost, stride = defaultStride } = options;
  assert(most >= 1 && stride >= 1, 'a timeline holds a snapshot');
  const { machine } = player;
  const start = player.save();
  let kept: PlayerSnapshot[] = []; // In order of cycles.

  const nearest = (at: Cycle): PlayerSnapshot => kept.findLast((snapshot) => snapshot.machine.cycle <= at) ?? start;

  function keep(): void {
    if (kept.some((snapshot) => snapshot.machine.cycle === machine.cycle)) return;
    kept.push(player.save());
    kept.sort((left, right) => left.machine.cycle - right.machine.cycle);
    if (kept.length > most) thinOut();
  }

  /** Drops the snapshot that saves least: far from the present, with others close on both sides. */
  function thinOut(): void {
    const cycles = kept.map((snapshot) => snapshot.machine.cycle);
    const loss = cycles.map((at, index) => {
      if (at === machine.cycle) return Infinity;
      const gap = (cycles[index + 1] ?? machine.cycle) - (cycles[index - 1] ?? 0);
      return Math.abs(gap) / Math.abs(machine.cycle - at);
    });
    const least = loss.indexOf(Math.min(...loss));
    kept = kept.filter((_, index) => index !== least);
  }

  function approachFrom(at: Cycle): void {
    const from = nearest(at);
    if (at < machine.cycle || from.machine.cycle > machine.cycle) player.load(from);
  }

  return {
    player,
    keep,
    seek(at) {
      approachFrom(at);
      for (;;) {
        const target = Math.min(at, nearest(machine.cycle).machine.cycle + stride) as Cycle;
        const stop = player.advance(target > machine.cycle ? target : at);
        if (stop !== undefined) return stop;
        if (machine.cycle - nearest(machine.cycle).machine.cycle >= stride) keep();
        if (machine.cycle >= at) return undefined;
      }
    },
    seekBeforeInputs(at) {
      // A snapshot at `at` itself has its inputs already.
      if (at === 0) return (player.load(start), undefined);
      const from = nearest((at - 1) as Cycle);
      if (at <= machine.cycle || from.machine.cycle > machine.cycle) player.load(from);
      return player.approach(at);
    },
  };
}
