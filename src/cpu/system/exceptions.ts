/** Taking an interrupt or exception at an instruction boundary, with double and triple faults (Intel SDM Vol. 3A, section 6.15). */
import { type Core, faultSignal, vectors } from './core.js';
import type { FlagsAccess } from './flags.js';
import { deliver } from './interrupts.js';

/** Vectors that push an error code (Intel SDM Vol. 3A, table 6-1). */
export const hasErrorCode = (vector: number): boolean =>
  vector === 8 || (vector >= 10 && vector <= 14) || vector === 17;

/** Pairs of faults that make a double fault (Intel SDM Vol. 3A, table 6-5). */
function escalates(first: number, second: number): boolean {
  const contributory = (vector: number): boolean => vector === 0 || (vector >= 10 && vector <= 13);
  if (first === vectors.pageFault) return second === vectors.pageFault || contributory(second);
  return contributory(first) && contributory(second);
}

/** Delivers; a fault on the way becomes a double fault or is delivered in turn, and a third one shuts down. */
export function take(
  core: Core,
  flags: FlagsAccess,
  vector: number,
  errorCode: number | undefined,
  external: boolean,
): void {
  let [current, code] = [vector, errorCode];
  for (let attempt = 0; attempt < 8; attempt++) {
    try {
      const withCode = code !== undefined && core.protectedMode ? { errorCode: code } : {};
      deliver(core, flags, { vector: current, software: false, external, ...withCode });
      return;
    } catch (problem) {
      if (problem !== faultSignal) throw problem;
    }
    const next = core.get('faulted') - 1;
    code = core.get('faultError');
    core.set('faulted', 0);
    if (current === vectors.doubleFault) break;
    current = escalates(current, next) ? vectors.doubleFault : next;
    if (current === vectors.doubleFault) code = 0;
    if (!hasErrorCode(current)) code = undefined;
  }
  core.set('shutdown', 1);
}
