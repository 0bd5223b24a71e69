/**
 * Descriptors and segment registers without leaving WebAssembly: the common case of `system/segments.ts`. A descriptor that is not plain,
 * present, and accessed before goes the slow way, with nothing done but TLB entries that it fills as well.
 */
import { flagBits, segmentAddress, segmentFields, segmentIndex } from '../../layout.js';
import { cr0Bits } from '../../system/control-bits.js';
import { quickWords } from '../../quick-words.js';
import { attributeBits } from '../../system/segments.js';
import type { FunctionBody } from '../../wasm/body.js';
import type { ModuleWriter } from '../../wasm/module.js';
import type { Code, Operand, Value } from '../../wasm/values.js';
import { functionOf, giveUp, lineOf, word } from './function-code.js';
import { i32s } from './module-parts.js';
import { accessBits, type RefillFunctions } from './refill-code.js';

const { VM, AC } = flagBits;
const { accessed, writableOrReadable, expandDownOrConforming, code: codeBit, codeOrData, present } = attributeBits;

/** Functions about segments, by index. */
export interface SegmentFunctions {
  /** (selector): the host address of a descriptor within its table, in one page; 0 where only the slow path can tell. */
  readonly descriptor: number;
  /** (slot, selector, base, limit, attributes): sets a slot whole, while no alignment is checked. */
  readonly setSlot: number;
  /** (number, selector): loads a data segment register in protected mode; 1, or 0 with nothing done. */
  readonly load: number;
}

export function defineSegments(module: ModuleWriter, refills: RefillFunctions): SegmentFunctions {
  const declare = (parameters: number, results: 0 | 1, name?: string): number =>
    module.declareFunction({ parameters: i32s(parameters), results: i32s(results) }, name);
  const functions = {
    descriptor: declare(1, 1),
    setSlot: declare(5, 1),
    load: declare(2, 1, 'loadDataSegment'),
  };
  module.defineFunction(functions.descriptor, descriptorBody(refills));
  module.defineFunction(functions.setSlot, setSlotBody());
  module.defineFunction(functions.load, loadBody(functions));
  return functions;
}

/** A descriptor's two words. */
export interface DescriptorWords {
  readonly low: Value;
  readonly high: Value;
}

/** The host address of bytes at a linear address that the processor itself reads; gives up where they do not lie in one page. */
export function readablePlace(code: Code, { place }: RefillFunctions, linear: Value, bytes: number): Value {
  giveUp(code, code.greaterUnsigned(code.and(linear, 0xfff), 0x1000 - bytes));
  const host = code.call(place, 'i32', linear, code.i32(0));
  giveUp(code, code.isZero(host));
  return host;
}
/** The same for writing at most a line's bytes, none of which holds decoded code. */
export function writablePlace(code: Code, { place }: RefillFunctions, linear: Value, bytes: Operand): Value {
  giveUp(code, code.greaterUnsigned(code.add(code.and(linear, 0xfff), bytes), 0x1000));
  const host = code.call(place, 'i32', linear, code.i32(accessBits.write));
  giveUp(code, code.isZero(host));
  giveUp(code, lineOf(code, code.hold(code.sub(code.add(host, bytes), 1))));
  return host;
}
export const wordsAt = (code: Code, host: Value): DescriptorWords => ({
  low: code.load('i32.load', host),
  high: code.load('i32.load', host, 4),
});
/** The words of a selector's descriptor; gives up where there is none. */
export function descriptorOf(code: Code, { descriptor }: SegmentFunctions, selector: Value): DescriptorWords {
  const host = code.call(descriptor, 'i32', selector);
  giveUp(code, code.isZero(host));
  return wordsAt(code, host);
}
export const limitOf = (code: Code, { low, high }: DescriptorWords): Value => {
  const limit = code.hold(code.or(code.and(low, 0xffff), code.and(high, 0xf_0000)));
  return code.hold(code.select(code.and(high, 0x80_0000), code.or(code.shl(limit, 12), 0xfff), limit));
};
export const baseOf = (code: Code, { low, high }: DescriptorWords): Value =>
  code.or(code.or(code.shrUnsigned(low, 16), code.shl(code.and(high, 0xff), 16)), code.and(high, 0xff00_0000 | 0));
export const attributesOf = (code: Code, { high }: DescriptorWords): Value =>
  code.and(code.shrUnsigned(high, 8), 0xf0ff);
export const privilegeOf = (code: Code, { high }: DescriptorWords): Value => code.and(code.shrUnsigned(high, 13), 3);
/** Sets a segment register from a descriptor. */
export function setFromDescriptor(
  code: Code,
  { setSlot }: SegmentFunctions,
  slot: Operand,
  selector: Operand,
  words: DescriptorWords,
): void {
  const parts = [baseOf(code, words), limitOf(code, words), attributesOf(code, words)];
  code.perform(code.call(setSlot, 'i32', slot, selector, ...parts));
}
export const fieldOf = (code: Code, segment: keyof typeof segmentIndex, field: keyof typeof segmentFields): Value =>
  code.loadLate('i32.load', 0, segmentAddress(segmentIndex[segment]) + segmentFields[field]);

function descriptorBody(refills: RefillFunctions): FunctionBody {
  return functionOf(1, (code, selector) => {
    const offset = code.hold(code.and(selector!, 0xfff8));
    const isLocal = code.hold(code.and(selector!, 4));
    giveUp(code, code.and(code.notEqual(isLocal, 0), code.isZero(code.and(fieldOf(code, 'ldtr', 'selector'), 0xfff8))));
    const limit = code.select(isLocal, fieldOf(code, 'ldtr', 'limit'), word(code, 'gdtrLimit'));
    giveUp(code, code.greaterUnsigned(code.add(offset, 7), limit));
    const base = code.select(isLocal, fieldOf(code, 'ldtr', 'base'), word(code, 'gdtrBase'));
    code.return(readablePlace(code, refills, code.hold(code.add(base, offset)), 8));
  });
}

/** Sets the fields, and the tops that follow from them. */
function setSlotBody(): FunctionBody {
  return functionOf(5, (code, slot, selector, base, limit, attributes) => {
    code.store('i32.store', slot!, code.and(selector!, 0xffff), segmentFields.selector);
    code.store('i32.store', slot!, base!, segmentFields.base);
    code.store('i32.store', slot!, limit!, segmentFields.limit);
    code.store('i32.store', slot!, attributes!, segmentFields.attributes);
    const has = (bits: number, value = bits): Value => code.equal(code.and(attributes!, bits), value);
    const usable = has(present | codeOrData);
    const isData = has(codeBit | expandDownOrConforming, 0);
    const isReadableCode = has(codeBit | writableOrReadable);
    const top = code.hold(code.wide('add', code.widen(limit!, 'unsigned'), code.i64(1n)));
    const setTop = (field: 'readTop' | 'writeTop', allowed: Value): void =>
      code.store('i64.store', slot!, code.select(allowed, top, code.i64(0n)), segmentFields[field]);
    setTop('readTop', code.and(usable, code.or(isData, isReadableCode)));
    setTop(
      'writeTop',
      code.and(usable, has(codeBit | expandDownOrConforming | writableOrReadable, writableOrReadable)),
    );
    code.return(1);
  });
}

/** Gives up outside protected mode, and while alignment may be checked. */
export function requireProtected(code: Code): void {
  giveUp(code, code.isZero(code.and(word(code, 'cr0'), cr0Bits.PE)));
  giveUp(code, code.and(word(code, 'flagsOther'), VM | AC));
}

/** Gives up where somebody looks at changes of the privilege level. */
export const requireUncountedLevels = (code: Code): void =>
  giveUp(code, code.loadLate('i32.load', 0, quickWords.levelsCounted));

function loadBody(functions: Pick<SegmentFunctions, 'descriptor' | 'setSlot'>): FunctionBody {
  return functionOf(2, (code, number, selector) => {
    requireProtected(code);
    const slotBytes = segmentAddress(1) - segmentAddress(0);
    const slot = code.hold(code.add(code.mul(number!, slotBytes), segmentAddress(0)));
    giveUp(code, code.or(code.equal(number!, segmentIndex.cs), code.equal(number!, segmentIndex.ss)));
    code.when(code.isZero(code.and(selector!, 0xfffc)), () => {
      code.return(code.call(functions.setSlot, 'i32', slot, selector!, code.i32(0), code.i32(0), code.i32(0)));
    });
    const words = descriptorOf(code, { ...functions, load: 0 }, selector!);
    const attributes = code.hold(attributesOf(code, words));
    const plain = present | codeOrData | accessed;
    giveUp(code, code.notEqual(code.and(attributes, plain), plain));
    // Data, or code that can be read and does not conform.
    const isWrongCode = code.notEqual(
      code.and(attributes, writableOrReadable | expandDownOrConforming),
      writableOrReadable,
    );
    giveUp(code, code.and(code.notEqual(code.and(attributes, codeBit), 0), isWrongCode));
    const privilege = code.hold(privilegeOf(code, words));
    giveUp(code, code.lessUnsigned(privilege, code.and(selector!, 3)));
    giveUp(code, code.lessUnsigned(privilege, word(code, 'cpl')));
    code.return(
      code.call(functions.setSlot, 'i32', slot, selector!, baseOf(code, words), limitOf(code, words), attributes),
    );
  });
}
