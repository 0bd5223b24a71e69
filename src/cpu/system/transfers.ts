/** Far jumps, calls and returns (Intel SDM Vol. 2A, "CALL", "JMP", "RET"). */
import { segmentIndex } from '../layout.js';
import { type Core, vectors } from './core.js';
import type { FlagsAccess } from './flags.js';
import { checkReturnTarget } from './interrupts.js';
import {
  checkStackSegment,
  type Descriptor,
  dropPrivilegedSegments,
  isCode,
  isConforming,
  isPresent,
  limitOf,
  loadFromDescriptor,
  loadRealSegment,
  loadVirtualSegment,
  privilegeOf,
  requireDescriptor,
  typeOf,
} from './segments.js';
import { StackCursor } from './stack-cursor.js';
import { innerStack, switchTask } from './tasks.js';

function loadCodeWithoutDescriptor(core: Core, selector: number, offset: number): void {
  if (core.virtual8086) loadVirtualSegment(core, segmentIndex.cs, selector);
  else loadRealSegment(core, segmentIndex.cs, selector);
  core.eip = offset;
}

function checkRealOffset(core: Core, offset: number): void {
  if (offset >>> 0 > core.segmentField(segmentIndex.cs, 'limit') >>> 0) core.fault(vectors.generalProtection);
}

/** JMP far; `next` is the EIP of the following instruction, where a task switch comes back to. */
export function farJump(core: Core, flags: FlagsAccess, selector: number, offset: number, next: number): void {
  if (!core.usesDescriptors) {
    checkRealOffset(core, offset);
    return loadCodeWithoutDescriptor(core, selector, offset);
  }
  farTransfer(core, flags, selector, offset, next, undefined);
}

/** CALL far. */
export function farCall(
  core: Core,
  flags: FlagsAccess,
  selector: number,
  offset: number,
  next: number,
  bytes: 2 | 4,
): void {
  if (core.usesDescriptors) return farTransfer(core, flags, selector, offset, next, bytes);
  checkRealOffset(core, offset);
  const stack = StackCursor.current(core);
  stack.push(core.segmentField(segmentIndex.cs, 'selector'), bytes);
  stack.push(next, bytes);
  stack.commit();
  loadCodeWithoutDescriptor(core, selector, offset);
}

/** A far transfer in protected mode; `callBytes` is the size of what a call pushes, undefined for a jump. */
function farTransfer(
  core: Core,
  flags: FlagsAccess,
  selector: number,
  offset: number,
  next: number,
  callBytes: 2 | 4 | undefined,
): void {
  if ((selector & 0xfffc) === 0) core.fault(vectors.generalProtection);
  const target = requireDescriptor(core, selector);
  if (isCode(target)) return toCodeSegment(core, selector, target, offset, next, callBytes);
  const fault = (): never => core.fault(vectors.generalProtection, selector & 0xfffc);
  const privilege = privilegeOf(target);
  switch (typeOf(target)) {
    case 1:
    case 9:
    case 5:
      if (privilege < core.cpl || privilege < (selector & 3)) fault();
      if (!isPresent(target)) core.fault(vectors.segmentNotPresent, selector & 0xfffc);
      core.eip = next;
      return switchTask(
        core,
        flags,
        typeOf(target) === 5 ? target.low >>> 16 : selector,
        callBytes === undefined ? 'jump' : 'call',
      );
    case 4:
    case 12:
      if (privilege < core.cpl || privilege < (selector & 3)) fault();
      if (!isPresent(target)) core.fault(vectors.segmentNotPresent, selector & 0xfffc);
      return throughCallGate(core, target, next, callBytes !== undefined);
    default:
      fault();
  }
}

function toCodeSegment(
  core: Core,
  selector: number,
  target: Descriptor,
  offset: number,
  next: number,
  callBytes: 2 | 4 | undefined,
): void {
  const cpl = core.cpl;
  const wrong = isConforming(target) ? privilegeOf(target) > cpl : (selector & 3) > cpl || privilegeOf(target) !== cpl;
  if (wrong) core.fault(vectors.generalProtection, selector & 0xfffc);
  if (!isPresent(target)) core.fault(vectors.segmentNotPresent, selector & 0xfffc);
  if (offset >>> 0 > limitOf(target) >>> 0) core.fault(vectors.generalProtection);
  if (callBytes !== undefined) {
    const stack = StackCursor.current(core);
    stack.push(core.segmentField(segmentIndex.cs, 'selector'), callBytes);
    stack.push(next, callBytes);
    stack.commit();
  }
  loadFromDescriptor(core, segmentIndex.cs, (selector & 0xfffc) | cpl, target);
  core.eip = offset;
}

function throughCallGate(core: Core, gate: Descriptor, next: number, isCall: boolean): void {
  const is32 = (typeOf(gate) & 8) !== 0;
  const selector = gate.low >>> 16;
  if ((selector & 0xfffc) === 0) core.fault(vectors.generalProtection);
  const target = requireDescriptor(core, selector);
  const cpl = core.cpl;
  const privilege = privilegeOf(target);
  const wrong = !isCode(target) || privilege > cpl || (!isCall && !isConforming(target) && privilege !== cpl);
  if (wrong) core.fault(vectors.generalProtection, selector & 0xfffc);
  if (!isPresent(target)) core.fault(vectors.segmentNotPresent, selector & 0xfffc);
  const offset = is32 ? (gate.low & 0xffff) | (gate.high & 0xffff_0000) : gate.low & 0xffff;
  if (offset >>> 0 > limitOf(target) >>> 0) core.fault(vectors.generalProtection);
  const bytes = is32 ? 4 : 2;
  if (isCall && !isConforming(target) && privilege < cpl) return callInner(core, gate, target, selector, offset, next);
  if (isCall) {
    const stack = StackCursor.current(core);
    stack.push(core.segmentField(segmentIndex.cs, 'selector'), bytes);
    stack.push(next, bytes);
    stack.commit();
  }
  loadFromDescriptor(core, segmentIndex.cs, (selector & 0xfffc) | cpl, target);
  core.eip = offset;
}

/** A call to an inner level: the TSS gives the stack, and parameters are copied to it. */
function callInner(
  core: Core,
  gate: Descriptor,
  target: Descriptor,
  selector: number,
  offset: number,
  next: number,
): void {
  const bytes = (typeOf(gate) & 8) !== 0 ? 4 : 2;
  const privilege = privilegeOf(target);
  const inner = innerStack(core, privilege);
  if ((inner.selector & 0xfffc) === 0) core.fault(vectors.invalidTss);
  const descriptor = checkStackSegment(core, inner.selector, privilege, vectors.invalidTss);
  const old = StackCursor.current(core);
  const count = gate.high & 0x1f;
  const parameters = Array.from({ length: count }, () => old.pop(bytes)).reverse();
  const stack = StackCursor.of(core, inner.selector, descriptor, inner.pointer, false);
  stack.push(core.segmentField(segmentIndex.ss, 'selector'), bytes);
  stack.push(core.register(4), bytes);
  for (const parameter of parameters) stack.push(parameter, bytes);
  stack.push(core.segmentField(segmentIndex.cs, 'selector'), bytes);
  stack.push(next, bytes);
  core.cpl = privilege;
  loadFromDescriptor(core, segmentIndex.ss, inner.selector, descriptor);
  stack.commit();
  loadFromDescriptor(core, segmentIndex.cs, (selector & 0xfffc) | privilege, target);
  core.eip = offset;
}

/** RETF, releasing `extra` bytes of parameters. */
export function farReturn(core: Core, bytes: 2 | 4, extra: number): void {
  const stack = StackCursor.current(core);
  const offset = stack.pop(bytes);
  const selector = stack.pop(bytes) & 0xffff;
  if (!core.usesDescriptors) {
    checkRealOffset(core, offset);
    stack.skip(extra);
    stack.commit();
    return loadCodeWithoutDescriptor(core, selector, offset);
  }
  const target = checkReturnTarget(core, selector, offset);
  stack.skip(extra);
  if ((selector & 3) === core.cpl) stack.commit();
  else returnOuter(core, stack, selector, bytes, extra);
  loadFromDescriptor(core, segmentIndex.cs, selector, target);
  core.eip = offset;
}

function returnOuter(core: Core, stack: StackCursor, selector: number, bytes: 2 | 4, extra: number): void {
  const pointer = stack.pop(bytes);
  const ss = stack.pop(bytes) & 0xffff;
  const descriptor = checkStackSegment(core, ss, selector & 3, vectors.generalProtection);
  core.cpl = selector & 3;
  loadFromDescriptor(core, segmentIndex.ss, ss, descriptor);
  const big = (core.segmentField(segmentIndex.ss, 'attributes') & 0x4000) !== 0;
  core.setRegister(4, pointer + extra, big ? 4 : 2);
  dropPrivilegedSegments(core);
}
