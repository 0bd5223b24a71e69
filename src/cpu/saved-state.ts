/** A processor's architectural state as one run of bytes: the parts that its model has, in a fixed order, then its translations. */
import { architecturalState, unitStates } from './layout.js';
import { atLeast } from './model.js';
import type { Core } from './system/core.js';

interface Part {
  readonly start: number;
  readonly end: number;
}

/** Where a model's state lies, in the order in which it is saved; `modelSpecific` came with the 80486 and is saved from it on. */
function partsOf(core: Core, modelSpecific: Part): readonly Part[] {
  const units = unitStates.filter(({ feature }) => core.has(feature));
  return [architecturalState, ...(atLeast(core.model, '80486') ? [modelSpecific] : []), ...units];
}

export function gatherState(core: Core, modelSpecific: Part): Uint8Array {
  const parts: Uint8Array[] = partsOf(core, modelSpecific).map(({ start, end }) => core.u8.slice(start, end));
  parts.push(new Uint8Array(core.tlb.saved().buffer));
  const saved = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    saved.set(part, at);
    at += part.length;
  }
  return saved;
}

/** Puts everything back but the translations, which it gives: they are restored last. */
export function scatterState(core: Core, modelSpecific: Part, saved: Uint8Array): Int32Array {
  let at = 0;
  for (const { start, end } of partsOf(core, modelSpecific)) {
    core.u8.set(saved.subarray(at, at + end - start), start);
    at += end - start;
  }
  return new Int32Array(saved.slice(at).buffer);
}
