import { UserError } from '../../base/errors.js';
import type { Cycle } from '../../base/integers.js';
import { shownPath, writeWhole } from '../../host/files.js';
import { diskOutput, saveDisk } from '../../host/save-disk.js';
import { shellLine, styled } from '../../host/terminal.js';
import type { Machine, StopReason } from '../../machine/machine.js';
import { Divergence } from '../../replay/divergence.js';
import { screenText } from '../../screen/text.js';
import type { Trace } from '../../trace/reader.js';
import { defineCommand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { cycleOption, openForReplay, type Playback, playbackOptions, serialBytes, startPlayback } from '../playback.js';
import { createReport, printFailure, type Report } from '../report.js';
import { postLine, testingReport } from '../testing-outputs.js';
import { processorLines } from '../processor-report.js';

interface Wanted {
  readonly trace: string;
  readonly until: string | undefined;
  readonly at: string | undefined;
  readonly screen: string | undefined;
  readonly serial: string | undefined;
  readonly debugConsole: string | undefined;
}

/** `replay`: runs a trace again and verifies it at every checkpoint. */
export const replay = defineCommand({
  builder: (yargs) =>
    yargs
      .positional('trace', { type: 'string', demandOption: true, describe: 'The trace' })
      .option('until', { type: 'string', describe: 'Replay up to this cycle' })
      .option('at', { type: 'string', describe: 'Replay up to this cycle and show processor and screen there' })
      .option('screen', { type: 'string', describe: 'Write the last screen to this PNG file' })
      .option('serial', { type: 'string', describe: 'Write what serial port 0 sent to this file' })
      .option('debug-console', { type: 'string', describe: 'Write what was written to the debug console to this file' })
      .option('disk', {
        type: 'string',
        array: true,
        default: [] as string[],
        describe: 'Write what a drive then holds to a raw image, as DRIVE=FILE',
      })
      .options(playbackOptions)
      .conflicts('until', 'at'),
  async handler(argv) {
    const report = createReport(argv.json);
    const disks = argv.disk.map((text) => diskOutput(text, '--disk'));
    const opened = openForReplay(argv.trace, argv.image);
    const { trace } = opened;
    const end = lastCycle(trace, argv);
    const playback = startPlayback(opened);
    try {
      const stop = await playback.go(end, `replay ${shownPath(argv.trace)}`);
      if (trace.cut !== undefined) {
        report.note(`The trace was cut: it replays up to frame ${trace.cut.frame}, byte ${trace.cut.offset}.`);
      }
      if (argv.screen !== undefined) await writeScreen(playback.player.machine, argv.screen);
      print(playback, stop, argv, report);
      if (disks.length > 0) {
        const snapshot = playback.player.machine.save();
        for (const disk of disks) saveDisk(disk, snapshot, opened.images);
      }
      return exitCodes.passed;
    } catch (error) {
      if (!(error instanceof Divergence)) throw error;
      reportDivergence(error, argv, report);
      return exitCodes.diverged;
    }
  },
});

/** The cycle to replay to; throws UserError for one that the trace does not reach. */
function lastCycle({ endsAt }: Trace, { at, until }: Wanted): Cycle {
  const [text, option] = at === undefined ? [until, '--until'] : [at, '--at'];
  if (text === undefined) return endsAt;
  const wanted = cycleOption(text, option);
  if (wanted <= endsAt) return wanted;
  throw new UserError(`the trace ends at cycle ${endsAt}; there is no cycle ${wanted} in it`, { place: option });
}

function print(
  { player, sent, testing }: Playback,
  stop: StopReason | undefined,
  wanted: Wanted,
  report: Report,
): void {
  const { machine, trace } = player;
  const frame = machine.screen();
  const digest = machine.digest();
  const text = screenText(frame);
  if (wanted.serial !== undefined) writeWhole(wanted.serial, serialBytes(sent, 0));
  if (wanted.debugConsole !== undefined) writeWhole(wanted.debugConsole, Uint8Array.from(testing.written));
  const checkpoints = trace.records
    .filter((record) => record.kind === 'checkpoint')
    .filter(({ at }) => at <= machine.cycle)
    .map(({ at, sha256 }) => ({ cycle: at, sha256 }));
  report.line(
    `${styled('replayed', 'green', process.stdout)} to cycle ${machine.cycle}; ${player.verified} checkpoints equal`,
  );
  if (stop !== undefined) report.line(`the machine stopped: ${describeStop(stop)}`);
  if (trace.end !== undefined && machine.cycle === trace.endsAt)
    report.line(`the recording ended: ${trace.end.reason}`);
  report.line(`state ${digest.sha256}`);
  const said = testingReport(testing);
  const codes = postLine(said.postCodes);
  if (codes !== undefined) report.line(codes);
  if (wanted.at !== undefined) for (const line of processorLines(machine.processor())) report.line(line);
  if (wanted.at !== undefined || wanted.screen === undefined) for (const line of framed(text)) report.line(line);
  report.document({
    result: 'equal',
    cycle: machine.cycle,
    verified: player.verified,
    checkpoints,
    ...(stop === undefined ? {} : { stop }),
    ...(trace.cut === undefined ? {} : { cut: trace.cut }),
    ...(trace.end === undefined ? {} : { end: trace.end.reason }),
    digest,
    processor: machine.processor(),
    screen: text,
    ...said,
    serial: Object.fromEntries([0, 1, 2, 3].map((port) => [port, new TextDecoder().decode(serialBytes(sent, port))])),
  });
}

/** Loads the encoder when a picture is asked for. */
async function writeScreen(machine: Machine, path: string): Promise<void> {
  const { encodePng } = await import('../../screen/png.js');
  writeWhole(path, encodePng(machine.screen()));
}

function framed(text: string): string[] {
  if (text.trim() === '') return [];
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `  | ${line}`);
}

function describeStop(stop: StopReason): string {
  if (stop.kind === 'exited') return `the guest ended with status ${stop.status}`;
  return stop.kind === 'shutdown' ? `triple fault (${stop.detail})` : stop.kind;
}

function reportDivergence(error: Divergence, { trace }: Wanted, report: Report): void {
  const from: Cycle | undefined = error.details.lastEqual;
  printFailure(error.message, shellLine('npx', 'tsvm-test', 'replay', trace, '--at', String(from ?? 0)));
  report.document({ result: 'diverged', ...error.details });
}
