/**
 * System instructions without leaving WebAssembly, where what they ask for is plain: tried in front of their slow paths, which know every
 * case. Models before the 80386 always take the slow ways.
 */
import type { SystemOperation } from '../../instructions/system-operations.js';
import { at, flagBits, segmentIndex } from '../../layout.js';
import { atLeast } from '../../model.js';
import { cr0Bits } from '../../system/control-bits.js';
import type { Operand, Value } from '../../wasm/values.js';
import { word } from './function-code.js';
import { StringCode } from './string-code.js';

const alwaysOne = 2;

/** Adds quick ways to slow paths. */
export abstract class SystemCode extends StringCode {
  get hasQuickWays(): boolean {
    return this.functions.hasQuickWays && atLeast(this.model, '80386');
  }
  override system(operation: SystemOperation, a: Operand = 0, b: Operand = 0): Value {
    const slowly = (): Value => super.system(operation, a, b);
    if (!this.hasQuickWays) return slowly();
    const none = this.i32(0);
    switch (operation) {
      case 'requirePrivilege':
        this.when(word(this, 'cpl'), slowly);
        return none;
      case 'requireProtectedMode':
        this.when(this.isZero(this.usesDescriptors()), slowly);
        return none;
      case 'clearTaskSwitched':
        this.store('i32.store', 0, this.and(word(this, 'cr0'), ~cr0Bits.TS), at.cr0);
        return none;
      case 'checkQuadword':
        this.when(this.and(this.otherFlags(), flagBits.AC), slowly);
        return none;
      case 'readControl':
        return this.readControl(this.asValue(a), slowly);
      case 'loadSegment':
      case 'loadSegmentShadowed':
        if (this.asValue(a).constant === segmentIndex.ss) return slowly();
        this.loadDataSegment(this.asValue(a), this.asValue(b), slowly);
        return none;
      default:
        return slowly();
    }
  }
  private usesDescriptors(): Value {
    const isProtected = this.and(word(this, 'cr0'), cr0Bits.PE);
    return this.and(isProtected, this.isZero(this.and(this.otherFlags(), flagBits.VM)));
  }
  /** CR0, CR2 and CR3 lie in a row. */
  private readControl(number: Value, slowly: () => Value): Value {
    const result = this.variable(0);
    const index = this.hold(this.sub(number, this.notEqual(number, 0)));
    const exists = this.and(this.notEqual(number, 1), this.lessUnsigned(number, 4));
    this.when(
      this.and(exists, this.isZero(word(this, 'cpl'))),
      () => result.set(this.loadLate('i32.load', this.shl(index, 2), at.cr0)),
      () => result.set(slowly()),
    );
    return this.hold(result);
  }
  protected loadDataSegment(number: Value, selector: Value, slowly: () => void): void {
    const done = this.call(this.functions.loadDataSegment, 'i32', number, selector);
    this.when(this.isZero(done), slowly);
  }

  /** Tries a transfer; not 0 where it was done, with EIP set. Undefined where there is no quick way. */
  protected quickTransfer(operation: SystemOperation, a: Operand): Value | undefined {
    const { traps, fastCalls } = this.functions;
    if (!this.hasQuickWays || traps === undefined || fastCalls === undefined) return undefined;
    switch (operation) {
      case 'interrupt': {
        const image = this.hold(this.or(this.or(this.statusWord(), this.otherFlags()), alwaysOne));
        return this.call(traps.deliver, 'i32', a, this.nextEip(), image, 1, 0, 0);
      }
      case 'interruptReturn':
        return this.width === 32 ? this.call(traps.return, 'i32', this.field('remaining')) : undefined;
      case 'fastCall':
        return this.call(fastCalls.call, 'i32');
      case 'fastReturn':
        return this.call(fastCalls.return, 'i32');
      default:
        return undefined;
    }
  }
  abstract nextEip(): Value;
}
