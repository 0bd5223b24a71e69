/** Flags of compiled regions: kept as what they follow from, and read out of that where it is known while compiling. */
import type { FlagName } from '../../instructions/emitter.js';
import type { Width } from '../../instructions/instruction.js';
import type { Operand, Value } from '../../wasm/values.js';
import { RecordEmitter } from '../interpreter/emitter.js';
import type { Flow } from '../interpreter/flow.js';
import { at, type StateWord } from '../../layout.js';
import { keptFlagsOf, type KeptKind, type KeptValues, keptWidths, settle } from '../interpreter/kept-flags.js';
import type { HandlerVariant, ModuleFunctions } from '../interpreter/record-code.js';
import type { FlagState, RegionFunction } from './region-function.js';

const operandsAndResult = ['left', 'right', 'result'] as const;
const bits = { CF: 1, PF: 4, ZF: 0x40, SF: 0x80, OF: 0x800 } as const;

export class RegionFlagCode extends RecordEmitter {
  constructor(
    protected readonly region: RegionFunction,
    functions: ModuleFunctions,
    flow: Flow,
    variant: HandlerVariant,
  ) {
    super(region.body, functions, flow, variant, 0);
    region.carryOf = (flags): Value => this.carryOf(flags);
    region.settleKnown = (flags): void => this.settleKnown(flags);
  }

  private get keptState(): FlagState {
    return this.region.flags;
  }
  /** Keeps values under some of the names of what flags follow from. */
  private keep(kind: KeptKind, width: Width, names: readonly (keyof KeptValues)[], ...values: Value[]): void {
    const { region } = this;
    const held = values.map((value) => this.hold(value));
    names.forEach((name, index) => region.set(name, held[index]!));
    region.flags = keptFlagsOf(kind, width);
  }
  override setAddFlags(left: Value, right: Value, result: Value, width: Width, withCarry = false): void {
    this.keep(withCarry ? 'addWithCarry' : 'add', width, operandsAndResult, left, right, result);
  }
  override setSubtractFlags(left: Value, right: Value, result: Value, width: Width, withBorrow = false): void {
    this.keep(withBorrow ? 'subtractWithBorrow' : 'subtract', width, operandsAndResult, left, right, result);
  }
  override setLogicFlags(result: Value, width: Width): void {
    this.keep('logic', width, ['result'], result);
  }
  override setResultFlags(result: Value, width: Width, carry: Value, overflow: Value, auxiliary: 0 | 1 = 0): void {
    const kind = auxiliary === 0 ? 'result' : 'resultAuxiliary';
    this.keep(kind, width, ['result', 'carry', 'left'], result, carry, overflow);
  }
  override setCarry(carry: Operand): void {
    const state = this.keptState;
    const value = this.asValue(carry);
    // No kind keeps a carry beside the one that went in, which conditions over the operands would miss.
    if (typeof state !== 'object' || ['word', 'addWithCarry', 'subtractWithBorrow'].includes(state.kind))
      return this.setCarryAndOverflow(value, this.hold(this.flag('OF')));
    const { kind, width } = state;
    if (kind.startsWith('add')) return this.keep('addKeepingCarry', width, ['carry'], value);
    if (kind.startsWith('subtract')) return this.keep('subtractKeepingCarry', width, ['carry'], value);
    if (kind === 'logic') return this.keep('result', width, ['carry', 'left'], value, this.i32(0));
    this.keep(kind, width, ['carry'], value);
  }
  override setCarryAndOverflow(carry: Value, overflow: Value): void {
    const held = [this.hold(carry), this.hold(overflow)] as const;
    this.settle();
    super.setCarryAndOverflow(...held);
  }
  override setStatusWord(word: Value): void {
    this.keep('word', 32, ['result'], word);
  }
  override statusWord(): Value {
    const state = this.keptState;
    if (typeof state === 'object' && state.kind === 'word') return this.hold(this.region.local('result'));
    this.settle();
    return super.statusWord();
  }
  /** Writes the flags, so that what follows finds them. */
  private settle(): void {
    this.region.settleFlags();
  }
  /** Writes flags of a known kind, by the interpreter's ways. */
  settleKnown(state: Exclude<FlagState, string>): void {
    const result = this.hold(this.region.kept.result);
    const writer = {
      setAddFlags: super.setAddFlags.bind(this),
      setSubtractFlags: super.setSubtractFlags.bind(this),
      setLogicFlags: super.setLogicFlags.bind(this),
      setResultFlags: super.setResultFlags.bind(this),
      setStatusWord: super.setStatusWord.bind(this),
      setCarry: (carry: Operand): void => {
        super.setCarryAndOverflow(this.asValue(carry), this.hold(super.flag('OF')));
      },
    };
    settle(writer, state, { ...this.region.kept, result });
  }
  override flag(name: FlagName): Value {
    const state = this.keptState;
    const known = typeof state === 'object' ? this.knownFlag(state, name) : undefined;
    if (known !== undefined) return known;
    if (state === 'dynamic' && name === 'CF') return this.notedCarry();
    this.settle();
    return super.flag(name);
  }
  /** CF of a kind that is known. */
  carryOf(state: Exclude<FlagState, string>): Value {
    return this.knownFlag(state, 'CF')!;
  }
  /** CF of the flags that memory knows; INC and DEC keep it, and often come where ways meet. */
  private notedCarry(): Value {
    const word = (name: StateWord): Value => this.loadLate('i32.load', 0, at[name]);
    const kind = this.load('i32.load', 0, at.keptKind);
    const isOf = (name: KeptKind): Value => this.lessUnsigned(this.sub(kind, keptFlagsOf(name, 8).number), keptWidths);
    const kept = this.select(this.isZero(kind), this.shrUnsigned(word('flagCarries'), 31), word('keptCarry'));
    const borrow = this.lessUnsigned(word('keptLeft'), word('keptRight'));
    const carry = this.lessUnsigned(word('keptResult'), word('keptLeft'));
    return this.hold(this.select(isOf('add'), carry, this.select(isOf('subtract'), borrow, kept)));
  }
  private knownFlag({ kind, width }: Exclude<FlagState, string>, name: FlagName): Value | undefined {
    const { left, right, result, carry } = this.region.kept;
    const top = (value: Value): Value => this.and(this.shrUnsigned(value, width - 1), 1);
    if (kind === 'word') {
      const place = { CF: 0, PF: 2, AF: 4, ZF: 6, SF: 7, OF: 11 }[name];
      return this.and(this.shrUnsigned(result, place), 1);
    }
    if (name === 'ZF') return this.isZero(result);
    if (name === 'SF') return top(result);
    if (name === 'PF') return this.isZero(this.and(this.populationCount(this.and(result, 0xff)), 1));
    const isAdd = kind.startsWith('add');
    if (kind === 'logic') return this.i32(0);
    if (kind === 'result' || kind === 'resultAuxiliary') {
      return name === 'CF' ? carry : name === 'OF' ? left : this.i32(kind === 'result' ? 0 : 1);
    }
    if (name === 'AF') return this.and(this.shrUnsigned(this.xor(this.xor(left, right), result), 4), 1);
    const changed = this.xor(left, result);
    if (name === 'OF') return top(this.and(changed, isAdd ? this.xor(right, result) : this.xor(left, right)));
    if (kind === 'add') return this.lessUnsigned(result, left);
    if (kind === 'subtract') return this.lessUnsigned(left, right);
    if (kind.endsWith('KeepingCarry')) return carry;
    // With a carry in, a sum that equals an operand may have wrapped, so all three have a say.
    const carries = isAdd
      ? this.or(this.and(left, right), this.and(this.or(left, right), this.not(result)))
      : this.or(this.and(this.not(left), right), this.and(this.or(this.not(left), right), result));
    return top(carries);
  }
  override condition(code: number): Value {
    const state = this.keptState;
    const direct = typeof state === 'object' ? this.comparison(state, code >> 1) : undefined;
    if (direct === undefined) {
      // Reading one flag may write them all, so that comes first.
      if (typeof state !== 'object') this.settle();
      return super.condition(code);
    }
    return (code & 1) === 0 ? direct : this.isZero(direct);
  }
  /** Conditions that compare the operands themselves. */
  private comparison({ kind, width }: Exclude<FlagState, string>, code: number): Value | undefined {
    const { left, right, result } = this.region.kept;
    if (kind === 'logic') {
      const sign = this.lessSigned(this.signExtend(result, width), 0);
      const zero = this.isZero(result);
      return [undefined, undefined, zero, zero, sign, undefined, sign, this.or(sign, zero)][code];
    }
    if (kind === 'word') {
      const mask = [bits.OF, bits.CF, bits.ZF, bits.CF | bits.ZF, bits.SF, bits.PF][code];
      return mask === undefined ? undefined : this.notEqual(this.and(result, mask), 0);
    }
    if (code === 4) return this.lessSigned(this.signExtend(result, width), 0);
    if (kind !== 'subtract' && kind !== 'subtractKeepingCarry') return undefined;
    const [a, b] = [this.signExtend(left, width), this.signExtend(right, width)];
    if (code === 2) return this.isZero(result);
    if (code === 1 && kind === 'subtract') return this.lessUnsigned(left, right);
    if (code === 3 && kind === 'subtract') return this.isZero(this.greaterUnsigned(left, right));
    if (code === 6) return this.lessSigned(a, b);
    if (code === 7) return this.isZero(this.lessSigned(b, a));
    return undefined;
  }
}
