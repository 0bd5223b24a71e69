/** General registers of compiled code: each a local. */
import type { Width } from '../../instructions/instruction.js';
import { registerAddress } from '../../layout.js';
import type { Code, Operand, Value } from '../../wasm/values.js';
import { PlainOperand } from '../interpreter/operands.js';
import type { RegionFunction } from './region-function.js';

/** The general register in a record's register field. */
export const registerNumber = (address: number): number => (address - registerAddress(0)) >> 3;
const isHighByte = (address: number): boolean => ((address - registerAddress(0)) & 7) === 1;

/** A general register, or a part of one. */
export class RegisterOperand extends PlainOperand {
  private readonly number: number;
  /** Whether it is the second byte. */
  private readonly isHigh: boolean;

  constructor(
    private readonly code: Code,
    private readonly region: RegionFunction,
    address: number,
    width: Width,
  ) {
    super(width);
    this.number = registerNumber(address);
    this.isHigh = isHighByte(address);
  }
  read(): Value {
    const { code, region, isHigh } = this;
    const whole = region.register(this.number);
    return code.hold(code.zeroExtend(isHigh ? code.shrUnsigned(whole, 8) : whole, this.width));
  }
  write(operand: Operand): void {
    const { code, region, number, width, isHigh } = this;
    const value = typeof operand === 'number' ? code.i32(operand) : operand;
    if (width === 32) return region.setRegister(number, value);
    const mask = width === 16 ? 0xffff : 0xff;
    const part = code.and(value, mask);
    const placed = isHigh ? code.shl(part, 8) : part;
    const kept = code.and(region.register(number), ~(isHigh ? mask << 8 : mask));
    region.setRegister(number, code.or(kept, placed));
  }
}
