/** Exchanges of the 80486 and later: CMPXCHG, CMPXCHG8B, XADD, BSWAP; and conditional moves. */
import { flagBits } from '../layout.js';
import { conditionNames } from './control.js';
import type { Emitter } from './emitter.js';
import { form, instruction, type Instruction, memory64, opcodeRegister, r, r8, rm, rm8 } from './instruction.js';

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

/** Sets or clears ZF alone. */
function setZero(emit: Emitter, isZero: boolean): void {
  const { ZF } = flagBits;
  emit.setStatusWord(isZero ? emit.or(emit.statusWord(), ZF) : emit.and(emit.statusWord(), ~ZF));
}

/** The target is written in either case, so that a page it cannot be written to always faults. */
const compareExchange = instruction('cmpxchg', {
  source: 'Intel SDM Vol. 2A, "CMPXCHG: Compare and Exchange"',
  forms: [form('0F B0 /r', rm8, r8).since('80486').lockable(), form('0F B1 /r', rm, r).since('80486').lockable()],
  target: 'readWrite',
  meaning(emit, target, source) {
    const { width } = target!;
    const accumulator = width === 8 ? emit.byteRegister('al') : emit.register('eax', width);
    const expected = emit.hold(accumulator.read());
    const replacement = emit.hold(source!.read());
    const found = emit.hold(target!.read());
    const isEqual = emit.hold(emit.equal(found, expected));
    target!.write(emit.hold(emit.select(isEqual, replacement, found)));
    emit.when(emit.isZero(isEqual), () => accumulator.write(found));
    emit.setSubtractFlags(expected, found, emit.hold(emit.zeroExtend(emit.sub(expected, found), width)), width);
  },
});

const compareExchange8 = instruction('cmpxchg8b', {
  source: 'Intel SDM Vol. 2A, "CMPXCHG8B: Compare and Exchange Bytes"',
  forms: [form('0F C7 /1', memory64).needs('cx8').lockable()],
  target: 'readWrite',
  operandSize: 'ignored',
  meaning(emit, low) {
    const high = low!.moved(emit.i32(4));
    const [eax, edx] = [emit.register('eax'), emit.register('edx')];
    emit.system('checkQuadword', low!.offset());
    const lowFound = emit.hold(low!.read());
    const highFound = emit.hold(high.read());
    const isEqual = emit.hold(emit.and(emit.equal(lowFound, eax.read()), emit.equal(highFound, edx.read())));
    // Both halves were checked for writing when they were read.
    low!.write(emit.hold(emit.select(isEqual, emit.register('ebx').read(), lowFound)));
    high.write(emit.hold(emit.select(isEqual, emit.register('ecx').read(), highFound)));
    emit.when(
      isEqual,
      () => setZero(emit, true),
      () => {
        eax.write(lowFound);
        edx.write(highFound);
        setZero(emit, false);
      },
    );
  },
});

const exchangeAdd = instruction('xadd', {
  source: 'Intel SDM Vol. 2B, "XADD: Exchange and Add"',
  forms: [form('0F C0 /r', rm8, r8).since('80486').lockable(), form('0F C1 /r', rm, r).since('80486').lockable()],
  target: 'readWrite',
  second: 'readWrite',
  meaning(emit, target, source) {
    const { width } = target!;
    const added = emit.hold(source!.read());
    const found = emit.hold(target!.read());
    const sum = emit.hold(emit.zeroExtend(emit.add(found, added), width));
    // With one register as both, the sum is what stays.
    if (target!.isMemory) target!.write(sum);
    source!.write(found);
    if (!target!.isMemory) target!.write(sum);
    emit.setAddFlags(found, added, sum, width);
  },
});

/** Of a 16-bit register, which the manual leaves undefined, it makes zero, as processors do. */
const byteSwap = instruction('bswap', {
  source: 'Intel SDM Vol. 2A, "BSWAP: Byte Swap"',
  forms: [form('0F C8+r', opcodeRegister).since('80486')],
  target: 'readWrite',
  meaning(emit, target) {
    if (target!.width !== 32) return target!.write(0);
    const value = emit.hold(target!.read());
    const outer = emit.and(emit.rotateRight(value, 8), 0xff00ff00 | 0);
    const inner = emit.and(emit.rotateLeft(value, 8), 0x00ff00ff);
    target!.write(emit.hold(emit.or(outer, inner)));
  },
});

/** The source is read, and may fault, whatever the condition. */
const conditionalMoves = conditionNames.map((name, code) =>
  instruction(`cmov${name}`, {
    source: 'Intel SDM Vol. 2A, "CMOVcc: Conditional Move"',
    forms: [form(`0F ${hex(0x40 + code)} /r`, r, rm).needs('cmov')],
    target: 'write',
    meaning(emit, target, source) {
      const value = emit.hold(source!.read());
      emit.when(emit.condition(code), () => target!.write(value));
    },
  }),
);

export const exchanges: readonly Instruction[] = [
  compareExchange,
  compareExchange8,
  exchangeAdd,
  byteSwap,
  ...conditionalMoves,
];
