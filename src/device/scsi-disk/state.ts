/** What a SCSI disk remembers, and what it is granted. */
import { bytes, flag, type StateOf, struct } from '../../state/schema.js';
import type { DeviceContext } from '../device.js';
import type { Medium } from '../medium.js';
import { unitState } from '../scsi-unit.js';

export const diskState = struct({
  unit: unitState,
  /** START STOP UNIT stopped it: nothing on the medium can be reached. */
  stopped: flag(),
  /** Mode pages that MODE SELECT changes: caching, control. */
  caching: bytes(18),
  control: bytes(10),
});
export type ScsiDiskState = StateOf<typeof diskState>;

export interface ScsiDiskBoard {
  /** The disk; undefined when there is none, and then nothing should answer to its identifier. */
  medium(): Medium | undefined;
  /** The serial number that it tells. */
  readonly serial: string;
  /** It takes UNMAP. Absent: it does not. */
  readonly unmaps?: boolean;
}
export type ScsiDiskContext = DeviceContext<ScsiDiskState, never, ScsiDiskBoard>;

/** Rates of the medium: a disk with a warm cache that moves 40 megabytes a second. */
export const scsiDiskRates = { accessMicroseconds: 100, nanosecondsPerByte: 25 } as const;
