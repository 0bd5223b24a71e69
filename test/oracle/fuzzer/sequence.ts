/** What is run on both sides: a state to start from and a short sequence of instructions; and what came of it. */

/** Where code, data and stack lie, one page each; nothing is mapped beside them. */
export const places = { code: 0x2000_0000, entry: 0x2000_0100, data: 0x2001_0000, stack: 0x2002_0000 } as const;
export const pageBytes = 4096;
export const codeBytes = 256;
/** Data and stack are given this many bytes, which fill their pages over and over. */
export const dataBytes = 512;
export const stackBytes = 256;
export const fxBytes = 512;

/** Registers in encoding order. */
export const registerNames = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;

/** One step of a sequence: some instructions that stay together. */
export interface Step {
  readonly bytes: readonly number[];
  /** The instruction of interest, for reports. */
  readonly name: string;
  /** Status flags that are undefined from its first byte to its last, where it has made them defined again. */
  readonly undefinedFlags: number;
  /** Bits of the x87 status word that it leaves undefined. */
  readonly undefinedStatus: number;
  /** Its last byte is a jump displacement to the start of the step so many steps further on; 0 for none. */
  readonly jumpOver: number;
}

export interface Sequence {
  readonly registers: readonly number[];
  readonly flags: number;
  readonly data: Uint8Array;
  readonly stack: Uint8Array;
  /** In FXSAVE's layout. */
  readonly fx: Uint8Array;
  readonly steps: readonly Step[];
}

/** What a sequence ended with: an exception, and the state it found. */
export interface Outcome {
  readonly timedOut: boolean;
  readonly registers: readonly number[];
  readonly eip: number;
  readonly flags: number;
  readonly vector: number;
  readonly errorCode: number;
  /** CR2 after a page fault. */
  readonly address: number;
  readonly fx: Uint8Array;
  /** The three pages one after the other. */
  readonly memory: Uint8Array;
}

/** Offsets of the steps in the code, and the code itself, jumps resolved; steps beyond its room are left out. */
export function assemble(steps: readonly Step[]): { readonly code: Uint8Array; readonly offsets: readonly number[] } {
  const code = new Uint8Array(codeBytes).fill(0xcc);
  const offsets: number[] = [];
  let at = 0;
  for (const { bytes } of steps) {
    offsets.push(at);
    if (at + bytes.length <= codeBytes) code.set(bytes, at);
    at += bytes.length;
  }
  offsets.push(at);
  steps.forEach(({ bytes, jumpOver }, index) => {
    const end = offsets[index + 1]!;
    if (jumpOver === 0 || end > codeBytes || bytes.length === 0) return;
    code[end - 1] = (offsets[Math.min(index + 1 + jumpOver, steps.length)]! - end) & 0xff;
  });
  return { code, offsets };
}

/** The pages' contents before the sequence runs. */
export function initialMemory({ data, stack, steps }: Sequence): Uint8Array {
  const memory = new Uint8Array(3 * pageBytes);
  memory.fill(0xcc, 0, pageBytes);
  memory.set(assemble(steps).code, places.entry - places.code);
  for (let at = 0; at < pageBytes; at += dataBytes) memory.set(data, pageBytes + at);
  for (let at = 0; at < pageBytes; at += stackBytes) memory.set(stack, 2 * pageBytes + at);
  return memory;
}
