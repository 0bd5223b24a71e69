/** A processor with vector units, made ready for one instruction. */
import { x87RegisterBytes, x87Registers, xmmRegisterBytes, xmmRegisters } from '../../../../src/cpu/layout.js';
import type { ProcessorModel } from '../../../../src/cpu/model.js';
import { cr4Bits } from '../../../../src/cpu/system/control-bits.js';
import { d } from '../../bytes.js';
import { places, World } from '../../world.js';

/** 16 bytes out of four words, the first lowest. */
export const vector = (...words: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);
export const singles = (...numbers: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(numbers).buffer);
export const doubles = (...numbers: readonly number[]): Uint8Array => new Uint8Array(Float64Array.from(numbers).buffer);

/** ModRM and displacement of [address] for a register field. */
export const direct = (register: number, address: number): number[] => [(register << 3) | 5, ...d(address)];
/** Where operands in memory lie. */
export const data = places.data;

export class VectorWorld extends World {
  constructor(model: ProcessorModel = 'pentiumM') {
    super(model);
  }
  /** Flat protected mode with SSE switched on, before `code` and a HLT. */
  ready(code: readonly number[], level: 0 | 3 = 0): this {
    this.flat([...code, 0xf4], level);
    if (this.core.has('sse')) this.setWord('cr4', cr4Bits.OSFXSR | cr4Bits.OSXMMEXCPT);
    this.setWord('cr0', this.word('cr0') | 0x20); // NE: exceptions of the x87 are reported as #MF.
    return this;
  }
  xmm(number: number): Uint8Array {
    const at = xmmRegisters + number * xmmRegisterBytes;
    return this.core.u8.slice(at, at + xmmRegisterBytes);
  }
  setXmm(number: number, bytes: Uint8Array): void {
    this.core.u8.set(bytes, xmmRegisters + number * xmmRegisterBytes);
  }
  /** All ten bytes of an x87 register by physical number: an MMX register and what lies above it. */
  mm(number: number): Uint8Array {
    const at = x87Registers + number * x87RegisterBytes;
    return this.core.u8.slice(at, at + 10);
  }
  setMm(number: number, bytes: Uint8Array): void {
    this.core.u8.set(bytes, x87Registers + number * x87RegisterBytes);
  }
  bytes(address: number, length: number): Uint8Array {
    return this.memory.slice(address, address + length);
  }
}
