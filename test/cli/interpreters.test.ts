import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ProcessorModel, models } from '../../src/cpu/model.js';

const dist = new URL('../../dist/', import.meta.url);

test.each(models)('the package holds the interpreter of the %s as its sources build it', async (model) => {
  const built = (await import(new URL('cpu/engine/interpreter/build.js', dist).href)) as {
    buildInterpreter(model: ProcessorModel): Uint8Array;
  };
  const packaged = readFileSync(new URL(`interpreters/${model}.wasm`, dist));
  expect(Buffer.compare(packaged, built.buildInterpreter(model))).toBe(0);
});

test.each(models)('the package holds the handler tables of the %s as its sources make them', async (model) => {
  const made = (await import(new URL('cpu/engine/interpreter/handlers.js', dist).href)) as {
    handlerTables(model: ProcessorModel): Uint16Array;
  };
  const packaged = readFileSync(new URL(`interpreters/${model}.handlers`, dist));
  expect(new Uint16Array(Uint8Array.from(packaged).buffer)).toEqual(made.handlerTables(model));
});
