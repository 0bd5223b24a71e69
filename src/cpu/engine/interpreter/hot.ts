/**
 * Which handlers live inside a dispatching function, of which there is one for 16-bit and one for 32-bit code, where going on to the next record is a branch. Every other one is a
 * function of its own, called through the table. Chosen by measurement (README.md): too few leave calls on hot paths, too
 * many spoil the register allocation of the one big function.
 */
import type { Handler } from './handlers.js';

const hotMnemonics = new Set([
  'add', 'or', 'and', 'sub', 'xor', 'cmp', 'test', 'mov', 'inc', 'dec', 'neg', 'push', 'pop', 'lea', 'movzx', 'shl', 'shr', 'sar',
  'jmp', 'call', 'ret', 'loop',
]); // prettier-ignore
const conditionalJump = /^j(n?[ospe]|[abgl]e?)$/;

/** Of vector instructions few: each costs integer code a little. The first of instructions that share handlers counts. */
const hotVectors = new Set(['movaps', 'movss', 'movsd', 'addss', 'addsd', 'subss', 'subsd', 'mulss', 'mulsd']);

const hotOnBytes = new Set(['mov', 'cmp', 'test']);

/** Whether a handler belongs inside the dispatching function for code segments of this default size. */
export function isHot({ instruction, operands, variant }: Handler, size: 16 | 32): boolean {
  const { mnemonic } = instruction;
  if (operands.some(({ bank }) => bank !== undefined)) return size === 32 && hotVectors.has(mnemonic);
  if (!hotMnemonics.has(mnemonic) && !conditionalJump.test(mnemonic)) return false;
  if (instruction.usesStack && variant.stackWidth !== size) return false;
  if (instruction.usesAddressSize && variant.addressWidth !== size) return false;
  if (conditionalJump.test(mnemonic) || operands.length === 0 || operands.some(({ width }) => width === size)) {
    return variant.width === size;
  }
  return hotOnBytes.has(mnemonic) && operands.every(({ width, shape }) => width === 8 && shape !== 'fixed');
}
