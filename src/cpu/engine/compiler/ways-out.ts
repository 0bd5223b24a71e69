/**
 * Ways out of regions: functions of a region's module that are called last and never come back. V8 keeps every register in memory around a
 * call and takes much longer to compile a function with many, so regions themselves hardly call anything.
 */
import { at, firstRegion, generalRegisters, regions, registerAddress } from '../../layout.js';
import type { Core } from '../../system/core.js';
import type { FunctionBody } from '../../wasm/body.js';
import { Code, type Operand, type Value } from '../../wasm/values.js';
import { keptWords } from '../interpreter/kept-flags.js';
import { i32s } from '../interpreter/module-parts.js';
import type { ModuleFunctions } from '../interpreter/record-code.js';
import { xmmAddress } from './region-vectors.js';

/** Functions of other modules that ways out call, by index. */
export interface WaysOutImports {
  readonly lookup: number;
  readonly resume: number;
  readonly settleFlags: number;
  readonly settleKept: number;
  /** Gives the interpreter's handler of a record that the region is entered at but cannot run. */
  readonly refused: number;
  /** Is told of a record whose memory access was not in the TLB, once in {@link WaysOut.patience} times. */
  readonly missed: number;
  /** The same for a record where the interpreter went on. */
  readonly left: number;
  /**
   * Goes on in a region. Only the interpreter has the table of regions: V8 in Node 20 keeps every instance that imports a table for as
   * long as the table lives, so that nothing compiled would ever be freed.
   */
  readonly enter: number;
}

const counters = 4096;
const recordShift = 5;
/** How often a record has missed lately. */
export const missesOf = (core: Core, at: number): number =>
  core.view.getUint16(regions.missCounts + ((at >> recordShift) & (counters - 1)) * 2, true);

/** In what a region is given beside the address of the record where it starts. */
export const entryBits = {
  /** The record's block is not paid for yet. */
  unpaid: 1,
  /** The segments are known to be flat. */
  flat: 2,
  /** The numeric units are known to be ready. */
  units: 4,
  /** So is the privilege level. */
  supervisor: 8,
  user: 16,
  all: 31,
} as const;

export class WaysOut {
  /** Functions of this region's bails: the XMM registers that it writes are always the same. */
  private readonly bails: (number | undefined)[] = [undefined, undefined, undefined, undefined];

  constructor(
    /** Functions of the module by their names; they call imported ones alone. */
    private readonly shared: ModuleFunctions['shared'],
    private readonly imports: WaysOutImports,
    /** Misses of one record, or of others that share its counter, until the compiler is told; a power of two. */
    private readonly patience: number,
  ) {}

  /**
   * The function that leaves one instruction, of which nothing was done, to the interpreter. It takes the record; the number of its handler
   * there, above the 8 bits of cycles that were taken and are given back; the budget and all registers; the kind of flags that are not written
   * and what they follow from, where they are kept; and the XMM registers that the region writes. `isMiss` where the TLB had no entry for
   * what the instruction accesses.
   */
  bailFunction(isMiss: boolean, areFlagsKept: boolean, vectors: readonly number[]): number {
    const which = (isMiss ? 2 : 0) + (areFlagsKept ? 1 : 0);
    return (this.bails[which] ??= this.makeBail(isMiss, areFlagsKept, vectors));
  }
  private makeBail(isMiss: boolean, areFlagsKept: boolean, vectors: readonly number[]): number {
    const flags = areFlagsKept ? keptWords.length : 0;
    const words = 3 + generalRegisters.length + flags;
    const types = [...i32s(words), ...vectors.map(() => 'v128' as const)];
    return this.shared(`${isMiss ? 'miss' : 'bail'} ${flags} ${vectors.join(' ')}`, types, (body) => {
      const own = new Code(body);
      vectors.forEach((number, position) =>
        own.store('v128.store', 0, own.local(words + position, 'v128'), xmmAddress(number)),
      );
      this.writeBail(body, words, isMiss);
    });
  }
  private writeBail(body: FunctionBody, parameters: number, isMiss: boolean): void {
    const { code, locals } = locally(body, parameters);
    const [here, bail, budget] = locals as [Value, Value, Value];
    const registers = locals.slice(3, 3 + generalRegisters.length);
    const flags = locals.slice(3 + generalRegisters.length);
    code.store('i32.store', 0, code.add(budget, code.and(bail, 0xff)), at.budget);
    registers.forEach((value, number) => code.store('i32.store', 0, value, registerAddress(number)));
    if (flags.length === 0) code.callVoid(this.imports.settleKept);
    else {
      code.callVoid(this.imports.settleFlags, ...flags);
      code.store('i32.store', 0, 0, at.keptKind);
    }
    if (isMiss) this.count(code, here, regions.missCounts, this.imports.missed);
    leave(code, this.imports.resume, here, code.shrUnsigned(bail, 8));
  }
  private count(code: Code, here: Value, counts: number, told: number): void {
    const slot = code.hold(code.shl(code.and(code.shrUnsigned(here, recordShift), counters - 1), 1));
    const count = code.hold(code.add(code.loadLate('i32.load16_u', slot, counts), 1));
    code.store('i32.store16', slot, count, counts);
    code.when(code.isZero(code.and(count, this.patience - 1)), () => code.callVoid(told, here));
  }

  /**
   * Goes on at a record, of which the handler and the entry are given, in another region or in the interpreter; `known` are the
   * {@link entryBits} that hold.
   */
  goOn(code: Code, here: Value, handler: Value, entry: Value, known: number): void {
    code.when(code.and(handler, firstRegion), () => {
      leave(code, this.imports.enter, code.or(here, entryBits.unpaid | known), entry, code.xor(handler, firstRegion));
    });
    const index = this.shared('go back', 1, (body) => {
      const { code: own, locals } = locally(body, 1);
      own.callVoid(this.imports.settleKept);
      this.count(own, locals[0]!, regions.leaveCounts, this.imports.left);
      own.return(own.or(locals[0]!, entryBits.unpaid));
      body.op('unreachable');
    });
    leave(code, index, here);
  }

  /** Looks for the record at an offset of the code segment outside, where a region may be entered anew if it can. */
  lookOutside(code: Code, target: Value): void {
    const index = this.shared('look outside', 1, (body) => {
      const { code: own, locals } = locally(body, 1);
      own.callVoid(this.imports.settleKept);
      const found = own.call(this.imports.lookup, 'i32', locals[0]!);
      own.when(own.isZero(found), () => own.return(0));
      own.return(own.or(found, entryBits.unpaid));
      body.op('unreachable');
    });
    leave(code, index, target);
  }
  /** What the region was compiled for does not hold. */
  refuse(code: Code, here: Value): void {
    const index = this.shared('refuse', 1, (body) => {
      const { code: own, locals } = locally(body, 1);
      own.callVoid(this.imports.settleKept);
      leave(own, this.imports.resume, locals[0]!, own.call(this.imports.refused, 'i32', locals[0]!));
    });
    leave(code, index, here);
  }
}

function locally(body: FunctionBody, count: number): { readonly code: Code; readonly locals: readonly Value[] } {
  const code = new Code(body);
  return { code, locals: Array.from({ length: count }, (_, index) => code.local(index, 'i32')) };
}
function leave(code: Code, index: number, ...values: Operand[]): void {
  for (const each of values) (typeof each === 'number' ? code.i32(each) : each).push(code.body);
  code.body.returnCall(index);
}
