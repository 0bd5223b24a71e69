/** The commands put together, and how whatever goes wrong becomes an exit code and a runnable line. */
import yargs, { type Argv, type CommandModule } from 'yargs';
import { UserError } from '../base/errors.js';
import { engineAsked, engineVariable } from '../host/engine.js';
import { setVariable } from '../host/environment.js';
import { shellLine } from '../host/terminal.js';
import { ownVersion } from '../host/own-package.js';
import { GuestStuck } from '../replay/operator.js';
import { GuestLimitError } from '../suite/errors.js';
import { commands } from './commands.js';
import { exitCodes } from './exit-codes.js';
import { printFailure } from './report.js';

/** The words of a command line that was wrong. */
class UsageError extends Error {}

/** Thrown when the command line is read: yargs would put its help together for a handler that it calls, which takes its time. */
class Chosen extends Error {
  constructor(readonly run: () => Promise<number>) {
    super('a command was chosen');
  }
}

/** Runs one command line; returns the exit code. */
export async function runProgram(words: readonly string[]): Promise<number> {
  try {
    await parserOf(words).parseAsync();
    return exitCodes.passed;
  } catch (error) {
    if (!(error instanceof Chosen)) return explain(error, words);
    return await error.run().catch((problem: unknown) => explain(problem, words));
  }
}

function parserOf(words: readonly string[]): Argv {
  const parser: Argv = yargs([...words])
    .scriptName('tsvm-test')
    .usage('$0 <command>\n\nTests for operating systems on a PC whose every run repeats bit for bit.')
    .version(ownVersion())
    .help()
    .alias({ help: 'h' })
    .option('json', { type: 'boolean', default: false, describe: 'One JSON document on standard output', global: true })
    .option('engine', {
      type: 'string',
      describe: 'What runs machines, interpreter or compiler (the default); no run depends on it',
      global: true,
    })
    .middleware(({ engine }) => {
      if (engine !== undefined) setVariable(engineVariable, engine);
      engineAsked(); // Refuses one that is none, wherever it was asked for.
    })
    .middleware((argv): void => refuseTwice(argv, parser, words), true)
    .parserConfiguration({ 'parse-positional-numbers': false })
    .recommendCommands()
    .strict()
    .exitProcess(false)
    .wrap(Math.min(120, process.stdout.columns ?? 100))
    .epilogue(
      'Exit codes: 0 pass, 1 test failed, 2 usage or trace format, 3 diverged, 4 guest limit, 130/143 interrupted',
    )
    .fail((message, error) => {
      throw error ?? new UsageError(message);
    });
  for (const { command, describe, load } of commands) {
    parser.command({
      command,
      describe,
      builder: async (parsed: Argv) => (await load()).builder(parsed),
      handler: (argv) => {
        throw new Chosen(async () => (await load()).handler(argv as never));
      },
    } as CommandModule);
  }
  return parser;
}

/** An option that is no list is given at most once. */
function refuseTwice(given: Readonly<Record<string, unknown>>, parser: Argv, words: readonly string[]): void {
  // Not among the parser's declared types: the names of its options that are lists.
  const lists = (parser as unknown as { getOptions(): { array: readonly string[] } }).getOptions().array;
  const isOption = (name: string): boolean =>
    words.some((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  const twice = Object.keys(given).find(
    (name) => Array.isArray(given[name]) && !lists.includes(name) && isOption(name),
  );
  if (twice === undefined) return;
  const values = (given[twice] as readonly unknown[]).join(', ');
  throw new UserError(`it is given more than once: ${values}`, { place: `--${twice}`, nextStep: 'Give it once.' });
}

/** Prints what went wrong; returns its exit code. Our own mistakes keep their stack. */
function explain(error: unknown, words: readonly string[]): number {
  const command = words.find((word) => commands.some(({ command }) => commandName(command) === word));
  const help = shellLine('npx', 'tsvm-test', ...(command === undefined ? [] : [command]), '--help');
  if (error instanceof UsageError || error instanceof UserError) {
    printFailure(error.message, help);
    return exitCodes.userError;
  }
  const again = shellLine('npx', 'tsvm-test', ...words);
  if (error instanceof GuestLimitError || error instanceof GuestStuck) {
    printFailure(error.message, again);
    return exitCodes.guestLimit;
  }
  printFailure(error instanceof Error ? (error.stack ?? error.message) : String(error), again);
  return exitCodes.testFailed;
}

function commandName(command: string | readonly string[] | undefined): string {
  const first = typeof command === 'string' ? command : (command?.[0] ?? '');
  return first.split(' ')[0] ?? '';
}
