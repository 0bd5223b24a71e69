/** The shape of a command: which options it takes, and what it does with them. */
import type { ArgumentsCamelCase, Argv } from 'yargs';

/** A command as the program takes it. */
export interface Command {
  readonly builder: (yargs: Argv) => Argv;
  /** Does the work; resolves to the exit code. */
  readonly handler: (argv: never) => Promise<number>;
}

/** Types a command's arguments after its builder. */
export function defineCommand<Options>(command: {
  readonly builder: (yargs: Argv<{ json: boolean }>) => Argv<Options>;
  readonly handler: (argv: ArgumentsCamelCase<Options & { json: boolean }>) => Promise<number>;
}): Command {
  return command as unknown as Command;
}
