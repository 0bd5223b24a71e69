/** Memory accesses of handlers: the TLB hit inlined, everything else through a slow path. */
import type { Width } from '../../instructions/instruction.js';
import {
  at,
  regions,
  segmentAddress,
  segmentFields,
  segmentIndex,
  type SegmentName,
  tlbEntry,
  tlbIndexBits,
  tlbPlace,
} from '../../layout.js';
import type { Code, Operand, Value } from '../../wasm/values.js';
import { blockSizes, loadOpcodes, RecordCode, storeOpcodes } from './record-code.js';

/** How far the TLB entry for a linear address lies from the first of its quarter. */
export function tlbDistanceOf(code: Code, linear: Value): Value {
  const mixed = code.xor(linear, code.shrUnsigned(linear, tlbIndexBits));
  return code.and(code.shrUnsigned(mixed, tlbPlace.shift), tlbPlace.mask);
}

/** The address of the TLB entry for a linear address. */
export function tlbEntryFor(code: Code, linear: Value): Value {
  return code.hold(code.add(tlbDistanceOf(code, linear), code.loadLate('i32.load', 0, at.tlb)));
}

/** The page number that a tag must have for all bytes of an access. */
const tagOf = (code: Code, linear: Value, bytes: number): Value => code.and(code.add(linear, bytes - 1), ~0xfff);
/** Whether all bytes of an access lie in the page that a tag names. */
export const tagMatches = (code: Code, tag: Value, linear: Value, bytes: number): Value =>
  code.equal(tag, tagOf(code, linear, bytes));
/** The opposite, as any number but 0: V8 puts what a difference leads to behind everything else, and what an inequality leads to in between. */
export const tagDiffers = (code: Code, tag: Value, linear: Value, bytes: number): Value =>
  code.sub(tag, tagOf(code, linear, bytes));

/** Whether an access lies below a segment's top, in 64 bits so that nothing wraps. */
export function withinTop(
  code: Code,
  segment: Operand,
  offset: Value,
  bytes: Operand,
  top: 'readTop' | 'writeTop',
): Value {
  const first = code.widen(offset, 'unsigned');
  const more = typeof bytes === 'number' ? code.i64(BigInt(bytes - 1)) : code.widen(code.sub(bytes, 1), 'unsigned');
  const end = bytes === 1 ? first : code.wide('add', first, more);
  return code.wide('lt_s', end, code.loadLate('i64.load', segment, segmentFields[top]));
}

/** Copies the first bytes of `regions.block` to a host address. */
export function copyBlock(code: Code, to: Value, bytes: number): void {
  if (bytes > 2 * blockSizes.at(-1)!) return code.copyMemory(to, regions.block, bytes);
  let at = 0;
  for (; at + 8 <= bytes; at += 8) code.store('i64.store', to, code.loadLate('i64.load', 0, regions.block + at), at);
  for (; at + 2 <= bytes; at += 2) {
    code.store('i32.store16', to, code.loadLate('i32.load16_u', 0, regions.block + at), at);
  }
}

/** Adds accesses through a segment. */
export class MemoryCode extends RecordCode {
  linear(segment: Operand, offset: Value): Value {
    return this.hold(this.add(offset, this.loadLate('i32.load', segment, segmentFields.base)));
  }
  protected hit(
    segment: Operand,
    offset: Value,
    bytes: number,
    kind: 'read' | 'write',
  ): { linear: Value; entry: Value; ok: Value } {
    const linear = this.linear(segment, offset);
    const entry = tlbEntryFor(this, linear);
    const ok = this.and(
      withinTop(this, segment, offset, bytes, kind === 'read' ? 'readTop' : 'writeTop'),
      tagMatches(this, this.loadLate('i32.load', entry, tlbEntry[kind]), linear, bytes),
    );
    return { linear, entry, ok };
  }
  readMemory(segment: Operand, at: Value, width: Width): Value {
    const offset = this.hold(at);
    const { linear, entry, ok } = this.hit(segment, offset, width / 8, 'read');
    const result = this.variable(0);
    this.when(
      ok,
      () =>
        result.set(
          this.loadLate(loadOpcodes[width], this.add(linear, this.loadLate('i32.load', entry, tlbEntry.addend))),
        ),
      () => {
        this.rememberRecord();
        result.set(this.call(this.functions.read[width], 'i32', segment, offset));
        this.leaveIfFaulted();
      },
    );
    return result;
  }
  writeMemory(segment: Operand, at: Value, width: Width, value: Operand): void {
    const offset = this.hold(at);
    const { linear, entry, ok } = this.hit(segment, offset, width / 8, 'write');
    this.when(
      ok,
      () => this.store(storeOpcodes[width], this.add(linear, this.loadLate('i32.load', entry, tlbEntry.addend)), value),
      () => this.writeSlowly(segment, offset, width, value),
    );
  }
  protected writeSlowly(segment: Operand, offset: Value, width: Width, value: Operand): void {
    this.rememberRecord();
    this.callVoid(this.functions.write[width], segment, offset, value);
    this.leaveIfFaulted();
  }
  /** The value, and the host address to write to afterwards, 0 where the write must go the slow way. */
  readForWrite(segment: Operand, at: Value, width: Width): { value: Value; place: Value } {
    const offset = this.hold(at);
    const { linear, entry, ok } = this.hit(segment, offset, width / 8, 'write');
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
  /** Where the bytes can be read at this moment: in place, or copied to `regions.block`. */
  readableBlock(segment: Operand, at: Value, bytes: number): Value {
    const offset = this.hold(at);
    const { linear, entry, ok } = this.hit(segment, offset, bytes, 'read');
    const place = this.variable(regions.block);
    this.when(
      ok,
      () => place.set(this.add(linear, this.loadLate('i32.load', entry, tlbEntry.addend))),
      () => {
        this.rememberRecord();
        place.set(this.call(this.functions.findBlock, 'i32', segment, offset, bytes));
        this.leaveIfFaulted();
      },
    );
    return place;
  }
  /** Writes the first bytes of `regions.block`. */
  writeBlockTo(segment: Operand, at: Value, bytes: number): void {
    const offset = this.hold(at);
    const { linear, entry, ok } = this.hit(segment, offset, bytes, 'write');
    this.when(
      ok,
      () => copyBlock(this, this.hold(this.add(linear, this.loadLate('i32.load', entry, tlbEntry.addend))), bytes),
      () => {
        this.rememberRecord();
        const size = blockSizes.find((each) => each === bytes);
        if (size === undefined) this.slow('writeBlock', this.asValue(segment), offset, this.i32(bytes));
        else this.callVoid(this.functions.writeBlock[size], segment, offset);
        this.leaveIfFaulted();
      },
    );
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
  /** Checks that a block could be written. */
  probeBlockAt(segment: Operand, offset: Value, bytes: number): void {
    this.slow('probeBlock', this.asValue(segment), offset, this.i32(bytes));
  }
  prepareStore(segment: SegmentName, at: Value, width: Width): void {
    const offset = this.hold(at);
    const address = segmentAddress(segmentIndex[segment]);
    const { ok } = this.hit(address, offset, width / 8, 'write');
    this.when(this.isZero(ok), () => void this.slow('probeWrite', this.i32(address), offset, this.i32(width / 8)));
  }
}
