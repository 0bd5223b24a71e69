/** Writes code of either size into items: prefixes where the size asks for them, memory operands, labels and jumps. */
import type { Random } from '../../../src/base/random.js';
import { d, w } from '../../cpu/bytes.js';
import type { Item, JumpCode, Target } from './assemble.js';
import type { Environment, SegmentKey } from './program.js';

export type OperandWidth = 8 | 16 | 32;

export const EAX = 0;
export const ECX = 1;
export const EDX = 2;
export const EBX = 3;
export const ESP = 4;
export const EBP = 5;
export const ESI = 6;
export const EDI = 7;

const segmentPrefixes: Readonly<Record<SegmentKey, number>> = {
  es: 0x26,
  cs: 0x2e,
  ss: 0x36,
  ds: 0x3e,
  fs: 0x64,
  gs: 0x65,
};

export const jumps = {
  jmp: { short: [0xeb], near: [0xe9] },
  call: { near: [0xe8] },
  loopne: { short: [0xe0] },
  loope: { short: [0xe1] },
  loop: { short: [0xe2] },
  jcxz: { short: [0xe3] },
} as const satisfies Record<string, JumpCode>;
export const jcc = (condition: number): JumpCode => ({ short: [0x70 | condition], near: [0x0f, 0x80 | condition] });

/** Gives numbers to labels; a program's parts share one. */
export class Labels {
  private count = 0;
  next(): number {
    return this.count++;
  }
}

export class Writer {
  readonly items: Item[] = [];
  /** Registers that are in use, so that what is written at random does not write them. */
  readonly reserved = new Set<number>();

  constructor(
    readonly random: Random,
    readonly environment: Environment,
    readonly labels: Labels,
    /** Size of the code that is written. */
    public bits: 16 | 32 = environment.codeBits,
  ) {}

  // Chance.

  chance(percent: number): boolean {
    return this.random.below(100) < percent;
  }
  pick<T>(from: readonly T[]): T {
    return from[this.random.below(from.length)]!;
  }
  between(least: number, most: number): number {
    return least + this.random.below(most - least + 1);
  }

  // Plain bytes and labels.

  emit(...bytes: readonly number[]): void {
    this.items.push({ kind: 'bytes', bytes });
  }
  label(): number {
    return this.labels.next();
  }
  place(label: number): void {
    this.items.push({ kind: 'label', label });
  }
  here(): number {
    const label = this.label();
    this.place(label);
    return label;
  }
  jump(code: JumpCode, to: Target): void {
    this.items.push({ kind: 'jump', code, to, near: this.bits === 32 ? 4 : 2 });
  }
  align(pageOffset: number): void {
    this.items.push({ kind: 'align', pageOffset, near: this.bits === 32 ? 4 : 2 });
  }
  /** The prefix that gives an operand size, if one is needed. */
  sized(width: OperandWidth): number[] {
    return width !== 8 && width !== this.bits ? [0x66] : [];
  }
  /** An instruction with an operand size. */
  op(width: OperandWidth, ...bytes: readonly number[]): void {
    this.emit(...this.sized(width), ...bytes);
  }

  // Operands.

  /** Bytes of an immediate. */
  immediate(width: OperandWidth, value: number): number[] {
    return width === 32 ? d(value) : width === 16 ? w(value) : [value & 0xff];
  }
  base(segment: SegmentKey): number {
    return this.environment.segments[segment].base;
  }
  /** The offset of a linear address in a segment. */
  offset(linear: number, segment: SegmentKey = 'ds'): number {
    return (linear - this.base(segment)) | 0;
  }
  override(segment: SegmentKey): number[] {
    return segment === 'ds' ? [] : [segmentPrefixes[segment]];
  }
  /** ModRM with an absolute offset in the code's own address size. */
  absolute(reg: number, offset: number, address32 = this.bits === 32): number[] {
    return address32 ? [(reg << 3) | 5, ...d(offset)] : [(reg << 3) | 6, ...w(offset)];
  }
  /** An instruction with a memory operand at a linear address through a segment. */
  memory(width: OperandWidth, opcode: readonly number[], reg: number, linear: number, after: number[] = []): void {
    this.emit(...this.sized(width), ...opcode, ...this.absolute(reg, this.offset(linear)), ...after);
  }
  /** MOV r32, imm32. */
  set(register: number, value: number): void {
    this.op(32, 0xb8 | register, ...d(value));
  }
  /** MOV r32, offset of a label. */
  setToLabel(register: number, label: number, plus = 0): void {
    const before = [...this.sized(32), 0xb8 | register];
    this.items.push({ kind: 'reference', before, label, plus, size: 4, after: [] });
  }
  /** MOV DWORD [linear], offset of a label. */
  storeLabel(linear: number, label: number, plus = 0): void {
    const before = [...this.sized(32), 0xc7, ...this.absolute(0, this.offset(linear))];
    this.items.push({ kind: 'reference', before, label, plus, size: 4, after: [] });
  }
  /** An instruction on a byte or more of the code itself, at a label; in the code's own address size. */
  onCode(
    width: OperandWidth,
    opcode: readonly number[],
    reg: number,
    label: number,
    plus: number,
    after: number[] = [],
  ): void {
    const { prefix, base } = this.environment.codeWriter;
    const size = this.bits === 32 ? 4 : 2;
    const before = [...prefix, ...this.sized(width), ...opcode, (reg << 3) | (size === 4 ? 5 : 6)];
    this.items.push({ kind: 'reference', before, label, plus: plus + this.base('cs') - base, size, after });
  }
}
