/** The fuzzer as a command: `fuzz.mjs` bundles and starts it. What was run already is taken from a journal, if one is named. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { Fuzzer, type Mode, mostFindings } from './fuzz.js';
import { readOptions } from '../options.mjs';
import { settingNamed, settings } from './settings.js';

/** Programs between two lines: whole lives of machines, so that going on is as if nothing had stopped. */
const chunk = 1000;

interface Line {
  readonly seed: number;
  readonly what: string;
  readonly first: number;
  readonly count: number;
  readonly differ: number;
  readonly seconds: number;
}

const usage =
  'npm run fuzz:engines -- [--seed N] [--count N] [--first N] [--engine NAME] [--each-cycle] [--each-interrupt] [--long] [--journal FILE]';
const { values } = readOptions(usage, {
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '10000' },
    first: { type: 'string', default: '0' },
    engine: { type: 'string' },
    'each-cycle': { type: 'boolean', default: false },
    'each-interrupt': { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    /** A file that keeps what was run, so that the same command goes on after a kill. */
    journal: { type: 'string' },
  },
});

function fail(text: string): never {
  process.stderr.write(`fuzz:engines: ${text}\n`);
  process.exit(2);
}
function wholeNumber(name: 'seed' | 'count' | 'first'): number {
  if (!/^\d+$/.test(values[name])) fail(`--${name} takes a whole number, not ${values[name]}`);
  return Number(values[name]);
}
const [seed, total, start] = [wholeNumber('seed'), wholeNumber('count'), wholeNumber('first')];
const mode: Mode = values['each-cycle'] ? 'eachCycle' : values['each-interrupt'] ? 'eachInterrupt' : 'checks';
const only = values.engine === undefined ? undefined : settingNamed(values.engine);
if (values.engine !== undefined && only === undefined) {
  fail(`--engine is one of ${settings.map(({ name }) => name).join(', ')}, not ${values.engine}`);
}
const what = [mode, ...(values.long ? ['long'] : []), ...(only === undefined ? [] : [only.name])].join(' ');
const { journal } = values;

/** Lines of this run that an earlier process left. */
function known(): Line[] {
  if (journal === undefined || !existsSync(journal)) return [];
  const lines = readFileSync(journal, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Line).filter((line) => line.seed === seed && line.what === what);
}

const lines = known();
const counts = new Map<string, number>();
const findings: string[] = [];
const sum = (of: (line: Line) => number): number => lines.reduce((all, line) => all + of(line), 0);
const now = (): number => Number(process.hrtime.bigint() / 1_000_000n) / 1000;
const differing = (): number => sum(({ differ }) => differ);

let first = lines.reduce((most, line) => Math.max(most, line.first + line.count), start);
if (first > start) process.stdout.write(`engines: going on at ${first}\n`);
const fuzzer = new Fuzzer(seed, mode, values.long ? 'long' : undefined, only === undefined ? settings : [only]);
while (first < start + total && findings.length < mostFindings) {
  const began = now();
  const count = Math.min(chunk - (first % chunk), start + total - first);
  const report = fuzzer.run(count, first);
  for (const [key, value] of report.counts) counts.set(key, (counts.get(key) ?? 0) + value);
  const differ = report.findings.length;
  const line: Line = { seed, what, first, count: report.run, differ, seconds: Number((now() - began).toFixed(1)) };
  lines.push(line);
  if (journal !== undefined) appendFileSync(journal, `${JSON.stringify(line)}\n`);
  for (const { text } of report.findings) {
    findings.push(text);
    process.stdout.write(`${text}\n\n`);
  }
  first += report.run;
  const each = ((line.seconds * 1000) / line.count).toFixed(1);
  process.stdout.write(`engines: ${sum((one) => one.count)} programs, ${differing()} differ, ${each} ms each\n`);
}
const kinds = [...counts].map(([key, value]) => `${key} ${value}`).join(', ');
const seconds = sum((line) => line.seconds).toFixed(1);
process.stdout.write(
  `engines: seed ${seed}, ${sum(({ count }) => count)} programs from ${start} (${what}), ${differing()} differ, ${seconds} s: ${kinds}\n`,
);
process.exit(differing() === 0 ? 0 : 1);
