/** MOV to and from control registers, LMSW, SMSW, CLTS and INVLPG (Intel SDM Vol. 3A, section 2.5; Vol. 2, "MOV"). */
import { record, segmentFields } from '../layout.js';
import { atLeast } from '../model.js';
import { cr0Bits, cr4Bits } from './control-bits.js';
import { settleUnit } from './coprocessor.js';
import { type Core, vectors } from './core.js';
import { checkedLinear } from './memory-paths.js';
import { loadPageDirectoryPointers } from './paging.js';
import { done, requirePrivilege, type RunControl } from './run-control.js';

const { PE, MP, EM, TS, ET, NE, WP, AM, NW, CD, PG } = cr0Bits;

/** Bits of CR0 that a model lets be written; others stay as they are. */
function writableStatus(core: Core): number {
  const oldest = PE | MP | EM | TS | PG;
  return atLeast(core.model, '80486') ? oldest | NE | WP | AM | NW | CD : oldest;
}
/** Bits of CR0 that always read as one: from the 80486 on, that of a coprocessor of the 80387's kind. */
const fixedStatus = (core: Core): number => (atLeast(core.model, '80486') ? ET : 0);

/** CR0 after reset: caches are off (SDM Vol. 3A, table 9-1). */
export const resetStatus = (core: Core): number => (atLeast(core.model, '80486') ? CD | NW | ET : 0);

/** Bits of CR4 that a model has; without any there is no CR4. */
function existingExtensions(core: Core): number {
  const { VME, PVI, TSD, DE, PSE, PAE, MCE, PGE, PCE, OSFXSR, OSXMMEXCPT } = cr4Bits;
  const bits = [
    ['vme', VME | PVI],
    ['tsc', TSD],
    ['de', DE],
    ['pse', PSE],
    ['pae', PAE],
    ['mce', MCE],
    ['pge', PGE],
    ['rdpmc', PCE],
    ['fxsr', OSFXSR],
    ['sse', OSXMMEXCPT],
  ] as const;
  return bits.reduce((all, [feature, bit]) => (core.has(feature) ? all | bit : all), 0);
}

/** Loads CR3 and what follows from it: page directory pointers, and a TLB without what is not global. */
export function loadDirectoryBase(core: Core, value: number): void {
  if (core.paging && (core.get('cr4') & cr4Bits.PAE) !== 0) loadPageDirectoryPointers(core, value);
  core.set('cr3', value);
  if (core.paging) core.tlb.flushLocal();
}

function writeStatus(core: Core, wanted: number): void {
  if ((wanted & PG) !== 0 && (wanted & PE) === 0) core.fault(vectors.generalProtection);
  const existing = writableStatus(core);
  const value = (wanted & existing) | fixedStatus(core);
  if ((value & NW) !== 0 && (value & CD) === 0) core.fault(vectors.generalProtection);
  const changed = core.get('cr0') ^ value;
  const turnsOn = (changed & value & PG) !== 0;
  if (turnsOn && (core.get('cr4') & cr4Bits.PAE) !== 0) loadPageDirectoryPointers(core, core.get('cr3'));
  core.set('cr0', value);
  if ((changed & NE) !== 0) settleUnit(core);
  if ((changed & (PG | PE)) !== 0) core.tlb.flush();
  else if ((changed & WP) !== 0) core.tlb.forgetWriteChecks();
}

function writeExtensions(core: Core, value: number, existing: number): void {
  if ((value & ~existing) !== 0) core.fault(vectors.generalProtection);
  const changed = core.get('cr4') ^ value;
  const pagingChanged = (changed & (cr4Bits.PSE | cr4Bits.PAE | cr4Bits.PGE)) !== 0;
  if (pagingChanged && core.paging && (value & cr4Bits.PAE) !== 0) loadPageDirectoryPointers(core, core.get('cr3'));
  core.set('cr4', value);
  if (pagingChanged) core.tlb.flush();
}

/** The linear address of the instruction's memory operand. */
function operandLinear(core: Core, offset: number): number {
  const segment = core.view.getUint16(core.get('currentRecord') + record.segment, true);
  return (core.i32[(segment + segmentFields.base) >> 2]! + offset) | 0;
}

export function controlPaths(core: Core, control: RunControl) {
  const extensions = existingExtensions(core);
  const registerNamed = (index: number): 'cr0' | 'cr2' | 'cr3' | 'cr4' => {
    const exists = index === 0 || index === 2 || index === 3 || (index === 4 && extensions !== 0);
    if (!exists) core.fault(vectors.invalidOpcode);
    requirePrivilege(core);
    return (['cr0', 'cr0', 'cr2', 'cr3', 'cr4'] as const)[index]!;
  };
  return {
    readControl: (index: number) => core.get(registerNamed(index)),
    writeControl: (index: number, value: number) =>
      done(() => {
        const name = registerNamed(index);
        if (name === 'cr2') return core.set('cr2', value);
        if (name === 'cr3') loadDirectoryBase(core, value);
        else if (name === 'cr0') writeStatus(core, value);
        else writeExtensions(core, value, extensions);
        control.modeChanged();
      }),
    readMachineStatus: () => (core.model === '80286' ? core.get('cr0') | 0xfff0 : core.get('cr0')),
    // LMSW can set PE and never clears it.
    loadMachineStatus: (value: number) =>
      done(() => {
        const status = core.get('cr0');
        writeStatus(core, (status & ~(MP | EM | TS)) | (value & (PE | MP | EM | TS)));
        control.modeChanged();
      }),
    clearTaskSwitched: () => done(() => core.set('cr0', core.get('cr0') & ~TS)),
    /** Eight bytes that are read as two halves are aligned as one. */
    checkQuadword: (offset: number) =>
      done(() => {
        if (!core.alignmentChecked) return;
        // What the segment says goes first (Intel SDM Vol. 3A, table 6-2).
        const segment = core.view.getUint16(core.get('currentRecord') + record.segment, true);
        if ((checkedLinear(core, segment, offset, 8, true) & 7) !== 0) core.fault(vectors.alignmentCheck);
      }),
    invalidatePage: (offset: number) =>
      done(() => {
        core.tlb.flushPage(operandLinear(core, offset));
        control.modeChanged();
      }),
  };
}
