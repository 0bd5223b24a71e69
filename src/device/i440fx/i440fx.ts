/**
 * 82441FX PCI and Memory Controller: the host bridge's configuration registers, of which the Programmable Attribute Map decides
 * what reads and writes from C0000h to FFFFFh reach.
 *
 * Source: Intel 82441FX (PMC) and 82442FX (DBX) data sheet, order number 290549, section 3.2.
 * Not modelled: system management memory (72h only stores), the DRAM timing and row boundary registers beyond their bytes, turbo
 * mode, ECC and parity.
 */
import type { PciOwnRegister } from '../pci-function.js';
import type { PciIdentity } from '../pci-identity.js';

export const hostBridge: PciIdentity = {
  vendor: 0x8086,
  device: 0x1237,
  revision: 0x02,
  classCode: 0x060000,
  commandBits: 0x0100, // Memory and master enable are hardwired (section 3.2.3).
};

/** Registers of its own, with their values after reset (table 3-1). */
export const hostBridgeRegisters: readonly PciOwnRegister[] = [
  { offset: 0x04, initial: [0x06, 0x00, 0x80, 0x02], writable: [0, 0x01], clearable: [0, 0, 0, 0xf1] },
  { offset: 0x50, initial: [0x00, 0x00], writable: [0xff, 0xff] }, // PMC configuration.
  { offset: 0x52, initial: [0x00], writable: [0xff] }, // Deturbo counter.
  { offset: 0x53, initial: [0x80], writable: [0xff] }, // DBX buffer control.
  { offset: 0x54, initial: [0x00], writable: [0xff] }, // Auxiliary control.
  { offset: 0x55, initial: [0x00, 0x00], writable: [0xff, 0xff] }, // DRAM row type.
  { offset: 0x57, initial: [0x01], writable: [0xff] }, // DRAM control.
  { offset: 0x58, initial: [0x10], writable: [0xff] }, // DRAM timing.
  { offset: 0x59, initial: [0, 0, 0, 0, 0, 0, 0], writable: [0x30, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33] },
  { offset: 0x60, initial: Array<number>(8).fill(0x01), writable: Array<number>(8).fill(0xff) }, // Row boundaries.
  { offset: 0x68, initial: [0x00], writable: [0xff] }, // Fixed DRAM hole.
  { offset: 0x70, initial: [0x00], writable: [0xff] }, // Multi-transaction timer.
  { offset: 0x71, initial: [0x10], writable: [0xff] }, // Processor latency timer.
  { offset: 0x72, initial: [0x02], writable: [0x78] }, // System management memory control.
  { offset: 0x90, initial: [0x00], writable: [0xff] }, // Error command.
  { offset: 0x91, initial: [0x00], clearable: [0x11] }, // Error status.
  { offset: 0x93, initial: [0x00], writable: [0x0f] }, // Turbo reset control.
];

/** Where the attribute map stands. */
export const attributeMap = { offset: 0x59, bytes: 7 } as const;

/** A piece of the map: segments of 16 KiB from C0000h on, and whether their reads and writes go to memory. */
export interface MappedSegments {
  readonly first: number;
  readonly count: number;
  readonly readsMemory: boolean;
  readonly writesMemory: boolean;
}

const lastSegments = { first: 12, count: 4 } as const; // F0000h to FFFFFh are one piece.

/** The seven registers as what they map (section 3.2.18): bit 0 of a field is read enable, bit 1 write enable. */
export function mappedSegments(registers: readonly number[]): MappedSegments[] {
  const piece = (field: number, first: number, count: number): MappedSegments => ({
    ...{ first, count },
    readsMemory: (field & 1) !== 0,
    writesMemory: (field & 2) !== 0,
  });
  const [first, ...others] = registers;
  return [
    piece(first! >> 4, lastSegments.first, lastSegments.count),
    ...others.flatMap((byte, index) => [piece(byte & 3, 2 * index, 1), piece(byte >> 4, 2 * index + 1, 1)]),
  ];
}
