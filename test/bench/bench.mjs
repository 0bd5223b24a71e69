/**
 * Interpreter speed on a fixed guest loop, beside v86 with and without its compiler: the same image, the same run, one
 * measurement of each emulator in turn. See README.md for what is measured and how.
 */
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { guestFacts, phases, readGuestImage } from './guest-image.mjs';
import { OwnMachine } from './own-machine.mjs';
import { v86Absence, V86Machine } from './v86-machine.mjs';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    million: { type: 'string', default: '20' },
  },
});
const positive = (name) => {
  const value = Number(options[name]);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${name} takes a whole number above 0, not '${options[name]}'`);
  process.exit(2);
};
const rounds = positive('rounds');
const millionInstructions = positive('million');
const startUpProcesses = 3;

const say = (line) => (options.json ? console.error(line) : console.log(line));

function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
const summary = (values) => ({ median: median(values), least: Math.min(...values), most: Math.max(...values) });

/** The count that every speed rests on: our cycle counter must see exactly the instructions that the image declares. */
function verifyCount(machine, instructionsPerIteration) {
  for (const phase of Object.keys(phases)) {
    for (const iterations of [1, 1000]) {
      const cycles = machine.countCycles(phase, iterations);
      const expected = iterations * instructionsPerIteration;
      if (cycles !== expected)
        throw new Error(`${phases[phase].title}: ${cycles} cycles in ${iterations} iterations, not ${expected}`);
    }
  }
}

async function measureStartUp() {
  const script = fileURLToPath(new URL('start-up.mjs', import.meta.url));
  const runs = [];
  for (let run = 0; run < startUpProcesses; run++) {
    runs.push(JSON.parse((await promisify(execFile)(process.execPath, [script])).stdout));
  }
  const of = (when) => ({
    processorMs: summary(runs.map((run) => run[when].total.processorMs)),
    clockMs: summary(runs.map((run) => run[when].total.clockMs)),
  });
  return { freshProcess: of('fresh'), sameProcess: of('again') };
}

/** Millions of instructions per second by phase and emulator, one number a round; the first round only warms up. */
async function measureSpeeds(machines, iterations, instructions) {
  const speeds = Object.fromEntries(Object.keys(phases).map((phase) => [phase, machines.map(() => [])]));
  for (let round = 0; round <= rounds; round++) {
    for (const phase of Object.keys(phases)) {
      let checksum;
      for (const [index, machine] of machines.entries()) {
        const { start, end, checksum: own } = await machine.measure(phase, iterations);
        checksum ??= own;
        if (own !== checksum)
          throw new Error(`${phases[phase].title}: ${machine.name} computed ${own}, ${machines[0].name} ${checksum}`);
        if (round === 0) continue;
        const perSecond = (spanMs) => instructions / 1e6 / (spanMs / 1000);
        speeds[phase][index].push({
          processor: perSecond(end.processor - start.processor),
          clock: perSecond(end.clock - start.clock),
        });
      }
    }
    say(round === 0 ? 'warmed up' : `round ${round} of ${rounds}`);
  }
  return speeds;
}

function report(machines, speeds) {
  const rows = [];
  for (const [phase, { title }] of Object.entries(phases)) {
    for (const [index, { name }] of machines.entries()) {
      const of = (clock) => speeds[phase][index].map((each) => each[clock]);
      const ratios = speeds[phase][index].map((each, round) => speeds[phase][0][round].processor / each.processor);
      rows.push({
        phase,
        title,
        emulator: name,
        mipsOfProcessorTime: summary(of('processor')),
        mipsOfClock: summary(of('clock')),
        oursIsTimesAsFast: summary(ratios),
      });
    }
  }
  return rows;
}

function printTable(rows, startUp) {
  const number = (value, digits = 0) => value.toFixed(digits);
  const line = (cells) => {
    const widths = [28, 27, 8, 13, 8, 14];
    return cells.map((cell, index) => (index < 2 ? cell.padEnd(widths[index]) : cell.padStart(widths[index]))).join('');
  };
  say('');
  say(line(['phase', 'emulator', 'MIPS', 'least-most', 'clock', 'ours / this']));
  for (const { title, emulator, mipsOfProcessorTime: speed, mipsOfClock, oursIsTimesAsFast } of rows) {
    const spread = `${number(speed.least)}-${number(speed.most)}`;
    const ratio = `${number(oursIsTimesAsFast.median, 2)}x`;
    say(line([title, emulator, number(speed.median), spread, number(mipsOfClock.median), ratio]));
  }
  const times = ({ processorMs, clockMs }) =>
    `${number(processorMs.median)} ms of processor time, ${number(clockMs.median)} ms by the clock`;
  say('');
  say(
    'MIPS: million guest instructions per second of processor time; clock: the same by the clock, which other work on the',
  );
  say('computer slows. Medians; a ratio is the median of the ratios of each round.');
  say(`start-up, createMachine to the first guest instruction: ${times(startUp.freshProcess)};`);
  say(`a second machine in the same process: ${times(startUp.sameProcess)}.`);
}

const image = readGuestImage();
const { instructionsPerIteration } = guestFacts(image);
const iterations = Math.round((millionInstructions * 1e6) / instructionsPerIteration);
const instructions = iterations * instructionsPerIteration;

const startUp = await measureStartUp();
const own = new OwnMachine(image);
const absence = await v86Absence();
const machines = [own, ...(absence === undefined ? [new V86Machine(image, false), new V86Machine(image, true)] : [])];
if (absence !== undefined) say(`v86 is SKIPPED: ${absence}`);
say(
  `${instructions / 1e6} million instructions a phase, ${rounds} rounds after one that warms up, on Node ${process.version}`,
);
for (const machine of machines) await machine.boot();
verifyCount(own, instructionsPerIteration);
const rows = report(machines, await measureSpeeds(machines, iterations, instructions));
for (const machine of machines) await machine.close();

if (options.json) {
  const host = { node: process.version, architecture: process.arch, processor: cpus()[0]?.model ?? 'unknown' };
  console.log(
    JSON.stringify(
      { host, instructionsPerPhase: instructions, rounds, v86Skipped: absence ?? null, rows, startUp },
      null,
      2,
    ),
  );
} else {
  printTable(rows, startUp);
}
