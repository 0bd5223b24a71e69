/**
 * What SSE's floating-point instructions share: MXCSR, the kernel that knows every case, and when a plain operation of the host's IEEE
 * arithmetic comes to the same (Intel SDM Vol. 1, sections 10.2.3 and 11.5).
 */
import { withheld } from '../../kernel/float80/float80.js';
import { at, regions } from '../../layout.js';
import type { Value } from '../../wasm/values.js';
import type { Emitter, VectorOperand } from '../emitter.js';
import type { MandatoryPrefix, OperandSpecification } from '../instruction.js';
import { xmm, xmm32, xmm64, xmmRm, xmmRm32, xmmRm64 } from '../instruction.js';
import type { Feature } from '../../model.js';

/** PS, PD, SS and SD: how many lanes of how many bytes, and how the manual tells them apart. */
export interface Precision {
  readonly suffix: 'ps' | 'pd' | 'ss' | 'sd';
  readonly prefix: MandatoryPrefix;
  readonly feature: Feature;
  readonly lanes: 1 | 2 | 4;
  readonly laneBytes: 4 | 8;
  readonly target: OperandSpecification;
  readonly source: OperandSpecification;
}
export const precisions: readonly Precision[] = [
  { suffix: 'ps', prefix: 'NP', feature: 'sse', lanes: 4, laneBytes: 4, target: xmm, source: xmmRm },
  { suffix: 'ss', prefix: 'F3', feature: 'sse', lanes: 1, laneBytes: 4, target: xmm32, source: xmmRm32 },
  { suffix: 'pd', prefix: '66', feature: 'sse2', lanes: 2, laneBytes: 8, target: xmm, source: xmmRm },
  { suffix: 'sd', prefix: 'F2', feature: 'sse2', lanes: 1, laneBytes: 8, target: xmm64, source: xmmRm64 },
];

/** MXCSR's exception flags, and the same bits as masks further up. */
const flagBits = 0x3f;
const PE = 0x20;
const masks = 0x1f80;
const rounding = 0x6000;

export const mxcsr = (emit: Emitter): Value => emit.loadLate('i32.load', 0, at.mxcsr);

/** Rounding to nearest, every exception masked, and an inexact result noted already: an ordinary result changes nothing there. */
export const isSettled = (emit: Emitter): Value =>
  emit.isSettled && !emit.isExact ? emit.i32(1) : isAs(emit, mxcsr(emit), settledMxcsr);
export const settledMxcsr = { mask: rounding | masks | PE, value: masks | PE } as const;
/** The same before any inexact result. */
export const exactMxcsr = { mask: rounding | masks | PE, value: masks } as const;
const isAs = (emit: Emitter, value: Value, { mask, value: expected }: typeof settledMxcsr | typeof exactMxcsr): Value =>
  emit.equal(emit.and(value, mask), expected);
/** Whether a value leaves MXCSR as code takes it to be. */
export const staysSettled = (emit: Emitter, value: Value): Value =>
  isAs(emit, value, emit.isExact ? exactMxcsr : settledMxcsr);

/** Takes the kernel's answer: its flags into MXCSR, and #XM if an exception was not masked. */
export function takeAnswer(emit: Emitter, answer: Value): void {
  emit.store('i32.store', 0, emit.or(mxcsr(emit), emit.and(answer, flagBits)), at.mxcsr);
  emit.when(emit.and(answer, withheld), () => void emit.system('streamingException'));
}

/** Calls the kernel for an operation on the lanes of two operands. */
export function calculate(
  emit: Emitter,
  operation: Value | number,
  { lanes, laneBytes }: Precision,
  target: VectorOperand,
  from: VectorOperand,
): void {
  emit.shared(`streaming ${lanes}x${laneBytes}`, [operation, target.place(), from.place()], (code, [number, a, b]) => {
    const { workspace } = regions;
    takeAnswer(code, code.kernel('streamingPacked', number!, a!, a!, b!, lanes, laneBytes, workspace, mxcsr(code)));
    return code.i32(1);
  });
  target.placeWritten();
}

/** The type and the shape of lanes in WebAssembly. */
export const shapeOf = ({ lanes, laneBytes }: Precision): 'f32' | 'f64' | 'f32x4' | 'f64x2' =>
  lanes === 1 ? (laneBytes === 4 ? 'f32' : 'f64') : laneBytes === 4 ? 'f32x4' : 'f64x2';
export const readLanes = (precision: Precision, operand: VectorOperand): Value =>
  operand.read(precision.lanes > 1 ? 'v128' : precision.laneBytes === 4 ? 'f32' : 'f64');

// Ordinary numbers: neither NaN nor infinite nor denormal. Their exponents tell, doubled so that the sign falls out.

const singleStep = 0x0100_0000;
const singleSpan = 0xfe00_0000 | 0;
const doubleStep = 0x0020_0000;
const doubleSpan = 0xffc0_0000 | 0;

/**
 * Whether all numbers of some vectors are normal; a `result` moreover has not the smallest exponent, as it may have been rounded up from
 * below, which is an underflow.
 */
export function allNormal(
  emit: Emitter,
  precision: Precision,
  operands: readonly VectorOperand[],
  result: Value,
): Value {
  const { laneBytes, lanes } = precision;
  if (lanes === 1) {
    const words = operands.map((operand) => operand.read('i32', laneBytes - 4));
    const checks = words.map((word) => normalWord(emit, laneBytes, word, 1));
    return [...checks, normalScalar(emit, precision, result, 2)].reduce((all, each) => emit.and(all, each));
  }
  return allLanesNormal(emit, precision, operands, result);
}
/** Whether the number is normal whose exponent a word holds, without the smallest exponents. */
const normalWord = (emit: Emitter, laneBytes: 4 | 8, word: Value, skipped: number): Value => {
  const [step, span] = laneBytes === 4 ? [singleStep, singleSpan] : [doubleStep, doubleSpan];
  return emit.lessUnsigned(emit.sub(emit.shl(word, 1), skipped * step), (span - (skipped - 1) * step) | 0);
};
export const normalScalar = (emit: Emitter, { laneBytes }: Precision, value: Value, skipped: number): Value =>
  normalWord(emit, laneBytes, topWord(emit, value), skipped);
/** The word of a scalar that holds its exponent. */
const topWord = (emit: Emitter, value: Value): Value =>
  value.type === 'f32'
    ? emit.apply('i32.reinterpret_f32', value)
    : emit.narrow(emit.wide('shr_u', emit.apply('i64.reinterpret_f64', value), emit.i64(32n)));

const splat = (emit: Emitter, value: number): Value => {
  const bytes = [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
  return emit.v128([...bytes, ...bytes, ...bytes, ...bytes]);
};
const normalWords = (emit: Emitter, words: Value, step: number, span: number, skipped: number): Value =>
  emit.apply(
    'i32x4.lt_u',
    emit.apply('i32x4.sub', emit.apply('i32x4.shl', words, 1), splat(emit, skipped * step)),
    splat(emit, (span - (skipped - 1) * step) | 0),
  );
/** The same of whole lanes. */
export const normalLanes = (emit: Emitter, { laneBytes }: Precision, value: Value, skipped: number): Value =>
  laneBytes === 4
    ? normalWords(emit, value, singleStep, singleSpan, skipped)
    : normalWords(emit, emit.shuffle(value, value, pairsOfTopWords), doubleStep, doubleSpan, skipped);
const topWords = [4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31];

function allLanesNormal(
  emit: Emitter,
  { laneBytes }: Precision,
  operands: readonly VectorOperand[],
  result: Value,
): Value {
  const values = operands.map((operand) => operand.read('v128'));
  const [step, span] = laneBytes === 4 ? [singleStep, singleSpan] : [doubleStep, doubleSpan];
  const words = laneBytes === 4 ? values : [emit.shuffle(values[0]!, values[values.length - 1]!, topWords)];
  const resultWords = laneBytes === 4 ? result : emit.shuffle(result, result, topWords);
  const checks = [
    ...words.map((each) => normalWords(emit, each, step, span, 1)),
    normalWords(emit, resultWords, step, span, 2),
  ];
  return emit.apply(
    'i32x4.all_true',
    checks.reduce((all, each) => emit.apply('v128.and', all, each)),
  );
}

/** Whether the numbers of two operands are normal or zero: comparing them raises nothing. */
export function allComparable(emit: Emitter, precision: Precision, operands: readonly VectorOperand[]): Value {
  const { laneBytes, lanes } = precision;
  if (lanes === 1) {
    const checks = operands.map((operand) => {
      if (laneBytes === 4) {
        const doubled = emit.hold(emit.shl(operand.read('i32'), 1));
        return emit.or(emit.lessUnsigned(emit.sub(doubled, singleStep), singleSpan), emit.isZero(doubled));
      }
      const doubled = emit.hold(emit.wide('shl', operand.read('i64'), emit.i64(1n)));
      const top = emit.narrow(emit.wide('shr_u', doubled, emit.i64(32n)));
      const isNormal = emit.lessUnsigned(emit.sub(top, doubleStep), doubleSpan);
      return emit.or(isNormal, emit.apply('i64.eqz', doubled));
    });
    return checks.reduce((all, each) => emit.and(all, each));
  }
  const zero = emit.v128(new Array<number>(16).fill(0));
  const checks = operands.map((operand) => {
    const value = operand.read('v128');
    const [step, span] = laneBytes === 4 ? [singleStep, singleSpan] : [doubleStep, doubleSpan];
    // Of a double the lower word does not matter if the upper one is normal: it is put in the upper one's place.
    const words = laneBytes === 4 ? value : emit.hold(emit.shuffle(value, value, pairsOfTopWords));
    const isNormal = normalWords(emit, words, step, span, 1);
    const isZero = laneBytes === 4 ? emit.apply('f32x4.eq', value, zero) : emit.apply('f64x2.eq', value, zero);
    return emit.apply('v128.or', isNormal, isZero);
  });
  return emit.apply(
    'i32x4.all_true',
    checks.reduce((all, each) => emit.apply('v128.and', all, each)),
  );
}
const pairsOfTopWords = [4, 5, 6, 7, 4, 5, 6, 7, 12, 13, 14, 15, 12, 13, 14, 15];
