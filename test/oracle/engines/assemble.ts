/** Code as a list of items with labels, laid out at an offset of its segment; any item but a label may be left out. */
import { assert } from '../../../src/base/assert.js';
import { d, w } from '../../cpu/bytes.js';

/** A place in the code, by number; or a fixed offset in the code segment. */
export type Target = { readonly label: number; readonly plus?: number } | { readonly offset: number };

/** One jump's encodings: with an 8-bit displacement, and with one of the operand size. Loops have no longer one. */
export interface JumpCode {
  readonly short?: readonly number[];
  readonly near?: readonly number[];
}

export type Item =
  | { readonly kind: 'label'; readonly label: number }
  | { readonly kind: 'bytes'; readonly bytes: readonly number[] }
  | { readonly kind: 'jump'; readonly code: JumpCode; readonly to: Target; readonly near: 2 | 4 }
  /** A label's offset as part of an instruction. */
  | {
      readonly kind: 'reference';
      readonly before: readonly number[];
      readonly label: number;
      readonly plus: number;
      readonly size: 2 | 4;
      readonly after: readonly number[];
    }
  /** Jumps over bytes, so that what follows lies at this offset of a page. */
  | { readonly kind: 'align'; readonly pageOffset: number; readonly near: 2 | 4 };

export interface Layout {
  readonly code: Uint8Array;
  /** Offsets in the segment, by label. */
  readonly labels: ReadonlyMap<number, number>;
  /** The first item's offset, and so on. */
  readonly offsets: readonly number[];
}

/** Longest way that padding takes with NOPs rather than with a jump. */
const fewestJumped = 8;

const number = (value: number, size: 1 | 2 | 4): number[] =>
  size === 4 ? d(value) : size === 2 ? w(value) : [value & 0xff];
const isByte = (value: number): boolean => value >= -128 && value <= 127;

/** A loop instruction leads out of reach over two jumps: LOOP +2; JMP SHORT over the next; JMP NEAR. */
const aroundBytes = (near: 2 | 4): number => 5 + near;

class Assembler {
  private readonly long: boolean[];
  private offsets: number[] = [];
  private readonly labels = new Map<number, number>();

  constructor(
    private readonly items: readonly Item[],
    private readonly origin: number,
    /** Where in a page the segment's offset 0 lies. */
    private readonly pageOffsetOfBase: number,
  ) {
    this.long = items.map((item) => item.kind === 'jump' && item.code.short === undefined);
  }

  run(): Layout {
    while (!this.place());
    const code = new Uint8Array(this.offsets.at(-1)! - this.origin);
    this.items.forEach((item, index) => code.set(this.bytesOf(item, index), this.offsets[index]! - this.origin));
    return { code, labels: this.labels, offsets: this.offsets };
  }
  /** Lays everything out once; tells whether no jump had to grow, which they do but once. */
  private place(): boolean {
    let at = this.origin;
    const offsets: number[] = [];
    this.items.forEach((item, index) => {
      offsets.push(at);
      if (item.kind === 'label') this.labels.set(item.label, at);
      at += this.sizeOf(item, index, at);
    });
    offsets.push(at);
    this.offsets = offsets;
    let grew = false;
    this.items.forEach((item, index) => {
      if (item.kind !== 'jump' || this.long[index]! || isByte(this.distance(item.to, index))) return;
      this.long[index] = true;
      grew = true;
    });
    return !grew;
  }
  private sizeOf(item: Item, index: number, at: number): number {
    switch (item.kind) {
      case 'label':
        return 0;
      case 'bytes':
        return item.bytes.length;
      case 'reference':
        return item.before.length + item.size + item.after.length;
      case 'align':
        return (item.pageOffset - at - this.pageOffsetOfBase) & 0xfff;
      case 'jump': {
        const { short, near } = item.code;
        if (!this.long[index]!) return short!.length + 1;
        return near === undefined ? short!.length + aroundBytes(item.near) - 1 : near.length + item.near;
      }
    }
  }
  private offsetOf(to: Target): number {
    if ('offset' in to) return to.offset;
    const found = this.labels.get(to.label);
    assert(found !== undefined, `label ${to.label} is placed`);
    return found + (to.plus ?? 0);
  }
  private distance(to: Target, index: number): number {
    return (this.offsetOf(to) - this.offsets[index + 1]!) | 0;
  }
  private bytesOf(item: Item, index: number): number[] {
    switch (item.kind) {
      case 'label':
        return [];
      case 'bytes':
        return [...item.bytes];
      case 'reference':
        return [
          ...item.before,
          ...number(this.offsetOf({ label: item.label, plus: item.plus }), item.size),
          ...item.after,
        ];
      case 'align':
        return this.padding(this.offsets[index + 1]! - this.offsets[index]!, item.near);
      case 'jump': {
        const { short, near } = item.code;
        const by = this.distance(item.to, index);
        if (!this.long[index]!) return [...short!, by & 0xff];
        if (near !== undefined) return [...near, ...number(by, item.near)];
        return [...short!, 2, 0xeb, 1 + item.near, 0xe9, ...number(by, item.near)];
      }
    }
  }
  private padding(bytes: number, near: 2 | 4): number[] {
    if (bytes < fewestJumped) return new Array<number>(bytes).fill(0x90);
    const by = bytes - 1 - near;
    return [0xe9, ...number(by, near), ...new Array<number>(by).fill(0xcc)];
  }
}

/** Lays items out from an offset of their segment on. */
export const assemble = (items: readonly Item[], origin: number, base: number): Layout =>
  new Assembler(items, origin, base & 0xfff).run();
