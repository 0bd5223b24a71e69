/** What a region is compiled for: looked at when it is compiled, and again wherever it is entered. */
import { at, regions, segmentAddress, segmentFields, segmentIndex } from '../../layout.js';
import { has, type ProcessorModel } from '../../model.js';
import { settledMxcsr } from '../../instructions/vector/streaming.js';
import { cr0Bits } from '../../system/control-bits.js';
import { entryBits } from './ways-out.js';

/** What holds wherever the region is entered, or it is not. */
export interface RegionFacts {
  /** ES, SS and DS begin at 0, reach to the end, and may be written; CS reaches to the end. */
  readonly isFlat: boolean;
  /** EIP of the page's first byte, where the code was compiled for one such place only. */
  readonly codeBase: number | undefined;
  /** Address of the TLB half of the privilege level that the code runs at, where it is compiled for one. */
  readonly tlb: number | undefined;
  /** The x87 and SSE units may be used, nothing is pending, and x87 exceptions are masked. */
  readonly unitsReady: boolean;
  /** MXCSR is settled as well; looked at where the region asks for it. */
  readonly isSettled: boolean;
}

/** A condition on a 32-bit word of the state: these bits of it have this value. */
export interface Condition {
  readonly address: number;
  readonly mask: number;
  readonly value: number;
}

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
export const settledCondition: Condition = { address: at.mxcsr, ...settledMxcsr };
