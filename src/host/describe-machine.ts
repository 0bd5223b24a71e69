/** From a machine as a user writes it to its description, with the images that it names. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../base/digest.js';
import { UserError } from '../base/errors.js';
import { floppyCapacity } from '../device/floppy/geometry.js';
import { kernelProtocolOf } from '../firmware/boot/protocol.js';
import { defaultCyclesPerSecond } from '../machine/index.js';
import {
  type BoardName,
  type BuiltInNetworkDescription,
  type Drive,
  type DriveDescription,
  drives,
  type FirmwareDescription,
  type ImageDescription,
  type Images,
  type KernelDescription,
  type MachineDescription,
  type MediumDescription,
  type NetworkCardDescription,
  type ServedFile,
  type TestingDescription,
} from '../machine/machine.js';
import { readBytes } from './files.js';
import { digestOf, ImageStore, openImage, openLiveImage } from './images.js';
import type { MachineRequest, MediumRequest, NetworkCardRequest } from './machine-request.js';
import { describeTesting } from './testing-request.js';

/** A description together with the images that it names. */
export interface DescribedMachine {
  readonly description: MachineDescription;
  readonly images: Images;
}

/** What a board has where nothing is said. */
const boardDefaults = {
  pc: { processor: '80386', memory: '16M', cyclesPerSecond: defaultCyclesPerSecond },
  i440fx: { processor: 'pentium3', memory: '128M', cyclesPerSecond: 2 * defaultCyclesPerSecond },
} as const;

const kibibyte = 1024;
const memoryBytesMin = kibibyte ** 2;
const memoryBytesMax = 2 * kibibyte ** 3;
const memoryGrain = 64 * kibibyte;
const sectorBytes = 512;

/** Sizes of floppy images that a drive can take: 160 KiB to 2.88 MiB. */
const floppyKibibytes = [160, 180, 320, 360, 720, 1200, 1440, 2880];

/** Whether an image has the size of a floppy. */
export function isFloppySize(bytes: number): boolean {
  return floppyKibibytes.some((size) => size * kibibyte === bytes);
}

/** Bytes of memory: a number, or a number with K, M or G. Throws {@link UserError} outside 1 MiB to 2 GiB. */
export function memoryBytes(memory: number | string): number {
  const match = /^(\d+)([KMG]?)i?B?$/i.exec(String(memory));
  const power = match === null ? 0 : ['', 'K', 'M', 'G'].indexOf(match[2]!.toUpperCase());
  const bytes = match === null ? NaN : Number(match[1]) * kibibyte ** power;
  if (bytes >= memoryBytesMin && bytes <= memoryBytesMax && bytes % memoryGrain === 0) return bytes;
  throw new UserError(`"${memory}" is no memory size from 1M to 2G in steps of 64K`, {
    place: 'memory',
    nextStep: 'Give bytes, or a number with K, M or G, such as 16M.',
  });
}

/** The images read so far, by digest. */
class ImageShelf {
  /** `live`: media are named by their paths, not by their contents, which are read when the guest asks for them. */
  constructor(
    private readonly live: boolean,
    readonly images = new ImageStore(),
  ) {}

  /** Reads a file that holds something; `use` says what for, in case that it cannot be read. */
  read(file: string, use: string): [ImageDescription, Uint8Array] {
    const found = this.keep(file, use);
    if (found[1].length === 0) throw new UserError('the file is empty', { file, nextStep: use });
    return found;
  }
  private keep(file: string, use: string): [ImageDescription, Uint8Array] {
    const bytes = readBytes(file, use);
    const sha256 = sha256Hex(bytes);
    this.images.set(sha256, bytes);
    this.images.files.set(sha256, file);
    return [{ sha256, size: bytes.length }, bytes];
  }
  describe(file: string, use: string): ImageDescription {
    return this.read(file, use)[0];
  }

  medium(drive: Drive, request: string | MediumRequest): DriveDescription {
    const said: MediumRequest = typeof request === 'string' ? { image: request } : request;
    const { image, writable = !drive.startsWith('cdrom'), ...details } = said;
    const opened = (this.live ? openLiveImage : openImage)(image, `It was to go into drive ${drive}.`);
    const { size } = opened;
    if (size === 0) throw new UserError('the image is empty', { file: image, nextStep: 'Give one with a sector.' });
    if (drive.startsWith('floppy') && floppyCapacity(size / sectorBytes) === undefined) {
      throw new UserError(`${size} bytes are more than any floppy holds`, {
        file: image,
        nextStep: 'A floppy holds at most 2880 KiB. Attach the image as a disk.',
      });
    }
    if (size % sectorBytes !== 0) {
      throw new UserError(`${size} bytes are no whole number of sectors of 512 bytes`, {
        file: image,
        nextStep: `Pad it: truncate -s %512 ${image}`,
      });
    }
    const sha256 = this.live ? sha256Hex(new TextEncoder().encode(image)) : digestOf(opened);
    this.images.keep(sha256, opened);
    this.images.files.set(sha256, image);
    return { sha256, size, writable, ...details };
  }

  kernel(request: MachineRequest): KernelDescription | undefined {
    const { kernel, initrd, modules = [], commandLine = '', protocol } = request;
    if (kernel === undefined) {
      const stray = initrd === undefined ? modules.length > 0 && 'modules' : 'initrd';
      if (stray) throw new UserError('there is no kernel to load it for', { place: stray, nextStep: 'Give a kernel.' });
      return undefined;
    }
    const [image, bytes] = this.read(kernel, 'It was to be the kernel.');
    const how = protocol ?? kernelProtocolOf(bytes);
    if (how === undefined) {
      throw new UserError('this is no kernel: it has neither a Linux nor a Multiboot header', {
        file: kernel,
        nextStep: 'Give a bzImage or a Multiboot kernel, or a disk image as a disk.',
      });
    }
    const files = [...(initrd === undefined ? [] : [initrd]), ...modules];
    const loaded = files.map((module) => {
      const { image: file, ...rest } = typeof module === 'string' ? { image: module } : module;
      return { ...this.describe(file, 'It was to be loaded with the kernel.'), ...rest };
    });
    return { protocol: how, image, commandLine, ...(loaded.length === 0 ? {} : { modules: loaded }) };
  }

  firmware({ firmware }: MachineRequest): FirmwareDescription | undefined {
    if (firmware === undefined) return undefined;
    return Object.fromEntries(
      Object.entries(firmware).map(([role, file]) => [role, this.describe(file, `It was to be the ${role} firmware.`)]),
    );
  }

  testing({ testing }: MachineRequest): TestingDescription | undefined {
    const use = 'It was to be a file of the firmware configuration.';
    return testing && describeTesting(testing, (file) => this.describe(file, use));
  }

  /** Every file that is named and every file below a folder, in the order of their paths; some may be empty. */
  served({ served }: MachineRequest): ServedFile[] | undefined {
    if (served === undefined) return undefined;
    const files =
      typeof served === 'string'
        ? filesBelow(served, served, '')
        : Object.entries(served).flatMap(namedFiles).sort(byPath);
    return files.map(({ path, file }) => ({ path, ...this.keep(file, 'It was to be served.')[0] }));
  }
}

/** A file with the path under which it is offered. */
interface FileToServe {
  readonly path: string;
  readonly file: string;
}

const byPath = (left: FileToServe, right: FileToServe): number => (left.path < right.path ? -1 : 1);

function namedFiles([path, file]: readonly [string, string]): FileToServe[] {
  const isFolder = statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder ? filesBelow(file, file, `${path}/`) : [{ path, file }];
}

function filesBelow(root: string, folder: string, prefix: string): FileToServe[] {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new UserError('this folder cannot be read', {
      file: root,
      nextStep: 'Give a folder to serve.',
      cause: error,
    });
  }
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) =>
      entry.isDirectory()
        ? filesBelow(root, join(folder, entry.name), `${prefix}${entry.name}/`)
        : [{ path: `${prefix}${entry.name}`, file: join(folder, entry.name) }],
    );
}

/** What the 80386's ISA board lacks makes the PCI board the default. */
function boardOf(request: MachineRequest): BoardName {
  if (request.board !== undefined) return request.board;
  const { display, network = [], devices = [], processor } = request;
  const onPci =
    display === 'vbe' ||
    network.some((card) => (typeof card === 'string' ? card : card.card) !== 'ne2000') ||
    devices.some((device) => device !== 'parallel' && device !== 'ib700') ||
    request.kernel !== undefined ||
    request.hpet === true ||
    (request.scsiAdapters ?? []).length > 0 ||
    (processor !== undefined && processor !== '80386') ||
    drives.some((drive) => /^(disk[23]|cdrom|scsi|virtio)/.test(drive) && request[drive] !== undefined);
  return onPci ? 'i440fx' : 'pc';
}

/** What is tried first where nothing is said: whatever there is a medium for. */
function bootOf({ boot }: MachineRequest, media: MachineDescription['media']): MachineDescription['boot'] {
  if (boot !== undefined) return boot;
  if (media.floppyA !== undefined) return 'floppy';
  const disk = Object.keys(media).some((drive) => /^(disk|scsi|virtio)/.test(drive));
  if (disk) return 'disk';
  return media.cdrom0 === undefined && media.cdrom1 === undefined ? 'floppy' : 'cdrom';
}

const cardOf = (card: NetworkCardRequest): NetworkCardDescription =>
  typeof card === 'string' ? { card, network: 'built-in' } : { ...card, network: card.network ?? 'built-in' };

/** What is named, and the timers that are there unless somebody does without. */
function devicesOf({ devices, hpet }: MachineRequest, board: BoardName): MachineDescription['devices'] {
  const isNamed = devices?.includes('hpet') ?? false;
  if (isNamed && hpet === false) {
    throw new UserError('the devices name the HPET, which is left out', {
      place: 'hpet',
      nextStep: 'Leave out one of the two.',
    });
  }
  const isAdded = !isNamed && (hpet ?? board === 'i440fx');
  return isAdded ? ['hpet', ...(devices ?? [])] : devices;
}

function builtInNetworkOf({ builtInNetwork }: MachineRequest): BuiltInNetworkDescription | undefined {
  if (builtInNetwork === undefined) return undefined;
  const { names, ...rest } = builtInNetwork;
  if (names === undefined) return rest;
  return { ...rest, names: Object.entries(names).map(([name, address]) => ({ name, address })) };
}

/** Has a medium at hand that is plugged into a machine later. Throws {@link UserError} for an image that cannot be in the drive. */
export function keepMedium(images: ImageStore, drive: Drive, request: MediumRequest): MediumDescription {
  const { sha256, size, writable } = new ImageShelf(false, images).medium(drive, request);
  return { sha256, size, writable };
}

/** Names whose values are there. */
const present = <T extends object>(values: T): Partial<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;

/**
 * Reads the images of a request and describes the machine. Throws {@link UserError} for what cannot be. With `live`, for a
 * machine of which nothing is recorded, media may still change while they are in their drives.
 */
export function describeMachine(
  request: MachineRequest,
  { live = false } = {},
): DescribedMachine & { readonly images: ImageStore } {
  const shelf = new ImageShelf(live);
  const media: { [drive in Drive]?: DriveDescription } = {};
  for (const drive of drives) {
    const medium = request[drive];
    if (medium !== undefined) media[drive] = shelf.medium(drive, medium);
  }
  const board = boardOf(request);
  const defaults = boardDefaults[board];
  const { display, mouse, network, quirks, consolePorts, slots, scsiAdapters, scsiPlaces } = request;
  const components = {
    ...{
      display,
      mouse,
      devices: devicesOf(request, board),
      quirks,
      consolePorts,
      slots,
      scsiAdapters,
      scsiPlaces,
      network: network?.map(cardOf),
    },
    ...{ builtInNetwork: builtInNetworkOf(request) },
    ...{ testing: shelf.testing(request) },
    ...{ kernel: shelf.kernel(request), firmware: shelf.firmware(request), served: shelf.served(request) },
  };
  return {
    description: {
      board,
      processor: request.processor ?? defaults.processor,
      cyclesPerSecond: request.cyclesPerSecond ?? defaults.cyclesPerSecond,
      memoryBytes: memoryBytes(request.memory ?? defaults.memory),
      boot: bootOf(request, media),
      media,
      ...(present(components) as Partial<MachineDescription>),
    },
    images: shelf.images,
  };
}
