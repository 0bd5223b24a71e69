/** Moves between vector registers, memory and general registers, and stores past the caches. */
import type { Feature } from '../../model.js';
import { ordinary, type VectorOperand } from '../emitter.js';
import {
  form,
  type Form,
  instruction,
  type Instruction,
  memory32,
  mm,
  mmMemory,
  mmRegister,
  type OperandSpecification,
  r32,
  rm32,
  xmm,
  xmm32,
  xmm64,
  xmmMemory,
  xmmMemory32,
  xmmMemory64,
  xmmMemoryUnaligned,
  xmmRegister,
  xmmRegister32,
  xmmRegister64,
} from '../instruction.js';
import { overVectors, vectorInstruction, type VectorMeaning } from './vector.js';

const source = 'Intel SDM Vol. 2A and 2B, at each instruction';

const typeOf = ({ bytes }: VectorOperand): 'i32' | 'i64' | 'v128' =>
  bytes === 16 ? 'v128' : bytes === 8 ? 'i64' : 'i32';

/** The target's bytes alone. */
const copy: VectorMeaning = (_emit, target, from) => {
  const known = from.known() & { 4: ordinary.ss, 8: ordinary.sd, 16: ordinary.pd | ordinary.ps }[target.bytes];
  target.write(from.read(typeOf(target)));
  target.learn(known);
};
/** The source's bytes, and zeros above them. */
const copyZeroing: VectorMeaning = (_emit, target, from) => target.write(from.read('v128'));

type Pair = readonly [OperandSpecification, OperandSpecification];
/** Forms of one opcode: of a load and of a store there are two, with a register and with memory. */
const forms = (text: string, feature: Feature, ...pairs: Pair[]): Form[] =>
  pairs.map((pair) => form(text, ...pair).needs(feature));

/** Whole vectors, of which memory operands lie at a multiple of 16 unless they are unaligned. */
function wholeMove(
  mnemonic: string,
  opcodes: readonly [load: string, store: string],
  feature: Feature,
  inMemory: OperandSpecification,
) {
  return overVectors(
    mnemonic,
    source,
    [
      ...forms(`${opcodes[0]} /r`, feature, [xmm, xmmRegister], [xmm, inMemory]),
      ...forms(`${opcodes[1]} /r`, feature, [xmmRegister, xmm], [inMemory, xmm]),
    ],
    copy,
  );
}

/** A scalar: between registers it leaves the rest as it is, loaded from memory it clears the rest. */
function scalarMove(
  mnemonic: string,
  prefix: 'F2' | 'F3',
  feature: Feature,
  parts: readonly [OperandSpecification, OperandSpecification, OperandSpecification],
) {
  const [register, other, inMemory] = parts;
  return [
    overVectors(
      mnemonic,
      source,
      [
        ...forms(`${prefix} 0F 10 /r`, feature, [register, other]),
        ...forms(`${prefix} 0F 11 /r`, feature, [other, register], [inMemory, register]),
      ],
      copy,
    ),
    overVectors(mnemonic, source, forms(`${prefix} 0F 10 /r`, feature, [xmm, inMemory]), copyZeroing),
  ];
}

const moveQuadword = [
  overVectors(
    'movq',
    source,
    [
      ...forms('NP 0F 6F /r', 'mmx', [mm, mmRegister], [mm, mmMemory]),
      ...forms('NP 0F 7F /r', 'mmx', [mmRegister, mm], [mmMemory, mm]),
      ...forms('66 0F D6 /r', 'sse2', [xmmMemory64, xmm64]),
    ],
    copy,
  ),
  overVectors(
    'movq',
    source,
    [
      ...forms('F3 0F 7E /r', 'sse2', [xmm, xmmRegister64], [xmm, xmmMemory64]),
      ...forms('66 0F D6 /r', 'sse2', [xmmRegister, xmm64]),
    ],
    copyZeroing,
  ),
  overVectors('movq2dq', source, forms('F3 0F D6 /r', 'sse2', [xmm, mmRegister]), copyZeroing),
  overVectors('movdq2q', source, forms('F2 0F D6 /r', 'sse2', [mm, xmmRegister64]), copy),
];

const moveDoubleword = [
  vectorInstruction('movd', {
    source,
    forms: [form('NP 0F 6E /r', mm, rm32).needs('mmx'), form('66 0F 6E /r', xmm, rm32).needs('sse2')],
    meaning(emit, { vectors: [target], others: [from] }) {
      const zero = emit.v128(new Array<number>(16).fill(0));
      target!.write(emit.replaceLane('i32x4.replace_lane', 0, zero, from!.read()));
    },
  }),
  vectorInstruction('movd', {
    source,
    forms: [form('NP 0F 7E /r', rm32, mm).needs('mmx'), form('66 0F 7E /r', rm32, xmm32).needs('sse2')],
    target: 'write',
    meaning(_emit, { vectors: [from], others: [target] }) {
      target!.write(from!.read('i32'));
    },
  }),
];

/** Moves between a quadword in memory and one half of a register, whose other half stays. */
function halfMove(
  mnemonic: string,
  opcodes: readonly [load: string, store: string],
  feature: Feature,
  displacement: 0 | 8,
) {
  return [
    overVectors(mnemonic, source, forms(`${opcodes[0]} /r`, feature, [xmm, xmmMemory64]), (_emit, target, from) =>
      target.write(from.read('i64'), displacement),
    ),
    overVectors(mnemonic, source, forms(`${opcodes[1]} /r`, feature, [xmmMemory64, xmm]), (_emit, target, from) =>
      target.write(from.read('i64', displacement)),
    ),
  ];
}

/** Stores only the bytes whose mask has its top bit set, at DS:EDI. */
const maskedStore = (mnemonic: string, form_: Form): Instruction =>
  vectorInstruction(mnemonic, {
    source: 'Intel SDM Vol. 2A, "MASKMOVQ", "MASKMOVDQU"',
    forms: [form_],
    usesAddressSize: true,
    meaning(emit, { vectors: [data, mask] }) {
      emit.offerMasked(data!.read('v128'), mask!.read('v128'));
      const offset = emit.zeroExtend(emit.register('edi').read(), emit.addressWidth);
      emit.system('maskedStore', offset, data!.bytes);
    },
  });

export const vectorMoves: readonly Instruction[] = [
  wholeMove('movaps', ['NP 0F 28', 'NP 0F 29'], 'sse', xmmMemory),
  wholeMove('movapd', ['66 0F 28', '66 0F 29'], 'sse2', xmmMemory),
  wholeMove('movdqa', ['66 0F 6F', '66 0F 7F'], 'sse2', xmmMemory),
  wholeMove('movups', ['NP 0F 10', 'NP 0F 11'], 'sse', xmmMemoryUnaligned),
  wholeMove('movupd', ['66 0F 10', '66 0F 11'], 'sse2', xmmMemoryUnaligned),
  wholeMove('movdqu', ['F3 0F 6F', 'F3 0F 7F'], 'sse2', xmmMemoryUnaligned),
  ...scalarMove('movss', 'F3', 'sse', [xmm32, xmmRegister32, xmmMemory32]),
  ...scalarMove('movsd', 'F2', 'sse2', [xmm64, xmmRegister64, xmmMemory64]),
  ...moveQuadword,
  ...moveDoubleword,
  ...halfMove('movlps', ['NP 0F 12', 'NP 0F 13'], 'sse', 0),
  ...halfMove('movlpd', ['66 0F 12', '66 0F 13'], 'sse2', 0),
  ...halfMove('movhps', ['NP 0F 16', 'NP 0F 17'], 'sse', 8),
  ...halfMove('movhpd', ['66 0F 16', '66 0F 17'], 'sse2', 8),
  overVectors('movhlps', source, forms('NP 0F 12 /r', 'sse', [xmm, xmmRegister]), (_emit, target, from) =>
    target.write(from.read('i64', 8)),
  ),
  overVectors('movlhps', source, forms('NP 0F 16 /r', 'sse', [xmm, xmmRegister]), (_emit, target, from) =>
    target.write(from.read('i64'), 8),
  ),
  overVectors('movntq', source, forms('NP 0F E7 /r', 'sse', [mmMemory, mm]), copy),
  overVectors('movntps', source, forms('NP 0F 2B /r', 'sse', [xmmMemory, xmm]), copy),
  overVectors('movntpd', source, forms('66 0F 2B /r', 'sse2', [xmmMemory, xmm]), copy),
  overVectors('movntdq', source, forms('66 0F E7 /r', 'sse2', [xmmMemory, xmm]), copy),
  instruction('movnti', {
    source: 'Intel SDM Vol. 2B, "MOVNTI: Store Doubleword Using Non-Temporal Hint"',
    forms: [form('NP 0F C3 /r', memory32, r32).needs('sse2')],
    target: 'write',
    meaning(_emit, target, from) {
      target!.write(from!.read());
    },
  }),
  maskedStore('maskmovq', form('NP 0F F7 /r', mm, mmRegister).needs('sse')),
  maskedStore('maskmovdqu', form('66 0F F7 /r', xmm, xmmRegister).needs('sse2')),
];
