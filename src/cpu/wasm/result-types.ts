import type { Opcode, ValueType } from './opcodes.js';

const resultTypes = new Map<Opcode, ValueType>();

/** What an operation or a load gives. */
export function resultType(opcode: Opcode): ValueType {
  const known = resultTypes.get(opcode) ?? findResultType(opcode);
  resultTypes.set(opcode, known);
  return known;
}
function findResultType(opcode: Opcode): ValueType {
  const [operand, operation] = opcode.split('.') as [ValueType, string | undefined];
  if (/^(any_true|all_true|bitmask)$/.test(operation ?? '')) return 'i32';
  if (/^(v128|[if]\d+x\d+)$/.test(operand)) return 'v128';
  return /^(eqz?|ne|[lg][te](_[su])?)$/.test(operation ?? '') ? 'i32' : operand;
}
