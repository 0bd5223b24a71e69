/** Comparisons: FCOM, FUCOM, FICOM and FTST to the condition codes, FCOMI and FUCOMI to EFLAGS; FXAM; FCMOVcc. */
import type { Value } from '../../wasm/values.js';
import type { Emitter } from '../emitter.js';
import { form, instruction, type Instruction, m16, m32, m64, stackRegister, stackTop } from '../instruction.js';
import { type MemoryNumber, readNumber, widen } from './arithmetic.js';
import {
  allCodes,
  bit0,
  bit1,
  codes,
  control,
  copy,
  isFilled,
  named,
  namedBit,
  popUnlessWithheld,
  ready,
  remember,
  report,
  setCodes,
  st0,
  st1,
  stackFaults,
  whenFilled,
  workspace,
} from './unit.js';

const source =
  'Intel SDM Vol. 2A, "FCOM/FCOMP/FCOMPP: Compare", "FICOM/FICOMP", "FUCOM/FUCOMP/FUCOMPP: Unordered Compare"';
const { compares } = stackFaults;

function withMemory(mnemonic: string, text: string, kind: MemoryNumber, pops: 0 | 1): Instruction {
  const size = kind === 'word' ? m16 : kind === 'double' ? m64 : m32;
  return instruction(mnemonic, {
    source,
    forms: [form(text, size).needs('fpu')],
    meaning(emit, operand) {
      ready(emit);
      const bits = readNumber(emit, operand!, kind);
      remember(emit, operand);
      whenFilled(emit, bit0, 0, compares | pops, () => {
        const word = widen(emit, bits, kind);
        const answer = emit.kernel('compareOrdered', st0(emit), workspace, word);
        report(emit, answer, allCodes);
        popUnlessWithheld(emit, answer, pops);
      });
    },
  });
}

type Comparison = 'compareOrdered' | 'compareUnordered';

function withRegister(mnemonic: string, kernel: Comparison, pops: 0 | 1, ...texts: string[]): Instruction {
  return instruction(mnemonic, {
    source,
    forms: texts.map((text) => form(text, stackRegister).needs('fpu')),
    meaning(emit) {
      ready(emit);
      remember(emit);
      whenFilled(emit, emit.or(namedBit(emit), bit0), 0, compares | pops, () => {
        const answer = emit.kernel(kernel, st0(emit), named(emit), control(emit));
        report(emit, answer, allCodes);
        popUnlessWithheld(emit, answer, pops);
      });
    },
  });
}

function poppingBoth(mnemonic: string, kernel: Comparison, text: string): Instruction {
  return instruction(mnemonic, {
    source,
    forms: [form(text).needs('fpu')],
    meaning(emit) {
      ready(emit);
      remember(emit);
      whenFilled(emit, bit0 | bit1, 0, compares | 2, () => {
        const answer = emit.kernel(kernel, st0(emit), st1(emit), control(emit));
        report(emit, answer, allCodes);
        popUnlessWithheld(emit, answer, 2);
      });
    },
  });
}

/** ZF, PF and CF from C3, C2 and C0; the other status flags are cleared. */
function flagsOfCodes(emit: Emitter, answer: Value): Value {
  return emit.and(emit.shrUnsigned(answer, 8), 0x45);
}

function toFlags(mnemonic: string, kernel: Comparison, pops: 0 | 1, text: string): Instruction {
  return instruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "FCOMI/FCOMIP/FUCOMI/FUCOMIP: Compare Floating Point Values and Set EFLAGS"',
    forms: [form(text, stackTop, stackRegister).needs('cmov')],
    meaning(emit) {
      ready(emit);
      remember(emit);
      emit.when(
        isFilled(emit, emit.or(namedBit(emit), bit0)),
        () => {
          const answer = emit.kernel(kernel, st0(emit), named(emit), control(emit));
          // C1 stays, and the flags are set even if an exception is not masked: as captured.
          report(emit, emit.hold(emit.and(answer, ~allCodes)), 0);
          emit.setStatusWord(flagsOfCodes(emit, answer));
          popUnlessWithheld(emit, answer, pops);
        },
        () => {
          emit.system('stackFault', 0, pops);
          emit.setStatusWord(emit.i32(0x45));
        },
      );
    },
  });
}

const test = instruction('ftst', {
  source: 'Intel SDM Vol. 2A, "FTST: TEST"',
  forms: [form('D9 E4').needs('fpu')],
  meaning(emit) {
    ready(emit);
    remember(emit);
    whenFilled(emit, bit0, 0, compares, () => {
      report(emit, emit.kernel('compareWithZero', st0(emit), control(emit)), allCodes);
    });
  },
});

const examine = instruction('fxam', {
  source: 'Intel SDM Vol. 2A, "FXAM: Examine Floating-Point"',
  forms: [form('D9 E5').needs('fpu')],
  meaning(emit) {
    ready(emit);
    remember(emit);
    const top = st0(emit);
    const sign = emit.shl(emit.shrUnsigned(emit.loadLate('i32.load16_u', top, 8), 15), 9);
    emit.when(
      isFilled(emit, bit0),
      () => setCodes(emit, emit.kernel('examine', top), allCodes),
      () => setCodes(emit, emit.or(sign, codes.c0 | codes.c3), allCodes),
    );
  },
});

/** FCMOVcc by the condition code of the Jcc that it resembles. */
function conditionalMove(name: string, text: string, condition: number): Instruction {
  return instruction(`fcmov${name}`, {
    source: 'Intel SDM Vol. 2A, "FCMOVcc: Floating-Point Conditional Move"',
    forms: [form(text, stackTop, stackRegister).needs('cmov')],
    meaning(emit) {
      ready(emit);
      remember(emit);
      const target = st0(emit);
      whenFilled(emit, emit.or(namedBit(emit), bit0), target, 0, () => {
        emit.when(emit.condition(condition), () => copy(emit, target, named(emit)));
      });
    },
  });
}

const memoryForms: readonly (readonly [string, MemoryNumber])[] = [
  ['D8', 'single'],
  ['DC', 'double'],
  ['DA', 'dword'],
  ['DE', 'word'],
];
const isInteger = (kind: MemoryNumber): boolean => kind === 'word' || kind === 'dword';

export const x87Comparisons: readonly Instruction[] = [
  ...memoryForms.flatMap(([opcode, kind]) => [
    withMemory(isInteger(kind) ? 'ficom' : 'fcom', `${opcode} /2`, kind, 0),
    withMemory(isInteger(kind) ? 'ficomp' : 'fcomp', `${opcode} /3`, kind, 1),
  ]),
  // DC D0, DC D8 and DE D0 are undocumented copies that every processor has.
  withRegister('fcom', 'compareOrdered', 0, 'D8 D0+i', 'DC D0+i'),
  withRegister('fcomp', 'compareOrdered', 1, 'D8 D8+i', 'DC D8+i', 'DE D0+i'),
  poppingBoth('fcompp', 'compareOrdered', 'DE D9'),
  withRegister('fucom', 'compareUnordered', 0, 'DD E0+i'),
  withRegister('fucomp', 'compareUnordered', 1, 'DD E8+i'),
  poppingBoth('fucompp', 'compareUnordered', 'DA E9'),
  toFlags('fcomi', 'compareOrdered', 0, 'DB F0+i'),
  toFlags('fucomi', 'compareUnordered', 0, 'DB E8+i'),
  toFlags('fcomip', 'compareOrdered', 1, 'DF F0+i'),
  toFlags('fucomip', 'compareUnordered', 1, 'DF E8+i'),
  test,
  examine,
  conditionalMove('b', 'DA C0+i', 2),
  conditionalMove('e', 'DA C8+i', 4),
  conditionalMove('be', 'DA D0+i', 6),
  conditionalMove('u', 'DA D8+i', 10),
  conditionalMove('nb', 'DB C0+i', 3),
  conditionalMove('ne', 'DB C8+i', 5),
  conditionalMove('nbe', 'DB D0+i', 7),
  conditionalMove('nu', 'DB D8+i', 11),
];
