/**
 * Which interrupt level goes first: Intel 8259A data sheet (order number 231468), "Fully Nested Mode", "Special Fully
 * Nested Mode", "Special Mask Mode" and "Automatic Rotation".
 */

/** What decides priorities; each mask has one bit a level. */
export interface PriorityInputs {
  readonly requests: number;
  readonly inService: number;
  readonly mask: number;
  /** The level that comes last; the one after it comes first. */
  readonly lowestLevel: number;
  readonly specialMask: boolean;
  /** Levels that a slave may raise again while they are in service: special fully nested mode. */
  readonly reentrantLevels: number;
}

/** The level of `levels` with the highest priority; undefined when there is none. */
export function highestLevel(levels: number, lowestLevel: number): number | undefined {
  for (let distance = 1; distance <= 8; distance++) {
    const level = (lowestLevel + distance) & 7;
    if ((levels >> level) & 1) return level;
  }
  return undefined;
}

/** The level that may interrupt the processor now; undefined when there is none. */
export function levelToServe(inputs: PriorityInputs): number | undefined {
  const asking = highestLevel(inputs.requests & ~inputs.mask, inputs.lowestLevel);
  if (asking === undefined) return undefined;
  const blocking = inputs.specialMask ? inputs.inService & ~inputs.mask : inputs.inService;
  const serving = highestLevel(blocking, inputs.lowestLevel);
  if (serving === undefined) return asking;
  const rank = (level: number): number => (level - inputs.lowestLevel - 1) & 7;
  const reentered = asking === serving && ((inputs.reentrantLevels >> asking) & 1) !== 0;
  return rank(asking) < rank(serving) || reentered ? asking : undefined;
}
