/** What the registers hold after RESET and after INIT (Intel SDM Vol. 3A, table 9-1; earlier models by their own manuals). */
import { architecturalState, segmentIndex } from '../layout.js';
import { declarationOf } from '../model.js';
import { debugControlReset, debugStatusReset } from './breakpoints.js';
import { resetStatus } from './control-registers.js';
import type { Core } from './core.js';
import { setSegment } from './segments.js';

export function resetRegisters(core: Core): void {
  core.u8.fill(0, architecturalState.start, architecturalState.end);
  const early = core.model === '8086';
  for (let segment = 0; segment < 8; segment++) setSegment(core, segment, 0, 0, 0xffff, 0x93);
  setSegment(core, segmentIndex.ldtr, 0, 0, 0xffff, 0x82);
  setSegment(core, segmentIndex.tr, 0, 0, 0xffff, 0x8b);
  const base = early ? 0xffff0 : core.model === '80286' ? 0xff0000 : 0xffff_0000 | 0;
  setSegment(core, segmentIndex.cs, early ? 0xffff : 0xf000, base, 0xffff, 0x93);
  core.set('eip', early ? 0 : 0xfff0);
  core.set('idtrLimit', 0x3ff);
  core.set('gdtrLimit', 0xffff);
  core.set('dr6', debugStatusReset);
  core.set('dr7', debugControlReset(core.model));
  core.set('cr0', resetStatus(core));
  core.setRegister(2, declarationOf(core.model).signature); // On the 80386 a component and a revision identifier.
}
