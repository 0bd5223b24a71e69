/** Traces on this computer: reading them, and finding the images that they name by digest. */
import { dirname, join } from 'node:path';
import { UserError } from '../base/errors.js';
import type { ImageDescription, Images } from '../machine/machine.js';
import { readTrace, type Trace } from '../trace/reader.js';
import { brotli } from './compression.js';
import { namesIn, readBytes, sizeOf } from './files.js';
import { findGuest, guestFolders, isImageName } from './guests.js';
import { digestOf, ImageStore, openImage, type OpenImage } from './images.js';

/** Reads a trace file; throws {@link UserError} naming the frame and offset of whatever is wrong. */
export function openTrace(path: string): Trace {
  const bytes = readBytes(path, 'Give a trace that `tsvm-test record` wrote.');
  return readTrace(bytes, { file: path, compressions: [brotli] });
}

/** An image that a trace names, and what it is there. */
export interface NamedImage extends ImageDescription {
  readonly role: string;
}

/** Every image that a trace names: media, those of its inputs, kernel, firmware and served files; each digest once. */
export function imagesNamed(trace: Trace): NamedImage[] {
  const { media, kernel, firmware, served = [], testing } = trace.header.machine;
  const named: NamedImage[] = [];
  const name = (role: string, image: ImageDescription | undefined): void => {
    if (image !== undefined && named.every(({ sha256 }) => sha256 !== image.sha256)) {
      named.push({ role, sha256: image.sha256, size: image.size });
    }
  };
  for (const [drive, medium] of Object.entries(media)) name(drive, medium);
  name('kernel', kernel?.image);
  (kernel?.modules ?? []).forEach((module, index) => name(`module ${index + 1} of the kernel`, module));
  for (const [role, image] of Object.entries(firmware ?? {})) name(`${role} firmware`, image);
  for (const file of served) name(`served file ${file.path}`, file);
  for (const file of testing?.firmwareConfiguration?.files ?? []) name(`configuration file ${file.name}`, file.image);
  for (const record of trace.records)
    if (record.kind === 'insert' || record.kind === 'plugDisk') name(record.drive, record);
  return named;
}

/**
 * The images of a trace, by digest: out of files given, files beside the trace and in the current folder, and the guests
 * of this computer. Throws {@link UserError} naming the first that is nowhere.
 */
export function imagesOf(trace: Trace, path: string, given: readonly string[]): Images {
  const images = new ImageStore();
  const near = [...new Set([dirname(path), '.'])].flatMap((folder) =>
    namesIn(folder).map((name) => join(folder, name)),
  );
  // A kernel or a served file may be called anything: those are known by their size.
  const nearOf = (size: number): string[] => near.filter((file) => isImageName(file) || sizeOf(file) === size);
  for (const { role, sha256, size } of imagesNamed(trace)) {
    const image =
      firstWith(sha256, size, given, openImage) ??
      firstWith(sha256, size, nearOf(size), openIfWhole) ??
      guestWith(sha256);
    if (image === undefined) {
      throw new UserError(`the image of ${role} (SHA-256 ${sha256}, ${size} bytes) is not on this computer`, {
        file: path,
        nextStep: `Give it: --image FILE, or put it into one of ${guestFolders().join(', ')}`,
      });
    }
    images.keep(sha256, image);
  }
  return images;
}

function firstWith(
  sha256: string,
  size: number,
  paths: readonly string[],
  open: (path: string) => OpenImage | undefined,
): OpenImage | undefined {
  for (const path of paths) {
    const image = open(path);
    if (image?.size === size && digestOf(image) === sha256) return image;
  }
  return undefined;
}

/** Opens an image; undefined for one that is damaged or leans on a file that is gone, as a stranger beside a trace may. */
function openIfWhole(path: string): OpenImage | undefined {
  try {
    return openImage(path);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function guestWith(sha256: string): OpenImage | undefined {
  const search = findGuest({ name: '', sha256 });
  return search.found ? openImage(search.path) : undefined;
}
