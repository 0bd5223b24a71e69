/** Writes a region's function: what must hold where it is entered, its blocks in nested loops, and its ways out. */
import type { Handler } from '../interpreter/handlers.js';
import { emitHandler } from '../interpreter/emit-handler.js';
import type { ModuleFunctions } from '../interpreter/record-code.js';
import { at, codeTlbDistance, firstRegion, record, tlbEntry } from '../../layout.js';
import { atLeast, type ProcessorModel } from '../../model.js';
import { flatPlaceOf, placeOf } from '../interpreter/lookup-code.js';
import { tlbDistanceOf } from '../interpreter/memory-code.js';
import type { FunctionBody, Label } from '../../wasm/body.js';
import type { Code, Value } from '../../wasm/values.js';
import { isKnown, leadsTo, noteWay, wayFor } from './known-ways.js';
import { type BlockWays, RegionEmitter, type RegionRefills } from './region-emitter.js';
import { conditionsOf, factBits, type RegionFacts, mxcsrCondition } from './region-facts.js';
import { type FlagState, RegionFunction } from './region-function.js';
import type { PageCode, RegionBlock, RegionInstruction, RegionPlan } from './region.js';
import { type VectorUse, vectorUse } from './region-vectors.js';
import { budgetChecks } from './budget-checks.js';
import { headsOf, headsWithin, loopsWithin, nest, type Part } from './structure.js';
import { entryBits, WaysOut, type WaysOutImports } from './ways-out.js';

/** Functions of other modules that a region's function calls, by index. */
export interface RegionImports extends WaysOutImports {
  readonly refills: RegionRefills;
}

export interface RegionContext {
  readonly code: PageCode;
  readonly facts: RegionFacts;
  readonly functions: ModuleFunctions;
  /** Functions for {@link WaysOut}. */
  readonly waysOut: ModuleFunctions['shared'];
  readonly imports: RegionImports;
  readonly model: ProcessorModel;
  /** See {@link WaysOut.patience}. */
  readonly patience: number;
}

/** The function of a region that lies at `place` in the table of regions. */
export function writeRegion(plan: RegionPlan, place: number, context: RegionContext): FunctionBody {
  return new RegionWriter(plan, place, context).write();
}

/** Writes one instruction into a function of its own, to see whether compiled code can do anything of it. */
export function alwaysLeaves(instruction: RegionInstruction, context: RegionContext): boolean {
  return instruction.handler === undefined || tryInstruction(instruction, instruction.handler, context).alwaysLeft;
}
function tryInstruction(instruction: RegionInstruction, handler: Handler, context: RegionContext): RegionFunction {
  const region = new RegionFunction();
  const ways = region.body.open('block');
  region.setWays({ goOn: ways, outside: ways, elsewhere: ways, search: ways });
  const blockWays = {
    goToOffset: (): void => {
      region.completes = true;
      region.branch(ways);
    },
  };
  region.begin(instruction, 1);
  writeInstruction(region, handler, context, regionEmitter(region, context, blockWays));
  region.body.close();
  region.body.finish();
  return region;
}
/** Handlers whose code depends on whether MXCSR is settled. */
const askingMxcsr = new WeakMap<Handler, boolean>();
function asksMxcsr(instruction: RegionInstruction, context: RegionContext): boolean {
  const { handler } = instruction;
  if (handler?.operands.some(({ bank }) => bank === 'xmm') !== true) return false;
  const known = askingMxcsr.get(handler) ?? tryInstruction(instruction, handler, context).asksMxcsr;
  askingMxcsr.set(handler, known);
  return known;
}

/**
 * Before the 80386 some instructions move registers before an access that nothing can stop there. It may still leave for the interpreter,
 * which runs them from their start.
 */
function keepRegisters(region: RegionFunction, handler: Handler, context: RegionContext): void {
  if (atLeast(context.model, '80386')) return;
  region.keepRegisters(tryInstruction(region.here, handler, context).writtenBeforeLeaving);
}

function regionEmitter(region: RegionFunction, context: RegionContext, ways: BlockWays): RegionEmitter {
  const { functions, model, code, facts, imports } = context;
  region.settleDynamic = (): void => region.code.callVoid(imports.settleKept);
  return new RegionEmitter(region, functions, model, code.view, facts, ways);
}
function writeInstruction(
  region: RegionFunction,
  handler: Handler,
  { code, imports }: RegionContext,
  emit: RegionEmitter,
): void {
  emit.begin(handler, code.oftenMisses(region.here.offset) ? imports.refills : undefined);
  emitHandler(handler, emit);
}

class RegionWriter {
  private readonly waysOut: WaysOut;
  private readonly vectors: VectorUse;
  private readonly region: RegionFunction;
  private readonly emit: RegionEmitter;
  private readonly code: Code;
  private readonly body: FunctionBody;
  private readonly labels = new Map<number, Label>();
  /** What the flags are known to follow from where a block starts that has one way in. */
  private readonly flagsInto = new Map<number, FlagState>();
  /** The same of numbers in XMM registers. */
  private readonly knownInto = new Map<number, Map<number, number>>();
  private readonly hasOneWayIn = new Set<number>();
  /** Blocks that are reached through a choice by the local `way`. */
  private readonly needsWay = new Set<number>();
  private again!: Label;
  /** Blocks that check the budget, and for how many cycles. */
  private checks: ReadonlyMap<number, number> = new Map();

  constructor(
    private readonly plan: RegionPlan,
    private readonly place: number,
    private readonly context: RegionContext,
  ) {
    this.waysOut = new WaysOut(context.waysOut, context.imports, context.patience);
    const instructions = plan.blocks.flatMap((block) => block.instructions);
    this.vectors = vectorUse(instructions, context.code.view);
    this.region = new RegionFunction(this.waysOut, this.vectors);
    this.emit = regionEmitter(this.region, context, { goToOffset: (offset) => this.goToOffset(offset) });
    this.code = this.region.code;
    this.body = this.region.body;
  }

  write(): FunctionBody {
    const { body, code, region, plan } = this;
    const entries = plan.blocks.filter(({ isEntry }) => isEntry).map(({ index }) => index);
    const parts = nest(
      plan.blocks.map(({ successors }) => successors),
      entries,
    );
    this.countWays(parts);
    this.checks = budgetChecks(plan.blocks, headsWithin(parts));
    this.writeStart();
    this.again = body.open('loop');
    const chain = body.open('block');
    const goOn = body.open('block');
    const outside = body.open('block');
    const elsewhere = body.open('block');
    const search = body.open('block');
    region.setWays({ goOn, outside, elsewhere, search });
    this.writeParts(parts, entries);
    body.op('unreachable');
    body.close();
    if (this.context.facts.isFlat) this.searchHere(goOn);
    body.close();
    this.searchElsewhere(goOn, chain);
    body.close();
    this.writeOutside();
    body.close();
    region.set('handler', code.loadLate('i32.load16_u', region.local('at'), record.handler));
    region.set('way', code.loadLate('i32.load8_u', region.local('at'), record.entry));
    body.close();
    this.writeChain();
    body.close();
    body.op('unreachable');
    return body;
  }

  private countWays(parts: readonly Part[]): void {
    const waysIn = new Map<number, number>();
    for (const { successors } of this.plan.blocks) {
      for (const next of successors) waysIn.set(next, (waysIn.get(next) ?? 0) + 1);
    }
    const heads = new Set(headsWithin(parts));
    for (const { heads: all } of loopsWithin(parts))
      if (all.length > 1) for (const head of all) this.needsWay.add(head);
    for (const { index, isEntry } of this.plan.blocks) {
      if (!isEntry && !heads.has(index) && waysIn.get(index) === 1) this.hasOneWayIn.add(index);
    }
  }

  // Where it starts.

  private writeStart(): void {
    const { code, region } = this;
    const from = code.local(0, 'i32');
    region.set('at', code.and(from, ~entryBits.all));
    const here = region.local('at');
    region.set('budget', code.loadLate('i32.load', 0, at.budget));
    // The interpreter has taken the cycles of the block already.
    code.when(code.isZero(code.and(from, entryBits.unpaid)), () => {
      region.set('budget', code.add(region.local('budget'), code.loadLate('i32.load16_u', here, record.remaining)));
    });
    const refuse = (): void => {
      code.store('i32.store', 0, region.local('budget'), at.budget);
      this.waysOut.refuse(code, here);
    };
    const base = code.loadLate('i32.load', 0, at.codeBase);
    const { codeBase, isFlat } = this.context.facts;
    // A flat code segment has no page that it begins inside of.
    if (codeBase !== undefined) code.when(code.notEqual(base, codeBase), refuse);
    else if (!isFlat) code.when(code.greaterUnsigned(base, 0xffff_f000 | 0), refuse);
    const condition = mxcsrCondition(this.context.facts);
    if (condition !== undefined && this.asksMxcsr()) {
      const { address, mask, value } = condition;
      code.when(code.notEqual(code.and(code.loadLate('i32.load', 0, address), mask), value), refuse);
    }
    const known = factBits(this.context.facts);
    const wrong = conditionsOf(this.context.facts, this.context.model).map(({ address, mask, value }) =>
      code.xor(code.and(code.loadLate('i32.load', 0, address), mask), value),
    );
    if (wrong.length > 0) {
      const isLost = wrong.reduce((all, each) => code.or(all, each));
      code.when(code.notEqual(code.and(from, known), known), () => code.when(isLost, refuse));
    }
    region.set('way', code.local(1, 'i32'));
    region.loadRegisters();
    region.loadVectors();
  }
  /** Whether the region relies on a settled MXCSR. */
  private asksMxcsr(): boolean {
    const { context, plan } = this;
    return plan.blocks.some(({ instructions }) => instructions.some((each) => asksMxcsr(each, context)));
  }
  // Blocks.

  /**
   * Parts in order; each has a label in front of it. `choices` are the blocks that the local `way` may name at the start; inside a loop its
   * heads are reached by going `round`.
   */
  private writeParts(
    parts: readonly Part[],
    choices: readonly number[] | undefined,
    round: ReadonlyMap<number, Label> = new Map(),
  ): void {
    const { body } = this;
    const labels = parts.map(() => undefined as Label | undefined);
    for (let index = parts.length - 1; index >= 0; index--) labels[index] = body.open('block');
    parts.forEach((part, index) => {
      for (const head of headsOf(part)) this.labels.set(head, labels[index]!);
    });
    if (choices !== undefined) this.choose(choices);
    for (const [head, label] of round) this.labels.set(head, label);
    for (const part of parts) {
      body.close();
      for (const head of headsOf(part)) if (!round.has(head)) this.labels.delete(head);
      if (part.kind === 'block') this.writeBlock(this.plan.blocks[part.block]!);
      else this.writeLoop(part.heads, part.parts);
    }
    for (const head of round.keys()) this.labels.delete(head);
  }
  private choose(choices: readonly number[]): void {
    const { body, region } = this;
    const [first, ...others] = choices as readonly [number, ...number[]];
    const otherwise = this.labels.get(first)!;
    if (others.length === 0) return body.branch(otherwise);
    region.local('way').push(body);
    const table = new Array<Label>(Math.max(...choices) + 1).fill(otherwise);
    for (const block of choices) table[block] = this.labels.get(block)!;
    body.branchTable(table, otherwise);
  }
  private writeLoop(heads: readonly number[], parts: readonly Part[]): void {
    const { body } = this;
    const label = body.open('loop');
    this.writeParts(parts, heads.length > 1 ? heads : undefined, new Map(heads.map((head) => [head, label])));
    body.close();
    body.op('unreachable');
  }

  private writeBlock({ index, instructions }: RegionBlock): void {
    const { region, context } = this;
    region.flags = this.flagsInto.get(index) ?? 'dynamic';
    region.known = this.knownInto.get(index) ?? new Map<number, number>();
    const cycles = instructions.length;
    this.takeCycles(index, instructions[0]!, cycles);
    for (const [position, instruction] of instructions.entries()) {
      region.begin(instruction, cycles - position);
      if (instruction.handler === undefined) region.bail();
      else {
        keepRegisters(region, instruction.handler, context);
        writeInstruction(region, instruction.handler, context, this.emit);
      }
      if (region.terminated) return;
    }
    const last = instructions.at(-1)!;
    this.goToOffset(last.offset + last.length);
  }
  private takeCycles(index: number, first: RegionInstruction, cycles: number): void {
    const { region, code } = this;
    region.begin(first, 0);
    const needed = this.checks.get(index);
    // The interpreter runs what is left of the budget.
    if (needed !== undefined) region.arms(code.lessSigned(region.local('budget'), needed), () => region.bail());
    region.set('budget', code.sub(region.local('budget'), cycles));
  }
  private goToOffset(offset: number): void {
    const { region, code, plan, context } = this;
    region.completes = true;
    const block = plan.blockAt.get(offset);
    const label = block === undefined ? undefined : this.labels.get(block);
    if (block !== undefined && label !== undefined) return this.goToBlock(block, label);
    const known = offset <= 0xfff ? context.code.view.getInt32(context.code.table + offset * 4, true) : 0;
    if (known !== 0 && context.code.numberOf(known) !== 0) return region.goOn(known);
    const { codeBase } = context.facts;
    const base = codeBase ?? code.loadLate('i32.load', 0, at.codeBase);
    const target = code.add(base, offset);
    if (offset >= 0 && offset <= 0xfff) region.search(target);
    else region.searchElsewhere(target);
  }
  private goToBlock(block: number, label: Label): void {
    const { region } = this;
    if (this.hasOneWayIn.has(block)) {
      this.flagsInto.set(block, region.flags);
      this.knownInto.set(block, new Map(region.known));
    } else region.noteFlags();
    if (this.needsWay.has(block)) region.set('way', block);
    region.branch(label);
  }

  // Ways out. The flags are written where anything but a bail comes here.

  /** Looks for the record at `target` in this page. It is translated, or it would not run: whatever changes that looks outside. */
  private searchHere(goOn: Label): void {
    const { code, region, body, context } = this;
    const offset = code.hold(code.sub(region.local('target'), code.loadLate('i32.load', 0, at.codeBase)));
    code.when(code.lessUnsigned(offset, 0x1000), () => {
      region.set('at', code.loadLate('i32.load', code.shl(offset, 2), context.code.table));
      code.when(region.local('at'), () => {
        code.when(this.isOwn(), () => this.goRound());
        body.branch(goOn);
      });
    });
  }
  /** Looks for it in the TLB's table of another page. */
  private searchElsewhere(goOn: Label, chain: Label): void {
    const { code, region, body } = this;
    const { isFlat, tlb = 0 } = this.context.facts;
    const eip = region.local('target');
    const { linear, offset, key, reaches } = (isFlat ? flatPlaceOf : placeOf)(code, eip);
    const distance = tlbDistanceOf(code, linear);
    const entry = code.hold(tlb === 0 ? code.add(distance, code.loadLate('i32.load', 0, at.tlb)) : distance);
    const first = tlb + codeTlbDistance;
    const tag = code.or(code.and(linear, ~0xfff), key);
    const isHit = code.equal(code.loadLate('i32.load', entry, first + tlbEntry.execute), tag);
    code.when(reaches === undefined ? isHit : code.and(isHit, reaches), () => {
      const table = code.hold(code.loadLate('i32.load', entry, first + tlbEntry.codeTable));
      const base = code.hold(code.sub(eip, offset));
      const way = isFlat ? wayFor(code, eip) : undefined;
      if (way !== undefined) this.goKnownWay(way, eip, table, base, chain);
      region.set('at', code.loadLate('i32.load', code.add(table, code.shl(offset, 2))));
      code.when(region.local('at'), () => {
        if (way !== undefined) noteWay(code, way, eip, table, region.local('at'));
        if (!isFlat) {
          const isHere = code.equal(base, code.loadLate('i32.load', 0, at.codeBase));
          code.when(code.and(this.isOwn(), isHere), () => this.goRound());
        }
        code.store('i32.store', 0, base, at.codeBase);
        body.branch(goOn);
      });
    });
  }
  private goKnownWay(way: Value, eip: Value, table: Value, base: Value, chain: Label): void {
    const { code, region, body } = this;
    code.when(isKnown(code, way, eip, table), () => {
      const known = leadsTo(code, way);
      for (const name of ['at', 'handler', 'way'] as const) region.set(name, known[name]);
      code.store('i32.store', 0, base, at.codeBase);
      body.branch(chain);
    });
  }
  /** Whether the record `at` is an entry of this region. */
  private isOwn(): Value {
    const handler = this.code.loadLate('i32.load16_u', this.region.local('at'), record.handler);
    return this.code.equal(handler, firstRegion + this.place);
  }
  /** Looks for the record at `target` outside, where the region may be entered anew if it can. */
  private writeOutside(): void {
    const { code, region } = this;
    region.spill();
    this.waysOut.lookOutside(code, region.local('target'));
  }
  private goRound(): void {
    const { code, region, body } = this;
    region.set('way', code.loadLate('i32.load8_u', region.local('at'), record.entry));
    body.branch(this.again);
  }
  /** On at the record `at` with the handler `handler`, in another region at its entry `way` or in the interpreter. */
  private writeChain(): void {
    const { code, region } = this;
    region.spill();
    const [here, handler, way] = [region.local('at'), region.local('handler'), region.local('way')];
    this.waysOut.goOn(code, here, handler, way, factBits(this.context.facts));
  }
}
