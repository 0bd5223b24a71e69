/**
 * Runs QEMU's own device test programs against the chips here, each test in a process of its own, and prints the count.
 *
 *   node test/oracle/qtest/run.mjs FOLDER [--only PATTERN] [--json FILE] [--timeout SECONDS] [program ...]
 *
 * FOLDER holds the programs as QEMU's build leaves them (`tests/qtest`). Differences that are known and explained stand in
 * `differences.json`: they count apart, and one that passes after all is told. So do the few tests that build on an earlier one of their
 * program (a disk that it has put in), which is run before them. What a program asks for and something else stands in for is told;
 * a program that wants what is not installed here is skipped. Exit code 1 when anything else fails.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readOptions } from '../options.mjs';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const usage = 'node test/oracle/qtest/run.mjs FOLDER [--only PATTERN] [--json FILE] [--timeout SECONDS] [program ...]';
const { values, positionals } = readOptions(usage, {
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    timeout: { type: 'string', default: '300' },
  },
});
const [folder, ...named] = positionals;
if (folder === undefined) {
  console.error(`usage: ${usage}`);
  process.exit(2);
}
const secondsMost = Number(values.timeout);
/** Some of those that differ wait for ever for what does not come here. */
const secondsOfDifference = Math.min(secondsMost, 60);
const { programs, needs, standIns, installed, differences } = JSON.parse(
  readFileSync(join(here, 'differences.json'), 'utf8'),
);
/** Sockets, images and discs of the programs lie here, and go when the run ends. */
const scratch = mkdtempSync(join(tmpdir(), 'qtest-'));
// Programs work in QEMU's build folder, some of them in its folder of tests.
const work = join(scratch, 'work');
mkdirSync(join(work, 'tests'), { recursive: true });
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
process.on('SIGTERM', () => process.exit(143));
process.on('SIGINT', () => process.exit(130));
/** Where `qemu-img` is installed, programs have a few tests more. */
const imageTool = (process.env.PATH ?? '')
  .split(':')
  .map((folder) => join(folder, 'qemu-img'))
  .find((file) => existsSync(file));
const environment = {
  ...(imageTool === undefined ? {} : { QTEST_QEMU_IMG: imageTool }),
  ...process.env,
  TMPDIR: scratch,
  QTEST_QEMU_BINARY: join(here, 'qemu-system-i386'),
};

/** What is said of a test: names may end in `*`. */
function saidOf(table, name) {
  const found = Object.keys(table).find((each) =>
    each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each,
  );
  return found === undefined ? undefined : table[found];
}

const standInsOf = (program) => (standIns[program] ?? []).map((each) => `--stand-in ${each}`).join(' ');

async function start(program, seconds, ...words) {
  try {
    const { stdout, stderr } = await run(resolve(folder, program), words, {
      cwd: work,
      env: { ...environment, TSVM_QTEST_OPTIONS: standInsOf(program) },
      timeout: seconds * 1000,
      maxBuffer: 1 << 26,
    });
    return { passed: true, output: `${stdout}${stderr}` };
  } catch (error) {
    const said = `${error.stdout ?? ''}${error.stderr ?? ''}`;
    if (error.killed) return { passed: false, output: `ERROR: no end within ${seconds} s\n${said}` };
    return { passed: false, output: said || String(error) };
  }
}

/** The host was too busy to start or to end a test in time: that says nothing of the chips, and the test is made once more. */
const lateHost = /^ERROR: no end within|qtest_init_without_qmp_handshake: assertion failed/m;

/** What a failed test said of itself. */
function reason(output) {
  const lines = output.split('\n').filter((line) => /ERROR|error|assert|Bail out|Timed out|FAIL/.test(line));
  return (lines.find((line) => line.startsWith('ERROR')) ?? lines[0] ?? output.trim().split('\n').at(-1) ?? '').slice(
    0,
    200,
  );
}

const results = [];
for (const program of named.length === 0 ? programs : named) {
  if (!existsSync(join(folder, program))) {
    console.log(`${program}: was not built`);
    continue;
  }
  const absent = (installed[program] ?? []).filter(({ file }) => !existsSync(file));
  const list = await start(program, secondsMost, '-l');
  const names = list.output.split('\n').filter((line) => line.startsWith('/') && line.includes(values.only));
  if (names.length === 0 && !list.passed) console.log(`${program}: cannot be listed: ${reason(list.output)}`);
  for (const name of names) {
    if (absent.length > 0) {
      results.push({ program, name, result: 'skipped' });
      console.log(`skipped ${program} ${name}: ${absent.map(({ name }) => name).join(', ')} is not installed here`);
      continue;
    }
    const why = saidOf(differences, name);
    const earlier = saidOf(needs, name);
    const words = [...(earlier === undefined ? [] : ['-p', earlier]), '-p', name];
    const seconds = why === undefined ? secondsMost : secondsOfDifference;
    let attempt = await start(program, seconds, ...words);
    if (!attempt.passed && why === undefined && lateHost.test(attempt.output)) {
      attempt = await start(program, seconds, ...words);
    }
    const { passed, output } = attempt;
    const skipped = passed && /# SKIP/.test(output);
    const result = skipped ? 'skipped' : passed ? 'passed' : why === undefined ? 'failed' : 'differs';
    results.push({ program, name, result, ...(passed ? {} : { reason: reason(output) }) });
    const stood = [...new Set(output.match(/asked for .*, ran on .*/g) ?? [])].map((line) => ` (${line})`).join('');
    const note = passed
      ? why === undefined
        ? ''
        : ' (an explained difference that is none any more)'
      : `: ${why ?? reason(output)}`;
    console.log(`${result} ${program} ${name}${stood}${note}`);
  }
}
const count = (result, of = results) => of.filter((each) => each.result === result).length;
for (const program of new Set(results.map((each) => each.program))) {
  const own = results.filter((each) => each.program === program);
  const counts = ['passed', 'differs', 'skipped', 'failed'].map((result) => `${count(result, own)} ${result}`);
  console.log(`${program}: ${counts.join(', ')}`);
}
console.log(
  `${results.length} tests: ${count('passed')} passed, ${count('differs')} differ as explained, ` +
    `${count('skipped')} skipped, ${count('failed')} failed`,
);
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results, undefined, 2));
process.exit(count('failed') > 0 || results.length === 0 ? 1 : 0);
