import { hex } from '../../base/integers.js';
import { shownPath } from '../../host/files.js';
import { progress, shellLine, styled } from '../../host/terminal.js';
import { bisect as bisectRun, type Found } from '../../replay/bisect.js';
import { describeEvent } from '../../replay/events.js';
import { parsePredicate } from '../../replay/predicate.js';
import { defineCommand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { cycleOption, openForReplay, playbackOptions, startPlayback } from '../playback.js';
import { processorLines } from '../processor-report.js';
import { createReport, printFailure, type Report } from '../report.js';

const predicateHelp =
  'screen:TEXT, screen:/REGEX/, serial:TEXT, memory:0x1234=deadbeef, memory:0x1234/2>=7, executed:0x7c00, halted, ' +
  'shutdown, powerOff or exited';

/** `bisect`: the first cycle of a trace at which something holds. */
export const bisect = defineCommand({
  builder: (yargs) =>
    yargs
      .positional('trace', { type: 'string', demandOption: true, describe: 'The trace' })
      .option('when', { type: 'string', demandOption: true, describe: predicateHelp })
      .option('look', { type: 'string', describe: 'Cycles between looks; what holds for less may be missed' })
      .options(playbackOptions),
  async handler(argv) {
    const report = createReport(argv.json);
    const predicate = parsePredicate(argv.when);
    const { player } = startPlayback(openForReplay(argv.trace, argv.image));
    const shown = progress(`bisect ${shownPath(argv.trace)}`);
    const { endsAt } = player.trace;
    const found = bisectRun(player, predicate, {
      onProgress: (at) => shown.at(at, endsAt, `cycle ${at}`),
      ...(argv.look === undefined ? {} : { lookCycles: Math.max(1, cycleOption(argv.look, '--look')) }),
    });
    shown.end();
    if (found === undefined) {
      report.document({ predicate: argv.when, found: null });
      const again = shellLine('npx', 'tsvm-test', 'replay', argv.trace);
      printFailure(`${argv.when} never holds from cycle 0 to ${endsAt}`, again);
      return exitCodes.testFailed;
    }
    report.document({ predicate: argv.when, found });
    print(found, argv.trace, argv.when, report);
    return exitCodes.passed;
  },
});

const causes: Readonly<Record<Found['cause'], string>> = {
  instruction: 'the instruction that retired last made it so',
  input: 'an input at this cycle made it so',
  device: 'a device made it so while the processor was halted',
  start: 'it holds from power-on',
};

function print({ cycle, cause, before, after, inputs }: Found, trace: string, when: string, report: Report): void {
  report.line(`${styled('found', 'green', process.stdout)} ${when} first holds at cycle ${cycle}: ${causes[cause]}`);
  if (before !== undefined) {
    report.line(`before it, about to execute linear ${hex(before.linear, 8)}:`);
    for (const line of processorLines(before)) report.line(`  ${line}`);
  }
  report.line('after it:');
  for (const line of processorLines(after)) report.line(`  ${line}`);
  if (inputs.length > 0) report.line('the last inputs:');
  for (const event of inputs) report.line(`  ${describeEvent(event)}`);
  report.line(
    `  ${styled('run', 'cyan', process.stdout)} ${shellLine('npx', 'tsvm-test', 'replay', trace, '--at', String(cycle))}`,
  );
}
