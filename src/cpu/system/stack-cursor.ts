import type { Core } from './core.js';
import { stackFaultVector } from './core.js';
import { segmentIndex } from '../layout.js';
import { attributeBits, attributesOf, baseOf, type Descriptor, limitOf, withinSegment } from './segments.js';

/**
 * A stack that is pushed to or popped from without touching ESP until everything succeeded, so that a fault on the way
 * leaves the registers as they were.
 */
export class StackCursor {
  pointer: number;
  private readonly mask: number;

  private constructor(
    private readonly core: Core,
    private readonly base: number,
    private readonly limit: number,
    private readonly attributes: number,
    pointer: number,
    private readonly user: boolean,
    private readonly errorCode: number,
  ) {
    this.mask = (attributes & attributeBits.big) !== 0 ? -1 : 0xffff;
    this.pointer = pointer & this.mask;
  }

  /** The stack in use now. */
  static current(core: Core): StackCursor {
    const ss = segmentIndex.ss;
    const [base, limit] = [core.segmentField(ss, 'base'), core.segmentField(ss, 'limit')];
    return new StackCursor(core, base, limit, core.segmentField(ss, 'attributes'), core.register(4), core.userLevel, 0);
  }
  /** A stack about to be switched to. */
  static of(core: Core, selector: number, descriptor: Descriptor, pointer: number, user: boolean): StackCursor {
    const [base, limit] = [baseOf(descriptor), limitOf(descriptor)];
    return new StackCursor(core, base, limit, attributesOf(descriptor), pointer, user, selector & 0xfffc);
  }

  push(value: number, bytes: 2 | 4): void {
    const pointer = (this.pointer - bytes) & this.mask;
    this.check(pointer, bytes, true);
    this.core.writeLinear((this.base + pointer) | 0, value, bytes, this.user);
    this.pointer = pointer;
  }
  pop(bytes: 2 | 4): number {
    this.check(this.pointer, bytes, false);
    const value = this.core.readLinear((this.base + this.pointer) | 0, bytes, this.user);
    this.pointer = (this.pointer + bytes) & this.mask;
    return value;
  }
  skip(bytes: number): void {
    this.pointer = (this.pointer + bytes) & this.mask;
  }
  private check(pointer: number, bytes: number, write: boolean): void {
    // The 8086 has no limits: a word at the segment's end wraps, which the physical address mask sees to.
    if (this.core.model === '8086') return;
    if (!withinSegment(this.attributes, this.limit, pointer, bytes, write)) {
      this.core.fault(stackFaultVector(this.core), this.errorCode);
    }
  }
  /** Moves ESP, or SP alone on a 16-bit stack. */
  commit(): void {
    if (this.mask === -1) this.core.setRegister(4, this.pointer);
    else this.core.setRegister(4, this.pointer, 2);
  }
}
