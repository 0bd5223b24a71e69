/** A machine's parts by name: each saves, loads and compares itself; the whole is put together here. */
import { fastHash, sha256Hex } from '../base/digest.js';
import { hex } from '../base/integers.js';
import type { PageImage } from '../state/pages.js';
import { type Difference, diffStates, type Field, loadState, saveState } from '../state/schema.js';
import type { MachineDigest } from './machine.js';

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

export type Parts = ReadonlyMap<string, Part | PagedPart>;

/** Tells the two kinds of parts apart. */
export const isPaged = (part: Part | PagedPart): part is PagedPart => 'hash' in part;

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
    const hash = isPaged(part) ? part.hash() : fastHash(part.save());
    hashes[name] = hex(hash, 16);
  }
  const text = Object.entries(hashes)
    .map(([name, hash]) => `${name} ${hash}\n`)
    .join('');
  return { sha256: sha256Hex(new TextEncoder().encode(text)), parts: hashes };
}
