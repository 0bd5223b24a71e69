/** Lane-wise integer instructions of MMX, SSE and SSE2: arithmetic, comparison, logic, multiplication. */
import type { Feature } from '../../model.js';
import type { Value } from '../../wasm/values.js';
import type { Opcode } from '../../wasm/opcodes.js';
import type { Emitter } from '../emitter.js';
import { form, type Instruction, mm, mmRm, xmm, xmmRm } from '../instruction.js';
import { combining, type Combination, overVectors } from './vector.js';

const source = 'Intel SDM Vol. 2B, at each instruction';

/** A row of the manual's tables: the opcode behind 0F, which MMX form there is, and what becomes of two vectors. */
function packed(mnemonic: string, opcode: string, feature: Feature, combination: Combination): Instruction {
  const forms = [
    form(`NP 0F ${opcode} /r`, mm, mmRm).needs(feature),
    form(`66 0F ${opcode} /r`, xmm, xmmRm).needs('sse2'),
  ];
  return overVectors(mnemonic, source, forms, combining(combination));
}

const lanes =
  (opcode: Opcode): Combination =>
  (emit, a, b) =>
    emit.apply(opcode, a, b);

/** The upper halves of 16-bit products. */
const highProducts =
  (sign: 's' | 'u'): Combination =>
  (emit, a, b) =>
    emit.shuffle(
      emit.apply(`i32x4.extmul_low_i16x8_${sign}`, a, b),
      emit.apply(`i32x4.extmul_high_i16x8_${sign}`, a, b),
      [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31],
    );

/** The even ones of four 32-bit lanes, in the lower half. */
const evenLanes = (emit: Emitter, a: Value): Value =>
  emit.shuffle(a, a, [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11]);

const evenProducts: Combination = (emit, a, b) =>
  emit.apply('i64x2.extmul_low_i32x4_u', evenLanes(emit, a), evenLanes(emit, b));

/** Sums of the absolute differences of eight bytes, each sum in 64 bits. */
const sumOfDifferences: Combination = (emit, a, b) => {
  const differences = emit.apply('i8x16.sub', emit.apply('i8x16.max_u', a, b), emit.apply('i8x16.min_u', a, b));
  const pairs = emit.apply('i16x8.extadd_pairwise_i8x16_u', differences);
  const fours = emit.hold(emit.apply('i32x4.extadd_pairwise_i16x8_u', pairs));
  const low = emit.apply(
    'v128.and',
    fours,
    emit.v128([255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0]),
  );
  return emit.apply('i64x2.add', low, emit.apply('i64x2.shr_u', fours, 32));
};

const andNot: Combination = (emit, a, b) => emit.apply('v128.andnot', b, a);

/** Logic on whole vectors, whatever they hold: PAND, ANDPS and ANDPD and their like. */
function logic(name: string, opcodes: readonly [integer: string, floating: string], combination: Combination) {
  const meaning = combining(combination);
  const floating = `0F ${opcodes[1]} /r`;
  return [
    overVectors(
      `p${name}`,
      source,
      [form(`NP 0F ${opcodes[0]} /r`, mm, mmRm).needs('mmx'), form(`66 0F ${opcodes[0]} /r`, xmm, xmmRm).needs('sse2')],
      meaning,
    ),
    overVectors(`${name}ps`, source, [form(`NP ${floating}`, xmm, xmmRm).needs('sse')], meaning),
    overVectors(`${name}pd`, source, [form(`66 ${floating}`, xmm, xmmRm).needs('sse2')], meaning),
  ];
}

export const packedInteger: readonly Instruction[] = [
  packed('paddb', 'FC', 'mmx', lanes('i8x16.add')),
  packed('paddw', 'FD', 'mmx', lanes('i16x8.add')),
  packed('paddd', 'FE', 'mmx', lanes('i32x4.add')),
  packed('paddq', 'D4', 'sse2', lanes('i64x2.add')),
  packed('paddsb', 'EC', 'mmx', lanes('i8x16.add_sat_s')),
  packed('paddsw', 'ED', 'mmx', lanes('i16x8.add_sat_s')),
  packed('paddusb', 'DC', 'mmx', lanes('i8x16.add_sat_u')),
  packed('paddusw', 'DD', 'mmx', lanes('i16x8.add_sat_u')),
  packed('psubb', 'F8', 'mmx', lanes('i8x16.sub')),
  packed('psubw', 'F9', 'mmx', lanes('i16x8.sub')),
  packed('psubd', 'FA', 'mmx', lanes('i32x4.sub')),
  packed('psubq', 'FB', 'sse2', lanes('i64x2.sub')),
  packed('psubsb', 'E8', 'mmx', lanes('i8x16.sub_sat_s')),
  packed('psubsw', 'E9', 'mmx', lanes('i16x8.sub_sat_s')),
  packed('psubusb', 'D8', 'mmx', lanes('i8x16.sub_sat_u')),
  packed('psubusw', 'D9', 'mmx', lanes('i16x8.sub_sat_u')),
  packed('pcmpeqb', '74', 'mmx', lanes('i8x16.eq')),
  packed('pcmpeqw', '75', 'mmx', lanes('i16x8.eq')),
  packed('pcmpeqd', '76', 'mmx', lanes('i32x4.eq')),
  packed('pcmpgtb', '64', 'mmx', lanes('i8x16.gt_s')),
  packed('pcmpgtw', '65', 'mmx', lanes('i16x8.gt_s')),
  packed('pcmpgtd', '66', 'mmx', lanes('i32x4.gt_s')),
  packed('pminub', 'DA', 'sse', lanes('i8x16.min_u')),
  packed('pmaxub', 'DE', 'sse', lanes('i8x16.max_u')),
  packed('pminsw', 'EA', 'sse', lanes('i16x8.min_s')),
  packed('pmaxsw', 'EE', 'sse', lanes('i16x8.max_s')),
  packed('pavgb', 'E0', 'sse', lanes('i8x16.avgr_u')),
  packed('pavgw', 'E3', 'sse', lanes('i16x8.avgr_u')),
  packed('pmullw', 'D5', 'mmx', lanes('i16x8.mul')),
  packed('pmulhw', 'E5', 'mmx', highProducts('s')),
  packed('pmulhuw', 'E4', 'sse', highProducts('u')),
  packed('pmuludq', 'F4', 'sse2', evenProducts),
  packed('pmaddwd', 'F5', 'mmx', lanes('i32x4.dot_i16x8_s')),
  packed('psadbw', 'F6', 'sse', sumOfDifferences),
  ...logic('and', ['DB', '54'], lanes('v128.and')),
  ...logic('andn', ['DF', '55'], andNot),
  ...logic('or', ['EB', '56'], lanes('v128.or')),
  ...logic('xor', ['EF', '57'], lanes('v128.xor')),
];
