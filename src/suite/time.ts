/** Durations as a suite writes them: in the guest's time, never in the host's. */
import { assert } from '../base/assert.js';

/** A span of guest time. */
export interface GuestTime {
  /** Cycles in this span on a processor of the given rate, in cycles per guest second. */
  cycles(cyclesPerSecond: number): number;
  readonly description: string;
}

/** A span in seconds of the guest's own clock. Fractions are allowed; the span is rounded to whole cycles. */
export function guestSeconds(seconds: number): GuestTime {
  assert(Number.isFinite(seconds) && seconds >= 0, `${seconds} is a length of time`);
  return {
    cycles: (cyclesPerSecond) => Math.round(seconds * cyclesPerSecond),
    description: `${seconds} guest second${seconds === 1 ? '' : 's'}`,
  };
}

/** A span in cycles. */
export function guestCycles(cycles: number): GuestTime {
  assert(Number.isSafeInteger(cycles) && cycles >= 0, `${cycles} is a number of cycles`);
  return { cycles: () => cycles, description: `${cycles} cycle${cycles === 1 ? '' : 's'}` };
}
