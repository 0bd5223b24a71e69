import { shownPath } from '../../host/files.js';
import { progress, shellLine, styled } from '../../host/terminal.js';
import { diffRuns, type RunComparison, type RunDifference } from '../../replay/diff.js';
import { describeEvent } from '../../replay/events.js';
import { defineCommand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { openForReplay, playbackOptions, startPlayback } from '../playback.js';
import { processorLines } from '../processor-report.js';
import { createReport, type Report } from '../report.js';

/** Differing fields shown to a person; `--json` gives all. */
const shownDifferences = 12;

/** `diff`: where two runs part. */
export const diff = defineCommand({
  builder: (yargs) =>
    yargs
      .positional('left', { type: 'string', demandOption: true, describe: 'A trace' })
      .positional('right', { type: 'string', demandOption: true, describe: 'Another trace of the same machine' })
      .options(playbackOptions),
  async handler(argv) {
    const report = createReport(argv.json);
    const [left, right] = [argv.left, argv.right].map(
      (path) => startPlayback(openForReplay(path, argv.image), { verify: false }).player,
    );
    const end = Math.min(left!.trace.endsAt, right!.trace.endsAt);
    const shown = progress(`diff ${shownPath(argv.left)} ${shownPath(argv.right)}`);
    const comparison = diffRuns(left!, right!, { onProgress: (at) => shown.at(at, end, `cycle ${at}`) });
    shown.end();
    report.document(comparison);
    print(comparison, argv.left, argv.right, report);
    return comparison.difference === undefined ? exitCodes.passed : exitCodes.diverged;
  },
});

function print({ difference, comparedUpTo }: RunComparison, left: string, right: string, report: Report): void {
  if (difference === undefined) {
    report.line(`${styled('equal', 'green', process.stdout)} up to cycle ${comparedUpTo}`);
    return;
  }
  const { cycle, before, differences } = difference;
  report.line(`${styled('different', 'red', process.stdout)} first at cycle ${cycle}`);
  for (const { part, path, left: ours, right: theirs } of differences.slice(0, shownDifferences)) {
    report.line(`  ${part}${path === '' ? '' : ` ${path}`}: ${ours} against ${theirs}`);
  }
  const rest = differences.length - shownDifferences;
  if (rest > 0) report.line(`  and ${rest} more (--json lists them)`);
  if (before !== undefined) {
    report.line('one cycle earlier, equal in both:');
    for (const line of processorLines(before)) report.line(`  ${line}`);
  }
  printSide(left, difference.left, report);
  printSide(right, difference.right, report);
  for (const trace of [left, right]) {
    const again = shellLine('npx', 'tsvm-test', 'replay', trace, '--at', String(cycle));
    report.line(`  ${styled('run', 'cyan', process.stdout)} ${again}`);
  }
}

function printSide(path: string, { processor, inputs }: RunDifference['left'], report: Report): void {
  report.line(`${path} then:`);
  for (const line of processorLines(processor)) report.line(`  ${line}`);
  for (const event of inputs) report.line(`  ${describeEvent(event)}`);
}
