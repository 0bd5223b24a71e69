import { assert } from '../../base/assert.js';
import { FunctionBody, type Label } from './body.js';
import { constantExpression, Expression, heldExpression, localExpression } from './expressions.js';
import { type Opcode, opcodes, type ValueType, type WideOperation, wideComparisons } from './opcodes.js';
import { resultType } from './result-types.js';
import { laneTypes } from './vector-codes.js';

/** See {@link Expression}. */
export type Value = Expression;

/** A number where an i32 value is expected stands for a constant. */
export type Operand = Value | number;

type Width = 8 | 16 | 32;

/** The value that is known while emitting. */
const constantOf = (operand: Operand): number | undefined =>
  typeof operand === 'number' ? operand | 0 : operand.constant;

/** A 32-bit operation that is computed here where both sides are known. */
interface Fold {
  readonly opcode: number;
  readonly compute: (a: number, b: number) => number;
}
const folds = {
  add: { opcode: opcodes['i32.add'], compute: (a, b) => a + b },
  sub: { opcode: opcodes['i32.sub'], compute: (a, b) => a - b },
  mul: { opcode: opcodes['i32.mul'], compute: Math.imul },
  and: { opcode: opcodes['i32.and'], compute: (a, b) => a & b },
  or: { opcode: opcodes['i32.or'], compute: (a, b) => a | b },
  xor: { opcode: opcodes['i32.xor'], compute: (a, b) => a ^ b },
  shl: { opcode: opcodes['i32.shl'], compute: (a, b) => a << b },
  shrUnsigned: { opcode: opcodes['i32.shr_u'], compute: (a, b) => a >>> b },
  shrSigned: { opcode: opcodes['i32.shr_s'], compute: (a, b) => a >> b },
  equal: { opcode: opcodes['i32.eq'], compute: (a, b) => Number(a === b) },
  notEqual: { opcode: opcodes['i32.ne'], compute: (a, b) => Number(a !== b) },
  lessUnsigned: { opcode: opcodes['i32.lt_u'], compute: (a, b) => Number(a >>> 0 < b >>> 0) },
  lessSigned: { opcode: opcodes['i32.lt_s'], compute: (a, b) => Number(a < b) },
  greaterUnsigned: { opcode: opcodes['i32.gt_u'], compute: (a, b) => Number(a >>> 0 > b >>> 0) },
} as const satisfies Record<string, Fold>;

const other = (type: ValueType, write: (body: FunctionBody) => void, a?: Value, b?: Value): Value =>
  new Expression(type, 'other', undefined, 0, 0, a, b, undefined, write);

/** Expressions and statements over a function body; knows nothing of x86. */
export class Code {
  constructor(readonly body: FunctionBody) {}

  i32(value: number): Value {
    return constantExpression(value | 0);
  }
  i64(value: bigint): Value {
    return other('i64', (body) => body.i64(value));
  }
  f32(value: number): Value {
    return other('f32', (body) => body.f32(value));
  }
  f64(value: number): Value {
    return other('f64', (body) => body.f64(value));
  }
  /** A vector of 16 bytes. */
  v128(bytes: readonly number[]): Value {
    return other('v128', (body) => body.v128(bytes));
  }
  private value(operand: Operand): Value {
    return typeof operand === 'number' ? constantExpression(operand | 0) : operand;
  }
  private unary(type: ValueType, opcode: number, operand: Operand): Value {
    return new Expression(type, 'operation', undefined, opcode, 0, this.value(operand));
  }
  private binary(type: ValueType, opcode: number, left: Operand, right: Operand): Value {
    return new Expression(type, 'operation', undefined, opcode, 0, this.value(left), this.value(right));
  }
  private folding({ opcode, compute }: Fold, left: Operand, right: Operand): Value {
    const a = constantOf(left);
    const b = constantOf(right);
    if (a !== undefined && b !== undefined) return this.i32(compute(a, b));
    return this.binary('i32', opcode, left, right);
  }

  add(a: Operand, b: Operand): Value {
    if (constantOf(b) === 0) return this.value(a);
    if (constantOf(a) === 0) return this.value(b);
    return this.folding(folds.add, a, b);
  }
  sub(a: Operand, b: Operand): Value {
    return this.folding(folds.sub, a, b);
  }
  mul(a: Operand, b: Operand): Value {
    return this.folding(folds.mul, a, b);
  }
  and(a: Operand, b: Operand): Value {
    if (constantOf(b) === -1) return this.value(a);
    if (constantOf(a) === 0 || constantOf(b) === 0) return this.i32(0);
    return this.folding(folds.and, a, b);
  }
  or(a: Operand, b: Operand): Value {
    if (constantOf(b) === 0) return this.value(a);
    if (constantOf(a) === 0) return this.value(b);
    return this.folding(folds.or, a, b);
  }
  xor(a: Operand, b: Operand): Value {
    if (constantOf(b) === 0) return this.value(a);
    if (constantOf(a) === 0) return this.value(b);
    return this.folding(folds.xor, a, b);
  }
  not(a: Operand): Value {
    return this.xor(a, -1);
  }
  shl(a: Operand, b: Operand): Value {
    return constantOf(b) === 0 ? this.value(a) : this.folding(folds.shl, a, b);
  }
  shrUnsigned(a: Operand, b: Operand): Value {
    return constantOf(b) === 0 ? this.value(a) : this.folding(folds.shrUnsigned, a, b);
  }
  shrSigned(a: Operand, b: Operand): Value {
    return constantOf(b) === 0 ? this.value(a) : this.folding(folds.shrSigned, a, b);
  }
  rotateLeft(a: Operand, b: Operand): Value {
    return this.binary('i32', opcodes['i32.rotl'], a, b);
  }
  rotateRight(a: Operand, b: Operand): Value {
    return this.binary('i32', opcodes['i32.rotr'], a, b);
  }
  divUnsigned(a: Operand, b: Operand): Value {
    return this.binary('i32', opcodes['i32.div_u'], a, b);
  }
  remUnsigned(a: Operand, b: Operand): Value {
    return this.binary('i32', opcodes['i32.rem_u'], a, b);
  }
  equal(a: Operand, b: Operand): Value {
    return this.folding(folds.equal, a, b);
  }
  notEqual(a: Operand, b: Operand): Value {
    return this.folding(folds.notEqual, a, b);
  }
  isZero(a: Operand): Value {
    const known = constantOf(a);
    if (known !== undefined) return this.i32(known === 0 ? 1 : 0);
    return this.unary('i32', opcodes['i32.eqz'], a);
  }
  lessUnsigned(a: Operand, b: Operand): Value {
    return this.folding(folds.lessUnsigned, a, b);
  }
  lessSigned(a: Operand, b: Operand): Value {
    return this.folding(folds.lessSigned, a, b);
  }
  greaterUnsigned(a: Operand, b: Operand): Value {
    return this.folding(folds.greaterUnsigned, a, b);
  }
  countTrailingZeros(a: Operand): Value {
    return this.unary('i32', opcodes['i32.ctz'], a);
  }
  countLeadingZeros(a: Operand): Value {
    return this.unary('i32', opcodes['i32.clz'], a);
  }
  populationCount(a: Operand): Value {
    return this.unary('i32', opcodes['i32.popcnt'], a);
  }
  /** The low `width` bits, sign-extended to 32. */
  signExtend(a: Operand, width: Width): Value {
    if (width === 32) return this.value(a);
    const known = constantOf(a);
    if (known !== undefined) return this.i32((known << (32 - width)) >> (32 - width));
    return this.unary('i32', opcodes[width === 8 ? 'i32.extend8_s' : 'i32.extend16_s'], a);
  }
  /** The low `width` bits, zero-extended to 32. */
  zeroExtend(a: Operand, width: Width): Value {
    return width === 32 ? this.value(a) : this.and(a, width === 8 ? 0xff : 0xffff);
  }
  select(condition: Value, yes: Operand, no: Operand): Value {
    const a = this.value(yes);
    const b = this.value(no);
    if (condition.constant !== undefined) return condition.constant !== 0 ? a : b;
    return new Expression(a.type, 'operation', undefined, opcodes.select, 0, a, b, condition);
  }

  /** 32 bits to 64, zero-extended or sign-extended. */
  widen(a: Operand, how: 'unsigned' | 'signed'): Value {
    return this.unary('i64', opcodes[how === 'signed' ? 'i64.extend_i32_s' : 'i64.extend_i32_u'], a);
  }
  /** The low 32 bits of a 64-bit value. */
  narrow(a: Value): Value {
    return this.unary('i32', opcodes['i32.wrap_i64'], a);
  }
  /** A 64-bit operation named as in the text format, without its `i64.`; comparisons give an i32. */
  wide(operation: WideOperation, a: Value, b: Value): Value {
    return this.binary(wideComparisons.has(operation) ? 'i32' : 'i64', opcodes[`i64.${operation}`], a, b);
  }

  /** Any operation on numbers or vectors that has no immediate, named as in the text format. */
  apply(opcode: Opcode, ...operands: Operand[]): Value {
    assert(operands.length <= 3, 'an operation has at most three operands');
    const [a, b, c] = operands.map((operand) => this.value(operand));
    return new Expression(resultType(opcode), 'operation', undefined, opcodes[opcode], 0, a, b, c);
  }
  compound({ type, write }: Compound, a: Value, b?: Value): Value {
    return other(type, write, a, b);
  }
  /** Sixteen of the 32 bytes of two vectors, by their numbers. */
  shuffle(a: Value, b: Value, from: readonly number[]): Value {
    return other('v128', (body) => body.shuffle(from), a, b);
  }
  /** A lane of a vector. */
  extractLane(opcode: ExtractOpcode, lane: number, vector: Value): Value {
    return new Expression(laneTypes[opcode], 'lane', undefined, opcodes[opcode], lane, vector);
  }
  /** A vector with one lane replaced. */
  replaceLane(opcode: ReplaceOpcode, lane: number, vector: Value, by: Operand): Value {
    return new Expression('v128', 'lane', undefined, opcodes[opcode], lane, vector, this.value(by));
  }

  /** Computes a value now, into a local, and returns the local. What is held already is returned as it is. */
  hold(value: Value): Value {
    if (value.isHeld) return value;
    const index = this.body.allocate(value.type);
    value.push(this.body);
    this.body.setLocal(index);
    return heldExpression(value.type, index);
  }
  /** A local as a value. */
  local(index: number, type: ValueType): Value {
    return localExpression(type, index);
  }
  /** A mutable variable with a first value. */
  variable(first: Operand): Variable {
    const start = this.value(first);
    const variable = new Variable(this.body, start.type, this.body.allocate(start.type));
    variable.set(start);
    return variable;
  }
  /** Evaluates for its effects. */
  perform(value: Value): void {
    value.push(this.body);
    this.body.op('drop');
  }

  when(condition: Operand, then: () => void, otherwise?: () => void): void {
    const known = constantOf(condition);
    if (known !== undefined) return known !== 0 ? then() : otherwise?.();
    this.value(condition).push(this.body);
    this.body.open('if');
    then();
    if (otherwise !== undefined) {
      this.body.op('else');
      otherwise();
    }
    this.body.close();
  }
  /** Repeats until the body branches out of it; `again` goes round, falling off the end leaves. */
  loop(body: (again: () => void) => void): void {
    const label = this.body.open('loop');
    body(() => this.body.branch(label));
    this.body.close();
  }
  /** A region that `leave` jumps out of, forwards. */
  block(body: (leave: (condition?: Value) => void) => void): void {
    const label = this.body.open('block');
    body((condition) => this.leave(label, condition));
    this.body.close();
  }
  leave(label: Label, condition?: Value): void {
    if (condition === undefined) return this.body.branch(label);
    condition.push(this.body);
    this.body.branch(label, 'br_if');
  }

  /** Memory read now; `address` plus the constant `offset`. */
  load(opcode: LoadOpcode, address: Operand, offset = 0): Value {
    return this.hold(this.loadLate(opcode, address, offset));
  }
  /** Memory read wherever the value is used: only where nothing is written in between. */
  loadLate(opcode: LoadOpcode, address: Operand, offset = 0): Value {
    return new Expression(resultType(opcode), 'memory', undefined, opcodes[opcode], offset, this.value(address));
  }
  store(opcode: StoreOpcode, address: Operand, value: Operand, offset = 0): void {
    this.value(address).push(this.body);
    this.value(value).push(this.body);
    this.body.memory(opcode, offset);
  }
  /** Stores the first 4 or 8 bytes of a vector. */
  storeFirstLane(bytes: 4 | 8, address: Operand, vector: Value, offset = 0): void {
    this.value(address).push(this.body);
    vector.push(this.body);
    this.body.memory(bytes === 4 ? 'v128.store32_lane' : 'v128.store64_lane', offset);
    this.body.laneImmediate(0);
  }
  /** Copies bytes between places that may overlap. */
  copyMemory(to: Operand, from: Operand, bytes: Operand): void {
    for (const operand of [to, from, bytes]) this.value(operand).push(this.body);
    this.body.copyMemory();
  }
  /** Calls a function that returns nothing, now. */
  callVoid(functionIndex: number, ...args: Operand[]): void {
    for (const argument of args) this.value(argument).push(this.body);
    this.body.call(functionIndex);
  }
  /** Calls a function now and holds its result. */
  call(functionIndex: number, type: ValueType, ...args: Operand[]): Value {
    for (const argument of args) this.value(argument).push(this.body);
    this.body.call(functionIndex);
    const index = this.body.allocate(type);
    this.body.setLocal(index);
    return heldExpression(type, index);
  }
  return(value?: Operand): void {
    if (value !== undefined) this.value(value).push(this.body);
    this.body.op('return');
  }
  /** Asserts a type while emitting. */
  expect(value: Value, type: ValueType): void {
    assert(value.type === type, `an ${type} value is needed here`);
  }
}

/** An operation that is made of several, encoded once. */
export interface Compound {
  readonly type: ValueType;
  readonly write: (body: FunctionBody) => void;
}
const onStack = other('i32', () => {});
/** What `compute` makes of operands, each of which it uses once, in the order in which they are given; they stand on the stack. */
export function compound(compute: (code: Code, onStack: Value) => Value): Compound {
  const body = new FunctionBody([]);
  const value = compute(new Code(body), onStack);
  value.push(body);
  const bytes = body.codeBytes();
  return { type: value.type, write: (target) => target.encoded(bytes) };
}

/** A mutable local. */
export class Variable extends Expression {
  constructor(
    private readonly body: FunctionBody,
    type: ValueType,
    private readonly index: number,
  ) {
    super(type, 'local', undefined, 0, index);
  }
  set(value: Operand): void {
    (typeof value === 'number' ? constantExpression(value | 0) : value).push(this.body);
    this.body.setLocal(this.index);
  }
}

export type LoadOpcode =
  | 'i32.load'
  | 'i64.load'
  | 'i32.load8_u'
  | 'i32.load8_s'
  | 'i32.load16_u'
  | 'i32.load16_s'
  | 'f32.load'
  | 'f64.load'
  | 'v128.load'
  | 'v128.load32_zero'
  | 'v128.load64_zero';
export type StoreOpcode =
  'i32.store' | 'i64.store' | 'i32.store8' | 'i32.store16' | 'f32.store' | 'f64.store' | 'v128.store';
type ExtractOpcode = keyof typeof laneTypes;
type ReplaceOpcode =
  'i16x8.replace_lane' | 'i32x4.replace_lane' | 'i64x2.replace_lane' | 'f32x4.replace_lane' | 'f64x2.replace_lane';
