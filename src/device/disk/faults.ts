/**
 * Faults of a medium: sectors that cannot be read or written, caches that are not flushed, accesses that take longer. Which
 * accesses meet a fault follows from how often its sectors were accessed since power-on, which is state.
 */
import { count, flag, list, type StateOf, struct } from '../../state/schema.js';
import type { MediumFaults, MediumOperation } from '../medium.js';

/** A fault of a medium. */
export interface MediumFault {
  readonly operation: MediumOperation;
  /** The 512-byte sectors that have it. Default: from the first on; all to the end. A flush is of no sector. */
  readonly firstSector?: number;
  readonly sectors?: number;
  /** Accesses of one of these sectors that go well before. Default: none. */
  readonly after?: number;
  /** Accesses that meet the fault then. Default: every one. */
  readonly times?: number;
  /** What happens: the access takes so many microseconds longer. Default: it fails. */
  readonly delayMicroseconds?: number;
}

/** The most faults of one medium. */
export const faultsMost = 64;
/** The most microseconds that one access takes longer, whatever its sectors add up to: a day. */
const delayMost = 86_400_000_000;

const faultsState = struct({
  /** Another medium came into the drive: the faults went with the first. */
  gone: flag(),
  /** Accesses of each fault's sectors since power-on. */
  accesses: list(faultsMost, count()),
});

/** A medium's faults with their state, which is a part of its own. */
export interface FaultyMedium {
  readonly faults: MediumFaults;
  readonly field: typeof faultsState;
  readonly state: StateOf<typeof faultsState>;
}

interface Run {
  readonly first: number;
  readonly end: number;
}

/** The sectors of an access that have a fault. */
function overlap(fault: MediumFault, operation: MediumOperation, first: number, sectors: number): Run {
  if (fault.operation !== operation) return { first, end: first };
  if (operation === 'flush') return { first, end: first + 1 };
  const from = fault.firstSector ?? 0;
  const start = Math.max(first, from);
  return { first: start, end: Math.max(start, Math.min(first + sectors, from + (fault.sectors ?? Infinity))) };
}

/** Puts a list of faults to work; `met` hears of every access that meets one. */
export function faultyMedium(
  description: readonly MediumFault[],
  met: (operation: MediumOperation, sector: number) => void = () => {},
): FaultyMedium {
  const state = faultsState.initial();
  state.accesses.push(...description.map(() => 0));
  const { accesses } = state;
  const isError = (fault: MediumFault): boolean => fault.delayMicroseconds === undefined;

  const faults: MediumFaults = {
    delay(operation, first, sectors) {
      let microseconds = 0;
      if (state.gone) return microseconds;
      description.forEach((fault, index) => {
        const { after = 0, times = Infinity, delayMicroseconds = 0 } = fault;
        if (isError(fault)) return;
        const run = overlap(fault, operation, first, sectors);
        const before = accesses[index]!;
        const then = before + run.end - run.first;
        accesses[index] = then;
        microseconds += Math.max(0, Math.min(then, after + times) - Math.max(before, after)) * delayMicroseconds;
      });
      if (microseconds > 0) met(operation, first);
      return Math.min(microseconds, delayMost);
    },
    good(operation, first, sectors) {
      if (state.gone) return sectors;
      let bad = first + sectors;
      description.forEach((fault, index) => {
        const { after = 0, times = Infinity } = fault;
        const run = overlap(fault, operation, first, sectors);
        if (!isError(fault) || run.first === run.end || accesses[index]! >= after + times) return;
        const at = run.first + Math.max(0, after - accesses[index]!);
        if (at < run.end) bad = Math.min(bad, at);
      });
      if (bad === first && sectors > 0) met(operation, first);
      const end = bad === first ? first + 1 : bad; // The failure is counted when it is what the access comes to.
      description.forEach((fault, index) => {
        if (!isError(fault)) return;
        const run = overlap(fault, operation, first, end - first);
        accesses[index]! += run.end - run.first;
      });
      return bad - first;
    },
  };
  return { faults, field: faultsState, state };
}
