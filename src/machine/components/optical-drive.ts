/** A CD-ROM drive on a board, whichever bus it hangs on. */
import { createDevice } from '../../device/device.js';
import { opticalDrive } from '../../device/optical-drive/optical-drive.js';
import type { ScsiTarget } from '../../device/scsi-target.js';
import type { Board } from '../board.js';
import type { Drive } from '../machine.js';

export function attachOpticalDrive(board: Board, drive: Drive, bus: 'atapi' | 'scsi'): ScsiTarget {
  const bay = board.bay(drive);
  const device = createDevice(opticalDrive, { lines: {}, board: { bus, medium: () => bay.medium } });
  board.add(`${drive}Drive`, device);
  board.onMediumChange(drive, () => device.operations.mediumChanged());
  return device.operations;
}
