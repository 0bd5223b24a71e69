/** Whether what the host's IEEE arithmetic made of ordinary numbers is exact. A few results that are exact are not seen to be. */
import type { Value } from '../../wasm/values.js';
import type { Emitter } from '../emitter.js';
import { type Precision, shapeOf } from './streaming.js';

export type ArithmeticName = 'add' | 'sub' | 'mul' | 'div' | 'sqrt';

/** Whether a normal or zero result is exact, in every lane. */
export function isExact(
  emit: Emitter,
  name: ArithmeticName,
  precision: Precision,
  value: Value,
  operands: readonly Value[],
): Value {
  const [a, b = value] = operands as [Value, Value | undefined];
  if (name === 'add' || name === 'sub') return isExactSum(emit, name, precision, value, [a, b]);
  // A product of the first two is to be the third.
  const product: Triple = name === 'mul' ? [a, b, value] : [value, b, a];
  if (precision.laneBytes === 4) return isProductOfSingles(emit, precision, product);
  return precision.lanes === 1
    ? isProductOfDoubles(emit, value, product)
    : emit.and(...both((lane) => isProductOfDoubles(emit, laneOf(emit, lane, value), inLane(emit, lane, product))));
}

type Triple = readonly [Value, Value, Value];
const both = <T>(of: (lane: 0 | 1) => T): [T, T] => [of(0), of(1)];
const laneOf = (emit: Emitter, lane: 0 | 1, vector: Value): Value =>
  emit.hold(emit.extractLane('f64x2.extract_lane', lane, vector));
const inLane = (emit: Emitter, lane: 0 | 1, [x, y, product]: Triple): Triple => [
  laneOf(emit, lane, x),
  laneOf(emit, lane, y),
  laneOf(emit, lane, product),
];
/** Whether a comparison of lanes holds in each of them. */
export const allTrue = (emit: Emitter, lanes: Value): Value => emit.apply('i32x4.all_true', lanes);

/** Two of four singles as doubles: the lower ones, or the upper. */
const wideHalf = (emit: Emitter, half: 0 | 1, singles: Value): Value =>
  emit.apply('f64x2.promote_low_f32x4', half === 0 ? singles : upperHalf(emit, singles));
const upperHalf = (emit: Emitter, vector: Value): Value =>
  emit.shuffle(vector, vector, [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]);

/** In double precision a product of singles is exact. */
function isProductOfSingles(emit: Emitter, { lanes }: Precision, [x, y, product]: Triple): Value {
  if (lanes === 1) {
    const wide = (single: Value): Value => emit.apply('f64.promote_f32', single);
    return emit.apply('f64.eq', emit.apply('f64.mul', wide(x), wide(y)), wide(product));
  }
  const isHalf = (half: 0 | 1): Value => {
    const wide = (singles: Value): Value => wideHalf(emit, half, singles);
    return emit.apply('f64x2.eq', emit.apply('f64x2.mul', wide(x), wide(y)), wide(product));
  };
  return allTrue(emit, emit.apply('v128.and', ...both(isHalf)));
}
/** So many bits of both significands together are zero at their ends that the product has room in one. */
function isProductOfDoubles(emit: Emitter, value: Value, [x, y, product]: Triple): Value {
  const zeros = (double: Value): Value => {
    const bits = emit.wide('or', emit.apply('i64.reinterpret_f64', double), emit.i64(1n << 52n));
    return emit.apply('i64.ctz', bits);
  };
  const hasRoom = emit.wide('ge_u', emit.wide('add', zeros(x), zeros(y)), emit.i64(53n));
  const isProduct = emit.apply('f64.eq', emit.apply('f64.mul', x, y), product);
  const isZero = emit.apply('f64.eq', value, emit.f64(0));
  return emit.or(emit.and(hasRoom, isProduct), isZero);
}
/** Knuth's two-sum: what rounding took away from a sum is itself exact. */
function isExactSum(
  emit: Emitter,
  name: 'add' | 'sub',
  precision: Precision,
  sum: Value,
  [a, b]: readonly [Value, Value],
): Value {
  const shape = shapeOf(precision);
  const minus = (x: Value, y: Value): Value => emit.apply(`${shape}.sub`, x, y);
  const second = emit.hold(minus(sum, a));
  const lostOfFirst = minus(a, minus(sum, second));
  const lostOfSecond = name === 'add' ? minus(second, b) : emit.apply(`${shape}.add`, second, b);
  const isSame = emit.apply(`${shape}.eq`, lostOfFirst, lostOfSecond);
  return precision.lanes === 1 ? isSame : allTrue(emit, isSame);
}

/** Whether four integers were converted to singles without rounding. */
export function areSameIntegers(emit: Emitter, integers: Value, singles: Value): Value {
  const isHalf = (half: 0 | 1): Value => {
    const wide = emit.apply('f64x2.convert_low_i32x4_s', half === 0 ? integers : upperHalf(emit, integers));
    return emit.apply('f64x2.eq', wide, wideHalf(emit, half, singles));
  };
  return allTrue(emit, emit.apply('v128.and', ...both(isHalf)));
}
