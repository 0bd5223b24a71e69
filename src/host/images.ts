/** Disk images on this computer: raw files and QEMU's copy-on-write files, small ones read whole, large ones piece by piece. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { UserError } from '../base/errors.js';
import { isQcow2, openQcow2 } from '../device/disk/qcow2.js';
import { type BlockSource, sourceOf } from '../device/disk/source.js';
import type { Images } from '../machine/machine.js';
import { fileError } from './files.js';

/** Raw files up to this size are kept in memory. */
const wholeBytesMost = 64 << 20;
const pieceBytes = 1 << 20;
/** Files in a chain of backing files; a longer one is a circle or a mistake. */
const chainMost = 16;

/** An image as a guest sees it: the content of the disk, whatever the file's format. */
export interface OpenImage {
  readonly source: BlockSource;
  /** All bytes, where they are in memory anyway. */
  readonly bytes: Uint8Array | undefined;
  readonly size: number;
}

/** Opens a file as the bytes in it. A large one stays open for as long as this program runs. */
function openFile(path: string, wholeMost: number, nextStep?: string): { source: BlockSource; bytes?: Uint8Array } {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const status = fstatSync(file);
    if (status.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    const { size } = status;
    if (size > wholeMost) {
      const kept = file;
      file = undefined;
      return { source: { size, read: (offset, into) => readFrom(kept, path, offset, into) } };
    }
    const bytes = new Uint8Array(size);
    readFrom(file, path, 0, bytes);
    return { source: sourceOf(bytes), bytes };
  } catch (error) {
    throw fileError(error, path, nextStep);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function readFrom(file: number, path: string, offset: number, into: Uint8Array): void {
  let done = 0;
  while (done < into.length) {
    let count;
    try {
      count = readSync(file, into, done, into.length - done, offset + done);
    } catch (error) {
      throw fileError(error, path);
    }
    if (count === 0) break;
    done += count;
  }
  into.fill(0, done);
}

/** Inflates raw deflate data that may have other bytes behind them; undefined when they are damaged. */
function inflate(data: Uint8Array, bytes: number): Uint8Array | undefined {
  try {
    const inflated = inflateRawSync(data, { maxOutputLength: bytes });
    return new Uint8Array(inflated.buffer, inflated.byteOffset, inflated.length);
  } catch {
    return undefined;
  }
}

/** Opens an image by its content. `nextStep` says what it was for, in case that it cannot be read. */
export function openImage(path: string, nextStep?: string): OpenImage {
  return openInChain({ path, nextStep, wholeMost: wholeBytesMost }, 1, undefined);
}

/** The same, read piece by piece however small it is: what the guest has not asked for yet may still change. */
export function openLiveImage(path: string, nextStep?: string): OpenImage {
  return openInChain({ path, nextStep, wholeMost: -1 }, 1, undefined);
}

/** A file to open: what it is for, and up to which size it is read at once. */
interface Opening {
  readonly path: string;
  readonly nextStep: string | undefined;
  readonly wholeMost: number;
}

function openInChain(opening: Opening, depth: number, format: string | undefined): OpenImage {
  const { path, nextStep, wholeMost } = opening;
  if (depth > chainMost) {
    throw new UserError(`there are more than ${chainMost} files behind it`, {
      file: path,
      nextStep: 'Flatten it: qemu-img convert -O qcow2 OLD NEW',
    });
  }
  const { source, bytes } = openFile(path, wholeMost, nextStep);
  if (format === 'raw' || !isQcow2(source)) return { source, bytes, size: source.size };
  const disk = openQcow2(source, {
    file: path,
    inflate,
    backing(name, backingFormat) {
      const behind = { ...opening, path: resolve(dirname(path), name), nextStep: `It is the backing file of ${path}.` };
      return openInChain(behind, depth + 1, backingFormat).source;
    },
  });
  return { source: disk, bytes: undefined, size: disk.size };
}

/** SHA-256 of an image's content, read piece by piece. */
export function digestOf({ source }: Pick<OpenImage, 'source'>): string {
  const hash = createHash('sha256');
  const piece = new Uint8Array(pieceBytes);
  for (let at = 0; at < source.size; at += pieceBytes) {
    const part = piece.subarray(0, Math.min(pieceBytes, source.size - at));
    source.read(at, part);
    hash.update(part);
  }
  return hash.digest('hex');
}

/** Images found so far, by the digest of their content. */
export class ImageStore extends Map<string, Uint8Array> {
  readonly disks: Map<string, BlockSource>;
  /** The files that images came from, as the user named them. */
  readonly files = new Map<string, string>();

  constructor(others: Images = new Map()) {
    super(others);
    this.disks = new Map(others.disks);
  }

  /** Keeps an image. */
  keep(sha256: string, image: OpenImage): void {
    if (image.bytes !== undefined) this.set(sha256, image.bytes);
    else this.disks.set(sha256, image.source);
  }
}
