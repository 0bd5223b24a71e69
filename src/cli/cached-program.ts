/** The program as `npm run build` bundled it into scripts, for commands that need no modules of others. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ScriptCache } from '../host/script-cache.js';

/** What of `program.ts` is used. */
interface Program {
  readonly runProgram: (words: readonly string[]) => Promise<number>;
}

/** Commands that run without vitest, which is a module and has to find modules. */
const commands = new Set(['record', 'replay', 'bisect', 'diff', 'inspect']);

/** Runs a command line from the bundled scripts; undefined where that is none for them, or where the package has none. */
export async function runCached(words: readonly string[]): Promise<number | undefined> {
  if (!commands.has(words.find((word) => !word.startsWith('-')) ?? '')) return undefined;
  const entry = entryPath();
  if (entry === undefined) return undefined;
  const scripts = new ScriptCache();
  const { runProgram } = scripts.load(entry) as Program;
  try {
    return await runProgram(words);
  } finally {
    scripts.keep();
  }
}

/** The script to start with, as the bundle names it. */
function entryPath(): string | undefined {
  const folder = new URL('../program/', import.meta.url);
  try {
    const { entry } = JSON.parse(readFileSync(new URL('program.json', folder), 'utf8')) as { entry: string };
    return fileURLToPath(new URL(entry, folder));
  } catch {
    return undefined;
  }
}
