/** Bytes moved by one access. */
export type AccessWidth = 1 | 2 | 4;

/** Where a physical page lies in the machine's WebAssembly memory. */
export interface HostPage {
  /** Host address of the page's first byte, a multiple of 4096; 0 where accesses go to the bus. */
  readonly address: number;
  readonly writable: boolean;
}

/** A display adapter's way to its memory: accesses do nothing besides. */
export interface DisplayWindow {
  readonly base: number;
  readonly bytes: number;
  readonly memory: DisplayMemory;
}

/** Accesses by offsets from the window's base. */
export interface DisplayMemory {
  read(offset: number, width: AccessWidth): number;
  write(offset: number, value: number, width: AccessWidth): void;
  /** Writes `count` elements, `step` bytes apart: its width, or that backwards. */
  fill(offset: number, value: number, width: AccessWidth, count: number, step: number): void;
  /** Copies elements likewise, one after another. */
  copy(from: number, to: number, width: AccessWidth, count: number, step: number): void;
}

/** What the processor reaches outside itself. Addresses are physical, after A20. */
export interface ProcessorBus {
  /** Maps a physical page (address of its first byte). Pure: it changes only together with `flushTranslations`. */
  page(physical: number): HostPage;
  readMemory(physical: number, width: AccessWidth): number;
  writeMemory(physical: number, value: number, width: AccessWidth): void;
  readPort(port: number, width: AccessWidth): number;
  writePort(port: number, value: number, width: AccessWidth): void;
  /**
   * Reads a port many times, `width` bytes each, as far as that does nothing but move on in a chip's buffer. Gives the bytes moved,
   * whole accesses.
   */
  readPorts?(port: number, into: Uint8Array, width: AccessWidth): number;
  /** Writes a port likewise. */
  writePorts?(port: number, from: Uint8Array, width: AccessWidth): number;
  /** The window of the display adapter, where the bus has one: the same that `readMemory` and `writeMemory` reach there. */
  display?(): DisplayWindow | undefined;
  /** The local APIC, where the board has one: told where it lies and whether it is switched on (MSR 1Bh), again after a load. */
  readonly localApic?: {
    place(physical: number, enabled: boolean): void;
    /** A performance counter overflowed, between two instructions; `masks` says that its entry in the APIC masks itself then. */
    performanceInterrupt?(masks: boolean): void;
  };
  /** Acknowledges the interrupt request; gives the vector. */
  acknowledgeInterrupt(): number;
  /** The level of FERR#: an x87 exception is pending, for a board to report as an interrupt. */
  setFloatingPointError?(level: boolean): void;
}
