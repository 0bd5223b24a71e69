/**
 * What an instruction is: its forms as the manual's tables print them, and its meaning, written once over an
 * {@link Emitter}. Decoder, disassembler and every engine derive from these declarations.
 */
import { assert } from '../../base/assert.js';
import { atLeast, type Feature, has, type ProcessorModel } from '../model.js';
import type { EmittedOperand, Emitter } from './emitter.js';

export type Width = 8 | 16 | 32;

/** Where a register operand's number leads. */
export type RegisterBank = 'general' | 'mmx' | 'xmm';

/** Where an operand comes from. */
export type OperandKind =
  /** ModRM rm: a register or memory. */
  | 'rm'
  /** ModRM rm, memory only; a register is an invalid opcode. */
  | 'memory'
  /** ModRM rm, register only whatever the mode bits say (MOV to control registers). */
  | 'rmRegister'
  /** ModRM rm, register only; memory is an invalid opcode. */
  | 'registerOnly'
  /** ModRM reg: a general register. */
  | 'reg'
  /** ModRM reg: a number for the meaning (a segment, control or debug register), stored as the immediate. */
  | 'regNumber'
  /** ModRM rm, memory only: a number of bytes, read and written as a block; the operand size has no say. */
  | 'block'
  /** ModRM rm: an x87 register counted from the stack's top. */
  | 'stackRegister'
  /** ST(0), which the opcode implies. */
  | 'stackTop'
  /** The low three bits of the opcode. */
  | 'opcodeRegister'
  /** A register that the opcode implies. */
  | 'fixed'
  | 'immediate'
  /** An 8-bit immediate, sign-extended to the operand size. */
  | 'signedImmediate'
  /** A second immediate. */
  | 'immediate2'
  /** The immediate 1 that the opcode implies. */
  | 'one'
  /** A memory operand at an immediate offset. */
  | 'offset'
  /** A jump displacement relative to the next instruction. */
  | 'relative'
  /** An immediate far pointer: offset, then selector in the second immediate. */
  | 'far';

/** An operand's kind and width; `operand` is 16 or 32 as the operand-size attribute says. */
export interface OperandSpecification {
  readonly kind: OperandKind;
  readonly width: Width | 64 | 128 | 'operand';
  /** Which register a `fixed` operand is, in encoding order. */
  readonly register?: number;
  /** Bytes of a `block`; 0 where they depend on more than the form. */
  readonly bytes?: number;
  /** General registers where nothing is said. */
  readonly bank?: RegisterBank;
  /** In memory it may lie anywhere; other operands of 128 bits must lie at a multiple of 16. */
  readonly isUnaligned?: true;
}

/** Whether an operand is an MMX or XMM register, or memory in the place of one. */
export const isVector = ({ bank }: OperandSpecification): boolean => bank === 'mmx' || bank === 'xmm';

const specification = (kind: OperandKind, width: Width | 'operand', register?: number): OperandSpecification =>
  register === undefined ? { kind, width } : { kind, width, register };

export const rm8 = specification('rm', 8);
export const rm16 = specification('rm', 16);
export const rm = specification('rm', 'operand');
export const r8 = specification('reg', 8);
export const r = specification('reg', 'operand');
export const r16 = specification('reg', 16);
export const opcodeRegister8 = specification('opcodeRegister', 8);
export const opcodeRegister = specification('opcodeRegister', 'operand');
export const al = specification('fixed', 8, 0);
export const cl = specification('fixed', 8, 1);
export const accumulator = specification('fixed', 'operand', 0);
export const dx = specification('fixed', 16, 2);
export const imm8 = specification('immediate', 8);
export const imm16 = specification('immediate', 16);
export const imm = specification('immediate', 'operand');
export const signedImm8 = specification('signedImmediate', 'operand');
export const secondImm8 = specification('immediate2', 8);
export const one = specification('one', 8);
export const memory = specification('memory', 'operand');
export const memory8 = specification('memory', 8);
/** 64 bits, read and written as two halves. */
export const memory64: OperandSpecification = { ...specification('memory', 32), bytes: 8 };
export const moffs8 = specification('offset', 8);
export const moffs = specification('offset', 'operand');
export const rel8 = specification('relative', 8);
export const rel = specification('relative', 'operand');
export const farPointer = specification('far', 'operand');
export const regNumber = specification('regNumber', 8);
export const rmRegister32 = specification('rmRegister', 32);
export const stackRegister = specification('stackRegister', 8);
export const stackTop = specification('stackTop', 8);
const block = (bytes: number): OperandSpecification => ({ ...specification('block', 8), bytes });
export const m16 = block(2);
export const m32 = block(4);
export const m64 = block(8);
export const m80 = block(10);
export const mAny = block(0);
export const rm32 = specification('rm', 32);
export const r32 = specification('reg', 32);
export const memory16 = specification('memory', 16);
export const memory32 = specification('memory', 32);
export const registerOnly32 = specification('registerOnly', 32);

const vector = (
  bank: RegisterBank,
  kind: OperandKind,
  width: 32 | 64 | 128,
  isUnaligned?: true,
): OperandSpecification => ({ kind, width, bank, ...(isUnaligned === undefined ? {} : { isUnaligned }) });

// MMX registers: mm, mm/m64, mm/m32, and forms with a register or memory alone.
export const mm = vector('mmx', 'reg', 64);
export const mmRm = vector('mmx', 'rm', 64);
export const mmRm32 = vector('mmx', 'rm', 32);
export const mmRegister = vector('mmx', 'registerOnly', 64);
export const mmMemory = vector('mmx', 'memory', 64);

// XMM registers likewise; the number is that of the bits in use, 128 where there is none.
export const xmm = vector('xmm', 'reg', 128);
export const xmm64 = vector('xmm', 'reg', 64);
export const xmm32 = vector('xmm', 'reg', 32);
export const xmmRm = vector('xmm', 'rm', 128);
export const xmmRm64 = vector('xmm', 'rm', 64);
export const xmmRm32 = vector('xmm', 'rm', 32);
export const xmmRegister = vector('xmm', 'registerOnly', 128);
export const xmmRegister64 = vector('xmm', 'registerOnly', 64);
export const xmmRegister32 = vector('xmm', 'registerOnly', 32);
export const xmmMemory = vector('xmm', 'memory', 128);
export const xmmMemoryUnaligned = vector('xmm', 'memory', 128, true);
export const xmmMemory64 = vector('xmm', 'memory', 64);
export const xmmMemory32 = vector('xmm', 'memory', 32);

export type MandatoryPrefix = 'NP' | '66' | 'F2' | 'F3';
const mandatoryPrefixes: readonly string[] = ['NP', '66', 'F2', 'F3'] satisfies MandatoryPrefix[];

/** One row of the manual's opcode table. */
export interface Form {
  /** The prefix that selects this form: 66, F2, F3, or NP for none of them; undefined where prefixes have no say. */
  readonly prefix: MandatoryPrefix | undefined;
  /** Opcode bytes, the 0F escape included. */
  readonly opcode: readonly number[];
  /** ModRM follows. */
  readonly modrm: boolean;
  /** The ModRM reg field that selects this form. */
  readonly digit: number | undefined;
  /** The ModRM bytes that select this form, which then has no memory operand. */
  readonly modrmBytes: { readonly first: number; readonly count: 1 | 8 } | undefined;
  /** The low three opcode bits name a register. */
  readonly plusRegister: boolean;
  readonly operands: readonly OperandSpecification[];
  readonly isLockable: boolean;
  /** First model that has the form; forms marked `only` exist on that model alone. */
  readonly firstModel: ProcessorModel;
  readonly onlyModel: ProcessorModel | undefined;
  /** A feature without which a model does not have the form. */
  readonly neededFeature: Feature | undefined;
  /** A feature with which a model does not have the form. */
  readonly excludedBy: Feature | undefined;
  lockable(): Form;
  since(model: ProcessorModel): Form;
  only(model: ProcessorModel): Form;
  needs(feature: Feature): Form;
  unless(feature: Feature): Form;
}

/** Whether a model has a form. */
export function formExists(
  {
    onlyModel,
    firstModel,
    neededFeature,
    excludedBy,
  }: Pick<Form, 'onlyModel' | 'firstModel' | 'neededFeature' | 'excludedBy'>,
  model: ProcessorModel,
): boolean {
  if (excludedBy !== undefined && has(model, excludedBy)) return false;
  if (onlyModel !== undefined) return model === onlyModel;
  return atLeast(model, firstModel) && (neededFeature === undefined || has(model, neededFeature));
}

/**
 * A form from the manual's opcode column: hexadecimal bytes, `/r`, `/0` to `/7`, `+r`; immediates follow from the operands.
 * A mandatory prefix, or `NP` for none, stands in front.
 * After an escape (D8 to DF), and after 0F and an opcode, one more byte is a ModRM byte, and `+i` makes it eight of them.
 */
export function form(text: string, ...operands: OperandSpecification[]): Form {
  const parts = text.split(' ');
  const isByte = (part: string | undefined): boolean => /^[0-9A-F]{2}(\+[ri])?$/.test(part ?? '');
  // The 8086 has jumps at the prefixes' numbers.
  const prefixed = mandatoryPrefixes.includes(parts[0]!) && isByte(parts[1]);
  const prefix = prefixed ? (parts.shift() as MandatoryPrefix) : undefined;
  const bytes = parts.filter(isByte).map((part) => parseInt(part, 16));
  const opcode = bytes.slice(0, bytes[0] === 0x0f ? 2 : 1);
  const slash = parts.find((part) => part.startsWith('/'));
  const rest = bytes.slice(opcode.length);
  assert(opcode.length > 0 && rest.length <= (slash === undefined ? 1 : 0), `an opcode of one or two bytes in ${text}`);
  const base = {
    prefix,
    opcode,
    modrm: slash !== undefined || rest.length > 0,
    modrmBytes: rest[0] === undefined ? undefined : ({ first: rest[0], count: text.includes('+i') ? 8 : 1 } as const),
    digit: slash !== undefined && slash !== '/r' ? Number(slash.slice(1)) : undefined,
    plusRegister: text.includes('+r'),
    operands,
  };
  return makeForm({
    ...base,
    isLockable: false,
    firstModel: '8086',
    onlyModel: undefined,
    neededFeature: undefined,
    excludedBy: undefined,
  });
}

type FormBase = Omit<Form, 'lockable' | 'since' | 'only' | 'needs' | 'unless'>;

const makeForm = (base: FormBase): Form => ({
  ...base,
  lockable: () => makeForm({ ...base, isLockable: true }),
  since: (model) => makeForm({ ...base, firstModel: model }),
  only: (model) => makeForm({ ...base, onlyModel: model }),
  needs: (feature) => makeForm({ ...base, neededFeature: feature }),
  unless: (feature) => makeForm({ ...base, excludedBy: feature }),
});

/** How a meaning uses its first operand. */
export type TargetAccess = 'read' | 'write' | 'readWrite';

/** An instruction: forms and meaning. */
export interface Instruction {
  readonly mnemonic: string;
  /** Manual and section. */
  readonly source: string;
  readonly forms: readonly Form[];
  /** How the first operand is used; decides which permission its memory form needs. Default `read`. */
  readonly target?: TargetAccess;
  /** How the second operand is used. Default `read`. */
  readonly second?: TargetAccess;
  /** It uses the stack, so its meaning depends on the stack's address size. */
  readonly usesStack?: true;
  /** It addresses memory through SI, DI or BX, or counts in CX, so its meaning depends on the address size. */
  readonly usesAddressSize?: true;
  /** A string instruction: REP prefixes apply. */
  readonly repeatable?: 'rep' | 'repWhileEqual';
  /** Its meaning depends on a REP prefix without being repeated. */
  readonly sensesRepeat?: true;
  /** Whether the operand size has a say in its meaning, where its operands do not tell. */
  readonly operandSize?: 'matters' | 'ignored';
  /** Nothing after it in its block: it jumps, or others must look at what it did. */
  readonly endsBlock?: true;
  readonly meaning: (emit: Emitter, ...operands: EmittedOperand[]) => void;
}

/** Declares an instruction. */
export const instruction = (mnemonic: string, definition: Omit<Instruction, 'mnemonic'>): Instruction => ({
  mnemonic,
  ...definition,
});

/** The 8086 leaves the reg field of some opcodes undecoded: digits 1 to 7 do what digit 0 does. */
export const looselyDecoded = (opcode: string, operands: readonly OperandSpecification[]): Form[] =>
  Array.from({ length: 7 }, (_, index) => form(`${opcode} /${index + 1}`, ...operands).only('8086'));
