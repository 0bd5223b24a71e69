/** Flags in handlers: kept as the last result and its carries, read out of them when asked for (src/cpu/layout.ts). */
import type { FlagName } from '../../instructions/emitter.js';
import type { Width } from '../../instructions/instruction.js';
import { at, flagResultAddress } from '../../layout.js';
import type { Operand, Value } from '../../wasm/values.js';
import { VectorCode } from './vector-code.js';

/** Adds flags and conditions. */
export abstract class FlagCode extends VectorCode {
  private carries(): Value {
    return this.loadLate('i32.load', 0, at.flagCarries);
  }
  flag(name: FlagName): Value {
    const carries = this.carries();
    const low = this.loadLate('i32.load', 0, flagResultAddress);
    const high = this.loadLate('i32.load', 0, flagResultAddress + 4);
    switch (name) {
      case 'CF':
        return this.shrUnsigned(carries, 31);
      case 'OF':
        return this.shrUnsigned(this.xor(carries, this.shl(carries, 1)), 31);
      case 'AF':
        return this.and(this.shrUnsigned(carries, 3), 1);
      case 'ZF':
        return this.isZero(low);
      case 'SF':
        return this.shrUnsigned(high, 31);
      case 'PF':
        return this.isZero(this.and(this.populationCount(this.and(this.xor(low, high), 0xff)), 1));
    }
  }
  condition(code: number): Value {
    const less = (): Value => this.xor(this.flag('SF'), this.flag('OF'));
    const positive = [
      (): Value => this.flag('OF'),
      (): Value => this.flag('CF'),
      (): Value => this.flag('ZF'),
      (): Value => this.or(this.flag('CF'), this.flag('ZF')),
      (): Value => this.flag('SF'),
      (): Value => this.flag('PF'),
      less,
      (): Value => this.or(less(), this.flag('ZF')),
    ][code >> 1]!();
    return (code & 1) === 0 ? positive : this.isZero(positive);
  }
  private setResult(result: Value, width: Width): void {
    this.store('i64.store', 0, this.widen(this.signExtend(result, width), 'signed'), flagResultAddress);
  }
  private setCarries(carries: Value, width: Width): void {
    if (width === 32) return this.store('i32.store', 0, carries, at.flagCarries);
    // The carry out of the top bit moves to bit 31; the one out of bit 3 stays where AF is looked for.
    const low = this.hold(carries);
    this.store('i32.store', 0, this.or(this.shl(low, 32 - width), this.and(low, 8)), at.flagCarries);
  }
  setAddFlags(left: Value, right: Value, sum: Value, width: Width): void {
    this.setResult(sum, width);
    this.setCarries(this.or(this.and(left, right), this.and(this.or(left, right), this.not(sum))), width);
  }
  setSubtractFlags(left: Value, right: Value, difference: Value, width: Width): void {
    this.setResult(difference, width);
    const notLeft = this.not(left);
    this.setCarries(this.or(this.and(notLeft, right), this.and(this.or(notLeft, right), difference)), width);
  }
  setLogicFlags(result: Value, width: Width): void {
    this.setResult(result, width);
    this.store('i32.store', 0, 0, at.flagCarries);
  }
  private packed(carry: Value, overflow: Value): Value {
    return this.xor(this.and(this.sub(0, carry), 0xc0000000 | 0), this.shl(overflow, 30));
  }
  setResultFlags(result: Value, width: Width, carry: Value, overflow: Value, auxiliary: 0 | 1 = 0): void {
    this.setResult(result, width);
    const packed = this.packed(carry, overflow);
    this.store('i32.store', 0, auxiliary === 0 ? packed : this.or(packed, 8), at.flagCarries);
  }
  setCarry(carry: Operand): void {
    this.setCarryAndOverflow(this.asValue(carry), this.hold(this.flag('OF')));
  }
  setCarryAndOverflow(carry: Value, overflow: Value): void {
    const auxiliary = this.and(this.carries(), 8);
    this.store('i32.store', 0, this.or(auxiliary, this.packed(carry, overflow)), at.flagCarries);
  }
  statusWord(): Value {
    return this.call(this.functions.statusWord, 'i32');
  }
  setStatusWord(word: Value): void {
    this.callVoid(this.functions.setStatusWord, word);
  }
  otherFlags(): Value {
    return this.loadLate('i32.load', 0, at.flagsOther);
  }
  setOtherFlags(value: Value): void {
    this.store('i32.store', 0, value, at.flagsOther);
  }
}
