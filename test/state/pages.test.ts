import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pageBytes, PageImage, PageKeeper } from '../../src/state/pages.js';

const pages = 300; // More than one group.

/** A memory whose writes are all said, and what images of it must hold. */
class Side {
  readonly memory = new Uint8Array(pages * pageBytes);
  readonly keeper = new PageKeeper(this.memory);
  private written = new Set<number>();

  write(page: number, value: number): void {
    if (!this.written.has(page)) this.keeper.willWrite(page);
    this.written.add(page);
    this.memory[page * pageBytes + (value % pageBytes)] = value & 0xff;
  }
  save(): Saved {
    this.written.clear();
    return { image: this.keeper.image(), bytes: this.memory.slice() };
  }
  load({ image, bytes }: Saved): number[] {
    this.written.clear();
    const before = this.memory.slice();
    const changed: number[] = [];
    this.keeper.restore(image, (page) => changed.push(page));
    expect(equal(this.memory, bytes)).toBe(true);
    for (let page = 0; page < pages; page++) {
      if (!changed.includes(page)) expect(equal(pageOf(before, page), pageOf(bytes, page))).toBe(true);
    }
    return changed;
  }
}
interface Saved {
  readonly image: PageImage;
  readonly bytes: Uint8Array;
}
const pageOf = (bytes: Uint8Array, page: number): Uint8Array =>
  bytes.subarray(page * pageBytes, (page + 1) * pageBytes);
const equal = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

const side = fc.integer({ min: 0, max: 1 });
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('write' as const), side, page: fc.nat(pages - 1), value: fc.nat() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('save' as const), side }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('load' as const), side, which: fc.nat() }) },
);

test('an image holds what memory held when it was made, on whichever of two machines it is loaded, whatever came between', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const sides = [new Side(), new Side()] as const;
      const saved: Saved[] = [];
      for (const each of actions) {
        const at = sides[each.side as 0 | 1];
        if (each.do === 'write') at.write(each.page, each.value);
        else if (each.do === 'save') saved.push(at.save());
        else if (saved.length > 0) at.load(saved[each.which % saved.length]!);
      }
      for (const { image, bytes } of saved) expect(equal(image.bytes(), bytes)).toBe(true);
      for (const [left, right] of saved.slice(1).map((each, index) => [saved[index]!, each] as const)) {
        const differs = left.bytes.findIndex((byte, offset) => byte !== right.bytes[offset]);
        expect(left.image.firstDifference(right.image)).toBe(differs < 0 ? undefined : differs);
      }
    }),
    { numRuns: 60 },
  );
});

test('loading an image writes only pages that were written since', () => {
  const one = new Side();
  one.write(3, 1);
  const saved = one.save();
  one.write(7, 1);
  one.write(290, 1);
  expect(one.load(saved)).toEqual([7, 290]);
});

test('an image of plain bytes can be loaded', () => {
  const bytes = Uint8Array.from({ length: pages * pageBytes }, (_, at) => (at * 7) & 0xff);
  new Side().load({ image: PageImage.of(bytes), bytes });
});
