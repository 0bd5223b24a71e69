/**
 * Performance counters of the Pentium and of the P6 family (Intel SDM Vol. 3B, chapter 18, sections "Performance Monitoring (P6
 * Family Processor)" and "(Pentium Processors)"; events: appendix A). They count what a run of this machine determines: clocks,
 * instructions, branches, interrupts. Their values are brought up to date from the cycle counter where somebody may look, so that
 * counting costs nothing in between.
 *
 * Not modelled: events of caches, buses, predictors and decoders, which count nothing here; the pins of the Pentium and of PC.
 */
import { flagBits, wordIndex } from '../layout.js';
import { quickWords } from '../quick-words.js';
import type { Core } from './core.js';

/** What may happen, at most once in a cycle. */
type Event =
  | 'clocks'
  /** Instructions; a repeated one is one, with its last iteration. */
  | 'retired'
  /** External interrupts taken. */
  | 'interrupts'
  | 'branches'
  | 'taken'
  /** Clocks with IF clear, and those of them with an interrupt waiting. */
  | 'masked'
  | 'waiting';

/** Event numbers (appendix A, tables for the P6 family and for the Pentium). */
const familyEvents: ReadonlyMap<number, Event> = new Map([
  [0x79, 'clocks'],
  [0xc0, 'retired'],
  [0xc4, 'branches'],
  [0xc6, 'masked'],
  [0xc7, 'waiting'],
  [0xc8, 'interrupts'],
  [0xc9, 'taken'],
]);
const pentiumEvents: ReadonlyMap<number, Event> = new Map([
  [0x12, 'branches'],
  [0x16, 'retired'],
  [0x27, 'interrupts'],
]);
/** What only shows when each instruction is looked at by itself. */
const seenBySteps: readonly (Event | undefined)[] = ['branches', 'taken', 'masked', 'waiting'];

/** One counter that counts. */
interface Counting {
  /** Where its value lies, and where its event was selected. */
  readonly value: number;
  readonly selection: number;
  readonly event: Event | undefined;
  /** Whether it counts at a privilege level. */
  readonly counts: (level: number) => boolean;
  /** CMASK: 0 adds events up, more counts the cycles with at least so many; INV: those with fewer. */
  readonly threshold: number;
  readonly inverted: boolean;
  /** Counts only how often the condition begins to hold. */
  readonly edges: boolean;
  readonly interrupts: boolean;
}

/** Where a model keeps its counters, and what selects their events: one register each, or on the Pentium one for both. */
export interface CounterPlaces {
  readonly values: readonly number[];
  readonly selections: readonly number[];
}

/** Bits of the P6 family's event select registers. */
const select = { user: 1 << 16, system: 1 << 17, edge: 1 << 18, interrupt: 1 << 20, enable: 1 << 22, invert: 1 << 23 };
/** Counters have 40 bits. */
const counterRange = 2 ** 40;

export class PerformanceCounters {
  /** Whether anything counts. */
  active = false;
  /** Whether instructions must be looked at one by one. */
  steps = false;
  /** Whether a counter counts at some privilege levels and not at others; else changes of the level mean nothing. */
  private tellsLevels = false;
  /** Cycles that may pass before a counter could overflow with an interrupt. */
  room = Infinity;
  /** A counter overflowed that is to interrupt. */
  private overflowed = false;
  private counting: readonly Counting[] = [];
  /** The boundary that counters are settled for, and what has held since then. */
  private since = 0;
  private level = 0;
  private halted = false;
  private masked = false;
  private waiting = false;
  /** What was told since then: cycles that retired nothing, and events. */
  private idleCycles = 0;
  private interrupts = 0;
  private branches = 0;
  private taken = 0;

  constructor(
    private readonly core: Core,
    private readonly places: CounterPlaces,
  ) {}

  /** The processor was reset, or a state was loaded. */
  start(cycle: number): void {
    this.overflowed = false;
    this.begin(cycle);
  }
  /** Selections or values changed: counting goes on from a boundary. */
  begin(cycle: number): void {
    const { values, selections } = this.places;
    const isPentium = selections.length < values.length;
    this.counting = isPentium ? this.pentiumCounting() : this.familyCounting();
    this.active = this.counting.length > 0;
    this.steps = this.counting.some(({ event, edges }) => edges || seenBySteps.includes(event));
    this.tellsLevels = this.counting.some(({ counts }) => counts(0) !== counts(1) || counts(0) !== counts(3));
    this.core.i32[quickWords.levelsCounted >> 2] = this.tellsLevels ? 1 : 0;
    this.look(cycle);
  }
  /** EN of the first register is for both (section "PerfEvtSel0 and PerfEvtSel1 MSRs"). */
  private familyCounting(): Counting[] {
    const { core, places } = this;
    const words = places.selections.map((at) => core.i32[at >> 2]!);
    if (((words[0] ?? 0) & select.enable) === 0) return [];
    return words
      .map((word, index) => ({
        value: places.values[index]!,
        selection: places.selections[index]!,
        event: familyEvents.get(word & 0xff),
        counts: (level: number) => (word & (level === 0 ? select.system : select.user)) !== 0,
        threshold: word >>> 24,
        inverted: (word & select.invert) !== 0,
        edges: (word & select.edge) !== 0,
        interrupts: (word & select.interrupt) !== 0,
        levels: word & (select.user | select.system),
      }))
      .filter(({ levels }) => levels !== 0);
  }
  /** The fields ES and CC of CESR: an event, or clocks, at levels 0 to 2, at 3, or at all. */
  private pentiumCounting(): Counting[] {
    const selection = this.places.selections[0]!;
    const word = this.core.i32[selection >> 2]!;
    return this.places.values
      .map((value, index) => {
        const field = word >>> (index * 16);
        const control = (field >>> 6) & 7;
        return {
          value,
          selection,
          event: (control & 4) !== 0 ? ('clocks' as const) : pentiumEvents.get(field & 0x3f),
          counts: (level: number) => (control & (level === 3 ? 2 : 1)) !== 0,
          threshold: 0,
          inverted: false,
          edges: false,
          interrupts: false,
          levels: control & 3,
        };
      })
      .filter(({ levels }) => levels !== 0);
  }

  // What the run loop tells.

  /** An interrupt, a trap or a fault took its cycle. */
  eventTaken(isExternal: boolean): void {
    this.idleCycles++;
    if (isExternal) this.interrupts++;
  }
  branched(taken: boolean): void {
    this.branches++;
    if (taken) this.taken++;
  }
  /** An event ends a halt; counters are settled up to it. */
  resumed(): void {
    this.halted = false;
  }
  /** A cycle passed in which an instruction did not come to its end. */
  stalled(): void {
    this.idleCycles++;
  }
  /** The privilege level may have changed with the instruction that leads to a boundary. */
  levelChanged(cycle: number): void {
    // Single instructions are settled as a whole afterwards.
    if (this.tellsLevels && !this.steps && this.core.cpl !== this.level) this.settle(cycle);
  }

  /** Counts everything up to the boundary that the processor stands at; a counter that overflowed interrupts there. */
  settleBetween(cycle: number): void {
    if (!this.active) return;
    this.settle(cycle);
    if (!this.overflowed) return;
    this.overflowed = false;
    this.core.bus.localApic?.performanceInterrupt?.(this.core.model === 'pentiumM');
  }
  /** Counts everything up to a boundary. */
  settle(cycle: number): void {
    if (!this.active) return;
    const passed = cycle - this.since;
    if (passed > 0) this.count(this.halted ? 0 : passed);
    this.look(cycle);
  }
  private count(clocks: number): void {
    for (const each of this.counting) {
      const counts = each.counts(this.level);
      const events = counts && each.event !== undefined ? this.seen(each.event, clocks) : 0;
      const cycles = counts ? clocks : 0;
      this.add(each, each.edges ? this.edge(each, events, cycles) : counted(each, events, cycles));
    }
  }
  /** How often an event happened in the clocks since counters were settled last. */
  private seen(event: Event, clocks: number): number {
    switch (event) {
      case 'clocks':
        return clocks;
      case 'retired':
        return clocks - this.idleCycles - this.core.i32[wordIndex.repeatedAgain]!;
      case 'interrupts':
        return this.interrupts;
      case 'branches':
        return this.branches;
      case 'taken':
        return this.taken;
      case 'masked':
        return this.masked ? clocks : 0;
      case 'waiting':
        return this.masked && this.waiting ? clocks : 0;
    }
  }
  /** Only ever asked for one cycle, or for time that passed in a halt. What held last is kept above the register's 32 bits. */
  private edge(each: Counting, events: number, cycles: number): number {
    const { i32 } = this.core;
    const at = (each.selection + 4) >> 2;
    const before = i32[at]!;
    i32[at] = counted(each, events, cycles) > 0 ? 1 : 0;
    return i32[at] & ~before;
  }
  private add({ value: at, interrupts }: Counting, amount: number): void {
    if (amount === 0) return;
    const value = this.valueAt(at) + amount;
    this.core.view.setUint32(at, value >>> 0, true);
    this.core.view.setUint32(at + 4, Math.floor(value / 2 ** 32) & 0xff, true);
    if (value >= counterRange && interrupts) this.overflowed = true;
  }
  private valueAt(at: number): number {
    return this.core.view.getUint32(at, true) + this.core.view.getUint32(at + 4, true) * 2 ** 32;
  }
  /** Notes what holds from a boundary on. */
  private look(cycle: number): void {
    const { core } = this;
    this.since = cycle;
    this.level = core.cpl;
    this.halted = core.i32[wordIndex.halted]! !== 0;
    this.masked = (core.otherFlags & flagBits.IF) === 0;
    this.waiting = core.i32[wordIndex.interruptRequested]! !== 0;
    this.idleCycles = 0;
    this.interrupts = 0;
    this.branches = 0;
    this.taken = 0;
    core.i32[wordIndex.repeatedAgain] = 0;
    this.room = Infinity;
    for (const { value, interrupts } of this.counting) {
      if (interrupts) this.room = Math.min(this.room, counterRange - this.valueAt(value));
    }
  }
}

/** What a counter adds for so many events in so many cycles. */
function counted({ threshold, inverted }: Counting, events: number, cycles: number): number {
  if (threshold === 0) return events;
  const reached = threshold === 1 ? events : 0;
  return inverted ? cycles - reached : reached;
}
