/**
 * Reading any version as today's: each version's frozen decoder, followed by one upgrade step to the version after it.
 * To add version N: freeze its shapes in `vN.ts`, point `model.ts` at them, write here the step that turns what version
 * N - 1 gives into what version N gives, compose it into every older reader, and keep a tiny trace of version N in
 * `test/trace/versions/`.
 */
import type { Cycle } from '../../base/integers.js';
import type { Checkpoint, End, TraceEvent, TraceHeader } from '../model.js';
import * as v1 from './v1.js';

/** What one frame says, in today's shapes. */
export type FrameContent = { readonly kind: 'events'; readonly events: readonly TraceEvent[] } | Checkpoint | End;

/** Reads the payloads of one version as today's. Everything in it may throw ShapeError or ColumnError. */
interface VersionReader {
  header(payload: unknown): TraceHeader;
  /** A frame after the header, `since` being the cycle of the frame before; undefined for a kind the version lacks. */
  frame(kind: number, payload: unknown, since: Cycle, header: TraceHeader): FrameContent | undefined;
}

const readers: Readonly<Record<number, VersionReader>> = {
  1: {
    header: (payload) => v1.header(payload, 'the header'),
    frame(kind, payload, since, { parts }) {
      switch (kind) {
        case v1.frameKinds.events:
          return { kind: 'events', events: v1.decodeEvents(payload, since) };
        case v1.frameKinds.checkpoint:
          return v1.decodeCheckpoint(payload, since, parts.length);
        case v1.frameKinds.end:
          return v1.decodeEnd(payload, since);
        default:
          return undefined;
      }
    },
  },
};

/** The newest version that this package reads, and the one it writes. */
export const newestVersion = 1;

/** The reader of a version; undefined for one that never was or is newer than this package. */
export const versionReader = (version: number): VersionReader | undefined =>
  Object.hasOwn(readers, version) ? readers[version] : undefined;
