/**
 * From what a user writes (options of a command, a suite, or a JSON file) to a machine description and its images. The
 * description is pure data and goes into every trace; paths stay here.
 */
import { dirname, resolve } from 'node:path';
import { sha256Hex } from '../base/digest.js';
import { UserError } from '../base/errors.js';
import { floppyCapacity } from '../device/floppy/geometry.js';
import { boardProcessors, defaultCyclesPerSecond } from '../machine/index.js';
import type { Drive, MachineDescription, MediumDescription } from '../machine/machine.js';
import { readBytes, readText } from './files.js';

/** A medium that a user puts into a drive: a file, and whether the guest may write to (a copy in memory of) it. */
export interface MediumRequest {
  readonly image: string;
  /** Default: true. The file itself is never written. */
  readonly writable?: boolean;
}

/** A machine as a user writes it. Everything has a default; a string for a drive is the image's path. */
export type MachineRequest = {
  readonly board?: 'pc';
  /** Default 80386. */
  readonly processor?: MachineDescription['processor'];
  /** Cycles per guest second. Default 50,000,000. */
  readonly cyclesPerSecond?: number;
  /** Memory in bytes, or as `640K`, `16M`, `1G`. Default 16M. */
  readonly memory?: number | string;
  readonly boot?: 'floppy' | 'disk';
} & { readonly [drive in Drive]?: string | MediumRequest };

/** A description together with the images that it names. */
export interface DescribedMachine {
  readonly description: MachineDescription;
  readonly images: ReadonlyMap<string, Uint8Array>;
}

/** The drives of the `pc` board, in the order in which they are listed. */
export const drives: readonly Drive[] = ['floppyA', 'floppyB', 'disk0', 'disk1'];

const memoryDefault = '16M';
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

/** What may stand at the top of a machine file, and how each value is checked. */
const known: Readonly<Record<Exclude<keyof MachineRequest, Drive>, (value: unknown) => boolean>> = {
  board: (value) => value === 'pc',
  processor: (value) => boardProcessors.some((model) => model === value),
  cyclesPerSecond: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 1e6 && value <= 1e9,
  memory: (value) => typeof value === 'number' || typeof value === 'string',
  boot: (value) => value === 'floppy' || value === 'disk',
};

const allowed: Readonly<Record<keyof typeof known, string>> = {
  board: '"pc"',
  processor: boardProcessors.map((model) => `"${model}"`).join(', '),
  cyclesPerSecond: 'a whole number from 1000000 to 1000000000',
  memory: 'bytes, or a text such as "16M"',
  boot: '"floppy" or "disk"',
};

function checkMedium(value: unknown, key: string, file: string): void {
  if (typeof value === 'string') return;
  const medium = value as Partial<MediumRequest> | null;
  const isMedium = typeof medium === 'object' && medium !== null && typeof medium.image === 'string';
  if (isMedium && (medium.writable === undefined || typeof medium.writable === 'boolean')) return;
  throw new UserError('a drive holds an image path, or { "image": path, "writable": true or false }', {
    file,
    place: key,
  });
}

/** Checks what stands in a machine file (or was given by a suite); throws {@link UserError} naming the key. */
export function checkRequest(value: unknown, file: string): MachineRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError('a machine is an object', { file, nextStep: 'Write at least { "board": "pc" }.' });
  }
  for (const [key, entry] of Object.entries(value)) {
    if (drives.some((drive) => drive === key)) {
      checkMedium(entry, key, file);
    } else if (!Object.hasOwn(known, key)) {
      const keys = [...Object.keys(known), ...drives].join(', ');
      throw new UserError('there is no such setting', { file, place: key, nextStep: `Known settings: ${keys}.` });
    } else if (!known[key as keyof typeof known](entry)) {
      const expected = allowed[key as keyof typeof known];
      throw new UserError(`${JSON.stringify(entry)} is not possible here`, {
        file,
        place: key,
        nextStep: `Possible: ${expected}.`,
      });
    }
  }
  return value as MachineRequest;
}

/** Reads a machine file (JSON); image paths in it are relative to the file. */
export function readMachineFile(path: string): MachineRequest {
  const text = readText(path, 'Give the name of a board (pc) or of a JSON file that describes a machine.');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UserError(`this is not JSON: ${(error as Error).message}`, { file: path, cause: error });
  }
  const request = checkRequest(parsed, path);
  const media = drives.flatMap((drive) => {
    const medium = request[drive];
    if (medium === undefined) return [];
    const { image, ...rest } = typeof medium === 'string' ? { image: medium } : medium;
    return [[drive, { ...rest, image: resolve(dirname(path), image) }] as const];
  });
  return { ...request, ...Object.fromEntries(media) };
}

function describeMedium(drive: Drive, request: string | MediumRequest): [MediumDescription, Uint8Array] {
  const { image, writable = true } = typeof request === 'string' ? { image: request } : request;
  const bytes = readBytes(image, `It was to go into drive ${drive}.`);
  if (drive.startsWith('floppy') && floppyCapacity(bytes.length / sectorBytes) === undefined) {
    throw new UserError(`${bytes.length} bytes are more than any floppy holds`, {
      file: image,
      nextStep: 'A floppy holds at most 2880 KiB. Attach the image as a disk.',
    });
  }
  if (bytes.length === 0 || bytes.length % sectorBytes !== 0) {
    throw new UserError(`${bytes.length} bytes are no whole number of sectors of 512 bytes`, {
      file: image,
      nextStep: `Pad it: truncate -s %512 ${image}`,
    });
  }
  return [{ sha256: sha256Hex(bytes), size: bytes.length, writable }, bytes];
}

/** Reads the images of a request and describes the machine. Throws {@link UserError} for what cannot be. */
export function describeMachine(request: MachineRequest): DescribedMachine {
  const images = new Map<string, Uint8Array>();
  const media: { [drive in Drive]?: MediumDescription } = {};
  for (const drive of drives) {
    const medium = request[drive];
    if (medium === undefined) continue;
    const [description, bytes] = describeMedium(drive, medium);
    media[drive] = description;
    images.set(description.sha256, bytes);
  }
  return {
    description: {
      board: request.board ?? 'pc',
      processor: request.processor ?? '80386',
      cyclesPerSecond: request.cyclesPerSecond ?? defaultCyclesPerSecond,
      memoryBytes: memoryBytes(request.memory ?? memoryDefault),
      boot: request.boot ?? (media.floppyA === undefined && media.disk0 !== undefined ? 'disk' : 'floppy'),
      media,
    },
    images,
  };
}
