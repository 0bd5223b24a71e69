/** Decimal and ASCII adjustment: DAA, DAS, AAA, AAS, AAM, AAD. */
import { flagBits } from '../layout.js';
import type { Emitter } from './emitter.js';
import { form, imm8, instruction, type Instruction } from './instruction.js';

const { CF, AF } = flagBits;

function afterDecimal(mnemonic: string, opcode: string, direction: 'add' | 'sub'): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "DAA: Decimal Adjust AL After Addition", "DAS: Decimal Adjust AL After Subtraction"',
    forms: [form(opcode)],
    meaning(emit) {
      const al = emit.byteRegister('al');
      const old = al.read();
      const carry = emit.hold(emit.flag('CF'));
      const auxiliary = emit.hold(emit.flag('AF'));
      const lowAdjust = emit.hold(emit.or(emit.greaterUnsigned(emit.and(old, 0x0f), 9), auxiliary));
      // The 8086 compares with 9Fh when the auxiliary carry was set; later manuals always compare with 99h.
      const limit = emit.model === '8086' ? emit.select(auxiliary, 0x9f, 0x99) : emit.i32(0x99);
      const highAdjust = emit.hold(emit.or(emit.greaterUnsigned(old, limit), carry));
      const adjusted = emit[direction](emit[direction](old, emit.mul(lowAdjust, 6)), emit.mul(highAdjust, 0x60));
      const result = emit.hold(emit.zeroExtend(adjusted, 8));
      al.write(result);
      const borrowed = direction === 'sub' ? emit.and(lowAdjust, emit.lessUnsigned(old, 6)) : emit.i32(0);
      const carryOut = emit.hold(emit.or(highAdjust, emit.model === '8086' ? emit.i32(0) : borrowed));
      const overflowing = direction === 'add' ? emit.and(emit.not(old), result) : emit.and(old, emit.not(result));
      const overflow = emit.hold(emit.and(emit.shrUnsigned(overflowing, 7), 1));
      emit.setResultFlags(result, 8, carryOut, overflow);
      emit.setStatusWord(emit.or(emit.statusWord(), emit.mul(lowAdjust, AF)));
    },
  });
}

function afterAscii(mnemonic: string, opcode: string, direction: 'add' | 'sub'): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "AAA: ASCII Adjust After Addition", "AAS: ASCII Adjust AL After Subtraction"',
    forms: [form(opcode)],
    meaning(emit) {
      const ax = emit.register('eax', 16);
      const ah = emit.byteRegister('ah');
      const al = emit.byteRegister('al');
      const old = al.read();
      const adjust = emit.hold(emit.or(emit.greaterUnsigned(emit.and(old, 0x0f), 9), emit.flag('AF')));
      if (emit.model !== '8086') {
        // From the 80286 on the adjustment is one 16-bit operation, so a carry out of AL reaches AH.
        ax.write(emit.zeroExtend(emit[direction](ax.read(), emit.mul(adjust, 0x106)), 16));
      } else {
        al.write(emit.zeroExtend(emit[direction](old, emit.mul(adjust, 6)), 8));
        ah.write(emit.zeroExtend(emit[direction](ah.read(), adjust), 8));
      }
      const sum = al.read();
      const result = emit.hold(emit.and(sum, 0x0f));
      al.write(result);
      if (emit.model === '80386') {
        // What the manual leaves undefined follows the addition, before its upper half is cut off.
        const overflowing = direction === 'add' ? emit.and(emit.not(old), sum) : emit.and(old, emit.not(sum));
        emit.setResultFlags(sum, 8, adjust, emit.hold(emit.and(emit.shrUnsigned(overflowing, 7), 1)));
      } else emit.setResultFlags(result, 8, adjust, emit.i32(0));
      emit.setStatusWord(emit.or(emit.statusWord(), emit.mul(adjust, AF | CF)));
    },
  });
}

function setAsciiFlags(emit: Emitter): void {
  const zero = emit.i32(0);
  emit.setResultFlags(emit.byteRegister('al').read(), 8, zero, zero);
}

const adjustMultiply = instruction('aam', {
  source: 'Intel SDM Vol. 2A, "AAM: ASCII Adjust AX After Multiply"',
  forms: [form('D4 ib', imm8)],
  meaning(emit, base) {
    const divisor = base!.read();
    emit.when(emit.isZero(divisor), () => {
      if (emit.model === '8086') emit.setLogicFlags(emit.i32(0), 8);
      emit.fault(0);
    });
    const old = emit.byteRegister('al').read();
    emit.byteRegister('ah').write(emit.divUnsigned(old, divisor));
    emit.byteRegister('al').write(emit.remUnsigned(old, divisor));
    setAsciiFlags(emit);
  },
});

const adjustDivide = instruction('aad', {
  source: 'Intel SDM Vol. 2A, "AAD: ASCII Adjust AX Before Division"',
  forms: [form('D5 ib', imm8)],
  meaning(emit, base) {
    const al = emit.byteRegister('al');
    const ah = emit.byteRegister('ah');
    const low = al.read();
    const product = emit.hold(emit.zeroExtend(emit.mul(ah.read(), base!.read()), 8));
    const sum = emit.hold(emit.zeroExtend(emit.add(low, product), 8));
    al.write(sum);
    ah.write(0);
    if (emit.model === '80386') emit.setAddFlags(low, product, sum, 8);
    else setAsciiFlags(emit);
  },
});

export const decimal: readonly Instruction[] = [
  afterDecimal('daa', '27', 'add'),
  afterDecimal('das', '2F', 'sub'),
  afterAscii('aaa', '37', 'add'),
  afterAscii('aas', '3F', 'sub'),
  adjustMultiply,
  adjustDivide,
];
