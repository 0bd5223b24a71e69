/** Which boot protocol a kernel's own header asks for. */
import type { KernelProtocol } from './protocols.js';

const linuxSignature = { offset: 0x202, text: 'HdrS' } as const;
/** Multiboot Specification 0.6.96, section 3.1.1: in the first 8192 bytes, 4-byte aligned. */
const multiboot = { magic: 0x1badb002, within: 8192, alignment: 4 } as const;
/** Multiboot2 Specification 2.0, section 3.1.1: in the first 32768 bytes, 8-byte aligned. */
const multiboot2 = { magic: 0xe85250d6, within: 32768, alignment: 8 } as const;

/** The offset of a header whose checked words add up to zero; undefined when there is none. */
function findHeader(
  kernel: Uint8Array,
  { magic, within, alignment }: { magic: number; within: number; alignment: number },
  words: number,
): number | undefined {
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  for (let at = 0; at + 4 * words <= Math.min(within, kernel.length); at += alignment) {
    if (view.getUint32(at, true) !== magic) continue;
    let sum = 0;
    for (let word = 0; word < words; word++) sum = (sum + view.getUint32(at + 4 * word, true)) >>> 0;
    if (sum === 0) return at;
  }
  return undefined;
}

/** Where a Multiboot header stands: magic, flags, checksum. */
export const multibootHeader = (kernel: Uint8Array): number | undefined => findHeader(kernel, multiboot, 3);
/** Where a Multiboot2 header stands: magic, architecture, length, checksum. */
export const multiboot2Header = (kernel: Uint8Array): number | undefined => findHeader(kernel, multiboot2, 4);

/** What a kernel says of itself: Linux before Multiboot2 before Multiboot; undefined for no kernel that is known. */
export function kernelProtocolOf(kernel: Uint8Array): KernelProtocol | undefined {
  const { offset, text } = linuxSignature;
  const isLinux = [...text].every((letter, at) => kernel[offset + at] === letter.charCodeAt(0));
  if (isLinux) return 'linux';
  if (multiboot2Header(kernel) !== undefined) return 'multiboot2';
  return multibootHeader(kernel) === undefined ? undefined : 'multiboot';
}
