/**
 * The ATA channels of a board: one on an ISA board; two on a PCI board, whose chipset masters the bus for them. The second
 * channel carries CD-ROM drives where no disk takes their place.
 */
import { ata } from '../../device/ata/ata.js';
import { busMasterIde, busMasterIdePci, busMasterIdeRegisters } from '../../device/bus-master-ide/bus-master-ide.js';
import { createDevice } from '../../device/device.js';
import type { PciFunctionDevice } from '../../device/pci-function.js';
import type { ScsiTarget } from '../../device/scsi-target.js';
import type { AtaDisk } from '../../device/ata/state.js';
import type { Medium } from '../../device/medium.js';
import type { Board } from '../board.js';
import type { Drive } from '../machine.js';
import type { PciBus } from '../pci-bus.js';
import { memoryFor } from './bus-master.js';
import { attachOpticalDrive } from './optical-drive.js';

/** A channel's place, and the disks that may be on it. */
interface Place {
  readonly name: string;
  readonly base: number;
  readonly request: number;
  readonly disks: readonly [Drive, Drive];
}
const places: readonly Place[] = [
  { name: 'ata', base: 0x1f0, request: 14, disks: ['disk0', 'disk1'] },
  { name: 'ata1', base: 0x170, request: 15, disks: ['disk2', 'disk3'] },
];
/** The CD-ROM drives, on the second channel unless the description wants them on the first. */
const opticals = ['cdrom0', 'cdrom1'] as const satisfies readonly Drive[];
const functionPlace = { device: 1, function: 1 } as const;

/** What the lines of a channel reach besides the interrupt controllers. */
interface ChannelWires {
  readonly interrupt: (level: boolean) => void;
  readonly dmaRequest: (level: boolean) => void;
}

function attachChannel(
  board: Board,
  { name, base, request, disks }: Place,
  withOpticals: boolean,
  wires: ChannelWires,
) {
  const targets = [0, 1].map((unit) => (withOpticals ? opticalAt(board, disks, unit) : undefined));
  const drives = disks.map((drive) => diskIn(board, drive));
  const source = board.interrupts.source(request);
  const device = createDevice(ata, {
    lines: {
      interrupt(level) {
        wires.interrupt(level);
        source(level);
      },
      dmaRequest: wires.dmaRequest,
    },
    board: {
      drive: (unit) => (targets[unit] === undefined ? drives[unit]!() : undefined),
      packet: (unit) => targets[unit],
    },
  });
  board.ports.connect(device, base, board.add(name, device), ['data']);
  return device;
}

/** The disk in a bay as the channel sees it: with what its maker says, where the description tells. */
function diskIn(board: Board, drive: Drive): () => AtaDisk | undefined {
  const bay = board.bay(drive);
  const { geometry, serialNumber, firmwareRevision } = board.description.media[drive] ?? {};
  const details = {
    ...(geometry === undefined ? {} : { geometry }),
    ...(serialNumber === undefined ? {} : { serialNumber }),
    ...(firmwareRevision === undefined ? {} : { firmwareRevision }),
  };
  if (Object.keys(details).length === 0) return () => bay.medium;
  let made: { readonly of: Medium; readonly disk: AtaDisk } | undefined;
  return () => {
    const { medium } = bay;
    if (medium === undefined) return undefined;
    if (made?.of !== medium) made = { of: medium, disk: { ...medium, details } };
    return made.disk;
  };
}

/** The first CD-ROM drive is there, if only empty, unless a disk has its place; the second where it holds a disc at power-on. */
function opticalAt(board: Board, disks: readonly Drive[], unit: number): ScsiTarget | undefined {
  const { media } = board.description;
  const drive = opticals[unit]!;
  const isThere = media[drive] !== undefined || (unit === 0 && media[disks[unit]!] === undefined);
  return isThere ? attachOpticalDrive(board, drive, 'atapi') : undefined;
}

const ignore = (): void => {};
type MasterLine = (typeof busMasterIde.inputs)[number];

export function attachIde(board: Board): void {
  if (board.pci === undefined) attachChannel(board, places[0]!, false, { interrupt: ignore, dmaRequest: ignore });
  else attachBusMaster(board, board.pci);
}

function attachBusMaster(board: Board, pci: PciBus): void {
  const attached: { device?: PciFunctionDevice } = {};
  const opticalChannel = board.description.devices?.includes('cdrom-first') ? 0 : 1;
  // The channels drive their lines while they are made, before there is a master that listens.
  const lines: { input: (line: MasterLine, level: boolean) => void } = { input: () => {} };
  const channels = places.map((place, index) => {
    const channel = index === 0 ? 0 : 1;
    const [interrupt, dmaRequest] = [`interrupt${channel}`, `dmaRequest${channel}`] as const;
    return attachChannel(board, place, channel === opticalChannel, {
      interrupt: (level) => lines.input(interrupt, level),
      dmaRequest: (level) => lines.input(dmaRequest, level),
    });
  });
  const master = createDevice(busMasterIde, {
    lines: {},
    board: {
      memory: memoryFor(board, () => attached.device),
      channel(index) {
        const { operations } = channels[index]!;
        return {
          request: () => operations.dmaRequest(),
          toHost: (into) => operations.dmaToHost(into),
          fromHost: (from) => operations.dmaFromHost(from),
          stop: () => operations.stopDma(),
        };
      },
    },
  });
  lines.input = (line, level) => master.input(line, level);
  board.add('busMasterIde', master);
  const { readRegister, writeRegister } = master.operations;
  attached.device = pci.attach({
    name: 'ide',
    identity: busMasterIdePci,
    place: functionPlace,
    own: busMasterIdeRegisters,
    regions: {
      4: {
        read: (offset, width) => readRegister(offset, width),
        // A write may move data at once, so both channels are at the moment at hand.
        write: (offset, value, width) =>
          board.touch(channels[0]!, () => board.touch(channels[1]!, () => writeRegister(offset, value, width))),
      },
    },
  }).device;
}
