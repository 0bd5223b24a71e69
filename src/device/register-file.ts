/** A block of registers of several widths, reached by accesses of any width: each register is told of whole values only. */
import type { Width } from './device.js';

export interface FileRegister<Context> {
  readonly offset: number;
  readonly bytes: 1 | 2 | 4;
  readonly read?: (context: Context) => number;
  readonly write?: (context: Context, value: number) => void;
  /** Bytes that an access does not give are zero, not what the register holds: for bits that are cleared by ones. */
  readonly missingAreZero?: true;
}

export interface RegisterFile<Context> {
  read(context: Context, offset: number, width: Width): number;
  write(context: Context, offset: number, value: number, width: Width): void;
}

/** Registers as one block. What lies between them reads as zero and takes nothing. */
export function registerFile<Context>(registers: readonly FileRegister<Context>[]): RegisterFile<Context> {
  const byOffset: FileRegister<Context>[] = [];
  for (const register of registers)
    for (let at = 0; at < register.bytes; at++) byOffset[register.offset + at] = register;

  /** The registers that an access touches, each with the access's bytes in it. */
  function touched(offset: number, width: Width) {
    const found: { register: FileRegister<Context> | undefined; from: number; to: number; at: number }[] = [];
    for (let at = 0; at < width;) {
      const register = byOffset[offset + at];
      const end = register === undefined ? offset + at + 1 : register.offset + register.bytes;
      const length = Math.min(offset + width, end) - (offset + at);
      const from = register === undefined ? 0 : offset + at - register.offset;
      found.push({ register, from, to: from + length, at });
      at += length;
    }
    return found;
  }
  const part = (value: number, from: number, to: number): number =>
    Math.floor(value / 2 ** (8 * from)) % 2 ** (8 * (to - from));

  return {
    read(context, offset, width) {
      let value = 0;
      for (const { register, from, to, at } of touched(offset, width))
        value += part(register?.read?.(context) ?? 0, from, to) * 2 ** (8 * at);
      return value;
    },
    write(context, offset, value, width) {
      for (const { register, from, to, at } of touched(offset, width)) {
        if (register?.write === undefined) continue;
        const given = part(value, at, at + to - from);
        const whole = to - from === register.bytes || register.missingAreZero === true;
        const old = whole ? 0 : (register.read?.(context) ?? 0);
        const kept = whole ? 0 : old - part(old, from, to) * 2 ** (8 * from);
        register.write(context, kept + given * 2 ** (8 * from));
      }
    },
  };
}
