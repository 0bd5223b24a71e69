/** The command line run by a process of its own, to show that a run depends on nothing of this one. */
import { execFile } from 'node:child_process';
import { ownFile } from './suite-files.js';

/** What a command said and how it ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const outputBytesMax = 64 * 1024 * 1024;

/** Runs `tsvm-test` with these words. */
export function runOwnCommand(...words: readonly string[]): Promise<CommandResult> {
  return new Promise((done, failed) => {
    const main = ownFile('cli/main.js');
    execFile(process.execPath, [main, ...words], { maxBuffer: outputBytesMax }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') return failed(error);
      done({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** What a replay says: the document of `replay --json`. */
export interface ReplayReport {
  readonly result: 'equal' | 'diverged';
  readonly cycle: number;
  /** Checkpoints whose state was equal. */
  readonly verified: number;
  readonly checkpoints: readonly { readonly cycle: number; readonly sha256: string }[];
  readonly digest: { readonly sha256: string; readonly parts: Readonly<Record<string, string>> };
  readonly screen: string;
  /** What each serial port sent. */
  readonly serial: Readonly<Record<string, string>>;
}

/** Replays a trace by another process, which verifies every checkpoint; rejects when the trace cannot be replayed. */
export async function replayInFreshProcess(trace: string): Promise<ReplayReport> {
  const { exitCode, stdout, stderr } = await runOwnCommand('replay', trace, '--json');
  if (exitCode !== 0 && exitCode !== 3) throw new Error(`the replay ended with exit code ${exitCode}\n${stderr}`);
  return JSON.parse(stdout) as ReplayReport;
}
