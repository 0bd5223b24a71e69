/** The eight classic two-operand operations, and INC, DEC, NEG, NOT, TEST. */
import type { Value } from '../wasm/values.js';
import type { EmittedOperand, Emitter } from './emitter.js';
import {
  accumulator,
  al,
  form,
  imm,
  imm8,
  instruction,
  type Instruction,
  opcodeRegister,
  r,
  r8,
  rm,
  rm8,
  signedImm8,
} from './instruction.js';

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

/** The nine forms that ADD, OR, ADC, SBB, AND, SUB, XOR and CMP share; `row` is their number in that order. */
function classicForms(row: number, writes: boolean): Instruction['forms'] {
  const opcode = (offset: number): string => hex(row * 8 + offset);
  // prettier-ignore
  const forms = [
    form(`${opcode(0)} /r`, rm8, r8),
    form(`${opcode(1)} /r`, rm, r),
    form(`80 /${row} ib`, rm8, imm8),
    form(`81 /${row} iz`, rm, imm),
    form(`82 /${row} ib`, rm8, imm8),
    form(`83 /${row} ib`, rm, signedImm8),
  ];
  return [
    ...(writes ? forms.map((each) => each.lockable()) : forms),
    form(`${opcode(2)} /r`, r8, rm8),
    form(`${opcode(3)} /r`, r, rm),
    form(`${opcode(4)} ib`, al, imm8),
    form(`${opcode(5)} iz`, accumulator, imm),
  ];
}

type Compute = (emit: Emitter, left: Value, right: Value, target: EmittedOperand) => Value;

function classic(mnemonic: string, row: number, source: string, compute: Compute): Instruction {
  return instruction(mnemonic, {
    source: `Intel SDM Vol. 2, "${source}"`,
    forms: classicForms(row, true),
    target: 'readWrite',
    meaning(emit, target, from) {
      const right = from!.read();
      const left = target!.read();
      target!.write(compute(emit, left, right, target!));
    },
  });
}

const addition =
  (withCarry: boolean): Compute =>
  (emit, left, right, { width }) => {
    const plain = emit.add(left, right);
    const sum = emit.hold(emit.zeroExtend(withCarry ? emit.add(plain, emit.flag('CF')) : plain, width));
    emit.setAddFlags(left, right, sum, width, withCarry);
    return sum;
  };

const subtraction =
  (withBorrow: boolean): Compute =>
  (emit, left, right, { width }) => {
    const plain = emit.sub(left, right);
    const difference = emit.hold(emit.zeroExtend(withBorrow ? emit.sub(plain, emit.flag('CF')) : plain, width));
    emit.setSubtractFlags(left, right, difference, width, withBorrow);
    return difference;
  };

const logic =
  (operation: 'and' | 'or' | 'xor'): Compute =>
  (emit, left, right, { width }) => {
    const result = emit.hold(emit[operation](left, right));
    emit.setLogicFlags(result, width);
    return result;
  };

/** CMP: subtract, keep the flags only. */
const compare = instruction('cmp', {
  source: 'Intel SDM Vol. 2A, "CMP: Compare Two Operands"',
  forms: classicForms(7, false),
  meaning(emit, target, from) {
    const right = from!.read();
    subtraction(false)(emit, target!.read(), right, target!);
  },
});

/** TEST: AND, keep the flags only. */
const test = instruction('test', {
  source: 'Intel SDM Vol. 2B, "TEST: Logical Compare"',
  forms: [
    form('84 /r', rm8, r8),
    form('85 /r', rm, r),
    form('A8 ib', al, imm8),
    form('A9 iz', accumulator, imm),
    form('F6 /0 ib', rm8, imm8),
    form('F7 /0 iz', rm, imm),
    form('F6 /1 ib', rm8, imm8),
    form('F7 /1 iz', rm, imm),
  ],
  meaning(emit, target, from) {
    const right = from!.read();
    emit.setLogicFlags(emit.hold(emit.and(target!.read(), right)), target!.width);
  },
});

/** INC and DEC leave CF alone. */
function step(mnemonic: string, direction: 'add' | 'sub', digit: number, opcode: string): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "INC: Increment by 1", "DEC: Decrement by 1"',
    forms: [
      form(`${opcode}+r`, opcodeRegister),
      form(`FE /${digit}`, rm8).lockable(),
      form(`FF /${digit}`, rm).lockable(),
    ],
    target: 'readWrite',
    meaning(emit, target) {
      const { width } = target!;
      const left = target!.read();
      const result = emit.hold(emit.zeroExtend(emit[direction](left, 1), width));
      target!.write(result);
      const carry = emit.hold(emit.flag('CF'));
      if (direction === 'add') emit.setAddFlags(left, emit.i32(1), result, width);
      else emit.setSubtractFlags(left, emit.i32(1), result, width);
      emit.setCarry(carry);
    },
  });
}

const negate = instruction('neg', {
  source: 'Intel SDM Vol. 2B, "NEG: Two\'s Complement Negation"',
  forms: [form('F6 /3', rm8).lockable(), form('F7 /3', rm).lockable()],
  target: 'readWrite',
  meaning(emit, target) {
    const { width } = target!;
    const value = target!.read();
    const result = emit.hold(emit.zeroExtend(emit.sub(0, value), width));
    target!.write(result);
    emit.setSubtractFlags(emit.i32(0), value, result, width);
  },
});

const complement = instruction('not', {
  source: 'Intel SDM Vol. 2B, "NOT: One\'s Complement Negation"',
  forms: [form('F6 /2', rm8).lockable(), form('F7 /2', rm).lockable()],
  target: 'readWrite',
  meaning(emit, target) {
    target!.write(emit.zeroExtend(emit.not(target!.read()), target!.width));
  },
});

export const arithmetic: readonly Instruction[] = [
  classic('add', 0, 'ADD: Add', addition(false)),
  classic('or', 1, 'OR: Logical Inclusive OR', logic('or')),
  classic('adc', 2, 'ADC: Add With Carry', addition(true)),
  classic('sbb', 3, 'SBB: Integer Subtraction With Borrow', subtraction(true)),
  classic('and', 4, 'AND: Logical AND', logic('and')),
  classic('sub', 5, 'SUB: Subtract', subtraction(false)),
  classic('xor', 6, 'XOR: Logical Exclusive OR', logic('xor')),
  compare,
  test,
  step('inc', 'add', 0, '40'),
  step('dec', 'sub', 1, '48'),
  negate,
  complement,
];
