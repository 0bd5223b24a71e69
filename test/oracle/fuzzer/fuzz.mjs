/** `npm run fuzz -- --seed S --count N [--first I]`: more sequences than the test that CI runs, or one of them again. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readOptions } from '../options.mjs';

const { values } = readOptions('npm run fuzz -- [--seed N] [--count N] [--first N]', {
  options: { seed: { type: 'string' }, count: { type: 'string' }, first: { type: 'string' } },
});
const settings = { FUZZ_SEED: values.seed, FUZZ_COUNT: values.count, FUZZ_FIRST: values.first };
for (const [name, value] of Object.entries(settings)) {
  if (value === undefined) continue;
  if (!/^\d+$/.test(value)) {
    console.error(`fuzz: ${name.slice(5).toLowerCase()} takes a whole number, not ${value}`);
    process.exit(2);
  }
  process.env[name] = value;
}
const root = fileURLToPath(new URL('../../../', import.meta.url));
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', '--config', 'test/vitest.config.ts', 'test/oracle/fuzzer/fuzzer.test.ts'],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
