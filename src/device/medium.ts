/** A block medium, as a board hands it to a disk controller. `disk/medium.ts` keeps one; controllers know only this. */

/** Bytes in a sector of every medium. */
export const sectorBytes = 512;

/** A block medium as a controller sees it. Sectors count from 0. */
export interface Medium {
  readonly sectors: number;
  readonly writable: boolean;
  /** Copies sector `sector` to the first 512 bytes of `into`. The sector is below `sectors`. */
  read(sector: number, into: Uint8Array): void;
  /** Replaces sector `sector` by the first 512 bytes of `data`. The medium is writable, the sector below `sectors`. */
  write(sector: number, data: Uint8Array): void;
}
