/** Descriptors of C+ mode (RTL8139C+, 8.2). */
import type { MemoryAccess } from '../memory-access.js';
import { descriptor } from './bits.js';

export interface Descriptor {
  readonly at: number;
  readonly command: number;
  readonly buffer: number;
}

/** A ring is at most this long, for drivers that forget the end mark. */
const ringMost = 1024;

const joined = (low: number, high: number): number => high * 2 ** 32 + low;

/** The descriptor `index` of a ring; undefined where its addresses cannot be addressed. */
export function readDescriptor(memory: MemoryAccess, low: number, high: number, index: number): Descriptor | undefined {
  const bytes = new Uint8Array(descriptor.bytes);
  const view = new DataView(bytes.buffer);
  const highMost = 2 ** 20;
  const at = joined(low, high) + index * descriptor.bytes;
  if (high >= highMost) return undefined;
  memory.read(at, bytes);
  const bufferHigh = view.getUint32(12, true);
  if (bufferHigh >= highMost) return undefined;
  return { at, command: view.getUint32(0, true), buffer: joined(view.getUint32(8, true), bufferHigh) };
}

/** The index behind a descriptor's. */
export const following = (index: number, command: number): number =>
  command & descriptor.endOfRing ? 0 : (index + 1) % ringMost;

/** Replaces a descriptor's first word. */
export function writeCommand(memory: MemoryAccess, at: number, value: number): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0, true);
  memory.write(at, bytes);
}
