/** What a virtio SCSI host remembers, and its queues. */
import { count, flag, list, oneOf, repeat, type StateOf, struct, u16, u32 } from '../../state/schema.js';
import type { ScsiTarget } from '../scsi-target.js';
import type { VirtioContext } from './state.js';

/** Targets 0 to 6, as many as the drives of a description. */
export const scsiTargetsMost = 7;
export const queueSize = 128;
export const queues = { control: 0, event: 1, request: 2 } as const;

const nexusState = struct({
  busy: flag(),
  /** The chain of the command at work, its direction and bytes as the target said. */
  head: u16(),
  direction: oneOf(['none', 'in', 'out'], 'none'),
  bytes: count(),
  ticksLeft: count(Infinity),
  /** Chains of commands that wait for it. */
  waiting: list(queueSize, u16()),
});

const scsiFields = {
  targets: repeat(scsiTargetsMost, nexusState),
  /** Bytes of sense data and of a command, as the driver chose them. */
  senseBytes: u32(96),
  commandBytes: u32(32),
};
export const scsiState = struct(scsiFields);
/** The same for a device whose targets come and go: an event found no buffer, and the driver is still to be told of that. */
export const changingState = struct({ ...scsiFields, eventsMissed: flag() });
export type ScsiState = StateOf<typeof scsiState> & { eventsMissed?: boolean };
export type Nexus = StateOf<typeof nexusState>;

export interface VirtioScsiBoard {
  /** The target with an identifier from 0 to 6. */
  target(id: number): ScsiTarget | undefined;
}
export type ScsiContext = VirtioContext<ScsiState, VirtioScsiBoard>;
