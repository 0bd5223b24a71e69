/**
 * A SCSI target as the controllers see it: the ATA channel, which packs its commands into PACKET, and the SCSI host adapter.
 * The target knows no bus: a controller hands it a command, moves the bytes, and asks for the status.
 */

/** What a command is going to move, and how long that takes. Times are the medium's; the bus adds its own. */
export interface ScsiTransfer {
  readonly direction: 'none' | 'in' | 'out';
  /** Bytes to move in that direction; 0 with `none`. */
  readonly bytes: number;
  /** Microseconds from the command to the first byte, or to the status of a command that moves none. */
  readonly microseconds: number;
  /** Nanoseconds that the medium takes for each byte. */
  readonly nanosecondsPerByte: number;
}

/** A target with its logical units: commands come one at a time. */
export interface ScsiTarget {
  /** Takes a command for logical unit `unit`. A command that was under way is forgotten. */
  begin(command: Uint8Array, unit: number): ScsiTransfer;
  /** Fills `into` with the next bytes of a command with direction `in`; bytes behind its end are zero. */
  read(into: Uint8Array): void;
  /** Takes the next bytes of a command with direction `out`; bytes behind its end are dropped. */
  write(from: Uint8Array): void;
  /** Ends the command and gives its status byte; data not moved yet are given up. */
  end(): number;
  /** The sense key of the command that ended, 0 for none: the ATA Error register shows it. */
  senseKey(): number;
  /** Takes the sense data of the command that ended, as REQUEST SENSE would. */
  takeSense(): Uint8Array;
  /** A reset of the bus or of the device: what was under way is forgotten; a unit attention says so. */
  busReset(): void;
}

/** Status bytes (SPC-2 section 4.5, SAM-2 section 5.3). */
export const scsiStatus = { good: 0x00, checkCondition: 0x02, busy: 0x08 } as const;
