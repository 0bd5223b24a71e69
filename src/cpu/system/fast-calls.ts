/** SYSENTER and SYSEXIT (Intel SDM Vol. 2B). Their segments are flat, whatever the descriptor tables hold. */
import { flagBits, segmentIndex } from '../layout.js';
import { type Core, vectors } from './core.js';
import { fastCallRegisters, type ModelSpecificRegisters } from './model-specific.js';
import { done, requirePrivilege, type RunControl } from './run-control.js';
import { setSegment } from './segments.js';

/** Flat 4 GiB segments that were accessed: code that can be read, data that can be written. */
export const flatCode = 0xc09b;
export const flatData = 0xc093;
const withPrivilege = (attributes: number, privilege: number): number => attributes | (privilege << 5);

export function fastCallPaths(core: Core, registers: ModelSpecificRegisters, control: RunControl) {
  const go = (privilege: 0 | 3, codeSelector: number, stackSelector: number, eip: number, esp: number): void => {
    core.cpl = privilege;
    setSegment(core, segmentIndex.cs, codeSelector | privilege, 0, -1, withPrivilege(flatCode, privilege));
    setSegment(core, segmentIndex.ss, stackSelector | privilege, 0, -1, withPrivilege(flatData, privilege));
    core.eip = eip;
    core.setRegister(4, esp);
    control.modeChanged();
    control.flagsChanged();
  };
  const requiredSelector = (): number => {
    const selector = Number(registers.read(fastCallRegisters.codeSegment) & 0xfffcn);
    if (!core.protectedMode || selector === 0) core.fault(vectors.generalProtection);
    return selector;
  };
  return {
    fastCall: () =>
      done(() => {
        const selector = requiredSelector();
        const { VM, IF, RF } = flagBits;
        core.otherFlags = core.otherFlags & ~(VM | IF | RF);
        const [eip, esp] = [registers.read(fastCallRegisters.entry), registers.read(fastCallRegisters.stackPointer)];
        go(0, selector, selector + 8, Number(eip) | 0, Number(esp) | 0);
      }),
    fastReturn: () =>
      done(() => {
        const selector = requiredSelector();
        requirePrivilege(core);
        go(3, selector + 16, selector + 24, core.register(2), core.register(1));
      }),
  };
}
