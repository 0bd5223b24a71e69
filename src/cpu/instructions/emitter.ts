import type { ProcessorModel } from '../model.js';
import type { ValueType } from '../wasm/opcodes.js';
import type { Code, Operand, Value } from '../wasm/values.js';
import type { Float80 } from '../kernel/float80/float80.js';
import type { GeneralRegister, SegmentName } from '../layout.js';
import type { Width } from './instruction.js';
import type { SystemOperation } from './system-operations.js';

/** Numbers of a vector that are normal or zero: neither NaN nor infinite nor denormal. */
export const ordinary = { sd: 1, pd: 3, ss: 4, ps: 12 } as const;

/** An operand in an MMX or XMM register, or in memory in the place of one. */
export interface VectorOperand {
  readonly bank: 'mmx' | 'xmm';
  /** How many of its bytes the instruction uses. */
  readonly bytes: 4 | 8 | 16;
  /** Finds out where it can be read, and faults where it cannot; before anything else is asked of it. */
  find(): void;
  /** The host address where its bytes lie until anything is written. */
  place(): Value;
  /** Something else wrote at its place. */
  placeWritten(): void;
  /** Which of its numbers are known to be ordinary, as bits of {@link ordinary}; what is learnt holds until it is written. */
  known(): number;
  learn(numbers: number): void;
  /** Reads from `displacement` bytes on. A vector has zeros above the operand's bytes. */
  read(type: ValueType, displacement?: number): Value;
  /** Writes as many bytes as the value's type has; of a vector the operand's. */
  write(value: Value, displacement?: number): void;
  /** A 16-bit lane by its number; registers only. */
  readWord(lane: Value): Value;
  writeWord(lane: Value, value: Value): void;
}

/** An operand of the instruction at hand. Values narrower than 32 bits are zero-extended. */
export interface EmittedOperand {
  readonly width: Width;
  /** Whether it lies in memory. */
  readonly isMemory: boolean;
  /** Reads it now. Of a `readWrite` operand the write permission is checked here already. */
  read(): Value;
  /** Writes it now; may fault unless it was read as `readWrite`. */
  write(value: Operand): void;
  /** Its offset in its segment; memory operands only. */
  offset(): Value;
  /** Its linear address; memory operands only. */
  linear(): Value;
  /** Reads `width` bits `displacement` bytes further on, within the address size; memory operands only. */
  readBeyond(displacement: Operand, width: Width): Value;
  writeBeyond(displacement: Operand, width: Width, value: Operand): void;
  /** Reads up to 512 bytes: gives the host address where they lie until anything is written; memory operands only. */
  readBlock(bytes: number): Value;
  /** Writes the bytes that lie in `regions.block`, all or, after a fault, none; memory operands only. */
  writeBlock(bytes: number): void;
  /** Checks that it could be written, for a rare case; memory operands only. */
  probeBlock(bytes: number): void;
  /** The operand as a vector, where it is one; nothing else can be asked of it then. */
  readonly vector?: VectorOperand;
  /** The same memory operand moved by a number of bytes known at run time, for bit strings. */
  moved(displacement: Value): EmittedOperand;
}

export type FlagName = 'CF' | 'PF' | 'AF' | 'ZF' | 'SF' | 'OF';

/** String instructions of which several iterations can be run at once, by what one of them does. */
export type StringRun = 'move' | 'store' | 'compare' | 'scan' | 'input' | 'output';

/** A jump target that was checked before anything else happened. */
export interface CheckedTarget {
  readonly taken: () => void;
}

/**
 * What meanings are written over. Expressions are pure; statements take effect in the order they are emitted. A statement
 * that may fault must precede every effect that a restart must not see.
 */
export interface Emitter extends Code {
  /** The operand-size attribute; an operand's own width may be 8 or fixed. */
  readonly width: 16 | 32;
  readonly addressWidth: 16 | 32;
  readonly stackWidth: 16 | 32;
  readonly repeat: 'none' | 'rep' | 'repne';
  readonly model: ProcessorModel;
  /**
   * Whether the numeric units may be used, with nothing pending and x87 exceptions masked: `asked` where an instruction has to ask, `ready`
   * where it is so, and `left` where such instructions go the slow way as a whole.
   */
  readonly units: 'asked' | 'ready' | 'left';
  /** MXCSR is known to round to nearest, to mask every exception and to have noted an inexact result. */
  readonly isSettled: boolean;
  /** Where MXCSR is settled otherwise: it has noted no inexact result, and one that is not exact is left undone. */
  readonly isExact: boolean;
  /** Whether system instructions have ways of their own in front of their slow paths. */
  readonly hasQuickWays: boolean;

  register(name: GeneralRegister, width?: Width): EmittedOperand;
  byteRegister(name: 'al' | 'ah' | 'cl'): EmittedOperand;

  /** A status flag as 0 or 1. */
  flag(name: FlagName): Value;
  /** A condition code of Jcc, SETcc (Intel SDM Vol. 1, appendix B), as zero or not zero. */
  condition(code: number): Value;
  /** `withCarry` tells that a carry was added as well. */
  setAddFlags(left: Value, right: Value, sum: Value, width: Width, withCarry?: boolean): void;
  setSubtractFlags(left: Value, right: Value, difference: Value, width: Width, withBorrow?: boolean): void;
  /** Flags of AND, OR, XOR, TEST: CF and OF clear. */
  setLogicFlags(result: Value, width: Width): void;
  /** SF, ZF and PF from a result; CF, OF and AF as given (0 or 1). */
  setResultFlags(result: Value, width: Width, carry: Value, overflow: Value, auxiliary?: 0 | 1): void;
  /** CF alone, from 0 or 1. */
  setCarry(carry: Operand): void;
  /** CF and OF alone, each 0 or 1. */
  setCarryAndOverflow(carry: Value, overflow: Value): void;
  /** All six status flags as a word laid out like EFLAGS. */
  statusWord(): Value;
  setStatusWord(word: Value): void;
  /** A bit of EFLAGS that is not a status flag. */
  otherFlags(): Value;
  setOtherFlags(value: Value): void;

  /** A segment's selector. */
  selector(segment: SegmentName): Value;
  /** Reads memory through a segment named at emission. */
  loadFrom(segment: SegmentName, offset: Value, width: Width): Value;
  storeTo(segment: SegmentName, offset: Value, width: Width, value: Operand): void;
  /** Reads through the record's segment: DS unless overridden. */
  loadFromData(offset: Value, width: Width): Value;
  /** A segment's selector by its number in encoding order. */
  selectorOf(number: Value): Value;
  /** The stack pointer, cut to the stack's address size. */
  stackPointer(): Value;
  setStackPointer(value: Operand): void;
  /** Stores below the stack pointer, then moves it. */
  push(value: Operand, width?: Width): void;
  /** Reads the stack `displacement` bytes above the stack pointer; `release` then moves the pointer up. */
  top(displacement: number, width?: Width): Value;
  release(bytes: Operand): void;

  /** The number that a `regNumber` operand or an immediate holds. */
  immediate(): Value;
  immediate2(): Value;
  /** EIP of this instruction. */
  thisEip(): Value;
  /** EIP of the next instruction. */
  nextEip(): Value;
  /** Checks a relative target against the code segment; `taken` goes there. */
  relativeTarget(): CheckedTarget;
  /** Goes to an offset in the code segment, after the check; `before` runs between check and jump. */
  jump(offset: Value, before?: () => void): void;
  /** Goes to an offset in the code segment without a check: an offset outside faults there. */
  goTo(offset: Value): void;
  /** Ends the instruction now and goes on with the next one. */
  next(): void;
  /** Ends the instruction; the next one is looked up anew, as the kind of code or stack segment may have changed. */
  refetch(): void;
  /** One more iteration of a repeated instruction if the budget allows, else stops in front of it. */
  repeatAgain(): void;

  /**
   * Runs as many iterations of a repeated string instruction at once as reach memory, or a chip's buffer, and nothing else: moves index registers,
   * count and cycles, and for comparisons sets the flags of the last one. Gives their number; 0 where the next has to go by itself.
   */
  runAhead(what: StringRun, width: Width, accumulator?: Operand): Value;

  /** Checks that a store would succeed, without storing. */
  prepareStore(segment: SegmentName, offset: Value, width: Width): void;
  /** Writes a port, if the program may. */
  output(port: Value, value: Value, width: Width): void;
  tableLimit(table: 'gdtr' | 'idtr'): Value;
  tableBase(table: 'gdtr' | 'idtr'): Value;

  /** Cycles since power-on at the boundary in front of this instruction, 64 bits. */
  cycles(): Value;
  /** Whether the processor is in real mode, with CS as a real-mode load leaves it. */
  plainRealMode(): Value;
  /** Whether the interrupt request line is high. */
  interruptRequested(): Value;
  /** The NMI pin's state: 0 unless one is due or being handled. */
  nonMaskableState(): Value;
  /** A real-mode load of a segment register: selector and base. */
  setRealSegment(segment: SegmentName | Value, selector: Value): void;
  /** Whether an offset lies within the code segment. */
  withinCode(offset: Value): Value;
  /** Reads memory at a linear address. */
  loadLinear(linear: Value, width: Width): Value;

  /** The x87 register that the instruction names: how far its slot lies above ST(0)'s, and the bit of its number. */
  stackRegister(): { readonly distance: Value; readonly bit: Value };
  /** The 11 bits of an x87 instruction's opcode. */
  opcodeBits(): Value;
  /** The selector of the memory operand's segment. */
  dataSelector(): Value;
  /** Calls a numeric kernel (kernel/float80); gives its answer, 0 where it has none. */
  kernel(name: keyof Float80, ...args: Operand[]): Value;

  /**
   * Calls a function that all instructions share, written once over its arguments; its answer is never 0. It says what rarely happens,
   * so that the code of each instruction stays small.
   */
  shared(name: string, args: readonly Operand[], write: (emit: Emitter, args: readonly Value[]) => Value): Value;
  /** Offers the data and the mask of a masked store to the slow path `maskedStore`. */
  offerMasked(data: Value, mask: Value): void;

  /** Where MXCSR is settled: leaves the whole instruction, of which nothing was done yet, to an engine that asks. */
  leaveUndone(): void;
  /**
   * Where the condition is not 0, the instruction reads what it may have written itself: an engine that starts instructions anew after it
   * did a part of them leaves this one before anything is done.
   */
  rereadsWhen(condition: Operand): void;
  /** Raises a fault at this instruction. */
  fault(vector: number, errorCode?: Operand): void;
  /** Calls a slow path; a fault it raises leaves the instruction. */
  system(operation: SystemOperation, a?: Operand, b?: Operand): Value;
  /** Calls a slow path that sets EIP itself, then goes there. */
  transfer(operation: SystemOperation, a?: Operand, b?: Operand): void;
}
