import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findSuites } from '../../src/host/suite-files.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'suite-files-')));
beforeAll(() => {
  mkdirSync(join(folder, 'project/suites/a [b]'), { recursive: true });
  mkdirSync(join(folder, 'other'));
  writeFileSync(join(folder, 'project/suites/one.suite.ts'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const project = join(folder, 'project');

test('a folder means the suites below it, a file itself', () => {
  expect(findSuites(['suites'], project)).toEqual({ root: project, patterns: ['suites/**/*.suite.{ts,mts,js,mjs}'] });
  expect(findSuites(['suites/one.suite.ts'], project).patterns).toEqual(['suites/one.suite.ts']);
  expect(findSuites(['.'], project).patterns).toEqual(['**/*.suite.{ts,mts,js,mjs}']);
});

test('characters that mean something in a pattern stand for themselves', () => {
  expect(findSuites(['suites/a [b]'], project).patterns).toEqual(['suites/a \\[b\\]/**/*.suite.{ts,mts,js,mjs}']);
});

test('suites elsewhere are found from the folder that holds them all', () => {
  expect(findSuites(['../other', 'suites'], project)).toEqual({
    root: folder,
    patterns: ['other/**/*.suite.{ts,mts,js,mjs}', 'project/suites/**/*.suite.{ts,mts,js,mjs}'],
  });
});

test('a path that is not there is the user’s to mend', () => {
  expect(() => findSuites(['nowhere'], project)).toThrow('nowhere');
});
