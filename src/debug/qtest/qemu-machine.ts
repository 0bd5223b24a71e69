/** A machine that QEMU's command line asks for, as a request: drives without contents become files of zeros. */
import { blankFile, inFolder, isThere, readText, writeWhole } from '../../host/files.js';
import { faultsOf } from './blkdebug.js';
import type { Drive } from '../../machine/machine.js';
import { checkRequest, type MachineRequest } from '../../host/machine-request.js';
import { firmwareOf } from './installed-firmware.js';
import type { QemuMachine } from './qemu-assembly.js';
import type { QemuCommand } from './qemu-options.js';

/** Cycles of a test bench: one a nanosecond, so that its clock is exact. */
export const benchCyclesPerSecond = 1_000_000_000;
/** Cycles of a machine whose processor runs. */
const runningCyclesPerSecond = 100_000_000;

const readRules = (file: string): string => readText(file, 'It was to hold rules of blkdebug.');

/** Drives that stop the machine when they meet a fault, instead of telling the guest. */
export const drivesThatStop = ({ machine }: QemuCommand): ReadonlySet<Drive> =>
  new Set(
    [...(machine?.images ?? [])]
      .filter(([, { debug }]) => [debug?.read, debug?.write].includes('stop'))
      .map(([drive]) => drive),
  );

/** The request; `folder` takes the files of zeros, and those that hold what options say. */
export function requestOf(command: QemuCommand, folder: string): MachineRequest {
  const { machine, runs, board, processor, hpet, kernel } = command;
  const cyclesPerSecond = runs ? runningCyclesPerSecond : benchCyclesPerSecond;
  const base = { board, hpet, quirks: 'qemu', cyclesPerSecond, ...(processor !== undefined && { processor }) } as const;
  if (machine === undefined) return checkRequest(base, "QEMU's command line");
  const { memory, images, devices, consolePorts, slots, scsiAdapters, scsiPlaces, display } = machine;
  const drives = [...images].map(([drive, { source, writable, details, debug }]) => {
    const faults =
      debug === undefined || debug.rules === '' ? [] : faultsOf(readRules(debug.rules), debug.rules, debug);
    const image = typeof source === 'string' ? source : blankFile(folder, `${drive}.blank`, source.blankBytes);
    return [drive, { image, writable, ...details, ...(faults.length === 0 ? {} : { faults }) }] as const;
  });
  const plugging = board === 'i440fx' ? ['pci-hot-plug'] : [];
  const ports = devices.includes('virtio-console') ? { consolePorts } : {};
  const said = {
    ...{ ...base, memory, display, devices: [...devices, ...plugging], ...ports, ...kernel },
    ...(slots.length > 0 ? { slots } : {}),
    ...(scsiAdapters.length > 0 ? { scsiAdapters } : {}),
    ...(scsiPlaces.length > 0 ? { scsiPlaces } : {}),
    ...networkOf(machine),
    ...firmwareOf(command),
    testing: { ...machine.testing, firmwareConfiguration: configurationOf(command, folder) },
    ...Object.fromEntries(drives),
  };
  return checkRequest(said, "QEMU's command line");
}

/** Cards, and what the built-in network serves those that are plugged into it: QEMU's user network. */
function networkOf({ cards }: QemuMachine): object {
  const network = cards.map(({ card, mac, socket, user }) => ({
    card,
    ...(mac === undefined ? {} : { mac }),
    network: user !== undefined ? 'built-in' : socket === undefined ? 'none' : 'live',
  }));
  const { bootFile, folder } = cards.find(({ user }) => user !== undefined)?.user ?? {};
  if (bootFile === undefined) return { network };
  const file = folder === undefined ? undefined : inFolder(folder, bootFile);
  // Of the folder only what is booted: it may be anybody's, with anything in it.
  const served = file === undefined || !isThere(file) ? {} : { served: { [bootFile]: file } };
  return { network, builtInNetwork: { bootFile }, ...served };
}

/** The firmware configuration, which every machine of QEMU has. */
function configurationOf({ firmware, machine }: QemuCommand, folder: string): object {
  const { files, uuid, graphics, bootMenu } = firmware;
  const made = files.map(({ name, bytes, path }, index) => {
    if (bytes === undefined) return { name, file: path };
    const file = inFolder(folder, `fw-cfg-${index}`);
    writeWhole(file, bytes);
    return { name, file };
  });
  const geometries = machine?.geometries?.length ? [{ name: 'bios-geometry', text: machine.geometries.join('') }] : [];
  return { files: [...made, ...geometries], ...(uuid !== undefined && { uuid }), graphics, bootMenu };
}
