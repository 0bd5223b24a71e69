import { expect, test } from 'vitest';
import {
  formsOf,
  handlersOf,
  handlerTables,
  provideHandlerTables,
} from '../../../src/cpu/engine/interpreter/handlers.js';
import { models } from '../../../src/cpu/model.js';

test.each(models)('handler tables made before give the forms of the %s that its instructions give', (model) => {
  const { forms } = handlersOf(model);
  const tables = handlerTables(model);
  provideHandlerTables(model, () => tables);
  expect(formsOf(model)).not.toBe(forms);
  expect(formsOf(model)).toEqual(forms);
});
