/**
 * The emitter of compiled regions: operands are constants and locals, and whatever the fast way does not cover is left to the
 * interpreter, which runs the instruction from its start. That is exact, as no instruction does anything that a restart must not see
 * before the last thing that may fault; the one that might is left before it begins.
 */
import { assert } from '../../../base/assert.js';
import { displayWordAt } from '../../display-mapping.js';
import type { CheckedTarget, EmittedOperand, VectorOperand } from '../../instructions/emitter.js';
import type { Width } from '../../instructions/instruction.js';
import type { SystemOperation } from '../../instructions/system-operations.js';
import {
  at,
  flatSlot,
  record,
  segmentAddress,
  segmentFields,
  segmentIndex,
  type SegmentName,
  tlbEntry,
  zeroSlot,
} from '../../layout.js';
import type { ProcessorModel } from '../../model.js';
import { constantExpression } from '../../wasm/expressions.js';
import { type Compound, compound, type Operand, type Value } from '../../wasm/values.js';
import { RecordEmitter } from '../interpreter/emitter.js';
import type { Flow } from '../interpreter/flow.js';
import { touchesCode } from '../interpreter/function-code.js';
import type { Handler, HandlerOperand } from '../interpreter/handlers.js';
import { copyBlock, tagDiffers, tlbDistanceOf, withinTop } from '../interpreter/memory-code.js';
import { OperandOfVector } from '../interpreter/operands.js';
import { loadOpcodes, type ModuleFunctions, storeOpcodes } from '../interpreter/record-code.js';
import { flatConditionsOf, flatSegments, type RegionFacts } from './region-facts.js';
import { RegionFlagCode } from './region-flag-code.js';
import type { RegionFunction } from './region-function.js';
import { registerNumber, RegisterOperand } from './register-operand.js';
import { LocalVector, xmmNumber } from './region-vectors.js';

/**
 * Functions that fill the TLB, by index: (linear, bytes) to a host address, 0 where the interpreter has to look; `store` is given the
 * value as well. See `../interpreter/window-code.ts`.
 */
export type RegionRefills = Pick<ModuleFunctions['refills'], 'read' | 'write' | 'change' | 'store'>;

/** Ways between blocks, by the offset in the page where they lead. */
export interface BlockWays {
  goToOffset(offset: number): void;
}

let knownDistance: Compound | undefined;
const tlbDistance = (): Compound => (knownDistance ??= compound(tlbDistanceOf));
const knownComparisons = new Map<number, Compound>();
function tagComparison(bytes: number): Compound {
  const known = knownComparisons.get(bytes) ?? compound((code, tag) => tagDiffers(code, tag, tag, bytes));
  knownComparisons.set(bytes, known);
  return known;
}

const unused = (): never => assert(false, 'compiled code has no records') as never;
const noFlow: Flow = { record: constantExpression(0), next: unused, enter: unused, exit: unused };

export class RegionEmitter extends RegionFlagCode {
  /** The data segment register that the instruction at hand has loaded. */
  private loadedSegment: number | undefined;
  /** None where the interpreter fills the TLB: nothing is called then. */
  private refills: RegionRefills | undefined;

  constructor(
    region: RegionFunction,
    functions: ModuleFunctions,
    model: ProcessorModel,
    private readonly view: DataView,
    private readonly facts: RegionFacts,
    private readonly ways: BlockWays,
  ) {
    super(region, functions, noFlow, { width: 32, addressWidth: 32, stackWidth: 32, repeat: 'none', model });
    this.units = facts.unitsReady ? 'ready' : 'left';
  }
  /** Goes on with the instruction that the region has at hand. */
  begin({ variant }: Handler, refills: RegionRefills | undefined): void {
    this.become(variant, this.region.here.number);
    this.refills = refills;
    this.loadedSegment = undefined;
  }
  override get isSettled(): boolean {
    this.region.asksMxcsr = true;
    return this.facts.isSettled;
  }
  override get isExact(): boolean {
    return this.facts.isExact;
  }
  override cycles(): Value {
    const spent = this.add(this.region.local('budget'), this.region.unspentCycles);
    return this.wide('sub', this.loadLate('i64.load', 0, at.cyclesEnd), this.widen(spent, 'unsigned'));
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

  protected override registerAt(address: Value, width: Width): EmittedOperand {
    assert(address.constant !== undefined, 'a register is known when it is compiled');
    return new RegisterOperand(this, this.region, address.constant, width);
  }
  private addressRegister(field: 'base' | 'index'): Value {
    const address = this.half(record[field]);
    return address === zeroSlot ? this.i32(0) : this.region.register(registerNumber(address));
  }
  override effectiveOffset(): Value {
    const scale = this.view.getUint8(this.address + record.scale);
    const base = this.addressRegister('base');
    const index = this.shl(this.addressRegister('index'), scale);
    const sum = this.add(this.add(base, index), this.word('displacement'));
    return this.hold(this.and(sum, this.word('addressMask')));
  }

  // Memory: the fast way, or the interpreter's.

  /**
   * The host address of an access that the fast way covers, to be used once unless it is held; `stored` is what is stored there.
   */
  private place(
    segment: Operand,
    offset: Value,
    bytes: number,
    kind: 'read' | 'write',
    refill: keyof RegionRefills = kind,
    ...stored: Value[]
  ): Value {
    const slot = this.asValue(segment).constant;
    const isFlat = slot === flatSlot || (this.facts.isFlat && flatSegments.includes(slot!));
    const linear = isFlat ? offset : this.linear(segment, offset);
    const half = this.facts.tlb ?? 0;
    const isKnown = linear.constant !== undefined;
    const distance = isKnown ? tlbDistanceOf(this, linear) : this.compound(tlbDistance(), linear, linear);
    const entry = this.hold(half === 0 ? this.add(distance, this.loadLate('i32.load', 0, at.tlb)) : distance);
    if (!isFlat) this.unless(withinTop(this, segment, offset, bytes, kind === 'read' ? 'readTop' : 'writeTop'));
    const tag = this.loadLate('i32.load', entry, half + tlbEntry[kind]);
    const isMiss = isKnown ? tagDiffers(this, tag, linear, bytes) : this.compound(tagComparison(bytes), tag, linear);
    const hit = this.add(linear, this.loadLate('i32.load', entry, half + tlbEntry.addend));
    const { region, refills } = this;
    // No way through here leaves the flags otherwise than they were.
    if (refills === undefined) {
      region.rarely(isMiss, () => region.bail(true));
      return hit;
    }
    const place = this.variable(hit);
    const otherwise = (): void => {
      place.set(this.call(refills[refill], 'i32', linear, this.i32(bytes), ...stored));
      region.rarely(this.isZero(place), () => region.bail());
    };
    region.rarely(isMiss, () => {
      if (kind === 'read') return otherwise();
      const beside = this.loadLate('i32.load', entry, half + tlbEntry.writeCode);
      const isElsewhere = this.variable(tagDiffers(this, beside, linear, bytes));
      region.arms(this.isZero(isElsewhere), () => isElsewhere.set(touchesCode(this, place, bytes)));
      region.rarely(isElsewhere, otherwise);
    });
    return place;
  }
  private unless(ok: Value): void {
    const { region } = this;
    region.arms(this.isZero(ok), () => region.bail());
  }
  override readMemory(segment: Operand, offset: Value, width: Width): Value {
    const place = this.place(segment, this.hold(offset), width / 8, 'read');
    return this.hold(this.loadLate(loadOpcodes[width], place));
  }
  override writeMemory(segment: Operand, offset: Value, width: Width, value: Operand): void {
    const stored = this.asValue(value);
    const place = this.place(segment, this.hold(offset), width / 8, 'write', 'store', stored);
    this.store(storeOpcodes[width], place, stored);
  }
  override readForWrite(segment: Operand, offset: Value, width: Width): { value: Value; place: Value } {
    const place = this.hold(this.place(segment, this.hold(offset), width / 8, 'write', 'change'));
    return { place, value: this.hold(this.loadLate(loadOpcodes[width], place)) };
  }
  override writeBack(place: Value, segment: Value, offset: Value, width: Width, value: Operand): void {
    this.store(storeOpcodes[width], place, value);
    const { refills } = this;
    if (refills === undefined) return;
    // What was read in a display's window lies apart, and can be written there for sure.
    this.region.rarely(this.equal(place, displayWordAt('value')), () => {
      const linear = this.linear(segment, offset);
      this.perform(this.call(refills.store, 'i32', linear, this.i32(width / 8), this.asValue(value)));
    });
  }
  override readableBlock(segment: Operand, offset: Value, bytes: number): Value {
    return this.hold(this.place(segment, this.hold(offset), bytes, 'read'));
  }
  override writeBlockTo(segment: Operand, offset: Value, bytes: number): void {
    copyBlock(this, this.hold(this.place(segment, this.hold(offset), bytes, 'write')), bytes);
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
  protected override vectorRegister(address: Value, bank: 'mmx' | 'xmm', bytes: 4 | 8 | 16): VectorOperand {
    if (bank === 'mmx') return super.vectorRegister(address, bank, bytes);
    assert(address.constant !== undefined, 'a register is known when it is compiled');
    return new LocalVector(this, this.region, xmmNumber(address.constant), bytes);
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
    return new OperandOfVector(vector);
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
  override leaveUndone(): void {
    // Only some ways lead here.
    this.region.depth++;
    this.region.bail();
    this.region.depth--;
    this.region.terminated = false;
  }
  override rereadsWhen(condition: Operand): void {
    this.when(condition, () => this.region.bail());
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
  protected override loadDataSegment(number: Value, selector: Value, slowly: () => void): void {
    super.loadDataSegment(number, selector, slowly);
    assert(number.constant !== undefined, 'a segment register is known when it is compiled');
    this.loadedSegment = number.constant;
  }
  override repeating(): void {
    this.region.bail();
  }
  override repeatAgain(): void {
    this.region.bail();
  }
  override shared(name: string, args: readonly Operand[], write: (emit: this, args: readonly Value[]) => Value): Value {
    const index = this.functions.shared(name, args.length, (body) => {
      const emit = new SharedEmitter(body, this.functions, noFlow, this, this.handler);
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
    return { taken: () => this.region.searchElsewhere(eip) };
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
    if (this.loadedSegment === undefined) return this.region.search(this.nextEip());
    const conditions = this.facts.isFlat ? flatConditionsOf(this.loadedSegment) : [];
    const wrong = conditions.map(({ address, value }) => this.xor(this.loadLate('i32.load', 0, address), value));
    const isLost = wrong.reduce((all, each) => this.or(all, each), this.i32(0));
    this.when(isLost, () => this.region.leave(this.nextEip()));
    this.next();
  }
  override next(): void {
    this.ways.goToOffset(this.region.here.offset + this.region.here.length);
  }
  override finish(endsBlock: boolean): void {
    if (endsBlock && !this.region.terminated) this.next();
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
