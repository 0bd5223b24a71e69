import { UserError } from '../../base/errors.js';
import { breathe } from '../../host/environment.js';
import { styled } from '../../host/terminal.js';
import { checkDevice, deviceNames } from '../../suite/properties/index.js';
import { defineCommand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { createReport } from '../report.js';

/** `props`: property tests of device models. */
export const props = defineCommand({
  builder: (yargs) =>
    yargs
      .positional('device', { type: 'string', array: true, default: [] as string[], describe: deviceNames.join(', ') })
      .option('runs', { type: 'number', describe: 'Access sequences to try for each device' })
      .option('seed', { type: 'number', describe: 'Where the search starts; equal seeds try equal sequences' })
      .option('token', { type: 'string', describe: 'Repeat one failure that was printed before' }),
  async handler(argv) {
    const report = createReport(argv.json);
    const names = argv.device.length === 0 ? deviceNames : argv.device.map(knownDevice);
    if (argv.token !== undefined && names.length !== 1) {
      throw new UserError('a token repeats a failure of one device', {
        place: '--token',
        nextStep: 'Name the device.',
      });
    }
    for (const option of ['runs', 'seed'] as const) checkWhole(option, argv[option]);
    const { runs, seed, token } = argv;
    const options = {
      ...(runs === undefined ? {} : { runs }),
      ...(seed === undefined ? {} : { seed }),
      ...(token === undefined ? {} : { token }),
    };
    const results = [];
    for (const name of names) {
      const result = checkDevice(name, options);
      results.push({ device: name, ...result });
      const verdict = result.passed
        ? styled('passed', 'green', process.stdout)
        : styled('failed', 'red', process.stdout);
      report.line(`${verdict} ${name}: ${result.runs} access sequences`);
      for (const { text } of result.failures) report.line(text);
      await breathe();
    }
    report.document(results);
    return results.every(({ passed }) => passed) ? exitCodes.passed : exitCodes.testFailed;
  },
});

function knownDevice(name: string): string {
  if (deviceNames.includes(name)) return name;
  throw new UserError(`there are no properties of "${name}"`, { nextStep: `Devices: ${deviceNames.join(', ')}.` });
}

function checkWhole(option: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0 && value < 2 ** 32)) return;
  throw new UserError(`${value} is no whole number below 2^32`, { place: `--${option}` });
}
