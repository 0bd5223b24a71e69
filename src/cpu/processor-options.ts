/** What a processor is made from. */
import type { ProcessorBus } from './bus.js';
import type { CompilerTuning } from './engine/compiler/tuning.js';
import type { MemoryPlan } from './memory-plan.js';
import type { ProcessorModel } from './model.js';

/** What a processor is made with. */
export interface ProcessorOptions {
  readonly model: ProcessorModel;
  /** Bytes of memory; whole pages. */
  readonly ramBytes: number;
  /** Bytes of read-only memory kept behind it; whole pages. */
  readonly romBytes: number;
  /** Bytes of display memory kept behind that; whole pages. Default: none. */
  readonly videoBytes?: number;
  /** Compiles hot code to WebAssembly; without it everything is interpreted. The run is the same either way. */
  readonly compiler?: CompilerTuning;
  /** False where system instructions always take their slow paths, to compare with; the run is the same either way. Without the compiler only. */
  readonly hasQuickWays?: boolean;
  /** Makes the bus once it is known where memory lies. */
  readonly bus: (plan: MemoryPlan, memory: WebAssembly.Memory) => ProcessorBus;
}

/** Why a run came back before its budget was used up. */
export type RunEnd = 'budget' | 'halted' | 'shutdown' | 'breakpoint' | 'stopped';
