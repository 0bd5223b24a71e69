/** Finds the vector files and unpacks them to one JSON value a line. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** A file of vectors: its family's folder, and its name without endings (an opcode form such as `F7.3`). */
export interface VectorFile {
  readonly family: string;
  readonly name: string;
  readonly path: string;
}

const besideRepository = fileURLToPath(new URL('../../../../shared/truth', import.meta.url));

/** The files of a family whose name begins with `VECTOR_FILES`, in order; empty where they are absent. */
export function vectorFiles(family: string): VectorFile[] {
  const folder = join(process.env['TSVM_TRUTH'] ?? besideRepository, family);
  if (!existsSync(folder)) return [];
  const only = process.env['VECTOR_FILES'] ?? '';
  return readdirSync(folder)
    .filter((file) => /\.(ndjson\.gz|jsonl\.xz)$/.test(file) && file.startsWith(only))
    .sort()
    .map((file) => ({ family, name: file.replace(/\.(ndjson\.gz|jsonl\.xz)$/, ''), path: join(folder, file) }));
}

/** The cases of a file, or one of so many. */
export function readVectors<Case>({ path }: VectorFile, every = 1): Case[] {
  const text = path.endsWith('.gz')
    ? gunzipSync(readFileSync(path)).toString('utf8')
    : execFileSync('xz', ['-dc', path], { encoding: 'utf8', maxBuffer: 2 ** 30 });
  return text
    .split('\n')
    .filter((line, index) => line !== '' && index % every === 0)
    .map((line) => JSON.parse(line) as Case);
}
