/**
 * `npm run fuzz:engines -- --seed S --count N [--first I] [--each-cycle | --each-interrupt] [--long] [--engine NAME]`: more
 * programs than the test that CI runs, or one of them again.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '10000' },
    first: { type: 'string', default: '0' },
    engine: { type: 'string' },
    'each-cycle': { type: 'boolean', default: false },
    'each-interrupt': { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
  },
});
for (const name of /** @type {const} */ (['seed', 'count', 'first'])) {
  if (!/^\d+$/.test(values[name])) {
    console.error(`fuzz:engines: --${name} takes a whole number, not ${values[name]}`);
    process.exit(2);
  }
  process.env[`FUZZ_${name.toUpperCase()}`] = values[name];
}
process.env['FUZZ_MODE'] = values['each-cycle'] ? 'eachCycle' : values['each-interrupt'] ? 'eachInterrupt' : 'checks';
if (values.long) process.env['FUZZ_LONG'] = '1';
if (values.engine !== undefined) process.env['FUZZ_ENGINE'] = values.engine;
const root = fileURLToPath(new URL('../../../', import.meta.url));
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', '--config', 'test/vitest.config.ts', 'test/oracle/engines/engines.test.ts'],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
