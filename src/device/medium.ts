/** A block medium, as a board hands it to a disk controller. `disk/medium.ts` keeps one; controllers know only this. */

/** Bytes in a sector of every medium. */
export const sectorBytes = 512;

/** What a controller does to a medium; `flush` is of all of it. */
export type MediumOperation = 'read' | 'write' | 'flush';

/**
 * What goes wrong on a faulty medium. A controller asks before it moves sectors, once for each time it does, and reports the
 * failure as its datasheet says. Sectors of `first` and on are counted as accessed by being asked about.
 */
export interface MediumFaults {
  /** Microseconds that the sectors take beyond their usual time. */
  delay(operation: MediumOperation, first: number, sectors: number): number;
  /** How many of the sectors, from the first on, go well; fewer than all: the next one fails as soon as it is asked about first. */
  good(operation: MediumOperation, first: number, sectors: number): number;
}

/** A block medium as a controller sees it. Sectors count from 0. */
export interface Medium {
  readonly sectors: number;
  readonly writable: boolean;
  /** Copies sector `sector` to the first 512 bytes of `into`. The sector is below `sectors`. */
  read(sector: number, into: Uint8Array): void;
  /** Replaces sector `sector` by the first 512 bytes of `data`. The medium is writable, the sector below `sectors`. */
  write(sector: number, data: Uint8Array): void;
  /** Absent: nothing goes wrong. */
  readonly faults?: MediumFaults;
}

/** How many sectors of an access go well before one that fails, whose failure is counted. */
export function goodSectors({ faults }: Medium, operation: MediumOperation, first: number, sectors: number): number {
  const good = faults?.good(operation, first, sectors) ?? sectors;
  if (good > 0 && good < sectors) faults?.good(operation, first + good, 1);
  return good;
}
