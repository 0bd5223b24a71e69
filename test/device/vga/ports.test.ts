import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bench, modes, type Register } from './bench.js';

describe('the CRT controller', () => {
  test('answers at 3Dxh or at 3Bxh, as the miscellaneous output says, and the other address is an open bus', () => {
    const chip = bench();
    chip.out('miscellaneousOutput', 0x01);
    expect(chip.out('crtcIndex', 0x0f)).toBe(true);
    expect(chip.out('crtcData', 0x5a)).toBe(true);
    expect(chip.in('monochromeCrtcData')).toBeUndefined();
    expect(chip.out('monochromeCrtcData', 0x11)).toBe(false);
    chip.out('miscellaneousOutput', 0x00);
    expect(chip.in('monochromeCrtcIndex')).toBe(0x0f);
    expect(chip.in('monochromeCrtcData')).toBe(0x5a);
    expect(chip.in('crtcData')).toBeUndefined();
    expect(chip.in('status')).toBeUndefined();
    expect(chip.in('monochromeStatus')).toBeDefined();
  });

  test('keeps registers 0 to 7 while protected, but for bit 8 of the line compare', () => {
    const chip = bench();
    chip.setMode(modes.text80);
    expect(chip.chip.state.crtc[0x11]! & 0x80).toBe(0x80);
    for (let index = 0; index < 7; index++) chip.crtc(index, 0xff);
    expect([...chip.chip.state.crtc.subarray(0, 7)]).toEqual(modes.text80.crtc.slice(0, 7));
    chip.crtc(7, 0x00);
    expect(chip.in('crtcData')).toBe(0x0f);
    chip.crtc(7, 0xf0);
    expect(chip.in('crtcData')).toBe(0x1f);
    chip.crtc(0x11, 0x0e);
    chip.crtc(7, 0x00);
    expect(chip.in('crtcData')).toBe(0x00);
  });
});

describe('the attribute controller', () => {
  test('takes index and data in turn at one port, and a status read makes the next write an index', () => {
    const chip = bench();
    chip.out('miscellaneousOutput', 0x01);
    chip.out('attribute', 0x12);
    chip.out('attribute', 0x0f);
    chip.out('attribute', 0x13);
    chip.in('status');
    chip.out('attribute', 0x12);
    expect(chip.in('attribute')).toBe(0x12);
    expect(chip.in('attributeData')).toBe(0x0f);
    expect([...chip.chip.state.attribute.subarray(0x12, 0x14)]).toEqual([0x0f, 0x00]);
  });

  test('lets the palette be changed only while the display does not use it', () => {
    const chip = bench();
    for (const [index, value] of [
      [0x05, 0x11],
      [0x25, 0x22],
      [0x31, 0x33],
    ] as const) {
      chip.out('attribute', index);
      chip.out('attribute', value);
    }
    expect(chip.chip.state.attribute[5]).toBe(0x11);
    expect(chip.chip.state.attribute[0x11]).toBe(0x33);
  });
});

describe('the digital-to-analog converter', () => {
  test('takes six bits of red, green and blue in turn and moves on, also past the last colour', () => {
    const chip = bench();
    chip.out('dacWriteAddress', 255);
    for (const value of [0xff, 0x10, 0x20, 1, 2, 3]) chip.out('dacData', value);
    expect(chip.in('dacReadAddress')).toBe(0);
    chip.out('dacReadAddress', 255);
    expect(chip.in('dacReadAddress')).toBe(3);
    expect(Array.from({ length: 6 }, () => chip.in('dacData'))).toEqual([0x3f, 0x10, 0x20, 1, 2, 3]);
  });

  test('changes a colour with its third part, not before', () => {
    const chip = bench();
    chip.out('dacWriteAddress', 7);
    chip.out('dacData', 9);
    chip.out('dacData', 9);
    chip.out('dacReadAddress', 7);
    expect(Array.from({ length: 3 }, () => chip.in('dacData'))).toEqual([0, 0, 0]);
  });

  test('gives back every colour of any palette', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 768, maxLength: 768, max: 63 }), fc.nat(255), (colours, first) => {
        const chip = bench();
        chip.out('dacWriteAddress', first);
        for (const value of colours) chip.out('dacData', value);
        chip.out('dacReadAddress', first);
        expect(Array.from(colours, () => chip.in('dacData'))).toEqual([...colours]);
      }),
      { numRuns: 20 },
    );
  });
});

describe('every register', () => {
  const files = [
    { index: 'sequencerIndex', data: 'sequencerData', kept: [0x03, 0x3d, 0x0f, 0x3f, 0x0e] },
    { index: 'graphicsIndex', data: 'graphicsData', kept: [0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff] },
  ] as const satisfies readonly { index: Register; data: Register; kept: readonly number[] }[];

  test('reads back the bits it has, and an index without a register reads zero', () => {
    const chip = bench();
    for (const { index, data, kept } of files) {
      for (let register = 0; register < 16; register++) {
        chip.out(index, register);
        chip.out(data, 0xff);
        expect(chip.in(data)).toBe(kept[register] ?? 0);
      }
    }
  });

  test('of the miscellaneous output and the feature control has its own address to be read back', () => {
    const chip = bench();
    chip.out('miscellaneousOutput', 0xff);
    expect(chip.in('miscellaneousOutputBack')).toBe(0xef);
    chip.out('status', 0x03);
    expect(chip.in('featureControl')).toBe(0x03);
    expect(chip.in('miscellaneousOutput')).toBe(0x10);
  });

  test('but the subsystem enable is silent while that is off', () => {
    const chip = bench();
    chip.out('dacMask', 0x5a);
    chip.out('subsystemEnable', 0);
    expect(chip.in('dacMask')).toBeUndefined();
    expect(chip.out('dacMask', 0)).toBe(false);
    expect(chip.in('subsystemEnable')).toBe(0);
    chip.out('subsystemEnable', 1);
    expect(chip.in('dacMask')).toBe(0x5a);
  });
});
