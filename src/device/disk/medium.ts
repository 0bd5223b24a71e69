/**
 * A drive's bay: the medium in it is a read-only base image under a copy-on-write overlay of 512-byte sectors. The bay's
 * state is which medium is in and what was written to it; the base image is found again by its digest.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { assert } from '../../base/assert.js';
import { streamHash } from '../../base/digest.js';
import {
  bytes,
  count,
  type Difference,
  diffStates,
  flag,
  loadState,
  resetState,
  saveState,
  type StateOf,
  struct,
} from '../../state/schema.js';
import { type Medium, type MediumFaults, sectorBytes } from '../medium.js';
import { type OverlayImage, sectorOverlay } from './overlay.js';
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
  /** The same state as an image, which costs what was written since the last one. */
  image(): BayImage;
  restore(image: BayImage): void;
  /** XXH64 of the saved state; costs nothing where nothing was written since it was asked for last. */
  hash(): bigint;
  /** The differences to a saved state of this bay, this bay's on the left: identity, then the first differing byte. */
  diff(saved: Uint8Array): Difference[];
  /**
   * The sectors of each base image, by SHA-256, that this bay was asked for since it was made, in ascending order: what a
   * self-contained recording must carry. An observer's note, not state: loading a state does not take it back.
   */
  baseSectorsRead(): ReadonlyMap<string, readonly number[]>;
}

/** Which medium is in. */
const identityFields = { present: flag(), sha256: bytes(32), sizeBytes: count(), writable: flag() } as const;
const identityState = struct(identityFields);
const bayState = struct({ ...identityFields, written: sectorOverlay() });
type BayState = StateOf<typeof bayState>;

/** All of a bay at some moment; shares what was written with others. */
export interface BayImage {
  readonly identity: Uint8Array;
  readonly written: OverlayImage;
}

function restoreImage({ identity, written }: BayImage, into: BayState): void {
  loadState(identityState, identity, into);
  into.written.restore(written);
}

/** The differences between two images, as {@link MediumBay.diff} gives them. */
export function diffBayImages(left: BayImage, right: BayImage): Difference[] {
  const states = [left, right].map((image) => {
    const state = bayState.initial();
    restoreImage(image, state);
    return state;
  });
  return diffStates(bayState, states[0]!, states[1]!);
}

/** XXH64 of what `saveState` gives, without putting it together. */
function hashOf(state: BayState): bigint {
  const hash = streamHash();
  hash.update(saveState(identityState, state));
  const piece = new Uint8Array(hashedSectors * (4 + sectorBytes));
  const view = new DataView(piece.buffer);
  view.setUint32(0, state.written.size, true);
  let at = 4;
  for (const [sector, data] of state.written.sectors()) {
    if (at + 4 + sectorBytes > piece.length) {
      hash.update(piece.subarray(0, at));
      at = 0;
    }
    view.setUint32(at, sector, true);
    piece.set(data, at + 4);
    at += 4 + sectorBytes;
  }
  return hash.update(piece.subarray(0, at)).digest();
}
/** Sectors that are hashed at once. */
const hashedSectors = 128;

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

function mediumOver(
  base: BlockSource,
  sectors: number,
  state: BayState,
  asked: SectorSet,
  changed: () => void,
  faults: MediumFaults | undefined,
): Medium {
  const check = (sector: number): void =>
    assert(Number.isInteger(sector) && sector >= 0 && sector < sectors, `sector ${sector} lies on the medium`);
  return {
    sectors,
    writable: state.writable,
    ...(faults === undefined ? {} : { faults }),
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
      state.written.set(sector, data);
      changed();
    },
  };
}

/** How many sectors the medium behind an image of so many sectors has; those behind the image are zero. */
export type Capacity = (imageSectors: number) => number;

/**
 * An empty bay. `images` must hold the base image of every medium that will be inserted or loaded. `faults` are what every
 * medium in it has.
 */
export function mediumBay(
  images: BaseImages,
  capacity: Capacity = (sectors) => sectors,
  faults?: MediumFaults,
): MediumBay {
  const state = bayState.initial();
  const asked = new Map<string, SectorSet>();
  let hash: bigint | undefined; // Of the state as it stands, once it was asked for.
  let medium: Medium | undefined; // Derived from the state and the images by `connect`, never changed otherwise.

  function connect(): void {
    medium = undefined;
    hash = undefined;
    if (!state.present) return;
    const sha256 = bytesToHex(state.sha256);
    const base = baseImage(images, sha256);
    assert(base !== undefined && base.size === state.sizeBytes, `the image ${sha256} is at hand, whole`);
    const sectors = capacity(Math.ceil(base.size / sectorBytes));
    if (!asked.has(sha256)) asked.set(sha256, new SectorSet(sectors));
    medium = mediumOver(base, sectors, state, asked.get(sha256)!, () => (hash = undefined), faults);
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
    image: () => ({ identity: saveState(identityState, state), written: state.written.image() }),
    restore(image) {
      restoreImage(image, state);
      connect();
    },
    hash: () => (hash ??= hashOf(state)),
    diff(saved) {
      const other = bayState.initial();
      loadState(bayState, saved, other);
      return diffStates(bayState, state, other);
    },
    baseSectorsRead: () => new Map([...asked].map(([sha256, sectors]) => [sha256, sectors.ascending()])),
  };
}
