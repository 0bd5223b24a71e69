/** A handler's code: its operands by their shapes, its meaning over them, and what follows it. */
import { assert } from '../../../base/assert.js';
import type { EmittedOperand } from '../../instructions/emitter.js';
import type { RecordEmitter } from './emitter.js';
import type { Handler, HandlerOperand } from './handlers.js';

export function emitHandler(handler: Handler, emit: RecordEmitter): void {
  const { instruction, variant } = handler;
  const operands = handler.operands.map((each, position) => {
    const access = position === 0 ? instruction.target : position === 1 ? instruction.second : 'read';
    return operandOf(each, access ?? 'read', emit);
  });
  if (instruction.repeatable !== undefined && variant.repeat !== 'none') {
    emit.repeating(() => {
      instruction.meaning(emit, ...operands);
      emit.finish(true);
    });
  } else {
    instruction.meaning(emit, ...operands);
    emit.finish(instruction.endsBlock === true);
  }
}

function operandOf(each: HandlerOperand, access: 'read' | 'write' | 'readWrite', emit: RecordEmitter): EmittedOperand {
  const { shape, width, register } = each;
  if (each.bank !== undefined) return emit.vectorOperand(each);
  assert(width !== 64 && width !== 128, 'a general operand has at most 32 bits');
  if (shape === 'memory') return emit.memoryOperand(width, access);
  if (shape === 'fixed') return emit.numberedRegister(register, width);
  if (shape === 'one') return emit.constantOperand(1, width);
  if (shape === 'immediate' || shape === 'immediate2') return emit.immediateOperand(width, shape === 'immediate2');
  assert(shape !== 'either', 'a general operand is in memory or not');
  return emit.registerOperand(shape, width);
}
