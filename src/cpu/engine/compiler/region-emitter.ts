/**
 * The emitter of compiled regions: operands are constants and locals, and whatever the fast way does not cover is left to the
 * interpreter, which runs the instruction from its start. That is exact, as no instruction does anything that a restart must not see
 * before the last thing that may fault.
 */
import { assert } from '../../../base/assert.js';
import type { CheckedTarget, EmittedOperand, FlagName, VectorOperand } from '../../instructions/emitter.js';
import type { Width } from '../../instructions/instruction.js';
import type { SystemOperation } from '../../instructions/system-operations.js';
import {
  at,
  flatSlot,
  record,
  registerAddress,
  segmentAddress,
  segmentFields,
  segmentIndex,
  type SegmentName,
  tlbEntry,
  zeroSlot,
} from '../../layout.js';
import type { Operand, Value } from '../../wasm/values.js';
import { RecordEmitter } from '../interpreter/emitter.js';
import type { Flow } from '../interpreter/flow.js';
import type { HandlerOperand } from '../interpreter/handlers.js';
import { settle } from '../interpreter/kept-flags.js';
import { copyBlock, tagMatches, tlbEntryFor, withinTop } from '../interpreter/memory-code.js';
import { type HandlerVariant, loadOpcodes, type ModuleFunctions, storeOpcodes } from '../interpreter/record-code.js';
import type { FlagState, RegionFunction } from './region-function.js';

/** What holds wherever the region is entered, or it is not. */
export interface RegionFacts {
  /** ES, SS and DS begin at 0, reach to the end, and may be written. */
  readonly isFlat: boolean;
  /** EIP of the page's first byte, where the code was compiled for one such place only. */
  readonly codeBase: number | undefined;
  /** The x87 and SSE units may be used, nothing is pending, and x87 exceptions are masked. */
  readonly unitsReady: boolean;
}

/** Ways between blocks, by the offset in the page where they lead. */
export interface BlockWays {
  goToOffset(offset: number): void;
}

const flatSegments = [segmentIndex.es, segmentIndex.ss, segmentIndex.ds].map(segmentAddress);

/** The general register in a record's register field, and which byte of it. */
const registerOf = (address: number): { readonly number: number; readonly high: boolean } => {
  const distance = address - registerAddress(0);
  return { number: distance >> 3, high: (distance & 7) === 1 };
};

const unused = (): never => assert(false, 'compiled code has no records') as never;
const noFlow = (here: Value): Flow => ({ record: here, next: unused, enter: unused, exit: unused });

export class RegionEmitter extends RecordEmitter {
  constructor(
    private readonly region: RegionFunction,
    functions: ModuleFunctions,
    variant: HandlerVariant,
    private readonly view: DataView,
    private readonly facts: RegionFacts,
    private readonly ways: BlockWays,
  ) {
    super(region.body, functions, noFlow(region.code.i32(region.here.record)), variant, region.here.number);
  }
  get unitsReady(): boolean {
    return this.facts.unitsReady;
  }

  // The record is known.

  private get address(): number {
    return this.region.here.record;
  }
  private half(field: number): number {
    return this.view.getUint16(this.address + field, true);
  }
  protected override field(name: 'rm' | 'reg' | 'base' | 'index' | 'segment' | 'pageOffset' | 'remaining'): Value {
    return this.i32(this.half(record[name]));
  }
  protected override word(name: 'immediate' | 'immediate2' | 'displacement' | 'addressMask' | 'link'): Value {
    return this.i32(this.view.getInt32(this.address + record[name], true));
  }
  override thisEip(): Value {
    return this.eipAt(this.region.here.offset);
  }
  override nextEip(): Value {
    return this.eipAt(this.region.here.offset + this.region.here.length);
  }
  private eipAt(offset: number): Value {
    const { codeBase } = this.facts;
    if (codeBase !== undefined) return this.i32((codeBase + offset) | 0);
    return this.hold(this.add(this.loadLate('i32.load', 0, at.codeBase), offset));
  }

  // Registers are locals.

  protected override registerAt(address: () => Value, width: Width): EmittedOperand {
    const known = address().constant;
    assert(known !== undefined, 'a register is known when it is compiled');
    const { number, high } = registerOf(known);
    const shape = this.constantOperand(0, width);
    return {
      ...shape,
      read: () => this.readRegister(number, width, high),
      write: (value) => this.writeRegister(number, width, high, value),
    };
  }
  private readRegister(number: number, width: Width, high: boolean): Value {
    const whole = this.region.register(number);
    return this.hold(this.zeroExtend(high ? this.shrUnsigned(whole, 8) : whole, width));
  }
  private writeRegister(number: number, width: Width, high: boolean, operand: Operand): void {
    const value = this.asValue(operand);
    if (width === 32) return this.region.setRegister(number, value);
    const mask = width === 16 ? 0xffff : 0xff;
    const part = this.and(value, mask);
    const placed = high ? this.shl(part, 8) : part;
    const kept = this.and(this.region.register(number), ~(high ? mask << 8 : mask));
    this.region.setRegister(number, this.or(kept, placed));
  }
  private addressRegister(field: 'base' | 'index'): Value {
    const address = this.half(record[field]);
    return address === zeroSlot ? this.i32(0) : this.region.register(registerOf(address).number);
  }
  protected override effectiveOffset(): Value {
    const scale = this.view.getUint8(this.address + record.scale);
    const base = this.addressRegister('base');
    const index = this.shl(this.addressRegister('index'), scale);
    const sum = this.add(this.add(base, index), this.word('displacement'));
    return this.hold(this.and(sum, this.word('addressMask')));
  }

  // Memory: the fast way, or the interpreter's.

  /** The host address of an access that the fast way covers. */
  private place(segment: Operand, offset: Value, bytes: number, kind: 'read' | 'write'): Value {
    const slot = this.asValue(segment).constant;
    const isFlat = slot === flatSlot || (this.facts.isFlat && flatSegments.includes(slot!));
    const linear = isFlat ? offset : this.linear(segment, offset);
    const entry = tlbEntryFor(this, linear);
    const hit = tagMatches(this, this.loadLate('i32.load', entry, tlbEntry[kind]), linear, bytes);
    const within = isFlat
      ? hit
      : this.and(withinTop(this, segment, offset, bytes, kind === 'read' ? 'readTop' : 'writeTop'), hit);
    this.unless(within);
    return this.hold(this.add(linear, this.loadLate('i32.load', entry, tlbEntry.addend)));
  }
  private unless(ok: Value): void {
    const { region } = this;
    region.arms(this.isZero(ok), () => region.bail());
  }
  protected override readMemory(segment: Operand, offset: Value, width: Width): Value {
    const place = this.place(segment, this.hold(offset), width / 8, 'read');
    return this.hold(this.loadLate(loadOpcodes[width], place));
  }
  protected override writeMemory(segment: Operand, offset: Value, width: Width, value: Operand): void {
    this.store(storeOpcodes[width], this.place(segment, this.hold(offset), width / 8, 'write'), value);
  }
  protected override readForWrite(segment: Operand, offset: Value, width: Width): { value: Value; place: Value } {
    const place = this.place(segment, this.hold(offset), width / 8, 'write');
    return { place, value: this.hold(this.loadLate(loadOpcodes[width], place)) };
  }
  protected override writeBack(place: Value, _segment: Value, _offset: Value, width: Width, value: Operand): void {
    this.store(storeOpcodes[width], place, value);
  }
  protected override readableBlock(segment: Operand, offset: Value, bytes: number): Value {
    return this.place(segment, this.hold(offset), bytes, 'read');
  }
  protected override writeBlockTo(segment: Operand, offset: Value, bytes: number): void {
    copyBlock(this, this.place(segment, this.hold(offset), bytes, 'write'), bytes);
  }
  override prepareStore(segment: SegmentName, offset: Value, width: Width): void {
    this.place(segmentAddress(segmentIndex[segment]), this.hold(offset), width / 8, 'write');
  }
  protected override writeVector(value: Value, bytes: 4 | 8 | 16, isAligned: boolean): void {
    const segment = this.field('segment');
    const offset = this.effectiveOffset();
    if (isAligned) this.requireAlignment(segment, offset, bytes);
    this.storeVector(this.place(segment, offset, bytes, 'write'), value, bytes, 0);
  }
  override vectorOperand(operand: HandlerOperand): EmittedOperand {
    const { shape, width, bank, isAligned } = operand;
    if (shape !== 'either') return super.vectorOperand(operand);
    assert(bank !== undefined, 'a vector operand has a bank');
    const bytes = (width / 8) as 4 | 8 | 16;
    const isRegister = this.half(record.rm) !== 0;
    const vector: VectorOperand = isRegister
      ? this.vectorRegister(this.field('rm'), bank, bytes)
      : this.vectorInMemory(bank, bytes, isAligned, false);
    return { ...this.constantOperand(0, 32), vector };
  }

  // What the interpreter does.

  protected override slow(): Value {
    this.region.bail();
    return this.i32(0);
  }
  protected override rememberRecord(): void {}
  override fault(): void {
    this.region.bail();
  }
  override transfer(_operation: SystemOperation): void {
    this.region.bail();
  }
  override plainRealMode(): Value {
    return this.facts.isFlat ? this.i32(0) : super.plainRealMode();
  }
  override setRealSegment(segment: SegmentName | Value, selector: Value): void {
    if (this.facts.isFlat) this.region.bail();
    else super.setRealSegment(segment, selector);
  }
  override repeating(): void {
    this.region.bail();
  }
  override repeatAgain(): void {
    this.region.bail();
  }
  override shared(name: string, args: readonly Operand[], write: (emit: this, args: readonly Value[]) => Value): Value {
    const index = this.functions.shared(name, args.length, (body) => {
      const emit = new SharedEmitter(body, this.functions, noFlow(this.i32(0)), this, this.handler);
      emit.return(
        write(
          emit as unknown as this,
          args.map((_, position) => emit.local(position, 'i32')),
        ),
      );
      body.op('unreachable');
    });
    const result = this.call(index, 'i32', ...args);
    this.unless(result);
    return result;
  }

  // Ways.

  override when(condition: Operand, then: () => void, otherwise?: () => void): void {
    const value = this.asValue(condition);
    if (value.constant !== undefined) return value.constant !== 0 ? then() : otherwise?.();
    this.region.arms(value, then, otherwise);
  }
  override loop(body: (again: () => void) => void): void {
    const { region } = this;
    region.forgetFlags();
    region.depth++;
    super.loop((again) =>
      body(() => {
        region.forgetFlags();
        again();
        region.terminated = true;
      }),
    );
    region.depth--;
    region.terminated = false;
    region.forgetFlags();
  }
  override relativeTarget(): CheckedTarget {
    const target = this.targetOffset();
    if (target === undefined) {
      this.region.bail();
      return { taken: () => {} };
    }
    if (target >= 0 && target <= 0xfff) return { taken: () => this.ways.goToOffset(target) };
    const eip = this.hold(this.zeroExtend(this.eipAt(target), this.width));
    this.checkLimit(eip);
    return { taken: () => this.region.search(eip) };
  }
  private targetOffset(): number | undefined {
    return relativeTargetOffset(this.view, this.address, this.width, this.facts.codeBase);
  }
  private checkLimit(target: Value): void {
    if (this.facts.isFlat || this.model === '8086') return;
    const limit = this.loadLate('i32.load', 0, segmentAddress(segmentIndex.cs) + segmentFields.limit);
    this.when(this.greaterUnsigned(target, limit), () => this.fault());
  }
  override jump(offset: Value, before?: () => void): void {
    const target = this.hold(offset);
    this.checkLimit(target);
    before?.();
    this.region.search(target);
  }
  override goTo(offset: Value): void {
    this.region.search(offset);
  }
  override refetch(): void {
    this.region.search(this.nextEip());
  }
  override next(): void {
    this.ways.goToOffset(this.region.here.offset + this.region.here.length);
  }
  override finish(endsBlock: boolean): void {
    if (endsBlock && !this.region.terminated) this.next();
  }

  // Flags.

  private get keptState(): FlagState {
    return this.region.flags;
  }
  private keep(state: FlagState, values: { left?: Value; right?: Value; result?: Value; carry?: Value }): void {
    const { region } = this;
    const held = Object.entries(values).map(([name, value]) => [name, this.hold(value)] as const);
    for (const [name, value] of held) region.set(name as 'left' | 'right' | 'result' | 'carry', value);
    region.flags = state;
  }
  override setAddFlags(left: Value, right: Value, result: Value, width: Width, withCarry = false): void {
    this.keep({ kind: withCarry ? 'addWithCarry' : 'add', width }, { left, right, result });
  }
  override setSubtractFlags(left: Value, right: Value, result: Value, width: Width, withBorrow = false): void {
    this.keep({ kind: withBorrow ? 'subtractWithBorrow' : 'subtract', width }, { left, right, result });
  }
  override setLogicFlags(result: Value, width: Width): void {
    this.keep({ kind: 'logic', width }, { result });
  }
  override setResultFlags(result: Value, width: Width, carry: Value, overflow: Value, auxiliary: 0 | 1 = 0): void {
    const kind = auxiliary === 0 ? 'result' : 'resultAuxiliary';
    this.keep({ kind, width }, { result, carry, left: overflow });
  }
  override setCarry(carry: Operand): void {
    const state = this.keptState;
    const value = this.asValue(carry);
    if (typeof state !== 'object' || state.kind === 'word')
      return this.setCarryAndOverflow(value, this.hold(this.flag('OF')));
    const { kind, width } = state;
    if (kind.startsWith('add')) return this.keep({ kind: 'addKeepingCarry', width }, { carry: value });
    if (kind.startsWith('subtract')) return this.keep({ kind: 'subtractKeepingCarry', width }, { carry: value });
    if (kind === 'logic') return this.keep({ kind: 'result', width }, { carry: value, left: this.i32(0) });
    this.keep(state, { carry: value });
  }
  override setCarryAndOverflow(carry: Value, overflow: Value): void {
    const held = [this.hold(carry), this.hold(overflow)] as const;
    this.settle();
    super.setCarryAndOverflow(...held);
  }
  override setStatusWord(word: Value): void {
    this.keep({ kind: 'word', width: 32 }, { result: word });
  }
  override statusWord(): Value {
    const state = this.keptState;
    if (typeof state === 'object' && state.kind === 'word') return this.hold(this.region.local('result'));
    this.settle();
    return super.statusWord();
  }
  /** Writes the flags, so that what follows finds them. */
  private settle(): void {
    this.region.settleFlags();
  }
  /** Writes flags of a known kind, by the interpreter's ways. */
  settleKnown(state: Exclude<FlagState, string>): void {
    const result = this.hold(this.region.kept.result);
    const writer = {
      setAddFlags: super.setAddFlags.bind(this),
      setSubtractFlags: super.setSubtractFlags.bind(this),
      setLogicFlags: super.setLogicFlags.bind(this),
      setResultFlags: super.setResultFlags.bind(this),
      setStatusWord: super.setStatusWord.bind(this),
      setCarry: (carry: Operand): void => {
        super.setCarryAndOverflow(this.asValue(carry), this.hold(super.flag('OF')));
      },
    };
    settle(writer, state, { ...this.region.kept, result });
  }
  override flag(name: FlagName): Value {
    const state = this.keptState;
    const known = typeof state === 'object' ? this.knownFlag(state, name) : undefined;
    if (known !== undefined) return known;
    this.settle();
    return super.flag(name);
  }
  private knownFlag({ kind, width }: Exclude<FlagState, string>, name: FlagName): Value | undefined {
    const { left, right, result, carry } = this.region.kept;
    const top = (value: Value): Value => this.and(this.shrUnsigned(value, width - 1), 1);
    if (kind === 'word') {
      const place = { CF: 0, PF: 2, AF: 4, ZF: 6, SF: 7, OF: 11 }[name];
      return this.and(this.shrUnsigned(result, place), 1);
    }
    if (name === 'ZF') return this.isZero(result);
    if (name === 'SF') return top(result);
    if (name === 'PF') return this.isZero(this.and(this.populationCount(this.and(result, 0xff)), 1));
    const isAdd = kind.startsWith('add');
    if (kind === 'logic') return this.i32(0);
    if (kind === 'result' || kind === 'resultAuxiliary') {
      return name === 'CF' ? carry : name === 'OF' ? left : this.i32(kind === 'result' ? 0 : 1);
    }
    if (name === 'AF') return this.and(this.shrUnsigned(this.xor(this.xor(left, right), result), 4), 1);
    const changed = this.xor(left, result);
    if (name === 'OF') return top(this.and(changed, isAdd ? this.xor(right, result) : this.xor(left, right)));
    if (kind === 'add') return this.lessUnsigned(result, left);
    if (kind === 'subtract') return this.lessUnsigned(left, right);
    if (kind.endsWith('KeepingCarry')) return carry;
    // With a carry in, a sum that equals an operand may have wrapped, so all three have a say.
    const carries = isAdd
      ? this.or(this.and(left, right), this.and(this.or(left, right), this.not(result)))
      : this.or(this.and(this.not(left), right), this.and(this.or(this.not(left), right), result));
    return top(carries);
  }
  override condition(code: number): Value {
    const state = this.keptState;
    const direct = typeof state === 'object' ? this.comparison(state, code >> 1) : undefined;
    if (direct === undefined) {
      // Reading one flag may write them all, so that comes first.
      if (typeof state !== 'object') this.settle();
      return super.condition(code);
    }
    return (code & 1) === 0 ? direct : this.isZero(direct);
  }
  /** Conditions that compare the operands themselves. */
  private comparison({ kind, width }: Exclude<FlagState, string>, code: number): Value | undefined {
    const { left, right, result } = this.region.kept;
    if (kind === 'logic') {
      const sign = this.lessSigned(this.signExtend(result, width), 0);
      const zero = this.isZero(result);
      return [undefined, undefined, zero, zero, sign, undefined, sign, this.or(sign, zero)][code];
    }
    if (code === 4) return kind === 'word' ? undefined : this.lessSigned(this.signExtend(result, width), 0);
    if (kind !== 'subtract' && kind !== 'subtractKeepingCarry') return undefined;
    const [a, b] = [this.signExtend(left, width), this.signExtend(right, width)];
    if (code === 2) return this.isZero(result);
    if (code === 1 && kind === 'subtract') return this.lessUnsigned(left, right);
    if (code === 3 && kind === 'subtract') return this.isZero(this.greaterUnsigned(left, right));
    if (code === 6) return this.lessSigned(a, b);
    if (code === 7) return this.isZero(this.lessSigned(b, a));
    return undefined;
  }
}

/** Code that instructions share: whatever it cannot do is for the interpreter, which its answer 0 tells. */
class SharedEmitter extends RecordEmitter {
  protected override slow(): Value {
    this.return(0);
    return this.i32(0);
  }
  protected override rememberRecord(): void {}
  override fault(): void {
    this.return(0);
  }
}

/**
 * Where a relative jump leads, as an offset in its page, outside 0 to 4095 where it leaves the page. Undefined where that depends on where
 * the page lies, as with 16-bit operands.
 */
export function relativeTargetOffset(
  view: DataView,
  at: number,
  width: 16 | 32,
  codeBase: number | undefined,
): number | undefined {
  const next = view.getUint16(at + record.pageOffset, true) + view.getUint8(at + record.length);
  const distance = view.getInt32(at + record.immediate, true);
  if (width === 32) return next + distance;
  return codeBase === undefined ? undefined : ((codeBase + next + distance) & 0xffff) - codeBase;
}
