import { type Cycle, cycle } from '../base/integers.js';
import type { Compression } from './compression.js';
import { firstCheck, type FramePlace, magic, openFrame } from './envelope.js';
import { TraceError } from './errors.js';
import type { End, IndexEntry, TraceHeader, TraceRecord } from './model.js';
import { PayloadError, unpack } from './msgpack.js';
import { ShapeError } from './shape.js';
import { ColumnError } from './varint.js';
import { type FrameContent, newestVersion, versionReader } from './versions/upgrade.js';
import { frameKinds, limits } from './versions/v2.js';

/** How to read a trace. */
export interface ReadOptions {
  /** The trace as the user named it, for errors. */
  readonly file?: string;
  /** Compressions at hand besides "none". */
  readonly compressions?: readonly Compression[];
}

/** A frame as it stands in the file. */
export interface FrameSummary {
  readonly kind: 'header' | 'events' | 'checkpoint' | 'end';
  readonly offset: number;
  /** Bytes in the file, envelope and all. */
  readonly size: number;
  /** The cycle of the last thing in it. */
  readonly at: Cycle;
  /** Events in it. */
  readonly events: number;
}

/** A trace, upgraded to today's shapes. */
export interface Trace {
  /** The version it was written in. */
  readonly version: number;
  readonly header: TraceHeader;
  /** Inputs and checkpoints in the order in which they were recorded; cycles never decrease. */
  readonly records: readonly TraceRecord[];
  /** The cycle it ends at: that of the end frame, or of the last record where it was cut. */
  readonly endsAt: Cycle;
  /** How the recording ended; absent when the file is cut. */
  readonly end?: End;
  /** Where a file without an end frame stops being whole: its recorder was killed, or the file was shortened. */
  readonly cut?: { readonly frame: number; readonly offset: number };
  readonly frames: readonly FrameSummary[];
}

/** Reads a whole trace. A file that is cut gives what stands before the cut; anything else wrong throws TraceError. */
export function readTrace(data: Uint8Array, options: ReadOptions = {}): Trace {
  const { file, compressions = [] } = options;
  checkMagic(data, file);
  const place: FramePlace = { file, frame: 0, offset: magic.length, before: firstCheck };
  const first = openFrame(data, place, compressions);
  if (first === undefined) throw new TraceError('the file ends before its header frame does', place);
  if (first.kind !== frameKinds.header) throw new TraceError('the first frame is no header frame', place);
  const found = new Gathering(place, () => unpack(first.raw()));
  found.frames.push({ kind: 'header', offset: place.offset, size: first.end - place.offset, at: cycle(0), events: 0 });

  let next: FramePlace = { file, frame: 1, offset: first.end, before: first.check };
  while (found.end === undefined) {
    const opened = openFrame(data, next, compressions);
    if (opened === undefined) return found.trace({ frame: next.frame, offset: next.offset });
    found.add(next, opened.end, opened.kind, () => unpack(opened.raw()));
    next = { file, frame: next.frame + 1, offset: opened.end, before: opened.check };
  }
  if (next.offset !== data.length) throw new TraceError('bytes follow the end frame', next);
  return found.trace();
}

function checkMagic(data: Uint8Array, file: string | undefined): void {
  if (magic.every((byte, at) => data[at] === byte)) return;
  const place = { file, frame: 0, offset: 0 };
  if (magic.every((byte, at) => at >= data.length || data[at] === byte)) {
    throw new TraceError('the file ends before its header frame does', place);
  }
  throw new TraceError('this is no trace, or its first bytes are damaged', {
    ...place,
    nextStep: 'Give a file that `tsvm-test record` wrote, and copy such files as binary.',
  });
}

/** What has been read so far. Every method throws TraceError for the frame at hand. */
class Gathering {
  readonly frames: FrameSummary[] = [];
  end: End | undefined;
  private readonly version: number;
  private readonly header: TraceHeader;
  private readonly reader: NonNullable<ReturnType<typeof versionReader>>;
  private readonly records: TraceRecord[] = [];
  private readonly index: IndexEntry[] = [];
  private events = 0;
  private at = cycle(0);

  constructor(place: FramePlace, payload: () => unknown) {
    const value = blaming(place, 'header', payload);
    this.version = versionOf(value, place);
    const reader = versionReader(this.version);
    if (reader === undefined) {
      throw new TraceError(`trace format ${this.version} is unknown here; the newest known is ${newestVersion}`, {
        ...place,
        nextStep: 'Install a newer tsvm-test: newer ones read all older traces.',
      });
    }
    this.reader = reader;
    this.header = blaming(place, 'header', () => reader.header(value));
  }

  add(place: FramePlace, end: number, kind: number, payload: () => unknown): void {
    const content = blaming(place, 'frame', () => this.reader.frame(kind, payload(), this.at, this.header));
    if (content === undefined) {
      const problem = kind === frameKinds.header ? 'a second header frame' : `frame kind ${kind} is unknown`;
      throw new TraceError(problem, place);
    }
    const events = content.kind === 'events' ? content.events.length : 0;
    this.take(content, place);
    this.frames.push({ kind: content.kind, offset: place.offset, size: end - place.offset, at: this.at, events });
  }

  private take(content: FrameContent, place: FramePlace): void {
    if (content.kind === 'events') {
      this.events += content.events.length;
      if (this.events > limits.events) throw new TraceError(`more than ${limits.events} events`, place);
      for (const event of content.events) this.records.push(event);
      this.at = content.events.at(-1)!.at;
      return;
    }
    this.at = content.at;
    if (content.kind === 'end') {
      this.checkEnd(content, place);
      this.end = content;
      return;
    }
    if (this.index.length === limits.checkpoints) throw new TraceError('more than 65536 checkpoints', place);
    this.index.push({ offset: place.offset, at: content.at });
    this.records.push(content);
  }

  private checkEnd(end: End, place: FramePlace): void {
    const counted = end.events === this.events && end.checkpoints === this.index.length;
    const indexed = this.index.every(({ offset, at }, entry) => {
      const claimed = end.index[entry];
      return claimed?.offset === offset && claimed.at === at;
    });
    if (!counted || !indexed) throw new TraceError('the end frame does not agree with the frames before it', place);
  }

  trace(cut?: NonNullable<Trace['cut']>): Trace {
    const { version, header, records, end, frames } = this;
    const rest = { ...(end === undefined ? {} : { end }), ...(cut === undefined ? {} : { cut }) };
    return { version, header, records, endsAt: this.at, frames, ...rest };
  }
}

/** Runs `read`, turning what a payload may throw into an error of the frame. */
function blaming<T>(place: FramePlace, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof PayloadError || cause instanceof ShapeError || cause instanceof ColumnError) {
      throw new TraceError(`the payload of this ${what} is not valid: ${cause.message}`, { ...place, cause });
    }
    throw cause;
  }
}

function versionOf(header: unknown, place: FramePlace): number {
  const version: unknown = typeof header === 'object' && header !== null && 'version' in header ? header.version : 0;
  if (typeof version === 'number' && Number.isSafeInteger(version) && version > 0) return version;
  throw new TraceError('the header names no format version', place);
}
