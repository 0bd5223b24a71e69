import type { Cycle } from '../base/integers.js';
import type { Machine, StopReason } from '../machine/machine.js';

/** Whether a machine that stopped so never goes on. */
export const stopsForGood = (
  stop: StopReason,
): stop is Exclude<StopReason, { kind: 'cycle' | 'halted' | 'breakpoint' }> =>
  stop.kind === 'shutdown' || stop.kind === 'powerOff' || stop.kind === 'exited';

/**
 * Runs to exactly `until`, and returns what kept the machine from getting there, if anything did. A machine that halts
 * with nothing ahead goes on halting for as long as its time passes.
 */
export function runTo(machine: Pick<Machine, 'cycle' | 'run'>, until: Cycle): StopReason | undefined {
  while (machine.cycle < until) {
    const before = machine.cycle;
    const reason = machine.run(until);
    if (reason.kind === 'cycle' || machine.cycle >= until) continue;
    if (reason.kind !== 'halted' || machine.cycle === before) return reason;
  }
  return undefined;
}
