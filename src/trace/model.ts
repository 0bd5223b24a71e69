/** Today's shapes of what a trace says: those of the newest version. Readers upgrade every older trace to them. */
import type { Checkpoint, Event } from './versions/v2.js';

export type {
  Checkpoint,
  End,
  EndReason,
  Event as TraceEvent,
  Header as TraceHeader,
  IndexEntry,
} from './versions/v2.js';

/** What a replay does at a cycle: give the machine an input, or compare its state with the recorded one. */
export type TraceRecord = Event | Checkpoint;
