import { assert } from '../../base/assert.js';
import { finishWriter, giveBack, takeWriter } from './bytes.js';
import { type Opcode, opcodes, valueTypes, type ValueType } from './opcodes.js';
import type { VectorOpcode } from './vector-codes.js';

/** A branch target inside a body. */
export interface Label {
  readonly depth: number;
}

/** The locals of one type. */
interface LocalPlaces {
  readonly indexes: number[];
  used: number;
  kept: number;
}
const newPlaces = (): LocalPlaces => ({ indexes: [], used: 0, kept: 0 });

/** Locals of one type one after another are declared together. */
function runsOf(locals: readonly ValueType[]): { readonly type: ValueType; count: number }[] {
  const runs: { readonly type: ValueType; count: number }[] = [];
  for (const type of locals) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  return runs;
}

/** Writes one function's code, keeping track of locals and of label depths. */
export class FunctionBody {
  private readonly code = takeWriter();
  private readonly locals: ValueType[] = [];
  /** Locals of each type in order, and how many of them, from the first on, are in use. */
  private readonly places: Readonly<Record<ValueType, LocalPlaces>> = {
    i32: newPlaces(),
    i64: newPlaces(),
    f32: newPlaces(),
    f64: newPlaces(),
    v128: newPlaces(),
  };
  private depth = 0;

  constructor(private readonly parameters: readonly ValueType[]) {}

  op(opcode: Opcode): void {
    this.opcode(opcodes[opcode]);
  }
  /** An operation by its number in {@link opcodes}. */
  opcode(code: number): void {
    if (code <= 0xff) return this.code.byte(code);
    this.code.byte(code >> 12);
    this.code.unsigned(code & 0xfff);
  }
  i32(value: number): void {
    if (value >= -0x40 && value < 0x40) return this.code.pair(opcodes['i32.const'], value & 0x7f);
    this.code.byte(opcodes['i32.const']);
    this.code.signed(value);
  }
  i64(value: bigint): void {
    this.op('i64.const');
    this.code.signed64(value);
  }
  f32(value: number): void {
    this.op('f32.const');
    this.code.bytes(new Uint8Array(Float32Array.of(value).buffer));
  }
  f64(value: number): void {
    this.op('f64.const');
    this.code.bytes(new Uint8Array(Float64Array.of(value).buffer));
  }
  /** A vector of 16 bytes. */
  v128(bytes: readonly number[]): void {
    assert(bytes.length === 16, 'a vector has 16 bytes');
    this.op('v128.const');
    this.code.bytes(bytes);
  }
  /** Takes 16 bytes out of the 32 of two vectors, by their numbers. */
  shuffle(from: readonly number[]): void {
    assert(from.length === 16 && from.every((byte) => byte < 32), 'a shuffle names 16 of 32 bytes');
    this.op('i8x16.shuffle');
    this.code.bytes(from);
  }
  /** An operation on one lane of a vector. */
  lane(opcode: VectorOpcode, lane: number): void {
    this.op(opcode);
    this.laneImmediate(lane);
  }
  laneImmediate(lane: number): void {
    this.code.byte(lane);
  }
  /** A load or store; the address is on the stack, `offset` is added to it without wrapping. */
  memory(opcode: Opcode, offset: number): void {
    this.opcode(opcodes[opcode]);
    this.offset(offset);
  }
  /** What follows the opcode of a load or store. Alignment is not promised. */
  offset(offset: number): void {
    if (offset < 0x80) return this.code.pair(0, offset);
    this.code.byte(0);
    this.code.unsigned(offset);
  }
  /** Copies within the memory: where to, where from and how many bytes are on the stack. */
  copyMemory(): void {
    this.code.bytes([0xfc, 10, 0, 0]);
  }
  getLocal(index: number): void {
    this.localOperation(opcodes['local.get'], index);
  }
  setLocal(index: number): void {
    this.localOperation(opcodes['local.set'], index);
  }
  private localOperation(opcode: number, index: number): void {
    if (index < 0x80) return this.code.pair(opcode, index);
    this.code.byte(opcode);
    this.code.unsigned(index);
  }
  /** Code that was encoded before. */
  encoded(bytes: Uint8Array): void {
    this.code.bytes(bytes);
  }
  /** Code that is the same whenever it has a key, as it names lasting locals alone and no labels: encoded once. */
  repeated(known: Map<number, Uint8Array>, key: number, write: () => void): void {
    const bytes = known.get(key);
    if (bytes !== undefined) return this.code.bytes(bytes);
    const start = this.code.length;
    write();
    known.set(key, this.code.since(start));
  }
  call(functionIndex: number): void {
    this.op('call');
    this.code.unsigned(functionIndex);
  }
  /** Calls through a table, the module's first one where nothing is said. */
  callIndirect(typeIndex: number, table = 0): void {
    this.op('call_indirect');
    this.code.unsigned(typeIndex);
    this.code.unsigned(table);
  }
  /** Leaves the function by a call: the callee returns to this function's caller. */
  returnCall(functionIndex: number): void {
    this.code.byte(opcodes.return_call);
    this.code.unsigned(functionIndex);
  }
  returnCallIndirect(typeIndex: number, table = 0): void {
    this.op('return_call_indirect');
    this.code.unsigned(typeIndex);
    this.code.unsigned(table);
  }
  /** Opens a block, a loop or an `if` without results. */
  open(kind: 'block' | 'loop' | 'if', result?: ValueType): Label {
    this.code.byte(opcodes[kind]);
    this.code.byte(result === undefined ? 0x40 : valueTypes[result]);
    return { depth: ++this.depth };
  }
  close(): void {
    assert(this.depth > 0, 'every close has an open');
    this.depth--;
    this.code.byte(opcodes.end);
  }
  branch(label: Label, opcode: 'br' | 'br_if' = 'br'): void {
    this.code.byte(opcode === 'br' ? opcodes.br : opcodes.br_if);
    this.code.unsigned(this.depth - label.depth);
  }
  branchTable(labels: readonly Label[], otherwise: Label): void {
    this.op('br_table');
    this.code.unsigned(labels.length);
    for (const label of labels) this.code.unsigned(this.depth - label.depth);
    this.code.unsigned(this.depth - otherwise.depth);
  }
  /** A local variable; one that was released before is used again. */
  allocate(type: ValueType): number {
    const places = this.places[type];
    if (places.used === places.indexes.length) {
      places.indexes.push(this.parameters.length + this.locals.length);
      this.locals.push(type);
    }
    return places.indexes[places.used++]!;
  }
  /** From here on every local in use stays so when others are released. */
  keepLocals(): void {
    for (const places of Object.values(this.places)) places.kept = places.used;
  }
  /** Releases every local but those kept; their values are gone. */
  releaseLocals(): void {
    const { i32, i64, f32, f64, v128 } = this.places;
    i32.used = i32.kept;
    i64.used = i64.kept;
    f32.used = f32.kept;
    f64.used = f64.kept;
    v128.used = v128.kept;
  }
  /** The code so far, of a body that is never finished. */
  codeBytes(): Uint8Array {
    return finishWriter(this.code);
  }
  finish(): Uint8Array {
    assert(this.depth === 0, 'every open block is closed');
    this.code.byte(opcodes.end);
    const locals = takeWriter();
    const runs = runsOf(this.locals);
    locals.unsigned(runs.length);
    for (const { type, count } of runs) {
      locals.unsigned(count);
      locals.byte(valueTypes[type]);
    }
    const out = new Uint8Array(locals.length + this.code.length);
    locals.copyTo(out, 0);
    this.code.copyTo(out, locals.length);
    giveBack(locals);
    giveBack(this.code);
    return out;
  }
}
