import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { blockBytes } from '../../../src/device/vga/planes.js';
import { vga } from '../../../src/device/vga/vga.js';
import { type Action, anyAccess, anyAdvance, testChipProperties } from '../chip-properties.js';
import { bench, modes, plainVideoMemory, type Register } from './bench.js';

const registers = Object.keys(vga.registers) as Register[];
const offset = fc.oneof(fc.integer({ min: 0, max: 0x1ffff }), fc.integer({ min: 0x18000, max: 0x18fff }));
const byte = fc.integer({ min: 0, max: 0xff });

/** Indexed registers are written in pairs, so that every one of them is reached. */
const anyIndexed: fc.Arbitrary<readonly Action[]> = fc
  .record({ file: fc.constantFrom('sequencer', 'graphics', 'crtc', 'monochromeCrtc'), index: fc.nat(25), value: byte })
  .map(({ file, index, value }) => [
    { kind: 'write', register: `${file}Index`, value: index },
    { kind: 'write', register: `${file}Data`, value },
  ]);

const anyMemory: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constant('operation' as const),
    name: fc.constant('writeMemory'),
    arguments: fc.tuple(offset, byte),
  }),
  fc.record({ kind: fc.constant('operation' as const), name: fc.constant('readMemory'), arguments: fc.tuple(offset) }),
);

/** Most sequences turn memory and colour addresses on first, or they would reach little. */
const anySetUp: fc.Arbitrary<Action> = fc
  .constantFrom(0x67, 0x63, 0x66, 0x02)
  .map((value) => ({ kind: 'write', register: 'miscellaneousOutput', value }));

const anything = fc.oneof(
  anyAccess(registers),
  anyIndexed,
  anyMemory,
  { arbitrary: anySetUp, weight: 1 },
  anyAdvance(2_000_000),
);

/** A chip whose saved state has its memory in it, as a board's has. */
function withMemory() {
  const videoMemory = new Uint8Array(blockBytes);
  const chip = createDevice(vga, { lines: {}, board: { videoMemory: plainVideoMemory(videoMemory) } });
  return {
    ...chip,
    save: () => Buffer.concat([chip.save(), videoMemory]),
    load(saved: Uint8Array) {
      chip.load(saved.subarray(0, -blockBytes));
      videoMemory.set(saved.subarray(-blockBytes));
    },
    diff: (saved: Uint8Array) => [
      ...chip.diff(saved.subarray(0, -blockBytes)),
      ...(Buffer.compare(videoMemory, saved.subarray(-blockBytes)) === 0
        ? []
        : [{ path: 'videoMemory', left: '', right: '' }]),
    ],
    reset() {
      chip.reset();
      videoMemory.fill(0); // As at power-on.
    },
  };
}

describe('any use', () => {
  testChipProperties((_line) => withMemory(), anything, 100);
});

/** Register values near a real mode, so that frames stay of a size worth drawing. */
const nearAMode = fc.record({
  mode: fc.constantFrom(...Object.values(modes)),
  writes: fc.array(
    fc.record({
      file: fc.constantFrom('sequencer', 'graphics', 'crtc', 'attribute'),
      index: fc.nat(24),
      value: byte,
    }),
    { maxLength: 6 },
  ),
  memory: fc.array(fc.record({ at: offset, value: byte }), { maxLength: 20 }),
});

function built({ mode, writes, memory }: typeof nearAMode extends fc.Arbitrary<infer T> ? T : never) {
  const made = bench();
  made.setMode(mode);
  made.loadColours();
  for (const { at, value } of memory) made.write(at, value);
  for (const { file, index, value } of writes) made[file as 'sequencer'](index, value);
  return made;
}

test('a frame of any registers has as many pixels as it says, all opaque, and text that fits', () => {
  fc.assert(
    fc.property(nearAMode, (choice) => {
      const { width, height, pixels, text } = built(choice).frame();
      expect(pixels.length).toBe(width * height * 4);
      expect(pixels.every((value, at) => at % 4 !== 3 || value === 0xff)).toBe(true);
      if (text === undefined) return;
      expect(text.characters.length).toBe(text.columns * text.rows);
      expect(text.attributes.length).toBe(text.columns * text.rows);
      expect(text.cursor?.column ?? 0).toBeLessThan(text.columns);
      expect(text.cursor?.row ?? 0).toBeLessThan(text.rows || 1);
    }),
    { numRuns: 60 },
  );
});

test('looking at the screen changes nothing', () => {
  fc.assert(
    fc.property(nearAMode, (choice) => {
      const made = built(choice);
      const before = made.chip.save();
      void made.frame().pixels;
      expect(made.chip.diff(before)).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

test('a frame keeps showing its own moment, whatever happens to the chip before its pixels are looked at', () => {
  fc.assert(
    fc.property(nearAMode, fc.integer({ min: 1, max: 255 }), (choice, by) => {
      const made = built(choice);
      // Every part of memory looks different, so that whatever chooses a part of it can be seen.
      made.videoMemory.forEach((_, at) => (made.videoMemory[at] = (at * 31 + (at >> 7)) & 0xff));
      const expected = made.frame().pixels.slice();
      const frame = made.frame();
      const { state } = made.chip;
      const parts = [state.crtc, state.sequencer, state.graphics, state.attribute, state.dac.colours, made.videoMemory];
      for (const part of parts) part.forEach((value, at) => (part[at] = value ^ by));
      [state.frame, state.dac.mask, state.attributeIndex, state.beam] = [state.frame ^ 0x18, 0x55, 0, 0];
      expect(Buffer.compare(frame.pixels, expected)).toBe(0);
    }),
    { numRuns: 30 },
  );
});
