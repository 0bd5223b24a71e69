import { UserError } from '../../base/errors.js';
import { isContinuousIntegration } from '../../host/environment.js';
import { watchInterrupts } from '../../host/interrupts.js';
import { shellLine, styled } from '../../host/terminal.js';
import type { RunSummary } from '../../suite/runner.js';
import { defineCommand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { createReport, type Report } from '../report.js';

const options = {
  update: { alias: 'u', type: 'boolean', describe: 'Write goldens anew and remove obsolete ones' },
  testNamePattern: { alias: 't', type: 'string', describe: 'Only tests whose full name matches' },
  shard: { type: 'string', describe: 'One part of the suites: index/count' },
  reporter: {
    type: 'string',
    array: true,
    describe: 'Reporters of vitest: default, verbose, json, junit, github-actions …',
  },
  outputFile: { type: 'string', describe: 'Where reporters such as junit and json write' },
  bail: { type: 'number', describe: 'Stop after this many failures' },
  maxWorkers: { type: 'number', describe: 'Suites running at the same time' },
  watch: { alias: 'w', type: 'boolean', describe: 'Run again when a suite changes' },
  long: { type: 'boolean', describe: 'Also run tests that take many minutes' },
  'require-guests': { type: 'boolean', describe: 'Fail where a guest is absent, instead of skipping' },
} as const;

/** `run`: the default command. */
export const run = defineCommand({
  builder: (yargs) =>
    yargs
      .positional('path', { type: 'string', array: true, default: ['suites'], describe: 'Suite files or folders' })
      .options(options),
  async handler(argv) {
    if (argv.update && isContinuousIntegration()) {
      throw new UserError('goldens are never written in CI', {
        nextStep: 'Run -u on your own computer and look at the change.',
      });
    }
    const report = createReport(argv.json);
    const { runSuites } = await import('../../suite/runner.js'); // Loads vitest, which no other command waits for.
    const interrupts = watchInterrupts();
    const suites = runSuites({
      ...argv,
      paths: argv.path,
      requireGuests: argv['require-guests'],
      stdout: streamFor(argv),
    });
    interrupts.onInterrupt = () => void suites.cancel();
    const summary = await suites.finished;
    interrupts.close();
    print(summary, report);
    if (interrupts.exitCode !== undefined) return interrupts.exitCode;
    return summary.failed > 0 || summary.otherErrors.length > 0 ? exitCodes.testFailed : exitCodes.passed;
  },
});

const streamFor = ({ json }: { readonly json: boolean }): NodeJS.WriteStream =>
  json ? process.stderr : process.stdout;

function print(summary: RunSummary, report: Report): void {
  const skips = new Map<string, number>();
  for (const { state, reason } of summary.tests) {
    if (state === 'skipped' && reason !== undefined) skips.set(reason, (skips.get(reason) ?? 0) + 1);
  }
  for (const [reason, count] of skips) report.note(`${styled('skipped', 'yellow')} ${count}: ${reason}`);
  for (const { file, name, state } of summary.tests) {
    if (state === 'failed')
      report.note(`  ${styled('run', 'cyan')} ${shellLine('npx', 'tsvm-test', file, '-t', pattern(name))}`);
  }
  for (const { file } of summary.otherErrors) {
    if (file !== undefined) report.note(`  ${styled('run', 'cyan')} ${shellLine('npx', 'tsvm-test', file)}`);
  }
  report.document(summary);
}

/** A test's full name as the pattern that finds it: vitest joins the names of suites and test with spaces. */
function pattern(name: string): string {
  return `^${name.replaceAll(' > ', ' ').replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
}
