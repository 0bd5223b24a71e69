/** A machine's parts by name: each saves, loads and compares itself; the whole is put together here. */
import { assert } from '../base/assert.js';
import { fastHash, sha256Hex } from '../base/digest.js';
import { type Cycle, hex } from '../base/integers.js';
import { type BayImage, diffBayImages, type MediumBay } from '../device/disk/medium.js';
import type { PageImage } from '../state/pages.js';
import { type Difference, diffStates, type Field, loadState, saveState } from '../state/schema.js';
import type { MachineDigest, MachineSnapshot } from './machine.js';

/** One part of the state. */
export interface Part {
  save(): Uint8Array;
  load(saved: Uint8Array): void;
  /** Differences between two saved states of this part. */
  diff(left: Uint8Array, right: Uint8Array): Difference[];
}

/** A part that is memory, saved as pages that it shares with what was saved before. */
export interface PagedPart {
  save(): PageImage;
  load(saved: PageImage): void;
  diff(left: PageImage, right: PageImage): Difference[];
  /** What stands for it in digests. */
  hash(): bigint;
}

/** A drive with its medium, saved with the sectors that it shares with what was saved before. */
export interface DrivePart {
  readonly bay: MediumBay;
}

/** One of the three kinds of parts. */
export type AnyPart = Part | PagedPart | DrivePart;
export type Parts = ReadonlyMap<string, AnyPart>;

const isPaged = (part: AnyPart): part is PagedPart => 'hash' in part;
const isDrive = (part: AnyPart): part is DrivePart => 'bay' in part;

/** All parts at a cycle. */
export function saveParts(parts: Parts, cycle: Cycle): MachineSnapshot {
  const saved: Record<string, Uint8Array> = {};
  const pages: Record<string, PageImage> = {};
  const drives: Record<string, BayImage> = {};
  for (const [name, part] of parts) {
    if (isPaged(part)) pages[name] = part.save();
    else if (isDrive(part)) drives[name] = part.bay.image();
    else saved[name] = part.save();
  }
  return { cycle, parts: saved, pages, drives };
}

/** Whether a snapshot holds a part. */
export const isSaved = (name: string, { parts, pages = {}, drives = {} }: MachineSnapshot): boolean =>
  [parts, pages, drives].some((images) => Object.hasOwn(images, name));

/** Puts one part back to a snapshot. */
export function loadPart(name: string, part: AnyPart, { parts, pages, drives }: MachineSnapshot): void {
  const held = <Image>(images: Readonly<Record<string, Image>> | undefined): Image => {
    const image = images?.[name];
    assert(image !== undefined, `a snapshot holds ${name}`);
    return image;
  };
  if (isPaged(part)) part.load(held(pages));
  else if (isDrive(part)) part.bay.restore(held(drives));
  else part.load(held(parts));
}

/** The differences of one part between two snapshots. */
function partDifferences(name: string, part: AnyPart, left: MachineSnapshot, right: MachineSnapshot): Difference[] {
  const compare = <Image>(
    images: (snapshot: MachineSnapshot) => Readonly<Record<string, Image>> | undefined,
    diff: (left: Image, right: Image) => Difference[],
  ): Difference[] => {
    const [a, b] = [images(left)?.[name], images(right)?.[name]];
    return a === undefined || b === undefined ? [] : diff(a, b);
  };
  if (isPaged(part))
    return compare(
      ({ pages }) => pages,
      (a, b) => part.diff(a, b),
    );
  if (isDrive(part)) return compare(({ drives }) => drives, diffBayImages);
  return compare(
    ({ parts }) => parts,
    (a, b) => part.diff(a, b),
  );
}

/** The differences between two snapshots, part by part. */
export const partsDifferences = (
  parts: Parts,
  left: MachineSnapshot,
  right: MachineSnapshot,
): (Difference & { readonly part: string })[] =>
  [...parts].flatMap(([part, each]) =>
    partDifferences(part, each, left, right).map((difference) => ({ part, ...difference })),
  );

const hashOf = (part: AnyPart): bigint => {
  if (isPaged(part)) return part.hash();
  return isDrive(part) ? part.bay.hash() : fastHash(part.save());
};

/** A part that a device is. */
export function devicePart(device: {
  save(): Uint8Array;
  load(saved: Uint8Array): void;
  diff(saved: Uint8Array): Difference[];
}): Part {
  return {
    save: () => device.save(),
    load: (saved) => device.load(saved),
    diff(left, right) {
      // The declaration compares a live state with a saved one, so the live one makes room for a moment.
      const live = device.save();
      device.load(left);
      const found = device.diff(right);
      device.load(live);
      return found;
    },
  };
}

/** A part that is a declared state and nothing more. */
export function statePart<T>(field: Field<T>, state: T): Part {
  const other = (saved: Uint8Array): T => {
    const loaded = field.initial();
    loadState(field, saved, loaded);
    return loaded;
  };
  return {
    save: () => saveState(field, state),
    load: (saved) => loadState(field, saved, state),
    diff: (left, right) => diffStates(field, other(left), other(right)),
  };
}

/** The first differing byte of two byte strings, if any. */
export function firstByteDifference(left: Uint8Array, right: Uint8Array): Difference[] {
  const length = Math.max(left.length, right.length);
  for (let at = 0; at < length; at++) {
    if (left[at] === right[at]) continue;
    const print = (value: number | undefined): string => (value === undefined ? 'absent' : `0x${hex(value, 2)}`);
    return [{ path: `0x${hex(at)}`, left: print(left[at]), right: print(right[at]) }];
  }
  return [];
}

/** One SHA-256 over all parts' hashes, and each part's XXH64. */
export function digestParts(parts: Parts): MachineDigest {
  const hashes: Record<string, string> = {};
  for (const [name, part] of parts) {
    hashes[name] = hex(hashOf(part), 16);
  }
  const text = Object.entries(hashes)
    .map(([name, hash]) => `${name} ${hash}\n`)
    .join('');
  return { sha256: sha256Hex(new TextEncoder().encode(text)), parts: hashes };
}
