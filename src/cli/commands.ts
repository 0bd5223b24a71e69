/** The commands by name. What a command needs is loaded when it is the one that was asked for. */
import type { Command } from './command.js';

/** A command as the list of all shows it. */
export interface ListedCommand {
  /** The command line in yargs' notation; several spellings where one is the default command. */
  readonly command: string | readonly string[];
  readonly describe: string;
  readonly load: () => Promise<Command>;
}

export const commands: readonly ListedCommand[] = [
  {
    command: ['run [path..]', '$0 [path..]'],
    describe: 'Run suites',
    load: async () => (await import('./commands/run.js')).run,
  },
  {
    command: 'record',
    describe: 'Record a machine, from the terminal or from a script of inputs, into a trace',
    load: async () => (await import('./commands/record.js')).record,
  },
  {
    command: 'replay <trace>',
    describe: 'Replay a trace, verify every checkpoint, show how it ends',
    load: async () => (await import('./commands/replay.js')).replay,
  },
  {
    command: 'bisect <trace>',
    describe: 'Find the first cycle at which a predicate holds',
    load: async () => (await import('./commands/bisect.js')).bisect,
  },
  {
    command: 'diff <left> <right>',
    describe: 'Find the first cycle, part and field at which two traces differ when replayed',
    load: async () => (await import('./commands/diff.js')).diff,
  },
  {
    command: 'inspect <trace>',
    describe: 'Show what is in a trace',
    load: async () => (await import('./commands/inspect.js')).inspect,
  },
  {
    command: 'props [device..]',
    describe: 'Test properties of device models, each against a second model of its datasheet',
    load: async () => (await import('./commands/props.js')).props,
  },
  {
    command: 'guests [action]',
    describe: 'List the guest images on this computer, and where they are looked for',
    load: async () => (await import('./commands/guests.js')).guests,
  },
  {
    command: 'qtest',
    describe: "Let a program test the board's chips over QEMU's qtest protocol",
    load: async () => (await import('./commands/qtest.js')).qtest,
  },
];
