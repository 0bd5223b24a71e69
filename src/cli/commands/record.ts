import { UserError } from '../../base/errors.js';
import { type InterruptWatch, watchInterrupts } from '../../host/interrupts.js';
import { powerOnFrom } from '../../host/power-on.js';
import { progress, shellLine, styled } from '../../host/terminal.js';
import { defineCommand } from '../command.js';
import { exitCodeOf, exitCodes } from '../exit-codes.js';
import { machineOptions, requestFrom } from '../machine-options.js';
import { recordLive } from '../record/live.js';
import { type RecordingRequest, type RecordingSummary, startRecording } from '../record/recording.js';
import { recordScript, type ScriptOutcome } from '../record/script.js';
import { createReport, printFailure, type Report } from '../report.js';
import { postLine } from '../testing-outputs.js';

/** `record`: runs a machine and writes everything that reaches it into a trace. */
export const record = defineCommand({
  builder: (yargs) =>
    yargs
      .options(machineOptions)
      .option('output', { alias: 'o', type: 'string', demandOption: true, describe: 'The trace to write' })
      .option('script', { type: 'string', describe: 'A JSON list of inputs, instead of the terminal' })
      .option('spare', {
        type: 'string',
        array: true,
        describe: 'Images in no drive yet, which a script inserts or plugs in by these names',
      })
      .option('console', {
        choices: ['screen', 'serial', 'debug'] as const,
        describe:
          'What the terminal is: screen and keyboard (the default), serial port 0, or keyboard and debug console',
      })
      .option('for', {
        type: 'number',
        describe:
          'End a live recording after this many guest seconds; a limit (exit code 4) for a guest with a debug exit',
      })
      .option('unpaced', {
        type: 'boolean',
        describe: 'Live, but as fast as it goes, and no longer than to a halt for ever',
      })
      .option('pcap', { type: 'string', describe: 'Write what the network cards send and take into a capture file' })
      .option('title', { type: 'string', default: '', describe: 'What to call the recording' })
      .option('date', { type: 'string', describe: 'Date at power-on: ISO 8601 or Unix seconds; default now' })
      .option('seed', { type: 'number', describe: 'Seed of what the machine draws at random; default at random' })
      .conflicts('script', ['console', 'for', 'unpaced'])
      .epilogue('Ctrl and ] ends a live recording.'),
  async handler(argv) {
    const report = createReport(argv.json);
    const { output, title, script, pcap, spare } = argv;
    const request = { machine: requestFrom(argv), powerOn: powerOnFrom(argv), output, title, pcap, spare };
    const interrupts = watchInterrupts();
    try {
      if (script !== undefined) refuseLive(request);
      if (script !== undefined) return await scripted(request, script, interrupts, report);
      const { console = 'screen', for: seconds } = argv;
      if (seconds !== undefined && !(seconds > 0)) throw new UserError('no length of time', { place: '--for' });
      const recording = startRecording(request);
      const screen = argv.json ? process.stderr : process.stdout;
      const live = { mode: console, input: process.stdin, output: screen, seconds, unpaced: argv.unpaced };
      const summary = recording.finish(await recordLive(recording, live, interrupts));
      return ended({ summary }, interrupts, report);
    } finally {
      interrupts.close();
    }
  },
});

/** A script runs as fast as it can, and cannot wait for the world outside. */
function refuseLive({ machine }: RecordingRequest): void {
  const isLive = machine.network?.some((card) => typeof card !== 'string' && card.network === 'live');
  if (isLive)
    throw new UserError('a script cannot use the live network', {
      place: '--network',
      nextStep: 'Plug the card into the built-in network, or record from the terminal.',
    });
}

async function scripted(
  request: RecordingRequest,
  script: string,
  interrupts: InterruptWatch,
  report: Report,
): Promise<number> {
  const shown = progress('record');
  const outcome = await recordScript(request, script, interrupts, (at) => shown.at(0, 1, `cycle ${at}`));
  shown.end();
  return ended(outcome, interrupts, report);
}

function ended({ summary, stuck, awaited }: ScriptOutcome, interrupts: InterruptWatch, report: Report): number {
  report.document({ ...summary, ...(stuck === undefined ? {} : { stuck }) });
  const again = shellLine('npx', 'tsvm-test', 'replay', summary.trace);
  if (stuck !== undefined) {
    printFailure(stuck, again);
    return exitCodes.guestLimit;
  }
  report.line(
    `${styled('recorded', 'green', process.stdout)} ${summary.cycle} cycles into ${summary.trace} (${describeEnd(summary)})`,
  );
  report.line(`state ${summary.sha256}`);
  const codes = postLine(summary.postCodes);
  if (codes !== undefined) report.line(codes);
  report.line(`  ${styled('run', 'cyan', process.stdout)} ${again}`);
  if (interrupts.exitCode !== undefined) return interrupts.exitCode;
  if (summary.status !== undefined && awaited !== true) return exitCodeOf(summary.status);
  return summary.reason === 'shutdown' || summary.reason === 'limit' ? exitCodes.guestLimit : exitCodes.passed;
}

const describeEnd = ({ reason, status }: RecordingSummary): string =>
  status === undefined ? reason : `the guest ended with status ${status}`;
