/** Commands that stand beside the tests. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test.each([
  'fuzzer/fuzz.mjs',
  'engines/agree.mjs',
  'determinism/determinism.mjs',
  'lockstep/lockstep.mjs',
  'qtest/run.mjs',
  '../bench/bench.mjs',
])('%s answers an option that it does not have with how it is called, and exit code 2', (name) => {
  const command = fileURLToPath(new URL(name, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, '--nonsense'], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^Unknown option '--nonsense'/);
  expect(stderr).toMatch(/npm run|usage: /);
  expect(stderr).not.toContain('    at ');
});
