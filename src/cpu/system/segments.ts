/** Segment registers: real-mode loads, descriptors, and the limits that the fast paths compare with. */
import { flagBits, realDataAttributes, segmentAddress, segmentFields, segmentIndex, wordIndex } from '../layout.js';
import type { Core } from './core.js';
import { cr0Bits, vectors } from './core.js';

/** A descriptor's two words (Intel SDM Vol. 3A, figure 3-8), and where it lies. */
export interface Descriptor {
  readonly low: number;
  readonly high: number;
  readonly linear: number;
}

/** Attributes as kept in a segment slot: descriptor bits 40 to 55 in bits 0 to 15. */
export const attributeBits = {
  accessed: 1,
  writableOrReadable: 2,
  expandDownOrConforming: 4,
  code: 8,
  codeOrData: 0x10,
  present: 0x80,
  big: 0x4000,
} as const;

export const attributesOf = (descriptor: Descriptor): number => (descriptor.high >>> 8) & 0xf0ff;
export const typeOf = (descriptor: Descriptor): number => (descriptor.high >>> 8) & 0x1f;
export const privilegeOf = (descriptor: Descriptor): number => (descriptor.high >>> 13) & 3;
export const isPresent = (descriptor: Descriptor): boolean => (descriptor.high & 0x8000) !== 0;
export const isCode = (descriptor: Descriptor): boolean => (typeOf(descriptor) & 0x18) === 0x18;
export const isConforming = (descriptor: Descriptor): boolean => (typeOf(descriptor) & 0x1c) === 0x1c;
export const isWritableData = (descriptor: Descriptor): boolean => (typeOf(descriptor) & 0x1a) === 0x12;
const canBeRead = (descriptor: Descriptor): boolean =>
  (typeOf(descriptor) & 0x10) !== 0 && (typeOf(descriptor) & 0x0a) !== 0x08;

export const baseOf = ({ low, high }: Descriptor): number =>
  (low >>> 16) | ((high & 0xff) << 16) | (high & 0xff00_0000);
export function limitOf({ low, high }: Descriptor): number {
  const limit = (low & 0xffff) | (high & 0xf_0000);
  return (high & 0x80_0000) !== 0 ? (limit << 12) | 0xfff : limit;
}

/** Recomputes the 64-bit tops that fast accesses compare with. */
export function deriveTops(core: Core, segment: number): void {
  const attributes = core.segmentField(segment, 'attributes');
  const limit = core.segmentField(segment, 'limit');
  const { present, code, codeOrData, writableOrReadable, expandDownOrConforming } = attributeBits;
  let isReadable = false;
  let isWritable = false;
  const usable = (attributes & present) !== 0 && (attributes & codeOrData) !== 0 && !core.alignmentChecked;
  const isCodeSegment = (attributes & code) !== 0;
  const expandsDown = !isCodeSegment && (attributes & expandDownOrConforming) !== 0;
  if (usable && !expandsDown) {
    const rights = (attributes & writableOrReadable) !== 0;
    isReadable = !isCodeSegment || rights;
    isWritable = !isCodeSegment && rights;
  }
  setTop(core, segmentAddress(segment) + segmentFields.readTop, isReadable, limit);
  setTop(core, segmentAddress(segment) + segmentFields.writeTop, isWritable, limit);
}

/** One more than a limit, in 64 bits; or 0. */
function setTop(core: Core, address: number, allowed: boolean, limit: number): void {
  core.i32[address >> 2] = allowed ? (limit + 1) | 0 : 0;
  core.i32[(address + 4) >> 2] = allowed && limit === -1 ? 1 : 0;
}

/** Privilege, CR0.AM or AC changed: while alignment is checked no access may take the fast way. */
export function deriveAlignmentChecks(core: Core): void {
  const checked = core.userLevel && (core.get('cr0') & cr0Bits.AM) !== 0 && (core.otherFlags & flagBits.AC) !== 0;
  if (checked === core.alignmentChecked) return;
  core.alignmentChecked = checked;
  for (let segment = segmentIndex.es; segment <= segmentIndex.gs; segment++) deriveTops(core, segment);
}

/** Sets a segment slot whole. */
export function setSegment(
  core: Core,
  segment: number,
  selector: number,
  base: number,
  limit: number,
  attributes: number,
): void {
  core.setSegmentField(segment, 'selector', selector & 0xffff);
  core.setSegmentField(segment, 'base', base);
  core.setSegmentField(segment, 'limit', limit);
  core.setSegmentField(segment, 'attributes', attributes);
  deriveTops(core, segment);
}

/** A real-mode load changes selector and base; limit and rights stay (SDM Vol. 3A, section 9.9.2). */
export function loadRealSegment(core: Core, segment: number, selector: number): void {
  core.setSegmentField(segment, 'selector', selector & 0xffff);
  core.setSegmentField(segment, 'base', (selector & 0xffff) << 4);
  if (segment === segmentIndex.cs && !core.virtual8086) {
    // A far transfer in real mode makes CS an ordinary writable data segment again, its limit untouched.
    core.setSegmentField(
      segment,
      'attributes',
      realDataAttributes | (core.segmentField(segment, 'attributes') & attributeBits.big),
    );
    deriveTops(core, segment);
  }
}

/** Segments as virtual-8086 mode has them: 64 KiB, writable, privilege 3. */
export function loadVirtualSegment(core: Core, segment: number, selector: number): void {
  setSegment(core, segment, selector, (selector & 0xffff) << 4, 0xffff, 0xf3);
}

/** Reads a descriptor; undefined where the selector lies outside its table. */
export function findDescriptor(core: Core, selector: number): Descriptor | undefined {
  const offset = selector & 0xfff8;
  const local = (selector & 4) !== 0;
  if (local && (core.segmentField(segmentIndex.ldtr, 'selector') & 0xfff8) === 0) return undefined;
  const base = local ? core.segmentField(segmentIndex.ldtr, 'base') : core.i32[wordIndex.gdtrBase]!;
  const limit = (local ? core.segmentField(segmentIndex.ldtr, 'limit') : core.i32[wordIndex.gdtrLimit]!) >>> 0;
  if (offset + 7 > limit) return undefined;
  const linear = (base + offset) | 0;
  return { low: core.readLinear(linear, 4, false), high: core.readLinear((linear + 4) | 0, 4, false), linear };
}

/** Reads a descriptor that must exist, else faults. */
export function requireDescriptor(
  core: Core,
  selector: number,
  vector: number = vectors.generalProtection,
): Descriptor {
  return findDescriptor(core, selector) ?? core.fault(vector, selector & 0xfffc);
}

/** Sets the accessed bit in the table, as loading does. */
export function markAccessed(core: Core, descriptor: Descriptor): Descriptor {
  if ((descriptor.high & 0x100) !== 0) return descriptor;
  const high = descriptor.high | 0x100;
  core.writeLinear((descriptor.linear + 4) | 0, high, 4, false);
  return { ...descriptor, high };
}

/** Loads a slot from a checked code or data descriptor. */
export function loadFromDescriptor(core: Core, segment: number, selector: number, descriptor: Descriptor): void {
  const marked = markAccessed(core, descriptor);
  setSegment(core, segment, selector, baseOf(marked), limitOf(marked), attributesOf(marked));
}

/**
 * MOV or POP to a segment register other than CS (SDM Vol. 2B, "MOV", "Loading a segment register"); `vector` is the fault for
 * a wrong selector.
 */
export function loadDataSegment(
  core: Core,
  segment: number,
  selector: number,
  vector: number = vectors.generalProtection,
): void {
  if (!core.usesDescriptors) return loadRealSegment(core, segment, selector);
  if (segment === segmentIndex.ss) return loadStackSegment(core, selector, core.cpl, vectors.generalProtection);
  if ((selector & 0xfffc) === 0) return loadNull(core, segment, selector);
  const descriptor = requireDescriptor(core, selector, vector);
  const requested = selector & 3;
  const wrong =
    !canBeRead(descriptor) ||
    (!isConforming(descriptor) && (requested > privilegeOf(descriptor) || core.cpl > privilegeOf(descriptor)));
  if (wrong) core.fault(vector, selector & 0xfffc);
  if (!isPresent(descriptor)) core.fault(vectors.segmentNotPresent, selector & 0xfffc);
  loadFromDescriptor(core, segment, selector, descriptor);
}

/** A null selector leaves a segment that no access can use. */
export function loadNull(core: Core, segment: number, selector: number): void {
  setSegment(core, segment, selector, 0, 0, 0);
}

/** Checks and loads SS for a privilege level; `vector` is the fault for a wrong selector. */
export function loadStackSegment(core: Core, selector: number, privilege: number, vector: number): void {
  const descriptor = checkStackSegment(core, selector, privilege, vector);
  loadFromDescriptor(core, segmentIndex.ss, selector, descriptor);
}

/** The descriptor of a stack segment that fits a privilege level. */
export function checkStackSegment(core: Core, selector: number, privilege: number, vector: number): Descriptor {
  if ((selector & 0xfffc) === 0) core.fault(vector, 0);
  const descriptor = requireDescriptor(core, selector, vector);
  if ((selector & 3) !== privilege || privilegeOf(descriptor) !== privilege || !isWritableData(descriptor)) {
    core.fault(vector, selector & 0xfffc);
  }
  if (!isPresent(descriptor)) core.fault(vectors.stackFault, selector & 0xfffc);
  return descriptor;
}

/** After a return to an outer level, data segments that the level may not hold become null (SDM Vol. 2B, "RET"). */
export function dropPrivilegedSegments(core: Core): void {
  for (const segment of [segmentIndex.es, segmentIndex.ds, segmentIndex.fs, segmentIndex.gs]) {
    const attributes = core.segmentField(segment, 'attributes');
    const conforming = (attributes & 0x1c) === 0x1c;
    if (!conforming && ((attributes >> 5) & 3) < core.cpl) loadNull(core, segment, 0);
  }
}

/** Whether an access lies within a segment's limit and rights; the exact check behind the fast one. */
export function accessAllowed(core: Core, segmentSlot: number, offset: number, bytes: number, write: boolean): boolean {
  const { i32 } = core;
  const attributes = i32[(segmentSlot + segmentFields.attributes) >> 2]!;
  return withinSegment(attributes, i32[(segmentSlot + segmentFields.limit) >> 2]!, offset, bytes, write);
}

/** Whether bytes lie within a segment of these attributes and this limit. */
export function withinSegment(
  attributes: number,
  segmentLimit: number,
  offset: number,
  bytes: number,
  write: boolean,
): boolean {
  const limit = segmentLimit >>> 0;
  const { present, code, codeOrData, writableOrReadable, expandDownOrConforming } = attributeBits;
  if ((attributes & present) === 0 || (attributes & codeOrData) === 0) return false;
  const isCodeSegment = (attributes & code) !== 0;
  const rights = (attributes & writableOrReadable) !== 0;
  if (write ? isCodeSegment || !rights : isCodeSegment && !rights) return false;
  const first = offset >>> 0;
  const last = first + bytes - 1;
  if (isCodeSegment || (attributes & expandDownOrConforming) === 0) return last <= limit;
  const top = (attributes & attributeBits.big) !== 0 ? 0xffff_ffff : 0xffff;
  return first > limit && last <= top;
}
