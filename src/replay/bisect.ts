import { assert } from '../base/assert.js';
import { type Cycle, cycle } from '../base/integers.js';
import type { ProcessorView, SerialOutput, StopReason } from '../machine/machine.js';
import { screenText } from '../screen/text.js';
import type { TraceEvent } from '../trace/model.js';
import type { Player } from './player.js';
import type { Predicate } from './predicate.js';
import { firstCycle } from './search.js';
import { createTimeline, type Timeline, type TimelineOptions } from './timeline.js';

/** How to look for the first cycle. */
export interface BisectOptions extends TimelineOptions {
  /**
   * Cycles between looks at the screen, at memory and at a halt: what holds for less than this may be missed. Default: a
   * fiftieth of a guest second. Serial output, executed addresses and stops are seen exactly.
   */
  readonly lookCycles?: number;
  /** Told now and then how far the replay has come. */
  readonly onProgress?: (at: Cycle) => void;
}

/** The first cycle at which a predicate holds, and what made it so. */
export interface Found {
  readonly cycle: Cycle;
  /**
   * What made it hold: the instruction that retired last (it stands at `before.linear`), an input recorded at that very
   * cycle, or a device while the processor was halted. `start` when it held at power-on.
   */
  readonly cause: 'instruction' | 'input' | 'device' | 'start';
  /** The processor one cycle earlier, about to execute the instruction that retired last; absent at power-on. */
  readonly before?: ProcessorView;
  readonly after: ProcessorView;
  /** The last inputs up to that cycle, oldest first. */
  readonly inputs: readonly TraceEvent[];
}

/** A match on serial output may reach back this many bytes. */
const serialReach = 4096;

/**
 * The first cycle of a replay at which a predicate holds; undefined when it never does. Replays from power-on, looks at the
 * given distance, and searches the exact cycle between the last look that failed and the first that did not.
 * Throws Divergence when the replay is not the recorded run. The player must be new.
 */
export function bisect(player: Player, predicate: Predicate, options: BisectOptions = {}): Found | undefined {
  const timeline = createTimeline(player, options);
  const at = firstHolding(timeline, predicate, options);
  return at === undefined ? undefined : report(timeline, predicate, at);
}

function firstHolding(timeline: Timeline, predicate: Predicate, options: BisectOptions): Cycle | undefined {
  switch (predicate.kind) {
    case 'serial':
      return firstSerial(timeline, predicate, options);
    case 'executed':
      return firstExecuted(timeline, predicate.linear, options);
    case 'shutdown':
    case 'powerOff':
    case 'exited':
      return firstStop(timeline, predicate.kind, options);
    default:
      return firstLook(timeline, predicate, options);
  }
}

/** Goes through the trace in steps; ends when `look` gives a cycle, or the machine stops, or the trace ends. */
function sweep(
  timeline: Timeline,
  options: BisectOptions,
  look: (at: Cycle, stop: StopReason | undefined) => Cycle | undefined,
): Cycle | undefined {
  const { trace, machine } = timeline.player;
  const step = options.lookCycles ?? Math.ceil(machine.description.cyclesPerSecond / 50);
  assert(step >= 1, 'a look lies at least a cycle ahead');
  for (let at = 0; ; at = Math.min(at + step, trace.endsAt)) {
    const stop = timeline.seek(cycle(at));
    options.onProgress?.(machine.cycle);
    const found = look(cycle(at), stop);
    if (found !== undefined) return found;
    if (at >= trace.endsAt || stop !== undefined) return undefined;
  }
}

/** Whether a predicate on the machine's state holds at `at`; may leave the machine a cycle later. */
function holdsAt(timeline: Timeline, predicate: Predicate, at: Cycle): boolean {
  const stop = timeline.seek(at);
  return holdsNow(timeline.player, predicate, stop);
}

function holdsNow({ machine }: Player, predicate: Predicate, stop: StopReason | undefined): boolean {
  switch (predicate.kind) {
    case 'screen':
      return predicate.pattern.matches(screenText(machine.screen()));
    case 'memory':
      return predicate.holds(machine);
    case 'halted':
      if (stop !== undefined) return stop.kind === 'halted';
      return machine.processor().halted && machine.run(cycle(machine.cycle + 1)).kind === 'halted';
    default:
      return false;
  }
}

function firstLook(timeline: Timeline, predicate: Predicate, options: BisectOptions): Cycle | undefined {
  let before: Cycle | undefined;
  return sweep(timeline, options, (at, stop) => {
    if (!holdsNow(timeline.player, predicate, stop)) {
      before = at;
      return undefined;
    }
    if (before === undefined) return at;
    return firstCycle([timeline], before, at, (middle) => holdsAt(timeline, predicate, middle));
  });
}

function firstSerial(
  timeline: Timeline,
  { port, pattern }: Extract<Predicate, { kind: 'serial' }>,
  options: BisectOptions,
): Cycle | undefined {
  const { machine } = timeline.player;
  let sent: SerialOutput[] = [];
  let tail = '';
  machine.onSerial = (output) => void (output.port === port && sent.push(output));
  const found = sweep(timeline, options, () => {
    for (const { byte, cycle: at } of sent) {
      tail = (tail.length < 2 * serialReach ? tail : tail.slice(-serialReach)) + String.fromCharCode(byte);
      if (pattern.matches(tail)) return at;
    }
    sent = [];
    return undefined;
  });
  machine.onSerial = undefined;
  return found;
}

function firstExecuted(timeline: Timeline, linear: number, options: BisectOptions): Cycle | undefined {
  const { machine } = timeline.player;
  machine.breakpoints = new Set([linear]);
  const found = sweep(timeline, options, (_, stop) =>
    stop?.kind === 'breakpoint' ? cycle(machine.cycle + 1) : undefined,
  );
  machine.breakpoints = new Set();
  return found !== undefined && found <= timeline.player.trace.endsAt ? found : undefined;
}

function firstStop(timeline: Timeline, kind: StopReason['kind'], options: BisectOptions): Cycle | undefined {
  const { machine, trace } = timeline.player;
  return sweep(timeline, options, (at, stop) => {
    if (stop?.kind === kind) return machine.cycle;
    // At the very end nothing is run any more that could say why the machine would not go on.
    const atEnd = at >= trace.endsAt && stop === undefined && machine.run(cycle(machine.cycle + 1)).kind === kind;
    return atEnd ? trace.endsAt : undefined;
  });
}

function report(timeline: Timeline, predicate: Predicate, at: Cycle): Found {
  const { player } = timeline;
  const { machine } = player;
  timeline.seek(at);
  const after = machine.processor();
  const inputs = player.lastInputs(5);
  if (at === 0) return { cycle: at, cause: 'start', after, inputs };
  timeline.seek(cycle(at - 1));
  const before = machine.processor();
  const byInput = inputs.at(-1)?.at === at && !holdsWithoutInputs(timeline, predicate, at);
  const cause = byInput ? 'input' : before.halted ? 'device' : 'instruction';
  return { cycle: at, cause, before, after, inputs };
}

function holdsWithoutInputs(timeline: Timeline, predicate: Predicate, at: Cycle): boolean {
  if (predicate.kind === 'powerOff') return false; // A power cut takes effect at its own cycle.
  if (predicate.kind !== 'screen' && predicate.kind !== 'memory' && predicate.kind !== 'halted') return true;
  const stop = timeline.seekBeforeInputs(at);
  return holdsNow(timeline.player, predicate, stop);
}
