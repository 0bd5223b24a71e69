import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bench, modes, textBench } from './bench.js';

/** What the write and read pipelines depend on. */
interface Pipeline {
  readonly setReset: number;
  readonly enableSetReset: number;
  readonly compare: number;
  readonly rotate: number;
  readonly operation: number;
  readonly readMap: number;
  readonly writeMode: number;
  readonly readMode: number;
  readonly oddEvenRead: boolean;
  readonly chain: boolean;
  readonly map: number;
  readonly care: number;
  readonly bitMask: number;
  readonly mapMask: number;
  readonly sequential: boolean;
  readonly chain4: boolean;
}

const nibble = fc.integer({ min: 0, max: 15 });
const byte = fc.integer({ min: 0, max: 255 });
const two = fc.integer({ min: 0, max: 3 });
const pipelines: fc.Arbitrary<Pipeline> = fc.record({
  setReset: nibble,
  enableSetReset: nibble,
  compare: nibble,
  rotate: fc.integer({ min: 0, max: 7 }),
  operation: two,
  readMap: two,
  writeMode: two,
  readMode: fc.integer({ min: 0, max: 1 }),
  oddEvenRead: fc.boolean(),
  chain: fc.boolean(),
  map: two,
  care: nibble,
  bitMask: byte,
  mapMask: nibble,
  sequential: fc.boolean(),
  chain4: fc.boolean(),
});

function program(chip: ReturnType<typeof bench>, p: Pipeline): void {
  chip.out('miscellaneousOutput', 0x03);
  chip.sequencer(2, p.mapMask);
  chip.sequencer(4, 0x02 | (p.sequential ? 4 : 0) | (p.chain4 ? 8 : 0));
  chip.graphics(0, p.setReset);
  chip.graphics(1, p.enableSetReset);
  chip.graphics(2, p.compare);
  chip.graphics(3, p.rotate | (p.operation << 3));
  chip.graphics(4, p.readMap);
  chip.graphics(5, p.writeMode | (p.readMode << 3) | (p.oddEvenRead ? 0x10 : 0));
  chip.graphics(6, (p.chain ? 2 : 0) | (p.map << 2));
  chip.graphics(7, p.care);
  chip.graphics(8, p.bitMask);
}

/** The size and start of each memory map, in hexadecimal addresses as the manual prints them. */
const windows = [
  [0xa0000, 0xbffff],
  [0xa0000, 0xaffff],
  [0xb0000, 0xb7fff],
  [0xb8000, 0xbffff],
] as const;

/**
 * The manual's pipeline, bit by bit and apart from the chip: memory is a map from "plane:offset:bit" to a bit, latches
 * are 32 bits.
 */
class Model {
  private readonly bits = new Map<string, boolean>();
  private readonly latches = new Map<string, boolean>();

  constructor(private readonly content: (plane: number, offset: number) => number) {}

  /** Every bit that was written: plane, offset, bit, value. */
  written(): (readonly [number, number, number, boolean])[] {
    return [...this.bits].map(([key, value]) => [...(key.split(':').map(Number) as [number, number, number]), value]);
  }

  private place(p: Pipeline, address: number): { readonly offset: number; readonly low: number } | undefined {
    const [first, last] = windows[p.map]!;
    if (address < first || address > last) return undefined;
    const inside = address - first;
    const digits = inside.toString(2).padStart(17, '0').split(''); // A16 first.
    const at = (line: number): string => digits[16 - line]!;
    const lines = Array.from({ length: 16 }, (_, line) => at(line));
    if (p.chain4) [lines[0], lines[1]] = [at(14), at(15)];
    else if (p.chain) lines[0] = at(16);
    return { offset: parseInt(lines.reverse().join(''), 2), low: inside % 4 };
  }

  private reached(p: Pipeline, plane: number, low: number): boolean {
    if (((p.mapMask >> plane) & 1) === 0) return false;
    if (p.chain4) return plane === low;
    return p.sequential || plane % 2 === low % 2;
  }

  write(p: Pipeline, address: number, value: number): void {
    const place = this.place(p, address);
    if (place === undefined) return;
    for (let plane = 0; plane < 4; plane++) {
      if (!this.reached(p, plane, place.low)) continue;
      for (let bit = 0; bit < 8; bit++) {
        const rotated = ((value >> ((bit + p.rotate) % 8)) & 1) !== 0;
        const key = `${plane}:${place.offset}:${bit}`;
        this.bits.set(key, this.newBit(p, plane, bit, value, rotated));
      }
    }
  }

  private newBit(p: Pipeline, plane: number, bit: number, value: number, rotated: boolean): boolean {
    const latch = this.latches.get(`${plane}:${bit}`) ?? false;
    if (p.writeMode === 1) return latch;
    const set = ((p.setReset >> plane) & 1) !== 0;
    const enabled = ((p.enableSetReset >> plane) & 1) !== 0;
    const data = [enabled ? set : rotated, false, ((value >> plane) & 1) !== 0, set][p.writeMode]!;
    const open = ((p.bitMask >> bit) & 1) !== 0 && (p.writeMode !== 3 || rotated);
    if (!open) return latch;
    return [data, data && latch, data || latch, data !== latch][p.operation]!;
  }

  read(p: Pipeline, address: number): number {
    const place = this.place(p, address);
    if (place === undefined) return 0xff;
    for (let plane = 0; plane < 4; plane++) {
      for (let bit = 0; bit < 8; bit++) {
        const untouched = ((this.content(plane, place.offset) >> bit) & 1) !== 0;
        this.latches.set(`${plane}:${bit}`, this.bits.get(`${plane}:${place.offset}:${bit}`) ?? untouched);
      }
    }
    const plane = p.chain4 ? place.low : p.oddEvenRead ? (p.readMap & 2) + (place.low & 1) : p.readMap;
    let result = 0;
    for (let bit = 0; bit < 8; bit++) {
      const matches = [0, 1, 2, 3].every(
        (each) =>
          ((p.care >> each) & 1) === 0 || this.latches.get(`${each}:${bit}`) === ((p.compare >> each) % 2 === 1),
      );
      if (p.readMode === 1 ? matches : this.latches.get(`${plane}:${bit}`)) result |= 1 << bit;
    }
    return result;
  }
}

/** A place inside a memory map, few enough that accesses meet, with the address bits that chaining moves. */
const places = fc
  .tuple(fc.constantFrom(0, 0, 0, 0x4000, 0x8000, 0xc000, 0x10000), fc.integer({ min: 0, max: 5 }))
  .map(([high, low]) => high + low);

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ place: places, value: byte }) },
    { weight: 4, arbitrary: fc.record({ place: places }) },
    { weight: 1, arbitrary: fc.record({ pipeline: pipelines }) },
  ),
  { minLength: 1, maxLength: 40 },
);

/** Planes' bytes at the start, repeated over each plane. */
const contents = fc.uint8Array({ minLength: 7, maxLength: 7 });

test('any accesses answer and leave what the manual’s pipeline does, bit by bit', () => {
  fc.assert(
    fc.property(pipelines, contents, steps, (first, content, all) => {
      const chip = bench();
      const model = new Model((plane, offset) => content[(plane * 3 + offset) % 7]!);
      for (let at = 0; at < 0x40000; at++) chip.poke(at & 3, at >> 2, content[((at & 3) * 3 + (at >> 2)) % 7]!);
      let pipeline = first;
      program(chip, pipeline);
      for (const step of all) {
        if ('pipeline' in step) {
          pipeline = step.pipeline;
          program(chip, pipeline);
          continue;
        }
        const address = Math.min(windows[pipeline.map]![0] + step.place, 0xbffff);
        if ('value' in step) {
          chip.write(address - 0xa0000, step.value);
          model.write(pipeline, address, step.value);
        } else {
          expect(chip.read(address - 0xa0000)).toBe(model.read(pipeline, address));
        }
      }
      for (const [plane, offset, bit, value] of model.written()) {
        expect(((chip.peek(plane, offset) >> bit) & 1) !== 0).toBe(value);
      }
    }),
    { numRuns: 400 },
  );
});

describe('memory', () => {
  test('does not answer while the miscellaneous output keeps it off', () => {
    const chip = textBench();
    chip.print(0, 'A');
    chip.out('miscellaneousOutput', 0x65);
    expect(chip.read(0x18000)).toBe(0xff);
    chip.write(0x18000, 0x42);
    chip.out('miscellaneousOutput', 0x67);
    expect(chip.read(0x18000)).toBe(0x41);
  });

  test('of a text mode has characters in plane 0 and attributes in plane 1', () => {
    const chip = textBench();
    chip.print(1, 'A', 0x1e);
    expect(chip.peek(0, 2)).toBe(0x41);
    expect(chip.peek(1, 2)).toBe(0x1e);
    expect([2, 3].map((at) => chip.read(0x18000 + at))).toEqual([0x41, 0x1e]);
    expect(chip.read(0x10000)).toBe(0xff);
  });

  test('of the 256-colour mode is spread over the planes, sixteen KiB apart again in the freed address bits', () => {
    const chip = bench();
    chip.setMode(modes.colours256);
    for (const at of [0, 1, 2, 3, 0x4000, 0xfa00 - 1]) chip.write(at, (at & 0x7f) | 0x80);
    expect([0, 1, 2, 3].map((plane) => chip.peek(plane, 0))).toEqual([0x80, 0x81, 0x82, 0x83]);
    expect(chip.peek(0, 0x4001)).toBe(0x80);
    expect(chip.peek(3, 0xf9ff)).toBe(0xff);
    for (const at of [0, 1, 2, 3, 0x4000, 0xfa00 - 1]) expect(chip.read(at)).toBe((at & 0x7f) | 0x80);
  });

  test('copies four planes at once with write mode 1', () => {
    const chip = bench();
    chip.setMode(modes.planar640);
    [0x11, 0x22, 0x44, 0x88].forEach((value, plane) => {
      chip.sequencer(2, 1 << plane);
      chip.write(100, value);
    });
    chip.sequencer(2, 0x0f);
    chip.graphics(5, 0x01);
    chip.read(100);
    chip.write(7, 0x00);
    expect([0, 1, 2, 3].map((plane) => chip.peek(plane, 7))).toEqual([0x11, 0x22, 0x44, 0x88]);
  });
});

/** Odd/even addressing into one plane: two addresses reach one byte, and the fill goes down. */
const backwardWhereTwoAddressesMeet: [
  Pipeline,
  { from: number; to: number; near: number; isNear: boolean },
  { width: 1 | 2 | 4; count: number; backward: boolean; fills: boolean },
  number,
] = [
  {
    ...{ setReset: 0, enableSetReset: 0, compare: 0, rotate: 0, operation: 0, readMap: 0, writeMode: 0, readMode: 0 },
    ...{ oddEvenRead: false, chain: true, map: 0, care: 0, bitMask: 1, mapMask: 1, sequential: true, chain4: false },
  },
  { from: 98_321, to: 100, near: 0, isNear: true },
  { width: 2, count: 2, backward: true, fills: true },
  -123_296_165,
];

test('elements that are filled or copied many at once leave what single ones do', () => {
  const width = fc.constantFrom(1 as const, 2 as const, 4 as const);
  const offset = fc.oneof(fc.integer({ min: 0x18000 - 40, max: 0x18000 + 40 }), fc.integer({ min: 100, max: 0x1ff00 }));
  const run = fc.record({ from: offset, to: offset, near: fc.integer({ min: -9, max: 9 }), isNear: fc.boolean() });
  const shape = fc.record({
    width,
    count: fc.integer({ min: 1, max: 20 }),
    backward: fc.boolean(),
    fills: fc.boolean(),
  });
  fc.assert(
    fc.property(pipelines, run, shape, fc.integer(), (pipeline, { from, to, near, isNear }, each, value) => {
      const step = each.backward ? -each.width : each.width;
      const target = isNear ? from + near : to;
      const [one, many] = [bench(), bench()];
      for (const chip of [one, many]) {
        program(chip, pipeline);
        chip.videoMemory.forEach((_, at) => (chip.videoMemory[at] = (at * 37 + (at >> 7)) & 0xff));
      }
      const single = one.chip.operations.planeAccess();
      for (let at = 0, left = each.count; left > 0; left--, at += step) {
        single.write(target + at, each.fills ? value : single.read(from + at, each.width), each.width);
      }
      const whole = many.chip.operations.planeAccess();
      if (each.fills) whole.fill(target, value, each.width, each.count, step);
      else whole.copy(from, target, each.width, each.count, step);
      expect(Buffer.compare(many.videoMemory, one.videoMemory)).toBe(0);
      expect(many.chip.state.latches).toEqual(one.chip.state.latches);
    }),
    { numRuns: 150, examples: [backwardWhereTwoAddressesMeet] },
  );
});
