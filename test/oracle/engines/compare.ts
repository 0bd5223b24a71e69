/** Runs a program on two machines side by side and tells the first check at which they stand differently. */
import type { Random } from '../../../src/base/random.js';
import { type Image, imageOf } from './image.js';
import type { Access, Machine, Standing } from './machine.js';
import type { Program } from './program.js';

export interface Difference {
  /** The cycle of the check. */
  readonly at: number;
  readonly what: string;
}

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;
const accessText = (access: Access | undefined): string =>
  access === undefined ? 'nothing' : `${access[1]} ${access[2].toString(16)} ${access[3].toString(16)} at ${access[0]}`;

function logDifference(left: readonly Access[], right: readonly Access[]): string | undefined {
  const most = Math.max(left.length, right.length);
  for (let index = 0; index < most; index++) {
    const [one, other] = [left[index], right[index]];
    if (one !== undefined && other !== undefined && one.every((part, at) => part === other[at])) continue;
    return `bus access ${index}: ${accessText(one)} | ${accessText(other)}`;
  }
  return undefined;
}

/** What differs between two standings, in words. */
export function differenceOf(left: Standing, right: Standing): string | undefined {
  const found: string[] = [];
  if (left.cycle !== right.cycle) found.push(`cycle ${left.cycle} | ${right.cycle}`);
  if (left.requested !== right.requested) found.push(`interrupt request ${left.requested} | ${right.requested}`);
  if (!sameBytes(left.state, right.state)) {
    const at = left.state.findIndex((value, index) => value !== right.state[index]);
    found.push(`state from byte ${at.toString(16)} on (${left.state.length} | ${right.state.length} bytes)`);
  }
  if (!sameBytes(left.memory, right.memory)) {
    const at = left.memory.findIndex((value, index) => value !== right.memory[index]);
    found.push(`memory ${at.toString(16)}: ${left.memory[at]!.toString(16)} | ${right.memory[at]!.toString(16)}`);
  }
  const log = logDifference(left.log, right.log);
  if (log !== undefined) found.push(log);
  return found.length === 0 ? undefined : found.join('; ');
}

/** So many starts in a row find what was compiled before: code that changes again and again is left alone at last. */
const startsWarm = 6;

/** Gives the most cycles of each stay in a processor. */
export type Slicing = () => number;
export const whole: Slicing = () => Infinity;
export const slicesOf =
  (random: Random, longest: number): Slicing =>
  () =>
    1 + random.below(longest);

export interface Run {
  readonly machine: Machine;
  readonly slicing: Slicing;
}

/** Runs both to each check; the first at which they differ. */
export function compareAt(checks: readonly number[], left: Run, right: Run): Difference | undefined {
  for (const at of checks) {
    left.machine.runTo(at, left.slicing);
    right.machine.runTo(at, right.slicing);
    const what = differenceOf(left.machine.standing(), right.machine.standing());
    if (what !== undefined) return { at, what };
  }
  return undefined;
}
const copyOf = ({ machine }: Run): Standing => {
  const { memory, log, ...rest } = machine.standing();
  return { ...rest, memory: memory.slice(), log: [...log] };
};

/** How often a program runs, one time after the other, and how the right side begins. */
export interface Times {
  readonly times: number;
  /** Nothing of programs before it is left. */
  readonly cold: boolean;
  /** What the first run saw is compiled in front of the second one. */
  readonly compilesBetween: boolean;
}
/** Starts both: the second time what was compiled is there from the start. Where the left side runs in one go, once is enough. */
export function compareProgram(
  program: Program,
  left: Run,
  right: Run,
  { times, cold, compilesBetween }: Times,
): Difference | undefined {
  const image = imageOf(program);
  const checks = [0, ...program.checks];
  const expected: Standing[] = [];
  for (let time = 0; time < times; time++) {
    const isKnown = time > 0 && left.slicing === whole;
    if (!isKnown) left.machine.start(program, image);
    if (compilesBetween && time > 0) right.machine.compileSeen();
    right.machine.start(program, image, cold && time === 0);
    for (const [index, at] of checks.entries()) {
      if (!isKnown) {
        left.machine.runTo(at, left.slicing);
        expected[index] = time + 1 < times && left.slicing === whole ? copyOf(left) : left.machine.standing();
      }
      right.machine.runTo(at, right.slicing);
      const what = differenceOf(expected[index]!, right.machine.standing());
      if (what !== undefined) return { at, what };
    }
  }
  return undefined;
}
/**
 * Compares at every cycle: the right side starts anew for each, so that it comes to that cycle in one go, with what is
 * compiled by then.
 */
export function compareEachCycle(program: Program, left: Run, right: Run): Difference | undefined {
  const image = imageOf(program);
  left.machine.start(program, image);
  for (let at = 1; at <= program.cycles && !left.machine.over; at++) {
    left.machine.runTo(at, left.slicing);
    right.machine.start(program, image, at % startsWarm === 1);
    right.machine.runTo(at, right.slicing);
    const what = differenceOf(left.machine.standing(), right.machine.standing());
    if (what !== undefined) return { at, what };
  }
  return undefined;
}
/** An interrupt, and then an NMI, at every cycle; compared a little later and at the end. */
export function compareEachInterrupt(program: Program, left: Run, right: Run): Difference | undefined {
  const image: Image = imageOf(program);
  for (let at = 0; at < program.cycles; at++) {
    for (const happening of [
      { at, kind: 'interrupt', vector: 0x20 },
      { at, kind: 'nonMaskable' },
    ] as const) {
      left.machine.start(program, image);
      right.machine.start(program, image, at % startsWarm === 0);
      for (const { machine } of [left, right]) machine.restart([happening]);
      const checks = [at + 1, at + 12, program.cycles + 20].sort((a, b) => a - b);
      const difference = compareAt(checks, left, right);
      if (difference !== undefined) return { ...difference, what: `${happening.kind} at ${at}: ${difference.what}` };
    }
  }
  return undefined;
}
