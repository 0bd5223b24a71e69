import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const bench = (...options: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [path('bench.mjs'), ...options], { encoding: 'utf8' });

/** The bench's modules are plain JavaScript, so that Node runs them without a build. */
interface Marks {
  take(byte: number): void;
  readonly running: string | undefined;
}
type MarkReader = new (stamp: () => object, ended: (measured: object | undefined) => void) => Marks;
const { MarkReader } = (await import(path('workloads/marks.mjs'))) as { MarkReader: MarkReader };
const report = (await import(path('report.mjs'))) as {
  rowsOf: (measured: object) => { ratios: object; checksums: unknown }[];
  table: (head: string[], rows: string[][]) => string;
};

describe('the bench', () => {
  test('measures from mark to mark, whatever the kernel says between them', () => {
    let clock = 0;
    const measured: (object | undefined)[] = [];
    const marks = new MarkReader(
      () => ({ clock }),
      (each) => measured.push(each),
    );
    const hear = (line: string): void => Buffer.from(`${line}\r\n`).forEach((byte) => marks.take(byte));
    clock = 5;
    for (const line of ['[    0.1] Linux', '@end boot', '@sum boot 0', '[    0.2] @start sort']) hear(line);
    expect(marks.running).toBe('sort');
    clock = 7;
    for (const line of ['@end sort', '@sum sort 2209323d', '@over']) hear(line);
    expect(measured).toEqual([
      { name: 'boot', checksum: '0', clock: 5 },
      { name: 'sort', checksum: '2209323d', clock: 2 },
      undefined,
    ]);
  });

  test('takes the median of the ratios of each round, and tells results that differ', () => {
    const times = (...list: number[]): object[] => list.map((processor) => ({ processor, checksum: 'a' }));
    const [row] = report.rowsOf({
      names: ['sort'],
      times: { sort: { plain: times(100, 200, 100), v86: [...times(200, 300), { processor: 900, checksum: 'b' }] } },
    });
    expect(row!.ratios).toEqual({ 'plain/v86': 2 });
    const [wrong] = report.rowsOf({
      names: ['sort'],
      times: { sort: { plain: times(1), v86: [{ processor: 1, checksum: 'b' }] } },
    });
    expect(wrong!.checksums).toEqual({ plain: 'a', v86: 'b' });
  });

  test('prints a table whose columns stand under each other', () => {
    expect(report.table(['a', 'b'], [['long', '123']])).toBe('| a    |   b |\n| ---- | --: |\n| long | 123 |');
  });

  test('refuses a part and an emulator that it does not know, with exit code 2 and what there is', () => {
    for (const option of ['--only', '--peers']) {
      const { status, stderr } = bench(option, 'nonsense');
      expect(status).toBe(2);
      expect(stderr).toContain(`${option}: there is no 'nonsense'`);
    }
    for (const option of ['--rounds', '--repeats']) expect(bench(option, '0').status).toBe(2);
  });

  test('lists its parts', () => {
    const { status, stdout } = bench('--list');
    expect(status).toBe(0);
    expect(stdout).toContain('gzip of 4 MiB');
  });
});

describe("the bench's program", () => {
  const gcc = spawnSync('gcc', ['-m32', '-dumpfullversion'], { encoding: 'utf8' });

  test.skipIf(gcc.status !== 0 || !gcc.stdout.startsWith('12.2'))('is what its sources say, byte by byte', () => {
    execFileSync('sh', [path('workloads/program/build.sh'), '--check'], { stdio: 'pipe' });
  });

  test('is a small 32-bit program', () => {
    const program = readFileSync(path('workloads/program/work'));
    expect(program.subarray(0, 5)).toEqual(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1]));
    expect(program.readUInt16LE(18)).toBe(3);
    expect(program.length).toBeLessThan(200_000);
  });
});
