import { assert } from '../../base/assert.js';
import type { FunctionBody, Label } from './body.js';
import type { Opcode, ValueType, WideOperation } from './opcodes.js';
import { resultType } from './result-types.js';
import { laneTypes } from './vector-codes.js';

/**
 * A pure expression: emitted where it is used, as often as it is used. Whatever reads memory or must keep its moment
 * is held in a local first (see {@link Code.hold}).
 */
export interface Value {
  readonly type: ValueType;
  readonly push: (body: FunctionBody) => void;
  /** The value of a 32-bit constant, known while emitting. */
  readonly constant?: number;
}

/** A number where an i32 value is expected stands for a constant. */
export type Operand = Value | number;

type Width = 8 | 16 | 32;

/** Expressions and statements over a function body; knows nothing of x86. */
export class Code {
  constructor(readonly body: FunctionBody) {}

  i32(value: number): Value {
    return { type: 'i32', constant: value | 0, push: (body) => body.i32(value | 0) };
  }
  i64(value: bigint): Value {
    return { type: 'i64', push: (body) => body.i64(value) };
  }
  f32(value: number): Value {
    return { type: 'f32', push: (body) => body.f32(value) };
  }
  f64(value: number): Value {
    return { type: 'f64', push: (body) => body.f64(value) };
  }
  /** A vector of 16 bytes. */
  v128(bytes: readonly number[]): Value {
    return { type: 'v128', push: (body) => body.v128(bytes) };
  }
  private value(operand: Operand): Value {
    return typeof operand === 'number' ? this.i32(operand) : operand;
  }
  private unary(type: ValueType, opcode: Opcode, operand: Operand): Value {
    const a = this.value(operand);
    return {
      type,
      push(body) {
        a.push(body);
        body.op(opcode);
      },
    };
  }
  private binary(type: ValueType, opcode: Opcode, left: Operand, right: Operand): Value {
    const a = this.value(left);
    const b = this.value(right);
    return {
      type,
      push(body) {
        a.push(body);
        b.push(body);
        body.op(opcode);
      },
    };
  }
  /** A 32-bit operation that folds when both sides are known. */
  private folding(opcode: Opcode, fold: (a: number, b: number) => number, left: Operand, right: Operand): Value {
    const a = this.value(left).constant;
    const b = this.value(right).constant;
    if (a !== undefined && b !== undefined) return this.i32(fold(a, b));
    return this.binary('i32', opcode, left, right);
  }

  add(a: Operand, b: Operand): Value {
    if (this.value(b).constant === 0) return this.value(a);
    if (this.value(a).constant === 0) return this.value(b);
    return this.folding('i32.add', (x, y) => (x + y) | 0, a, b);
  }
  sub(a: Operand, b: Operand): Value {
    return this.folding('i32.sub', (x, y) => (x - y) | 0, a, b);
  }
  mul(a: Operand, b: Operand): Value {
    return this.folding('i32.mul', Math.imul, a, b);
  }
  and(a: Operand, b: Operand): Value {
    if (this.value(b).constant === -1) return this.value(a);
    if (this.value(a).constant === 0 || this.value(b).constant === 0) return this.i32(0);
    return this.folding('i32.and', (x, y) => x & y, a, b);
  }
  or(a: Operand, b: Operand): Value {
    if (this.value(b).constant === 0) return this.value(a);
    if (this.value(a).constant === 0) return this.value(b);
    return this.folding('i32.or', (x, y) => x | y, a, b);
  }
  xor(a: Operand, b: Operand): Value {
    if (this.value(b).constant === 0) return this.value(a);
    if (this.value(a).constant === 0) return this.value(b);
    return this.folding('i32.xor', (x, y) => x ^ y, a, b);
  }
  not(a: Operand): Value {
    return this.xor(a, -1);
  }
  shl(a: Operand, b: Operand): Value {
    if (this.value(b).constant === 0) return this.value(a);
    return this.folding('i32.shl', (x, y) => x << y, a, b);
  }
  shrUnsigned(a: Operand, b: Operand): Value {
    if (this.value(b).constant === 0) return this.value(a);
    return this.folding('i32.shr_u', (x, y) => (x >>> y) | 0, a, b);
  }
  shrSigned(a: Operand, b: Operand): Value {
    if (this.value(b).constant === 0) return this.value(a);
    return this.folding('i32.shr_s', (x, y) => x >> y, a, b);
  }
  rotateLeft(a: Operand, b: Operand): Value {
    return this.binary('i32', 'i32.rotl', a, b);
  }
  rotateRight(a: Operand, b: Operand): Value {
    return this.binary('i32', 'i32.rotr', a, b);
  }
  divUnsigned(a: Operand, b: Operand): Value {
    return this.binary('i32', 'i32.div_u', a, b);
  }
  remUnsigned(a: Operand, b: Operand): Value {
    return this.binary('i32', 'i32.rem_u', a, b);
  }
  equal(a: Operand, b: Operand): Value {
    return this.folding('i32.eq', (x, y) => Number(x === y), a, b);
  }
  notEqual(a: Operand, b: Operand): Value {
    return this.folding('i32.ne', (x, y) => Number(x !== y), a, b);
  }
  isZero(a: Operand): Value {
    const known = this.value(a).constant;
    if (known !== undefined) return this.i32(known === 0 ? 1 : 0);
    return this.unary('i32', 'i32.eqz', a);
  }
  lessUnsigned(a: Operand, b: Operand): Value {
    return this.folding('i32.lt_u', (x, y) => Number(x >>> 0 < y >>> 0), a, b);
  }
  lessSigned(a: Operand, b: Operand): Value {
    return this.folding('i32.lt_s', (x, y) => Number(x < y), a, b);
  }
  greaterUnsigned(a: Operand, b: Operand): Value {
    return this.folding('i32.gt_u', (x, y) => Number(x >>> 0 > y >>> 0), a, b);
  }
  countTrailingZeros(a: Operand): Value {
    return this.unary('i32', 'i32.ctz', a);
  }
  countLeadingZeros(a: Operand): Value {
    return this.unary('i32', 'i32.clz', a);
  }
  populationCount(a: Operand): Value {
    return this.unary('i32', 'i32.popcnt', a);
  }
  /** The low `width` bits, sign-extended to 32. */
  signExtend(a: Operand, width: Width): Value {
    if (width === 32) return this.value(a);
    const known = this.value(a).constant;
    if (known !== undefined) return this.i32((known << (32 - width)) >> (32 - width));
    return this.unary('i32', width === 8 ? 'i32.extend8_s' : 'i32.extend16_s', a);
  }
  /** The low `width` bits, zero-extended to 32. */
  zeroExtend(a: Operand, width: Width): Value {
    return width === 32 ? this.value(a) : this.and(a, width === 8 ? 0xff : 0xffff);
  }
  select(condition: Value, yes: Operand, no: Operand): Value {
    const a = this.value(yes);
    const b = this.value(no);
    if (condition.constant !== undefined) return condition.constant !== 0 ? a : b;
    return {
      type: a.type,
      push(body) {
        a.push(body);
        b.push(body);
        condition.push(body);
        body.op('select');
      },
    };
  }

  /** 32 bits to 64, zero-extended or sign-extended. */
  widen(a: Operand, how: 'unsigned' | 'signed'): Value {
    return this.unary('i64', how === 'signed' ? 'i64.extend_i32_s' : 'i64.extend_i32_u', a);
  }
  /** The low 32 bits of a 64-bit value. */
  narrow(a: Value): Value {
    return this.unary('i32', 'i32.wrap_i64', a);
  }
  /** A 64-bit operation named as in the text format, without its `i64.`; comparisons give an i32. */
  wide(operation: WideOperation, a: Value, b: Value): Value {
    const compares = operation.startsWith('l') || operation.startsWith('g') || operation === 'eq' || operation === 'ne';
    return this.binary(compares ? 'i32' : 'i64', `i64.${operation}`, a, b);
  }

  /** Any operation on numbers or vectors that has no immediate, named as in the text format. */
  apply(opcode: Opcode, ...operands: Operand[]): Value {
    const values = operands.map((operand) => this.value(operand));
    return {
      type: resultType(opcode),
      push(body) {
        for (const each of values) each.push(body);
        body.op(opcode);
      },
    };
  }
  /** Sixteen of the 32 bytes of two vectors, by their numbers. */
  shuffle(a: Value, b: Value, from: readonly number[]): Value {
    return {
      type: 'v128',
      push(body) {
        a.push(body);
        b.push(body);
        body.shuffle(from);
      },
    };
  }
  /** A lane of a vector. */
  extractLane(opcode: ExtractOpcode, lane: number, vector: Value): Value {
    return {
      type: laneTypes[opcode],
      push(body) {
        vector.push(body);
        body.lane(opcode, lane);
      },
    };
  }
  /** A vector with one lane replaced. */
  replaceLane(opcode: ReplaceOpcode, lane: number, vector: Value, by: Operand): Value {
    const scalar = this.value(by);
    return {
      type: 'v128',
      push(body) {
        vector.push(body);
        scalar.push(body);
        body.lane(opcode, lane);
      },
    };
  }

  /** Computes a value now, into a local, and returns the local. Constants are returned as they are. */
  hold(value: Value): Value {
    if (value.constant !== undefined) return value;
    const index = this.body.allocate(value.type);
    value.push(this.body);
    this.body.local('local.set', index);
    return this.local(index, value.type);
  }
  /** A local as a value. */
  local(index: number, type: ValueType): Value {
    return { type, push: (body) => body.local('local.get', index) };
  }
  /** A mutable variable with a first value. */
  variable(first: Operand): Variable {
    const start = this.value(first);
    const index = this.body.allocate(start.type);
    const set = (operand: Operand): void => {
      this.value(operand).push(this.body);
      this.body.local('local.set', index);
    };
    set(start);
    return { ...this.local(index, start.type), set };
  }
  /** Evaluates for its effects. */
  perform(value: Value): void {
    value.push(this.body);
    this.body.op('drop');
  }

  when(condition: Operand, then: () => void, otherwise?: () => void): void {
    const known = this.value(condition).constant;
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
    const base = this.value(address);
    return {
      type: resultType(opcode),
      push(body) {
        base.push(body);
        body.memory(opcode, offset);
      },
    };
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
    this.body.local('local.set', index);
    return this.local(index, type);
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

/** A mutable local. */
export interface Variable extends Value {
  readonly set: (value: Operand) => void;
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
