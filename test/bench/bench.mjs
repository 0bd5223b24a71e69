/**
 * `npm run bench`: the speed of this project beside other emulators, on guests built from sources in this folder, all in one
 * run. See README.md for what is measured and how to read it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureStarts } from './costs/start.mjs';
import { goalsOf } from './goals.mjs';
import { measureLoop } from './loop/loop.mjs';
import { peers, underNode } from './peers/all.mjs';
import { costTable, meansOf, rowsOf, speedTables, table } from './report.mjs';
import { median } from './statistics.mjs';
import { prepareGuest } from './workloads/guest.mjs';
import { workloads } from './workloads/list.mjs';
import { measureWorkloads, waitingPeers } from './workloads/measure.mjs';

const costs = { start: 'start to the first guest instruction', snapshot: 'snapshots', idle: '60 idle guest seconds' };
const parts = { loop: 'the fixed loop without an operating system', ...workloads, ...costs };

const usage = `npm run bench -- [options]
  --only NAME,...      some parts: ${Object.keys(parts).join(' ')}
  --peers NAME,...     beside tsvm-test: ${peers
    .slice(1)
    .map(({ name }) => name)
    .join(' ')}; or none
  --rounds N           rounds, each with machines of its own; also of the loop (default 3)
  --repeats N          how often each machine runs each workload; what comes later has a table of its own (default 2)
  --engine NAME        the engine of tsvm-test, where it has several
  --beside-node PATH   tsvm-test once more, under another Node
  --json               one JSON document on standard output, progress on standard error
  --list               what the parts are`;

const { values: options } = readOptions();
const say = (line) => (options.json ? console.error(line) : console.log(line));

function refuse(problem) {
  console.error(`${problem}\n\n${usage}`);
  process.exit(2);
}
function readOptions() {
  try {
    return parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        rounds: { type: 'string', default: '3' },
        repeats: { type: 'string', default: '2' },
        only: { type: 'string', default: Object.keys(parts).join(',') },
        peers: { type: 'string', default: peers.map(({ name }) => name).join(',') },
        engine: { type: 'string' },
        'beside-node': { type: 'string' },
      },
    });
  } catch (error) {
    return refuse(error.message);
  }
}
function chosenNames(option, possible) {
  const names = options[option].split(',').filter((name) => name !== '' && name !== 'none');
  const unknown = names.find((name) => !possible.includes(name));
  if (unknown !== undefined) refuse(`--${option}: there is no '${unknown}'`);
  return possible.filter((name) => names.includes(name));
}
function count(option) {
  const value = Number(options[option]);
  if (!Number.isInteger(value) || value < 1)
    refuse(`--${option} takes a whole number above 0, not '${options[option]}'`);
  return value;
}

async function main() {
  if (options.help) return console.log(usage);
  if (options.list) return Object.entries(parts).forEach(([name, title]) => console.log(`${name.padEnd(16)}${title}`));
  const [rounds, repeats] = [count('rounds'), count('repeats')];
  const only = chosenNames('only', Object.keys(parts));
  const wanted = new Set([
    'plain',
    ...chosenNames(
      'peers',
      peers.map(({ name }) => name),
    ),
  ]);
  const { chosen, skipped } = await present(peers.filter(({ name }) => wanted.has(name)));
  const scratch = mkdtempSync(join(tmpdir(), 'tsvm-bench-'));
  const began = performance.now();
  try {
    const result = {
      host: hostFacts(),
      rounds,
      repeats,
      skipped,
      ...(await measure({ only, chosen, skipped, rounds, repeats, scratch })),
    };
    result.goals = goalsOf(result);
    result.minutes = (performance.now() - began) / 60_000;
    show(result, Object.fromEntries(chosen.map(({ name, title }) => [name, title])));
    if (Object.keys(result.failures ?? {}).length > 0) process.exitCode = 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Those of the peers that are on this computer, and why the others are not measured. */
async function present(list) {
  const skipped = {};
  for (const each of list) {
    const absence = await each.absence();
    if (absence !== undefined) skipped[each.name] = absence;
  }
  for (const [name, reason] of Object.entries(skipped)) say(`${name} is SKIPPED: ${reason}`);
  const chosen = list.filter(({ name }) => skipped[name] === undefined);
  const node = options['beside-node'];
  if (node !== undefined) chosen.push(underNode(node, execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()));
  return { chosen, skipped };
}

function hostFacts() {
  const { platform, arch, version } = process;
  return { node: version, platform, arch, processor: cpus()[0]?.model ?? 'unknown', processors: cpus().length };
}

async function measure({ only, chosen, skipped, rounds, repeats, scratch }) {
  const result = {};
  if (only.includes('loop'))
    result.loop = await measureLoop({ rounds, withV86: chosen.some(({ name }) => name === 'v86'), say });
  if (only.includes('start'))
    result.starts = await measureStarts(
      chosen.map(({ name }) => name),
      scratch,
      say,
    );
  const names = only.filter((name) => workloads[name] !== undefined);
  const last = [
    ...(only.includes('snapshot') ? ['dirty', 'dirty', 'dirty'] : []),
    ...(only.includes('idle') ? ['idle'] : []),
  ];
  if (names.length + last.length === 0) return result;
  const files = prepareGuest(scratch);
  if (files.absence !== undefined) {
    skipped.workloads = files.absence;
    say(`the workloads are SKIPPED: ${files.absence}; see: npx tsvm-test guests`);
    return result;
  }
  const run = await measureWorkloads({
    chosen,
    names,
    rounds,
    repeats,
    last,
    files,
    scratch,
    engine: options.engine,
    say,
  });
  try {
    Object.assign(result, speedOf(run.times[0], names));
    result.later = run.times.slice(1).map((times) => speedOf(times, names));
    result.failures = run.failures;
    result.recordings = recordingFigures(run.recordings);
    await measureCosts(run, last, result);
  } finally {
    for (const { peer } of run.running) await peer.stop();
  }
  return result;
}

function speedOf(times, names) {
  const rows = rowsOf({ times, names });
  return { rows, means: meansOf(rows) };
}

/** Who can keep and restore a whole machine between two instructions, as far as the bench knows how to ask. */
const snapshotPeers = ['plain', 'v86', 'qemu'];

async function measureCosts({ running, attempt, oneWorkload, times: [times] }, last, result) {
  const ask = async (key, list, question) => {
    result[key] = {};
    for (const each of list) {
      const answer = await attempt(each, question);
      if (answer !== undefined) result[key][each.name] = answer;
    }
  };
  await ask('peaks', running, (peer) => peer.peak());
  if (last.includes('dirty')) {
    say('snapshots');
    const own = running.filter(({ name }) => name === 'plain');
    const all = running.filter(({ name }) => snapshotPeers.includes(name));
    // The first time is for compiling, the second for what it takes without a snapshot.
    for (const each of running) for (let time = 0; time < 2; time++) await oneWorkload(each);
    for (const each of own) await attempt(each, (peer) => peer.baseSnapshot());
    for (const each of running) await oneWorkload(each);
    await ask('snapshots', all, (peer) => peer.snapshot());
    const [before, after] = (times.dirty?.plain ?? []).slice(-2);
    if (result.snapshots.plain !== undefined) result.snapshots.plain.copyMs = after.processor - before.processor;
  }
  if (last.includes('idle')) {
    say('60 idle guest seconds');
    const waits = ({ name }) => waitingPeers.includes(name);
    await Promise.all(running.filter(waits).map((each) => oneWorkload(each)));
    for (const each of running.filter((one) => !waits(one))) await oneWorkload(each);
    const figure = (list, key) => median(list.map((each) => each[key]));
    const byPeer = Object.entries(times.idle ?? {}).map(([peer, list]) => {
      return [peer, { clock: figure(list, 'clock'), processor: figure(list, 'processor') }];
    });
    result.idle = Object.fromEntries(byPeer);
  }
}

/** A recording's bytes; both are of the same guest, so that ours counts the instructions of both. */
function recordingFigures({ replay, 'qemu-replay': qemu }) {
  const instructions = replay?.instructions;
  if (instructions === undefined) return {};
  const figures = ({ bytes }) => ({ bytes, bytesPerThousand: (bytes * 1000) / instructions });
  return { record: figures(replay), ...(qemu === undefined ? {} : { 'qemu-record': figures(qemu) }) };
}

function show(result, titles) {
  if (options.json) return console.log(JSON.stringify(result, null, 2));
  const { node, processor, processors } = result.host;
  say(
    `\n${processors} x ${processor}, Node ${node}, rounds: ${result.rounds}, repeats: ${result.repeats}, ${result.minutes.toFixed(0)} minutes\n`,
  );
  if (result.loop !== undefined) say(`${result.loop.text}\n`);
  if (result.rows?.length > 0) say(`${speedTables(result.rows, result.means, titles)}\n`);
  (result.later ?? []).forEach(({ rows, means }, at) => {
    const again = rows.filter(({ name }) => workloads[name] !== undefined && name !== 'boot');
    if (again.length > 0) say(`Time ${at + 2} in the same machines:\n\n${speedTables(again, means, titles)}\n`);
  });
  const { starts, snapshots, peaks, idle, recordings } = result;
  const costTables = costTable({ starts, snapshots, peaks, idle, recordings }, titles);
  if (costTables.split('\n').length > 2) say(`${costTables}\n`);
  if (result.goals.length > 0) {
    const cells = ({ goal, must, aim, here, reached }) => [
      goal,
      `${must}`,
      `${aim}`,
      here.toPrecision(3),
      reached ? 'yes' : 'no',
    ];
    say(`${table(['goal', 'must', 'aim', 'here', 'reached'], result.goals.map(cells))}\n`);
  }
  for (const { name, checksums } of result.rows ?? []) {
    if (typeof checksums === 'object')
      say(`${name}: the peers computed DIFFERENT results: ${JSON.stringify(checksums)}`);
  }
  for (const [name, reason] of Object.entries(result.skipped)) say(`${name} was SKIPPED: ${reason}`);
  for (const [name, reason] of Object.entries(result.failures ?? {})) say(`${name} FAILED: ${reason}`);
}

await main();
