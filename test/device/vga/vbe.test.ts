import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { vbe, vbeIdentity, vbeMemoryBytes } from '../../../src/device/vga/vbe.js';
import { modes, plainVideoMemory } from './bench.js';

/** Numbers of the interface's registers. */
const at = {
  id: 0,
  width: 1,
  height: 2,
  bits: 3,
  enable: 4,
  bank: 5,
  virtualWidth: 6,
  virtualHeight: 7,
  x: 8,
  y: 9,
  memory: 10,
} as const;

function bench() {
  const videoMemory = new Uint8Array(vbeMemoryBytes);
  let moves = 0;
  const chip = createDevice(vbe, {
    lines: {},
    board: { videoMemory: plainVideoMemory(videoMemory), windowMoved: () => void moves++ },
  });
  const self = {
    chip,
    videoMemory,
    moves: () => moves,
    put(register: keyof typeof at, value: number): void {
      chip.write('dispiIndex', at[register], 2);
      chip.write('dispiData', value, 2);
    },
    get(register: keyof typeof at): number | undefined {
      chip.write('dispiIndex', at[register], 2);
      return chip.read('dispiData', 2);
    },
    /** Switches a mode on, and the screen with it. */
    mode(width: number, height: number, bits: number, enable = 0x41): void {
      self.put('enable', 0);
      self.put('width', width);
      self.put('height', height);
      self.put('bits', bits);
      self.put('enable', enable);
      chip.read('monochromeStatus');
      chip.read('status');
      chip.write('attribute', 0x20);
    },
    pixel(x: number, y: number): string {
      const { width, pixels } = chip.operations.frame();
      return Buffer.from(pixels.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)).toString('hex');
    },
  };
  // Memory answers at A0000h, at the colour addresses.
  chip.write('miscellaneousOutput', 0x67);
  return self;
}

describe('the display interface', () => {
  test('identifies itself and tells its memory and its greatest picture', () => {
    const made = bench();
    expect(made.get('id')).toBe(0xb0c5);
    expect(made.get('memory')).toBe(256);
    made.put('enable', 2);
    expect([made.get('width'), made.get('height'), made.get('bits')]).toEqual([2560, 1600, 32]);
    made.put('id', 0xb0c0);
    expect(made.get('id')).toBe(0xb0c0);
    made.put('id', 0x1234);
    expect(made.get('id')).toBe(0xb0c0);
  });

  test('is reached by words only', () => {
    const made = bench();
    expect(made.chip.write('dispiIndex', 4, 1)).toBe(false);
    expect(made.chip.read('dispiData', 1)).toBeUndefined();
  });

  test('clears the picture when a mode goes on, unless told not to', () => {
    const made = bench();
    made.videoMemory.fill(0x55);
    made.mode(640, 480, 8, 0xc1);
    expect(made.videoMemory[640 * 480 - 1]).toBe(0x55);
    made.mode(640, 480, 8);
    expect(made.videoMemory[640 * 480 - 1]).toBe(0);
    expect(made.videoMemory[640 * 480]).toBe(0x55);
  });

  test('shows each depth by its own bits', () => {
    const made = bench();
    const show = (bits: number, bytes: readonly number[]): string => {
      made.mode(800, 600, bits);
      const pixelBytes = (bits + 7) >> 3;
      made.videoMemory.set(bytes, (5 * 800 + 7) * pixelBytes);
      const { width, height } = made.chip.operations.frame();
      expect([width, height]).toEqual([800, 600]);
      return made.pixel(7, 5);
    };
    expect(show(32, [0x12, 0x34, 0x56, 0x99])).toBe('563412');
    expect(show(24, [0x12, 0x34, 0x56])).toBe('563412');
    expect(show(16, [0x1f, 0x00])).toBe('0000ff');
    expect(show(16, [0xe0, 0x07])).toBe('00ff00');
    expect(show(15, [0x00, 0x7c])).toBe('ff0000');
    made.chip.write('dacWriteAddress', 0x42);
    for (const part of [0x3f, 0x20, 0x00]) made.chip.write('dacData', part);
    expect(show(8, [0x42])).toBe('ff8200');
  });

  test('has a converter of eight bits when asked for', () => {
    const made = bench();
    made.mode(640, 480, 8, 0x61);
    made.chip.write('dacWriteAddress', 1);
    for (const part of [0xff, 0x81, 0x03]) made.chip.write('dacData', part);
    made.videoMemory[0] = 1;
    expect(made.pixel(0, 0)).toBe('ff8103');
    made.chip.write('dacReadAddress', 1);
    expect([1, 2, 3].map(() => made.chip.read('dacData'))).toEqual([0xff, 0x81, 0x03]);
  });

  test('pans in a larger picture', () => {
    const made = bench();
    made.mode(320, 200, 32);
    made.put('virtualWidth', 1000);
    expect(made.get('virtualHeight')).toBe(Math.floor(vbeMemoryBytes / 4000));
    made.put('x', 11);
    made.put('y', 22);
    made.videoMemory.set([1, 2, 3], (22 * 1000 + 11) * 4);
    expect(made.pixel(0, 0)).toBe('030201');
    made.put('x', 0xffff);
    expect(made.get('x')).toBe(680);
  });

  test('keeps the older planar colours at four bits, beyond 64 KiB of a plane through its banks', () => {
    const made = bench();
    for (let index = 0; index < 16; index++) {
      made.chip.read('status');
      made.chip.write('attribute', index);
      made.chip.write('attribute', index);
    }
    made.chip.read('status');
    made.chip.write('attribute', 0x12);
    made.chip.write('attribute', 0x0f);
    made.chip.write('dacWriteAddress', 5);
    for (const part of [0x3f, 0, 0x3f]) made.chip.write('dacData', part);
    made.mode(1024, 768, 4);
    made.chip.write('graphicsIndex', 8);
    made.chip.write('graphicsData', 0xff);
    made.chip.write('sequencerIndex', 2);
    made.chip.write('sequencerData', 5);
    made.put('bank', 1);
    made.chip.operations.writeMemory(0x100, 0x80); // Byte 10100h of planes 0 and 2: line 514, column 0.
    expect(made.pixel(0, 514)).toBe('ff00ff');
    expect(made.pixel(1, 514)).toBe('000000');
  });
});

test('any writes to the interface leave a picture that fits, and looking never fails', () => {
  const write = fc.record({
    register: fc.constantFrom(...(Object.keys(at) as (keyof typeof at)[])),
    value: fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 1, 4, 8, 0x41, 640, 1024, 2560, 5000)),
  });
  fc.assert(
    fc.property(fc.array(write, { maxLength: 12 }), (all) => {
      const made = bench();
      for (const { register, value } of all) made.put(register, value);
      const { width, height, pixels } = made.chip.operations.frame();
      expect(width * height * 4).toBe(pixels.length);
    }),
    { numRuns: 40 },
  );
});

describe('the direct window', () => {
  /** Mode 13h by registers. */
  function chained() {
    const made = bench();
    const { chip } = made;
    modes.colours256.sequencer.forEach((value, index) => {
      chip.write('sequencerIndex', index);
      chip.write('sequencerData', value);
    });
    modes.colours256.graphics.forEach((value, index) => {
      chip.write('graphicsIndex', index);
      chip.write('graphicsData', value);
    });
    return made;
  }

  test('reaches in mode 13h what the adapter reaches', () => {
    const made = chained();
    expect(made.chip.operations.directWindow()).toBe(0);
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xff), (offset, value) => {
        made.chip.operations.writeMemory(offset, value);
        expect(made.videoMemory[offset]).toBe(value);
        made.videoMemory[offset] = value ^ 0xff;
        expect(made.chip.operations.readMemory(offset)).toBe(value ^ 0xff);
      }),
    );
  });

  test('closes while the adapter changes what passes, and says so', () => {
    const made = chained();
    const before = made.moves();
    made.chip.write('graphicsIndex', 3);
    made.chip.write('graphicsData', 0x18);
    expect(made.chip.operations.directWindow()).toBeUndefined();
    made.chip.write('graphicsData', 0x00);
    expect(made.chip.operations.directWindow()).toBe(0);
    expect(made.moves()).toBe(before + 2);
  });

  test('follows the bank of a linear mode', () => {
    const made = bench();
    // A real set-up leaves the bit mask open.
    made.chip.write('graphicsIndex', 8);
    made.chip.write('graphicsData', 0xff);
    made.mode(1024, 768, 32);
    made.put('bank', 3);
    expect(made.chip.operations.directWindow()).toBe(0x30000);
    made.chip.operations.writeMemory(0x1234, 0x77);
    expect(made.videoMemory[0x31234]).toBe(0x77);
    made.put('enable', 0);
    expect(made.chip.operations.directWindow()).toBe(0);
  });
});

describe('the register range', () => {
  test('has the EDID with a right checksum', () => {
    const made = bench();
    const block = Array.from({ length: 128 }, (_, offset) => made.chip.operations.readRegister(offset, 1));
    expect(block.slice(0, 8)).toEqual([0, 255, 255, 255, 255, 255, 255, 0]);
    expect(block.reduce((sum, value) => sum + value, 0) & 0xff).toBe(0);
    expect([block[56]! | ((block[58]! >> 4) << 8), block[59]! | ((block[61]! >> 4) << 8)]).toEqual([1024, 768]);
  });

  test('has both register sets, and the byte order', () => {
    const { chip, put } = bench();
    const { readRegister, writeRegister } = chip.operations;
    expect(readRegister(0x500, 2)).toBe(0xb0c5);
    writeRegister(0x502, 1280, 2);
    put('height', 720);
    expect(readRegister(0x502, 4)).toBe(1280 + 720 * 0x10000);
    writeRegister(0x408, 0x0f, 1);
    expect(chip.read('dacWriteAddress')).toBe(0x0f);
    expect(readRegister(0x40c, 1)).toBe(0x67);
    expect([readRegister(0x600, 4), readRegister(0x604, 4)]).toEqual([8, 0x1e1e1e1e]);
    expect(readRegister(0xffc, 4)).toBe(0);
  });

  test('belongs to a function whose framebuffer holds the greatest picture', () => {
    expect(vbeIdentity.ranges?.[0]?.bytes).toBe(vbeMemoryBytes);
    expect(2560 * 1600 * 4).toBeLessThanOrEqual(vbeMemoryBytes);
  });
});
