/** One stay in the engine: how many cycles it was given, where it stands, and how it is cut short. */
import { record, regions, wordIndex } from '../layout.js';
import type { Core } from '../system/core.js';
import { pseudoHandlers } from './interpreter/handlers.js';

/** Most cycles given to the engine at once. */
export const sliceMost = 1 << 20;

export class Slice {
  running = false;
  /** The engine is looking for its next instruction: the one before is done. */
  between = false;
  /** Cycle and budget at the start. */
  private startCycle = 0;
  private startBudget = 0;
  /** Budget put aside so that the engine returns early. */
  private stolen = 0;
  /** The record that a stop was put on, 0 for none, and the handler it really has. */
  private patched = 0;
  private patchedHandler = 0;

  constructor(private readonly core: Core) {}

  begin(cycle: number, budget: number): void {
    this.startCycle = cycle;
    this.startBudget = budget;
    this.stolen = 0;
    this.running = true;
    this.noteEnd();
    this.core.i32[wordIndex.currentRecord] = regions.scratchRecords;
  }
  /** Ends the stay; gives the cycle reached. The cycles of a block that was left half-way are in the budget already. */
  end(): number {
    this.running = false;
    this.unpatch();
    const reached = this.startCycle + this.startBudget - this.left;
    this.stolen = 0;
    return reached;
  }
  private get left(): number {
    return this.core.i32[wordIndex.budget]! + this.stolen;
  }
  /** Cycles retired so far while running, the instruction of `currentRecord` not counted unless it is {@link between} two. */
  get now(): number {
    if (this.between) return this.startCycle + this.startBudget - this.left;
    const remaining = this.core.view.getUint16(this.core.i32[wordIndex.currentRecord]! + record.remaining, true);
    return this.startCycle + this.startBudget - this.left - remaining;
  }

  private noteEnd(): void {
    const end = this.startCycle + this.startBudget - this.stolen;
    this.core.i32[wordIndex.cyclesEnd] = end | 0;
    this.core.i32[wordIndex.cyclesEndHigh] = Math.floor(end / 2 ** 32);
  }
  /** Takes the budget away: the engine returns in front of its next block. */
  leaveBeforeNext(): void {
    const { i32 } = this.core;
    if (!this.running) return;
    this.stolen += i32[wordIndex.budget]!;
    i32[wordIndex.budget] = 0;
    this.noteEnd();
  }
  /** Takes the budget away, and puts a stop behind an instruction in the middle of its block. */
  leaveAfterThis(): void {
    const { core } = this;
    if (!this.running) return;
    this.leaveBeforeNext();
    const at = core.i32[wordIndex.currentRecord]!;
    if (this.patched !== 0 || core.view.getUint16(at + record.remaining, true) <= 1) return;
    this.patched = at + record.bytes;
    this.patchedHandler = core.view.getUint16(this.patched + record.handler, true);
    core.view.setUint16(this.patched + record.handler, pseudoHandlers.stop, true);
  }
  /** Takes away so much of the budget that it ends at a cycle, or after the instruction at hand where its block goes further. */
  endBy(cycle: number): void {
    const { i32 } = this.core;
    const beyond = this.startCycle + this.startBudget - this.stolen - cycle;
    if (!this.running || beyond <= 0) return;
    if (beyond > i32[wordIndex.budget]!) return this.leaveAfterThis();
    this.stolen += beyond;
    i32[wordIndex.budget] = i32[wordIndex.budget]! - beyond;
    this.noteEnd();
  }
  private unpatch(): void {
    if (this.patched === 0) return;
    const { view } = this.core;
    if (view.getUint16(this.patched + record.handler, true) === pseudoHandlers.stop) {
      view.setUint16(this.patched + record.handler, this.patchedHandler, true);
    }
    this.patched = 0;
  }
}
