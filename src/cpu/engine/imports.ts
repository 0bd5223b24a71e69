/**
 * What compiled code may call outside itself. Every function gives an i32; those that may fault set `faulted` in the state.
 */
import { systemOperations, type SystemOperation } from '../instructions/system-operations.js';

export interface SlowPaths {
  /** Reads 1, 2 or 4 bytes through a segment slot, with every check. */
  readSlow(segment: number, offset: number, bytes: number): number;
  /** Writes likewise. */
  writeSlow(segment: number, offset: number, value: number, bytes: number): number;
  /** Reads for a later write: write permission is checked now. */
  readForWriteSlow(segment: number, offset: number, bytes: number): number;
  /** Checks write permission without touching memory. */
  probeWrite(segment: number, offset: number, bytes: number): number;
  /** Reads up to 512 bytes through a segment slot into `regions.block`. */
  readBlock(segment: number, offset: number, bytes: number): number;
  /** Writes bytes of `regions.block` likewise: all of them or, after a fault, none. */
  writeBlock(segment: number, offset: number, bytes: number): number;
  /** Checks that it would succeed, without writing. */
  probeBlock(segment: number, offset: number, bytes: number): number;
  /**
   * Reads a port up to `count` times into memory from a host address on, as far as that does nothing but move on in a chip's buffer;
   * gives how many accesses were made.
   */
  readPorts(port: number, bytes: number, count: number, hostAddress: number): number;
  /** Writes a port likewise. */
  writePorts(port: number, bytes: number, count: number, hostAddress: number): number;
  /**
   * Copies `count` elements, or stores `value` where `fills` is not 0, `step` bytes apart, each end inside one page: at its host
   * address, or where that is 0 in the display's window at its linear address. Gives 0 with nothing done where that is not so.
   */
  runDisplay(
    sourceHost: number,
    sourceLinear: number,
    destinationHost: number,
    destinationLinear: number,
    value: number,
    fills: number,
    count: number,
    step: number,
  ): number;
  /** Tells that bytes which hold decoded code are about to change. */
  codeWrite(hostAddress: number, bytes: number): number;
  /** The record at an offset of the code segment; 0 when the engine must return. */
  findRecord(eip: number): number;
}

/** The slow paths of instructions, by name; each takes two operands and gives an i32. */
export type SystemPaths = { readonly [Name in SystemOperation]: (a: number, b: number) => number };

/** Names and parameter counts of the imports, in index order. */
export const importList: readonly { readonly name: keyof SlowPaths | SystemOperation; readonly parameters: number }[] =
  [
    { name: 'readSlow', parameters: 3 },
    { name: 'writeSlow', parameters: 4 },
    { name: 'readForWriteSlow', parameters: 3 },
    { name: 'probeWrite', parameters: 3 },
    { name: 'readBlock', parameters: 3 },
    { name: 'writeBlock', parameters: 3 },
    { name: 'probeBlock', parameters: 3 },
    { name: 'readPorts', parameters: 4 },
    { name: 'writePorts', parameters: 4 },
    { name: 'runDisplay', parameters: 8 },
    { name: 'codeWrite', parameters: 2 },
    { name: 'findRecord', parameters: 1 },
    ...systemOperations.map((name) => ({ name, parameters: 2 })),
  ];

/** Why the engine returned to its caller. */
export const exits = {
  /** The budget does not cover the next block; EIP is set. */
  budget: 1,
  /** The instruction of `currentRecord` faulted. */
  fault: 2,
  /** Fetching at EIP faulted. */
  fetchFault: 3,
} as const;
