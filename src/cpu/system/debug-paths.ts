/** MOV from and to debug registers (Intel SDM Vol. 3B, section 17.2). */
import {
  type Breakpoints,
  debugControlReset,
  debugControlWritable,
  debugStatusReset,
  debugStatusWritable,
} from './breakpoints.js';
import { cr4Bits } from './control-bits.js';
import { type Core, vectors } from './core.js';
import { requirePrivilege } from './run-control.js';

const names = ['dr0', 'dr1', 'dr2', 'dr3', 'dr6', 'dr7', 'dr6', 'dr7'] as const;

export function debugPaths(core: Core, breakpoints: Breakpoints) {
  const existing = (index: number): (typeof names)[number] => {
    // DR4 and DR5 are other names of DR6 and DR7 until debug extensions take them away.
    if ((index & ~1) === 4 && (core.get('cr4') & cr4Bits.DE) !== 0) core.fault(vectors.invalidOpcode);
    requirePrivilege(core);
    breakpoints.checkGeneralDetect();
    return names[index & 7]!;
  };
  return {
    readDebug: (index: number) => core.get(existing(index)),
    writeDebug(index: number, value: number) {
      const name = existing(index);
      if (name === 'dr6') core.set('dr6', debugStatusReset | (value & debugStatusWritable));
      else {
        core.set(name, name === 'dr7' ? (value & debugControlWritable) | debugControlReset(core.model) : value);
        breakpoints.derive();
      }
      return 0;
    },
  };
}
