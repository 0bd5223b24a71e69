import { assert } from '../base/assert.js';
import { UserError } from '../base/errors.js';
import { type Cycle, cycle } from '../base/integers.js';
import type { InputEvent, Machine, PowerOn, StopReason } from '../machine/machine.js';
import type { Compression } from '../trace/compression.js';
import type { EndReason, TraceEvent } from '../trace/model.js';
import { checkEvent, createTraceWriter, type TraceSink } from '../trace/writer.js';
import { partDigests } from './divergence.js';
import { pieces, recorded } from './events.js';

/** What a recording is made of. */
export interface RecordingOptions {
  /** The machine, just powered on: at cycle 0. */
  readonly machine: Machine;
  readonly powerOn: PowerOn;
  readonly sink: TraceSink;
  /** What the user calls this recording, at most 256 characters. */
  readonly title: string;
  /** Version of this package, to be named when a replay diverges. */
  readonly packageVersion: string;
  /** SHA-256 of every firmware image by its role. */
  readonly firmware: Readonly<Record<string, string>>;
  readonly compression?: Compression;
  /**
   * Cycles from checkpoint to checkpoint. Absent: at cycle 0, at 2^24, and whenever the cycle count has doubled, so that
   * a boot without input costs a few hundred bytes a checkpoint and a dozen of them reach 2^36 cycles.
   */
  readonly checkpointCycles?: number;
}

/** Records a machine's run. Everything the guest is given goes through {@link Recorder.input}. */
export interface Recorder {
  readonly machine: Machine;
  /** Gives the machine an input at its current cycle, and keeps it. Throws UserError for one it cannot take or keep. */
  input(event: InputEvent): void;
  /** Runs to `until` unless something stops the machine earlier; takes checkpoints on the way. */
  run(until: Cycle): StopReason;
  /** Appends what is still held back; a host that waits without running calls it. */
  flush(): void;
  /** Appends what is held back, a last checkpoint, and the end. */
  finish(reason: EndReason): void;
}

const firstCheckpoint = 2 ** 24;
/** With this many inputs since the last checkpoint another is taken: about one byte more for each input. */
const checkpointEvents = 256;
/** Inputs are held back for at most this part of a guest second, or until there are this many of them. */
const heldSeconds = 1;
const heldEvents = 512;

/** Starts a recording: appends the header and the checkpoint of cycle 0. */
export function createRecorder(options: RecordingOptions): Recorder {
  const { machine, powerOn, checkpointCycles } = options;
  assert(machine.cycle === 0, 'a recording starts at power-on');
  if (checkpointCycles !== undefined && !(Number.isSafeInteger(checkpointCycles) && checkpointCycles > 0)) {
    throw new UserError(`Cycles between checkpoints must be a positive integer, not ${checkpointCycles}.`);
  }
  const parts = Object.keys(machine.digest().parts);
  const { title, packageVersion, firmware, sink, compression } = options;
  const header = { package: packageVersion, title, machine: machine.description, firmware, ...powerOn, parts };
  const writer = createTraceWriter(sink, header, compression);
  const heldCycles = heldSeconds * machine.description.cyclesPerSecond;
  let held: TraceEvent[] = [];
  let eventsSinceCheckpoint = 0;
  let checkpointAt: Cycle | undefined;
  let finished = false;

  function flush(): void {
    if (held.length > 0) writer.events(held);
    held = [];
  }

  function takeCheckpoint(): void {
    flush();
    if (writer.room.checkpoints > 1) {
      const digest = machine.digest();
      writer.checkpoint({ at: machine.cycle, sha256: digest.sha256, parts: partDigests(digest, parts) });
    }
    eventsSinceCheckpoint = 0;
    checkpointAt = machine.cycle;
  }

  /** When the next checkpoint is due, counted from the last one. */
  function nextCheckpoint(): number {
    const last = checkpointAt ?? 0;
    if (checkpointCycles !== undefined) return last + checkpointCycles;
    let next = firstCheckpoint;
    while (next <= last) next *= 2;
    return next;
  }

  takeCheckpoint();
  return {
    machine,
    flush,
    input(event) {
      assert(!finished, 'nothing is recorded behind the end');
      for (const piece of pieces(event)) {
        const entry = recorded(piece, machine.cycle);
        checkEvent(entry); // Before the machine takes it, or the trace would lack it.
        if (writer.room.events <= held.length) throw new UserError('The trace is full: it takes no more inputs.');
        machine.input(piece);
        held.push(entry);
        eventsSinceCheckpoint++;
        if (held.length >= heldEvents) flush();
      }
    },
    run(until) {
      assert(!finished, 'nothing is recorded behind the end');
      for (;;) {
        if (machine.cycle >= nextCheckpoint() || eventsSinceCheckpoint >= checkpointEvents) takeCheckpoint();
        const heldUntil = held.length === 0 ? Infinity : held[0]!.at + heldCycles;
        if (machine.cycle >= heldUntil) flush();
        if (machine.cycle >= until) return { kind: 'cycle' };
        const target = Math.min(until, nextCheckpoint(), held.length === 0 ? Infinity : heldUntil);
        const reason = machine.run(cycle(target));
        if (reason.kind !== 'cycle') return reason;
      }
    },
    finish(reason) {
      if (eventsSinceCheckpoint > 0 || machine.cycle !== checkpointAt) takeCheckpoint();
      writer.end(machine.cycle, reason);
      finished = true;
    },
  };
}
