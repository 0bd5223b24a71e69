/** Parts of modules that run instructions, the interpreter's and compiled ones. */
import { type Float80, float80Signatures } from '../../kernel/float80/float80.js';
import { FunctionBody } from '../../wasm/body.js';
import type { ModuleWriter } from '../../wasm/module.js';
import type { ValueType } from '../../wasm/opcodes.js';
import type { ModuleFunctions } from './record-code.js';

export const i32s = (count: number): ValueType[] => Array.from({ length: count }, () => 'i32' as const);

/** Of a compiled region: the record where it starts with bits of `entryBits`, and the number of its entry; it answers as handlers do. */
export const regionSignature = { parameters: i32s(2), results: i32s(1) };

/** A kernel's function, called without a way through JavaScript. */
export function importKernel(module: ModuleWriter, name: keyof Float80): number {
  const [parameters, results] = float80Signatures[name]
    .split(':')
    .map((types) => [...types].map((type): ValueType => (type === 'I' ? 'i64' : 'i32')));
  return module.importFunction('float80', name, { parameters: parameters!, results: results! });
}

/**
 * Functions that handlers share, each written where it is first asked for. Where they call nothing but what is imported they are the same in
 * every module with the same imports: `encoded` keeps them from one to the next.
 */
export function sharedFunctions(module: ModuleWriter, encoded?: Map<string, Uint8Array>): ModuleFunctions['shared'] {
  const known = new Map<string, number>();
  return (name, parameters, write) => {
    const index = known.get(name);
    if (index !== undefined) return index;
    const types = typeof parameters === 'number' ? i32s(parameters) : [...parameters];
    const declared = module.declareFunction({ parameters: types, results: i32s(1) });
    known.set(name, declared);
    const bytes = encoded?.get(name) ?? encode(types, write);
    encoded?.set(name, bytes);
    module.defineEncoded(declared, bytes);
    return declared;
  };
}
function encode(parameters: readonly ValueType[], write: (body: FunctionBody) => void): Uint8Array {
  const body = new FunctionBody(parameters);
  write(body);
  return body.finish();
}
