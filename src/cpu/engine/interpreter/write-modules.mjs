// Writes the interpreter's module of each processor model, as the compiled sources build it, to dist/interpreters/, so that a
// machine need not build it when it starts. Part of `npm run build`, after the TypeScript compiler.
import { mkdirSync, writeFileSync } from 'node:fs';

const dist = new URL('../../../../dist/', import.meta.url);
const { buildInterpreter } = await import(new URL('cpu/engine/interpreter/build.js', dist).href);
const { models } = await import(new URL('cpu/model.js', dist).href);

mkdirSync(new URL('interpreters/', dist), { recursive: true });
for (const model of models) writeFileSync(new URL(`interpreters/${model}.wasm`, dist), buildInterpreter(model));
