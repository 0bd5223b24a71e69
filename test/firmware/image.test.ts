import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../src/base/digest.js';
import { hotPlugBiosImage, hotPlugBiosSha256 } from '../../src/firmware/hot-plug-image.js';
import { biosImage, biosSha256 } from '../../src/firmware/image.js';

const image = biosImage();
/** The half that fills segment F000h; the lower half is the 32-bit part and the larger fonts. */
const rom = image.subarray(0x10000);
const view = new DataView(rom.buffer, rom.byteOffset);
const buildScript = fileURLToPath(new URL('../../src/firmware/build/build.sh', import.meta.url));

const has = (tool: string): boolean => {
  try {
    execFileSync(tool, [tool === 'iasl' ? '-v' : '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** Where the near jump at an address of segment F000h leads. */
function jumpTarget(address: number): number {
  expect(rom[address]).toBe(0xe9);
  return (address + 3 + view.getInt16(address + 1, true)) & 0xffff;
}

describe('the firmware image', () => {
  test('is 128 KiB and has the digest it names', () => {
    expect(image).toHaveLength(0x20000);
    expect(sha256Hex(image)).toBe(biosSha256);
  });

  test('is a fresh copy each time', () => {
    const before = image[0]!;
    image[0] = ~before;
    expect(biosImage()[0]).toBe(before);
    image[0] = before;
  });

  test('begins at the reset vector with a far jump to the power-on entry', () => {
    expect([...rom.subarray(0xfff0, 0xfff5)]).toEqual([0xea, 0x5b, 0xe0, 0x00, 0xf0]);
    expect(jumpTarget(0xe05b)).toBeGreaterThanOrEqual(0x900);
  });

  test('says AT in the model byte and in the configuration table', () => {
    expect(rom[0xfffe]).toBe(0xfc);
    expect([...rom.subarray(0xe6f5, 0xe6fa)]).toEqual([8, 0, 0xfc, 1, 0]);
  });

  test('keeps the entry points that programs know by address', () => {
    const entries = [0xe2c3, 0xe3fe, 0xe6f2, 0xe739, 0xe82e, 0xe987, 0xec59, 0xef57, 0xefd2, 0xf065, 0xf841, 0xf84d];
    for (const entry of [...entries, 0xf859, 0xfe6e, 0xfea5]) {
      const target = jumpTarget(entry);
      expect(target).toBeGreaterThanOrEqual(0x900);
      expect(target).not.toBe(0xffff);
    }
    expect(rom[0xff53]).toBe(0xcf);
  });

  test('keeps the tables that programs know by address', () => {
    expect([...rom.subarray(0xefc7, 0xefd2)]).toEqual([0xdf, 2, 0x25, 2, 18, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 8]);
    expect([...rom.subarray(0xf0a4, 0xf0a8)]).toEqual([0x38, 0x28, 0x2d, 0x0a]);
    expect([...rom.subarray(0xfa6e, 0xfa76)]).toEqual(Array.from({ length: 8 }, () => 0));
    expect(rom.subarray(0xfa6e + 8 * 0x41, 0xfa6e + 8 * 0x42).some((row) => row !== 0)).toBe(true);
  });

  test.skipIf(!['gcc', 'nasm', 'iasl'].every(has))('is what the sources build, byte for byte', () => {
    const folder = mkdtempSync(join(tmpdir(), 'firmware-'));
    execFileSync('sh', [buildScript, '--no-image', '--out', join(folder, 'rom.bin')], { stdio: 'pipe' });
    const built = ['rom.bin', 'hot-plug.bin'].map((name) => sha256Hex(readFileSync(join(folder, name))));
    rmSync(folder, { recursive: true });
    expect(built).toEqual([biosSha256, hotPlugBiosSha256]);
    expect(sha256Hex(hotPlugBiosImage())).toBe(hotPlugBiosSha256);
  });
});
