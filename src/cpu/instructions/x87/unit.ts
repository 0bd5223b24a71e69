/**
 * The x87 unit as meanings see it: its registers counted from TOP, what is looked at before an instruction, and what is kept of
 * its answer. Source: Intel SDM Vol. 1, chapter 8.
 */
import { withheld } from '../../kernel/float80/float80.js';
import { at, regions, x87RegisterBytes, x87Registers } from '../../layout.js';
import type { Operand, Value } from '../../wasm/values.js';
import type { EmittedOperand, Emitter } from '../emitter.js';

/** Condition codes in the status word. */
export const codes = { c0: 0x100, c1: 0x200, c2: 0x400, c3: 0x4000 } as const;
export const allCodes = codes.c0 | codes.c1 | codes.c2 | codes.c3;
/** ES of the status word: an exception is pending that the control word does not mask. */
const errorSummary = 0x80;
/** EM and TS of CR0: the unit may not be used. */
const notAvailable = 0x0c;
/** What an answer brings to the status word: exceptions, stack fault, ES, condition codes. */
const statusBits = 0xff | allCodes;

const slotMask = 7 * x87RegisterBytes;
/** How far ST(1) and the register below ST(0) lie from ST(0). */
const next = x87RegisterBytes;
const below = slotMask;

/** Where instructions whose register is empty find the default NaN. */
export const indefinite = regions.indefinite;
export const workspace = regions.workspace;

const word = (emit: Emitter, address: number): Value => emit.loadLate('i32.load', 0, address);
export const control = (emit: Emitter): Value => word(emit, at.x87Control);

/** The slot of the register `distance` above ST(0)'s. */
function slotAt(emit: Emitter, distance: Operand): Value {
  const top = word(emit, at.x87Top);
  const place = distance === 0 ? top : emit.and(emit.add(top, distance), slotMask);
  return emit.hold(emit.add(place, x87Registers));
}
export const st0 = (emit: Emitter): Value => slotAt(emit, 0);
export const st1 = (emit: Emitter): Value => slotAt(emit, next);
/** The register that a push makes ST(0). */
export const stackBelow = (emit: Emitter): Value => slotAt(emit, below);
/** The register that the instruction names. */
export const named = (emit: Emitter): Value => slotAt(emit, emit.stackRegister().distance);
/** Bits of ST(0), ST(1) and, in `namedBit`, of the register that the instruction names, as `x87Empty` has them. */
export const bit0 = 1;
export const bit1 = 2;
export const namedBit = (emit: Emitter): Value => emit.stackRegister().bit;

/** Nothing has to be asked, as it is known, or as the instruction goes the slow way. */
function isSettled(emit: Emitter): boolean {
  if (emit.units === 'left') emit.system('awaitCoprocessor');
  return emit.units !== 'asked';
}
/** Before any instruction that is not a control instruction: #NM, or the error that an earlier one left. */
export function ready(emit: Emitter): void {
  if (isSettled(emit)) return;
  const blocked = emit.or(emit.and(word(emit, at.cr0), notAvailable), emit.and(word(emit, at.x87Status), errorSummary));
  emit.when(blocked, () => void emit.system('awaitCoprocessor'));
}
/** Before a control instruction, which does not wait: #NM alone. */
export function available(emit: Emitter): void {
  if (isSettled(emit)) return;
  emit.when(emit.and(word(emit, at.cr0), notAvailable), () => void emit.system('awaitCoprocessor'));
}

/** Notes where this instruction lies, and its memory operand; after everything that may fault. */
export function remember(emit: Emitter, operand?: EmittedOperand): void {
  const keep = (place: number, value: Value): void => emit.store('i32.store', 0, value, place);
  keep(at.x87InstructionOffset, emit.thisEip());
  keep(at.x87InstructionSelector, emit.selector('cs'));
  keep(at.x87Opcode, emit.opcodeBits());
  if (operand === undefined) return;
  keep(at.x87DataOffset, operand.offset());
  keep(at.x87DataSelector, emit.dataSelector());
}

/** Replaces condition codes and adds exceptions; tells the outside of one that is not masked. */
export function report(emit: Emitter, answer: Value, replaced: Operand = codes.c1): void {
  const kept = emit.and(word(emit, at.x87Status), emit.not(replaced));
  emit.store('i32.store', 0, emit.or(kept, emit.and(answer, statusBits)), at.x87Status);
  if (emit.units === 'ready') return;
  emit.when(emit.and(answer, errorSummary), () => void emit.system('settleCoprocessor'));
}
/** The same of an answer without exceptions. */
export function setCodes(emit: Emitter, value: Operand, replaced: Operand = codes.c1): void {
  const kept = emit.and(word(emit, at.x87Status), emit.not(replaced));
  emit.store('i32.store', 0, emit.or(kept, value), at.x87Status);
}
/** Whether an answer says that nothing was written. */
export const isWithheld = (emit: Emitter, answer: Value): Value => emit.and(answer, withheld);
export const unlessWithheld = (emit: Emitter, answer: Value, then: () => void): void =>
  emit.when(emit.isZero(isWithheld(emit, answer)), then);

/** What a masked stack fault leaves behind, for the slow path `stackFault`. */
export const stackFaults = {
  /** Registers to pop, 0 to 2. */
  pops: 3,
  /** A comparison: unordered. */
  compares: 4,
  /** ST(0) and the register pushed on it are both NaN afterwards. */
  grows: 8,
  /** The NaN is pushed. */
  pushes: 64,
  /** ST(0) and the target change places. */
  exchanges: 16,
  /** The stack overflowed; otherwise a register was empty. */
  overflow: 32,
  /** An angle's function, or a remainder: C2 clear says that nothing is left to reduce. */
  clearsC2: 128,
} as const;

/** Whether any of these registers is empty. */
const anyEmpty = (emit: Emitter, bits: Operand): Value => emit.and(word(emit, at.x87Empty), bits);

/** Whether all of these registers hold something. */
export const isFilled = (emit: Emitter, bits: Operand): Value => emit.isZero(anyEmpty(emit, bits));

/** Emits `then` where all the registers hold something, else the stack fault that writes its NaN to `target`. */
export function whenFilled(emit: Emitter, bits: Operand, target: Operand, effects: number, then: () => void): void {
  emit.when(anyEmpty(emit, bits), () => void emit.system('stackFault', target, effects), then);
}
/** Emits `then` where a push finds an empty register, else the stack fault. */
export function whenRoom(emit: Emitter, then: () => void): void {
  const full = emit.isZero(anyEmpty(emit, 0x80));
  emit.when(full, () => void emit.system('stackFault', 0, stackFaults.overflow | stackFaults.pushes), then);
}
/** The same for an instruction that changes ST(0) and pushes; where both faults are due, the underflow is it. */
export function whenFilledWithRoom(emit: Emitter, effects: number, then: () => void): void {
  const { grows, overflow } = stackFaults;
  whenFilled(emit, bit0, 0, grows | effects, () => {
    const full = emit.isZero(anyEmpty(emit, 0x80));
    emit.when(full, () => void emit.system('stackFault', 0, overflow | grows | effects), then);
  });
}
/** For stores: the place to store from, and what an empty register adds to the answer. */
export function sourceOrIndefinite(emit: Emitter): { readonly source: Value; readonly fault: Value } {
  const source = emit.variable(st0(emit));
  const fault = emit.variable(0);
  emit.when(anyEmpty(emit, bit0), () => {
    source.set(indefinite);
    const masked = emit.and(control(emit), 1);
    fault.set(emit.select(masked, 0x41, 0x41 | errorSummary | withheld));
  });
  return { source, fault };
}

/** Marks a register as filled. */
export function fill(emit: Emitter, bit: Operand): void {
  emit.store('i32.store', 0, emit.and(word(emit, at.x87Empty), emit.not(bit)), at.x87Empty);
}
export function pop(emit: Emitter, count: 1 | 2 = 1): void {
  const emptied = count === 1 ? 0x80 : 0xc0;
  emit.store('i32.store', 0, emit.or(emit.shrUnsigned(word(emit, at.x87Empty), count), emptied), at.x87Empty);
  moveTop(emit, count * x87RegisterBytes);
}
/** TOP goes down to the register that was written below it. */
export function push(emit: Emitter): void {
  emit.store('i32.store', 0, emit.and(emit.shl(word(emit, at.x87Empty), 1), 0xfe), at.x87Empty);
  moveTop(emit, below);
}
/** Moves TOP alone. */
export function moveTop(emit: Emitter, distance: number): void {
  emit.store('i32.store', 0, emit.and(emit.add(word(emit, at.x87Top), distance), slotMask), at.x87Top);
}

/** Copies 10 bytes. */
export function copy(emit: Emitter, to: Value, from: Value): void {
  const significand = emit.load('i64.load', from);
  const top = emit.load('i32.load16_u', from, 8);
  emit.store('i64.store', to, significand);
  emit.store('i32.store16', to, top, 8);
}
/** Writes a number that the instruction implies. */
export function put(emit: Emitter, to: Value, top: number, significand: bigint): void {
  emit.store('i64.store', to, emit.i64(significand));
  emit.store('i32.store16', to, top, 8);
}

/** Pops, once or twice, unless the answer forbids it. */
export function popUnlessWithheld(emit: Emitter, answer: Value, pops: 0 | 1 | 2): void {
  if (pops !== 0) unlessWithheld(emit, answer, () => pop(emit, pops));
}
