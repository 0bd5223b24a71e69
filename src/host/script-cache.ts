/**
 * Programs that are bundled into scripts, with what the JavaScript engine made of them kept beside: then they need not be compiled anew
 * at every start. What is kept belongs to one version of the engine; for another it is made at the first start and written into the
 * same folder, which is this package's own, or nowhere where that cannot be written. Scripts are called by a digest of what is in them;
 * they import nothing while they run.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

interface Module {
  exports: unknown;
}
interface Loaded {
  readonly module: Module;
  readonly script: Script;
  /** Where what is made of it is kept; undefined where it is there already. */
  readonly missing: string | undefined;
}
type Wrapped = (
  exports: unknown,
  require: (name: string) => unknown,
  module: Module,
  file: string,
  folder: string,
) => void;

const engine = `${process.versions.v8}-${process.arch}`;
const builtIn = createRequire(import.meta.url);

/** The scripts of one program. */
export class ScriptCache {
  private readonly loaded = new Map<string, Loaded>();

  /** What a script exports. */
  load(path: string): unknown {
    const known = this.loaded.get(path);
    if (known !== undefined) return known.module.exports;
    const source = readFileSync(path, 'utf8');
    const kept = `${path}.${engine}.cache`;
    const cachedData = read(kept);
    const script = new Script(
      `(function (exports, require, module, __filename, __dirname) { 'use strict'; ${source}\n})`,
      {
        filename: path,
        ...(cachedData === undefined ? {} : { cachedData }),
      },
    );
    const module: Module = { exports: {} };
    this.loaded.set(path, { module, script, missing: cachedData === undefined ? kept : undefined });
    const require = (name: string): unknown =>
      name.startsWith('.') ? this.load(join(dirname(path), name)) : builtIn(name);
    (script.runInThisContext() as Wrapped)(module.exports, require, module, path, dirname(path));
    return module.exports;
  }
  /** Keeps what was made of the scripts by now, for those that had nothing kept. */
  keep(): void {
    for (const { script, missing } of this.loaded.values()) if (missing !== undefined) write(missing, script);
  }
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
/** Whole or not at all, as another process may start meanwhile. */
function write(path: string, script: Script): void {
  const unfinished = `${path}.${process.pid}`;
  try {
    writeFileSync(unfinished, script.createCachedData());
    renameSync(unfinished, path);
  } catch {
    rmSync(unfinished, { force: true }); // A package that cannot be written does without.
  }
}
