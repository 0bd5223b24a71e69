import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { vbe } from '../../../src/device/vga/vbe.js';
import { planesAt } from '../../../src/device/vga/planes.js';
import type { Frame } from '../../../src/screen/frame.js';
import { pageBytes, PageKeeper } from '../../../src/state/pages.js';
import { modes, plainVideoMemory } from './bench.js';

const memoryBytes = 1 << 20;

/** An adapter whose memory keeps account of what is written, as a machine's does, with shorthands. */
class Adapter {
  readonly memory = new Uint8Array(memoryBytes);
  private readonly keeper = new PageKeeper(this.memory);
  readonly chip = createDevice(vbe, {
    lines: {},
    board: {
      videoMemory: {
        bytes: this.memory,
        willWrite: (offset, bytes) => this.willWrite(offset, bytes),
        mapping: undefined,
        image: () => this.keeper.image(),
      },
    },
  });

  private willWrite(offset: number, bytes: number): void {
    for (let page = Math.floor(offset / pageBytes); page * pageBytes < offset + bytes; page++)
      this.keeper.willWrite(page);
  }
  /** Writes memory as the processor does behind the adapter's back. */
  poke(offset: number, bytes: Uint8Array): void {
    const part = bytes.subarray(0, memoryBytes - offset);
    this.willWrite(offset, part.length);
    this.memory.set(part, offset);
  }
  private indexed(file: 'sequencer' | 'graphics' | 'crtc', index: number, value: number): void {
    this.chip.write(`${file}Index`, index);
    this.chip.write(`${file}Data`, value);
  }
  private attribute(index: number, value: number): void {
    this.chip.read('status');
    this.chip.write('attribute', index);
    this.chip.write('attribute', value);
    this.chip.write('attribute', 0x20);
  }
  setMode(name: keyof typeof modes): void {
    const values = modes[name];
    this.dispi(4, 0);
    this.chip.write('miscellaneousOutput', values.miscellaneous);
    this.indexed('crtc', 0x11, 0);
    for (const file of ['sequencer', 'crtc', 'graphics'] as const)
      values[file].forEach((value, index) => this.indexed(file, index, value));
    values.attribute.forEach((value, index) => this.attribute(index, value));
  }
  setLinear(width: number, height: number, bitsPerPixel: number): void {
    this.dispi(4, 0);
    this.dispi(1, width);
    this.dispi(2, height);
    this.dispi(3, bitsPerPixel);
    this.dispi(4, 0xc1);
  }
  dispi(register: number, value: number): void {
    this.chip.write('dispiIndex', register, 2);
    this.chip.write('dispiData', value, 2);
  }
  register(file: 'sequencer' | 'graphics' | 'crtc' | 'attribute', index: number, value: number): void {
    if (file === 'attribute') this.attribute(index, value);
    else this.indexed(file, index, value);
  }
  colour(index: number, part: number): void {
    this.chip.write('dacWriteAddress', index);
    for (const by of [1, 3, 7]) this.chip.write('dacData', (part * by) & 0x3f);
  }
}

const byte = fc.nat(255);
type Step = (adapter: Adapter) => void;
const offset = fc.oneof(fc.nat(memoryBytes - 1), fc.nat(0x3000), fc.integer({ min: 0x20000, max: 0x21000 }));
const small = fc.uint8Array({ minLength: 1, maxLength: 40 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(offset, small).map(
    ([at, bytes]): Step =>
      (adapter) =>
        adapter.poke(at, bytes),
  ),
  // A part of the first character map.
  fc.tuple(fc.nat(0x1fff), byte).map(
    ([at, value]): Step =>
      (adapter) =>
        adapter.poke(planesAt(at) + 2, Uint8Array.of(value)),
  ),
  fc.tuple(fc.nat(0x1ffff), byte).map(
    ([at, value]): Step =>
      ({ chip }) =>
        chip.operations.writeMemory(at, value),
  ),
  fc.tuple(fc.constantFrom('sequencer', 'graphics', 'crtc', 'attribute'), fc.nat(24), byte).map(
    ([file, index, value]): Step =>
      (adapter) =>
        adapter.register(file, index, value),
  ),
  // The cursor, and the start of the picture with its panning.
  fc.tuple(fc.constantFrom(0x08, 0x0a, 0x0b, 0x0d, 0x0e, 0x0f, 0x18), byte).map(
    ([index, value]): Step =>
      (adapter) =>
        adapter.register('crtc', index, value),
  ),
  fc.tuple(byte, byte).map(
    ([index, part]): Step =>
      (adapter) =>
        adapter.colour(index, part),
  ),
  fc.nat(3_000_000).map(
    (ticks): Step =>
      ({ chip }) =>
        chip.advance(ticks),
  ),
  fc.constantFrom(...(Object.keys(modes) as (keyof typeof modes)[])).map(
    (name): Step =>
      (adapter) =>
        adapter.setMode(name),
  ),
  fc.tuple(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 60 }), fc.constantFrom(4, 8, 15, 16, 24, 32)).map(
    ([width, height, bits]): Step =>
      (adapter) =>
        adapter.setLinear(width * 8, height, bits),
  ),
  fc.tuple(fc.constantFrom(6, 8, 9), fc.nat(900)).map(
    ([register, value]): Step =>
      (adapter) =>
        adapter.dispi(register, value),
  ),
);

/** The frame of a chip that never drew one, of the same state. */
function drawnWhole(adapter: Adapter): Frame {
  const other = createDevice(vbe, { lines: {}, board: { videoMemory: plainVideoMemory(adapter.memory.slice()) } });
  other.load(adapter.chip.save());
  const { width, height, pixels, text } = other.operations.frame();
  return { width, height, pixels, ...(text === undefined ? {} : { text }) };
}

/** Every part of memory looks different, so that whatever changes in it can be seen. */
const pattern = Uint8Array.from({ length: memoryBytes }, (_, at) => (at * 31 + (at >> 7)) & 0xff);

/** What is asked of a frame, now or only after the next one was asked for. */
const looks = fc.constantFrom('pixels', 'text', 'later', 'nothing');

test('frames drawn where something changed are those that are drawn whole', () => {
  const rounds = fc.array(fc.tuple(fc.array(steps, { maxLength: 4 }), looks), { minLength: 2, maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...(Object.keys(modes) as (keyof typeof modes)[])), rounds, (mode, all) => {
      const adapter = new Adapter();
      adapter.poke(0, pattern);
      adapter.setMode(mode);
      const later: { readonly frame: Frame; readonly expected: Frame }[] = [];
      const check = (frame: Frame, expected: Frame): void => {
        expect([frame.width, frame.height]).toEqual([expected.width, expected.height]);
        expect(frame.text).toEqual(expected.text);
        expect(Buffer.compare(frame.pixels, expected.pixels)).toBe(0);
      };
      for (const [changes, look] of all) {
        for (const change of changes) change(adapter);
        const frame = adapter.chip.operations.frame();
        if (look === 'nothing') continue;
        const expected = drawnWhole(adapter);
        if (look === 'later') later.push({ frame, expected });
        else if (look === 'text') expect(frame.text).toEqual(expected.text);
        else check(frame, expected);
      }
      for (const { frame, expected } of later.reverse()) check(frame, expected);
    }),
    { numRuns: 80 },
  );
});

test('a frame is the one before where nothing changed that it shows, and another one where something did', () => {
  const adapter = new Adapter();
  adapter.setMode('text80');
  const first = adapter.chip.operations.frame();
  expect(adapter.chip.operations.frame()).toBe(first);
  adapter.poke(0x80000, Uint8Array.of(1));
  adapter.chip.write('crtcIndex', 5);
  expect(adapter.chip.operations.frame()).toBe(first);
  adapter.poke(0, Uint8Array.of(0x41, 7));
  const second = adapter.chip.operations.frame();
  expect(second).not.toBe(first);
  expect(second.text!.characters[0]).toBe(0x41);
  expect(first.text!.characters[0]).toBe(0);
});

test('a changed character map is seen wherever its characters are shown', () => {
  const adapter = new Adapter();
  adapter.setMode('text80');
  for (let cell = 0; cell < 2000; cell++) adapter.poke(planesAt(2 * cell), Uint8Array.of(0, 0x07));
  adapter.colour(7, 9);
  const before = adapter.chip.operations.frame().pixels;
  adapter.poke(planesAt(3) + 2, Uint8Array.of(0xff));
  const after = adapter.chip.operations.frame().pixels;
  expect(Buffer.compare(after, drawnWhole(adapter).pixels)).toBe(0);
  expect(after.filter((value, at) => value !== before[at]).length).toBeGreaterThan(25 * 80 * 8);
});
