/**
 * Guest images on this computer: where they are looked for, and how one is recognised. A guest is known by its digest; its
 * name only says where to look first. Digests of files already seen are kept in the cache folder by size and change time.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeWhole } from './files.js';

/** What a suite asks for. */
export interface GuestWanted {
  /** The file's name as others know it. */
  readonly name: string;
  /** SHA-256 of the image; absent for one that changes with every build. */
  readonly sha256?: string;
}

/** A guest found, or why it was not. */
export type GuestSearch =
  | { readonly found: true; readonly path: string }
  | { readonly found: false; readonly reason: string; readonly lookedIn: readonly string[] };

/** One image as `guests list` shows it. */
export interface GuestFile {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** Files larger than this are no guest images that a suite would ask for by digest alone. */
const searchedBytesMax = 64 * 1024 * 1024;

const imageName =
  /\.(img|ima|flp|iso|bin|exec|raw|qcow2|lkrn|gz|rom)$|vmlinuz|bzImage|^linux$|^pxelinux\.0$|^BIOS-\w+-\w+$|^(ldlinux|lib\w+|\w*menu)\.c32$/;

/** Whether a file's name is one that images have. */
export function isImageName(name: string): boolean {
  return imageName.test(name);
}

/** The folder for what may be fetched or computed again. */
export function cacheFolder(): string {
  const { TSVM_CACHE, XDG_CACHE_HOME } = process.env;
  return TSVM_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tsvm-test');
}

/** Where distributions put firmware and boot loaders that others wrote: Debian's packages `seabios`, `ipxe`, `u-boot-qemu`, `pxelinux`, `syslinux-common`, `bochsbios`, `vgabios`. */
const firmwareFolders = [
  ...['/usr/share/seabios', '/usr/lib/ipxe', '/usr/lib/u-boot/qemu-x86'],
  ...['/usr/lib/PXELINUX', '/usr/lib/syslinux/modules/bios'],
  ...['/usr/share/bochs', '/usr/share/vgabios'],
];

/** Where guests are looked for, in this order. `from` is the project's folder. */
export function guestFolders(from = process.cwd()): string[] {
  const named = process.env['TSVM_GUESTS'];
  const ownSuites = fileURLToPath(new URL('../../suites', import.meta.url));
  const folders = [
    join(from, 'suites'),
    ...(named === undefined || named === '' ? [] : named.split(process.platform === 'win32' ? ';' : ':')),
    join(cacheFolder(), 'guests'),
    resolve(from, '../shared/guests'),
    ownSuites,
    ...firmwareFolders,
  ];
  return [...new Set(folders.map((folder) => resolve(folder)))];
}

function imagesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isImageName(entry.name) && !entry.parentPath.includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

type DigestCache = Record<string, string>;

function digestOf(path: string, cache: DigestCache): string {
  const { size, mtimeMs } = statSync(path);
  return (cache[`${path} ${size} ${mtimeMs}`] ??= createHash('sha256').update(readFileSync(path)).digest('hex'));
}

/** Runs `work` with the cached digests, and keeps the ones it added. A cache that cannot be read or kept is no error. */
function withDigests<Result>(work: (cache: DigestCache) => Result): Result {
  const file = join(cacheFolder(), 'digests.json');
  let cache: DigestCache = {};
  try {
    cache = JSON.parse(readFileSync(file, 'utf8')) as DigestCache;
  } catch {
    // Absent or damaged: the digests are computed again.
  }
  const before = Object.keys(cache).length;
  const result = work(cache);
  if (Object.keys(cache).length !== before) {
    try {
      writeWhole(file, JSON.stringify(cache));
    } catch {
      // A read-only home costs time, nothing else.
    }
  }
  return result;
}

/** Looks for a guest: by name first, then, when its digest is known, among all images of the folders. */
export function findGuest(wanted: GuestWanted, folders = guestFolders()): GuestSearch {
  return withDigests((cache) => {
    const images = folders.flatMap(imagesIn);
    const named = images.filter((path) => basename(path) === wanted.name);
    const { sha256 } = wanted;
    if (sha256 === undefined) {
      const [path] = named;
      if (path !== undefined) return { found: true, path };
    } else {
      const others = images.filter((path) => basename(path) !== wanted.name && statSync(path).size <= searchedBytesMax);
      const path = [...named, ...others].find((candidate) => digestOf(candidate, cache) === sha256);
      if (path !== undefined) return { found: true, path };
    }
    const reason =
      named.length === 0 ? `guest ${wanted.name} is absent` : `guest ${wanted.name} is there with another digest`;
    return { found: false, reason, lookedIn: folders };
  });
}

/** Every image in the folders, the first of each digest. */
export function listGuests(folders = guestFolders()): GuestFile[] {
  return withDigests((cache) => {
    const seen = new Set<string>();
    return folders.flatMap(imagesIn).flatMap((path) => {
      const sha256 = digestOf(path, cache);
      if (seen.has(sha256)) return [];
      seen.add(sha256);
      return [{ name: basename(path), path, size: statSync(path).size, sha256 }];
    });
  });
}
