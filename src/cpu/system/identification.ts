/** CPUID (Intel SDM Vol. 2A, "CPUID: CPU Identification"; application note 485, 241618). */
import { declarationOf, type Feature, featureBits } from '../model.js';
import type { Core } from './core.js';
import type { ModelSpecificRegisters } from './model-specific.js';

type Answer = readonly [eax: number, ebx: number, ecx: number, edx: number];

const extendedLeaves = 0x8000_0000;
const brandLeaf = 0x8000_0002;
const lastBrandLeaf = 0x8000_0004;
const lineBytes = 64;

/** Four characters in a register, the first in its lowest byte. */
function characters(text: string, at: number): number {
  let word = 0;
  for (let index = 0; index < 4; index++) word |= (text.charCodeAt(at + index) || 0) << (8 * index);
  return word;
}
const sixteenCharacters = (text: string, at: number): Answer => [
  characters(text, at),
  characters(text, at + 4),
  characters(text, at + 8),
  characters(text, at + 12),
];

/** EDX of leaf 1. A feature is claimed where it is there at this moment: an APIC that was switched off is not. */
function claimedFeatures(core: Core, registers: ModelSpecificRegisters): number {
  let bits = 0;
  for (const [feature, bit] of Object.entries(featureBits) as [Feature, number][]) {
    if (feature === 'apic' ? registers.apicEnabled : core.has(feature)) bits |= 1 << bit;
  }
  return bits;
}

function answer(core: Core, registers: ModelSpecificRegisters, leaf: number): Answer {
  const { vendor, signature, caches, brand, brandIndex } = declarationOf(core.model);
  const last = caches === undefined ? 1 : 2;
  if (brand !== undefined && leaf >= extendedLeaves && leaf <= lastBrandLeaf) {
    if (leaf === extendedLeaves) return [lastBrandLeaf | 0, 0, 0, 0];
    return leaf < brandLeaf ? [0, 0, 0, 0] : sixteenCharacters(brand, (leaf - brandLeaf) * 16);
  }
  switch (Math.min(leaf, last)) {
    case 0:
      return [last, characters(vendor, 0), characters(vendor, 8), characters(vendor, 4)];
    case 1: {
      registers.loadUpdateSignature();
      const line = core.has('clflush') ? (lineBytes / 8) << 8 : 0;
      return [signature, brandIndex | line, 0, claimedFeatures(core, registers)];
    }
    default:
      return caches!;
  }
}

/** Answers by EAX into EAX, EBX, ECX and EDX. A leaf beyond the last is answered as the last basic one. */
export function identify(core: Core, registers: ModelSpecificRegisters): void {
  const [eax, ebx, ecx, edx] = answer(core, registers, core.register(0) >>> 0);
  core.setRegister(0, eax);
  core.setRegister(1, ecx);
  core.setRegister(2, edx);
  core.setRegister(3, ebx);
}
