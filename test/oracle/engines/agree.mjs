// @ts-check
/**
 * `npm run engines:agree -- [--traces] [--suites PATH] [--long] [--seed N] [--settings N]`: every trace is replayed and every suite run
 * under each setting of the engines, or the first N of them. Replays verify all checkpoints; the report of each, and the state in which each
 * test ends, must be the same. `--suites suites/linux` runs those alone, without the traces; `--long` also what takes many minutes.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../../dist/base/random.js';
import { readOptions } from '../options.mjs';

const { values: options } = readOptions(
  'npm run engines:agree -- [--traces] [--suites PATH] [--long] [--seed N] [--settings N]',
  {
    options: {
      traces: { type: 'boolean', default: false },
      suites: { type: 'string', default: 'suites' },
      long: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      settings: { type: 'string', default: '4' },
    },
  },
);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const main = join(root, 'dist/cli/main.js');
const seed = Number(options.seed);
if (!Number.isInteger(seed) || !existsSync(main)) {
  console.error(existsSync(main) ? '--seed takes a whole number' : 'the package is not built: npm run build');
  process.exit(2);
}

if (options.traces && options.suites !== 'suites') {
  console.error('--traces leaves suites out: name one of them');
  process.exit(2);
}

const random = seededRandom(seed);
const delayed = `look=${100 + random.below(30_000)},threshold=${1 + random.below(5)},batch=${1 + random.below(8)},delay=${random.below(200)},patience=${4 ** random.below(5)},regions=${2 ** (1 + random.below(11))}`;
/** Never, by default, as soon as seen, and at a time that the seed says. */
const all = ['interpreter', 'compiler', 'look=1000,threshold=1,batch=1,delay=0,patience=4', delayed];
const settings = all.slice(0, Number(options.settings));

const folder = mkdtempSync(join(tmpdir(), 'engines-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/**
 * @param {readonly string[]} words
 * @param {string} engine
 * @param {Record<string, string>} [more]
 */
function run(words, engine, more = {}) {
  const env = { ...process.env, ...more, TSVM_ENGINE: engine };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    ...{ cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28 },
  });
  return { status, stdout, stderr };
}
const seconds = () => Number(process.hrtime.bigint() / 1_000_000n) / 1000;

let failures = 0;
/** @param {string} what @param {string} why */
function fails(what, why) {
  failures++;
  console.log(`DIFFERENT ${what}: ${why}`);
}

/** @param {string} path @returns {string[]} */
const tracesIn = (path) =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.trace'))
    .map((name) => join(path, name));

function replayTraces() {
  for (const trace of tracesIn(join(root, 'traces'))) {
    /** @type {string | undefined} */
    let first;
    for (const engine of settings) {
      const started = seconds();
      const { status, stdout, stderr } = run(['replay', trace, '--json'], engine);
      const took = (seconds() - started).toFixed(1);
      if (status !== 0) fails(trace, `${engine}: exit code ${status}: ${stderr.trim()}${stdout.trim()}`);
      else if (first !== undefined && stdout !== first)
        fails(trace, `${engine} reports something else than ${settings[0]}`);
      else console.log(`${trace}: ${engine}: ${JSON.parse(stdout).verified} checkpoints, ${took} s`);
      first ??= stdout;
    }
  }
}

/** @param {string} path @returns {Map<string, string>} */
function digestsIn(path) {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  return new Map(lines.filter(Boolean).map((line) => [JSON.parse(line).test, line]));
}

/** Characters of a failed run that are shown. */
const mostShown = 3000;

/**
 * Runs the suites of a folder under each setting; a line each, with what differs from the first one.
 * @param {string} suites
 */
function runSuites(suites) {
  /** @type {(number | null)[]} */
  const statuses = [];
  /** @type {Map<string, string> | undefined} */
  let first;
  settings.forEach((engine, index) => {
    const before = failures;
    const started = seconds();
    const log = join(folder, `${suites.replaceAll('/', '-')}-${index}.jsonl`);
    const words = ['run', suites, '--maxWorkers', '1', ...(options.long ? ['--long'] : [])];
    const { status, stdout, stderr } = run(words, engine, { TSVM_DIGEST_LOG: log });
    const digests = digestsIn(log);
    // What fails under each engine alike is for the suites to say; here it counts that they agree.
    statuses.push(status);
    if (status !== 0 && index === 0) console.log(`${stdout}${stderr}`.slice(-mostShown));
    if (status !== statuses[0])
      fails(suites, `exit code ${status} with ${engine}\n${`${stdout}${stderr}`.slice(-mostShown)}`);
    if (first !== undefined) {
      for (const test of new Set([...first.keys(), ...digests.keys()])) {
        const [one, other] = [first.get(test), digests.get(test)];
        if (one !== other) fails(test, `${settings[0]} ${one}\n  ${engine} ${other}`);
      }
    }
    first ??= digests;
    const alike = digests.size === 0 ? ', nothing to compare' : ', equal';
    const verdict = index === 0 ? '' : failures === before ? alike : ', DIFFERENT';
    const took = (seconds() - started).toFixed(1);
    console.log(`${suites}: ${engine}: ${digests.size} tests ended, exit code ${status}, ${took} s${verdict}`);
  });
}

/** @param {string} path @returns {string[]} Folders of suites, so that what one of them says does not wait for all. */
const suitesIn = (path) => {
  const folders = readdirSync(join(root, path), { withFileTypes: true }).filter((each) => each.isDirectory());
  const inside = folders.map(({ name }) => `${path}/${name}`);
  // What comes from outside comes at another cycle in each run: no two of them are alike.
  const alike = inside.filter((folder) => !folder.endsWith('live-network'));
  return path === 'suites' && alike.length > 0 ? alike : [path];
};

console.log(`settings: ${settings.join('; ')}`);
if (options.suites === 'suites') replayTraces();
if (!options.traces) for (const suites of suitesIn(options.suites)) runSuites(suites);
console.log(failures === 0 ? 'all engines agree' : `${failures} differences`);
process.exit(failures === 0 ? 0 : 1);
