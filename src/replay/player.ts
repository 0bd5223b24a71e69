import { UserError } from '../base/errors.js';
import { type Cycle, cycle } from '../base/integers.js';
import type { Machine, MachineDescription, MachineSnapshot, PowerOn, StopReason } from '../machine/machine.js';
import type { TraceEvent } from '../trace/model.js';
import type { Trace } from '../trace/reader.js';
import { differingParts, Divergence } from './divergence.js';
import { replayed } from './events.js';
import { runTo } from './run.js';

/** Makes the machine of a description, just powered on; throws UserError when an image is not at hand. */
export type MachineFactory = (description: MachineDescription, powerOn: PowerOn) => Machine;

/** How to replay. */
export interface PlayerOptions {
  /** SHA-256 of the firmware at hand, by role; a recording made with another one is refused. */
  readonly firmware?: Readonly<Record<string, string>>;
  /** False: recorded checkpoints are passed over unread, as when two replays are compared with each other. */
  readonly verify?: boolean;
}

/** A machine's state in a replay, and how far the recording has been given to it. */
export interface PlayerSnapshot {
  readonly machine: MachineSnapshot;
  readonly nextRecord: number;
}

/** Replays a trace on a machine of its own. "At cycle C" means: run to C, and every input recorded at C given. */
export interface Player {
  readonly trace: Trace;
  /** The machine; its observers and breakpoints are the caller's, its time and inputs are the player's. */
  readonly machine: Machine;
  /** Checkpoints verified so far. */
  readonly verified: number;
  /**
   * Goes to `until`, at most the trace's end; returns what stopped the machine for good before, or a breakpoint.
   * Throws {@link Divergence}.
   */
  advance(until: Cycle): StopReason | undefined;
  /** Goes to `until` as {@link advance} does, but leaves the inputs of that very cycle out. */
  approach(until: Cycle): StopReason | undefined;
  /** The last inputs given, oldest first. */
  lastInputs(most: number): TraceEvent[];
  save(): PlayerSnapshot;
  load(snapshot: PlayerSnapshot): void;
}

/** Powers on the machine of a trace. Throws UserError when it cannot be what was recorded. */
export function createPlayer(trace: Trace, create: MachineFactory, options: PlayerOptions = {}): Player {
  const { header, records } = trace;
  checkFirmware(trace, options.firmware);
  const machine = create(header.machine, { date: header.date, seed: header.seed });
  let next = 0;
  /** Records before this one have been verified; going back does not verify them again. */
  let verifiedUpTo = options.verify === false ? Infinity : 0;
  let verified = 0;
  let lastEqual: Cycle | undefined;

  const inputsBefore = (end: number, most: number): TraceEvent[] => {
    const found: TraceEvent[] = [];
    for (let at = end - 1; at >= 0 && found.length < most; at--) {
      const record = records[at]!;
      if (record.kind !== 'checkpoint') found.unshift(record);
    }
    return found;
  };

  /** Gives the machine everything recorded at its cycle. */
  function takeDue(): void {
    for (; next < records.length && records[next]!.at <= machine.cycle; next++) {
      const record = records[next]!;
      if (record.kind !== 'checkpoint') machine.input(replayed(record));
      else if (next >= verifiedUpTo) {
        const parts = differingParts(machine.digest(), record, header);
        if (parts.length > 0) {
          throw new Divergence({ cycle: machine.cycle, lastEqual, parts, inputs: inputsBefore(next, 3) });
        }
        lastEqual = record.at;
        verifiedUpTo = next + 1;
        verified++;
      }
    }
  }

  function go(until: Cycle, withInputs: boolean): StopReason | undefined {
    for (;;) {
      if (withInputs || machine.cycle < until) takeDue();
      if (machine.cycle >= until) return undefined;
      const ahead = records[next];
      const stop = runTo(machine, ahead !== undefined && ahead.at < until ? ahead.at : until);
      if (stop === undefined) continue;
      if (stop.kind !== 'breakpoint' && ahead !== undefined && ahead.at <= until) {
        throw new Divergence({ cycle: machine.cycle, lastEqual, parts: [], stop, inputs: inputsBefore(next, 3) });
      }
      return stop;
    }
  }

  return {
    trace,
    machine,
    get verified() {
      return verified;
    },
    advance: (until) => go(within(trace, until), true),
    approach: (until) => go(within(trace, until), false),
    lastInputs: (most) => inputsBefore(next, most),
    save: () => ({ machine: machine.save(), nextRecord: next }),
    load(snapshot) {
      machine.load(snapshot.machine);
      next = snapshot.nextRecord;
    },
  };
}

function within(trace: Trace, until: Cycle): Cycle {
  if (until <= trace.endsAt) return cycle(until);
  throw new UserError(`The trace ends at cycle ${trace.endsAt}; there is no cycle ${until} in it.`);
}

function checkFirmware({ header }: Trace, atHand: PlayerOptions['firmware']): void {
  if (atHand === undefined) return;
  const roles = new Set([...Object.keys(header.firmware), ...Object.keys(atHand)]);
  for (const role of roles) {
    if (header.firmware[role] === atHand[role]) continue;
    throw new UserError(`This trace was recorded with another firmware (${role}) than this package has.`, {
      nextStep: `Replay it with the version that recorded it: npx tsvm-test@${header.package} replay TRACE`,
    });
  }
}
