/**
 * Device transcripts: accesses to one chip of a reference machine with its answers, one exchange a line:
 * `outb PORT VALUE => OK [raise N;lower N]`, `inb PORT => OK VALUE`, `clock_step NS => OK NOW`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A change of an interrupt line. */
export interface LineChange {
  readonly line: number;
  readonly level: boolean;
}

/** One command of a transcript with the reference's answer. */
export type Exchange = {
  /** The line in the file, from 1. */
  readonly at: number;
  readonly text: string;
  readonly lines: readonly LineChange[];
} & (
  | { readonly kind: 'write'; readonly port: number; readonly value: number }
  | { readonly kind: 'read'; readonly port: number; readonly answer: number }
  /** Guest time moves on to `now`, in nanoseconds since power-on. */
  | { readonly kind: 'step'; readonly now: bigint }
);

/** Where the transcripts are, if anywhere: below `TSVM_TRUTH`, or in `../shared/truth` beside the repository. */
export function transcriptFile(chip: string): string | undefined {
  const beside = fileURLToPath(new URL('../../../../shared/truth', import.meta.url));
  const file = join(process.env['TSVM_TRUTH'] ?? beside, 'device-transcripts', `${chip}.txt.xz`);
  return existsSync(file) ? file : undefined;
}

/** Unpacks and parses a transcript. */
export function readTranscript(file: string): Exchange[] {
  const text = execFileSync('xz', ['-dc', file], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  return text.split('\n').flatMap((line, index) => parseExchange(line, index + 1) ?? []);
}

/** Parses a line; undefined for one that is no access, such as the set-up of the interception. */
export function parseExchange(line: string, at: number): Exchange | undefined {
  const [command = '', reply = ''] = line.split(' => OK');
  const [verb, ...operands] = command.split(' ');
  const changes = /\[(.*)\]/.exec(reply)?.[1]?.split(';') ?? [];
  const lines = changes.map((change) => {
    const [edge, number] = change.split(' ');
    return { line: Number(number), level: edge === 'raise' };
  });
  const text = line.length > 100 ? `${line.slice(0, 100)}…` : line;
  const answer = reply.trim().split(' ')[0] ?? '';
  if (verb === 'outb') return { at, text, lines, kind: 'write', port: Number(operands[0]), value: Number(operands[1]) };
  if (verb === 'inb') return { at, text, lines, kind: 'read', port: Number(operands[0]), answer: Number(answer) };
  if (verb === 'clock_step') return { at, text, lines, kind: 'step', now: BigInt(answer) };
  return undefined;
}
