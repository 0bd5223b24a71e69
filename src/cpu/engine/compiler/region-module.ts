/** A WebAssembly module of several regions. */
import type { Core } from '../../system/core.js';
import { has, type ProcessorModel } from '../../model.js';
import { type Float80, float80Signatures } from '../../kernel/float80/float80.js';
import { ModuleWriter } from '../../wasm/module.js';
import { i32s, importKernel, regionSignature, sharedFunctions } from '../interpreter/module-parts.js';
import type { Interpreter } from '../interpreter/instance.js';
import type { ModuleFunctions } from '../interpreter/record-code.js';
import type { RegionFacts } from './region-facts.js';
import type { PageCode, RegionInstruction, RegionPlan } from './region.js';
import { alwaysLeaves, type RegionContext, type RegionImports, writeRegion } from './write-region.js';

const kernelNames = Object.keys(float80Signatures) as (keyof Float80)[];
const unavailable = -1;
const byWidth = { 8: unavailable, 16: unavailable, 32: unavailable };
/** What compiled code leaves to the interpreter. */
const unavailableFunctions = {
  lookup: unavailable,
  refills: {
    read: unavailable,
    write: unavailable,
    change: unavailable,
    store: unavailable,
    place: unavailable,
    code: unavailable,
  },
  read: byWidth,
  write: byWidth,
  readForWrite: byWidth,
  findBlock: unavailable,
  writeBlock: { 8: unavailable, 10: unavailable, 16: unavailable },
};

/** What regions tell the compiler. */
export interface CompilerCalls {
  /** A region was entered where something that it was compiled for does not hold; gives the interpreter's handler. */
  refused(record: number): number;
  /** Accesses of a record were not in the TLB, or of one that shares its counter. */
  missed(record: number): void;
  /** The interpreter goes on at a record. */
  left(record: number): void;
}

/** What modules for a model and a patience have in common: what they import, and under which numbers, and their ways out. */
interface Imported {
  readonly module: ModuleWriter;
  readonly functions: Omit<ModuleFunctions, 'shared'>;
  readonly imports: RegionImports;
  readonly waysOut: Map<string, Uint8Array>;
}
const importedBy = new Map<string, Imported>();
function importedFor(model: ProcessorModel, patience: number): Imported {
  const key = `${model} ${patience}`;
  const known = importedBy.get(key) ?? importAll(model);
  importedBy.set(key, known);
  return known;
}
function importAll(model: ProcessorModel): Imported {
  const module = new ModuleWriter();
  const own = (name: string, parameters: number, results: number): number =>
    module.importFunction('interpreter', name, { parameters: i32s(parameters), results: i32s(results) });
  const imports = {
    lookup: own('lookup', 1, 1),
    resume: own('resume', 2, 1),
    enter: own('enter', 3, 1),
    settleFlags: own('settleFlags', 5, 0),
    settleKept: own('settleKept', 0, 0),
    refills: {
      read: own('refillRead', 2, 1),
      write: own('refillWrite', 2, 1),
      change: own('refillChange', 2, 1),
      store: own('refillStore', 3, 1),
    },
    refused: module.importFunction('compiler', 'refused', { parameters: i32s(1), results: i32s(1) }),
    missed: module.importFunction('compiler', 'missed', { parameters: i32s(1), results: [] }),
    left: module.importFunction('compiler', 'left', { parameters: i32s(1), results: [] }),
  };
  const statusWord = own('statusWord', 0, 1);
  const setStatusWord = own('setStatusWord', 1, 0);
  const kernels = new Map<string, number>();
  if (has(model, 'fpu')) for (const name of kernelNames) kernels.set(name, importKernel(module, name));
  const loadDataSegment = own('loadDataSegment', 2, 1);
  const functions = {
    ...{ imports: kernels, hasQuickWays: true, loadDataSegment, statusWord, setStatusWord },
    ...unavailableFunctions,
  };
  return { module, functions, imports, waysOut: new Map() };
}

export class RegionModule {
  private readonly module: ModuleWriter;
  private readonly functions: ModuleFunctions;
  private readonly waysOut: ModuleFunctions['shared'];
  private readonly imports: RegionImports;
  private readonly places: number[] = [];

  constructor(
    core: Core,
    private readonly interpreter: Interpreter,
    private readonly float80: Float80 | undefined,
    private readonly table: WebAssembly.Table,
    private readonly told: CompilerCalls,
    private readonly patience: number,
  ) {
    this.memory = core.memory;
    this.model = core.model;
    const { module, functions, imports, waysOut } = importedFor(core.model, patience);
    this.module = module.withSameImports();
    this.imports = imports;
    this.functions = { ...functions, shared: sharedFunctions(this.module) };
    this.waysOut = sharedFunctions(this.module, waysOut);
  }
  private readonly memory: WebAssembly.Memory;
  private readonly model: ProcessorModel;

  private context(code: PageCode, facts: RegionFacts): RegionContext {
    const { functions, waysOut, imports, model, patience } = this;
    return { code, facts, functions, waysOut, imports, model, patience };
  }
  /** Whether compiled code could do nothing of an instruction. */
  alwaysLeaves(instruction: RegionInstruction, code: PageCode, facts: RegionFacts): boolean {
    return alwaysLeaves(instruction, this.context(code, facts));
  }
  /** Adds a region that will lie at a place of the table of regions. */
  add(plan: RegionPlan, place: number, code: PageCode, facts: RegionFacts): void {
    // Numbered here, as a later region of the module may have the place of an earlier one.
    const index = this.module.declareFunction(regionSignature, `region${this.places.length}`);
    this.places.push(place);
    this.module.defineFunction(index, writeRegion(plan, place, this.context(code, facts)));
  }
  /** Compiles the module and puts its functions into the table. */
  install(): void {
    const { memory, table } = this;
    const module = new WebAssembly.Module(this.module.finish() as BufferSource);
    const instance = new WebAssembly.Instance(module, {
      environment: { memory },
      interpreter: this.interpreter as unknown as WebAssembly.ModuleImports,
      compiler: { ...this.told },
      ...(this.float80 === undefined ? {} : { float80: this.float80 as unknown as WebAssembly.ModuleImports }),
    });
    this.places.forEach((place, number) => table.set(place, instance.exports[`region${number}`]));
  }
}
