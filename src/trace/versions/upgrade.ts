/**
 * Reading any version as today's: each version's frozen decoder, followed by one upgrade step to the version after it.
 * To add version N: freeze its shapes in `vN.ts`, point `model.ts` at them, write here the step that turns what version
 * N - 1 gives into what version N gives, compose it into every older reader, and keep a tiny trace of version N in
 * `test/trace/versions/`.
 */
import type { Cycle } from '../../base/integers.js';
import type { Checkpoint, End, TraceEvent, TraceHeader } from '../model.js';
import * as v1 from './v1.js';
import * as v2 from './v2.js';

/** What one frame says, in today's shapes. */
export type FrameContent = { readonly kind: 'events'; readonly events: readonly TraceEvent[] } | Checkpoint | End;

/** Reads the payloads of one version as today's. Everything in it may throw ShapeError or ColumnError. */
interface VersionReader {
  header(payload: unknown): TraceHeader;
  /** A frame after the header, `since` being the cycle of the frame before; undefined for a kind the version lacks. */
  frame(kind: number, payload: unknown, since: Cycle, header: TraceHeader): FrameContent | undefined;
}

/** Checkpoint frames are the same in both versions; what an event frame holds, and why a recording ends, is each version's own. */
const frameReader =
  (
    decodeEvents: (payload: unknown, since: Cycle) => readonly TraceEvent[],
    decodeEnd: (payload: unknown, since: Cycle) => End,
  ): VersionReader['frame'] =>
  (kind, payload, since, { parts }) => {
    switch (kind) {
      case v2.frameKinds.events:
        return { kind: 'events', events: decodeEvents(payload, since) };
      case v2.frameKinds.checkpoint:
        return v2.decodeCheckpoint(payload, since, parts.length);
      case v2.frameKinds.end:
        return decodeEnd(payload, since);
      default:
        return undefined;
    }
  };

const readers: Readonly<Record<number, VersionReader>> = {
  // Machines and events of version 1 are some of those of version 2: the step between them changes nothing.
  1: { header: (payload) => v1.header(payload, 'the header'), frame: frameReader(v1.decodeEvents, v1.decodeEnd) },
  2: { header: (payload) => v2.header(payload, 'the header'), frame: frameReader(v2.decodeEvents, v2.decodeEnd) },
};

/** The newest version that this package reads, and the one it writes. */
export const newestVersion = 2;

/** The reader of a version; undefined for one that never was or is newer than this package. */
export const versionReader = (version: number): VersionReader | undefined =>
  Object.hasOwn(readers, version) ? readers[version] : undefined;
