/** Conversions where MXCSR is settled: of ordinary numbers the host's come to the same, and the rest is given up, for an engine that asks. */
import type { Value } from '../../wasm/values.js';
import { type Emitter, ordinary, type VectorOperand } from '../emitter.js';
import { allTrue, areSameIntegers } from './exactness.js';
import { goOnIfExact, goOnWhere, laneCode, ordinaryValues } from './settled.js';
import { type Precision, precisions } from './streaming.js';

const named = (name: Precision['suffix']): Precision => precisions.find(({ suffix }) => suffix === name)!;
const [singles, doubles, single, double] = [named('ps'), named('pd'), named('ss'), named('sd')];

export function widenScalar(emit: Emitter, target: VectorOperand, from: VectorOperand): void {
  const [value] = ordinaryValues(emit, single, [from]);
  target.write(emit.apply('f64.promote_f32', value!));
  target.learn(ordinary.sd);
}
export function narrowScalar(emit: Emitter, target: VectorOperand, from: VectorOperand): void {
  const [number] = ordinaryValues(emit, double, [from]) as [Value];
  const value = emit.hold(emit.apply('f32.demote_f64', number));
  const exactZero = (): Value => emit.apply('f64.eq', number, emit.f64(0));
  goOnWhere(emit, laneCode(emit, single), [], { value, exactZero });
  goOnIfExact(emit, () => emit.apply('f64.eq', emit.apply('f64.promote_f32', value), number));
  target.write(value);
  target.learn(ordinary.ss);
}

/** The lower two of four singles. */
export function widenLanes(emit: Emitter, target: VectorOperand, from: VectorOperand): void {
  const low = emit.hold(emit.apply('i64x2.splat', from.read('i64')));
  if ((from.known() & ordinary.ps) !== ordinary.ps) goOnWhere(emit, laneCode(emit, singles), [low]);
  target.write(emit.apply('f64x2.promote_low_f32x4', low));
  target.learn(ordinary.pd);
}
/** Two singles in the lower half of a register; the upper half is cleared. */
export function narrowLanes(emit: Emitter, target: VectorOperand, from: VectorOperand): void {
  const [numbers] = ordinaryValues(emit, doubles, [from]) as [Value];
  const value = emit.hold(emit.apply('f32x4.demote_f64x2_zero', numbers));
  const exactZero = (): Value => {
    const isZero = emit.apply('f64x2.eq', numbers, emit.v128(new Array<number>(16).fill(0)));
    // An answer for each lane of the result, and yes for the upper half.
    const yes = emit.v128(new Array<number>(16).fill(0xff));
    return emit.shuffle(isZero, yes, [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23]);
  };
  goOnWhere(emit, laneCode(emit, singles), [], { value, exactZero });
  goOnIfExact(emit, () => allTrue(emit, emit.apply('f64x2.eq', emit.apply('f64x2.promote_low_f32x4', value), numbers)));
  target.write(value);
  target.learn(ordinary.ps);
}

/** Four integers as singles: an inexact result is all that can come of it. */
export function integersToSingles(emit: Emitter, target: VectorOperand, from: VectorOperand): void {
  const integers = emit.hold(from.read('v128'));
  const value = emit.hold(emit.apply('f32x4.convert_i32x4_s', integers));
  goOnIfExact(emit, () => areSameIntegers(emit, integers, value));
  target.write(value);
  target.learn(ordinary.ps);
}

/** Numbers from here on are left: not every rounding of those near 2^31 fits. */
const limit = 2 ** 30;
/** Four singles to integers, or two doubles to integers in the lower half; the upper half is cleared. */
export function toIntegers(
  emit: Emitter,
  precision: 'singles' | 'doubles',
  truncates: boolean,
  target: VectorOperand,
  from: VectorOperand,
): void {
  const shape = precision === 'singles' ? 'f32x4' : 'f64x2';
  const numbers = emit.hold(from.read('v128'));
  const most = emit.apply(`${shape}.splat`, precision === 'singles' ? emit.f32(limit) : emit.f64(limit));
  const isWithin = allTrue(emit, emit.apply(`${shape}.lt`, emit.apply(`${shape}.abs`, numbers), most));
  emit.when(emit.isZero(isWithin), () => emit.leaveUndone());
  const rounded = truncates ? numbers : emit.apply(`${shape}.nearest`, numbers);
  const [convert, back] =
    precision === 'singles'
      ? (['i32x4.trunc_sat_f32x4_s', 'f32x4.convert_i32x4_s'] as const)
      : (['i32x4.trunc_sat_f64x2_s_zero', 'f64x2.convert_low_i32x4_s'] as const);
  const integers = emit.hold(emit.apply(convert, rounded));
  goOnIfExact(emit, () => allTrue(emit, emit.apply(`${shape}.eq`, emit.apply(back, integers), numbers)));
  target.write(integers);
}
