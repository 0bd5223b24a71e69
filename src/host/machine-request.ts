/**
 * What a user writes of a machine (options of a command, a suite, or a JSON file), checked. `describe-machine.ts` makes a
 * description of it. The description is pure data and goes into every trace; paths stay here.
 */
import { dirname, resolve } from 'node:path';
import { UserError } from '../base/errors.js';
import type { MediumFault } from '../device/disk/faults.js';
import { type KernelProtocol, kernelProtocols } from '../firmware/boot/protocols.js';
import { boardProcessors } from '../machine/index.js';
import {
  type BoardName,
  type BuiltInNetworkDescription,
  boards,
  type BootDevice,
  bootDevices,
  type DiskGeometry,
  type Display,
  displays,
  type Drive,
  drives,
  mice,
  type Mouse,
  type Network,
  type NetworkCard,
  networkCards,
  networks,
  type OptionalDevice,
  optionalDevices,
  type Quirks,
  quirkSets,
  type SlotDescription,
  slottedCards,
} from '../machine/machine.js';
import { type ScsiAdapter, scsiAdapters, type ScsiPlace } from '../machine/scsi-places.js';
import type { ProcessorModel } from '../cpu/model.js';
import { readText } from './files.js';
import { placeTesting, testingFits, testingPossible, type TestingRequest } from './testing-request.js';

/** A medium that a user puts into a drive: a file, and whether the guest may write to (a copy in memory of) it. */
export interface MediumRequest {
  readonly image: string;
  /** Default: true, except for CD-ROMs. The file itself is never written. */
  readonly writable?: boolean;
  /** An ATA disk's geometry, serial number and firmware revision, where they are to differ from the usual. */
  readonly geometry?: DiskGeometry;
  readonly serialNumber?: string;
  readonly firmwareRevision?: string;
  /** A SCSI disk takes UNMAP. */
  readonly unmap?: boolean;
  /** What goes wrong with it: sectors that cannot be read or written, or that take longer. */
  readonly faults?: readonly MediumFault[];
}

/** A network card as a user writes it: its name alone, or with what it is plugged into (default: the built-in network). */
export type NetworkCardRequest =
  NetworkCard | { readonly card: NetworkCard; readonly network?: Network; readonly mac?: string };

/** A kernel's module: a path, or a path and a command line. */
export type ModuleRequest = string | { readonly image: string; readonly commandLine?: string };

/** What a user says of a machine besides its drives. Everything has a default. */
export interface MachineSettings {
  /** Default: `pc`, or `i440fx` where something needs a PCI bus or a newer processor. */
  readonly board?: BoardName;
  /** Default: 80386 on `pc`, pentium3 on `i440fx`. */
  readonly processor?: ProcessorModel;
  /** Cycles per guest second. Default 50,000,000 on `pc`, 100,000,000 on `i440fx`. */
  readonly cyclesPerSecond?: number;
  /** Memory in bytes, or as `640K`, `16M`, `1G`. Default 16M on `pc`, 128M on `i440fx`. */
  readonly memory?: number | string;
  readonly boot?: BootDevice;
  readonly display?: Display;
  readonly mouse?: Mouse;
  readonly network?: readonly NetworkCardRequest[];
  readonly devices?: readonly OptionalDevice[];
  /** Whether there are high precision event timers. Default: on `i440fx`, where PCs of its kind have them. */
  readonly hpet?: boolean;
  /** PCI cards that are in slots of their own choice. Default: one after another. */
  readonly slots?: readonly SlotDescription[];
  /** SCSI adapters beside the first; and drives that are elsewhere than on that one, or are other units than 0. */
  readonly scsiAdapters?: readonly ScsiAdapter[];
  readonly scsiPlaces?: readonly ScsiPlace[];
  /** Names of the virtio console's further ports. Default: it has none, nor may have. */
  readonly consolePorts?: readonly string[];
  /** A kernel to start instead of a boot sector: its path. */
  readonly kernel?: string;
  /** How the kernel is started. Default: what its header says. */
  readonly protocol?: KernelProtocol;
  /** Linux's initial RAM disk. */
  readonly initrd?: string;
  /** Multiboot modules. */
  readonly modules?: readonly ModuleRequest[];
  readonly commandLine?: string;
  /** Paths of firmware of the user's own. */
  readonly firmware?: { readonly bios?: string; readonly video?: string; readonly network?: string };
  /** What the built-in network's servers offer: a folder with its files, or files and folders by the path that they have there. */
  readonly served?: string | Readonly<Record<string, string>>;
  /** What else is to be said of the built-in network; names with their addresses. */
  readonly builtInNetwork?: Omit<BuiltInNetworkDescription, 'names'> & {
    readonly names?: Readonly<Record<string, string>>;
  };
  /** What no PC has and kernels under test rely on: a debug exit, a debug console, a POST card, a firmware configuration, a test device. Default: nothing. */
  readonly testing?: TestingRequest;
  /** `qemu`: where QEMU's devices differ from their data sheets, the machine's are as QEMU's. Default: as the data sheets say. */
  readonly quirks?: Quirks;
}

/** A machine as a user writes it; a string for a drive is the image's path. */
export type MachineRequest = MachineSettings & { readonly [drive in Drive]?: string | MediumRequest };

interface Setting {
  readonly possible: string;
  readonly fits: (value: unknown) => boolean;
  /** The same with paths relative to a folder made absolute. */
  readonly placed?: (value: never, folder: string) => unknown;
}

const oneOf = (names: readonly string[]): Setting => ({
  possible: names.map((name) => `"${name}"`).join(', '),
  fits: (value) => names.some((name) => name === value),
});
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isText = (value: unknown): boolean => typeof value === 'string';
const isAbsentOr = (fits: (value: unknown) => boolean) => (value: unknown) => value === undefined || fits(value);
/** An object that has these names and no others. */
const hasShape = (value: unknown, shape: Readonly<Record<string, (value: unknown) => boolean>>): boolean =>
  isObject(value) &&
  Object.keys(value).every((key) => Object.hasOwn(shape, key)) &&
  Object.entries(shape).every(([key, fits]) => fits(value[key]));

const path: Setting = {
  possible: 'a path',
  fits: isText,
  placed: (value: string, folder) => resolve(folder, value),
};
const cardFits = (value: unknown): boolean =>
  oneOf(networkCards).fits(value) ||
  hasShape(value, {
    card: oneOf(networkCards).fits,
    network: isAbsentOr(oneOf(networks).fits),
    mac: isAbsentOr(isText),
  });
const moduleFits = (value: unknown): boolean =>
  isText(value) || hasShape(value, { image: isText, commandLine: isAbsentOr(isText) });

/** What may stand at the top of a machine file besides drives. */
const settings: Readonly<Record<keyof MachineSettings, Setting>> = {
  board: oneOf(boards),
  processor: oneOf(boardProcessors),
  cyclesPerSecond: {
    possible: 'a whole number from 1000000 to 1000000000',
    fits: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 1e6 && value <= 1e9,
  },
  memory: {
    possible: 'bytes, or a text such as "16M"',
    fits: (value) => typeof value === 'number' || typeof value === 'string',
  },
  boot: oneOf(bootDevices),
  display: oneOf(displays),
  mouse: oneOf(mice),
  network: {
    possible: `a list of cards: a name (${networkCards.join(', ')}), or { "card": name, "network": ${networks.join(' | ')}, "mac": address }`,
    fits: (value) => Array.isArray(value) && value.every(cardFits),
  },
  devices: {
    possible: `a list of: ${optionalDevices.join(', ')}`,
    fits: (value) => Array.isArray(value) && value.every(oneOf(optionalDevices).fits),
  },
  hpet: { possible: 'true or false', fits: (value) => typeof value === 'boolean' },
  slots: {
    possible: `a list of { "card": ${slottedCards.join(' | ')}, "slot": number }`,
    fits: (value) => Array.isArray(value) && value.every((each) => hasShape(each, { card: isText, slot: isNumber })),
  },
  scsiAdapters: {
    possible: `a list of: ${scsiAdapters.join(', ')}`,
    fits: (value) => Array.isArray(value) && value.every(oneOf(scsiAdapters).fits),
  },
  scsiPlaces: {
    possible: 'a list of { "drive": "scsi1", "adapter": 0 to 3, "target": 0 to 6, "unit": 0 to 255 }',
    fits: (value) =>
      Array.isArray(value) &&
      value.every((each) => hasShape(each, { drive: isText, adapter: isNumber, target: isNumber, unit: isNumber })),
  },
  consolePorts: {
    possible: 'a list of names for the further ports of the virtio console',
    fits: (value) => Array.isArray(value) && value.every(isText),
  },
  kernel: path,
  protocol: oneOf(kernelProtocols),
  initrd: path,
  modules: {
    possible: 'a list of paths, or of { "image": path, "commandLine": text }',
    fits: (value) => Array.isArray(value) && value.every(moduleFits),
    placed: (value: readonly ModuleRequest[], folder) =>
      value.map((module) =>
        typeof module === 'string' ? resolve(folder, module) : { ...module, image: resolve(folder, module.image) },
      ),
  },
  commandLine: { possible: 'a text', fits: isText },
  firmware: {
    possible: '{ "bios": path, "video": path, "network": path }, each of which may be absent',
    fits: (value) =>
      hasShape(value, { bios: isAbsentOr(isText), video: isAbsentOr(isText), network: isAbsentOr(isText) }),
    placed: (value: Readonly<Record<string, string>>, folder) =>
      Object.fromEntries(Object.entries(value).map(([role, file]) => [role, resolve(folder, file)])),
  },
  served: {
    possible: 'the path of a folder, or { path on the server: path of a file or folder }',
    fits: (value) => isText(value) || (isObject(value) && Object.values(value).every(isText)),
    placed: (value: string | Readonly<Record<string, string>>, folder) =>
      typeof value === 'string'
        ? resolve(folder, value)
        : Object.fromEntries(Object.entries(value).map(([name, file]) => [name, resolve(folder, file)])),
  },
  builtInNetwork: {
    possible:
      '{ "latencyMicroseconds": number, "bootFile": name, "names": { name: address } }, each of which may be absent',
    fits: (value) =>
      hasShape(value, {
        latencyMicroseconds: isAbsentOr((each) => typeof each === 'number'),
        bootFile: isAbsentOr(isText),
        names: isAbsentOr((each) => isObject(each) && Object.values(each).every(isText)),
      }),
  },
  quirks: oneOf(quirkSets),
  testing: { possible: testingPossible, fits: testingFits, placed: placeTesting },
};

const isDrive = (key: string): key is Drive => drives.some((drive) => drive === key);

/** A fault as a machine file has it; whether its figures can be is the description's to say. */
const faultFits = (value: unknown): boolean =>
  hasShape(value, {
    operation: isText,
    firstSector: isAbsentOr(isNumber),
    sectors: isAbsentOr(isNumber),
    after: isAbsentOr(isNumber),
    times: isAbsentOr(isNumber),
    delayMicroseconds: isAbsentOr(isNumber),
  });

function checkMedium(value: unknown, key: string, file: string): void {
  const isMedium =
    isText(value) ||
    hasShape(value, {
      image: isText,
      writable: isAbsentOr((flag) => typeof flag === 'boolean'),
      geometry: isAbsentOr((each) =>
        hasShape(each, { cylinders: isNumber, heads: isNumber, sectorsPerTrack: isNumber }),
      ),
      serialNumber: isAbsentOr(isText),
      firmwareRevision: isAbsentOr(isText),
      unmap: isAbsentOr((flag) => typeof flag === 'boolean'),
      faults: isAbsentOr((each) => Array.isArray(each) && each.every(faultFits)),
    });
  if (isMedium) return;
  throw new UserError('a drive holds an image path, or { "image": path, "writable": true or false }', {
    file,
    place: key,
    nextStep:
      'A disk may also have "geometry": { "cylinders", "heads", "sectorsPerTrack" }, "serialNumber", "firmwareRevision", a SCSI disk "unmap": true. ' +
      'Any medium may have "faults": a list of { "operation": "read", "write" or "flush", "firstSector", "sectors", "after", "times", "delayMicroseconds" }.',
  });
}

/** Checks what stands in a machine file (or was given by a suite); throws {@link UserError} naming the key. */
export function checkRequest(value: unknown, file: string): MachineRequest {
  if (!isObject(value)) {
    throw new UserError('a machine is an object', { file, nextStep: 'Write at least { "board": "pc" }.' });
  }
  for (const [key, entry] of Object.entries(value)) {
    if (isDrive(key)) {
      checkMedium(entry, key, file);
    } else if (!Object.hasOwn(settings, key)) {
      const keys = [...Object.keys(settings), ...drives].join(', ');
      throw new UserError('there is no such setting', { file, place: key, nextStep: `Known settings: ${keys}.` });
    } else if (!settings[key as keyof MachineSettings].fits(entry)) {
      throw new UserError(`${JSON.stringify(entry)} is not possible here`, {
        file,
        place: key,
        nextStep: `Possible: ${settings[key as keyof MachineSettings].possible}.`,
      });
    }
  }
  return value as MachineRequest;
}

/** Reads a machine file (JSON); paths in it are relative to the file. */
export function readMachineFile(file: string): MachineRequest {
  const text = readText(
    file,
    `Give the name of a board (${boards.join(', ')}) or of a JSON file that describes a machine.`,
  );
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UserError(`this is not JSON: ${(error as Error).message}`, { file, cause: error });
  }
  const request = checkRequest(parsed, file);
  const folder = dirname(file);
  return Object.fromEntries(
    Object.entries(request).map(([key, value]: [string, unknown]) => {
      if (!isDrive(key)) {
        const placed = settings[key as keyof MachineSettings].placed as
          ((value: unknown, folder: string) => unknown) | undefined;
        return [key, placed === undefined ? value : placed(value, folder)];
      }
      const { image, ...rest } = typeof value === 'string' ? { image: value } : (value as MediumRequest);
      return [key, { ...rest, image: resolve(folder, image) }];
    }),
  );
}
