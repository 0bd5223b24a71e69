/** What the compiler knows of pages that were seen running, and of the regions that it made of them. */
import type { Condition, RegionFacts } from './region-facts.js';
import type { RegionPlan } from './region.js';

/** A table's page that was seen running. */
export interface Heat {
  readonly table: number;
  readonly offsets: Set<number>;
  /** Where it shall be entered besides. */
  readonly wanted: Set<number>;
  /** Where regions go on in the interpreter, not often but many times: small regions of their own start there. */
  readonly strays: Set<number>;
  /** Where blocks start that these regions consist of. */
  readonly strayBlocks: Set<number>;
  /** Where it cannot be entered, as what stands there is the interpreter's. */
  readonly barred: Set<number>;
  /** Looks that met it where it is not compiled: all of them, and those of the last time as of a cycle. */
  count: number;
  recent: number;
  seenAt: number;
  /** What held when it was last seen. */
  facts: RegionFacts;
  /** How often code of the page changed after it was compiled. */
  changes: number;
  refusals: number;
  /** How often because MXCSR was otherwise than its code relied on. */
  mxcsrRefusals: number;
  /** Offsets of instructions whose accesses missed the TLB time and again. */
  readonly missing: Set<number>;
  /** How often it was compiled. */
  compilations: number;
  /** How often that took the place of a region: each time asks for twice as many looks, as all of its code is compiled anew. */
  replacements: number;
  /** Regions of the page. */
  readonly compiled: Region[];
  isQueued: boolean;
}

export interface Region {
  readonly place: number;
  readonly heat: Heat;
  readonly plan: RegionPlan;
  readonly entries: readonly number[];
  /** Its instructions' records by offset. */
  readonly covered: ReadonlyMap<number, number>;
  /** Where its walk started. */
  readonly starts: ReadonlySet<number>;
  readonly entryOffsets: ReadonlySet<number>;
  /** What it relies on of MXCSR. */
  readonly mxcsr: Condition | undefined;
  refusals: number;
}

export interface Planned {
  readonly plan: RegionPlan;
  readonly starts: ReadonlySet<number>;
  readonly replaced: ReadonlySet<Region>;
}

export const newHeat = (table: number, facts: RegionFacts): Heat => ({
  ...{
    table,
    facts,
    count: 0,
    recent: 0,
    seenAt: 0,
    changes: 0,
    refusals: 0,
    mxcsrRefusals: 0,
    compilations: 0,
    replacements: 0,
    compiled: [],
    isQueued: false,
  },
  ...{
    offsets: new Set(),
    wanted: new Set(),
    strays: new Set(),
    strayBlocks: new Set(),
    barred: new Set(),
    missing: new Set(),
  },
});

/** After so many changes of its code a page is left to the interpreter for good. */
const changesMost = 8;
export const isRestless = ({ changes }: Heat): boolean => changes > changesMost;

/** What was seen of a page is compiled: looks at it count anew. */
export function restart(heat: Heat): void {
  heat.offsets.clear();
  heat.count = 0;
  heat.recent = 0;
  heat.isQueued = false;
}

export const isEntered = (planned: Planned | undefined, offset: number): boolean => {
  const block = planned?.plan.blockAt.get(offset);
  return block !== undefined && planned!.plan.blocks[block]!.isEntry;
};
