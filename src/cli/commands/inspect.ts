import { openTrace } from '../../host/traces.js';
import { describeEvent } from '../../replay/events.js';
import { defineCommand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { createReport } from '../report.js';

/** `inspect`: what is in a trace, without running it. */
export const inspect = defineCommand({
  builder: (yargs) => yargs.positional('trace', { type: 'string', demandOption: true, describe: 'The trace' }),
  async handler(argv) {
    const report = createReport(argv.json);
    const { version, header, records, endsAt, end, cut, frames } = openTrace(argv.trace);
    const { machine } = header;
    const events = records.filter((record) => record.kind !== 'checkpoint');
    const checkpoints = records.filter((record) => record.kind === 'checkpoint');
    const seconds = (endsAt / machine.cyclesPerSecond).toFixed(3);
    report.line(`${header.title === '' ? '(no title)' : header.title}`);
    report.line(`trace format ${version}, recorded by tsvm-test ${header.package}`);
    report.line(
      `board ${machine.board}, ${machine.processor}, ${machine.memoryBytes / 2 ** 20} MiB, boots from ${machine.boot}`,
    );
    for (const [drive, medium] of Object.entries(machine.media)) {
      if (medium !== undefined) report.line(`  ${drive}: ${medium.size} bytes, SHA-256 ${medium.sha256}`);
    }
    report.line(`powered on at ${new Date(header.date * 1000).toISOString()}, seed ${header.seed}`);
    report.line(`${frames.length} frames, ${events.length} inputs, ${checkpoints.length} checkpoints`);
    report.line(`${endsAt} cycles, ${seconds} guest seconds; ${end === undefined ? 'cut' : `ended: ${end.reason}`}`);
    if (cut !== undefined)
      report.note(`The file is cut at frame ${cut.frame}, byte ${cut.offset}; what stands before replays.`);
    for (const record of records) {
      report.line(
        record.kind === 'checkpoint' ? `  cycle ${record.at}: state ${record.sha256}` : `  ${describeEvent(record)}`,
      );
    }
    report.document({ version, header, frames, events, checkpoints, endsAt, end, cut });
    return exitCodes.passed;
  },
});
