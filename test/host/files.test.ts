import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import { readBytes, readText, writeWhole } from '../../src/host/files.js';

const folder = mkdtempSync(join(tmpdir(), 'files-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a file is written whole, in folders made on the way, and nothing stays beside it', () => {
  const path = join(folder, 'deep/er/file');
  writeWhole(path, 'first');
  writeWhole(path, new Uint8Array([50]));
  expect(readFileSync(path, 'utf8')).toBe('2');
  expect(readdirSync(join(folder, 'deep/er'))).toEqual(['file']);
});

test('a file that cannot be read is the user’s to mend', () => {
  expect(() => readBytes(join(folder, 'absent'), 'Look elsewhere.')).toThrow(UserError);
  expect(() => readBytes(join(folder, 'absent'), 'Look elsewhere.')).toThrow('Look elsewhere.');
  expect(() => readText(folder)).toThrow('folder, not a file');
});

test('a file that cannot be written leaves nothing behind', () => {
  const blocker = join(folder, 'blocker');
  writeFileSync(blocker, '');
  expect(() => writeWhole(join(blocker, 'inside'), 'x')).toThrow(UserError);
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
});
