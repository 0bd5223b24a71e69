/**
 * A drive's bay: the medium in it is a read-only base image under a copy-on-write overlay of 512-byte sectors. The bay's
 * state is which medium is in and what was written to it; the base image is found again by its digest.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { assert } from '../../base/assert.js';
import {
  bytes,
  count,
  type Difference,
  diffStates,
  type Field,
  flag,
  loadState,
  resetState,
  saveState,
  type StateOf,
  StateFormatError,
  struct,
} from '../../state/schema.js';
import { type Medium, sectorBytes } from '../medium.js';
import { type BlockSource, sourceOf } from './source.js';

/** Which medium is in a bay: SHA-256 of its base image (64 lower-case hexadecimal digits), its bytes, its write tab. */
export interface MediumIdentity {
  readonly sha256: string;
  readonly size: number;
  readonly writable: boolean;
}

/** Base images by SHA-256: whole ones, and those that are read piece by piece. */
export interface BaseImages extends ReadonlyMap<string, Uint8Array> {
  readonly disks?: ReadonlyMap<string, BlockSource>;
}

/** A base image by its digest; undefined when it is not at hand. */
export function baseImage(images: BaseImages, sha256: string): BlockSource | undefined {
  const bytes = images.get(sha256);
  return bytes === undefined ? images.disks?.get(sha256) : sourceOf(bytes);
}

/** A place for one medium. Save, load and diff are its part of the machine's state. */
export interface MediumBay {
  /** The medium in the bay; undefined when it is empty. Valid until the next change. */
  readonly medium: Medium | undefined;
  /** Puts a medium in, in place of any other: what was written to that one is gone. Its image must be known. */
  insert(identity: MediumIdentity): void;
  /** Takes the medium out: what was written to it is gone. */
  eject(): void;
  /** The saved state: equal for equal contents in whatever order they were written. */
  save(): Uint8Array;
  /** Restores a saved state; its base image must be known. */
  load(saved: Uint8Array): void;
  /** The differences to a saved state of this bay, this bay's on the left: identity, then the first differing byte. */
  diff(saved: Uint8Array): Difference[];
  /**
   * The sectors of each base image, by SHA-256, that this bay was asked for since it was made, in ascending order: what a
   * self-contained recording must carry. An observer's note, not state: loading a state does not take it back.
   */
  baseSectorsRead(): ReadonlyMap<string, readonly number[]>;
}

/**
 * Sectors by number. A written sector stays in the overlay even if it equals the base again: comparing would read base
 * sectors that a self-contained recording need not hold, and equal runs must keep equal states with either.
 */
function sectorOverlay(): Field<Map<number, Uint8Array>> {
  const ascending = (overlay: Map<number, Uint8Array>): number[] => [...overlay.keys()].sort((a, b) => a - b);
  return {
    initial: () => new Map(),
    save(writer, overlay) {
      writer.unsigned(overlay.size, 4);
      for (const sector of ascending(overlay)) {
        writer.unsigned(sector, 4);
        writer.bytes(overlay.get(sector)!);
      }
    },
    load(reader, into = new Map()) {
      into.clear();
      let previous = -1;
      for (let left = reader.unsigned(4); left > 0; left--) {
        const sector = reader.unsigned(4);
        if (sector <= previous) throw new StateFormatError(`sector ${sector} is out of order in a saved overlay`);
        into.set(sector, reader.bytes(sectorBytes).slice());
        previous = sector;
      }
      return into;
    },
    diff(path, left, right, found) {
      const sectors = ascending(new Map([...left, ...right]));
      for (const sector of sectors) {
        const [mine, other] = [left.get(sector), right.get(sector)];
        if (mine === undefined || other === undefined) {
          const print = (data: Uint8Array | undefined): string => (data === undefined ? 'as in the image' : 'written');
          found.push({ path: `${path}[sector ${sector}]`, left: print(mine), right: print(other) });
          return;
        }
        const at = mine.findIndex((value, index) => value !== other[index]);
        if (at >= 0) {
          const print = (value: number): string => `0x${value.toString(16)}`;
          const place = `${path}[sector ${sector}][0x${at.toString(16)}]`;
          found.push({ path: place, left: print(mine[at]!), right: print(other[at]!) });
          return; // The first differing byte names the place; the rest would drown it.
        }
      }
    },
  };
}

const bayState = struct({
  present: flag(),
  sha256: bytes(32),
  sizeBytes: count(),
  writable: flag(),
  written: sectorOverlay(),
});
type BayState = StateOf<typeof bayState>;

/** One bit a sector of one base image. */
class SectorSet {
  private readonly bits: Uint8Array;
  constructor(sectors: number) {
    this.bits = new Uint8Array(Math.ceil(sectors / 8));
  }
  add(sector: number): void {
    this.bits[sector >> 3]! |= 1 << (sector & 7);
  }
  ascending(): number[] {
    const found: number[] = [];
    this.bits.forEach((byte, at) => {
      for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) found.push(at * 8 + bit);
    });
    return found;
  }
}

function mediumOver(base: BlockSource, sectors: number, state: BayState, asked: SectorSet): Medium {
  const check = (sector: number): void =>
    assert(Number.isInteger(sector) && sector >= 0 && sector < sectors, `sector ${sector} lies on the medium`);
  return {
    sectors,
    writable: state.writable,
    read(sector, into) {
      check(sector);
      const written = state.written.get(sector);
      if (written !== undefined) {
        into.set(written);
        return;
      }
      asked.add(sector);
      base.read(sector * sectorBytes, into.subarray(0, sectorBytes));
    },
    write(sector, data) {
      check(sector);
      assert(state.writable, 'a controller does not write to a protected medium');
      const written = state.written.get(sector);
      if (written !== undefined) written.set(data.subarray(0, sectorBytes));
      else state.written.set(sector, data.slice(0, sectorBytes));
    },
  };
}

/** How many sectors the medium behind an image of so many sectors has; those behind the image are zero. */
export type Capacity = (imageSectors: number) => number;

/** An empty bay. `images` must hold the base image of every medium that will be inserted or loaded. */
export function mediumBay(images: BaseImages, capacity: Capacity = (sectors) => sectors): MediumBay {
  const state = bayState.initial();
  const asked = new Map<string, SectorSet>();
  let medium: Medium | undefined; // Derived from the state and the images by `connect`, never changed otherwise.

  function connect(): void {
    medium = undefined;
    if (!state.present) return;
    const sha256 = bytesToHex(state.sha256);
    const base = baseImage(images, sha256);
    assert(base !== undefined && base.size === state.sizeBytes, `the image ${sha256} is at hand, whole`);
    const sectors = capacity(Math.ceil(base.size / sectorBytes));
    if (!asked.has(sha256)) asked.set(sha256, new SectorSet(sectors));
    medium = mediumOver(base, sectors, state, asked.get(sha256)!);
  }

  return {
    get medium() {
      return medium;
    },
    insert(identity) {
      resetState(bayState, state);
      state.present = true;
      state.sha256.set(hexToBytes(identity.sha256));
      state.sizeBytes = identity.size;
      state.writable = identity.writable;
      connect();
    },
    eject() {
      resetState(bayState, state);
      connect();
    },
    save: () => saveState(bayState, state),
    load(saved) {
      loadState(bayState, saved, state);
      connect();
    },
    diff(saved) {
      const other = bayState.initial();
      loadState(bayState, saved, other);
      return diffStates(bayState, state, other);
    },
    baseSectorsRead: () => new Map([...asked].map(([sha256, sectors]) => [sha256, sectors.ascending()])),
  };
}
