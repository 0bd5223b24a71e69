/**
 * What was written over a base image: sectors of 512 bytes by number. Images of it share what was not written since, so that they
 * cost what was.
 */
import { type Difference, type Field, StateFormatError } from '../../state/schema.js';
import { sectorBytes } from '../medium.js';

/** Sectors are kept in groups, which images share. */
const groupShift = 6;
const groupSectors = 1 << groupShift;

/** Sectors of a group by their place in it. Neither the list nor a sector in it changes once an image has it. */
type Group = (Uint8Array | undefined)[];

/** All that was written at some moment, by the groups' numbers. */
export type OverlayImage = ReadonlyMap<number, Group>;

const ascending = (numbers: Iterable<number>): number[] => [...new Set(numbers)].sort((a, b) => a - b);

/**
 * A written sector stays even if it equals the base again: comparing would read base sectors that a self-contained recording need
 * not hold, and equal runs must keep equal states with either.
 */
export class SectorOverlay {
  private groups = new Map<number, Group>();
  /** Groups that no image has. */
  private readonly own = new Set<number>();
  private lastImage: OverlayImage | undefined;
  /** How many sectors are in it. */
  size = 0;

  get(sector: number): Uint8Array | undefined {
    return this.groups.get(sector >>> groupShift)?.[sector & (groupSectors - 1)];
  }
  /** Replaces a sector by the first 512 bytes of `data`. */
  set(sector: number, data: Uint8Array): void {
    const number = sector >>> groupShift;
    const at = sector & (groupSectors - 1);
    let group = this.groups.get(number);
    if (group === undefined || !this.own.has(number)) {
      group = group?.slice() ?? new Array<Uint8Array | undefined>(groupSectors).fill(undefined);
      this.groups.set(number, group);
      this.own.add(number);
    }
    if (group[at] === undefined) this.size++;
    group[at] = data.slice(0, sectorBytes);
    this.lastImage = undefined;
  }
  clear(): void {
    this.restore(new Map());
  }

  /** All that is in it now. */
  image(): OverlayImage {
    if (this.lastImage === undefined) {
      this.lastImage = new Map(this.groups);
      this.own.clear();
    }
    return this.lastImage;
  }
  restore(image: OverlayImage): void {
    if (image === this.lastImage) return;
    this.groups = new Map(image);
    this.own.clear();
    this.lastImage = image;
    this.size = 0;
    for (const group of image.values()) for (const sector of group) if (sector !== undefined) this.size++;
  }

  /** Every sector with its number, in ascending order. */
  *sectors(): Iterable<readonly [number, Uint8Array]> {
    for (const number of ascending(this.groups.keys())) {
      const group = this.groups.get(number)!;
      for (let at = 0; at < groupSectors; at++) {
        const sector = group[at];
        if (sector !== undefined) yield [number * groupSectors + at, sector];
      }
    }
  }
  /** The first sector that differs from another overlay's; undefined where none does. */
  firstDifference(other: SectorOverlay): number | undefined {
    for (const number of ascending([...this.groups.keys(), ...other.groups.keys()])) {
      const [mine, others] = [this.groups.get(number), other.groups.get(number)];
      if (mine === others) continue;
      for (let at = 0; at < groupSectors; at++) {
        const [left, right] = [mine?.[at], others?.[at]];
        if (left === right) continue;
        const isEqual = left !== undefined && right !== undefined && left.every((byte, index) => byte === right[index]);
        if (!isEqual) return number * groupSectors + at;
      }
    }
    return undefined;
  }
}

/** An overlay as a field of a state: how many sectors, then each with its number, in ascending order. */
export const sectorOverlay = (): Field<SectorOverlay> => ({
  initial: () => new SectorOverlay(),
  save(writer, overlay) {
    writer.unsigned(overlay.size, 4);
    for (const [sector, data] of overlay.sectors()) {
      writer.unsigned(sector, 4);
      writer.bytes(data);
    }
  },
  load(reader, into = new SectorOverlay()) {
    into.clear();
    let previous = -1;
    for (let left = reader.unsigned(4); left > 0; left--) {
      const sector = reader.unsigned(4);
      if (sector <= previous) throw new StateFormatError(`sector ${sector} is out of order in a saved overlay`);
      into.set(sector, reader.bytes(sectorBytes));
      previous = sector;
    }
    return into;
  },
  diff: diffOverlays,
});

function diffOverlays(path: string, left: SectorOverlay, right: SectorOverlay, found: Difference[]): void {
  const sector = left.firstDifference(right); // The first differing byte names the place; the rest would drown it.
  if (sector === undefined) return;
  const [mine, other] = [left.get(sector), right.get(sector)];
  if (mine === undefined || other === undefined) {
    const print = (data: Uint8Array | undefined): string => (data === undefined ? 'as in the image' : 'written');
    found.push({ path: `${path}[sector ${sector}]`, left: print(mine), right: print(other) });
    return;
  }
  const at = mine.findIndex((value, index) => value !== other[index]);
  const print = (value: number): string => `0x${value.toString(16)}`;
  const place = `${path}[sector ${sector}][0x${at.toString(16)}]`;
  found.push({ path: place, left: print(mine[at]!), right: print(other[at]!) });
}
