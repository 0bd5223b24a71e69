/**
 * The virtual interrupt flag: what CLI, STI, PUSHF, POPF, IRET and INT n do for a virtual-8086 task of IOPL below 3 (CR4.VME) and
 * for a program of level 3 (CR4.PVI). Intel SDM Vol. 3B, sections 20.3 and 20.4; Vol. 2, the instructions' operation.
 */
import { flagBits, segmentIndex } from '../layout.js';
import { cr4Bits } from './control-bits.js';
import { type Core, vectors } from './core.js';
import type { FlagsAccess } from './flags.js';
import { loadVirtualSegment } from './segments.js';
import { StackCursor } from './stack-cursor.js';

const { TF, IF, VIF, VIP, IOPL } = flagBits;

/** A virtual-8086 task that has a virtual interrupt flag in place of the real one. */
export const isVirtualTask = (core: Core): boolean =>
  core.virtual8086 && core.ioPrivilege < 3 && (core.get('cr4') & cr4Bits.VME) !== 0;

/** CLI and STI without the right to IF act on VIF; faults where there is none. */
export function setVirtualFlag(core: Core, on: boolean): void {
  const isProtectedProgram = !core.virtual8086 && core.cpl === 3 && (core.get('cr4') & cr4Bits.PVI) !== 0;
  if (!isProtectedProgram && !isVirtualTask(core)) core.fault(vectors.generalProtection);
  const before = core.otherFlags;
  // An interrupt is waiting for this moment: the monitor has to be told.
  if (on && (before & VIP) !== 0) core.fault(vectors.generalProtection);
  core.otherFlags = on ? before | VIF : before & ~VIF;
}

/** The image that PUSHF and INT n store for a virtual task: VIF where IF is, and an IOPL of 3. */
export function virtualImage(core: Core, image: number): number {
  return (image & ~IF) | IOPL | ((core.otherFlags & VIF) !== 0 ? IF : 0);
}

/** Checks that a virtual task may take a 16-bit image from POPF or IRET. */
export function checkVirtualImage(core: Core, image: number): void {
  const waiting = (image & IF) !== 0 && (core.otherFlags & VIP) !== 0;
  if (waiting || (image & TF) !== 0) core.fault(vectors.generalProtection);
}
/** Takes a checked image: IF goes to VIF, IF and IOPL stay. */
export function takeVirtualImage(core: Core, flags: FlagsAccess, image: number): void {
  flags.write(image, 2, ~(IF | IOPL));
  const others = core.otherFlags;
  core.otherFlags = (image & IF) !== 0 ? others | VIF : others & ~VIF;
}

/** Whether the redirection bitmap in front of the permission map sends INT n to the task's own handler. */
function isRedirected(core: Core, vector: number): boolean {
  const base = core.segmentField(segmentIndex.tr, 'base');
  const limit = core.segmentField(segmentIndex.tr, 'limit') >>> 0;
  if ((core.segmentField(segmentIndex.tr, 'attributes') & 8) === 0 || limit < 0x67) {
    core.fault(vectors.generalProtection);
  }
  const map = core.readLinear((base + 0x66) | 0, 2, false) & 0xffff;
  const at = map - 32 + (vector >> 3);
  if (at < 0 || at > limit) core.fault(vectors.generalProtection);
  return ((core.readLinear((base + at) | 0, 1, false) >> (vector & 7)) & 1) === 0;
}

/**
 * INT n in virtual-8086 mode with CR4.VME: goes through the task's own interrupt table where the bitmap says so. EIP must stand
 * behind the instruction; false when the interrupt is the monitor's.
 */
export function redirectInterrupt(core: Core, flags: FlagsAccess, vector: number): boolean {
  if ((core.get('cr4') & cr4Bits.VME) === 0 || !isRedirected(core, vector)) return false;
  const offset = core.readLinear(vector * 4, 2, false);
  const selector = core.readLinear(vector * 4 + 2, 2, false);
  const virtual = core.ioPrivilege < 3;
  const image = flags.read();
  const stack = StackCursor.current(core);
  stack.push(virtual ? virtualImage(core, image) : image, 2);
  stack.push(core.segmentField(segmentIndex.cs, 'selector'), 2);
  stack.push(core.eip, 2);
  stack.commit();
  core.otherFlags = core.otherFlags & ~(TF | (virtual ? VIF : IF));
  loadVirtualSegment(core, segmentIndex.cs, selector);
  core.eip = offset;
  return true;
}
