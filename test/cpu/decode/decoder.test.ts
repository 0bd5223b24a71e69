/** The decoder derives from the forms: each form's own bytes must lead to its own instruction, and the lengths must agree. */
import { describe, expect, test } from 'vitest';
import { Decoder } from '../../../src/cpu/decode/decoder.js';
import { firstHandler, type Handler, handlersOf } from '../../../src/cpu/engine/interpreter/handlers.js';
import type { Form } from '../../../src/cpu/instructions/instruction.js';
import { record } from '../../../src/cpu/layout.js';
import { atLeast, models, type ProcessorModel } from '../../../src/cpu/model.js';

const at = 0x100;

/** Bytes that encode a form with register operands where they are allowed, else memory at an absolute address. */
function encode(form: Form, code32: boolean): number[] {
  const prefix = form.prefix === undefined || form.prefix === 'NP' ? [] : [parseInt(form.prefix, 16)];
  const bytes = [...prefix, ...form.opcode];
  const memoryOnly = form.operands.some(({ kind }) => kind === 'memory' || kind === 'block');
  if (form.modrmBytes !== undefined) bytes.push(form.modrmBytes.first);
  else if (form.modrm) bytes.push(((form.digit ?? 1) << 3) | (memoryOnly ? (code32 ? 5 : 6) : 0xc2));
  if (form.modrm && memoryOnly) bytes.push(...new Array<number>(code32 ? 4 : 2).fill(0x11));
  for (const { kind, width } of form.operands) {
    const size = width === 'operand' ? (code32 ? 4 : 2) : width / 8;
    if (kind === 'immediate' || kind === 'immediate2' || kind === 'relative')
      bytes.push(...new Array<number>(size).fill(0x22));
    if (kind === 'signedImmediate') bytes.push(0x33);
    if (kind === 'offset') bytes.push(...new Array<number>(code32 ? 4 : 2).fill(0x44));
    if (kind === 'far') bytes.push(...new Array<number>(size + 2).fill(0x55));
  }
  return bytes;
}

function decodeToHandler(
  model: ProcessorModel,
  bytes: readonly number[],
  code32: boolean,
): { readonly kind: string; readonly handler?: Handler | undefined; readonly length: number } {
  const view = new DataView(new ArrayBuffer(0x200));
  const result = new Decoder(model, view).decode(at, { code32, stack32: code32 }, (index) => bytes[index] ?? -1);
  if (result.kind !== 'instruction') return { kind: result.kind, length: 0 };
  const handler = handlersOf(model).handlers[view.getUint16(at + record.handler, true) - firstHandler];
  return { kind: result.kind, handler, length: result.length };
}
function decode(model: ProcessorModel, bytes: readonly number[], code32: boolean): { name: string; length: number } {
  const { kind, handler, length } = decodeToHandler(model, bytes, code32);
  return { name: kind === 'instruction' ? (handler?.instruction.mnemonic ?? 'invalid') : kind, length };
}

describe.each(models)('on the %s', (model) => {
  for (const code32 of atLeast(model, '80386') ? [false, true] : [false]) {
    test(`every form decodes to its own instruction, whole, in ${code32 ? 32 : 16}-bit code`, () => {
      for (const { form, instruction } of handlersOf(model).forms) {
        const bytes = encode(form, code32);
        // Instructions that mean the same share handlers, so that the handler's own name may be another's.
        const { handler, length } = decodeToHandler(model, bytes, code32);
        const found = { name: instruction.mnemonic, bytes, meaning: handler?.instruction.meaning, length };
        expect(found).toEqual({ ...found, meaning: instruction.meaning, length: bytes.length });
      }
    });
  }
  test('an instruction that ends too early is unavailable, whatever is missing', () => {
    for (const { form } of handlersOf(model).forms) {
      const bytes = encode(form, false);
      for (let length = 0; length < bytes.length; length++) {
        expect(decode(model, bytes.slice(0, length), false).name).toBe('unavailable');
      }
    }
  });
});

test('prefixes count into the length, and the last one of a kind holds', () => {
  expect(decode('80386', [0x66, 0x2e, 0x3e, 0x8b, 0xc1], false)).toEqual({ name: 'mov', length: 5 });
  expect(decode('80386', new Array<number>(16).fill(0x66), false).name).toBe('tooLong');
  expect(decode('80286', new Array<number>(11).fill(0x2e), false).name).toBe('tooLong');
});
test('newer instructions are invalid on older models', () => {
  expect(decode('80286', [0x0f, 0xb6, 0xc0], false).name).toBe('invalid');
  expect(decode('8086', [0xc9], false).name).toBe('retf');
  expect(decode('80286', [0xc9], false).name).toBe('leave');
  expect(decode('8086', [0x0f], false).name).toBe('popcs');
});
