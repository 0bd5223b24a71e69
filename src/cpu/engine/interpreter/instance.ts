/** An interpreter at work: a model's module, made once a process, over one machine's memory and slow paths. */
import type { Float80 } from '../../kernel/float80/float80.js';
import type { ProcessorModel } from '../../model.js';
import type { ProcessorOptions } from '../../processor-options.js';
import type { SlowPaths, SystemPaths } from '../imports.js';
import { buildInterpreter } from './build.js';

/** What the module exports. */
export interface Interpreter {
  /** Either runs any code; each is tuned for one default size. */
  run16(firstRecord: number): void;
  run32(firstRecord: number): void;
  statusWord(): number;
  setStatusWord(word: number): void;
  /**
   * Delivers an interrupt or exception to a handler of level 0 in 32-bit protected mode: `image` is the flags that are pushed. Gives 1, or 0
   * where only the slow path can tell.
   */
  deliver(vector: number, eip: number, image: number, software: 0 | 1, hasCode: 0 | 1, errorCode: number): 0 | 1;
  // For compiled code, which calls them without a way through JavaScript.
  /** The record at an offset of the code segment, 0 where the engine must return. */
  lookup(eip: number): number;
  /** Runs the instruction of a record by a handler; answers as handlers do. */
  resume(record: number, handler: number): number;
  /** Goes on in the region at a place of the table of regions, which is given the other arguments; answers as handlers do. */
  enter(from: number, entry: number, place: number): number;
  settleKept(): void;
  settleFlags(kind: number, left: number, right: number, result: number, carry: number): void;
  /** The host address where an access of the current privilege level may read, its TLB entry filled; 0 where only the slow path can tell. */
  refillRead(linear: number, bytes: number): number;
  /** The same for writing, of bytes that hold no decoded code. */
  refillWrite(linear: number, bytes: number): number;
  /** See `window-code.ts`. */
  refillChange(linear: number, bytes: number): number;
  refillStore(linear: number, bytes: number, value: number): number;
  /** Loads a data segment register in protected mode; 1, or 0 where only the slow path can tell. */
  loadDataSegment(number: number, selector: number): 0 | 1;
}

const modules = new Map<string, WebAssembly.Module>();

function moduleOf(model: ProcessorModel, hasQuickWays: boolean): WebAssembly.Module {
  const key = hasQuickWays ? model : `${model} slow`;
  const known = modules.get(key);
  if (known !== undefined) return known;
  const bytes = hasQuickWays ? provided.get(model)?.() : undefined;
  const made = new WebAssembly.Module((bytes ?? buildInterpreter(model, hasQuickWays)) as BufferSource);
  modules.set(key, made);
  return made;
}

const provided = new Map<ProcessorModel, () => Uint8Array | undefined>();

/** Names where a model's module comes from, built before from these very sources; undefined where it is not at hand. */
export function provideInterpreter(model: ProcessorModel, bytes: () => Uint8Array | undefined): void {
  provided.set(model, bytes);
}

export function createInterpreter(
  { model, hasQuickWays = true }: Pick<ProcessorOptions, 'model' | 'hasQuickWays'>,
  memory: WebAssembly.Memory,
  slow: SlowPaths & SystemPaths,
  regions: WebAssembly.Table,
  float80: Float80 | undefined,
): Interpreter {
  const instance = new WebAssembly.Instance(moduleOf(model, hasQuickWays), {
    environment: { memory, regions },
    slow: slow as unknown as WebAssembly.ModuleImports,
    ...(float80 === undefined ? {} : { float80: float80 as unknown as WebAssembly.ModuleImports }),
  });
  return instance.exports as unknown as Interpreter;
}
