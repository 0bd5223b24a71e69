import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sha256Hex } from '../../src/base/digest.js';
import { findGuest, guestFolders, listGuests } from '../../src/host/guests.js';

const folder = mkdtempSync(join(tmpdir(), 'guests-'));
const image = new Uint8Array(512).fill(3);
const sha256 = sha256Hex(image);
const here = join(folder, 'here');

beforeAll(() => {
  vi.stubEnv('TSVM_CACHE', join(folder, 'cache'));
  mkdirSync(join(here, 'deep'), { recursive: true });
  writeFileSync(join(here, 'deep/other-name.img'), image);
  writeFileSync(join(here, 'wanted.img'), new Uint8Array(512));
  writeFileSync(join(here, 'notes.txt'), 'no image');
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a guest is found by its digest whatever its name', () => {
  expect(findGuest({ name: 'x.img', sha256 }, [here])).toEqual({
    found: true,
    path: join(here, 'deep/other-name.img'),
  });
});

test('a guest without a digest is found by its name', () => {
  expect(findGuest({ name: 'wanted.img' }, [join(folder, 'none'), here])).toMatchObject({ found: true });
});

test('a guest that is absent, or there with other bytes, is reported with the folders looked in', () => {
  const other = sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
  expect(findGuest({ name: 'wanted.img', sha256: other }, [here])).toMatchObject({
    found: false,
    reason: 'guest wanted.img is there with another digest',
  });
  expect(findGuest({ name: 'gone.img', sha256: other }, [here])).toMatchObject({
    reason: 'guest gone.img is absent',
    lookedIn: [here],
  });
});

test('a changed file is digested anew', () => {
  const path = join(here, 'changing.img');
  writeFileSync(path, 'a');
  listGuests([here]);
  writeFileSync(path, 'longer');
  expect(listGuests([here]).find(({ name }) => name === 'changing.img')?.sha256).toBe(
    sha256Hex(new TextEncoder().encode('longer')),
  );
});

test('the folders are the suites, those of the environment, the cache, and the shared guests', () => {
  vi.stubEnv('TSVM_GUESTS', '/one:/two');
  expect(guestFolders('/a/project').slice(0, 5)).toEqual([
    '/a/project/suites',
    '/one',
    '/two',
    join(folder, 'cache/guests'),
    '/a/shared/guests',
  ]);
});
