import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { rooms, sizeExceptions } from './tidy/import-rules.js';
import { type Rule, rules } from './tidy/rules.js';

const root = fileURLToPath(new URL('..', import.meta.url));

function sourceFiles(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}

const files = ['src', 'test', 'suites']
  .flatMap(sourceFiles)
  .sort()
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

/** Folders of `src/` that hold code directly or below, and so are rooms or parts of one. */
const folders = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && sourceFiles(join(folder, entry.name)).length > 0)
    .map((entry) => `${folder}/${entry.name}`);

describe('the repository', () => {
  for (const [sentence, rule] of Object.entries(rules)) {
    test(sentence, () => {
      expect(files.flatMap(rule)).toEqual([]);
    });
  }

  test('every room and every folder of a room says in a README what lives there', () => {
    const needed = ['src', 'suites', 'traces', ...folders('src'), ...folders('src/cpu')];
    expect(needed.filter((folder) => !existsSync(join(root, folder, 'README.md')))).toEqual([]);
  });

  test('every folder of src is a room of the list', () => {
    expect(folders('src').filter((folder) => !rooms.some((room) => `src/${room}` === folder))).toEqual([]);
  });

  test('every exception to a size limit still has its file', () => {
    const named = [...Object.keys(sizeExceptions.files), ...Object.keys(sizeExceptions.functions)];
    expect(named.filter((name) => !files.some(({ path }) => path === name.split('#')[0]))).toEqual([]);
  });

  test('no dead file and no unused export stays', () => {
    expect(unused(root)).toBe('');
  });

  test('the lock file names no registry host', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
  });
});

/** What the unused-code checker finds wrong in a package folder; the empty string when nothing is. */
function unused(folder: string): string {
  const knip = join(root, 'node_modules/knip/bin/knip.js');
  const arguments_ = [knip, '--no-progress', '--no-config-hints', '--include', 'files,exports,dependencies,unlisted'];
  try {
    execFileSync(process.execPath, arguments_, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    return '';
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `${stdout}${stderr}` || 'the checker failed without a word';
  }
}

describe('each rule notices', () => {
  const mark = 'TO' + 'DO';
  const violations: readonly {
    readonly what: string;
    readonly rule: string;
    readonly path: string;
    readonly text: string;
  }[] = [
    { what: 'an import that points down', rule: 'imports', path: 'src/state/a.ts', text: "import '../cpu/b.js';" },
    {
      what: 'a type import down',
      rule: 'imports',
      path: 'src/base/a.ts',
      text: "import type { A } from '../cli/b.js';",
    },
    { what: 'a dynamic import down', rule: 'imports', path: 'src/base/a.ts', text: "await import('../cli/b.js');" },
    { what: 'a re-export down', rule: 'imports', path: 'src/replay/a.ts', text: "export * from '../host/b.js';" },
    { what: 'a Node module', rule: 'imports', path: 'src/machine/a.ts', text: "import fs from 'node:fs';" },
    { what: 'a chip that knows another', rule: 'imports', path: 'src/device/pit/a.ts', text: "import '../pic/b.js';" },
    { what: 'an encoder that knows x86', rule: 'imports', path: 'src/cpu/wasm/a.ts', text: "import '../decode/b.js';" },
    { what: 'the host clock', rule: 'no host clock', path: 'src/clock/a.ts', text: 'const now = Date.now();' },
    { what: 'a new date', rule: 'no host clock', path: 'src/device/rtc/a.ts', text: 'const now = new Date(0);' },
    { what: 'the performance clock', rule: 'no host clock', path: 'src/cpu/a.ts', text: 'performance.now();' },
    { what: 'host randomness', rule: 'no host clock', path: 'src/base/a.ts', text: 'const a = Math.random();' },
    { what: 'inexact arithmetic', rule: 'no host clock', path: 'src/base/a.ts', text: 'const a = Math.sin(1);' },
    { what: 'a timer', rule: 'no host clock', path: 'src/suite/a.ts', text: 'globalThis.setTimeout(() => {}, 1);' },
    { what: 'a mark', rule: 'nothing', path: 'src/base/a.ts', text: `// ${mark}: later` },
    { what: 'a test left alone', rule: 'nothing', path: 'test/a.test.ts', text: "test.only('a', () => {});" },
    { what: 'a test left out', rule: 'nothing', path: 'test/a.test.ts', text: "describe.skip('a', () => {});" },
    { what: 'a debugger statement', rule: 'nothing', path: 'src/base/a.ts', text: 'debugger;' },
    { what: 'a host path', rule: 'no path', path: 'src/base/a.ts', text: `const a = '${'/home'}/somebody/x';` },
    { what: 'a long file', rule: 'files', path: 'src/base/a.ts', text: 'export {};\n'.repeat(401) },
    {
      what: 'a long function',
      rule: 'functions',
      path: 'src/base/a.ts',
      text: `export function a(): void {\n${'  a();\n'.repeat(60)}}\n`,
    },
  ];
  for (const { what, rule, path, text } of violations) {
    test(`${what} (${path})`, () => {
      expect(ruleStarting(rule)({ path, text })).toHaveLength(1);
    });
  }

  test('a dead file and an unused export', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidy-'));
    const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    write(
      'package.json',
      '{ "name": "example", "type": "module", "knip": { "entry": ["main.ts"], "project": ["*.ts"] } }',
    );
    write('main.ts', "import { used } from './parts.js';\nexport const answer = used;\n");
    write('parts.ts', 'export const used = 1;\nexport const idle = 2;\n');
    write('dead.ts', 'export const dead = 1;\n');
    const found = unused(folder);
    rmSync(folder, { recursive: true });
    expect(found).toContain('dead.ts');
    expect(found).toContain('idle');
    expect(found).not.toContain('main.ts');
  });

  test('nothing in code that keeps them', () => {
    const text = [
      "import { a } from '../base/a.js';",
      'export const date = { Date: a.performance };',
      'function factory() {',
      ...Array.from({ length: 10 }, (_, index) => `  function f${index}() {\n${'    a();\n'.repeat(10)}  }`),
      '}',
    ].join('\n');
    for (const rule of Object.values(rules)) expect(rule({ path: 'src/machine/a.ts', text })).toEqual([]);
  });
});

function ruleStarting(beginning: string): Rule {
  const name = Object.keys(rules).find((sentence) => sentence.startsWith(beginning));
  return rules[name ?? ''] as Rule;
}
