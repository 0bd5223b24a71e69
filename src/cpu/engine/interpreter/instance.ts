/** An interpreter at work: a model's module, made once a process, over one machine's memory and slow paths. */
import { createFloat80 } from '../../kernel/float80/float80.js';
import { has, type ProcessorModel } from '../../model.js';
import type { SlowPaths, SystemPaths } from '../imports.js';
import { buildInterpreter } from './build.js';

/** What the module exports. */
export interface Interpreter {
  /** Either runs any code; each is tuned for one default size. */
  run16(firstRecord: number): void;
  run32(firstRecord: number): void;
  statusWord(): number;
  setStatusWord(word: number): void;
}

const modules = new Map<ProcessorModel, WebAssembly.Module>();

function moduleOf(model: ProcessorModel): WebAssembly.Module {
  const known = modules.get(model);
  if (known !== undefined) return known;
  const made = new WebAssembly.Module((provided.get(model)?.() ?? buildInterpreter(model)) as BufferSource);
  modules.set(model, made);
  return made;
}

const provided = new Map<ProcessorModel, () => Uint8Array | undefined>();

/** Names where a model's module comes from, built before from these very sources; undefined where it is not at hand. */
export function provideInterpreter(model: ProcessorModel, bytes: () => Uint8Array | undefined): void {
  provided.set(model, bytes);
}

export function createInterpreter(
  model: ProcessorModel,
  memory: WebAssembly.Memory,
  slow: SlowPaths & SystemPaths,
): Interpreter {
  const instance = new WebAssembly.Instance(moduleOf(model), {
    environment: { memory },
    slow: slow as unknown as WebAssembly.ModuleImports,
    ...(has(model, 'fpu') ? { float80: createFloat80(memory) as unknown as WebAssembly.ModuleImports } : {}),
  });
  return instance.exports as unknown as Interpreter;
}
