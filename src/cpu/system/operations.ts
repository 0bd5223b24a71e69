/** The slow paths that instructions call by name. */
import type { AccessWidth } from '../bus.js';
import type { SlowPaths, SystemPaths } from '../engine/imports.js';
import { flagBits, record, segmentIndex, wordIndex } from '../layout.js';
import { type Breakpoints, debugStatus } from './breakpoints.js';
import { coprocessorPaths } from './coprocessor.js';
import { type Core, vectors } from './core.js';
import { debugPaths } from './debug-paths.js';
import type { FlagsAccess } from './flags.js';
import { deliver, interruptReturn } from './interrupts.js';
import {
  findDescriptor,
  isCode,
  isConforming,
  isWritableData,
  limitOf,
  loadDataSegment,
  loadRealSegment,
  privilegeOf,
  typeOf,
  type Descriptor,
} from './segments.js';
import { controlPaths } from './control-registers.js';
import { fastCallPaths } from './fast-calls.js';
import { caught } from './memory-paths.js';
import { type ModelSpecificRegisters, modelSpecificPaths } from './model-specific.js';
import { done, requirePrivilege, type RunControl } from './run-control.js';
import { loadLocalTable, loadTaskRegister } from './tasks.js';
import {
  checkVirtualImage,
  isVirtualTask,
  redirectInterrupt,
  setVirtualFlag,
  takeVirtualImage,
  virtualImage,
} from './virtual-interrupts.js';
import { vectorPaths } from './vectors.js';
import { farCall, farJump, farReturn } from './transfers.js';

const { IF, VM, VIF, VIP, IOPL } = flagBits;

export function systemPaths(
  core: Core,
  flags: FlagsAccess,
  registers: ModelSpecificRegisters,
  breakpoints: Breakpoints,
  control: RunControl,
): SystemPaths {
  return caughtAll({
    ...segmentPaths(core, control),
    ...transferPaths(core, flags, control),
    ...flagPaths(core, flags, control),
    ...registerPaths(core),
    ...controlPaths(core, control),
    ...modelSpecificPaths(core, registers),
    ...fastCallPaths(core, registers, control),
    ...debugPaths(core, breakpoints),
    ...inspectionPaths(core, flags),
    ...portPaths(core, breakpoints),
    ...coprocessorPaths(core),
    ...vectorPaths(core),
  });
}

function caughtAll(paths: SystemPaths): SystemPaths {
  return Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, caught(path)])) as SystemPaths;
}

/** EIP of the instruction after the current record. */
function nextEip(core: Core): number {
  const at = core.i32[wordIndex.currentRecord]!;
  const offset = core.view.getUint16(at + record.pageOffset, true) + core.view.getUint8(at + record.length);
  const next = (core.i32[wordIndex.codeBase]! + offset) | 0;
  return core.is32Bit ? next : next & 0xffff;
}

function segmentPaths(core: Core, control: RunControl) {
  const load = (segment: number, selector: number): void => {
    if (segment === segmentIndex.cs)
      loadRealSegment(core, segment, selector); // Only the 8086 gets here.
    else loadDataSegment(core, segment, selector);
    if (segment === segmentIndex.ss || segment === segmentIndex.cs) control.modeChanged();
  };
  return {
    loadSegment: (segment: number, selector: number) => done(() => load(segment, selector)),
    loadSegmentShadowed: (segment: number, selector: number) =>
      done(() => {
        load(segment, selector);
        // The 8086 holds interrupts back after any segment register; later processors after SS alone. Traps wait as well.
        if (segment !== segmentIndex.ss && core.model !== '8086') return;
        control.holdNext('all');
        control.suppressTrap();
      }),
  };
}

function transferPaths(core: Core, flags: FlagsAccess, control: RunControl) {
  const changing = (action: () => void): 0 => {
    flags.write(0, 4, flagBits.RF); // Whatever image this instruction stores no longer has it.
    action();
    core.eipStands = false;
    control.modeChanged();
    control.flagsChanged();
    return 0;
  };
  return {
    farJump: (selector: number, offset: number) =>
      changing(() => farJump(core, flags, selector, offset, nextEip(core))),
    farCall16: (selector: number, offset: number) =>
      changing(() => farCall(core, flags, selector, offset, nextEip(core), 2)),
    farCall32: (selector: number, offset: number) =>
      changing(() => farCall(core, flags, selector, offset, nextEip(core), 4)),
    farReturn: (width: number, extra: number) => changing(() => farReturn(core, width === 32 ? 4 : 2, extra)),
    debugTrap: () =>
      done(() => {
        core.eip = nextEip(core);
        core.set('pendingDebug', core.get('pendingDebug') | debugStatus.explicit);
        control.suppressTrap();
        control.leaveAfterThis();
      }),
    interrupt: (vector: number, short: number) =>
      changing(() => {
        core.eip = nextEip(core);
        control.suppressTrap();
        if (core.virtual8086 && short === 0) {
          if (redirectInterrupt(core, flags, vector)) return;
          if (core.ioPrivilege < 3) core.fault(vectors.generalProtection);
        }
        deliver(core, flags, { vector, software: true, resume: false });
      }),
    interruptReturn: (width: number) =>
      changing(() => {
        control.returnsFromInterrupt();
        core.eip = nextEip(core); // Where this task goes on, should the return switch tasks.
        interruptReturn(core, flags, width === 32 ? 4 : 2);
      }),
    halt: () =>
      done(() => {
        requirePrivilege(core);
        core.eip = nextEip(core);
        core.i32[wordIndex.halted] = 1;
        control.leaveAfterThis();
      }),
  };
}

function flagPaths(core: Core, flags: FlagsAccess, control: RunControl) {
  const hasInterruptRight = (): boolean => !core.protectedMode || core.cpl <= core.ioPrivilege;
  const requireVirtualRight = (): void => {
    if (core.virtual8086 && core.ioPrivilege < 3) core.fault(vectors.generalProtection);
  };
  return {
    clearInterruptFlag: () =>
      done(() => {
        if (!hasInterruptRight()) return setVirtualFlag(core, false);
        core.otherFlags = core.otherFlags & ~IF;
      }),
    setInterruptFlag: () =>
      done(() => {
        if (!hasInterruptRight()) return setVirtualFlag(core, true);
        const before = core.otherFlags;
        core.otherFlags = before | IF;
        if ((before & IF) === 0) control.holdNext('interrupts');
        control.flagsChanged();
      }),
    pushedFlags(width: number) {
      if (width === 16 && isVirtualTask(core)) return virtualImage(core, flags.read());
      requireVirtualRight();
      return flags.read() & ~(VM | flagBits.RF);
    },
    popFlags: (image: number, width: number) =>
      done(() => {
        if (width === 16 && isVirtualTask(core)) {
          checkVirtualImage(core, image);
          takeVirtualImage(core, flags, image);
          return control.flagsChanged();
        }
        requireVirtualRight();
        const privilege = core.protectedMode ? core.cpl : 0;
        const kept =
          VM |
          VIF |
          VIP |
          flagBits.RF |
          (privilege === 0 ? 0 : IOPL) |
          (privilege <= core.ioPrivilege || privilege === 0 ? 0 : IF);
        flags.write(image, width === 32 ? 4 : 2, ~kept);
        control.flagsChanged();
      }),
  };
}

function registerPaths(core: Core) {
  return {
    requirePrivilege: () => done(() => requirePrivilege(core)),
    requireProtectedMode: () =>
      done(() => {
        if (!core.usesDescriptors) core.fault(vectors.invalidOpcode);
      }),
    readTest(index: number) {
      if (index < 6) core.fault(vectors.invalidOpcode);
      requirePrivilege(core);
      return core.get(index === 6 ? 'tr6' : 'tr7');
    },
    writeTest: (index: number, value: number) =>
      done(() => {
        if (index < 6) core.fault(vectors.invalidOpcode);
        requirePrivilege(core);
        core.set(index === 6 ? 'tr6' : 'tr7', value);
      }),
    loadGlobalTable: (limit: number, base: number) =>
      done(() => {
        core.set('gdtrLimit', limit);
        core.set('gdtrBase', base);
      }),
    loadInterruptTable: (limit: number, base: number) =>
      done(() => {
        core.set('idtrLimit', limit);
        core.set('idtrBase', base);
      }),
    loadLocalTable: (selector: number) =>
      done(() => loadLocalTable(core, selector, vectors.generalProtection, vectors.segmentNotPresent)),
    loadTask: (selector: number) => done(() => loadTaskRegister(core, selector)),
  };
}

function inspectionPaths(core: Core, flags: FlagsAccess) {
  const visible = (selector: number, descriptor: Descriptor): boolean =>
    isConforming(descriptor) || (core.cpl <= privilegeOf(descriptor) && (selector & 3) <= privilegeOf(descriptor));
  const look = (selector: number, accepts: (descriptor: Descriptor) => boolean): Descriptor | undefined => {
    const descriptor = (selector & 0xfffc) === 0 ? undefined : findDescriptor(core, selector);
    const found =
      descriptor !== undefined && accepts(descriptor) && visible(selector, descriptor) ? descriptor : undefined;
    flags.write(found === undefined ? 0 : flagBits.ZF, 2, flagBits.ZF);
    return found;
  };
  const isSegment = (descriptor: Descriptor): boolean => (typeOf(descriptor) & 0x10) !== 0;
  const among =
    (types: readonly number[]) =>
    (descriptor: Descriptor): boolean =>
      isSegment(descriptor) || types.includes(typeOf(descriptor));
  const readable = (descriptor: Descriptor): boolean =>
    isSegment(descriptor) && (!isCode(descriptor) || (typeOf(descriptor) & 2) !== 0);
  return {
    accessRights: (selector: number) => (look(selector, among([1, 2, 3, 4, 5, 9, 11, 12]))?.high ?? 0) & 0x00f0_ff00,
    segmentLimit(selector: number) {
      const found = look(selector, among([1, 2, 3, 9, 11]));
      return found === undefined ? 0 : limitOf(found);
    },
    verifyRead: (selector: number) => done(() => void look(selector, readable)),
    verifyWrite: (selector: number) => done(() => void look(selector, isWritableData)),
  };
}

function portPaths(core: Core, breakpoints: Breakpoints) {
  const write = (port: number, value: number, bytes: 1 | 2 | 4): 0 => {
    checkPorts(core, port, bytes);
    breakpoints.portAccessed(port, bytes);
    core.bus.writePort(port & 0xffff, value, bytes);
    return 0;
  };
  return {
    /** INS and OUTS look before they touch memory. */
    checkPorts: (port: number, bytes: number) => done(() => checkPorts(core, port, bytes)),
    input(port: number, bytes: number) {
      checkPorts(core, port, bytes);
      breakpoints.portAccessed(port, bytes);
      return core.bus.readPort(port & 0xffff, bytes as 1 | 2 | 4);
    },
    output8: (port: number, value: number) => write(port, value & 0xff, 1),
    output16: (port: number, value: number) => write(port, value & 0xffff, 2),
    output32: (port: number, value: number) => write(port, value >>> 0, 4),
  };
}

/** Many accesses of a port by INS and OUTS; none where each has to be looked at. */
export function portRuns(core: Core, breakpoints: Breakpoints): Pick<SlowPaths, 'readPorts' | 'writePorts'> {
  type Run = (port: number, memory: Uint8Array, width: AccessWidth) => number;
  const run = (all: Run | undefined, port: number, bytes: number, count: number, host: number): number => {
    if (all === undefined || portsRestricted(core) || breakpoints.watchesPorts) return 0;
    const from = host >>> 0; // WebAssembly's words are signed here.
    return all(port, core.u8.subarray(from, from + bytes * count), bytes as AccessWidth) / bytes;
  };
  const { readPorts, writePorts } = core.bus;
  return {
    readPorts: (port, bytes, count, host) => run(readPorts, port, bytes, count, host),
    writePorts: (port, bytes, count, host) => run(writePorts, port, bytes, count, host),
  };
}

/** Faults where the program may not reach the ports. */
function checkPorts(core: Core, port: number, bytes: number): void {
  if (!portsRestricted(core) || portsAllowed(core, port, bytes)) return;
  core.fault(vectors.generalProtection);
}

/** Whether the task's permission map decides which ports the program reaches. */
export const portsRestricted = (core: Core): boolean =>
  core.protectedMode && (core.virtual8086 || core.cpl > core.ioPrivilege);

/** Looks the ports up in the TSS's permission map (Intel SDM Vol. 1, section 19.5.2). */
function portsAllowed(core: Core, port: number, bytes: number): boolean {
  const tr = segmentIndex.tr;
  const type = core.segmentField(tr, 'attributes') & 0x1f;
  if (type !== 9 && type !== 11) return false;
  const limit = core.segmentField(tr, 'limit') >>> 0;
  const base = core.segmentField(tr, 'base');
  if (limit < 0x67) return false;
  const map = core.readLinear((base + 0x66) | 0, 2, false) & 0xffff;
  const at = map + ((port & 0xffff) >> 3);
  if (at + 1 > limit) return false;
  const bits = core.readLinear((base + at) | 0, 1, false) | (core.readLinear((base + at + 1) | 0, 1, false) << 8);
  return ((bits >> (port & 7)) & ((1 << bytes) - 1)) === 0;
}
