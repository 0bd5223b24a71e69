/** MUL, IMUL, DIV, IDIV. */
import type { Value } from '../wasm/values.js';
import type { EmittedOperand, Emitter } from './emitter.js';
import { form, imm, instruction, type Instruction, r, rm, rm8, signedImm8 } from './instruction.js';

const DIVIDE_ERROR = 0;

/** The low and high half of the implied target: AL and AH, or (E)AX and (E)DX. */
function halves(emit: Emitter, width: 8 | 16 | 32): { low: EmittedOperand; high: EmittedOperand } {
  if (width === 8) return { low: emit.byteRegister('al'), high: emit.byteRegister('ah') };
  return { low: emit.register('eax', width), high: emit.register('edx', width) };
}

function wideProduct(emit: Emitter, left: Value, right: Value, signed: boolean, width: 8 | 16 | 32): Value {
  const extend = (value: Value): Value =>
    signed ? emit.widen(emit.signExtend(value, width), 'signed') : emit.widen(value, 'unsigned');
  return emit.hold(emit.wide('mul', extend(left), extend(right)));
}

/** CF and OF tell whether the upper half matters; the manual leaves the other flags undefined, here they follow the low half. */
function setProductFlags(emit: Emitter, low: Value, product: Value, signed: boolean, width: 8 | 16 | 32): void {
  const kept = signed ? emit.widen(emit.signExtend(low, width), 'signed') : emit.widen(low, 'unsigned');
  const lost = emit.hold(emit.wide('ne', kept, product));
  emit.setResultFlags(low, width, lost, lost);
}

function widening(mnemonic: string, digit: number, signed: boolean): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2, "MUL: Unsigned Multiply", "IMUL: Signed Multiply"',
    forms: [form(`F6 /${digit}`, rm8), form(`F7 /${digit}`, rm)],
    meaning(emit, source) {
      const width = source!.width;
      const { low, high } = halves(emit, width);
      const product = wideProduct(emit, source!.read(), low.read(), signed, width);
      const lowHalf = emit.hold(emit.zeroExtend(emit.narrow(product), width));
      low.write(lowHalf);
      high.write(emit.zeroExtend(emit.narrow(emit.wide('shr_u', product, emit.i64(BigInt(width)))), width));
      setProductFlags(emit, lowHalf, product, signed, width);
    },
  });
}

function truncating(emit: Emitter, target: EmittedOperand, left: Value, right: Value): void {
  const product = wideProduct(emit, left, right, true, target.width);
  const low = emit.hold(emit.zeroExtend(emit.narrow(product), target.width));
  target.write(low);
  setProductFlags(emit, low, product, true, target.width);
}

const multiplyInto = instruction('imul', {
  source: 'Intel SDM Vol. 2A, "IMUL: Signed Multiply"',
  forms: [form('0F AF /r', r, rm).since('80386')],
  target: 'readWrite',
  meaning(emit, target, source) {
    const right = source!.read();
    truncating(emit, target!, target!.read(), right);
  },
});

const multiplyBy = instruction('imul', {
  source: 'Intel SDM Vol. 2A, "IMUL: Signed Multiply"',
  forms: [form('69 /r iz', r, rm, imm).since('80286'), form('6B /r ib', r, rm, signedImm8).since('80286')],
  target: 'write',
  meaning(emit, target, source, factor) {
    truncating(emit, target!, source!.read(), factor!.read());
  },
});

/** The dividend's two halves as one signed or unsigned 64-bit number. */
function dividend(emit: Emitter, low: EmittedOperand, high: EmittedOperand, signed: boolean): Value {
  const width = low.width;
  const highHalf = high.read();
  const upper = emit.widen(signed ? emit.signExtend(highHalf, width) : highHalf, 'signed');
  return emit.hold(
    emit.wide('or', emit.wide('shl', upper, emit.i64(BigInt(width))), emit.widen(low.read(), 'unsigned')),
  );
}

function unsignedDivide(emit: Emitter, source: EmittedOperand): void {
  const width = source.width;
  const divisor = source.read();
  emit.when(emit.isZero(divisor), () => emit.fault(DIVIDE_ERROR));
  const { low, high } = halves(emit, width);
  const number = dividend(emit, low, high, false);
  const by = emit.hold(emit.widen(divisor, 'unsigned'));
  const quotient = emit.hold(emit.wide('div_u', number, by));
  emit.when(emit.wide('gt_u', quotient, emit.i64(2n ** BigInt(width) - 1n)), () => emit.fault(DIVIDE_ERROR));
  const remainder = emit.hold(emit.wide('rem_u', number, by));
  low.write(emit.narrow(quotient));
  high.write(emit.narrow(remainder));
}

function signedDivide(emit: Emitter, source: EmittedOperand): void {
  const width = source.width;
  const divisor = source.read();
  emit.when(emit.isZero(divisor), () => emit.fault(DIVIDE_ERROR));
  const { low, high } = halves(emit, width);
  const number = dividend(emit, low, high, true);
  const by = emit.hold(emit.widen(emit.signExtend(divisor, width), 'signed'));
  const least = emit.i64(-(2n ** 63n));
  if (width === 32) {
    // The one quotient that 64 bits cannot hold would trap in the engine; it is a divide error here as well.
    const overflows = emit.and(emit.wide('eq', number, least), emit.wide('eq', by, emit.i64(-1n)));
    emit.when(overflows, () => emit.fault(DIVIDE_ERROR));
  }
  const quotient = emit.hold(emit.wide('div_s', number, by));
  // The 8086 cannot make the most negative quotient; later processors can.
  const lowest = -(2n ** BigInt(width - 1)) + (emit.model === '8086' ? 1n : 0n);
  const outside = emit.or(
    emit.wide('lt_s', quotient, emit.i64(lowest)),
    emit.wide('gt_s', quotient, emit.i64(2n ** BigInt(width - 1) - 1n)),
  );
  emit.when(outside, () => emit.fault(DIVIDE_ERROR));
  const remainder = emit.hold(emit.wide('rem_s', number, by));
  // On the 8086 a REP prefix flips the sign the microcode keeps, so the quotient comes out negated.
  const stored =
    emit.model === '8086' && emit.repeat !== 'none' ? emit.sub(0, emit.narrow(quotient)) : emit.narrow(quotient);
  low.write(emit.zeroExtend(stored, width));
  high.write(emit.zeroExtend(emit.narrow(remainder), width));
}

const divide = instruction('div', {
  source: 'Intel SDM Vol. 2A, "DIV: Unsigned Divide"',
  forms: [form('F6 /6', rm8), form('F7 /6', rm)],
  meaning: (emit, source) => unsignedDivide(emit, source!),
});

const divideSigned = instruction('idiv', {
  source: 'Intel SDM Vol. 2A, "IDIV: Signed Divide"',
  forms: [form('F6 /7', rm8), form('F7 /7', rm)],
  sensesRepeat: true,
  meaning: (emit, source) => signedDivide(emit, source!),
});

export const multiplication: readonly Instruction[] = [
  widening('mul', 4, false),
  widening('imul', 5, true),
  multiplyInto,
  multiplyBy,
  divide,
  divideSigned,
];
