/** The emitter of the interpreter: operands come from the decoded record, state from memory. */
import { assert } from '../../../base/assert.js';
import type { CheckedTarget, Emitter } from '../../instructions/emitter.js';
import type { Width } from '../../instructions/instruction.js';
import type { SystemOperation } from '../../instructions/system-operations.js';
import {
  at,
  flatSlot,
  realDataAttributes,
  record,
  regions,
  segmentAddress,
  segmentFields,
  segmentIndex,
  type SegmentName,
} from '../../layout.js';
import type { Operand, Value } from '../../wasm/values.js';
import type { FunctionBody } from '../../wasm/body.js';
import type { Flow } from './flow.js';
import { SystemCode } from './system-code.js';

/** Adds where execution goes: jumps, blocks, repetition. */
export class RecordEmitter extends SystemCode implements Emitter {
  private iterate: (() => void) | undefined;

  protected over(body: FunctionBody, flow: Flow): this {
    return new RecordEmitter(body, this.functions, flow, this, this.handler) as this;
  }

  /** Emits a repeatable meaning inside a loop that `repeatAgain` goes round. */
  repeating(body: () => void): void {
    this.loop((again) => {
      this.iterate = again;
      body();
    });
  }

  // Segments and tables.

  selector(segment: SegmentName): Value {
    return this.loadLate('i32.load', 0, segmentAddress(segmentIndex[segment]) + segmentFields.selector);
  }
  selectorOf(number: Value): Value {
    return this.loadLate('i32.load', this.segmentSlot(number), segmentFields.selector);
  }
  plainRealMode(): Value {
    const real = this.isZero(this.and(this.loadLate('i32.load', 0, at.cr0), 1));
    const attributes = this.loadLate('i32.load', 0, segmentAddress(segmentIndex.cs) + segmentFields.attributes);
    return this.and(real, this.equal(attributes, realDataAttributes));
  }
  cycles(): Value {
    const spent = this.add(this.loadLate('i32.load', 0, at.budget), this.field('remaining'));
    return this.wide('sub', this.loadLate('i64.load', 0, at.cyclesEnd), this.widen(spent, 'unsigned'));
  }
  interruptRequested(): Value {
    return this.loadLate('i32.load', 0, at.interruptRequested);
  }
  nonMaskableState(): Value {
    return this.loadLate('i32.load', 0, at.nmi);
  }
  setRealSegment(segment: SegmentName | Value, selector: Value): void {
    const slot =
      typeof segment === 'string' ? this.i32(segmentAddress(segmentIndex[segment])) : this.segmentSlot(segment);
    this.store('i32.store', slot, selector, segmentFields.selector);
    this.store('i32.store', slot, this.shl(selector, 4), segmentFields.base);
  }
  private segmentSlot(number: Value): Value {
    return this.add(this.mul(number, segmentAddress(1) - segmentAddress(0)), segmentAddress(0));
  }
  withinCode(offset: Value): Value {
    const limit = this.loadLate('i32.load', 0, segmentAddress(segmentIndex.cs) + segmentFields.limit);
    return this.isZero(this.greaterUnsigned(offset, limit));
  }
  loadLinear(linear: Value, width: Width): Value {
    return this.readMemory(flatSlot, linear, width);
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
  thisEip(): Value {
    return this.add(this.loadLate('i32.load', 0, at.codeBase), this.field('pageOffset'));
  }
  nextEip(): Value {
    return this.hold(this.add(this.thisEip(), this.loadLate('i32.load8_u', this.flow.record, record.length)));
  }
  relativeTarget(): CheckedTarget {
    const link = this.hold(this.linkHere());
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
  /**
   * The record's link, 0 where it has none. A jump with 16-bit operands leaves a page that lies beyond EIP 64 KiB, so a link
   * made where the same page is reached through a lower address does not hold there.
   */
  private linkHere(): Value {
    const link = this.word('link');
    if (this.width === 32) return link;
    const isLow = this.isZero(this.shrUnsigned(this.loadLate('i32.load', 0, at.codeBase), 16));
    return this.and(link, this.sub(0, isLow));
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
  goTo(offset: Value): void {
    this.flow.enter(this, this.lookup(offset));
  }
  refetch(): void {
    this.flow.enter(this, this.lookup(this.nextEip()));
  }
  transfer(operation: SystemOperation, a: Operand = 0, b: Operand = 0): void {
    const goOn = (): void => this.flow.enter(this, this.lookup(this.load('i32.load', 0, at.eip)));
    const done = this.quickTransfer(operation, a);
    if (done !== undefined) this.when(done, goOn);
    this.system(operation, a, b);
    goOn();
  }
  repeatAgain(): void {
    assert(this.iterate !== undefined, 'repeatAgain belongs to a repeatable instruction');
    const changed = this.notEqual(this.loadLate('i32.load16_u', this.flow.record, record.handler), this.handler);
    // A record outside the tables is not told when its bytes change: it is decoded anew each time.
    const alone = this.lessUnsigned(this.flow.record, regions.codeLines);
    this.countRepeated(1);
    const budget = this.load('i32.load', 0, at.budget);
    this.when(this.or(this.or(changed, alone), this.isZero(budget)), () => {
      this.store('i32.store', 0, 1, at.betweenIterations);
      const found = this.lookup(this.hold(this.thisEip()));
      this.store('i32.store', 0, 0, at.betweenIterations);
      this.flow.enter(this, found);
    });
    this.store('i32.store', 0, this.sub(budget, 1), at.budget);
    this.iterate();
  }

  /** Falls out of the meaning: on with the next record, or the next block. */
  finish(endsBlock: boolean): void {
    if (endsBlock) this.next();
    else this.flow.next(this);
  }
}
