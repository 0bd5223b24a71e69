import { UserError } from '../base/errors.js';
import { type Cycle, cycle } from '../base/integers.js';
import type { ProcessorView } from '../machine/machine.js';
import type { Difference } from '../state/schema.js';
import type { TraceEvent } from '../trace/model.js';
import type { Trace } from '../trace/reader.js';
import { sameEvent } from './events.js';
import type { Player } from './player.js';
import { firstCycle } from './search.js';
import { createTimeline, type Timeline, type TimelineOptions } from './timeline.js';

/** How to compare two runs. */
export interface RunDiffOptions extends TimelineOptions {
  /** Cycles between comparisons on the way; the first difference is found exactly all the same. Default 2^24. */
  readonly compareCycles?: number;
  readonly onProgress?: (at: Cycle) => void;
}

/** One side of the first difference between two runs. */
export interface RunSide {
  readonly processor: ProcessorView;
  /** The last inputs up to the first difference, oldest first. */
  readonly inputs: readonly TraceEvent[];
}

/** The first difference between two runs. */
export interface RunDifference {
  /** The first cycle at which the states differ. */
  readonly cycle: Cycle;
  /** The processor one cycle earlier, equal on both sides, about to execute what retired last; absent at power-on. */
  readonly before?: ProcessorView;
  /** Which part and field differ there, with both values, first in the machine's order of parts. */
  readonly differences: readonly (Difference & { readonly part: string })[];
  readonly left: RunSide;
  readonly right: RunSide;
}

/** What comparing two runs gave. */
export interface RunComparison {
  /** Absent when the runs are equal for as long as both last. */
  readonly difference?: RunDifference;
  /** The last cycle of the shorter run. */
  readonly comparedUpTo: Cycle;
}

const defaultCompareCycles = 2 ** 24;

/**
 * Runs two replays side by side and finds the first cycle at which their states differ. The players must be new; make them
 * with `verify: false` where a replay may differ from its own recording. Throws UserError for two kinds of machine.
 */
export function diffRuns(left: Player, right: Player, options: RunDiffOptions = {}): RunComparison {
  checkComparable(left.trace, right.trace);
  const { compareCycles = defaultCompareCycles, most = 3, onProgress, ...rest } = options;
  const timelineOptions = { most, ...rest };
  const sides = [createTimeline(left, timelineOptions), createTimeline(right, timelineOptions)] as const;
  const end = cycle(Math.min(left.trace.endsAt, right.trace.endsAt));
  const differs = (at: Cycle): boolean => {
    for (const side of sides) side.seek(at);
    return left.machine.cycle !== right.machine.cycle || left.machine.digest().sha256 !== right.machine.digest().sha256;
  };
  let equalAt: Cycle | undefined;
  const apart = firstDifferentInput(left.trace, right.trace);
  const after = (at: number): number => {
    const next = Math.min(at + compareCycles, end);
    return at < apart && apart < next ? apart : next;
  };
  for (let at = 0; ; at = after(at)) {
    onProgress?.(cycle(at));
    if (differs(cycle(at))) {
      const first = equalAt === undefined ? cycle(at) : firstCycle(sides, equalAt, cycle(at), differs);
      return { difference: report(sides, first), comparedUpTo: first };
    }
    equalAt = cycle(at);
    if (at >= end) return { comparedUpTo: end };
  }
}

/**
 * The cycle of the first input that only one of two traces has, or `Infinity`. States are compared there, since two runs
 * may come together again soon after.
 */
function firstDifferentInput(left: Trace, right: Trace): number {
  const inputs = ({ records }: Trace): TraceEvent[] => records.filter((record) => record.kind !== 'checkpoint');
  const [ours, theirs] = [inputs(left), inputs(right)];
  for (let at = 0; at < Math.max(ours.length, theirs.length); at++) {
    const pair = [ours[at], theirs[at]] as const;
    if (!sameEvent(...pair)) return Math.min(...pair.map((input) => input?.at ?? Infinity));
  }
  return Infinity;
}

function report(sides: readonly [Timeline, Timeline], at: Cycle): RunDifference {
  const [left, right] = sides;
  let before: ProcessorView | undefined;
  if (at > 0) {
    left.seek(cycle(at - 1));
    before = left.player.machine.processor();
  }
  const view = (side: Timeline): RunSide => {
    side.seek(at);
    return { processor: side.player.machine.processor(), inputs: side.player.lastInputs(5) };
  };
  const views = { left: view(left), right: view(right) };
  const [leftMachine, rightMachine] = [left.player.machine, right.player.machine];
  const differences = leftMachine.diff(leftMachine.save(), rightMachine.save());
  if (leftMachine.cycle !== rightMachine.cycle) {
    differences.unshift({
      part: 'machine',
      path: 'cycle',
      left: `${leftMachine.cycle}`,
      right: `${rightMachine.cycle}`,
    });
  }
  return { cycle: at, ...(before === undefined ? {} : { before }), differences, ...views };
}

/** Two states can be told apart field by field only when they have the same fields. */
function checkComparable(left: Trace, right: Trace): void {
  const facts = ({ header: { machine, parts } }: Trace): Record<string, string> => ({
    board: machine.board,
    processor: machine.processor,
    'cycles per second': String(machine.cyclesPerSecond),
    'bytes of memory': String(machine.memoryBytes),
    parts: parts.join(' '),
  });
  const [ours, theirs] = [facts(left), facts(right)];
  for (const [fact, value] of Object.entries(ours)) {
    if (value === theirs[fact]) continue;
    throw new UserError(`The two traces come from different machines: ${fact} ${value} against ${theirs[fact]}.`, {
      nextStep: 'Compare recordings of one machine description.',
    });
  }
}
