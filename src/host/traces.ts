/** Traces on this computer: reading them, and finding the images that they name by digest. */
import { dirname, join } from 'node:path';
import { UserError } from '../base/errors.js';
import type { Drive, Images, MediumDescription } from '../machine/machine.js';
import { readTrace, type Trace } from '../trace/reader.js';
import { brotli } from './compression.js';
import { namesIn, readBytes } from './files.js';
import { findGuest, guestFolders, isImageName } from './guests.js';
import { digestOf, ImageStore, openImage, type OpenImage } from './images.js';

/** Reads a trace file; throws {@link UserError} naming the frame and offset of whatever is wrong. */
export function openTrace(path: string): Trace {
  const bytes = readBytes(path, 'Give a trace that `tsvm-test record` wrote.');
  return readTrace(bytes, { file: path, compressions: [brotli] });
}

/** Every medium that a trace names, those of its inputs included, each digest once. */
export function mediaOf(trace: Trace): { readonly drive: Drive; readonly medium: MediumDescription }[] {
  const found = new Map<string, { drive: Drive; medium: MediumDescription }>();
  for (const [drive, medium] of Object.entries(trace.header.machine.media)) {
    if (medium !== undefined) found.set(medium.sha256, { drive: drive as Drive, medium });
  }
  for (const record of trace.records) {
    if (record.kind === 'insert') found.set(record.sha256, { drive: record.drive, medium: record });
  }
  return [...found.values()];
}

/**
 * The images of a trace, by digest: out of files given, files beside the trace and in the current folder, and the guests
 * of this computer. Throws {@link UserError} naming the first that is nowhere.
 */
export function imagesOf(trace: Trace, path: string, given: readonly string[]): Images {
  const images = new ImageStore();
  const near = [...new Set([dirname(path), '.'])].flatMap((folder) => {
    return namesIn(folder)
      .filter(isImageName)
      .map((name) => join(folder, name));
  });
  for (const { drive, medium } of mediaOf(trace)) {
    const { sha256, size } = medium;
    const image = firstWith(sha256, size, given) ?? firstWith(sha256, size, near) ?? guestWith(sha256);
    if (image === undefined) {
      throw new UserError(`the image in ${drive} (SHA-256 ${sha256}, ${size} bytes) is not on this computer`, {
        file: path,
        nextStep: `Give it: --image FILE, or put it into one of ${guestFolders().join(', ')}`,
      });
    }
    images.keep(sha256, image);
  }
  return images;
}

function firstWith(sha256: string, size: number, paths: readonly string[]): OpenImage | undefined {
  for (const path of paths) {
    const image = openImage(path);
    if (image.size === size && digestOf(image) === sha256) return image;
  }
  return undefined;
}

function guestWith(sha256: string): OpenImage | undefined {
  const search = findGuest({ name: '', sha256 });
  return search.found ? openImage(search.path) : undefined;
}
