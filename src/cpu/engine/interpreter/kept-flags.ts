/**
 * Status flags that compiled code keeps as what they follow from, and writes only where somebody looks: the kinds of what they can follow
 * from, and how they are written then.
 */
import type { Emitter } from '../../instructions/emitter.js';
import type { Width } from '../../instructions/instruction.js';
import type { Operand, Value } from '../../wasm/values.js';

const kinds = [
  /** `result` is `left` plus `right`. */
  'add',
  /** `result` is `left` minus `right`. */
  'subtract',
  /** The same with a carry, or a borrow. */
  'addWithCarry',
  'subtractWithBorrow',
  /** As the first two, but for CF, which is `carry`. */
  'addKeepingCarry',
  'subtractKeepingCarry',
  /** CF, OF and AF are 0. */
  'logic',
  /** CF is `carry`, OF is `left`, AF is 0, or 1. */
  'result',
  'resultAuxiliary',
  /** `result` is all of them, laid out like EFLAGS. */
  'word',
] as const;
export type KeptKind = (typeof kinds)[number];

/** What flags follow from. */
export interface KeptFlags {
  readonly kind: KeptKind;
  readonly width: Width;
  /** 0 stands for flags that are written. */
  readonly number: number;
  /** Whether they follow from a value. */
  readonly keeps: Readonly<Record<keyof KeptValues, boolean>>;
  /** Whether they have no carry of their own, and CF is none that two of their values tell by one comparison. */
  readonly hasNotedCarry: boolean;
}
const widths = [8, 16, 32] as const;
/** A kind has so many numbers one after another. */
export const keptWidths = widths.length;

/** Where a kind and what it follows from lie between regions, in the order in which functions take them. */
export const keptWords = ['keptKind', 'keptLeft', 'keptRight', 'keptResult', 'keptCarry'] as const;
const keepsValue = (kind: KeptKind, value: keyof KeptValues): boolean => {
  if (value === 'result') return true;
  if (kind === 'logic' || kind === 'word') return false;
  if (kind === 'result' || kind === 'resultAuxiliary') return value !== 'right';
  return value !== 'carry' || kind.endsWith('KeepingCarry');
};

function keptFlagsFor(kind: KeptKind, width: Width): KeptFlags {
  const keeps = {
    left: keepsValue(kind, 'left'),
    right: keepsValue(kind, 'right'),
    result: keepsValue(kind, 'result'),
    carry: keepsValue(kind, 'carry'),
  };
  const number = 1 + kinds.indexOf(kind) * widths.length + widths.indexOf(width);
  return { kind, width, number, keeps, hasNotedCarry: kind !== 'add' && kind !== 'subtract' && !keeps.carry };
}
const byKind = Object.fromEntries(
  kinds.map((kind) => [kind, { 8: keptFlagsFor(kind, 8), 16: keptFlagsFor(kind, 16), 32: keptFlagsFor(kind, 32) }]),
) as Readonly<Record<KeptKind, Readonly<Record<Width, KeptFlags>>>>;
/** There is one of each kind and width. */
export const keptFlagsOf = (kind: KeptKind, width: Width): KeptFlags => byKind[kind][width];
/** All of them, by their numbers from 1 on. */
export const keptFlags: readonly KeptFlags[] = kinds.flatMap((kind) => widths.map((width) => byKind[kind][width]));

export interface KeptValues {
  readonly left: Value;
  readonly right: Value;
  readonly result: Value;
  readonly carry: Value;
}

/** What writing flags needs of an emitter. */
export type FlagWriter = Pick<
  Emitter,
  'setAddFlags' | 'setSubtractFlags' | 'setLogicFlags' | 'setResultFlags' | 'setStatusWord'
> & { setCarry(carry: Operand): void };

/** Writes them. */
export function settle(emit: FlagWriter, { kind, width }: KeptFlags, values: KeptValues): void {
  const { left, right, result, carry } = values;
  switch (kind) {
    case 'add':
    case 'addWithCarry':
      return emit.setAddFlags(left, right, result, width);
    case 'subtract':
    case 'subtractWithBorrow':
      return emit.setSubtractFlags(left, right, result, width);
    case 'addKeepingCarry':
      emit.setAddFlags(left, right, result, width);
      return emit.setCarry(carry);
    case 'subtractKeepingCarry':
      emit.setSubtractFlags(left, right, result, width);
      return emit.setCarry(carry);
    case 'logic':
      return emit.setLogicFlags(result, width);
    case 'result':
      return emit.setResultFlags(result, width, carry, left);
    case 'resultAuxiliary':
      return emit.setResultFlags(result, width, carry, left, 1);
    case 'word':
      return emit.setStatusWord(result);
  }
}
