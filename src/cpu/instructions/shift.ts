/** Shifts and rotates. */
import type { Value } from '../wasm/values.js';
import type { EmittedOperand, Emitter } from './emitter.js';
import { cl, type Form, form, imm8, instruction, type Instruction, one, r, rm, rm8 } from './instruction.js';

const earlyForms = (digit: number): Form[] => [
  form(`D0 /${digit}`, rm8, one),
  form(`D1 /${digit}`, rm, one),
  form(`D2 /${digit}`, rm8, cl),
  form(`D3 /${digit}`, rm, cl),
];
const forms = (digit: number): Form[] => [
  // Digit 6 is SHL again from the 80286 on, and something else on the 8086.
  ...earlyForms(digit).map((each) => (digit === 6 ? each.since('80286') : each)),
  form(`C0 /${digit} ib`, rm8, imm8).since('80286'),
  form(`C1 /${digit} ib`, rm, imm8).since('80286'),
];

type Shift = (emit: Emitter, target: EmittedOperand, value: Value, count: Value) => void;

/** The count is cut to five bits from the 80286 on; a count of zero touches neither target nor flags. */
function shift(mnemonic: string, digits: readonly number[], meaning: Shift): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2, "RCL/RCR/ROL/ROR: Rotate", "SAL/SAR/SHL/SHR: Shift"',
    forms: digits.flatMap(forms),
    target: 'readWrite',
    meaning(emit, target, by) {
      const count = emit.hold(emit.model === '8086' ? by!.read() : emit.and(by!.read(), 0x1f));
      const value = target!.read();
      emit.when(count, () => meaning(emit, target!, value, count));
    },
  });
}

const bit = (emit: Emitter, value: Value, index: Value | number): Value => emit.and(emit.shrUnsigned(value, index), 1);
const topBit = (emit: Emitter, value: Value, width: number): Value => bit(emit, value, width - 1);

/** A 64-bit shift, so that counts of 32 and more fall out to zero. */
function wideShift(emit: Emitter, operation: 'shl' | 'shr_u' | 'shr_s', value: Value, count: Value): Value {
  const wide = emit.widen(value, operation === 'shr_s' ? 'signed' : 'unsigned');
  const most = emit.select(emit.greaterUnsigned(count, 63), 63, count);
  return emit.hold(emit.wide(operation, wide, emit.widen(most, 'unsigned')));
}

/** AF after a shift, which the manual leaves undefined: the 80386 sets it. */
const auxiliaryOf = (emit: Emitter): 0 | 1 => (emit.model === '80386' ? 1 : 0);

/** CF of a byte that is shifted out wholly: by 16 and 24 places the 80386 finds the bit it finds by 8, others find zero. */
function carryOf(emit: Emitter, width: number, count: Value, carry: Value, byEight: () => Value): Value {
  if (emit.model !== '80386' || width !== 8) return carry;
  return emit.hold(emit.select(emit.and(count, 7), carry, byEight()));
}

const left: Shift = (emit, target, value, count) => {
  const { width } = target;
  const shifted = wideShift(emit, 'shl', value, count);
  const result = emit.hold(emit.zeroExtend(emit.narrow(shifted), width));
  const out = emit.hold(emit.and(emit.narrow(emit.wide('shr_u', shifted, emit.i64(BigInt(width)))), 1));
  const carry = carryOf(emit, width, count, out, () => emit.and(value, 1));
  target.write(result);
  const overflow = emit.hold(emit.xor(carry, topBit(emit, result, width)));
  emit.setResultFlags(result, width, carry, overflow, auxiliaryOf(emit));
};

const rightLogical: Shift = (emit, target, value, count) => {
  const { width } = target;
  const beforeLast = wideShift(emit, 'shr_u', value, emit.hold(emit.sub(count, 1)));
  const out = emit.hold(emit.and(emit.narrow(beforeLast), 1));
  const carry = carryOf(emit, width, count, out, () => topBit(emit, value, width));
  const result = emit.hold(emit.narrow(emit.wide('shr_u', beforeLast, emit.i64(1n))));
  target.write(result);
  // OF is the old sign for a shift by one; the two top bits of the result say the same for every count.
  const overflow = emit.hold(emit.xor(topBit(emit, result, width), bit(emit, result, width - 2)));
  emit.setResultFlags(result, width, carry, overflow, auxiliaryOf(emit));
};

const rightArithmetic: Shift = (emit, target, value, count) => {
  const { width } = target;
  const signed = emit.hold(emit.signExtend(value, width));
  const beforeLast = wideShift(emit, 'shr_s', signed, emit.hold(emit.sub(count, 1)));
  const carry = emit.hold(emit.and(emit.narrow(beforeLast), 1));
  const result = emit.hold(emit.zeroExtend(emit.narrow(emit.wide('shr_s', beforeLast, emit.i64(1n))), width));
  target.write(result);
  emit.setResultFlags(result, width, carry, emit.i32(0));
};

function rotated(emit: Emitter, value: Value, leftBy: Value, width: number): Value {
  if (width === 32) return emit.rotateLeft(value, leftBy);
  return emit.zeroExtend(
    emit.or(emit.shl(value, leftBy), emit.shrUnsigned(value, emit.sub(width, leftBy))),
    width as 8 | 16,
  );
}

const rotateLeft: Shift = (emit, target, value, count) => {
  const { width } = target;
  const result = emit.hold(rotated(emit, value, emit.hold(emit.and(count, width - 1)), width));
  target.write(result);
  const carry = emit.hold(emit.and(result, 1));
  emit.setCarryAndOverflow(carry, emit.hold(emit.xor(carry, topBit(emit, result, width))));
};

const rotateRight: Shift = (emit, target, value, count) => {
  const { width } = target;
  const leftBy = emit.hold(emit.and(emit.sub(0, count), width - 1));
  const result = emit.hold(rotated(emit, value, leftBy, width));
  target.write(result);
  const carry = emit.hold(topBit(emit, result, width));
  emit.setCarryAndOverflow(carry, emit.hold(emit.xor(carry, bit(emit, result, width - 2))));
};

/** Rotates the operand and CF together, `width + 1` bits, in 64-bit arithmetic. */
function throughCarry(direction: 'left' | 'right'): Shift {
  return (emit, target, value, count) => {
    const { width } = target;
    const cycle = width + 1;
    const within = emit.hold(width === 32 && emit.model !== '8086' ? count : emit.remUnsigned(count, cycle));
    const leftBy = direction === 'left' ? within : emit.hold(emit.sub(cycle, within));
    const all = emit.hold(
      emit.wide(
        'or',
        emit.widen(value, 'unsigned'),
        emit.wide('shl', emit.widen(emit.flag('CF'), 'unsigned'), emit.i64(BigInt(width))),
      ),
    );
    const up = emit.wide('shl', all, emit.widen(leftBy, 'unsigned'));
    const down = emit.wide('shr_u', all, emit.widen(emit.sub(cycle, leftBy), 'unsigned'));
    const turned = emit.hold(emit.wide('or', up, down));
    const result = emit.hold(emit.zeroExtend(emit.narrow(turned), width));
    target.write(result);
    const carry = emit.hold(emit.and(emit.narrow(emit.wide('shr_u', turned, emit.i64(BigInt(width)))), 1));
    const overflow =
      direction === 'left'
        ? emit.xor(carry, topBit(emit, result, width))
        : emit.xor(topBit(emit, result, width), bit(emit, result, width - 2));
    emit.setCarryAndOverflow(carry, emit.hold(overflow));
  };
}

/** SHLD and SHRD. */
function double(mnemonic: string, opcodes: readonly [string, string], direction: 'left' | 'right'): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2B, "SHLD: Double Precision Shift Left", "SHRD: Double Precision Shift Right"',
    forms: [
      form(`0F ${opcodes[0]} /r ib`, rm, r, imm8).since('80386'),
      form(`0F ${opcodes[1]} /r`, rm, r, cl).since('80386'),
    ],
    target: 'readWrite',
    meaning(emit, target, source, by) {
      const count = emit.hold(emit.and(by!.read(), 0x1f));
      const value = target!.read();
      emit.when(count, () => doubleShift(emit, target!, value, source!.read(), count, direction));
    },
  });
}

function doubleShift(
  emit: Emitter,
  target: EmittedOperand,
  value: Value,
  source: Value,
  count: Value,
  direction: 'left' | 'right',
): void {
  const { width } = target;
  const shiftBy = emit.i64(BigInt(width));
  const high = direction === 'left' ? value : source;
  const low = direction === 'left' ? source : value;
  let pair = emit.wide('or', emit.wide('shl', emit.widen(high, 'unsigned'), shiftBy), emit.widen(low, 'unsigned'));
  if (width === 16) {
    // Counts of 17 to 31 leave the target undefined; processors since the Pentium Pro shift in the source once more.
    const third = emit.widen(source, 'unsigned');
    pair =
      direction === 'left'
        ? emit.wide('or', emit.wide('shl', pair, emit.i64(16n)), third)
        : emit.wide('or', pair, emit.wide('shl', third, emit.i64(32n)));
  }
  const all = emit.hold(pair);
  const count64 = emit.hold(emit.widen(count, 'unsigned'));
  const lowBits = direction === 'left' ? 32n : 0n;
  const moved = emit.hold(emit.wide(direction === 'left' ? 'shl' : 'shr_u', all, count64));
  const result = emit.hold(emit.zeroExtend(emit.narrow(emit.wide('shr_u', moved, emit.i64(lowBits))), width));
  target.write(result);
  const carryValue =
    direction === 'left'
      ? emit.wide('shr_u', all, emit.wide('sub', emit.i64(BigInt(width) + lowBits), count64))
      : emit.wide('shr_u', all, emit.wide('sub', count64, emit.i64(1n)));
  const carry = emit.hold(emit.and(emit.narrow(carryValue), 1));
  const overflow = emit.hold(emit.and(emit.shrUnsigned(emit.xor(result, value), width - 1), 1));
  emit.setResultFlags(result, width, carry, overflow);
}

/** The 8086's undocumented digit 6: all ones, with the flags of that result. */
const setMinusOne: Instruction = {
  ...shift('setmo', [], (emit, target) => {
    const result = emit.i32(target.width === 8 ? 0xff : 0xffff);
    target.write(result);
    emit.setLogicFlags(result, target.width);
  }),
  forms: earlyForms(6).map((each) => each.only('8086')),
};

export const shifts: readonly Instruction[] = [
  shift('rol', [0], rotateLeft),
  shift('ror', [1], rotateRight),
  shift('rcl', [2], throughCarry('left')),
  shift('rcr', [3], throughCarry('right')),
  shift('shl', [4, 6], left),
  setMinusOne,
  shift('shr', [5], rightLogical),
  shift('sar', [7], rightArithmetic),
  double('shld', ['A4', 'A5'], 'left'),
  double('shrd', ['AC', 'AD'], 'right'),
];
