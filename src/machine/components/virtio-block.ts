/** Virtio block devices: one for each medium in the drives virtio0 to virtio3. */
import { createDevice } from '../../device/device.js';
import { virtioBlock, virtioBlockIdentity, virtioBlockReadOnly } from '../../device/virtio/block.js';
import type { Board } from '../board.js';
import type { Drive } from '../machine.js';
import { attachVirtio } from './virtio.js';

const drives = ['virtio0', 'virtio1', 'virtio2', 'virtio3'] as const satisfies readonly Drive[];

export function attachVirtioBlocks(board: Board): void {
  for (const drive of drives) if (board.description.media[drive] !== undefined) attachBlock(board, drive);
}

function attachBlock(board: Board, drive: Drive): void {
  const bay = board.bay(drive);
  const definition = bay.medium?.writable === false ? virtioBlockReadOnly : virtioBlock;
  const device = attachVirtio(
    board,
    `${drive}Block`,
    virtioBlockIdentity,
    ({ lines, ...parts }) =>
      createDevice(definition, {
        lines,
        board: { ...parts, medium: () => bay.medium, serial: `TSVM-${drive}` },
      }),
    drive,
  );
  board.onMediumChange(drive, () => board.touch(device, () => device.operations.mediumChanged()));
}
