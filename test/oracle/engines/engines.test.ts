/** Whole programs run alike on every engine, to the cycle; see README.md. `npm run fuzz:engines` runs more of them. */
import { expect, test } from 'vitest';
import { Fuzzer, type Mode } from './fuzz.js';
import type { Length } from './program.js';
import { settingNamed, settings } from './settings.js';

const numberFrom = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const seed = numberFrom('FUZZ_SEED', 1);
const first = numberFrom('FUZZ_FIRST', 0);
const only = process.env['FUZZ_ENGINE'];
const chosen = only === undefined ? settings : settings.filter((each) => each === settingNamed(only));
const progressEvery = 1000;

function check(mode: Mode, total: number, length?: Length): void {
  const started = process.hrtime.bigint();
  const seconds = (): number => Number((process.hrtime.bigint() - started) / 100_000_000n) / 10;
  const report = new Fuzzer(seed, mode, length, chosen).run(total, first, (done) => {
    if (done % progressEvery === 0 && done < total) process.stdout.write(`engines: ${done} programs, ${seconds()} s\n`);
  });
  const counts = [...report.counts].map(([key, value]) => `${key} ${value}`).join(', ');
  process.stdout.write(
    `engines: seed ${seed}, ${report.run} programs from ${first} (${mode}), ${report.findings.length} differ, ${seconds()} s: ${counts}\n`,
  );
  expect(report.findings.map(({ text }) => text).join('\n\n')).toBe('');
}

const asked = process.env['FUZZ_MODE'] as Mode | undefined;
const total = numberFrom('FUZZ_COUNT', 0);
const long = process.env['FUZZ_LONG'] === '1' ? 'long' : undefined;
const minutes = 60_000;

if (asked !== undefined) {
  test(
    `${total} random programs of seed ${seed} run alike on all engines`,
    () => check(asked, total, long),
    600 * minutes,
  );
} else {
  test('random programs run alike on all engines', () => check('checks', 1000), 5 * minutes);
  test('random programs stand alike at every cycle', () => check('eachCycle', 15), 5 * minutes);
  test('an interrupt at any cycle finds all engines alike', () => check('eachInterrupt', 6), 5 * minutes);
  test('long programs run alike on all engines', () => check('checks', 6, 'long'), 5 * minutes);
}
