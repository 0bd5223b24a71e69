/** Which engine runs a machine. It makes no difference to the run, only to its speed. */
import { type CompilerTuning, defaultTuning } from './compiler/tuning.js';

/** The interpreter alone, or with the compiler for hot code; with a tuning of its own for tests. */
export type EngineChoice = 'interpreter' | 'compiler' | Partial<CompilerTuning>;

/** What the compiler is told; undefined without it. */
export function compilerTuning(choice: EngineChoice): CompilerTuning | undefined {
  if (choice === 'interpreter') return undefined;
  return choice === 'compiler' ? defaultTuning : { ...defaultTuning, ...choice };
}
