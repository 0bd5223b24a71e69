/**
 * SSE's arithmetic where MXCSR is settled: of ordinary numbers the host's IEEE arithmetic gives the same and raises nothing new, and code
 * that comes here need not ask MXCSR. Whatever else comes of it is given up, for an engine that asks.
 */
import type { Value } from '../../wasm/values.js';
import { type Emitter, ordinary, type VectorOperand } from '../emitter.js';
import { type ArithmeticName, isExact } from './exactness.js';
import { normalLanes, normalScalar, type Precision, readLanes, shapeOf } from './streaming.js';

/** Questions about all lanes of a vector, answered lane by lane; of a scalar there is one. */
export interface LaneCode {
  /** With the smallest exponents `skipped`: a result with the first may have been rounded up from below, which is an underflow. */
  normal(value: Value, skipped: 1 | 2): Value;
  zero(value: Value): Value;
  or(a: Value, b: Value): Value;
  and(a: Value, b: Value): Value;
  /** A second answer where the first one was not yes for every lane. */
  orElse(first: Value, second: Value): Value;
  /** Whether the answer is yes for every lane. */
  holds(answer: Value): Value;
}

export function laneCode(emit: Emitter, precision: Precision): LaneCode {
  const shape = shapeOf(precision);
  const equal = `${shape}.eq` as const;
  if (precision.lanes === 1) {
    const nothing = precision.laneBytes === 4 ? emit.f32(0) : emit.f64(0);
    return {
      normal: (value, skipped) => normalScalar(emit, precision, value, skipped),
      zero: (value) => emit.apply(equal, value, nothing),
      or: (a, b) => emit.or(a, b),
      and: (a, b) => emit.and(a, b),
      orElse: (_first, second) => second,
      holds: (answer) => answer,
    };
  }
  const nothing = emit.v128(new Array<number>(16).fill(0));
  const or = (a: Value, b: Value): Value => emit.apply('v128.or', a, b);
  return {
    normal: (value, skipped) => normalLanes(emit, precision, value, skipped),
    zero: (value) => emit.apply(equal, value, nothing),
    or,
    orElse: or,
    and: (a, b) => emit.apply('v128.and', a, b),
    holds: (answer) => emit.apply('i32x4.all_true', answer),
  };
}

/**
 * Goes on where all of these numbers are ordinary, and a result of them is normal, or a zero that is exact; elsewhere gives up.
 */
export function goOnWhere(
  emit: Emitter,
  code: LaneCode,
  numbers: readonly Value[],
  result?: { readonly value: Value; readonly exactZero: () => Value },
): void {
  if (numbers.length === 0 && result === undefined) return;
  emit.block((goOn) => {
    emit.block((refuse) => {
      for (const number of numbers) {
        emit.block((next) => {
          const isNormal = code.normal(number, 1);
          next(code.holds(isNormal));
          refuse(emit.isZero(code.holds(code.orElse(isNormal, code.zero(number)))));
        });
      }
      if (result === undefined) return goOn();
      const isNormal = code.normal(result.value, 2);
      goOn(code.holds(isNormal));
      goOn(code.holds(code.orElse(isNormal, result.exactZero())));
    });
    emit.leaveUndone();
  });
}

/** Where nothing inexact is noted yet, what would be is left to an engine that notes it. */
export function goOnIfExact(emit: Emitter, isExactHere: () => Value): void {
  if (emit.isExact) emit.when(emit.isZero(isExactHere()), () => emit.leaveUndone());
}

/** Values of operands, after which all of them are known to be ordinary. */
export function ordinaryValues(emit: Emitter, precision: Precision, operands: readonly VectorOperand[]): Value[] {
  const values = operands.map((operand) => readLanes(precision, operand));
  goOnWhere(emit, laneCode(emit, precision), unknownOf(precision, operands, values));
  learn(precision, operands);
  return values;
}
const unknownOf = (
  { suffix }: Precision,
  operands: readonly VectorOperand[],
  values: readonly Value[],
): readonly Value[] => values.filter((_, at) => (operands[at]!.known() & ordinary[suffix]) !== ordinary[suffix]);
const learn = ({ suffix }: Precision, operands: readonly VectorOperand[]): void => {
  for (const operand of operands) operand.learn(ordinary[suffix]);
};

/** One of the five operations. */
export function calculateSettled(
  emit: Emitter,
  name: ArithmeticName,
  precision: Precision,
  target: VectorOperand,
  from: VectorOperand,
): void {
  const operands = name === 'sqrt' ? [from] : [target, from];
  const code = laneCode(emit, precision);
  const values = operands.map((operand) => readLanes(precision, operand));
  const value = emit.hold(emit.apply(`${shapeOf(precision)}.${name}`, ...values));
  const [a, b] = values as [Value, Value];
  const exactZero = (): Value => {
    if (name === 'mul') return code.or(code.zero(a), code.zero(b));
    return name === 'div' ? code.and(code.zero(value), code.zero(a)) : code.zero(value);
  };
  goOnWhere(emit, code, unknownOf(precision, operands, values), { value, exactZero });
  goOnIfExact(emit, () => isExact(emit, name, precision, value, values));
  learn(precision, operands);
  target.write(value);
  learn(precision, [target]);
}
