/** Bit tests and bit scans. */
import type { EmittedOperand, Emitter } from './emitter.js';
import { flagBits } from '../layout.js';
import { form, imm8, instruction, type Instruction, r, rm } from './instruction.js';
import type { Value } from '../wasm/values.js';

type Change = (emit: Emitter, value: Value, mask: Value) => Value;

/** BT and its kin. A register bit offset reaches beyond the operand in memory; an immediate one does not. */
function bitTest(mnemonic: string, opcode: string, digit: number, change: Change | undefined): Instruction[] {
  const source = 'Intel SDM Vol. 2A, "BT: Bit Test", "BTC", "BTR", "BTS"';
  const test = (emit: Emitter, target: EmittedOperand, index: Value): void => {
    const within = emit.hold(emit.and(index, target.width - 1));
    const value = target.read();
    if (change !== undefined) target.write(emit.zeroExtend(change(emit, value, emit.shl(1, within)), target.width));
    // The manual leaves OF undefined: it comes out as a rotate by the bit's number leaves it.
    const below = (distance: number): Value =>
      emit.shrUnsigned(value, emit.and(emit.sub(within, distance), target.width - 1));
    const overflow = emit.hold(emit.and(emit.xor(below(1), below(2)), 1));
    emit.setCarryAndOverflow(emit.hold(emit.and(emit.shrUnsigned(value, within), 1)), overflow);
  };
  const target = change === undefined ? 'read' : 'readWrite';
  const lockable = change !== undefined;
  const byRegister = form(`0F ${opcode} /r`, rm, r).since('80386');
  const byImmediate = form(`0F BA /${digit} ib`, rm, imm8).since('80386');
  return [
    instruction(mnemonic, {
      source,
      forms: [lockable ? byRegister.lockable() : byRegister],
      target,
      meaning(emit, target, offset) {
        const index = offset!.read();
        if (!target!.isMemory) return test(emit, target!, index);
        const { width } = target!;
        const elements = emit.shrSigned(emit.signExtend(index, width), width === 32 ? 5 : 4);
        test(emit, target!.moved(emit.hold(emit.mul(elements, width / 8))), index);
      },
    }),
    instruction(mnemonic, {
      source,
      forms: [lockable ? byImmediate.lockable() : byImmediate],
      target,
      meaning: (emit, target, offset) => test(emit, target!, offset!.read()),
    }),
  ];
}

/** BSF and BSR leave the target alone when the source is zero. */
function bitScan(mnemonic: string, opcode: string, find: (emit: Emitter, value: Value) => Value): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "BSF: Bit Scan Forward", "BSR: Bit Scan Reverse"',
    forms: [form(`0F ${opcode} /r`, r, rm).since('80386')],
    target: 'write',
    meaning(emit, target, source) {
      const value = source!.read();
      emit.when(
        value,
        () => {
          target!.write(find(emit, value));
          emit.setStatusWord(emit.and(emit.statusWord(), ~flagBits.ZF));
        },
        () => emit.setStatusWord(emit.or(emit.statusWord(), flagBits.ZF)),
      );
    },
  });
}

export const bits: readonly Instruction[] = [
  ...bitTest('bt', 'A3', 4, undefined),
  ...bitTest('bts', 'AB', 5, (emit, value, mask) => emit.or(value, mask)),
  ...bitTest('btr', 'B3', 6, (emit, value, mask) => emit.and(value, emit.not(mask))),
  ...bitTest('btc', 'BB', 7, (emit, value, mask) => emit.xor(value, mask)),
  bitScan('bsf', 'BC', (emit, value) => emit.countTrailingZeros(value)),
  bitScan('bsr', 'BD', (emit, value) => emit.sub(31, emit.countLeadingZeros(value))),
];
