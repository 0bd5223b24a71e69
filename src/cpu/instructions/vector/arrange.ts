/** Vector instructions that move lanes about: pack, unpack, shuffle, insert, extract, shift. */
import type { Value } from '../../wasm/values.js';
import type { Emitter } from '../emitter.js';
import {
  form,
  imm8,
  type Instruction,
  memory16,
  mm,
  mmRegister,
  mmRm,
  mmRm32,
  r32,
  registerOnly32,
  xmm,
  xmmRegister,
  xmmRm,
} from '../instruction.js';
import { combining, type Combination, overVectors, vectorInstruction, type VectorMeaning } from './vector.js';

const source = 'Intel SDM Vol. 2B, at each instruction';
const shuffleSource = 'Intel SDM Vol. 2B, "PSHUFW", "PSHUFD", "PSHUFLW", "PSHUFHW", "SHUFPS", "SHUFPD"';

/** Narrows the lanes of two vectors into one; of two halves, those that count lie side by side first. */
const pack =
  (opcode: 'i8x16.narrow_i16x8_s' | 'i8x16.narrow_i16x8_u' | 'i16x8.narrow_i32x4_s'): Combination =>
  (emit, a, b, bytes) => {
    if (bytes === 16) return emit.apply(opcode, a, b);
    const both = emit.hold(emit.shuffle(a, b, lowHalves));
    return emit.apply(opcode, both, both);
  };
const lowHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** The bytes of two vectors' lanes in turn, from the lower or the upper half of each. */
function interleaved(laneBytes: number, firstByte: number): number[] {
  return Array.from({ length: 16 }, (_, index) => {
    const lane = Math.floor(index / laneBytes);
    return firstByte + (lane >> 1) * laneBytes + (index % laneBytes) + (lane % 2) * 16;
  });
}
const unpackLow =
  (laneBytes: number): Combination =>
  (emit, a, b) =>
    emit.shuffle(a, b, interleaved(laneBytes, 0));
const unpackHigh =
  (laneBytes: number): Combination =>
  (emit, a, b, bytes) =>
    emit.shuffle(a, b, interleaved(laneBytes, bytes / 2));

function unpack(name: string, opcodes: readonly [low: string, high: string], laneBytes: number): Instruction[] {
  const forms = (opcode: string, isLow: boolean) => [
    // The lower half of an MMX operand in memory is all that is read.
    form(`NP 0F ${opcode} /r`, mm, isLow ? mmRm32 : mmRm).needs('mmx'),
    form(`66 0F ${opcode} /r`, xmm, xmmRm).needs('sse2'),
  ];
  return [
    overVectors(`punpckl${name}`, source, forms(opcodes[0], true), combining(unpackLow(laneBytes))),
    overVectors(`punpckh${name}`, source, forms(opcodes[1], false), combining(unpackHigh(laneBytes))),
  ];
}

const packs = (mnemonic: string, opcode: string, combination: Combination): Instruction =>
  overVectors(
    mnemonic,
    source,
    [form(`NP 0F ${opcode} /r`, mm, mmRm).needs('mmx'), form(`66 0F ${opcode} /r`, xmm, xmmRm).needs('sse2')],
    combining(combination),
  );

const unpackQuadwords = [combining(unpackLow(8)), combining(unpackHigh(8))] as const;
const unpackSingles = [combining(unpackLow(4)), combining(unpackHigh(4))] as const;

// Shuffles, whose immediate says where each lane comes from.

/** Two bits of an immediate. */
const selector = (emit: Emitter, immediate: Value, index: number): Value =>
  emit.and(emit.shrUnsigned(immediate, 2 * index), 3);

/** Byte numbers of four 32-bit lanes, of which `lanes` are chosen by the immediate and others are as given. */
function doublewordIndexes(emit: Emitter, immediate: Value, first: Value, lanes: readonly number[]): Value {
  return lanes.reduce((indexes, lane) => {
    const bytes = emit.add(emit.mul(selector(emit, immediate, lane), 0x0404_0404), 0x0302_0100);
    return emit.replaceLane('i32x4.replace_lane', lane, indexes, bytes);
  }, first);
}
/** Byte numbers of four 16-bit lanes chosen by the immediate, in the half that starts at a lane. */
function wordIndexes(emit: Emitter, immediate: Value, start: 0 | 4): Value {
  const same = emit.v128([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  return [0, 1, 2, 3].reduce((indexes, lane) => {
    const bytes = emit.add(emit.mul(selector(emit, immediate, lane), 0x0202), 0x0100 + start * 0x0202);
    return emit.replaceLane('i16x8.replace_lane', start + lane, indexes, bytes);
  }, same);
}
const outside = new Array<number>(16).fill(0x80);

const shuffleDoublewords: VectorMeaning = (emit, target, from, third) => {
  const indexes = doublewordIndexes(emit, third.read(), emit.v128(outside), [0, 1, 2, 3]);
  target.write(emit.apply('i8x16.swizzle', from.read('v128'), indexes));
};
const shuffleWords =
  (start: 0 | 4): VectorMeaning =>
  (emit, target, from, third) =>
    target.write(emit.apply('i8x16.swizzle', from.read('v128'), wordIndexes(emit, third.read(), start)));

/** The lower two lanes from the target, the upper two from the source. */
const shuffleSingles: VectorMeaning = (emit, target, from, third) => {
  const immediate = third.read();
  const lower = doublewordIndexes(emit, immediate, emit.v128(outside), [0, 1]);
  const upper = doublewordIndexes(emit, immediate, emit.v128(outside), [2, 3]);
  const a = emit.apply('i8x16.swizzle', target.read('v128'), lower);
  target.write(emit.apply('v128.or', a, emit.apply('i8x16.swizzle', from.read('v128'), upper)));
};
const shuffleDoubles: VectorMeaning = (emit, target, from, third) => {
  const immediate = third.read();
  const half = (vector: Value, bit: Value): Value =>
    emit.select(
      bit,
      emit.extractLane('i64x2.extract_lane', 1, vector),
      emit.extractLane('i64x2.extract_lane', 0, vector),
    );
  const low = half(target.read('v128'), emit.and(immediate, 1));
  const high = half(from.read('v128'), emit.and(immediate, 2));
  target.write(emit.replaceLane('i64x2.replace_lane', 1, emit.apply('i64x2.splat', low), high));
};

// Insertion and extraction of words.

const insertWord = vectorInstruction('pinsrw', {
  source: 'Intel SDM Vol. 2B, "PINSRW: Insert Word"',
  forms: [
    form('NP 0F C4 /r ib', mm, registerOnly32, imm8).needs('sse'),
    form('NP 0F C4 /r ib', mm, memory16, imm8).needs('sse'),
    form('66 0F C4 /r ib', xmm, registerOnly32, imm8).needs('sse2'),
    form('66 0F C4 /r ib', xmm, memory16, imm8).needs('sse2'),
  ],
  meaning(emit, { vectors: [target], others: [from, immediate] }) {
    const word = from!.read();
    target!.writeWord(emit.and(immediate!.read(), target!.bytes / 2 - 1), word);
  },
});
const extractWord = vectorInstruction('pextrw', {
  source: 'Intel SDM Vol. 2B, "PEXTRW: Extract Word"',
  forms: [
    form('NP 0F C5 /r ib', r32, mmRegister, imm8).needs('sse'),
    form('66 0F C5 /r ib', r32, xmmRegister, imm8).needs('sse2'),
  ],
  meaning(emit, { vectors: [from], others: [target, immediate] }) {
    target!.write(from!.readWord(emit.and(immediate!.read(), from!.bytes / 2 - 1)));
  },
});

const mask = (
  mnemonic: string,
  opcode: 'i8x16.bitmask' | 'i32x4.bitmask' | 'i64x2.bitmask',
  forms: Instruction['forms'],
): Instruction =>
  vectorInstruction(mnemonic, {
    source: 'Intel SDM Vol. 2B, "PMOVMSKB", "MOVMSKPS", "MOVMSKPD"',
    forms,
    meaning(emit, { vectors: [from], others: [target] }) {
      target!.write(emit.apply(opcode, from!.read('v128')));
    },
  });

// Shifts.

type ShiftOpcode = 'shl' | 'shr_s' | 'shr_u';

/** A shift of every lane: a count of a lane's bits or more leaves nothing, or the sign alone. */
function shifted(
  emit: Emitter,
  a: Value,
  laneBits: 16 | 32 | 64,
  operation: ShiftOpcode,
  count: Value,
  large: Value,
): Value {
  const shape = ({ 16: 'i16x8', 32: 'i32x4', 64: 'i64x2' } as const)[laneBits];
  if (operation === 'shr_s') {
    const opcode = laneBits === 16 ? 'i16x8.shr_s' : 'i32x4.shr_s';
    return emit.apply(opcode, a, emit.select(large, laneBits - 1, count));
  }
  return emit.select(large, emit.v128(new Array<number>(16).fill(0)), emit.apply(`${shape}.${operation}`, a, count));
}

function shift(
  mnemonic: string,
  laneBits: 16 | 32 | 64,
  operation: ShiftOpcode,
  opcodes: readonly [byVector: string, byImmediate: string],
): Instruction[] {
  const [byVector, byImmediate] = opcodes;
  return [
    overVectors(
      mnemonic,
      source,
      [form(`NP 0F ${byVector} /r`, mm, mmRm).needs('mmx'), form(`66 0F ${byVector} /r`, xmm, xmmRm).needs('sse2')],
      (emit, target, from) => {
        // The whole lower half of the source counts.
        const count = from.read('i64');
        const large = emit.hold(emit.wide('gt_u', count, emit.i64(BigInt(laneBits - 1))));
        target.write(shifted(emit, target.read('v128'), laneBits, operation, emit.narrow(count), large));
      },
    ),
    vectorInstruction(mnemonic, {
      source,
      forms: [
        form(`NP 0F ${byImmediate} ib`, mmRegister, imm8).needs('mmx'),
        form(`66 0F ${byImmediate} ib`, xmmRegister, imm8).needs('sse2'),
      ],
      meaning(emit, { vectors: [target], others: [immediate] }) {
        const count = immediate!.read();
        const large = emit.greaterUnsigned(count, laneBits - 1);
        target!.write(shifted(emit, target!.read('v128'), laneBits, operation, count, large));
      },
    }),
  ];
}

/** Shifts the whole register by bytes. */
const shiftBytes = (mnemonic: string, digit: number, opcode: 'i8x16.add' | 'i8x16.sub'): Instruction =>
  vectorInstruction(mnemonic, {
    source: 'Intel SDM Vol. 2B, "PSLLDQ", "PSRLDQ"',
    forms: [form(`66 0F 73 /${digit} ib`, xmmRegister, imm8).needs('sse2')],
    meaning(emit, { vectors: [target], others: [immediate] }) {
      const count = immediate!.read();
      const bytes = emit.apply('i8x16.splat', emit.select(emit.greaterUnsigned(count, 16), 16, count));
      const places = emit.v128(Array.from({ length: 16 }, (_, index) => index));
      target!.write(emit.apply('i8x16.swizzle', target!.read('v128'), emit.apply(opcode, places, bytes)));
    },
  });

export const arrange: readonly Instruction[] = [
  packs('packsswb', '63', pack('i8x16.narrow_i16x8_s')),
  packs('packuswb', '67', pack('i8x16.narrow_i16x8_u')),
  packs('packssdw', '6B', pack('i16x8.narrow_i32x4_s')),
  ...unpack('bw', ['60', '68'], 1),
  ...unpack('wd', ['61', '69'], 2),
  ...unpack('dq', ['62', '6A'], 4),
  overVectors('punpcklqdq', source, [form('66 0F 6C /r', xmm, xmmRm).needs('sse2')], unpackQuadwords[0]),
  overVectors('punpckhqdq', source, [form('66 0F 6D /r', xmm, xmmRm).needs('sse2')], unpackQuadwords[1]),
  overVectors('unpcklps', source, [form('NP 0F 14 /r', xmm, xmmRm).needs('sse')], unpackSingles[0]),
  overVectors('unpckhps', source, [form('NP 0F 15 /r', xmm, xmmRm).needs('sse')], unpackSingles[1]),
  overVectors('unpcklpd', source, [form('66 0F 14 /r', xmm, xmmRm).needs('sse2')], unpackQuadwords[0]),
  overVectors('unpckhpd', source, [form('66 0F 15 /r', xmm, xmmRm).needs('sse2')], unpackQuadwords[1]),
  overVectors('pshufw', shuffleSource, [form('NP 0F 70 /r ib', mm, mmRm, imm8).needs('sse')], shuffleWords(0)),
  overVectors('pshufd', shuffleSource, [form('66 0F 70 /r ib', xmm, xmmRm, imm8).needs('sse2')], shuffleDoublewords),
  overVectors('pshuflw', shuffleSource, [form('F2 0F 70 /r ib', xmm, xmmRm, imm8).needs('sse2')], shuffleWords(0)),
  overVectors('pshufhw', shuffleSource, [form('F3 0F 70 /r ib', xmm, xmmRm, imm8).needs('sse2')], shuffleWords(4)),
  overVectors('shufps', shuffleSource, [form('NP 0F C6 /r ib', xmm, xmmRm, imm8).needs('sse')], shuffleSingles),
  overVectors('shufpd', shuffleSource, [form('66 0F C6 /r ib', xmm, xmmRm, imm8).needs('sse2')], shuffleDoubles),
  insertWord,
  extractWord,
  mask('pmovmskb', 'i8x16.bitmask', [
    form('NP 0F D7 /r', r32, mmRegister).needs('sse'),
    form('66 0F D7 /r', r32, xmmRegister).needs('sse2'),
  ]),
  mask('movmskps', 'i32x4.bitmask', [form('NP 0F 50 /r', r32, xmmRegister).needs('sse')]),
  mask('movmskpd', 'i64x2.bitmask', [form('66 0F 50 /r', r32, xmmRegister).needs('sse2')]),
  ...shift('psllw', 16, 'shl', ['F1', '71 /6']),
  ...shift('pslld', 32, 'shl', ['F2', '72 /6']),
  ...shift('psllq', 64, 'shl', ['F3', '73 /6']),
  ...shift('psrlw', 16, 'shr_u', ['D1', '71 /2']),
  ...shift('psrld', 32, 'shr_u', ['D2', '72 /2']),
  ...shift('psrlq', 64, 'shr_u', ['D3', '73 /2']),
  ...shift('psraw', 16, 'shr_s', ['E1', '71 /4']),
  ...shift('psrad', 32, 'shr_s', ['E2', '72 /4']),
  shiftBytes('pslldq', 7, 'i8x16.sub'),
  shiftBytes('psrldq', 3, 'i8x16.add'),
];
