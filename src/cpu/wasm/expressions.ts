/** Expressions as trees: all of one shape, as the compiler makes and writes them by the hundred thousand. */
import type { FunctionBody } from './body.js';
import type { ValueType } from './opcodes.js';

/** What an expression's `immediate` is, and so how it is written. */
type Form = 'constant' | 'local' | 'operation' | 'memory' | 'lane' | 'other';

/**
 * A pure expression: emitted where it is used, as often as it is used. Whatever reads memory or must keep its moment
 * is held in a local first (see `Code.hold`).
 */
export class Expression {
  constructor(
    readonly type: ValueType,
    private readonly form: Form,
    /** The value of a 32-bit constant, known while emitting. */
    readonly constant: number | undefined,
    private readonly opcode: number,
    /** A local's number, an offset in memory or the number of a lane. */
    private readonly immediate: number,
    private readonly first?: Expression,
    private readonly second?: Expression,
    private readonly third?: Expression,
    /** Writes what has an immediate of another kind, behind the operands. */
    private readonly other?: (body: FunctionBody) => void,
  ) {}

  push(body: FunctionBody): void {
    const { form } = this;
    if (form === 'local') return body.getLocal(this.immediate);
    if (form === 'constant') return body.i32(this.immediate);
    if (this.first !== undefined) this.first.push(body);
    if (this.second !== undefined) this.second.push(body);
    if (this.third !== undefined) this.third.push(body);
    if (form === 'other') return this.other!(body);
    body.opcode(this.opcode);
    if (form === 'memory') body.offset(this.immediate);
    else if (form === 'lane') body.laneImmediate(this.immediate);
  }
}

const makeConstant = (value: number): Expression => new Expression('i32', 'constant', value, 0, value);
const [leastKept, mostKept] = [-256, 1023];
const keptConstants = Array.from({ length: mostKept - leastKept + 1 }, (_, index) => makeConstant(leastKept + index));
/** A 32-bit constant. */
export const constantExpression = (value: number): Expression =>
  value >= leastKept && value <= mostKept ? keptConstants[value - leastKept]! : makeConstant(value | 0);

const makeLocal = (type: ValueType, index: number): Expression => new Expression(type, 'local', undefined, 0, index);
const localsKept = 64;
const makeLocals = (type: ValueType): Expression[] =>
  Array.from({ length: localsKept }, (_, index) => makeLocal(type, index));
const keptLocals: Readonly<Record<ValueType, Expression[]>> = {
  i32: makeLocals('i32'),
  i64: makeLocals('i64'),
  f32: makeLocals('f32'),
  f64: makeLocals('f64'),
  v128: makeLocals('v128'),
};
/** A local's value. */
export const localExpression = (type: ValueType, index: number): Expression =>
  index < localsKept ? keptLocals[type][index]! : makeLocal(type, index);
