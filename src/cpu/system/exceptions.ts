/** Taking an interrupt or exception at an instruction boundary, with double and triple faults (Intel SDM Vol. 3A, section 6.15). */
import { flagBits } from '../layout.js';
import { type Core, faultSignal, vectors } from './core.js';
import type { FlagsAccess } from './flags.js';
import { deliver, type Delivery } from './interrupts.js';

/** What is taken: a fault with its error code, a debug trap, or an external interrupt. */
export interface Arrival {
  readonly kind: 'fault' | 'trap' | 'interrupt';
  readonly vector: number;
  /** Pushed by the vectors that have one. */
  readonly errorCode?: number;
  /** A code breakpoint: alone among faults it does not set RF in the flags it pushes (Intel SDM Vol. 3B, section 17.3.1.1). */
  readonly isCodeBreakpoint?: boolean;
}

/** Vectors that push an error code (Intel SDM Vol. 3A, table 6-1). */
const hasErrorCode = (vector: number): boolean => vector === 8 || (vector >= 10 && vector <= 14) || vector === 17;

const contributory = (vector: number): boolean => vector === 0 || (vector >= 10 && vector <= 13);

/** Pairs of faults that make a double fault (Intel SDM Vol. 3A, table 6-5). */
function escalates(first: number, second: number): boolean {
  if (first === vectors.pageFault) return second === vectors.pageFault || contributory(second);
  return contributory(first) && contributory(second);
}

/** EXT in the error codes of faults that come up while an event is delivered that the program did not ask for. */
const externalBit = (vector: number): number => (contributory(vector) ? 1 : 0);

/** The engine's own delivery: gives 0 where only the slow path can tell. */
export type QuickDelivery = (
  vector: number,
  eip: number,
  image: number,
  software: 0 | 1,
  hasCode: 0 | 1,
  errorCode: number,
) => 0 | 1;

function takeQuickly(core: Core, flags: FlagsAccess, delivery: Delivery, quickly: QuickDelivery): boolean {
  if (!core.is32Bit) return false;
  const { vector, resume, errorCode } = delivery;
  const image = flags.read() | (resume ? flagBits.RF : 0);
  if (quickly(vector, core.eip, image, 0, errorCode === undefined ? 0 : 1, errorCode ?? 0) === 0) return false;
  flags.write(0, 4, flagBits.RF);
  core.eipStands = false;
  return true;
}

/**
 * Delivers; a fault on the way becomes a double fault or is delivered in turn, and one in the way of a double fault shuts the
 * processor down. An external interrupt is benign whatever its vector.
 */
export function take(core: Core, flags: FlagsAccess, arrival: Arrival, quickly: QuickDelivery): void {
  let { kind, vector } = arrival;
  let code = arrival.errorCode ?? 0;
  let resume = kind === 'fault' && arrival.isCodeBreakpoint !== true;
  // Each round is a worse fault than the one before: there are never more than four.
  for (;;) {
    const fault = kind === 'fault';
    const withCode = fault && hasErrorCode(vector) && core.protectedMode ? { errorCode: code } : {};
    const delivery: Delivery = { vector, software: false, resume, ...withCode };
    if (takeQuickly(core, flags, delivery, quickly)) return;
    try {
      deliver(core, flags, delivery);
      core.eipStands = false;
      return;
    } catch (problem) {
      if (problem !== faultSignal) throw problem;
    }
    const next = core.takeNoted();
    if (fault && vector === vectors.doubleFault) break;
    const double = next.vector === vectors.doubleFault || (fault && escalates(vector, next.vector));
    vector = double ? vectors.doubleFault : next.vector;
    code = double ? 0 : next.errorCode | externalBit(next.vector);
    kind = 'fault';
    resume = true;
  }
  core.set('shutdown', 1);
}
