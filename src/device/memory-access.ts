/** Physical memory, as a board grants it to a chip that masters the bus. */
export interface MemoryAccess {
  /** Copies physical memory at `physical` into all of `into`. Addresses that nothing answers read as ones. */
  read(physical: number, into: Uint8Array): void;
  /** Copies all of `from` to physical memory at `physical`. What nothing answers, or is read-only, takes nothing. */
  write(physical: number, from: Uint8Array): void;
}
