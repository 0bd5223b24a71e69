/** Random sequences do here what they do on the host's processor; see README.md. `npm run fuzz` runs more of them. */
import { afterAll, expect, test } from 'vitest';
import { Fuzzer, printFinding } from './fuzz.js';
import { buildNative } from './native.js';

const numberFrom = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const seed = numberFrom('FUZZ_SEED', 1);
const total = numberFrom('FUZZ_COUNT', 20_000);
const first = numberFrom('FUZZ_FIRST', 0);

const native = buildNative();
afterAll(() => native?.remove());

const print = (map: ReadonlyMap<unknown, number>): string =>
  [...map]
    .map(([key, value]) => `${String(key)} ${value}`)
    .sort()
    .join(', ') || 'none';

test.skipIf(native === undefined)(
  `${total} random sequences of seed ${seed} end as they do on the host's processor (needs gcc -m32)`,
  () => {
    const started = process.hrtime.bigint();
    const report = new Fuzzer(native!.program).run(seed, total, first, (done) => {
      if (done % 50_000 === 0 && done < total) process.stdout.write(`fuzzer: ${done} sequences\n`);
    });
    const seconds = Number((process.hrtime.bigint() - started) / 1_000_000n) / 1000;
    process.stdout.write(
      `fuzzer: seed ${seed}, ${report.run} sequences from ${first} in ${seconds} s\n` +
        `  ended by exceptions: ${print(report.vectors)}\n  showed nothing: ${print(report.skipped)}\n` +
        `  explained: ${print(report.explained)}\n  unexplained: ${report.findings.length}\n`,
    );
    expect(report.findings.map((each) => printFinding(seed, each)).join('\n')).toBe('');
  },
  4 * 3_600_000,
);
