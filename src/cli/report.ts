/** Where words go: results on standard output, everything else on standard error; with `--json`, one document. */
import { styled } from '../host/terminal.js';

/** Prints a command's result. */
export interface Report {
  readonly json: boolean;
  /** A line of the result, for a person; silent with `--json`. */
  line(text: string): void;
  /** The result as a document; silent without `--json`. Called once. */
  document(value: unknown): void;
  /** A remark that is no part of the result. */
  note(text: string): void;
}

/** A report for `--json` or for a person. */
export function createReport(json: boolean): Report {
  return {
    json,
    line: (text) => void (json || process.stdout.write(`${text}\n`)),
    document: (value) => void (json && process.stdout.write(`${JSON.stringify(value, jsonValue, 2)}\n`)),
    note: (text) => void process.stderr.write(`${text}\n`),
  };
}

/** What JSON cannot hold, as text: big integers in decimal, bytes in hexadecimal. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

/** Prints a failure and one line that reproduces it or leads on. */
export function printFailure(problem: string, runnable: string | undefined): void {
  process.stderr.write(`${styled('error', 'red')} ${problem}\n`);
  if (runnable !== undefined) process.stderr.write(`  ${styled('run', 'cyan')} ${runnable}\n`);
}
