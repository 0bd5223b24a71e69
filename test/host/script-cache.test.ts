/** Scripts with what was made of them kept beside: kept or not, damaged or not, they do the same. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ScriptCache } from '../../src/host/script-cache.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsvm-scripts-'));
  writeFileSync(join(folder, 'part.cjs'), 'exports.twice = (text) => text + text; exports.isStrict = !this;');
  const main = `const part = require('./part.cjs');
    const { basename } = require('node:path');
    exports.run = () => part.twice(basename(__filename));`;
  writeFileSync(join(folder, 'main.cjs'), main);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Main {
  readonly run: () => string;
}
function start(): ScriptCache {
  const scripts = new ScriptCache();
  const { run } = scripts.load(join(folder, 'main.cjs')) as Main;
  expect(run()).toBe('main.cjsmain.cjs');
  return scripts;
}
const keptFiles = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.cache'));

test('a script finds other scripts, built-in modules and itself, with nothing kept', () => {
  start();
  expect(keptFiles()).toEqual([]);
});
test('what was made of scripts is kept once for each, for this version of the engine', () => {
  start().keep();
  const names = keptFiles();
  expect(names.map((name) => name.slice(0, name.indexOf('.cjs')))).toEqual(['main', 'part']);
  expect(names.every((name) => name.includes(process.versions.v8))).toBe(true);
  const before = names.map((name) => statSync(join(folder, name)).mtimeMs);
  start().keep();
  expect(keptFiles().map((name) => statSync(join(folder, name)).mtimeMs)).toEqual(before);
});
test('what was kept and is damaged is not used', () => {
  start().keep();
  for (const name of keptFiles()) {
    const bytes = readFileSync(join(folder, name));
    writeFileSync(join(folder, name), bytes.subarray(0, bytes.length >> 1));
  }
  start().keep();
});
test('a folder that takes nothing is done without', () => {
  start().keep();
  for (const name of keptFiles()) {
    rmSync(join(folder, name));
    mkdirSync(join(folder, name));
  }
  start().keep();
  expect(readdirSync(folder).filter((name) => !/\.(cjs|cache)$/.test(name))).toEqual([]);
});
