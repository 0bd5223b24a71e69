import { afterEach, expect, test } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import { engineAsked } from '../../src/host/engine.js';

afterEach(() => {
  delete process.env['TSVM_ENGINE'];
});
const asked = (text: string): unknown => {
  process.env['TSVM_ENGINE'] = text;
  return engineAsked();
};

test('hot code is compiled unless somebody asks for the interpreter', () => {
  expect([engineAsked(), asked(''), asked('compiler'), asked('interpreter')]).toEqual([
    'compiler',
    'compiler',
    'compiler',
    'interpreter',
  ]);
});
test('a tuning of the compiler is taken by name', () => {
  expect(asked('look=16,threshold=1')).toEqual({ look: 16, threshold: 1 });
});
test('anything else is refused with what may be said', () => {
  for (const text of [
    'fast',
    'look',
    'look=',
    'look=-1',
    'speed=1',
    'look=1=2',
    'look=1,,delay=2',
    'regions=0',
    'regions=2049',
  ]) {
    expect(() => asked(text)).toThrow(UserError);
  }
});
