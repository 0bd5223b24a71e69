/** Task state segments and hardware task switches (Intel SDM Vol. 3A, chapter 7). */
import { flagBits, segmentIndex } from '../layout.js';
import { loadDirectoryBase } from './control-registers.js';
import { type Core, cr0Bits, vectors } from './core.js';
import { debugStatus } from './breakpoints.js';
import type { FlagsAccess } from './flags.js';
import {
  attributesOf,
  baseOf,
  checkStackSegment,
  type Descriptor,
  findDescriptor,
  isCode,
  isConforming,
  isPresent,
  limitOf,
  loadDataSegment,
  loadFromDescriptor,
  loadNull,
  loadVirtualSegment,
  privilegeOf,
  requireDescriptor,
  setSegment,
  typeOf,
} from './segments.js';

const BUSY = 0x200;

/** SS and ESP for an inner privilege level, from the current TSS. */
export function innerStack(core: Core, privilege: number): { selector: number; pointer: number } {
  const base = core.segmentField(segmentIndex.tr, 'base');
  const limit = core.segmentField(segmentIndex.tr, 'limit') >>> 0;
  const is32 = (core.segmentField(segmentIndex.tr, 'attributes') & 8) !== 0;
  const at = is32 ? privilege * 8 + 4 : privilege * 4 + 2;
  if (at + (is32 ? 5 : 3) > limit)
    core.fault(vectors.invalidTss, core.segmentField(segmentIndex.tr, 'selector') & 0xfffc);
  const bytes = is32 ? 4 : 2;
  return {
    pointer: core.readLinear((base + at) | 0, bytes, false),
    selector: core.readLinear((base + at + bytes) | 0, 2, false),
  };
}

/** A TSS's layout: where each value lies (figures 7-2 and 7-10). */
function layout(is32: boolean): {
  registers: number;
  segments: number;
  segmentCount: number;
  size: number;
  minimum: number;
} {
  return is32
    ? { registers: 0x20, segments: 0x48, segmentCount: 6, size: 4, minimum: 0x67 }
    : { registers: 0x0e, segments: 0x22, segmentCount: 4, size: 2, minimum: 0x2b };
}

function setBusy(core: Core, descriptor: Descriptor, busy: boolean): void {
  const high = core.readLinear((descriptor.linear + 4) | 0, 4, false);
  core.writeLinear((descriptor.linear + 4) | 0, busy ? high | BUSY : high & ~BUSY, 4, false);
}

function saveTask(core: Core, image: number): void {
  const base = core.segmentField(segmentIndex.tr, 'base');
  const is32 = (core.segmentField(segmentIndex.tr, 'attributes') & 8) !== 0;
  const { registers, segments, segmentCount, size } = layout(is32);
  const bytes = size as 2 | 4;
  const put = (at: number, value: number): void => core.writeLinear((base + at) | 0, value, bytes, false);
  put(registers, core.eip);
  put(registers + size, image);
  for (let index = 0; index < 8; index++) put(registers + size * (2 + index), core.register(index));
  for (let index = 0; index < segmentCount; index++) {
    core.writeLinear((base + segments + size * index) | 0, core.segmentField(index, 'selector'), 2, false);
  }
}

/** Switches to the task of a TSS selector. EIP must stand where the old task goes on; `savedFlags` are set in the flags it keeps. */
export function switchTask(
  core: Core,
  flags: FlagsAccess,
  selector: number,
  how: 'jump' | 'call' | 'return',
  savedFlags = 0,
): void {
  const wrongVector = how === 'return' ? vectors.invalidTss : vectors.generalProtection;
  if ((selector & 4) !== 0) core.fault(wrongVector, selector & 0xfffc);
  const target = requireDescriptor(core, selector, wrongVector);
  const type = typeOf(target);
  const available = type === 1 || type === 9;
  const busy = type === 3 || type === 11;
  if (how === 'return' ? !busy : !available) core.fault(wrongVector, selector & 0xfffc);
  if (!isPresent(target)) core.fault(vectors.segmentNotPresent, selector & 0xfffc);
  const is32 = (type & 8) !== 0;
  const { registers, segments, segmentCount, size, minimum } = layout(is32);
  if (limitOf(target) >>> 0 < minimum) core.fault(vectors.invalidTss, selector & 0xfffc);

  const oldSelector = core.segmentField(segmentIndex.tr, 'selector');
  const old = findDescriptor(core, oldSelector);
  const oldFlags = flags.read() & (how === 'return' ? ~flagBits.NT : -1);
  const base = baseOf(target);
  const bytes = size as 2 | 4;
  const get = (at: number): number => core.readLinear((base + at) | 0, bytes, false);
  const general = Array.from({ length: 8 }, (_, index) => get(registers + size * (2 + index)));
  const [eip, image] = [get(registers), get(registers + size)];
  const selectors = Array.from({ length: segmentCount }, (_, index) => get(segments + size * index) & 0xffff);
  const local = get(segments + size * segmentCount) & 0xffff;
  const directory = is32 ? get(0x1c) : undefined;
  const trapped = is32 && (get(0x64) & 1) !== 0;

  saveTask(core, oldFlags | savedFlags);
  if (how !== 'call' && old !== undefined) setBusy(core, old, false);
  if (how === 'call') core.writeLinear(base, oldSelector, 2, false);
  if (how !== 'return') setBusy(core, target, true);

  // From here on the new task runs: what is wrong with its segments is a fault in front of its first instruction.
  core.eipStands = true;
  setSegment(core, segmentIndex.tr, selector, base, limitOf(target), attributesOf(target) | 2);
  core.set('cr0', core.get('cr0') | cr0Bits.TS);
  core.watch.taskSwitched();
  if (directory !== undefined && core.paging && directory !== core.get('cr3')) loadDirectoryBase(core, directory);
  // A 16-bit task finds ones in the upper halves. The manual leaves them open; this is what other emulators and test ROMs agree on.
  general.forEach((value, index) => core.setRegister(index, is32 ? value : value | 0xffff0000, 4));
  core.eip = is32 ? eip : eip & 0xffff;
  flags.write(image | (how === 'call' ? flagBits.NT : 0), is32 ? 4 : 2, -1);
  if (!is32) core.otherFlags = core.otherFlags & 0xffff;
  loadTaskSegments(core, selectors, local);
  if (trapped) {
    core.set('pendingDebug', core.get('pendingDebug') | debugStatus.BT);
  }
}

function loadTaskSegments(core: Core, selectors: readonly number[], local: number): void {
  const [es = 0, cs = 0, ss = 0, ds = 0, fs = 0, gs = 0] = selectors;
  const data = [
    [segmentIndex.es, es],
    [segmentIndex.ds, ds],
    [segmentIndex.fs, fs],
    [segmentIndex.gs, gs],
  ] as const;
  core.cpl = core.virtual8086 ? 3 : cs & 3;
  if (!core.virtual8086) for (const segment of [0, 1, 2, 3, 4, 5]) loadNull(core, segment, selectors[segment] ?? 0);
  loadLocalTable(core, local, vectors.invalidTss, vectors.invalidTss);
  if (core.virtual8086) {
    loadVirtualSegment(core, segmentIndex.cs, cs);
    loadVirtualSegment(core, segmentIndex.ss, ss);
    for (const [segment, value] of data) loadVirtualSegment(core, segment, value);
    return;
  }
  if ((cs & 0xfffc) === 0) core.fault(vectors.invalidTss, 0);
  const code = requireDescriptor(core, cs, vectors.invalidTss);
  const fits = isConforming(code) ? privilegeOf(code) <= (cs & 3) : privilegeOf(code) === (cs & 3);
  if (!isCode(code) || !fits) core.fault(vectors.invalidTss, cs & 0xfffc);
  if (!isPresent(code)) core.fault(vectors.segmentNotPresent, cs & 0xfffc);
  loadFromDescriptor(core, segmentIndex.cs, cs, code);
  loadFromDescriptor(core, segmentIndex.ss, ss, checkStackSegment(core, ss, cs & 3, vectors.invalidTss));
  for (const [segment, value] of data) loadDataSegment(core, segment, value, vectors.invalidTss);
  if (core.eip >>> 0 > core.segmentField(segmentIndex.cs, 'limit') >>> 0) core.fault(vectors.generalProtection);
}

/** LLDT; a null selector leaves no local table. The vectors are those of a wrong and of an absent table. */
export function loadLocalTable(core: Core, selector: number, vector: number, absentVector: number): void {
  if ((selector & 0xfffc) === 0) return setSegment(core, segmentIndex.ldtr, selector, 0, 0, 0);
  if ((selector & 4) !== 0) core.fault(vector, selector & 0xfffc);
  const descriptor = requireDescriptor(core, selector, vector);
  if (typeOf(descriptor) !== 2) core.fault(vector, selector & 0xfffc);
  if (!isPresent(descriptor)) core.fault(absentVector, selector & 0xfffc);
  setSegment(core, segmentIndex.ldtr, selector, baseOf(descriptor), limitOf(descriptor), attributesOf(descriptor));
}

/** LTR: loads the task register and marks the TSS busy. */
export function loadTaskRegister(core: Core, selector: number): void {
  if ((selector & 0xfffc) === 0 || (selector & 4) !== 0) core.fault(vectors.generalProtection, selector & 0xfffc);
  const descriptor = requireDescriptor(core, selector);
  if (typeOf(descriptor) !== 1 && typeOf(descriptor) !== 9) core.fault(vectors.generalProtection, selector & 0xfffc);
  if (!isPresent(descriptor)) core.fault(vectors.segmentNotPresent, selector & 0xfffc);
  setBusy(core, descriptor, true);
  setSegment(core, segmentIndex.tr, selector, baseOf(descriptor), limitOf(descriptor), attributesOf(descriptor) | 2);
}

/** IRET with NT set: back to the task whose selector the TSS links. */
export function returnFromTask(core: Core, flags: FlagsAccess): void {
  const link = core.readLinear(core.segmentField(segmentIndex.tr, 'base'), 2, false);
  switchTask(core, flags, link, 'return');
}
