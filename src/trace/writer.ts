import { assert } from '../base/assert.js';
import { type Cycle, cycle } from '../base/integers.js';
import { UserError } from '../base/errors.js';
import type { Compression } from './compression.js';
import { firstCheck, magic, sealFrame } from './envelope.js';
import { pack } from './msgpack.js';
import type { Checkpoint, EndReason, IndexEntry, TraceEvent, TraceHeader } from './model.js';
import { ShapeError } from './shape.js';
import { ColumnError } from './varint.js';
import { newestVersion } from './versions/upgrade.js';
import { encodeCheckpoint, encodeEnd, encodeEvents, frameKinds, header as headerShape, limits } from './versions/v2.js';

/** Takes whole frames, in order; the file that grows by them is a valid trace after every call. */
export interface TraceSink {
  append(bytes: Uint8Array): void;
}

/** What a writer's caller says about a recording; the writer adds the version. */
export type NewTraceHeader = Omit<TraceHeader, 'version'>;

/** Writes a trace of the newest version. Cycles never decrease from call to call. */
export interface TraceWriter {
  /** Bytes appended so far. */
  readonly size: number;
  /** Events and checkpoints that may still be written before the trace is full. */
  readonly room: { readonly events: number; readonly checkpoints: number };
  /** Appends events as one frame, at most 4096 of them; throws UserError for one that the format cannot hold. */
  events(events: readonly TraceEvent[]): void;
  checkpoint(checkpoint: Omit<Checkpoint, 'kind'>): void;
  /** Appends the end frame; nothing may follow. */
  end(at: Cycle, reason: EndReason): void;
}

/** Starts a trace: appends magic and header frame in one go. Throws UserError for a header beyond the format's limits. */
export function createTraceWriter(sink: TraceSink, header: NewTraceHeader, compression?: Compression): TraceWriter {
  let size = 0;
  let check = firstCheck;
  let since = cycle(0);
  let ended = false;
  const written = { events: 0, checkpoints: 0 };
  const index: IndexEntry[] = [];

  function append(kind: number, payload: unknown, prefix = new Uint8Array(0)): void {
    assert(!ended, 'nothing follows the end frame');
    const sealed = sealFrame(kind, pack(payload), check, compression);
    const bytes = new Uint8Array(prefix.length + sealed.bytes.length);
    bytes.set(prefix);
    bytes.set(sealed.bytes, prefix.length);
    sink.append(bytes);
    check = sealed.check;
    size += bytes.length;
  }

  const whole = { version: newestVersion, ...header };
  append(
    frameKinds.header,
    usersMistake('This machine cannot be recorded', () => headerShape(whole, 'the header')),
    magic,
  );

  return {
    get size() {
      return size;
    },
    get room() {
      return { events: limits.events - written.events, checkpoints: limits.checkpoints - written.checkpoints };
    },
    events(events) {
      assert(events.length > 0 && events.length <= limits.frameEvents, 'an event frame holds 1 to 4096 events');
      if (written.events + events.length > limits.events) throw new UserError('The trace is full of events.');
      append(
        frameKinds.events,
        usersMistake('This input cannot be recorded', () => encodeEvents(events, since)),
      );
      written.events += events.length;
      since = events.at(-1)!.at;
    },
    checkpoint(checkpoint) {
      assert(written.checkpoints < limits.checkpoints, 'a trace holds at most 65536 checkpoints');
      assert(checkpoint.parts.length === header.parts.length, 'a checkpoint gives a digest for every part');
      index.push({ offset: size, at: checkpoint.at });
      append(frameKinds.checkpoint, encodeCheckpoint({ kind: 'checkpoint', ...checkpoint }, since));
      written.checkpoints++;
      since = checkpoint.at;
    },
    end(at, reason) {
      append(frameKinds.end, encodeEnd({ at, reason, ...written, index }, since));
      ended = true;
    },
  };
}

/** Throws UserError for an event that the format cannot hold. */
export function checkEvent(event: TraceEvent): void {
  usersMistake('This input cannot be recorded', () => encodeEvents([event], cycle(0)));
}

function usersMistake<T>(problem: string, encode: () => T): T {
  try {
    return encode();
  } catch (error) {
    if (error instanceof ShapeError || error instanceof ColumnError) {
      throw new UserError(`${problem}: ${error.message}.`, { cause: error });
    }
    throw error;
  }
}
