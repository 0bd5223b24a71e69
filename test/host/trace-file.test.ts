import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import { brotli } from '../../src/host/compression.js';
import { createTraceFile } from '../../src/host/trace-file.js';

const folder = mkdtempSync(join(tmpdir(), 'trace-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a trace takes its name with its first frame and then grows in place', () => {
  const path = join(folder, 'new/a.trace');
  const file = createTraceFile(path);
  expect(existsSync(path)).toBe(false);
  file.append(Uint8Array.of(1, 2));
  expect([...readFileSync(path)]).toEqual([1, 2]);
  file.append(Uint8Array.of(3));
  expect([...readFileSync(path)]).toEqual([1, 2, 3]);
  file.close();
  expect(readdirSync(join(folder, 'new'))).toEqual(['a.trace']);
});

test('an older trace stays until the new one can be replayed', () => {
  const path = join(folder, 'b.trace');
  writeFileSync(path, 'older');
  const file = createTraceFile(path);
  expect(readFileSync(path, 'utf8')).toBe('older');
  file.append(Uint8Array.of(110));
  file.close();
  expect(readFileSync(path, 'utf8')).toBe('n');
});

test('a place that cannot be written is refused before anything runs', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => createTraceFile(join(folder, 'file/c.trace'))).toThrow(UserError);
});

test('brotli gives back what it was given, and never more than was said', () => {
  const raw = new Uint8Array(100_000).fill(65);
  const stored = brotli.compress(raw);
  expect(stored.length).toBeLessThan(1000);
  expect(Buffer.compare(brotli.decompress(stored, raw.length), raw)).toBe(0);
  expect(() => brotli.decompress(stored, raw.length - 1)).toThrow();
  expect(() => brotli.decompress(Uint8Array.of(1, 2, 3, 4), 10)).toThrow();
});
