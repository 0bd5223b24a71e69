// Writes the interpreter's module and the handler tables of each processor model, as the compiled sources make them, to
// dist/interpreters/, so that a machine need not make them when it starts. Part of `npm run build`, after the TypeScript compiler.
import { mkdirSync, writeFileSync } from 'node:fs';

const dist = new URL('../../../../dist/', import.meta.url);
const { buildInterpreter } = await import(new URL('cpu/engine/interpreter/build.js', dist).href);
const { handlerTables } = await import(new URL('cpu/engine/interpreter/handlers.js', dist).href);
const { models } = await import(new URL('cpu/model.js', dist).href);

mkdirSync(new URL('interpreters/', dist), { recursive: true });
for (const model of models) {
  writeFileSync(new URL(`interpreters/${model}.wasm`, dist), buildInterpreter(model));
  const words = handlerTables(model);
  const bytes = Buffer.alloc(words.length * 2);
  words.forEach((word, index) => bytes.writeUInt16LE(word, index * 2));
  writeFileSync(new URL(`interpreters/${model}.handlers`, dist), bytes);
}
