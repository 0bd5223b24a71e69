/** Expressions as trees: all of one shape, as the compiler makes and writes them by the hundred thousand. */
import type { FunctionBody } from './body.js';
import type { ValueType } from './opcodes.js';

/** What an expression's `immediate` is, and so how it is written. */
type Form = 'constant' | 'local' | 'held' | 'operation' | 'memory' | 'lane' | 'other';

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

  /** Whether it is the same wherever it is used: a constant, or a local that is written once. */
  get isHeld(): boolean {
    return this.form === 'held' || this.form === 'constant';
  }
  push(body: FunctionBody): void {
    const { form } = this;
    if (form === 'local' || form === 'held') return body.getLocal(this.immediate);
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

/** Expressions that are locals of a type; the first ones are made once. */
class Locals {
  private readonly kept: readonly Expression[];
  constructor(
    private readonly type: ValueType,
    private readonly form: 'local' | 'held',
  ) {
    this.kept = Array.from({ length: localsKept }, (_, index) => this.make(index));
  }
  private make(index: number): Expression {
    return new Expression(this.type, this.form, undefined, 0, index);
  }
  at(index: number): Expression {
    return index < localsKept ? this.kept[index]! : this.make(index);
  }
}
const localsKept = 64;
const localsOf = (form: 'local' | 'held'): Readonly<Record<ValueType, Locals>> => ({
  i32: new Locals('i32', form),
  i64: new Locals('i64', form),
  f32: new Locals('f32', form),
  f64: new Locals('f64', form),
  v128: new Locals('v128', form),
});
const anyLocals = localsOf('local');
const heldLocals = localsOf('held');
/** A local's value at the moment of use. */
export const localExpression = (type: ValueType, index: number): Expression => anyLocals[type].at(index);
/** The value of a local that is written once. */
export const heldExpression = (type: ValueType, index: number): Expression => heldLocals[type].at(index);
