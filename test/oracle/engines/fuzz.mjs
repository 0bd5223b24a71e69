/**
 * `npm run fuzz:engines -- --seed S --count N ...` (README.md): more programs than the test that CI runs, or one of them again. Runs as
 * one bundle without vitest, which is several times as fast; `--profile FOLDER` leaves a profile of Node's there.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const words = process.argv.slice(2);
const at = words.indexOf('--profile');
const [, profileFolder] = at < 0 ? [] : words.splice(at, 2);

const folder = mkdtempSync(join(tmpdir(), 'engines-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const bundle = await rolldown({
  input: fileURLToPath(new URL('run.ts', import.meta.url)),
  platform: 'node',
  external: [/^node:/],
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  logLevel: 'warn',
});
const path = join(folder, 'run.mjs');
await bundle.write({ file: path, sourcemap: true });
await bundle.close();
const profile = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
const { status } = spawnSync(
  process.execPath,
  ['--single-threaded', '--enable-source-maps', ...profile, path, ...words],
  {
    stdio: 'inherit',
  },
);
process.exit(status ?? 1);
