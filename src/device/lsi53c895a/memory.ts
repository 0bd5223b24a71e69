/** Memory as SCRIPTS see it: the chip's own RAM where the host mapped it, the host's memory elsewhere. */
import { ramBytes, type AdapterContext } from './state.js';

/** The offset of `address` in the RAM; undefined when the bytes are elsewhere. */
function inRam({ board }: AdapterContext, address: number, bytes: number): number | undefined {
  const base = board.base(2);
  if (base === undefined || address < base || address + bytes > base + ramBytes) return undefined;
  return address - base;
}

export function readMemory(context: AdapterContext, address: number, bytes: number): Uint8Array {
  const at = inRam(context, address, bytes);
  if (at !== undefined) return context.state.ram.slice(at, at + bytes);
  const into = new Uint8Array(bytes);
  context.board.memory.read(address, into);
  return into;
}

export function writeMemory(context: AdapterContext, address: number, from: Uint8Array): void {
  const at = inRam(context, address, from.length);
  if (at !== undefined) context.state.ram.set(from, at);
  else context.board.memory.write(address, from);
}

export function readWord(context: AdapterContext, address: number): number {
  const data = readMemory(context, address, 4);
  return (data[0]! | (data[1]! << 8) | (data[2]! << 16) | (data[3]! << 24)) >>> 0;
}
