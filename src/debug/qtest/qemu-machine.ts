/** A machine that QEMU's command line asks for, as a request: drives without contents become files of zeros. */
import { blankFile, readText } from '../../host/files.js';
import { faultsOf } from './blkdebug.js';
import type { Drive } from '../../machine/machine.js';
import { checkRequest, type MachineRequest } from '../../host/machine-request.js';
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

/** The request; `folder` takes the files of zeros. */
export function requestOf({ machine, runs }: QemuCommand, folder: string): MachineRequest {
  const cyclesPerSecond = runs ? runningCyclesPerSecond : benchCyclesPerSecond;
  const base = { board: 'i440fx', quirks: 'qemu', cyclesPerSecond } as const;
  if (machine === undefined) return base;
  const { memory, images, cards, devices, consolePorts, slots, geometries, testDevice, display, bios } = machine;
  const drives = [...images].map(([drive, { source, writable, details, debug }]) => {
    const faults =
      debug === undefined || debug.rules === '' ? [] : faultsOf(readRules(debug.rules), debug.rules, debug);
    const image = typeof source === 'string' ? source : blankFile(folder, `${drive}.blank`, source.blankBytes);
    return [drive, { image, writable, ...details, ...(faults.length === 0 ? {} : { faults }) }] as const;
  });
  const network = cards.map(({ socket, ...card }) => ({ ...card, network: socket === undefined ? 'none' : 'live' }));
  const firmware = bios === undefined ? {} : { firmware: { bios } };
  const ports = devices.includes('virtio-console') ? { consolePorts } : {};
  const files = geometries?.length ? [{ name: 'bios-geometry', text: geometries.join('') }] : [];
  const testing = {
    ...(testDevice ? { testDevice } : {}),
    ...(geometries === undefined ? {} : { firmwareConfiguration: files.length === 0 ? true : { files } }),
  };
  const more = { ...firmware, ...ports, ...(slots.length > 0 ? { slots } : {}), testing };
  const said = {
    ...base,
    memory,
    display,
    devices: [...devices, 'pci-hot-plug'],
    network,
    ...more,
    ...Object.fromEntries(drives),
  };
  return checkRequest(said, "QEMU's command line");
}
