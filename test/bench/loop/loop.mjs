/**
 * Speed on a fixed guest loop without an operating system, beside v86 with and without its compiler: the same image, the same
 * run, one measurement of each emulator in turn.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { table } from '../report.mjs';
import { summary } from '../statistics.mjs';
import { guestFacts, phases, readGuestImage } from './guest-image.mjs';
import { OwnMachine } from './own-machine.mjs';
import { v86Absence, V86Machine } from './v86-machine.mjs';

const millionInstructions = 20;
const startUpProcesses = 3;

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
async function measureSpeeds({ machines, iterations, instructions, rounds, say }) {
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
    say(round === 0 ? 'loop: warmed up' : `loop: round ${round} of ${rounds}`);
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

function textOf(rows, startUp) {
  const number = (value, digits = 0) => value.toFixed(digits);
  const lines = rows.map(({ title, emulator, mipsOfProcessorTime: speed, oursIsTimesAsFast }) => [
    ...[title, emulator, number(speed.median), `${number(speed.least)}-${number(speed.most)}`],
    `${number(oursIsTimesAsFast.median, 2)}x`,
  ]);
  const times = ({ processorMs, clockMs }) =>
    `${number(processorMs.median)} ms of processor time, ${number(clockMs.median)} ms by the clock`;
  return `${table(['the fixed loop', 'emulator', 'MIPS', 'least-most', 'ours / this'], lines)}
createMachine to the first guest instruction: ${times(startUp.freshProcess)}; a second machine in the same process:
${times(startUp.sameProcess)}`;
}

/** Measures the loop; `withV86` says whether v86 is to be measured too, where it is on this computer. */
export async function measureLoop({ rounds, withV86, say }) {
  const image = readGuestImage();
  const { instructionsPerIteration } = guestFacts(image);
  const iterations = Math.round((millionInstructions * 1e6) / instructionsPerIteration);
  const instructions = iterations * instructionsPerIteration;
  const startUp = await measureStartUp();
  const own = new OwnMachine(image);
  const v86 = withV86 && (await v86Absence()) === undefined;
  const machines = [own, ...(v86 ? [new V86Machine(image, false), new V86Machine(image, true)] : [])];
  for (const machine of machines) await machine.boot();
  verifyCount(own, instructionsPerIteration);
  const rows = report(machines, await measureSpeeds({ machines, iterations, instructions, rounds, say }));
  for (const machine of machines) await machine.close();
  return { instructionsPerPhase: instructions, rows, startUp, text: textOf(rows, startUp) };
}
