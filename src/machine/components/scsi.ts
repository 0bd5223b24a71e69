/** The SCSI host adapter of a board, of one kind or the other, and the disks and CD-ROM drives on its bus. */
import { createDevice } from '../../device/device.js';
import { lsi53c895a, lsi53c895aPci } from '../../device/lsi53c895a/lsi53c895a.js';
import { isVolume } from '../../device/optical-drive/volume.js';
import type { PciFunctionDevice } from '../../device/pci-function.js';
import { scsiDisk } from '../../device/scsi-disk/scsi-disk.js';
import type { ScsiTarget } from '../../device/scsi-target.js';
import { changingVirtioScsi, virtioScsi, virtioScsiIdentity } from '../../device/virtio/scsi.js';
import type { Board } from '../board.js';
import type { Drive, MachineDescription } from '../machine.js';
import { memoryFor } from './bus-master.js';
import { pciOf } from './chipset.js';
import { attachOpticalDrive } from './optical-drive.js';
import { attachVirtio } from './virtio.js';

const targets = ['scsi0', 'scsi1', 'scsi2', 'scsi3', 'scsi4', 'scsi5', 'scsi6'] as const satisfies readonly Drive[];

/** The adapter that a description has: the one that it names, or an LSI 53C895A where a medium is on a SCSI bus. */
export function scsiAdapter({ media, devices = [] }: MachineDescription): ((board: Board) => void) | undefined {
  if (devices.includes('virtio-scsi')) return attachVirtioScsi;
  const isWanted = devices.includes('lsi53c895a') || targets.some((drive) => media[drive] !== undefined);
  return isWanted ? attachLsi : undefined;
}

/** A read-only medium that holds a CD-ROM's volume is in a CD-ROM drive; any other is a disk. */
function attachTarget(board: Board, drive: Drive): ScsiTarget | undefined {
  if (board.description.media[drive] === undefined) return undefined;
  const bay = board.bay(drive);
  if (bay.medium !== undefined && !bay.medium.writable && isVolume(bay.medium))
    return attachOpticalDrive(board, drive, 'scsi');
  const device = createDevice(scsiDisk, {
    lines: {},
    board: {
      medium: () => bay.medium,
      serial: `TSVM-${drive}`,
      unmaps: board.description.media[drive]?.unmap ?? false,
    },
  });
  board.add(`${drive}Disk`, device);
  return device.operations;
}

function attachVirtioScsi(board: Board): void {
  const onBus = targets.map((drive) => attachTarget(board, drive));
  const isChanging = board.description.devices?.includes('pci-hot-plug') ?? false;
  const target = (id: number): ScsiTarget | undefined => onBus[id];
  const device = isChanging
    ? attachVirtio(board, 'virtioScsi', virtioScsiIdentity, ({ lines, ...parts }) =>
        createDevice(changingVirtioScsi, { lines, board: { ...parts, target } }),
      )
    : attachVirtio(board, 'virtioScsi', virtioScsiIdentity, ({ lines, ...parts }) =>
        createDevice(virtioScsi, { lines, board: { ...parts, target } }),
      );
  board.onInnerChange((change) => {
    const { operations } = device;
    if (change.kind === 'unitLeaves') board.touch(device, () => operations.targetLeaves(change.id));
    else if (change.kind === 'units') board.touch(device, () => operations.targetsChanged(change.id, change.isThere));
  });
}

function attachLsi(board: Board): void {
  const pci = pciOf(board);
  const onBus = targets.map((drive) => attachTarget(board, drive));
  const attached: { device?: PciFunctionDevice; interrupt?: (level: boolean) => void } = {};
  const device = createDevice(lsi53c895a, {
    lines: { interrupt: (level) => attached.interrupt?.(level) },
    board: {
      memory: memoryFor(board, () => attached.device),
      target: (id) => onBus[id],
      base: (index) => attached.device?.operations.ranges()[index]?.base,
    },
  });
  board.add('lsi53c895a', device);
  const { readRegister, writeRegister, readRam, writeRam } = device.operations;
  const registers = {
    read: (offset: number, width: 1 | 2 | 4) => board.touch(device, () => readRegister(offset, width)),
    write: (offset: number, value: number, width: 1 | 2 | 4) =>
      board.touch(device, () => writeRegister(offset, value, width)),
  };
  const found = pci.attach({
    name: 'lsi53c895a',
    identity: lsi53c895aPci,
    place: { device: pci.slotOf('lsi53c895a'), function: 0 },
    regions: { 0: registers, 1: registers, 2: { read: readRam, write: writeRam } },
  });
  attached.device = found.device;
  attached.interrupt = found.interrupt;
}
