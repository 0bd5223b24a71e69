/** Options of the commands that stand beside the tests. */
import { parseArgs } from 'node:util';

/**
 * Options as `parseArgs` of Node gives them. One that cannot be ends the command with exit code 2, what it is called by, and what is wrong.
 */
export function readOptions(usage, config) {
  try {
    return parseArgs(config);
  } catch (error) {
    console.error(`${error.message}\nusage: ${usage}`);
    process.exit(2);
  }
}
