/**
 * Finds hot code by looking where the processor stands now and then, compiles it, and sees to it that the interpreter enters it. None of
 * that is part of the machine's state: when and whether code is compiled changes nothing but speed.
 */
import { assert } from '../../../base/assert.js';
import { record } from '../../layout.js';
import type { Core } from '../../system/core.js';
import { Entrances } from './entrances.js';
import { type Heat, isEntered, isRestless, newHeat, type Planned, type Region, restart } from './heat.js';
import type { Interpreter } from '../interpreter/instance.js';
import type { Float80 } from '../../kernel/float80/float80.js';
import { factsNow, holds, mxcsrCondition } from './region-facts.js';
import { Planning } from './planning.js';
import type { CompilerTuning } from './tuning.js';
import { RegionModule } from './region-module.js';
import { StrayWalk } from './stray-walk.js';
import { Tellings } from './tellings.js';
import { missesOf } from './ways-out.js';

const longestLook = 1 << 20;
/** After so many refusals a region is given up. */
const refusalsMost = 50;
/** How often the number of looks that a page needs is doubled. */
const doublingsMost = 6;
/**
 * Compiling a page costs as much as interpreting millions of instructions, so it pays at once only where much of the time goes: half of
 * the looks are forgotten with each so many cycles. Where less goes, a page takes so many times as many looks in all.
 */
const fadeCycles = 8_000_000;
const rarelyTimes = 12;
/** So many looks it takes at least, where more than that are needed. */
const looksLeast = 4;
/** What regions leave to the interpreter more often than once in so many cycles is worth compiling anew. */
const frequentPace = 300;
/** What they leave more rarely is worth a small region when it was told so many times; a power of two. */
const strayTellings = 128;
/** After so many interrupts that end a halt, and whenever they are twice as many, what runs to the next one is walked along. */
const firstWake = 32;
/** No page is compiled more often for that. */
const compilationsMost = 40;

const isPowerOfTwo = (value: number): boolean => Number.isInteger(value) && (value & (value - 1)) === 0;

export class Compiler {
  /** Cycles between two looks, about; see {@link wait}. */
  private pace: number;
  private scatter = 0;
  private rest = 0;
  private isDue = true;
  private readonly heats = new Map<number, Heat>();
  private readonly queue: Heat[] = [];
  private looksSinceQueued = 0;
  private readonly entrances: Entrances;
  private readonly planning: Planning;
  private readonly regions: (Region | undefined)[] = [];
  private readonly free: number[] = [];
  /** Places in the order in which they were filled. */
  private readonly order: number[] = [];
  private readonly told = {
    refused: (at: number): number => this.refused(at),
    missed: (at: number): void => this.missed(at),
    left: (at: number): void => this.left(at),
  };
  /** Cycles that ran. */
  private spent = 0;
  private readonly misses = new Tellings();
  private readonly leavings = new Tellings();
  /** Pages with places that are worth a small region. */
  private readonly straying = new Set<Heat>();
  /** What goes with the interpreter to find them. */
  private walk: StrayWalk | undefined;
  /** Interrupts that ended a halt, and how many there must be for the next walk from one to another. */
  private wakes = 0;
  private nextWake = firstWake;

  constructor(
    private readonly core: Core,
    private readonly table: WebAssembly.Table,
    private readonly interpreter: Interpreter,
    private readonly float80: Float80 | undefined,
    private readonly tuning: CompilerTuning,
    /** Has the engine return in front of its next block. */
    private readonly giveUp: () => void,
  ) {
    this.pace = tuning.look;
    this.entrances = new Entrances(core);
    this.planning = new Planning(core, this.entrances, tuning.patience);
    for (let place = tuning.regions - 1; place >= 0; place--) this.free.push(place);
  }

  /** Cycles to be spent until the next look. */
  get untilLook(): number {
    return this.rest;
  }
  /** Code ran for so many cycles. The next look comes wherever the rest of them ends, so that what runs most is seen most. */
  spend(cycles: number): void {
    this.spent += cycles;
    this.rest -= cycles;
    if (this.rest <= 0) this.isDue = true;
  }
  /** Nothing that is known says how often to look: at once, and then often. */
  lookAnew(): void {
    this.pace = this.tuning.look;
    this.isDue = true;
  }
  /** Between half and one and a half times the pace: a guest that does the same again and again would else be seen at few places. */
  private wait(): void {
    this.scatter = (Math.imul(this.scatter, 1_664_525) + 1_013_904_223) >>> 0;
    this.rest = Math.max(1, Math.floor(this.pace * (0.5 + this.scatter / 2 ** 32)));
    this.isDue = false;
  }

  /** The processor stands in front of a record at an offset of a page's table, 0 where it is in none; its block takes so many cycles. */
  look(at: number, table: number, offset: number, cycles: number): void {
    if (this.walk !== undefined) return this.walkOn(this.walk, at, table, offset);
    if (!this.isDue && this.rest >= cycles) return;
    if (table !== 0) this.see(at, table, offset);
    this.wait();
  }
  private see(at: number, table: number, offset: number): void {
    const isLate = this.queue.length > 0 && ++this.looksSinceQueued >= this.tuning.delay;
    if (isLate || this.straying.size >= this.tuning.batch) this.compileQueue();
    const heat = this.heatOf(table);
    const isCovered = this.entrances.leadsInto(at) || this.covers(heat, offset);
    const cycles = this.pace;
    this.pace = isCovered ? Math.min(this.pace * 2, longestLook) : this.tuning.look;
    if (isCovered || isRestless(heat)) return;
    heat.facts = factsNow(this.core, this.heats.get(table));
    heat.offsets.add(offset);
    const needed = this.tuning.threshold << Math.min(heat.replacements, doublingsMost);
    this.warm(heat, Math.max(1, Math.round(cycles / this.tuning.look)), needed);
    if (heat.isQueued || (heat.recent < needed && heat.count < needed * rarelyTimes)) return;
    heat.isQueued = true;
    if (this.queue.push(heat) === 1) this.looksSinceQueued = 0;
    if (this.queue.length >= this.tuning.batch) this.compileQueue();
  }
  /**
   * Counts looks, those of the last time by themselves: half of them are forgotten with each {@link fadeCycles}. A look after a long pause
   * stands for more of the time, but is no more than one of several.
   */
  private warm(heat: Heat, looks: number, needed: number): void {
    heat.count += Math.min(looks, Math.ceil((needed * rarelyTimes) / looksLeast));
    const faded = heat.recent * 2 ** ((heat.seenAt - this.spent) / fadeCycles);
    heat.recent = faded + Math.min(looks, Math.ceil(needed / looksLeast));
    heat.seenAt = this.spent;
  }
  private heatOf(table: number): Heat {
    const known = this.heats.get(table);
    if (known !== undefined) return known;
    const heat = newHeat(table, factsNow(this.core, this.heats.get(table)));
    this.heats.set(table, heat);
    return heat;
  }
  private covers(heat: Heat, offset: number): boolean {
    return heat.compiled.some(({ covered }) => covered.has(offset));
  }

  // Compiling.

  private compileQueue(): void {
    const module = new RegionModule(
      this.core,
      this.interpreter,
      this.float80,
      this.table,
      this.told,
      this.tuning.patience,
    );
    const made: Region[] = [];
    const settle = (heat: Heat, asked: Set<number>, planned: Planned | undefined): void => {
      for (const offset of asked) if (!isEntered(planned, offset)) heat.barred.add(offset);
      asked.clear();
      if (planned !== undefined) made.push(this.make(heat, planned, module));
    };
    for (const heat of this.queue.splice(0)) {
      settle(heat, heat.wanted, this.planning.plan(heat, module));
      restart(heat);
    }
    for (const heat of this.straying) {
      settle(heat, heat.strays, this.planning.planStrays(heat, module));
      heat.strayBlocks.clear();
    }
    this.straying.clear();
    this.looksSinceQueued = 0;
    if (made.length === 0) return;
    module.install();
    // Where one batch fills all places, its own first regions are gone already.
    for (const region of made) if (this.regions[region.place] === region) this.entrances.open(region);
  }
  private make(heat: Heat, planned: Planned, module: RegionModule): Region {
    for (const old of planned.replaced) this.remove(old);
    const place = this.takePlace();
    module.add(planned.plan, place, this.planning.pageCode(heat, module), heat.facts);
    const region = this.regionOf(heat, planned, place);
    this.regions[place] = region;
    this.order.push(place);
    heat.compiled.push(region);
    heat.compilations++;
    if (planned.replaced.size > 0) heat.replacements++;
    return region;
  }
  private regionOf(heat: Heat, { plan, starts }: Planned, place: number): Region {
    const covered = new Map(
      plan.blocks.flatMap(({ instructions }) => instructions.map(({ offset, record: at }) => [offset, at] as const)),
    );
    const firsts = plan.blocks.filter(({ isEntry }) => isEntry).map(({ instructions }) => instructions[0]!);
    const entries = firsts.map(({ record: at }) => at);
    const entryOffsets = new Set(firsts.map(({ offset }) => offset));
    return {
      place,
      heat,
      plan,
      entries,
      entryOffsets,
      covered,
      starts,
      mxcsr: mxcsrCondition(heat.facts),
      refusals: 0,
    };
  }

  // Taking regions away.

  private takePlace(): number {
    if (this.free.length === 0) this.evict();
    const place = this.free.pop();
    assert(place !== undefined, 'eviction frees places');
    return place;
  }
  /** Takes out the older half. */
  private evict(): void {
    for (const place of this.order.slice(0, Math.ceil(this.tuning.regions / 2))) {
      const region = this.regions[place];
      if (region !== undefined) this.remove(region);
    }
  }
  private remove(region: Region): void {
    this.entrances.close(region);
    this.table.set(region.place, null);
    this.regions[region.place] = undefined;
    this.free.push(region.place);
    this.order.splice(this.order.indexOf(region.place), 1);
    region.heat.compiled.splice(region.heat.compiled.indexOf(region), 1);
  }
  /** Code of a table's page changed. */
  changed(table: number): void {
    const heat = this.heats.get(table);
    if (heat === undefined || heat.compiled.length === 0) return;
    heat.changes++;
    for (const region of [...heat.compiled]) this.remove(region);
  }
  /** The page of a table holds other code altogether: what was seen of the one before says nothing of it. */
  replaced(table: number): void {
    const heat = this.heats.get(table);
    if (heat === undefined) return;
    // A walk may have met it, and what it kept of a page that is forgotten would outlive later changes.
    this.walk = undefined;
    for (const region of [...heat.compiled]) this.remove(region);
    this.heats.delete(table);
    this.straying.delete(heat);
    if (heat.isQueued) this.queue.splice(this.queue.indexOf(heat), 1);
  }
  /** All decoded code is gone, and its records with it. */
  forget(): void {
    for (const place of this.order) {
      this.table.set(place, null);
      this.regions[place] = undefined;
      this.free.push(place);
    }
    this.order.length = 0;
    this.entrances.forget();
    this.misses.forget();
    this.leavings.forget();
    this.straying.clear();
    this.walk = undefined;
    this.nextWake = this.wakes + firstWake;
    this.heats.clear();
    this.queue.length = 0;
    this.lookAnew();
  }

  /** A region was entered where something that it was compiled for does not hold; gives the interpreter's handler. */
  private refused(at: number): number {
    const original = this.entrances.originalAt(at);
    const region = this.regions[this.entrances.placeAt(at)];
    if (region !== undefined && ++region.refusals > refusalsMost) {
      if (holds(this.core, region.mxcsr)) region.heat.refusals++;
      else region.heat.mxcsrRefusals++;
      this.remove(region);
    }
    return original;
  }

  // What regions tell.

  /** Where an instruction misses the TLB again and again, its page is compiled with a look for more than the TLB knows. */
  private missed(at: number): void {
    const { isFrequent } = this.misses.take(at, this.spent, frequentPace * this.tuning.patience);
    const region = isFrequent ? this.regionWith(at) : undefined;
    if (region === undefined) return;
    const { patience } = this.tuning;
    const { heat } = region;
    // The others that do so too are compiled along with it.
    for (const [offset, its] of region.covered) {
      if (its === at || missesOf(this.core, its) % patience >= patience / 4) heat.missing.add(offset);
    }
    this.compileAnew(region);
  }
  /** A region went on in the interpreter, at code that may be compiled but is not entered there, or that is not compiled. */
  private left(at: number): void {
    const { isFrequent, tellings } = this.leavings.take(at, this.spent, frequentPace * this.tuning.patience);
    if (!isFrequent) return isPowerOfTwo(tellings / strayTellings) ? this.startWalk() : undefined;
    const offset = this.core.view.getUint16(at + record.pageOffset, true);
    const region = this.regionWith(at);
    const heat = region?.heat ?? [...this.heats.values()].find(({ table }) => this.recordAt(table, offset) === at);
    if (heat === undefined || heat.isQueued || heat.barred.has(offset) || !this.mayCompile(heat)) return;
    heat.wanted.add(offset);
    if (region === undefined) this.queueNow(heat);
    else this.compileAnew(region);
  }
  private mayCompile(heat: Heat): boolean {
    return !isRestless(heat) && heat.compilations < compilationsMost;
  }
  private startWalk(): void {
    if (this.walk !== undefined) return;
    this.walk = new StrayWalk(false);
    this.giveUp();
    this.rest = 0;
  }
  /** The interpreter stands in front of a block on its walk. */
  private walkOn(walk: StrayWalk, at: number, table: number, offset: number): void {
    const heat = table === 0 ? undefined : this.heatOf(table);
    const isTaken = heat !== undefined && !heat.isQueued && this.mayCompile(heat);
    if (isTaken) heat.facts = factsNow(this.core, heat);
    const entered = this.entrances.leadsInto(at) ? this.regions[this.entrances.placeAt(at)] : undefined;
    const isCovered = walk.goTo(entered, heat, offset, this.lastOffset(at));
    if (isCovered && !walk.toNextHalt) return this.endWalk(walk, this.tuning.batch);
    const goesOn = isTaken && !isCovered ? walk.step(heat, offset) : walk.pass();
    if (goesOn) return;
    if (walk.toNextHalt) this.dropWalk();
    else this.endWalk(walk, this.tuning.batch);
  }
  /** Where the last instruction of a record's block lies in its page. */
  private lastOffset(at: number): number {
    const { view } = this.core;
    const last = at + (view.getUint16(at + record.remaining, true) - 1) * record.bytes;
    return view.getUint16(last + record.pageOffset, true);
  }
  /** What was met is compiled, together with the rest, as soon as so many pages have some. */
  private endWalk(walk: StrayWalk, least: number): void {
    this.dropWalk();
    for (const heat of walk.keep()) this.straying.add(heat);
    if (this.straying.size >= least) this.compileQueue();
  }
  private dropWalk(): void {
    this.walk = undefined;
    this.wait();
  }
  /** An interrupt ended a halt. */
  woke(): void {
    if (this.walk?.toNextHalt === true) this.endWalk(this.walk, 1);
    if (++this.wakes < this.nextWake || this.walk !== undefined) return;
    this.nextWake = this.wakes * 2;
    this.walk = new StrayWalk(true);
    this.rest = 0;
  }
  private recordAt(table: number, offset: number): number {
    return this.core.view.getInt32(table + offset * 4, true);
  }
  private regionWith(at: number): Region | undefined {
    const offset = this.core.view.getUint16(at + record.pageOffset, true);
    return this.regions.find((each) => each?.covered.get(offset) === at);
  }
  private compileAnew(region: Region): void {
    for (const start of region.starts) region.heat.wanted.add(start);
    this.remove(region);
    this.queueNow(region.heat);
  }
  private queueNow(heat: Heat): void {
    if (!heat.isQueued) this.queue.push(heat);
    heat.isQueued = true;
    this.looksSinceQueued = this.tuning.delay;
    this.lookAnew();
  }
}
