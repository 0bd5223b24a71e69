/** What a region is compiled for: looked at when it is compiled, and again wherever it is entered. */
import { at, regions, segmentAddress, segmentFields, segmentIndex, wordIndex } from '../../layout.js';
import { has, type ProcessorModel } from '../../model.js';
import { exactMxcsr, settledMxcsr } from '../../instructions/vector/streaming.js';
import { cr0Bits } from '../../system/control-bits.js';
import type { Core } from '../../system/core.js';
import { entryBits } from './ways-out.js';

/** What holds wherever the region is entered, or it is not. */
export interface RegionFacts {
  /** ES, SS, DS and CS begin at 0 and reach to the end; the first three may be written. */
  readonly isFlat: boolean;
  /** EIP of the page's first byte, where the code was compiled for one such place only. */
  readonly codeBase: number | undefined;
  /** Address of the TLB half of the privilege level that the code runs at, where it is compiled for one. */
  readonly tlb: number | undefined;
  /** The x87 and SSE units may be used, nothing is pending, and x87 exceptions are masked. */
  readonly unitsReady: boolean;
  /** MXCSR is settled as well; looked at where the region asks for it. */
  readonly isSettled: boolean;
  /** Settled but for an inexact result: there was none yet. */
  readonly isExact: boolean;
}

/** A condition on a 32-bit word of the state: these bits of it have this value. */
export interface Condition {
  readonly address: number;
  readonly mask: number;
  readonly value: number;
}

/** Whether a condition holds now; none always does. */
export const holds = (core: Core, condition: Condition | undefined): boolean =>
  condition === undefined || (core.i32[condition.address >> 2]! & condition.mask) === condition.value;

/** Slots of the segments that flat code finds whole. */
export const flatSegments = [segmentIndex.es, segmentIndex.ss, segmentIndex.ds].map(segmentAddress);

/** The upper half of a 64-bit top is 1 where the segment reaches to 4 GiB. */
const upperHalf = 4;
const flatSlot = (slot: number): readonly Condition[] => [
  { address: slot + segmentFields.base, mask: -1, value: 0 },
  { address: slot + segmentFields.readTop + upperHalf, mask: -1, value: 1 },
  { address: slot + segmentFields.writeTop + upperHalf, mask: -1, value: 1 },
];
/** What flat code finds of a segment register, by its number in encoding order: nothing of FS and GS. */
export const flatConditionsOf = (segment: number): readonly Condition[] => {
  const slot = segmentAddress(segment);
  return flatSegments.includes(slot) ? flatSlot(slot) : [];
};
export const flatConditions: readonly Condition[] = [
  ...flatSegments.flatMap(flatSlot),
  { address: segmentAddress(segmentIndex.cs) + segmentFields.base, mask: -1, value: 0 },
  { address: segmentAddress(segmentIndex.cs) + segmentFields.limit, mask: -1, value: -1 },
];

const errorSummary = 0x80;
const exceptionMasks = 0x3f;
const OSFXSR = 0x200;
export const unitConditions = (model: ProcessorModel): readonly Condition[] => [
  { address: at.cr0, mask: cr0Bits.EM | cr0Bits.TS, value: 0 },
  { address: at.x87Status, mask: errorSummary, value: 0 },
  { address: at.x87Control, mask: exceptionMasks, value: exceptionMasks },
  ...(has(model, 'sse') ? [{ address: at.cr4, mask: OSFXSR, value: OSFXSR }] : []),
];

/** Everything that must hold but for the place of the page. */
export const conditionsOf = ({ isFlat, tlb, unitsReady }: RegionFacts, model: ProcessorModel): readonly Condition[] => [
  ...(isFlat ? flatConditions : []),
  ...(tlb === undefined ? [] : [{ address: at.tlb, mask: -1, value: tlb }]),
  ...(unitsReady ? unitConditions(model) : []),
];
/** The same as bits that a region vouches for where it leads into another one. */
export const factBits = ({ isFlat, tlb, unitsReady }: RegionFacts): number =>
  (isFlat ? entryBits.flat : 0) |
  (tlb === regions.supervisorTlb ? entryBits.supervisor : tlb === regions.userTlb ? entryBits.user : 0) |
  (unitsReady ? entryBits.units : 0);
const settledCondition: Condition = { address: at.mxcsr, ...settledMxcsr };
const exactCondition: Condition = { address: at.mxcsr, ...exactMxcsr };
/** What code may rely on that finds MXCSR like this; on nothing where that did not hold often enough. */
function mxcsrFacts(mxcsr: number, holdsOften: boolean): Pick<RegionFacts, 'isSettled' | 'isExact'> {
  const relevant = mxcsr & settledMxcsr.mask;
  const isExact = relevant === exactMxcsr.value;
  return { isSettled: holdsOften && (isExact || relevant === settledMxcsr.value), isExact: holdsOften && isExact };
}
/** What MXCSR must be like where a region that calculates is entered, if that matters. */
export const mxcsrCondition = ({ isSettled, isExact }: RegionFacts): Condition | undefined =>
  isExact ? exactCondition : isSettled ? settledCondition : undefined;

/** After so many regions of a page were given up its code relies on little; after so many for MXCSR's sake it asks MXCSR each time. */
const refusalsMost = 2;
const mxcsrRefusalsMost = 3;

/** What code may rely on that finds things as they are, `before` of which regions of its page were given up. */
export function factsNow(
  core: Core,
  before: { readonly refusals: number; readonly mxcsrRefusals: number } | undefined,
): RegionFacts {
  const code32 = (core.i32[wordIndex.executeKey]! & 1) !== 0;
  const hold = (conditions: readonly Condition[]): boolean => conditions.every((each) => holds(core, each));
  const general = (before?.refusals ?? 0) >= refusalsMost;
  const unitsReady = !general && hold(unitConditions(core.model));
  return {
    isFlat: code32 && !general && hold(flatConditions),
    codeBase: code32 ? undefined : core.i32[wordIndex.codeBase]!,
    tlb: general ? undefined : core.i32[wordIndex.tlb]!,
    unitsReady,
    ...mxcsrFacts(core.i32[wordIndex.mxcsr]!, unitsReady && (before?.mxcsrRefusals ?? 0) < mxcsrRefusalsMost),
  };
}
