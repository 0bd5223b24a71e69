/** Where the interpreter goes into regions: records at their entries have the region for a handler. */
import { firstRegion, record } from '../../layout.js';
import type { Core } from '../../system/core.js';
import { firstHandler, pseudoHandlers } from '../interpreter/handlers.js';
import type { Region } from './heat.js';
import { forgetWays } from './known-ways.js';

export class Entrances {
  /** The interpreter's handlers of records that lead into regions now. */
  private readonly originals = new Map<number, number>();

  constructor(private readonly core: Core) {}

  /** Whether a record leads into a region. */
  leadsInto(at: number): boolean {
    return this.handlerAt(at) >= firstRegion;
  }
  /** The place of the region that a record leads into, which must be one. */
  placeAt(at: number): number {
    return this.handlerAt(at) - firstRegion;
  }
  /** The interpreter's own handler of a record that leads into a region. */
  originalAt(at: number): number {
    return this.originals.get(at)!;
  }
  /** The interpreter's handler of a record, whatever it has now; 0 where it holds no instruction. */
  numberOf(at: number): number {
    const number = this.handlerAt(at);
    if (number >= firstRegion) return this.originalAt(at);
    return number >= firstHandler || number === pseudoHandlers.invalidOpcode ? number : 0;
  }
  private handlerAt(at: number): number {
    return this.core.view.getUint16(at + record.handler, true);
  }

  /** Leads the interpreter into a region, where another one does not have the entry already. */
  open(region: Region): void {
    const { view } = this.core;
    for (const { index, isEntry, instructions } of region.plan.blocks) {
      if (!isEntry) continue;
      const at = instructions[0]!.record;
      if (this.leadsInto(at)) continue;
      this.originals.set(at, this.handlerAt(at));
      view.setUint16(at + record.handler, firstRegion + region.place, true);
      view.setUint8(at + record.entry, index);
    }
  }
  /** Leads it past a region again. */
  close(region: Region): void {
    for (const at of region.entries) {
      if (this.handlerAt(at) !== firstRegion + region.place) continue;
      this.core.view.setUint16(at + record.handler, this.originalAt(at), true);
      this.originals.delete(at);
    }
    forgetWays(this.core);
  }
  /** All records are gone. */
  forget(): void {
    this.originals.clear();
    forgetWays(this.core);
  }
}
