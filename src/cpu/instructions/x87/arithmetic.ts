/** FADD, FSUB, FMUL, FDIV in all their forms, and the operations on ST(0) alone or with ST(1). */
import type { Float80 } from '../../kernel/float80/float80.js';
import { quotientUnknown } from '../../kernel/float80/float80.js';
import type { Value } from '../../wasm/values.js';
import type { EmittedOperand, Emitter } from '../emitter.js';
import { form, instruction, type Instruction, m16, m32, m64, stackRegister, stackTop } from '../instruction.js';
import { double, single, widenInteger, widenNormal } from './quick.js';
import {
  allCodes,
  bit0,
  bit1,
  codes,
  control,
  named,
  namedBit,
  pop,
  popUnlessWithheld,
  push,
  ready,
  remember,
  report,
  setCodes,
  st0,
  st1,
  stackBelow,
  stackFaults,
  unlessWithheld,
  whenFilled,
  whenFilledWithRoom,
  workspace,
} from './unit.js';

/** How a memory operand becomes an 80-bit number. */
export type MemoryNumber = 'single' | 'double' | 'word' | 'dword';

/** Reads a memory operand; its bits, to be widened once nothing can fault any more. */
export function readNumber(emit: Emitter, operand: EmittedOperand, kind: MemoryNumber): Value {
  if (kind === 'double') return emit.load('i64.load', operand.readBlock(8));
  if (kind === 'word') return emit.load('i32.load16_s', operand.readBlock(2));
  return emit.load('i32.load', operand.readBlock(4));
}
/** Widens them into the workspace; gives the control word for the operation that follows. */
export function widen(emit: Emitter, bits: Value, kind: MemoryNumber): Value {
  if (kind === 'word' || kind === 'dword') {
    widenInteger(emit, workspace, bits);
    return control(emit);
  }
  const word = emit.variable(control(emit));
  const kernel = kind === 'single' ? 'widen32' : 'widen64';
  widenNormal(
    emit,
    kind === 'single' ? single : double,
    workspace,
    bits,
    () => {},
    () => word.set(emit.or(emit.kernel(kernel, workspace, bits), control(emit))),
  );
  return word;
}

interface Operation {
  readonly mnemonic: string;
  readonly kernel: 'add' | 'subtract' | 'multiply' | 'divide';
  /** The source comes first: source - target, source / target. */
  readonly reversed: boolean;
  /** The ModRM reg field of the memory forms and of those that write ST(0); and of those that write ST(i). */
  readonly digit: number;
  readonly digitToRegister: number;
  readonly source: string;
}

const operations: readonly Operation[] = (
  [
    ['add', 'add', false, 0, 0, '"FADD/FADDP/FIADD: Add"'],
    ['mul', 'multiply', false, 1, 1, '"FMUL/FMULP/FIMUL: Multiply"'],
    ['sub', 'subtract', false, 4, 5, '"FSUB/FSUBP/FISUB: Subtract"'],
    ['subr', 'subtract', true, 5, 4, '"FSUBR/FSUBRP/FISUBR: Reverse Subtract"'],
    ['div', 'divide', false, 6, 7, '"FDIV/FDIVP/FIDIV: Divide"'],
    ['divr', 'divide', true, 7, 6, '"FDIVR/FDIVRP/FIDIVR: Reverse Divide"'],
  ] as const
).map(([mnemonic, kernel, reversed, digit, digitToRegister, title]) => {
  return { mnemonic, kernel, reversed, digit, digitToRegister, source: `Intel SDM Vol. 2A, ${title}` };
});

/** The ModRM byte of register forms with a reg field. */
const registerByte = (digit: number): string => (0xc0 + digit * 8).toString(16).toUpperCase();

function calculate(emit: Emitter, operation: Operation, target: Value, source: Value | number, word: Value): Value {
  const [a, b] = operation.reversed ? [source, target] : [target, source];
  return emit.kernel(operation.kernel, target, a, b, word);
}

function withMemory(operation: Operation, opcode: string, kind: MemoryNumber): Instruction {
  const integer = kind === 'word' || kind === 'dword';
  const size = kind === 'word' ? m16 : kind === 'double' ? m64 : m32;
  return instruction(`f${integer ? 'i' : ''}${operation.mnemonic}`, {
    source: operation.source,
    forms: [form(`${opcode} /${operation.digit}`, size).needs('fpu')],
    meaning(emit, operand) {
      ready(emit);
      const bits = readNumber(emit, operand!, kind);
      remember(emit, operand);
      const target = st0(emit);
      whenFilled(emit, bit0, target, 0, () => {
        report(emit, calculate(emit, operation, target, workspace, widen(emit, bits, kind)));
      });
    },
  });
}

function withRegister(operation: Operation, kind: 'toTop' | 'toRegister' | 'popping'): Instruction {
  const { mnemonic, source, digit, digitToRegister } = operation;
  const toTop = kind === 'toTop';
  const opcode = toTop ? 'D8' : kind === 'popping' ? 'DE' : 'DC';
  const text = `${opcode} ${registerByte(toTop ? digit : digitToRegister)}+i`;
  const operands = toTop ? [stackTop, stackRegister] : [stackRegister, stackTop];
  return instruction(`f${mnemonic}${kind === 'popping' ? 'p' : ''}`, {
    source,
    forms: [form(text, ...operands).needs('fpu')],
    meaning(emit) {
      ready(emit);
      remember(emit);
      const [top, other] = [st0(emit), named(emit)];
      const target = toTop ? top : other;
      const pops = kind === 'popping' ? 1 : 0;
      whenFilled(emit, emit.or(namedBit(emit), bit0), target, pops, () => {
        const answer = calculate(emit, operation, target, toTop ? other : top, control(emit));
        report(emit, answer);
        popUnlessWithheld(emit, answer, pops);
      });
    },
  });
}

/** An operation on ST(0). */
function onTop(mnemonic: string, text: string, kernel: keyof Float80, title: string, replaced: number): Instruction {
  return instruction(mnemonic, {
    source: `Intel SDM Vol. 2A, ${title}`,
    forms: [form(text).needs('fpu')],
    meaning(emit) {
      ready(emit);
      remember(emit);
      const target = st0(emit);
      whenFilled(emit, bit0, target, (replaced & codes.c2) !== 0 ? stackFaults.clearsC2 : 0, () => {
        report(emit, emit.kernel(kernel, target, target, control(emit)), replaced);
      });
    },
  });
}

/** An operation on ST(0) that pushes a second result: `old` and `pushed` are where the two go. */
function growing(
  mnemonic: string,
  text: string,
  title: string,
  replaced: number,
  kernel: 'sineAndCosine' | 'tangent' | 'extract',
): Instruction {
  return instruction(mnemonic, {
    source: `Intel SDM Vol. 2A, ${title}`,
    forms: [form(text).needs('fpu')],
    meaning(emit) {
      ready(emit);
      remember(emit);
      whenFilledWithRoom(emit, (replaced & codes.c2) !== 0 ? stackFaults.clearsC2 : 0, () => {
        const old = st0(emit);
        const answer = emit.kernel(kernel, old, stackBelow(emit), old, control(emit));
        report(emit, answer, replaced);
        unlessWithheld(emit, answer, () => push(emit));
      });
    },
  });
}

/** An operation on ST(1) and ST(0) that leaves one result in their place. */
function shrinking(mnemonic: string, text: string, kernel: keyof Float80, title: string): Instruction {
  return instruction(mnemonic, {
    source: `Intel SDM Vol. 2A, ${title}`,
    forms: [form(text).needs('fpu')],
    meaning(emit) {
      ready(emit);
      remember(emit);
      const [x, y] = [st0(emit), st1(emit)];
      whenFilled(emit, bit0 | bit1, y, 1, () => {
        const answer = emit.kernel(kernel, y, y, x, control(emit));
        report(emit, answer);
        unlessWithheld(emit, answer, () => pop(emit));
      });
    },
  });
}

/** FPREM and FPREM1: where they come to no quotient, C0 and C3 stay. */
function remainder(mnemonic: string, text: string, kernel: keyof Float80): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "FPREM: Partial Remainder", "FPREM1: Partial Remainder"',
    forms: [form(text).needs('fpu')],
    meaning(emit) {
      ready(emit);
      remember(emit);
      const target = st0(emit);
      whenFilled(emit, bit0 | bit1, target, stackFaults.clearsC2, () => {
        const answer = emit.kernel(kernel, target, target, st1(emit), control(emit));
        const unknown = emit.and(answer, quotientUnknown);
        report(emit, answer, emit.select(unknown, codes.c1 | codes.c2, allCodes));
      });
    },
  });
}

const scale = instruction('fscale', {
  source: 'Intel SDM Vol. 2A, "FSCALE: Scale"',
  forms: [form('D9 FD').needs('fpu')],
  meaning(emit) {
    ready(emit);
    remember(emit);
    const target = st0(emit);
    whenFilled(emit, bit0 | bit1, target, 0, () => {
      report(emit, emit.kernel('scale', target, target, st1(emit), control(emit)));
    });
  },
});

/** FCHS and FABS: the sign alone, of whatever the register holds. */
function onSign(mnemonic: string, text: string, change: (emit: Emitter, top: Value) => Value): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "FABS: Absolute Value", "FCHS: Change Sign"',
    forms: [form(text).needs('fpu')],
    meaning(emit) {
      ready(emit);
      remember(emit);
      const target = st0(emit);
      whenFilled(emit, bit0, target, 0, () => {
        emit.store('i32.store16', target, change(emit, emit.loadLate('i32.load16_u', target, 8)), 8);
        setCodes(emit, 0);
      });
    },
  });
}

export const x87Arithmetic: readonly Instruction[] = [
  ...operations.flatMap((operation) => [
    withMemory(operation, 'D8', 'single'),
    withMemory(operation, 'DC', 'double'),
    withMemory(operation, 'DA', 'dword'),
    withMemory(operation, 'DE', 'word'),
    withRegister(operation, 'toTop'),
    withRegister(operation, 'toRegister'),
    withRegister(operation, 'popping'),
  ]),
  onSign('fchs', 'D9 E0', (emit, top) => emit.xor(top, 0x8000)),
  onSign('fabs', 'D9 E1', (emit, top) => emit.and(top, 0x7fff)),
  onTop('f2xm1', 'D9 F0', 'powerOfTwoLessOne', '"F2XM1: Compute 2^x - 1"', codes.c1),
  shrinking('fyl2x', 'D9 F1', 'logarithm', '"FYL2X: Compute y * log2 x"'),
  growing('fptan', 'D9 F2', '"FPTAN: Partial Tangent"', codes.c1 | codes.c2, 'tangent'),
  shrinking('fpatan', 'D9 F3', 'arctangent', '"FPATAN: Partial Arctangent"'),
  growing('fxtract', 'D9 F4', '"FXTRACT: Extract Exponent and Significand"', codes.c1, 'extract'),
  remainder('fprem1', 'D9 F5', 'remainderNearest'),
  remainder('fprem', 'D9 F8', 'remainderTruncated'),
  shrinking('fyl2xp1', 'D9 F9', 'logarithmOfOnePlus', '"FYL2XP1: Compute y * log2(x + 1)"'),
  onTop('fsqrt', 'D9 FA', 'squareRoot', '"FSQRT: Square Root"', codes.c1),
  growing('fsincos', 'D9 FB', '"FSINCOS: Sine and Cosine"', codes.c1 | codes.c2, 'sineAndCosine'),
  onTop('frndint', 'D9 FC', 'roundToInteger', '"FRNDINT: Round to Integer"', codes.c1),
  scale,
  onTop('fsin', 'D9 FE', 'sine', '"FSIN: Sine"', codes.c1 | codes.c2),
  onTop('fcos', 'D9 FF', 'cosine', '"FCOS: Cosine"', codes.c1 | codes.c2),
];
