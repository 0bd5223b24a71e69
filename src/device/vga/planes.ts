/**
 * Where a byte of a plane lies in video memory. The four planes are one run of bytes, as the chained modes and a linear
 * framebuffer want it: what chain-4 reaches at A0000h + n is byte n, so that the processor may reach it directly.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem", Memory Mode Register (chain-4 puts
 * address bits 14 and 15 in the place of bits 0 and 1); beyond 64 KiB a plane, the order of its blocks is ours.
 */

/** Bytes of a block of four planes: all the memory that the original adapter has. */
export const blockBytes = 0x40000;

/**
 * The place of plane 0's byte at `offset`; plane n lies n bytes further. Offsets whose two low bits equal their two high
 * ones are the ones that chain-4 reaches: they make the block's first quarter.
 */
export const planesAt = (offset: number): number => (offset & 0xfffc) | (((offset ^ (offset >> 14)) & 3) << 16);
