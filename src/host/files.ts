/** Files as the rest of the program sees them: whole byte arrays in, whole files out. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { UserError } from '../base/errors.js';

const problems: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'this is a folder, not a file',
  ENOTDIR: 'a part of this path is not a folder',
  EACCES: 'this file may not be opened',
  EPERM: 'this file may not be changed',
  EROFS: 'this file system is read-only',
  ENOSPC: 'the disk is full',
};

/** A failure of the file system as a {@link UserError} that names the file. Other errors are returned unchanged. */
export function fileError(error: unknown, path: string, nextStep?: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (typeof code !== 'string') return error;
  const problem = problems[code] ?? (error as Error).message;
  return new UserError(problem, { file: path, cause: error, ...(nextStep === undefined ? {} : { nextStep }) });
}

/** The bytes of a file; throws {@link UserError} when it cannot be read. */
export function readBytes(path: string, nextStep?: string): Uint8Array {
  try {
    const buffer = readFileSync(path);
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  } catch (error) {
    throw fileError(error, path, nextStep);
  }
}

/** The text of a UTF-8 file; throws {@link UserError} when it cannot be read. */
export function readText(path: string, nextStep?: string): string {
  return new TextDecoder().decode(readBytes(path, nextStep));
}

/**
 * A name beside `path` for a file that is being written. It carries the process number, so that two writers do not meet.
 */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.part`);
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Its folder is no folder: there is nothing to remove.
  }
}

/**
 * Writes a whole file: under a temporary name beside it, then renamed, so that nobody ever sees half of it.
 * Folders on the way are made. Throws {@link UserError} when it cannot be written.
 */
export function writeWhole(path: string, content: Uint8Array | string): void {
  const temporary = temporaryName(path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    removeIfThere(temporary);
    throw fileError(error, path);
  }
}

/** The path of a file in a folder. */
export const inFolder = (folder: string, name: string): string => join(folder, name);

/** Whether a file or folder is there. */
export function isThere(path: string): boolean {
  return existsSync(path);
}

/** Names of the files directly in a folder, sorted; none when the folder is absent. */
export function namesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}

/** Bytes in a file; undefined when there is none. */
export function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

/** Removes a file, if it is there. */
export function removeFile(path: string): void {
  rmSync(path, { force: true });
}

/** A path as the user would type it: relative to the current folder where it lies below it. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}

/** A new folder for files that nobody needs afterwards, and how it is taken away with them. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'tsvm-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Makes a file of so many zeros in a folder; gives its path. */
export function blankFile(folder: string, name: string, bytes: number): string {
  const path = join(folder, name);
  try {
    writeFileSync(path, '');
    truncateSync(path, bytes);
    return path;
  } catch (error) {
    throw fileError(error, path);
  }
}

/** A file that bytes are appended to as they come, emptied first. */
export interface GrowingFile {
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Opens a file for what comes; throws {@link UserError} when it cannot be written. */
export function growingFile(path: string): GrowingFile {
  try {
    const file = openSync(path, 'w');
    return { write: (bytes) => void writeSync(file, bytes), close: () => closeSync(file) };
  } catch (error) {
    throw fileError(error, path);
  }
}
