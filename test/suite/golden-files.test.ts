import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Frame } from '../../src/screen/frame.js';
import { compareGolden, goldenFolder, obsoleteGoldens } from '../../src/suite/golden-files.js';
import { DigestView, ScreenView } from '../../src/suite/observed.js';

const home = process.cwd();
let folder = '';
let suite = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'goldens-'));
  process.chdir(folder);
  suite = join(folder, 'boot.suite.ts');
  return () => rmSync(folder, { recursive: true });
});
afterAll(() => process.chdir(home));

function screen(shade: number, letter = 0x41): ScreenView {
  const frame: Frame = {
    width: 9,
    height: 16,
    pixels: new Uint8Array(9 * 16 * 4).fill(shade).map((value, index) => (index % 4 === 3 ? 255 : value)),
    text: { columns: 1, rows: 1, characters: Uint8Array.of(letter), attributes: Uint8Array.of(7) },
  };
  return new ScreenView(() => frame);
}

describe('a golden', () => {
  test('lies beside its suite', () => {
    expect(goldenFolder('/a/suites/dos/boot.suite.ts')).toBe('/a/suites/dos/__goldens__/boot');
  });

  test('is written when it is new, and matches from then on', () => {
    expect(compareGolden(screen(1), 'prompt', suite, 'new')).toMatchObject({ verdict: 'added' });
    expect(readdirSync(goldenFolder(suite))).toEqual(['prompt.png', 'prompt.txt']);
    expect(compareGolden(screen(1), 'prompt', suite, 'none')).toMatchObject({ verdict: 'matched' });
  });

  test('is never written in CI', () => {
    const outcome = compareGolden('text', 'name', suite, 'none');
    expect(outcome).toMatchObject({ verdict: 'missing' });
    expect(outcome.report).toContain('-u');
    expect(existsSync(goldenFolder(suite))).toBe(false);
  });

  test('differs by one shade of one pixel, and leaves three pictures', () => {
    compareGolden(screen(1), 'prompt', suite, 'new');
    const outcome = compareGolden(screen(2), 'prompt', suite, 'new');
    expect(outcome.verdict).toBe('different');
    for (const what of ['expected', 'actual', 'difference']) {
      expect(existsSync(`test-output/boot/prompt.${what}.png`)).toBe(true);
      expect(outcome.report).toContain(`prompt.${what}.png`);
    }
  });

  test('differs in its text, and the first line that differs is shown', () => {
    compareGolden('same\nold', 'log', suite, 'new');
    const outcome = compareGolden('same\nnew', 'log', suite, 'new');
    expect(outcome.report).toMatch(/line 2, expected: "old"\n +line 2, actual: +"new"/);
    expect(readFileSync('test-output/boot/log.actual.txt', 'utf8')).toBe('same\nnew');
  });

  test('is written anew only when asked', () => {
    const digest = (first: string) => new DigestView({ sha256: first.repeat(64), parts: {} });
    compareGolden(digest('a'), 'end', suite, 'new');
    expect(compareGolden(digest('b'), 'end', suite, 'new').verdict).toBe('different');
    expect(compareGolden(digest('b'), 'end', suite, 'all').verdict).toBe('updated');
    expect(compareGolden(digest('b'), 'end', suite, 'all').verdict).toBe('matched');
  });

  test('that no test asked for is obsolete', () => {
    const { files } = compareGolden('text', 'used', suite, 'new');
    writeFileSync(join(goldenFolder(suite), 'unused.png'), '');
    expect(obsoleteGoldens(suite, new Set(files))).toEqual([join(goldenFolder(suite), 'unused.png')]);
  });

  test('has a name that is a file name, and something that can be compared', () => {
    expect(() => compareGolden('text', '../up', suite, 'new')).toThrow('no name for a golden');
    expect(() => compareGolden(3, 'name', suite, 'new')).toThrow('vm.screen');
  });
});
