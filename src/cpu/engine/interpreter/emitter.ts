/** The emitter of the interpreter: operands come from the decoded record, state from memory. */
import { assert } from '../../../base/assert.js';
import type { CheckedTarget, EmittedOperand, Emitter, FlagName } from '../../instructions/emitter.js';
import type { Width } from '../../instructions/instruction.js';
import type { SystemOperation } from '../../instructions/system-operations.js';
import {
  at, byteRegisterAddress, flagResultAddress, type GeneralRegister, generalRegisters, record, regions,
  registerAddress, segmentAddress, segmentFields, segmentIndex, type SegmentName, tlbEntries, tlbEntry,
} from '../../layout.js';
import type { ProcessorModel } from '../../model.js';
import type { FunctionBody } from '../../wasm/body.js';
import { Code, type LoadOpcode, type Operand, type StoreOpcode, type Value } from '../../wasm/values.js';
import { exits } from '../imports.js';
import { type Flow, setExit } from './flow.js';

/** Functions of the module that handlers call, by index. */
export interface ModuleFunctions {
  readonly imports: ReadonlyMap<string, number>;
  readonly lookup: number;
  readonly statusWord: number;
  readonly setStatusWord: number;
  /** By width. */
  readonly write: Readonly<Record<Width, number>>;
  readonly readForWrite: Readonly<Record<Width, number>>;
}

/** What one handler was specialised for. */
export interface HandlerVariant {
  readonly width: 16 | 32;
  readonly addressWidth: 16 | 32;
  readonly stackWidth: 16 | 32;
  readonly repeat: 'none' | 'rep' | 'repne';
  readonly model: ProcessorModel;
}

export const loadOpcodes: Readonly<Record<Width, LoadOpcode>> = { 8: 'i32.load8_u', 16: 'i32.load16_u', 32: 'i32.load' };
export const storeOpcodes: Readonly<Record<Width, StoreOpcode>> = { 8: 'i32.store8', 16: 'i32.store16', 32: 'i32.store' };

/** The address of the TLB entry for a linear address. */
export function tlbEntryFor(code: Code, linear: Value): Value {
  const shift = 12 - Math.log2(tlbEntry.bytes);
  const mask = (tlbEntries - 1) * tlbEntry.bytes;
  return code.hold(code.add(code.and(code.shrUnsigned(linear, shift), mask), code.loadLate('i32.load', 0, at.tlb)));
}

/** Whether all bytes of an access lie in the page that a tag names. */
export function tagMatches(code: Code, tag: Value, linear: Value, bytes: number): Value {
  return code.equal(tag, code.and(code.add(linear, bytes - 1), ~0xfff));
}

/** Whether an access lies below a segment's top, in 64 bits so that nothing wraps. */
export function withinTop(code: Code, segment: Operand, offset: Value, bytes: number, top: 'readTop' | 'writeTop'): Value {
  const last = code.widen(offset, 'unsigned');
  const end = bytes === 1 ? last : code.wide('add', last, code.i64(BigInt(bytes - 1)));
  return code.wide('lt_s', end, code.loadLate('i64.load', segment, segmentFields[top]));
}

export class RecordEmitter extends Code implements Emitter {
  readonly width: 16 | 32;
  readonly addressWidth: 16 | 32;
  readonly stackWidth: 16 | 32;
  readonly repeat: 'none' | 'rep' | 'repne';
  readonly model: ProcessorModel;
  private iterate: (() => void) | undefined;

  constructor(
    body: FunctionBody,
    private readonly functions: ModuleFunctions,
    private readonly flow: Flow,
    variant: HandlerVariant,
    private readonly handler: number,
  ) {
    super(body);
    this.width = variant.width;
    this.addressWidth = variant.addressWidth;
    this.stackWidth = variant.stackWidth;
    this.repeat = variant.repeat;
    this.model = variant.model;
  }

  /** Emits a repeatable meaning inside a loop that `repeatAgain` goes round. */
  repeating(body: () => void): void {
    this.loop((again) => {
      this.iterate = again;
      body();
    });
  }

  private field(name: 'rm' | 'reg' | 'base' | 'index' | 'segment' | 'pageOffset' | 'remaining'): Value {
    return this.loadLate('i32.load16_u', this.flow.record, record[name]);
  }
  private word(name: 'immediate' | 'immediate2' | 'displacement' | 'addressMask' | 'link'): Value {
    return this.loadLate('i32.load', this.flow.record, record[name]);
  }

  // Operands.

  registerOperand(slot: 'rm' | 'reg', width: Width): EmittedOperand {
    return this.registerAt(() => this.field(slot), width);
  }
  register(name: GeneralRegister, width: Width = 32): EmittedOperand {
    const address = registerAddress(generalRegisters.indexOf(name));
    return this.registerAt(() => this.i32(address), width);
  }
  /** A register by its number in encoding order. */
  numberedRegister(number: number, width: Width): EmittedOperand {
    const address = width === 8 ? byteRegisterAddress(number) : registerAddress(number);
    return this.registerAt(() => this.i32(address), width);
  }
  byteRegister(name: 'al' | 'ah' | 'cl'): EmittedOperand {
    const address = byteRegisterAddress({ al: 0, cl: 1, ah: 4 }[name]);
    return this.registerAt(() => this.i32(address), 8);
  }
  private registerAt(address: () => Value, width: Width): EmittedOperand {
    // A register whose address is known is a load at a constant place.
    const known = address().constant;
    const place = known === undefined ? address : (): Value => this.i32(0);
    return {
      ...notMemory,
      width,
      isMemory: false,
      read: () => this.load(loadOpcodes[width], place(), known ?? 0),
      write: (value) => this.store(storeOpcodes[width], place(), value, known ?? 0),
    };
  }
  immediateOperand(width: Width, second: boolean): EmittedOperand {
    const value = this.word(second ? 'immediate2' : 'immediate');
    return { ...notMemory, width, isMemory: false, read: () => value, write: () => assert(false, 'an immediate is not written') };
  }
  constantOperand(value: number, width: Width): EmittedOperand {
    const constant = this.i32(value);
    return { ...notMemory, width, isMemory: false, read: () => constant, write: () => assert(false, 'a constant is not written') };
  }

  private effectiveOffset(): Value {
    const base = this.loadLate('i32.load', this.field('base'));
    const index = this.loadLate('i32.load', this.field('index'));
    const scale = this.loadLate('i32.load8_u', this.flow.record, record.scale);
    const sum = this.add(this.add(base, this.shl(index, scale)), this.word('displacement'));
    return this.hold(this.and(sum, this.word('addressMask')));
  }
  memoryOperand(width: Width, access: 'read' | 'write' | 'readWrite'): EmittedOperand {
    let offset: Value | undefined;
    return this.memoryAt(() => (offset ??= this.effectiveOffset()), width, access);
  }
  private memoryAt(offset: () => Value, width: Width, access: 'read' | 'write' | 'readWrite'): EmittedOperand {
    const segment = this.field('segment');
    const beyond = (displacement: Operand): Value =>
      this.hold(this.and(this.add(offset(), displacement), this.word('addressMask')));
    let place: Value | undefined;
    return {
      width,
      isMemory: true,
      offset,
      read: () => {
        if (access !== 'readWrite') return this.readMemory(segment, offset(), width);
        const found = this.readForWrite(segment, offset(), width);
        place = found.place;
        return found.value;
      },
      write: (value) => {
        if (place === undefined) return this.writeMemory(segment, offset(), width, value);
        const known = place;
        this.when(
          known,
          () => this.store(storeOpcodes[width], known, value),
          () => this.writeSlowly(segment, offset(), width, value),
        );
      },
      readBeyond: (displacement, otherWidth) => this.readMemory(segment, beyond(displacement), otherWidth),
      writeBeyond: (displacement, otherWidth, value) =>
        this.writeMemory(segment, beyond(displacement), otherWidth, value),
      moved: (displacement) => {
        const moved = beyond(displacement);
        return this.memoryAt(() => moved, width, access);
      },
    };
  }

  // Memory.

  private linear(segment: Operand, offset: Value): Value {
    return this.hold(this.add(offset, this.loadLate('i32.load', segment, segmentFields.base)));
  }
  private hit(segment: Operand, offset: Value, width: Width, kind: 'read' | 'write'): { linear: Value; entry: Value; ok: Value } {
    const bytes = width / 8;
    const linear = this.linear(segment, offset);
    const entry = tlbEntryFor(this, linear);
    const ok = this.and(
      withinTop(this, segment, offset, bytes, kind === 'read' ? 'readTop' : 'writeTop'),
      tagMatches(this, this.loadLate('i32.load', entry, tlbEntry[kind]), linear, bytes),
    );
    return { linear, entry, ok };
  }
  private readMemory(segment: Operand, at: Value, width: Width): Value {
    const offset = this.hold(at);
    const { linear, entry, ok } = this.hit(segment, offset, width, 'read');
    const result = this.variable(0);
    this.when(
      ok,
      () => result.set(this.loadLate(loadOpcodes[width], this.add(linear, this.loadLate('i32.load', entry, tlbEntry.addend)))),
      () => result.set(this.slow('readSlow', this.asValue(segment), offset, this.i32(width / 8))),
    );
    return result;
  }
  private asValue(operand: Operand): Value {
    return typeof operand === 'number' ? this.i32(operand) : operand;
  }
  private writeMemory(segment: Operand, at: Value, width: Width, value: Operand): void {
    const offset = this.hold(at);
    const { linear, entry, ok } = this.hit(segment, offset, width, 'write');
    this.when(
      ok,
      () => this.store(storeOpcodes[width], this.add(linear, this.loadLate('i32.load', entry, tlbEntry.addend)), value),
      () => this.writeSlowly(segment, offset, width, value),
    );
  }
  private writeSlowly(segment: Operand, offset: Value, width: Width, value: Operand): void {
    this.rememberRecord();
    this.callVoid(this.functions.write[width], segment, offset, value);
    this.leaveIfFaulted();
  }
  /** The value, and the host address to write to afterwards, 0 where the write must go the slow way. */
  private readForWrite(segment: Operand, at: Value, width: Width): { value: Value; place: Value } {
    const offset = this.hold(at);
    const { linear, entry, ok } = this.hit(segment, offset, width, 'write');
    const place = this.variable(0);
    const value = this.variable(0);
    this.when(
      ok,
      () => {
        place.set(this.add(linear, this.loadLate('i32.load', entry, tlbEntry.addend)));
        value.set(this.loadLate(loadOpcodes[width], place));
      },
      () => {
        this.rememberRecord();
        value.set(this.call(this.functions.readForWrite[width], 'i32', segment, offset));
        this.leaveIfFaulted();
      },
    );
    return { value, place };
  }
  private slow(name: string, ...args: Value[]): Value {
    this.rememberRecord();
    const result = this.call(this.imported(name), 'i32', ...args);
    this.leaveIfFaulted();
    return result;
  }
  private imported(name: string): number {
    const index = this.functions.imports.get(name);
    assert(index !== undefined, `${name} is imported`);
    return index;
  }
  private rememberRecord(): void {
    this.store('i32.store', 0, this.flow.record, at.currentRecord);
  }
  private leaveIfFaulted(): void {
    this.when(this.loadLate('i32.load', 0, at.faulted), () => this.exitWith(exits.fault));
  }
  private exitWith(reason: number): void {
    setExit(this, reason);
    this.flow.exit(this);
  }

  loadFrom(segment: SegmentName, offset: Value, width: Width): Value {
    return this.readMemory(segmentAddress(segmentIndex[segment]), offset, width);
  }
  storeTo(segment: SegmentName, offset: Value, width: Width, value: Operand): void {
    this.writeMemory(segmentAddress(segmentIndex[segment]), offset, width, value);
  }
  loadFromData(offset: Value, width: Width): Value {
    return this.readMemory(this.field('segment'), offset, width);
  }
  prepareStore(segment: SegmentName, at: Value, width: Width): void {
    const offset = this.hold(at);
    const address = segmentAddress(segmentIndex[segment]);
    const { ok } = this.hit(address, offset, width, 'write');
    this.when(this.isZero(ok), () => void this.slow('probeWrite', this.i32(address), offset, this.i32(width / 8)));
  }

  // The stack.

  stackPointer(): Value {
    return this.register('esp', this.stackWidth).read();
  }
  setStackPointer(value: Operand): void {
    this.register('esp', this.stackWidth).write(value);
  }
  push(value: Operand, width: Width = this.width): void {
    const bytes = width / 8;
    const pointer = this.hold(this.zeroExtend(this.sub(this.stackPointer(), bytes), this.stackWidth));
    this.storeTo('ss', pointer, width, value);
    this.setStackPointer(pointer);
  }
  top(displacement: number, width: Width = this.width): Value {
    const offset = this.zeroExtend(this.add(this.stackPointer(), displacement), this.stackWidth);
    return this.loadFrom('ss', offset, width);
  }
  release(bytes: Operand): void {
    this.setStackPointer(this.add(this.stackPointer(), bytes));
  }

  // Flags.

  private carries(): Value {
    return this.loadLate('i32.load', 0, at.flagCarries);
  }
  flag(name: FlagName): Value {
    const carries = this.carries();
    const low = this.loadLate('i32.load', 0, flagResultAddress);
    const high = this.loadLate('i32.load', 0, flagResultAddress + 4);
    switch (name) {
      case 'CF':
        return this.shrUnsigned(carries, 31);
      case 'OF':
        return this.shrUnsigned(this.xor(carries, this.shl(carries, 1)), 31);
      case 'AF':
        return this.and(this.shrUnsigned(carries, 3), 1);
      case 'ZF':
        return this.isZero(low);
      case 'SF':
        return this.shrUnsigned(high, 31);
      case 'PF':
        return this.isZero(this.and(this.populationCount(this.and(this.xor(low, high), 0xff)), 1));
    }
  }
  condition(code: number): Value {
    const less = (): Value => this.xor(this.flag('SF'), this.flag('OF'));
    const positive = [
      (): Value => this.flag('OF'),
      (): Value => this.flag('CF'),
      (): Value => this.flag('ZF'),
      (): Value => this.or(this.flag('CF'), this.flag('ZF')),
      (): Value => this.flag('SF'),
      (): Value => this.flag('PF'),
      less,
      (): Value => this.or(less(), this.flag('ZF')),
    ][code >> 1]!();
    return (code & 1) === 0 ? positive : this.isZero(positive);
  }
  private setResult(result: Value, width: Width): void {
    this.store('i64.store', 0, this.widen(this.signExtend(result, width), 'signed'), flagResultAddress);
  }
  private setCarries(carries: Value, width: Width): void {
    if (width === 32) return this.store('i32.store', 0, carries, at.flagCarries);
    // The carry out of the top bit moves to bit 31; the one out of bit 3 stays where AF is looked for.
    const low = this.hold(carries);
    this.store('i32.store', 0, this.or(this.shl(low, 32 - width), this.and(low, 8)), at.flagCarries);
  }
  setAddFlags(left: Value, right: Value, sum: Value, width: Width): void {
    this.setResult(sum, width);
    this.setCarries(this.or(this.and(left, right), this.and(this.or(left, right), this.not(sum))), width);
  }
  setSubtractFlags(left: Value, right: Value, difference: Value, width: Width): void {
    this.setResult(difference, width);
    const notLeft = this.not(left);
    this.setCarries(this.or(this.and(notLeft, right), this.and(this.or(notLeft, right), difference)), width);
  }
  setLogicFlags(result: Value, width: Width): void {
    this.setResult(result, width);
    this.store('i32.store', 0, 0, at.flagCarries);
  }
  private packed(carry: Value, overflow: Value): Value {
    return this.xor(this.and(this.sub(0, carry), 0xc0000000 | 0), this.shl(overflow, 30));
  }
  setResultFlags(result: Value, width: Width, carry: Value, overflow: Value): void {
    this.setResult(result, width);
    this.store('i32.store', 0, this.packed(carry, overflow), at.flagCarries);
  }
  setCarry(carry: Operand): void {
    this.setCarryAndOverflow(this.asValue(carry), this.hold(this.flag('OF')));
  }
  setCarryAndOverflow(carry: Value, overflow: Value): void {
    const auxiliary = this.and(this.carries(), 8);
    this.store('i32.store', 0, this.or(auxiliary, this.packed(carry, overflow)), at.flagCarries);
  }
  statusWord(): Value {
    return this.call(this.functions.statusWord, 'i32');
  }
  setStatusWord(word: Value): void {
    this.callVoid(this.functions.setStatusWord, word);
  }
  otherFlags(): Value {
    return this.loadLate('i32.load', 0, at.flagsOther);
  }
  setOtherFlags(value: Value): void {
    this.store('i32.store', 0, value, at.flagsOther);
  }

  // Segments and tables.

  selector(segment: SegmentName): Value {
    return this.loadLate('i32.load', 0, segmentAddress(segmentIndex[segment]) + segmentFields.selector);
  }
  selectorOf(number: Value): Value {
    const slot = segmentAddress(1) - segmentAddress(0);
    return this.loadLate('i32.load', this.mul(number, slot), segmentAddress(0) + segmentFields.selector);
  }
  tableLimit(table: 'gdtr' | 'idtr'): Value {
    return this.loadLate('i32.load', 0, at[`${table}Limit`]);
  }
  tableBase(table: 'gdtr' | 'idtr'): Value {
    return this.loadLate('i32.load', 0, at[`${table}Base`]);
  }

  // Where execution goes.

  immediate(): Value {
    return this.word('immediate');
  }
  immediate2(): Value {
    return this.word('immediate2');
  }
  private thisEip(): Value {
    return this.add(this.loadLate('i32.load', 0, at.codeBase), this.field('pageOffset'));
  }
  nextEip(): Value {
    return this.hold(this.add(this.thisEip(), this.loadLate('i32.load8_u', this.flow.record, record.length)));
  }
  relativeTarget(): CheckedTarget {
    const link = this.hold(this.word('link'));
    const target = this.variable(0);
    this.when(this.isZero(link), () => {
      target.set(this.zeroExtend(this.add(this.nextEip(), this.immediate()), this.width));
      this.checkCodeLimit(target);
    });
    return {
      taken: () => {
        this.when(link, () => this.flow.enter(this, link));
        const found = this.lookup(target);
        this.rememberLink(target, found);
        this.flow.enter(this, found);
      },
    };
  }
  /** Links stay inside one page of one code segment, where the whole page lies in the segment. */
  private rememberLink(target: Value, found: Value): void {
    const base = this.loadLate('i32.load', 0, at.codeBase);
    const insidePage = this.lessUnsigned(this.sub(target, base), 4096);
    const oldPage = this.equal(this.oldCodeBase!, base);
    const wholeStart = this.isZero(this.greaterUnsigned(base, 0xfffff000 | 0));
    const lasting = this.and(
      this.greaterUnsigned(found, regions.codeLines),
      this.greaterUnsigned(this.flow.record, regions.codeLines),
    );
    const ok = this.and(this.and(insidePage, oldPage), this.and(wholeStart, lasting));
    this.when(ok, () => this.store('i32.store', this.flow.record, found, record.link));
  }
  private oldCodeBase: Value | undefined;
  private lookup(eip: Value): Value {
    this.oldCodeBase = this.load('i32.load', 0, at.codeBase);
    const found = this.call(this.functions.lookup, 'i32', eip);
    this.when(this.isZero(found), () => this.flow.exit(this));
    return found;
  }
  private checkCodeLimit(target: Value): void {
    const limit = this.loadLate('i32.load', 0, segmentAddress(segmentIndex.cs) + segmentFields.limit);
    if (this.model === '8086') return; // Offsets wrap at 64 KiB there, and nothing is checked.
    this.when(this.greaterUnsigned(target, limit), () => this.fault(13, 0));
  }
  jump(offset: Value, before?: () => void): void {
    const target = this.hold(offset);
    this.checkCodeLimit(target);
    before?.();
    this.flow.enter(this, this.lookup(target));
  }
  next(): void {
    this.flow.enter(this, this.add(this.flow.record, record.bytes));
  }
  refetch(): void {
    this.flow.enter(this, this.lookup(this.nextEip()));
  }
  transfer(operation: SystemOperation, a: Operand = 0, b: Operand = 0): void {
    this.system(operation, a, b);
    this.flow.enter(this, this.lookup(this.load('i32.load', 0, at.eip)));
  }
  repeatAgain(): void {
    assert(this.iterate !== undefined, 'repeatAgain belongs to a repeatable instruction');
    const changed = this.notEqual(this.loadLate('i32.load16_u', this.flow.record, record.handler), this.handler);
    const budget = this.load('i32.load', 0, at.budget);
    this.when(this.or(changed, this.isZero(budget)), () => this.flow.enter(this, this.lookup(this.hold(this.thisEip()))));
    this.store('i32.store', 0, this.sub(budget, 1), at.budget);
    this.iterate();
  }

  fault(vector: number, errorCode: Operand = 0): void {
    this.rememberRecord();
    this.store('i32.store', 0, vector + 1, at.faulted);
    this.store('i32.store', 0, errorCode, at.faultError);
    this.exitWith(exits.fault);
  }
  system(operation: SystemOperation, a: Operand = 0, b: Operand = 0): Value {
    return this.slow(operation, this.asValue(a), this.asValue(b));
  }
  output(port: Value, value: Value, width: Width): void {
    this.slow(`output${width}`, port, value);
  }

  /** Falls out of the meaning: on with the next record, or the next block. */
  finish(endsBlock: boolean): void {
    if (endsBlock) this.next();
    else this.flow.next(this);
  }
}

const refuse = (): never => {
  throw new Error('only a memory operand has an offset');
};
const notMemory = { offset: refuse, readBeyond: refuse, writeBeyond: refuse, moved: refuse } as const;
