import type { MemoryAccess } from '../../src/device/memory-access.js';

/** Memory for chips that master the bus: beyond its end nothing answers. */
export function testMemory(size: number): MemoryAccess & { readonly data: Uint8Array; readonly view: DataView } {
  const data = new Uint8Array(size);
  return {
    data,
    view: new DataView(data.buffer),
    read(physical, into) {
      into.fill(0xff);
      if (physical < size) into.set(data.subarray(physical, Math.min(size, physical + into.length)));
    },
    write(physical, from) {
      if (physical < size) data.set(from.subarray(0, Math.min(from.length, size - physical)), physical);
    },
  };
}
