/** Delivery of interrupts and exceptions, and IRET (Intel SDM Vol. 3A, chapter 6; Vol. 2A, "INT n", "IRET"). */
import { flagBits, segmentIndex, wordIndex } from '../layout.js';
import { type Core, vectors } from './core.js';
import {
  checkStackSegment,
  dropPrivilegedSegments,
  isCode,
  isConforming,
  isPresent,
  limitOf,
  loadFromDescriptor,
  loadNull,
  loadRealSegment,
  loadVirtualSegment,
  markAccessed,
  privilegeOf,
  requireDescriptor,
  typeOf,
  type Descriptor,
} from './segments.js';
import type { FlagsAccess } from './flags.js';
import { StackCursor } from './stack-cursor.js';
import { checkVirtualImage, isVirtualTask, takeVirtualImage } from './virtual-interrupts.js';
import { innerStack, returnFromTask, switchTask } from './tasks.js';

const { TF, IF, NT, RF, VM, VIF, VIP, IOPL } = flagBits;

/** What is being delivered. */
export interface Delivery {
  readonly vector: number;
  /** INT n, INT3, INTO: gate privilege is checked. */
  readonly software: boolean;
  /** The flags it pushes have RF set, so that the instruction goes past its breakpoints when it is restarted. */
  readonly resume: boolean;
  /** Pushed when present. */
  readonly errorCode?: number;
}

/** Delivers to the handler; EIP holds what is pushed. Faults leave the registers untouched. */
export function deliver(core: Core, flags: FlagsAccess, delivery: Delivery): void {
  if (core.protectedMode) return deliverProtected(core, flags, delivery);
  const entry = delivery.vector * 4;
  // A table that is too short is vector 8 here (80386 Programmer's Reference Manual, 230985, table 14-3).
  if (core.model !== '8086' && entry + 3 > core.i32[wordIndex.idtrLimit]! >>> 0) core.fault(vectors.doubleFault);
  const stack = StackCursor.current(core);
  stack.push(flags.read(), 2); // Without RF, which lies beyond.
  stack.push(core.segmentField(segmentIndex.cs, 'selector'), 2);
  stack.push(core.eip, 2);
  const base = core.i32[wordIndex.idtrBase]!;
  const offset = core.readLinear((base + entry) | 0, 2, false);
  const selector = core.readLinear((base + entry + 2) | 0, 2, false);
  stack.commit();
  loadRealSegment(core, segmentIndex.cs, selector);
  core.eip = offset;
  core.otherFlags = core.otherFlags & ~(TF | IF | flagBits.AC);
  flags.write(0, 4, RF);
}

const GATE_TASK = 5;
const GATE_INTERRUPT_16 = 6;
const GATE_TRAP_16 = 7;
const GATE_INTERRUPT_32 = 14;
const GATE_TRAP_32 = 15;

function deliverProtected(core: Core, flags: FlagsAccess, delivery: Delivery): void {
  const { vector, software } = delivery;
  const code = vector * 8 + 2;
  if (vector * 8 + 7 > core.i32[wordIndex.idtrLimit]! >>> 0) core.fault(vectors.generalProtection, code);
  const linear = (core.i32[wordIndex.idtrBase]! + vector * 8) | 0;
  const gate = { low: core.readLinear(linear, 4, false), high: core.readLinear((linear + 4) | 0, 4, false), linear };
  const type = typeOf(gate);
  const isGate = [GATE_TASK, GATE_INTERRUPT_16, GATE_TRAP_16, GATE_INTERRUPT_32, GATE_TRAP_32].includes(type);
  if (!isGate || (software && privilegeOf(gate) < core.cpl)) {
    core.fault(vectors.generalProtection, code);
  }
  if (!isPresent(gate)) core.fault(vectors.segmentNotPresent, code);
  if (type === GATE_TASK) return deliverThroughTask(core, flags, gate.low >>> 16, delivery);
  throughGate(core, flags, gate, delivery);
}

function deliverThroughTask(core: Core, flags: FlagsAccess, selector: number, delivery: Delivery): void {
  switchTask(core, flags, selector, 'call', delivery.resume ? RF : 0);
  if (delivery.errorCode === undefined) return;
  const is32 = (core.segmentField(segmentIndex.tr, 'attributes') & 8) !== 0;
  const stack = StackCursor.current(core);
  stack.push(delivery.errorCode, is32 ? 4 : 2);
  stack.commit();
}

function throughGate(core: Core, flags: FlagsAccess, gate: Descriptor, delivery: Delivery): void {
  const is32 = (typeOf(gate) & 8) !== 0;
  const selector = gate.low >>> 16;
  if ((selector & 0xfffc) === 0) core.fault(vectors.generalProtection);
  const target = requireDescriptor(core, selector);
  if (!isCode(target) || privilegeOf(target) > core.cpl) {
    core.fault(vectors.generalProtection, selector & 0xfffc);
  }
  if (!isPresent(target)) core.fault(vectors.segmentNotPresent, selector & 0xfffc);
  const offset = is32 ? (gate.low & 0xffff) | (gate.high & 0xffff_0000) : gate.low & 0xffff;
  if (offset >>> 0 > limitOf(target) >>> 0) core.fault(vectors.generalProtection);
  const wasVirtual = core.virtual8086;
  const inner = !isConforming(target) && privilegeOf(target) < core.cpl;
  if (wasVirtual && (!inner || privilegeOf(target) !== 0)) core.fault(vectors.generalProtection, selector & 0xfffc);
  const bytes = is32 ? 4 : 2;
  const oldFlags = flags.read() | (delivery.resume && core.is32Bit ? RF : 0);
  const privilege = inner ? privilegeOf(target) : core.cpl;
  const newStack = inner ? innerStackFor(core, privilege) : undefined;
  const stack =
    newStack === undefined
      ? StackCursor.current(core)
      : StackCursor.of(core, newStack.selector, newStack.descriptor, newStack.pointer, false);
  if (wasVirtual) {
    for (const segment of [segmentIndex.gs, segmentIndex.fs, segmentIndex.ds, segmentIndex.es]) {
      stack.push(core.segmentField(segment, 'selector'), bytes);
    }
  }
  if (newStack !== undefined) {
    stack.push(core.segmentField(segmentIndex.ss, 'selector'), bytes);
    stack.push(core.register(4), bytes);
  }
  stack.push(oldFlags, bytes);
  stack.push(core.segmentField(segmentIndex.cs, 'selector'), bytes);
  stack.push(core.eip, bytes);
  if (delivery.errorCode !== undefined) stack.push(delivery.errorCode, bytes);

  const marked = markAccessed(core, target);
  const isInterrupt = (typeOf(gate) & 1) === 0;
  core.otherFlags = core.otherFlags & ~(TF | NT | VM | (isInterrupt ? IF : 0));
  flags.write(0, 4, RF);
  core.cpl = privilege;
  if (newStack !== undefined) loadFromDescriptor(core, segmentIndex.ss, newStack.selector, newStack.descriptor);
  stack.commit();
  if (wasVirtual) {
    for (const segment of [segmentIndex.gs, segmentIndex.fs, segmentIndex.ds, segmentIndex.es])
      loadNull(core, segment, 0);
  }
  loadFromDescriptor(core, segmentIndex.cs, (selector & 0xfffc) | privilege, marked);
  core.eip = offset;
}

function innerStackFor(core: Core, privilege: number): { selector: number; descriptor: Descriptor; pointer: number } {
  const { selector, pointer } = innerStack(core, privilege);
  if ((selector & 0xfffc) === 0) core.fault(vectors.invalidTss);
  return { selector, pointer, descriptor: checkStackSegment(core, selector, privilege, vectors.invalidTss) };
}

/** IRET; EIP is set to where it returns to. */
export function interruptReturn(core: Core, flags: FlagsAccess, bytes: 2 | 4): void {
  if (!core.protectedMode) return returnReal(core, flags, bytes);
  if (core.virtual8086) {
    if (core.ioPrivilege < 3 && (bytes === 4 || !isVirtualTask(core))) core.fault(vectors.generalProtection);
    return returnReal(core, flags, bytes);
  }
  if ((core.otherFlags & NT) !== 0) return returnFromTask(core, flags);
  const stack = StackCursor.current(core);
  const offset = stack.pop(bytes);
  const selector = stack.pop(bytes) & 0xffff;
  const image = stack.pop(bytes);
  if (bytes === 4 && (image & VM) !== 0 && core.cpl === 0)
    return returnToVirtual(core, flags, stack, offset, selector, image);
  returnProtected(core, flags, stack, offset, selector, image, bytes);
}

function returnReal(core: Core, flags: FlagsAccess, bytes: 2 | 4): void {
  const stack = StackCursor.current(core);
  const offset = stack.pop(bytes);
  const selector = stack.pop(bytes) & 0xffff;
  const image = stack.pop(bytes);
  if (bytes === 4 && offset >>> 0 > 0xffff) core.fault(vectors.generalProtection);
  const virtual = core.virtual8086;
  const virtualFlag = isVirtualTask(core);
  if (virtualFlag) checkVirtualImage(core, image);
  stack.commit();
  if (virtual) loadVirtualSegment(core, segmentIndex.cs, selector);
  else loadRealSegment(core, segmentIndex.cs, selector);
  core.eip = bytes === 2 ? offset & 0xffff : offset;
  if (virtualFlag) takeVirtualImage(core, flags, image);
  else flags.write(image, bytes, virtual ? ~(IOPL | VM | VIF | VIP) : ~(VM | VIF | VIP));
}

function returnToVirtual(
  core: Core,
  flags: FlagsAccess,
  stack: StackCursor,
  offset: number,
  selector: number,
  image: number,
): void {
  const pointer = stack.pop(4);
  const ss = stack.pop(4);
  if (offset >>> 0 > 0xffff) core.fault(vectors.generalProtection);
  const selectors = [segmentIndex.es, segmentIndex.ds, segmentIndex.fs, segmentIndex.gs].map(
    (segment) => [segment, stack.pop(4)] as const,
  );
  flags.write(image, 4, -1);
  core.cpl = 3;
  loadVirtualSegment(core, segmentIndex.cs, selector);
  loadVirtualSegment(core, segmentIndex.ss, ss);
  for (const [segment, value] of selectors) loadVirtualSegment(core, segment, value);
  core.setRegister(4, pointer);
  core.eip = offset;
}

function returnProtected(
  core: Core,
  flags: FlagsAccess,
  stack: StackCursor,
  offset: number,
  selector: number,
  image: number,
  bytes: 2 | 4,
): void {
  const privilege = core.cpl;
  const outer = (selector & 3) > privilege;
  const target = checkReturnTarget(core, selector, offset);
  const allowed =
    TF |
    NT |
    flagBits.DF |
    (bytes === 4 ? RF | flagBits.AC | flagBits.ID : 0) |
    (privilege === 0 ? IOPL | (bytes === 4 ? VIF | VIP : 0) : 0) |
    (privilege <= core.ioPrivilege ? IF : 0);
  if (outer) {
    const pointer = stack.pop(bytes);
    const ss = stack.pop(bytes) & 0xffff;
    const descriptor = checkStackSegment(core, ss, selector & 3, vectors.generalProtection);
    core.cpl = selector & 3;
    loadFromDescriptor(core, segmentIndex.ss, ss, descriptor);
    const big = (core.segmentField(segmentIndex.ss, 'attributes') & 0x4000) !== 0;
    core.setRegister(4, pointer, big ? 4 : 2);
  } else stack.commit();
  loadFromDescriptor(core, segmentIndex.cs, selector, target);
  core.eip = offset;
  flags.write(image, bytes, allowed | flags.statusMask);
  if (outer) dropPrivilegedSegments(core);
}

/** The code segment that RETF or IRET may return to. */
export function checkReturnTarget(core: Core, selector: number, offset: number): Descriptor {
  if ((selector & 0xfffc) === 0) core.fault(vectors.generalProtection);
  const target = requireDescriptor(core, selector);
  const requested = selector & 3;
  const wrong =
    requested < core.cpl ||
    !isCode(target) ||
    (isConforming(target) ? privilegeOf(target) > requested : privilegeOf(target) !== requested);
  if (wrong) core.fault(vectors.generalProtection, selector & 0xfffc);
  if (!isPresent(target)) core.fault(vectors.segmentNotPresent, selector & 0xfffc);
  if (offset >>> 0 > limitOf(target) >>> 0) core.fault(vectors.generalProtection);
  return target;
}
