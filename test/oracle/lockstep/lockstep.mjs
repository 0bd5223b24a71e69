/** `npm run lockstep -- [--from 0x7c00] [--steps N] [--model M] [--cpu C] [--memory MB] -- QEMU ARGUMENTS`; see README.md. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readOptions } from '../options.mjs';

const { values, positionals } = readOptions(
  'npm run lockstep -- [--from ADDRESS] [--steps N] [--model NAME] [--cpu NAME] [--memory MEBIBYTES] -- OPTIONS OF QEMU',
  {
    allowPositionals: true,
    options: {
      from: { type: 'string', default: '0x7c00' },
      steps: { type: 'string', default: '20000' },
      model: { type: 'string', default: 'pentium3' },
      cpu: { type: 'string', default: 'pentium3' },
      memory: { type: 'string', default: '16' },
    },
  },
);
const number = (name) => {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`lockstep: --${name} takes a number, not ${values[name]}`);
  process.exit(2);
};
if (positionals.length === 0) {
  console.error(
    'lockstep: tell QEMU what to start, as in: npm run lockstep -- -- -drive file=guest.img,format=raw,if=floppy',
  );
  process.exit(2);
}
process.env.LOCKSTEP = JSON.stringify({
  model: values.model,
  cpu: values.cpu,
  memory: number('memory'),
  from: number('from'),
  steps: number('steps'),
  qemu: positionals,
});
const root = fileURLToPath(new URL('../../../', import.meta.url));
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', '--config', 'test/vitest.config.ts', 'test/oracle/lockstep/lockstep.test.ts'],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
