/** What a CD-ROM drive remembers, and what it is granted. */
import { bytes, flag, type StateOf, struct, u32, u8 } from '../../state/schema.js';
import type { DeviceContext } from '../device.js';
import { type Medium, sectorBytes } from '../medium.js';
import { unitState } from '../scsi-unit.js';

export const driveState = struct({
  unit: unitState,
  trayOpen: flag(),
  /** PREVENT ALLOW MEDIUM REMOVAL: the tray does not open. */
  locked: flag(),
  /** The media event that GET EVENT STATUS NOTIFICATION reports next. */
  mediaEvent: u8(),
  /** The block last read or sought, which READ SUB-CHANNEL and MECHANISM STATUS show. */
  position: u32(),
  /** Mode pages that MODE SELECT changes: read error recovery, audio control. */
  errorRecovery: bytes(6),
  audioControl: bytes(14),
});
export type OpticalState = StateOf<typeof driveState>;

export interface OpticalBoard {
  /** The disc in the drive, of blocks of 2048 bytes. */
  medium(): Medium | undefined;
  /** How the drive is attached: it shows in INQUIRY, and a SCSI bus starts with a unit attention. */
  readonly bus: 'atapi' | 'scsi';
}
export type OpticalContext = DeviceContext<OpticalState, never, OpticalBoard>;

export const blockBytes = 2048;
export const sectorsPerBlock = blockBytes / sectorBytes;

/** The disc that can be read: in the drive, with the tray closed. */
export const discOf = ({ state, board }: OpticalContext): Medium | undefined =>
  state.trayOpen ? undefined : board.medium();

/** Blocks of a disc; an image may end inside its last one. */
export const blocksOf = (disc: Medium): number => Math.ceil(disc.sectors / sectorsPerBlock);

/** Copies block `block` of the disc; what is behind the image's end is zero. */
export function readBlock(disc: Medium, block: number, into: Uint8Array): void {
  for (let at = 0; at < sectorsPerBlock; at++) {
    const sector = block * sectorsPerBlock + at;
    const part = into.subarray(at * sectorBytes, (at + 1) * sectorBytes);
    if (sector < disc.sectors) disc.read(sector, part);
    else part.fill(0);
  }
}

/** Media events (MMC-3 section 6.7.2.4). */
export const mediaEvent = { none: 0, ejectRequest: 1, newMedia: 2, removal: 3 } as const;

/** The last block that a CD can have: 99:59:74. Larger discs are DVDs. */
const cdBlocksMost = 449_850;
export const isDvd = (disc: Medium): boolean => blocksOf(disc) > cdBlocksMost;
