/** What of a page is compiled next, and how its decoded code is read for that. */
import type { Core } from '../../system/core.js';
import { firstHandler, handlersOf } from '../interpreter/handlers.js';
import type { Entrances } from './entrances.js';
import type { Heat, Planned, Region } from './heat.js';
import { relativeTargetOffset } from './region-emitter.js';
import type { RegionFacts } from './region-facts.js';
import type { RegionModule } from './region-module.js';
import { headOf, type PageCode, planRegion, type RegionInstruction } from './region.js';

const instructionsMost = 600;
/** A region of more instructions is not compiled anew with what it leads to. */
const growsMost = 300;
const entriesMost = 200;

export class Planning {
  private readonly leaving = new Map<number, boolean>();

  constructor(
    private readonly core: Core,
    private readonly entrances: Entrances,
    private readonly patience: number,
  ) {}

  /** A region for what was seen of a page; together with those that it grows out of, if they are not too long. */
  plan(heat: Heat, module: RegionModule): Planned | undefined {
    const replaced = new Set<Region>();
    const starts = new Set<number>(heat.wanted);
    const code = this.pageCode(heat, module, replaced);
    const coveredBy = (offset: number): Region | undefined => heat.compiled.find(({ covered }) => covered.has(offset));
    for (const offset of heat.offsets) {
      const { head, behind } = headOf(code, offset, (each) => coveredBy(each) !== undefined);
      starts.add(head);
      const before = behind === undefined ? undefined : coveredBy(behind)!;
      if (before === undefined || before.covered.size > growsMost) continue;
      replaced.add(before);
      for (const start of before.starts) starts.add(start);
    }
    const plan = planRegion(code, starts, { instructions: instructionsMost, entries: entriesMost });
    return plan === undefined ? undefined : { plan, starts, replaced };
  }
  /** A small region of blocks that the interpreter ran where others left to it, and of no more. */
  planStrays(heat: Heat, module: RegionModule): Planned | undefined {
    const limits = { instructions: instructionsMost, entries: entriesMost, leaders: heat.strayBlocks };
    const plan = planRegion(this.pageCode(heat, module), heat.strays, limits);
    return plan === undefined ? undefined : { plan, starts: new Set(heat.strays), replaced: new Set() };
  }
  /** How the decoded code of a page is read while regions take the place of others. */
  pageCode(heat: Heat, module: RegionModule, replaced: ReadonlySet<Region> = new Set()): PageCode {
    const isOther = (region: Region): boolean => !replaced.has(region);
    const { view, model } = this.core;
    // Found here, as a start that compiles nothing need not know what every handler is.
    const { handlers } = handlersOf(model);
    const { facts } = heat;
    const code: PageCode = {
      view,
      table: heat.table,
      handler: (number) => handlers[number - firstHandler],
      numberOf: (at) => this.entrances.numberOf(at),
      isElsewhere: (offset) => heat.compiled.some((region) => isOther(region) && region.entryOffsets.has(offset)),
      oftenMisses: (offset) => this.patience === 0 || heat.missing.has(offset),
      alwaysLeaves: (instruction) => this.alwaysLeaves(instruction, module, code, facts),
      targetOf: ({ record: at, handler }) => relativeTargetOffset(view, at, handler!.variant.width, facts.codeBase),
    };
    return code;
  }
  private alwaysLeaves(
    instruction: RegionInstruction,
    module: RegionModule,
    code: PageCode,
    facts: RegionFacts,
  ): boolean {
    const bits =
      (facts.isFlat ? 1 : 0) | (facts.unitsReady ? 2 : 0) | (facts.isSettled ? 4 : 0) | (facts.isExact ? 8 : 0);
    const key = instruction.number * 16 + bits;
    const known = this.leaving.get(key);
    if (known !== undefined) return known;
    const found = module.alwaysLeaves(instruction, code, facts);
    this.leaving.set(key, found);
    return found;
  }
}
