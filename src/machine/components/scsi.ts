/** The SCSI host adapters of a board, of one kind or the other, and the disks and CD-ROM drives on their buses. */
import { createDevice } from '../../device/device.js';
import { lsi53c895a, lsi53c895aPci } from '../../device/lsi53c895a/lsi53c895a.js';
import { isVolume } from '../../device/optical-drive/volume.js';
import type { PciFunctionDevice } from '../../device/pci-function.js';
import { scsiDisk } from '../../device/scsi-disk/scsi-disk.js';
import type { ScsiTarget } from '../../device/scsi-target.js';
import { scsiUnits } from '../../device/scsi-units/scsi-units.js';
import { changingVirtioScsi, virtioScsi, virtioScsiIdentity } from '../../device/virtio/scsi.js';
import type { Board } from '../board.js';
import type { Drive, MachineDescription } from '../machine.js';
import { isOnFirstAdapter, scsiDrives, scsiPlaceOf } from '../scsi-places.js';
import { memoryFor } from './bus-master.js';
import { pciOf } from './chipset.js';
import { attachOpticalDrive } from './optical-drive.js';
import { attachVirtio } from './virtio.js';

/** Targets on a bus, beside the adapter itself. */
const targetsMost = 7;

/** The adapters that a description has: the first, which it names, or which is an LSI 53C895A where a medium is on it, and the further ones. */
export function scsiAdaptersOf(description: MachineDescription): readonly ((board: Board) => void)[] {
  const { devices = [], scsiAdapters = [] } = description;
  const isWanted = devices.includes('lsi53c895a') || scsiDrives.some((drive) => isOnFirstAdapter(description, drive));
  const first = devices.includes('virtio-scsi')
    ? [(board: Board) => attachVirtioScsi(board, 'virtioScsi', 0)]
    : isWanted
      ? [(board: Board) => attachLsi(board, 'lsi53c895a', 0)]
      : [];
  const further = scsiAdapters.map((adapter, index) => (board: Board) => {
    const attach = adapter === 'virtio-scsi' ? attachVirtioScsi : attachLsi;
    attach(board, `scsiAdapter${index + 1}`, index + 1);
  });
  return [...first, ...further];
}

/** The targets on an adapter by their numbers: a drive alone where it is unit 0, or what shows several units as one target. */
function attachTargets(board: Board, name: string, adapter: number): readonly (ScsiTarget | undefined)[] {
  const places = scsiDrives
    .filter((drive) => board.description.media[drive] !== undefined)
    .map((drive) => scsiPlaceOf(board.description, drive))
    .filter((place) => place.adapter === adapter);
  return Array.from({ length: targetsMost }, (_, target) => {
    const units = places
      .filter((place) => place.target === target)
      .sort((left, right) => left.unit - right.unit)
      .map(({ drive, unit }) => ({ unit, attached: attachUnit(board, drive) }));
    const [first] = units;
    if (units.length === 0 || (units.length === 1 && first!.unit === 0)) return first?.attached;
    const byNumber = new Map(units.map(({ unit, attached }) => [unit, attached]));
    const device = createDevice(scsiUnits, {
      lines: {},
      board: { unit: (number) => byNumber.get(number), numbers: () => [...byNumber.keys()] },
    });
    board.add(`${name}Target${target}`, device);
    return device.operations;
  });
}

/** A read-only medium that holds a CD-ROM's volume is in a CD-ROM drive; any other is a disk. */
function attachUnit(board: Board, drive: Drive): ScsiTarget {
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

function attachVirtioScsi(board: Board, name: string, adapter: number): void {
  const onBus = attachTargets(board, name, adapter);
  const isChanging = board.description.devices?.includes('pci-hot-plug') ?? false;
  const target = (id: number): ScsiTarget | undefined => onBus[id];
  const device = isChanging
    ? attachVirtio(board, name, virtioScsiIdentity, ({ lines, ...parts }) =>
        createDevice(changingVirtioScsi, { lines, board: { ...parts, target } }),
      )
    : attachVirtio(board, name, virtioScsiIdentity, ({ lines, ...parts }) =>
        createDevice(virtioScsi, { lines, board: { ...parts, target } }),
      );
  // Disks come to the first adapter, and go from there.
  if (adapter === 0)
    board.onInnerChange((change) => {
      const { operations } = device;
      if (change.kind === 'unitLeaves') board.touch(device, () => operations.targetLeaves(change.id));
      else if (change.kind === 'units') board.touch(device, () => operations.targetsChanged(change.id, change.isThere));
    });
}

function attachLsi(board: Board, name: string, adapter: number): void {
  const pci = pciOf(board);
  const onBus = attachTargets(board, name, adapter);
  const attached: { device?: PciFunctionDevice; interrupt?: (level: boolean) => void } = {};
  const device = createDevice(lsi53c895a, {
    lines: { interrupt: (level) => attached.interrupt?.(level) },
    board: {
      memory: memoryFor(board, () => attached.device),
      target: (id) => onBus[id],
      base: (index) => attached.device?.operations.ranges()[index]?.base,
    },
  });
  board.add(name, device);
  const { readRegister, writeRegister, readRam, writeRam } = device.operations;
  const registers = {
    read: (offset: number, width: 1 | 2 | 4) => board.touch(device, () => readRegister(offset, width)),
    write: (offset: number, value: number, width: 1 | 2 | 4) =>
      board.touch(device, () => writeRegister(offset, value, width)),
  };
  const found = pci.attach({
    name,
    identity: lsi53c895aPci,
    place: { device: pci.slotOf(name), function: 0 },
    regions: { 0: registers, 1: registers, 2: { read: readRam, write: writeRam } },
  });
  attached.device = found.device;
  attached.interrupt = found.interrupt;
}
