/** Which chip is due when: cycles to each chip's own ticks, by exact ratios, and the order in which edges happen. */
import { divider, type Divider } from '../clock/divider.js';
import type { Device } from '../device/device.js';
import type { Difference } from '../state/schema.js';
import type { Part } from './parts.js';

class Entry implements Clocked {
  /** The cycle up to which the chip's time has gone. */
  reached = 0;
  /** The cycle of the chip's next edge; Infinity for never. */
  due = Infinity;
  changes = 0;

  constructor(
    private readonly timeline: Timeline,
    readonly device: Pick<Device, 'advance' | 'nextEdge' | 'name'>,
    readonly divider: Divider,
    /** What it is called among the machine's parts. */
    readonly part: string,
  ) {}

  sync(cycle: number): void {
    if (cycle === this.reached) return;
    const ticks = this.divider.advance(cycle - this.reached);
    this.reached = cycle;
    if (ticks > 0) this.device.advance(ticks);
  }
  reschedule(): void {
    this.timeline.reschedule(this);
  }
  restartTick(): void {
    this.divider.remainder = 0;
  }
  /** The cycle of the next edge, found anew. */
  findDue(): number {
    this.changes++;
    return (this.due = this.reached + this.divider.cyclesUntil(this.device.nextEdge()));
  }
}

/** A chip on the timeline. */
export interface Clocked {
  /** The cycle of its next edge; Infinity for never. */
  readonly due: number;
  /** Counts the looks at its next edge: whoever touches a chip looks. */
  readonly changes: number;
  /** Brings the chip to `cycle`; to be called before whatever touches it. */
  sync(cycle: number): void;
  /** Looks at the chip's next edge again; to be called after whatever touched it. */
  reschedule(): void;
  /** The tick at hand starts anew; to be called between the two. */
  restartTick(): void;
}

/** What stands for a chip without time. */
const timeless: Clocked = { due: 0, changes: 0, sync() {}, reschedule() {}, restartTick() {} };

export class Timeline {
  private readonly entries: Entry[] = [];
  /** The cycle of the next edge of any chip. */
  due = Infinity;
  /** Called when an edge came nearer than it was. */
  onEarlier: () => void = () => {};

  constructor(private readonly cyclesPerSecond: number) {}

  /** Puts a chip on the timeline; chips whose edges fall on one cycle act in the order they were put on. */
  add(device: Pick<Device, 'advance' | 'nextEdge' | 'name' | 'clock'>, part: string = device.name): Clocked {
    if (device.clock === undefined) return timeless;
    const entry = new Entry(this, device, divider(this.cyclesPerSecond, device.clock), part);
    this.entries.push(entry);
    this.schedule(entry);
    return entry;
  }
  private schedule(entry: Entry): void {
    const before = entry.due;
    const due = entry.findDue();
    if (due <= this.due) this.due = due;
    else if (before === this.due) this.findDue();
  }
  /** A chip was touched; its next edge may be another. */
  reschedule(entry: Entry): void {
    const before = this.due;
    this.schedule(entry);
    if (this.due < before) this.onEarlier();
  }
  private findDue(): void {
    let due = Infinity;
    for (const entry of this.entries) if (entry.due < due) due = entry.due;
    this.due = due;
  }
  /** The cycle of the next edge of any chip whose name is not in a set. */
  dueWithout(names: ReadonlySet<string>): number {
    let due = Infinity;
    for (const entry of this.entries) if (entry.due < due && !names.has(entry.device.name)) due = entry.due;
    return due;
  }
  /** Lets every edge up to and including `cycle` happen. */
  runTo(cycle: number): void {
    while (this.due <= cycle) {
      const { due } = this;
      for (const entry of this.entries) {
        if (entry.due > due) continue;
        entry.sync(due);
        entry.findDue();
      }
      this.findDue();
    }
  }
  /** Brings every chip to `cycle`, so that equal moments have equal states whatever was touched on the way. */
  syncAll(cycle: number): void {
    for (const entry of this.entries) {
      entry.sync(cycle);
      entry.findDue();
    }
    this.findDue();
  }
  /** Each chip's remainder of a tick, in the order they were put on. */
  remainders(): number[] {
    return this.entries.map((entry) => entry.divider.remainder);
  }
  /** The same of another timeline, for this one's chips: one that was not there begins a tick. */
  remaindersFrom(other: Timeline): number[] {
    const known = new Map(other.entries.map(({ part, divider: { remainder } }) => [part, remainder]));
    return this.entries.map(({ part }) => known.get(part) ?? 0);
  }
  /** The differences between two lists of remainders, by chip. */
  diffRemainders(left: readonly number[], right: readonly number[]): Difference[] {
    return this.entries.flatMap(({ device }, index) =>
      left[index] === right[index]
        ? []
        : [{ path: `${device.name}.remainder`, left: String(left[index]), right: String(right[index]) }],
    );
  }
  /** Starts over at `cycle` with saved remainders; the chips' states are restored before. */
  restart(cycle: number, remainders: readonly number[]): void {
    this.entries.forEach((entry, index) => {
      entry.reached = cycle;
      entry.divider.remainder = remainders[index]!;
      entry.findDue();
    });
    this.findDue();
  }
}

/** Remainders as bytes: doubles, which hold every safe integer. */
export const saveRemainders = (remainders: readonly number[]): Uint8Array => {
  const saved = new DataView(new ArrayBuffer(remainders.length * 8));
  remainders.forEach((value, index) => saved.setFloat64(index * 8, value, true));
  return new Uint8Array(saved.buffer);
};

/** The reverse of {@link saveRemainders}. */
export const loadRemainders = (saved: Uint8Array): number[] => {
  const view = new DataView(saved.buffer, saved.byteOffset, saved.byteLength);
  return Array.from({ length: saved.length / 8 }, (_, index) => view.getFloat64(index * 8, true));
};

/** The remainders as a part of the state; `cycle` tells the moment a load happens at. */
export const timelinePart = (timeline: Timeline, cycle: () => number): Part => ({
  save: () => saveRemainders(timeline.remainders()),
  load: (saved) => timeline.restart(cycle(), loadRemainders(saved)),
  diff: (left, right) => timeline.diffRemainders(loadRemainders(left), loadRemainders(right)),
});
