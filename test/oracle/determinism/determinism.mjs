// @ts-check
/**
 * Records sessions with randomly timed keys through the command line and replays each in a fresh process, on one host after
 * another: every trace must be the same byte for byte, every checkpoint equal, the last state the same. README.md says more.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readOptions } from '../options.mjs';
import { nodeHost, pinnedHost, plainHost, startBusyNeighbour } from './hosts.mjs';
import { guests, session } from './sessions.mjs';

/** @typedef {import('./hosts.mjs').Host} Host */
/** @typedef {import('./sessions.mjs').Guest} Guest */

const usage = 'npm run determinism -- [--quick] [--pairs N] [--seed N] [--guest NAME]';
const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const { values: options } = readOptions(usage, {
  options: {
    quick: { type: 'boolean', default: false },
    pairs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    guest: { type: 'string' },
  },
});
const pairs = Number(options.pairs ?? (options.quick ? 2 : 10));
const firstSeed = Number(options.seed);
if (!Number.isInteger(pairs) || pairs < 1 || !Number.isInteger(firstSeed) || !existsSync(main)) {
  console.error(existsSync(main) ? usage : 'the package is not built: npm run build');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'determinism-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => process.exit(1));

const commandSecondsMax = 300;

/**
 * Runs `tsvm-test` on a host; rejects unless it ends with exit code 0.
 * @param {Host} host
 * @param {readonly string[]} words
 * @returns {Promise<string>} What it said.
 */
function run(host, words) {
  const [program = '', ...before] = host.command;
  return new Promise((done, failed) => {
    const limits = { maxBuffer: 1 << 26, timeout: commandSecondsMax * 1000 };
    execFile(program, [...before, main, ...words], limits, (error, stdout, stderr) => {
      if (error === null) done(stdout);
      else failed(new Error(`exit code ${error.code}\n${stdout}${stderr}`.trim()));
    });
  });
}

/**
 * A recording and its replay on one host.
 * @param {Host} host
 * @param {readonly string[]} machine Options of `record`.
 * @param {string} image
 * @param {number} seed
 * @param {string} script
 * @param {string} trace
 */
async function recordAndReplay(host, machine, image, seed, script, trace) {
  const fixed = ['--date', '2024-01-01T00:00:00Z', '--seed', String(seed)];
  try {
    await run(host, ['record', ...machine, image, '--script', script, '-o', trace, ...fixed, '--json']);
    const report = JSON.parse(await run(host, ['replay', trace, '--image', image, '--json']));
    if (report.result !== 'equal' || report.verified !== report.checkpoints.length) {
      throw new Error(`${report.verified} of ${report.checkpoints.length} checkpoints are equal`);
    }
    return { host, bytes: readFileSync(trace), report };
  } catch (error) {
    throw new Error(`on ${host.name}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/**
 * One pair on all hosts at the same time; the first host's is what the others' must equal.
 * @param {readonly Host[]} hosts
 * @param {Guest} guest
 * @param {string} image
 * @param {number} seed
 * @returns {Promise<string>} What was found equal.
 */
async function onAllHosts(hosts, guest, image, seed) {
  const script = join(folder, 'script.json');
  const steps = session(guest, seed);
  writeFileSync(script, JSON.stringify(steps));
  const done = await Promise.all(
    hosts.map((host, at) => recordAndReplay(host, guest.machine, image, seed, script, join(folder, `${at}.trace`))),
  );
  const [first, ...others] = done;
  if (first === undefined) throw new Error('there is no host');
  for (const { host, bytes, report } of others) {
    const names = `${first.host.name} and ${host.name}`;
    if (!bytes.equals(first.bytes)) throw new Error(`${names} recorded different traces`);
    if (JSON.stringify(report) !== JSON.stringify(first.report))
      throw new Error(`${names} replayed to different reports`);
  }
  const { cycle, verified, digest } = first.report;
  const keys = steps.filter((step) => 'type' in step || 'press' in step).length;
  const state = digest.sha256.slice(0, 16);
  return `${keys} keys, ${cycle} cycles, ${verified} checkpoints, ${first.bytes.length} bytes, state ${state}`;
}

/** @returns {{ hosts: Host[], skipped: string[] }} */
function hostsAtHand() {
  const own = process.versions.node.split('.')[0];
  const majors = ['24', '22', '20'].filter((major) => major !== own).slice(0, options.quick ? 1 : 2);
  const candidates = [pinnedHost(), ...majors.map((major) => nodeHost(major, join(folder, `node-${major}`)))];
  const hosts = [plainHost()];
  const skipped = [];
  for (const candidate of candidates) {
    if ('absent' in candidate) skipped.push(`${candidate.name}: ${candidate.absent}`);
    else hosts.push(candidate);
  }
  return { hosts, skipped };
}

const { hosts, skipped } = hostsAtHand();
for (const reason of skipped) console.log(`skipped: ${reason}`);
console.log(`hosts: ${hosts.map(({ name }) => name).join('; ')}`);
const stopNeighbour = hosts.some(({ command }) => command[0] === 'taskset') ? startBusyNeighbour() : () => {};
let equal = 0;
let different = 0;
for (const guest of guests.filter(({ name }) => options.guest === undefined || name === options.guest)) {
  const image = guest.image();
  if (image === undefined) {
    skipped.push(guest.name);
    console.log(`skipped: guest ${guest.name} is not on this computer`);
    continue;
  }
  for (let seed = firstSeed; seed < firstSeed + pairs; seed++) {
    try {
      console.log(
        `${guest.name} seed ${seed}: equal on ${hosts.length} hosts: ${await onAllHosts(hosts, guest, image, seed)}`,
      );
      equal++;
    } catch (error) {
      different++;
      console.log(`${guest.name} seed ${seed}: DIFFERENT ${error instanceof Error ? error.message : error}`);
      console.log(`  run npm run determinism -- --guest ${guest.name} --pairs 1 --seed ${seed}`);
    }
  }
}
stopNeighbour();
console.log(`${equal} pairs equal, ${different} different, ${skipped.length} skipped, each on ${hosts.length} hosts`);
process.exit(different === 0 && equal > 0 ? 0 : 1);
