/** Where suites lie, and where this package's own compiled files lie. */
import { statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../base/errors.js';

/** Suites to run: patterns relative to a folder that holds them all. */
export interface SuiteFiles {
  readonly root: string;
  readonly patterns: readonly string[];
}

const suitePattern = '**/*.suite.{ts,mts,js,mjs}';

/** The suites that some paths name; throws {@link UserError} for a path that is not there. */
export function findSuites(paths: readonly string[], from = process.cwd()): SuiteFiles {
  const wanted = paths.map((path) => ({ absolute: resolve(from, path), isFolder: isFolder(path, from) }));
  const root = wanted.reduce((folder, { absolute, isFolder }) => {
    return commonFolder(folder, isFolder ? absolute : dirname(absolute));
  }, from);
  const patterns = wanted.map(({ absolute, isFolder }) => {
    const below = relative(root, absolute)
      .split(sep)
      .join('/')
      .replace(/[$()*!?[\]{}\\]/g, '\\$&');
    if (!isFolder) return below;
    return below === '' ? suitePattern : `${below}/${suitePattern}`;
  });
  return { root, patterns };
}

function isFolder(path: string, from: string): boolean {
  try {
    return statSync(resolve(from, path)).isDirectory();
  } catch (cause) {
    throw new UserError('there is no such suite, folder or command', {
      file: path,
      nextStep: 'Give suite files or folders, or see: tsvm-test --help',
      cause,
    });
  }
}

function commonFolder(left: string, right: string): string {
  let folder = left;
  while (folder !== right && !right.startsWith(folder.endsWith(sep) ? folder : folder + sep)) folder = dirname(folder);
  return folder;
}

/** A compiled file of this package, by its path below `dist/`. */
export function ownFile(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}
