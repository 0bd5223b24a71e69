/**
 * A chip with one planted fault: its source with one piece of text replaced, compiled and loaded beside the real one. A
 * mutation whose text is no longer in the source is an error, so that none rots unnoticed.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

/** A fault to plant. */
export interface Mutation {
  readonly fault: string;
  /** The file in the chip's folder. */
  readonly file: string;
  /** Text that occurs exactly once in it, and what stands there instead. */
  readonly text: string;
  readonly instead: string;
}

const source = fileURLToPath(new URL('../../../src', import.meta.url));

function transpileFolder(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const file = join(entry.parentPath, entry.name);
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), { compilerOptions: options });
    writeFileSync(file.replace(/\.ts$/, '.js'), outputText);
    rmSync(file);
  }
}

/** The source text of a file with the fault in it; throws when the text to replace is not there exactly once. */
export function mutatedText(text: string, mutation: Mutation): string {
  const parts = text.split(mutation.text);
  if (parts.length !== 2) throw new Error(`"${mutation.fault}": its text occurs ${parts.length - 1} times`);
  return parts.join(mutation.instead);
}

/** Loads a chip's definition with a fault in it. */
export async function loadMutant<Definition>(chip: string, mutation: Mutation): Promise<Definition> {
  const folder = mkdtempSync(join(tmpdir(), 'mutant-'));
  try {
    for (const part of ['base/assert.ts', 'clock/divider.ts', 'base/integers.ts', 'state/schema.ts']) {
      cpSync(join(source, part), join(folder, part));
    }
    for (const part of ['device.ts', 'register-fields.ts', chip]) {
      cpSync(join(source, 'device', part), join(folder, 'device', part), { recursive: true });
    }
    const file = join(folder, 'device', chip, mutation.file);
    writeFileSync(file, mutatedText(readFileSync(file, 'utf8'), mutation));
    transpileFolder(folder);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const module = (await import(
      /* @vite-ignore */ pathToFileURL(join(folder, 'device', chip, `${chip}.js`)).href
    )) as Record<string, Definition>;
    return module[chip]!;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
