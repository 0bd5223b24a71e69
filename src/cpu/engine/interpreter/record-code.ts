/** What every handler's code is written over: the record's fields, the slow paths, and leaving through a fault. */
import { assert } from '../../../base/assert.js';
import type { Width } from '../../instructions/instruction.js';
import type { SystemOperation } from '../../instructions/system-operations.js';
import { type Float80, float80Signatures } from '../../kernel/float80/float80.js';
import { at, record, segmentFields } from '../../layout.js';
import type { ProcessorModel } from '../../model.js';
import type { FunctionBody } from '../../wasm/body.js';
import type { ValueType } from '../../wasm/opcodes.js';
import { Code, type LoadOpcode, type Operand, type StoreOpcode, type Value } from '../../wasm/values.js';
import { exits } from '../imports.js';
import { type Flow, setExit } from './flow.js';
import type { RefillFunctions } from './refill-code.js';
import type { AccessFunctions } from './window-code.js';
import type { FastCallFunctions } from './fast-call-code.js';
import type { TrapFunctions } from './trap-code.js';

/** Functions of the module that handlers call, by index. */
export interface ModuleFunctions {
  readonly imports: ReadonlyMap<string, number>;
  readonly lookup: number;
  readonly refills: RefillFunctions & AccessFunctions;
  /** Whether system instructions try {@link traps} and the like; without, the slow paths do everything. */
  readonly hasQuickWays: boolean;
  readonly loadDataSegment: number;
  /** Tried in front of slow paths; compiled code leaves these to the interpreter. */
  readonly traps?: TrapFunctions;
  readonly fastCalls?: FastCallFunctions;
  readonly statusWord: number;
  readonly setStatusWord: number;
  /** Accesses that missed the fast way, by width. */
  readonly read: Readonly<Record<Width, number>>;
  readonly write: Readonly<Record<Width, number>>;
  readonly readForWrite: Readonly<Record<Width, number>>;
  /** Where a block can be read that missed the fast way. */
  readonly findBlock: number;
  /** By bytes. */
  readonly writeBlock: Readonly<Record<BlockSize, number>>;
  /** Functions that several handlers share: the index of one by its name, with a number or the types of its parameters; declared and written when it is first asked for. */
  readonly shared: (
    name: string,
    parameters: number | readonly ValueType[],
    write: (body: FunctionBody) => void,
  ) => number;
}

/** Bytes of block writes that go through a function of the module where the fast way is shut. */
export const blockSizes = [8, 10, 16] as const;
export type BlockSize = (typeof blockSizes)[number];

/** What one handler was specialised for. */
export interface HandlerVariant {
  readonly width: 16 | 32;
  readonly addressWidth: 16 | 32;
  readonly stackWidth: 16 | 32;
  readonly repeat: 'none' | 'rep' | 'repne';
  readonly model: ProcessorModel;
}

export const loadOpcodes: Readonly<Record<Width, LoadOpcode>> = {
  8: 'i32.load8_u',
  16: 'i32.load16_u',
  32: 'i32.load',
};
export const storeOpcodes: Readonly<Record<Width, StoreOpcode>> = {
  8: 'i32.store8',
  16: 'i32.store16',
  32: 'i32.store',
};

/** Code of one handler, specialised for a variant. */
export class RecordCode extends Code {
  width: 16 | 32;
  addressWidth: 16 | 32;
  stackWidth: 16 | 32;
  repeat: 'none' | 'rep' | 'repne';
  readonly model: ProcessorModel;
  units: 'asked' | 'ready' | 'left' = 'asked';

  constructor(
    body: FunctionBody,
    protected readonly functions: ModuleFunctions,
    protected readonly flow: Flow,
    variant: HandlerVariant,
    protected handler: number,
  ) {
    super(body);
    this.width = variant.width;
    this.addressWidth = variant.addressWidth;
    this.stackWidth = variant.stackWidth;
    this.repeat = variant.repeat;
    this.model = variant.model;
  }

  /** Goes on with another handler of the same model. */
  protected become(variant: HandlerVariant, handler: number): void {
    this.width = variant.width;
    this.addressWidth = variant.addressWidth;
    this.stackWidth = variant.stackWidth;
    this.repeat = variant.repeat;
    this.handler = handler;
  }

  get isSettled(): boolean {
    return false;
  }
  get isExact(): boolean {
    return false;
  }
  protected field(name: 'rm' | 'reg' | 'base' | 'index' | 'segment' | 'pageOffset' | 'remaining'): Value {
    return this.loadLate('i32.load16_u', this.flow.record, record[name]);
  }
  protected word(name: 'immediate' | 'immediate2' | 'displacement' | 'addressMask' | 'link'): Value {
    return this.loadLate('i32.load', this.flow.record, record[name]);
  }

  protected asValue(operand: Operand): Value {
    return typeof operand === 'number' ? this.i32(operand) : operand;
  }

  protected slow(name: string, ...args: Value[]): Value {
    this.rememberRecord();
    const result = this.call(this.imported(name), 'i32', ...args);
    this.leaveIfFaulted();
    return result;
  }
  protected imported(name: string): number {
    const index = this.functions.imports.get(name);
    assert(index !== undefined, `${name} is imported`);
    return index;
  }
  protected rememberRecord(): void {
    this.store('i32.store', 0, this.flow.record, at.currentRecord);
  }
  protected leaveIfFaulted(): void {
    this.when(this.loadLate('i32.load', 0, at.faulted), () => this.exitWith(exits.fault));
  }
  protected exitWith(reason: number): void {
    setExit(this, reason);
    this.flow.exit(this);
  }

  leaveUndone(): void {
    assert(false, 'the interpreter does every instruction');
  }
  rereadsWhen(_condition: Operand): void {}
  fault(vector: number, errorCode: Operand = 0): void {
    this.rememberRecord();
    this.store('i32.store', 0, vector + 1, at.faulted);
    this.store('i32.store', 0, errorCode, at.faultError);
    this.exitWith(exits.fault);
  }
  kernel(name: keyof Float80, ...args: Operand[]): Value {
    if (!float80Signatures[name].endsWith(':')) return this.call(this.imported(name), 'i32', ...args);
    this.callVoid(this.imported(name), ...args);
    return this.i32(0);
  }
  opcodeBits(): Value {
    return this.word('immediate');
  }
  stackRegister(): { readonly distance: Value; readonly bit: Value } {
    return { distance: this.field('rm'), bit: this.field('reg') };
  }
  dataSelector(): Value {
    return this.loadLate('i32.load', this.field('segment'), segmentFields.selector);
  }
  system(operation: SystemOperation, a: Operand = 0, b: Operand = 0): Value {
    return this.slow(operation, this.asValue(a), this.asValue(b));
  }
  output(port: Value, value: Value, width: Width): void {
    this.slow(`output${width}`, port, value);
  }
}
