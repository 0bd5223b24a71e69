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
  /** Somebody looks at what was written: it is said again from now on. */
  look(): void {
    this.written.clear();
  }
  save(): Saved {
    this.look();
    return { image: this.keeper.image(), bytes: this.memory.slice() };
  }
  load({ image, bytes }: Saved): number[] {
    this.look();
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
/** Few, so that they are written again and again, and of both groups. */
const page = fc.oneof(fc.integer({ min: 250, max: 260 }), fc.nat(pages - 1));
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('write' as const), side, page, value: fc.nat() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('look' as const), side }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('save' as const), side }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('load' as const), side, which: fc.nat() }) },
);

test('an image holds what memory held when it was made, on whichever of two machines it is loaded, whatever came between', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 10, maxLength: 80, size: 'max' }), (actions) => {
      const sides = [new Side(), new Side()] as const;
      const saved: Saved[] = [];
      for (const each of actions) {
        const at = sides[each.side as 0 | 1];
        if (each.do === 'write') at.write(each.page, each.value);
        else if (each.do === 'look') at.look();
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

/** Which of the images have each copied page, by the buffer that it lies in. */
function holdersByBuffer(images: readonly PageImage[]): Map<Uint8Array, Map<number, number[]>> {
  const found = new Map<Uint8Array, Map<number, number[]>>();
  for (const [number, { groups }] of images.entries()) {
    for (const { held, at } of groups.flat()) {
      if (held === undefined) continue;
      const pagesOfBuffer = found.get(held) ?? new Map<number, number[]>();
      found.set(held, pagesOfBuffer.set(at, [...new Set([...(pagesOfBuffer.get(at) ?? []), number])]));
    }
  }
  return found;
}

test('without going back, copies of pages share a buffer only where they are in the same images, and at most half of it is empty', () => {
  const stretch = fc.record({ first: fc.nat(pages - 1), count: fc.nat(20) });
  const writes = fc.array(fc.array(stretch, { maxLength: 6 }), { minLength: 3, maxLength: 8 });
  fc.assert(
    fc.property(writes, (intervals) => {
      const one = new Side();
      const saved = intervals.map((stretches) => {
        for (const { first, count } of stretches)
          for (let at = 0; at < count; at++) one.write((first + at) % pages, at + 1);
        return one.save();
      });
      let [room, copies] = [0, 0];
      for (const [buffer, holders] of holdersByBuffer(saved.map(({ image }) => image))) {
        expect(new Set([...holders.values()].map(String)).size).toBe(1);
        room += buffer.length;
        copies += holders.size * pageBytes;
      }
      expect(room).toBeLessThanOrEqual(2 * copies);
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

test('a memory of 2 GiB has images, its last page among them', () => {
  const memory = new Uint8Array(2 ** 31);
  const keeper = new PageKeeper(memory);
  const last = 2 ** 31 / pageBytes - 1;
  keeper.willWrite(last);
  memory[last * pageBytes] = 7;
  const image = keeper.image();
  keeper.willWrite(last);
  memory[last * pageBytes] = 8;
  expect(image.page(last)[0]).toBe(7);
  keeper.restore(image, (page) => expect(page).toBe(last));
  expect(memory[last * pageBytes]).toBe(7);
});
