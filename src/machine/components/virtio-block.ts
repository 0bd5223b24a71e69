/** Virtio block devices: one for each medium in the drives virtio0 to virtio3. */
import { createDevice } from '../../device/device.js';
import type { PciFunctionDevice } from '../../device/pci-function.js';
import { virtioBlock, virtioBlockIdentity, virtioBlockReadOnly } from '../../device/virtio/block.js';
import type { Board } from '../board.js';
import type { Drive } from '../machine.js';
import { memoryFor } from './bus-master.js';
import { pciOf } from './chipset.js';

const drives = ['virtio0', 'virtio1', 'virtio2', 'virtio3'] as const satisfies readonly Drive[];

export function attachVirtioBlocks(board: Board): void {
  for (const drive of drives) if (board.description.media[drive] !== undefined) attachBlock(board, drive);
}

function attachBlock(board: Board, drive: Drive): void {
  const pci = pciOf(board);
  const bay = board.bay(drive);
  const attached: { device?: PciFunctionDevice; interrupt?: (level: boolean) => void } = {};
  const definition = bay.medium?.writable === false ? virtioBlockReadOnly : virtioBlock;
  const device = createDevice(definition, {
    lines: { interrupt: (level) => attached.interrupt?.(level) },
    board: { memory: memoryFor(board, () => attached.device), medium: () => bay.medium, serial: `TSVM-${drive}` },
  });
  board.add(`${drive}Block`, device);
  const { readRegister, writeRegister, readMemory, writeMemory } = device.operations;
  const found = pci.attach({
    name: drive,
    identity: virtioBlockIdentity,
    place: { device: pci.freeDevice(), function: 0 },
    regions: {
      0: {
        read: (offset, width) => board.touch(device, () => readRegister(offset, width)),
        write: (offset, value, width) => board.touch(device, () => writeRegister(offset, value, width)),
      },
      4: {
        read: (offset, width) => board.touch(device, () => readMemory(offset, width)),
        write: (offset, value, width) => board.touch(device, () => writeMemory(offset, value, width)),
      },
    },
  });
  attached.device = found.device;
  attached.interrupt = found.interrupt;
}
