/**
 * Interrupts, exceptions and IRET of 32-bit protected mode without leaving WebAssembly: the common case of `system/interrupts.ts`, check
 * for check and access for access, to level 0 through interrupt and trap gates, and back. Whatever is rare (a fault, V86 mode, tasks, 16-bit
 * stacks, what a look between two instructions is due for) gives 0 with nothing done but TLB entries that the slow path fills as well.
 */
import {
  at,
  flagBits,
  registerAddress,
  regions,
  segmentAddress,
  segmentFields,
  segmentIndex,
  statusFlags,
} from '../../layout.js';
import { atLeast, has, type ProcessorModel } from '../../model.js';
import { quickWords } from '../../quick-words.js';
import { cr0Bits, nmiBits } from '../../system/control-bits.js';
import { attributeBits } from '../../system/segments.js';
import type { FunctionBody } from '../../wasm/body.js';
import type { ModuleWriter } from '../../wasm/module.js';
import type { Code, Operand, Value } from '../../wasm/values.js';
import { functionOf, giveUp, setWord, word } from './function-code.js';
import { i32s } from './module-parts.js';
import type { RefillFunctions } from './refill-code.js';
import {
  attributesOf,
  baseOf,
  descriptorOf,
  type DescriptorWords,
  fieldOf,
  limitOf,
  privilegeOf,
  readablePlace,
  requireUncountedLevels,
  type SegmentFunctions,
  setFromDescriptor,
  wordsAt,
  writablePlace,
} from './segment-code.js';

const { TF, IF, DF, IOPL, NT, RF, VM, AC, VIF, VIP, ID } = flagBits;
const { accessed, writableOrReadable, expandDownOrConforming, code: codeBit, codeOrData, present, big } = attributeBits;
const privilegeShift = 5;
const privilegeBits = 3 << privilegeShift;

/** Functions of traps, by index. */
export interface TrapFunctions {
  /**
   * (vector, eip, image, software, hasCode, errorCode): delivers, `image` being the flags that are pushed; 1, or 0 where only the slow path
   * can tell.
   */
  readonly deliver: number;
  /** (remaining): IRET with 32-bit operands, from its record's `remaining`; 1 with EIP set, or 0. */
  readonly return: number;
}

/** What the functions below are written over. */
interface Context {
  readonly model: ProcessorModel;
  /** Without, nothing is done here at all. */
  readonly hasQuickWays: boolean;
  readonly refills: RefillFunctions;
  readonly segments: SegmentFunctions;
  readonly setStatusWord: number;
}

export function defineTraps(module: ModuleWriter, context: Context): TrapFunctions {
  const functions = {
    deliver: module.declareFunction({ parameters: i32s(6), results: i32s(1) }, 'deliver'),
    return: module.declareFunction({ parameters: i32s(1), results: i32s(1) }),
  };
  module.defineFunction(functions.deliver, deliverBody(context));
  module.defineFunction(functions.return, returnBody(context));
  return functions;
}

const slotOf = (segment: 'cs' | 'ss'): number => segmentAddress(segmentIndex[segment]);
const stackPointer = registerAddress(4);
const giveUpUnless = (code: Code, condition: Value): void => giveUp(code, code.isZero(condition));
const lacks = (code: Code, value: Value, mask: number, wanted: number): Value =>
  code.notEqual(code.and(value, mask), wanted);

/** A 32-bit stack: what is pushed to it, or popped, lies in one page and below its top. */
interface Stack {
  readonly base: Value;
  readonly pointer: Value;
}

/** A code segment that does not conform, present and accessed before. */
const codeMask = present | codeOrData | codeBit | expandDownOrConforming | accessed;
const codeWanted = present | codeOrData | codeBit | accessed;
/** A 32-bit stack segment that grows down to its base. */
const stackMask = codeMask | writableOrReadable | big;
const stackWanted = present | codeOrData | accessed | writableOrReadable | big;

/** The descriptor of a code segment of a privilege level, which an offset lies in. */
function codeTarget(
  code: Code,
  { segments }: Context,
  selector: Value,
  privilege: Operand,
  offset: Value,
): DescriptorWords {
  giveUp(code, code.isZero(code.and(selector, 0xfffc)));
  const words = descriptorOf(code, segments, selector);
  giveUp(code, lacks(code, attributesOf(code, words), codeMask, codeWanted));
  giveUp(code, code.notEqual(privilegeOf(code, words), privilege));
  giveUp(code, code.greaterUnsigned(offset, limitOf(code, words)));
  return words;
}
/** The descriptor of a stack segment of a privilege level. */
function stackTarget(code: Code, { segments }: Context, selector: Value, privilege: Operand): DescriptorWords {
  giveUp(code, code.isZero(code.and(selector, 0xfffc)));
  giveUp(code, code.notEqual(code.and(selector, 3), privilege));
  const words = descriptorOf(code, segments, selector);
  giveUp(code, lacks(code, attributesOf(code, words), stackMask, stackWanted));
  giveUp(code, code.notEqual(privilegeOf(code, words), privilege));
  return words;
}
/** The stack in use; gives up unless `bytes` above or below its pointer lie in it. */
function currentStack(code: Code, pushed: Operand, popped: number): Stack {
  const pointer = code.load('i32.load', 0, stackPointer);
  giveUpUnless(code, code.and(fieldOf(code, 'ss', 'attributes'), big));
  giveUp(code, code.lessUnsigned(pointer, pushed));
  const end = code.wide('add', code.widen(pointer, 'unsigned'), code.i64(BigInt(popped)));
  const top = code.loadLate('i64.load', 0, slotOf('ss') + segmentFields.writeTop);
  giveUp(code, code.wide('gt_s', end, top));
  return { base: fieldOf(code, 'ss', 'base'), pointer };
}

function deliverBody(context: Context): FunctionBody {
  return functionOf(6, (code, vector, eip, image, software, hasCode, errorCode) => {
    const { refills, segments } = context;
    if (!context.hasQuickWays) return code.return(0);
    giveUp(code, code.isZero(code.and(word(code, 'cr0'), cr0Bits.PE)));
    requireUncountedLevels(code);
    const flags = code.load('i32.load', 0, at.flagsOther);
    giveUp(code, code.and(flags, TF | VM | AC));
    const entry = code.hold(code.shl(vector!, 3));
    giveUp(code, code.greaterUnsigned(code.add(entry, 7), word(code, 'idtrLimit')));
    const gate = wordsAt(code, readablePlace(code, refills, code.hold(code.add(word(code, 'idtrBase'), entry)), 8));
    const type = code.hold(attributesOf(code, gate));
    giveUp(code, lacks(code, type, gateMask, gateWanted));
    const isForbidden = code.lessUnsigned(privilegeOf(code, gate), word(code, 'cpl'));
    giveUp(code, code.and(software!, isForbidden));
    const offset = code.hold(code.or(code.and(gate.low, 0xffff), code.and(gate.high, 0xffff_0000 | 0)));
    const selector = code.hold(code.shrUnsigned(gate.low, 16));
    const target = codeTarget(code, context, selector, 0, offset);

    const extra = code.hold(code.shl(hasCode!, 2));
    const inner = code.hold(word(code, 'cpl'));
    const pointer = code.variable(0);
    const stack = { selector: code.variable(0), low: code.variable(0), high: code.variable(0) };
    const frame = code.variable(0);
    code.when(
      inner,
      () => {
        const found = innerStack(code, context);
        pointer.set(found.pointer);
        stack.selector.set(found.selector);
        stack.low.set(found.words.low);
        stack.high.set(found.words.high);
        const bytes = code.hold(code.add(extra, 20));
        giveUp(code, code.lessUnsigned(found.pointer, bytes));
        giveUp(code, code.greaterUnsigned(code.sub(found.pointer, 1), limitOf(code, found.words)));
        const linear = code.hold(code.sub(code.add(baseOf(code, found.words), found.pointer), bytes));
        frame.set(code.add(writablePlace(code, refills, linear, bytes), extra));
        code.store('i32.store', frame, code.load('i32.load', 0, stackPointer), 12);
        code.store('i32.store', frame, fieldOf(code, 'ss', 'selector'), 16);
        pointer.set(code.sub(pointer, bytes));
      },
      () => {
        const bytes = code.hold(code.add(extra, 12));
        const current = currentStack(code, bytes, 0);
        const linear = code.hold(code.sub(code.add(current.base, current.pointer), bytes));
        frame.set(code.add(writablePlace(code, refills, linear, bytes), extra));
        pointer.set(code.sub(current.pointer, bytes));
      },
    );
    code.store('i32.store', frame, eip!);
    code.store('i32.store', frame, fieldOf(code, 'cs', 'selector'), 4);
    code.store('i32.store', frame, image!, 8);
    code.when(hasCode!, () => code.store('i32.store', code.sub(frame, 4), errorCode!));

    const isInterrupt = code.isZero(code.and(type, 1));
    setWord(code, 'flagsOther', code.and(flags, code.xor(code.mul(isInterrupt, IF), ~NT)));
    code.when(inner, () => {
      setWord(code, 'cpl', 0);
      setWord(code, 'tlb', regions.supervisorTlb);
      setFromDescriptor(code, segments, slotOf('ss'), stack.selector, stack);
    });
    code.store('i32.store', 0, pointer, stackPointer);
    enterCode(code, context, code.and(selector, 0xfffc), target, offset);
  });
}
/** A present interrupt or trap gate of 32 bits; they differ in the lowest bit. */
const gateMask = present | 0x1e;
const gateWanted = present | 0xe;

/** The stack of level 0, from a 32-bit TSS. */
function innerStack(code: Code, context: Context): { pointer: Value; selector: Value; words: DescriptorWords } {
  const is32 = 8;
  const level0 = 4;
  giveUpUnless(code, code.and(fieldOf(code, 'tr', 'attributes'), is32));
  giveUp(code, code.lessUnsigned(fieldOf(code, 'tr', 'limit'), level0 + 5));
  const linear = code.hold(code.add(fieldOf(code, 'tr', 'base'), level0));
  const host = readablePlace(code, context.refills, linear, 6);
  const pointer = code.load('i32.load', host);
  const selector = code.load('i32.load16_u', host, 4);
  return { pointer, selector, words: stackTarget(code, context, selector, 0) };
}

/** Goes to a 32-bit stack's code: CS, EIP, and how code is looked up from here on. */
function enterCode(code: Code, { segments }: Context, selector: Value, target: DescriptorWords, offset: Value): void {
  setFromDescriptor(code, segments, slotOf('cs'), selector, target);
  setWord(code, 'eip', offset);
  const isBig = code.and(code.shrUnsigned(target.high, 22), 1);
  setWord(code, 'executeKey', code.or(isBig, 4 | 2));
  code.return(1);
}

/** The bits of EFLAGS besides the status flags that IRET at level 0 writes, of those that ask for nothing. */
function writtenBits(model: ProcessorModel): number {
  return IF | DF | IOPL | NT | (atLeast(model, '80486') ? AC : 0) | (has(model, 'cpuid') ? ID : 0);
}

/** Those that it clears, as the image does not have them. */
const cleared = TF | VIF | VIP;

function returnBody(context: Context): FunctionBody {
  return functionOf(1, (code, remaining) => {
    const { refills, segments, model } = context;
    giveUp(code, code.isZero(code.and(word(code, 'cr0'), cr0Bits.PE)));
    requireUncountedLevels(code);
    giveUp(code, word(code, 'cpl'));
    const flags = code.load('i32.load', 0, at.flagsOther);
    giveUp(code, code.and(flags, NT | VM));
    giveUp(code, code.and(word(code, 'nmi'), nmiBits.due | nmiBits.blocked));
    const { base, pointer } = currentStack(code, 0, 12);
    const linear = code.hold(code.add(base, pointer));
    const frame = readablePlace(code, refills, linear, 12);
    const offset = code.load('i32.load', frame);
    const selector = code.load('i32.load16_u', frame, 4);
    const image = code.load('i32.load', frame, 8);
    giveUp(code, code.and(image, cleared | VM | AC));
    giveUp(code, code.and(code.notEqual(code.and(image, IF), 0), word(code, 'interruptRequested')));
    giveUp(code, word(code, 'pendingDebug'));
    const privilege = code.hold(code.and(selector, 3));
    const target = codeTarget(code, context, selector, privilege, offset);
    code.when(
      privilege,
      () => {
        currentStack(code, 0, 20);
        const beyond = readablePlace(code, refills, code.hold(code.add(linear, 12)), 8);
        const outer = { pointer: code.load('i32.load', beyond), selector: code.load('i32.load16_u', beyond, 4) };
        const words = stackTarget(code, context, outer.selector, privilege);
        setWord(code, 'cpl', privilege);
        setWord(code, 'tlb', code.select(code.equal(privilege, 3), regions.userTlb, regions.supervisorTlb));
        setFromDescriptor(code, segments, slotOf('ss'), outer.selector, words);
        code.store('i32.store', 0, outer.pointer, stackPointer);
        dropPrivileged(code, segments, privilege);
      },
      () => code.store('i32.store', 0, code.add(pointer, 12), stackPointer),
    );
    code.when(code.and(image, RF), () => resumeNext(code, remaining!));
    const written = writtenBits(model);
    setWord(code, 'flagsOther', code.or(code.and(flags, ~(written | cleared)), code.and(image, written)));
    code.callVoid(context.setStatusWord, code.and(image, statusFlags));
    enterCode(code, context, selector, target, offset);
  });
}

/** The next instruction goes past its breakpoints: it starts one cycle behind this one. */
function resumeNext(code: Code, remaining: Value): void {
  const left = code.widen(code.sub(code.add(word(code, 'budget'), remaining), 1), 'unsigned');
  const boundary = code.wide('sub', code.loadLate('i64.load', 0, at.cyclesEnd), left);
  code.store('f64.store', 0, code.apply('f64.convert_i64_s', boundary), quickWords.resuming);
}

/** Data segments that an outer level may not hold become null. */
function dropPrivileged(code: Code, { setSlot }: SegmentFunctions, privilege: Value): void {
  for (const segment of ['es', 'ds', 'fs', 'gs'] as const) {
    const attributes = code.hold(fieldOf(code, segment, 'attributes'));
    const conforms = codeOrData | codeBit | expandDownOrConforming;
    const isInner = code.lessUnsigned(code.and(attributes, privilegeBits), code.shl(privilege, privilegeShift));
    code.when(code.and(isInner, lacks(code, attributes, conforms, conforms)), () => {
      const slot = segmentAddress(segmentIndex[segment]);
      code.perform(code.call(setSlot, 'i32', slot, ...[0, 0, 0, 0]));
    });
  }
}
