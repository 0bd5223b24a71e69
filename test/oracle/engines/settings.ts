/** The engines that are compared: the interpreter, and the compiler with every sense of when it compiles. */
import type { Random } from '../../../src/base/random.js';
import { defaultTuning } from '../../../src/cpu/engine/compiler/tuning.js';
import { regionPlaces } from '../../../src/cpu/layout.js';
import type { Tuning } from './machine.js';

export interface Setting {
  readonly name: string;
  /** The share of programs that it gets, as a weight. */
  readonly weight: number;
  /** Undefined without the compiler. */
  readonly tuning: (random: Random) => Tuning | undefined;
  /** Compiles between the first run of a program and the second, which every program gets. */
  readonly compilesBetween?: boolean;
}

/** Never leaves for the TLB, or from the first time on, or only where it is no use. */
const patienceOf = (random: Random): number => [0, 1, 4, 256][random.below(4)]!;
/** So few that places change hands all the time, or more than a program has. */
const regionsOf = (random: Random): number => [1, 3, regionPlaces, regionPlaces][random.below(4)]!;
const never = Number.MAX_SAFE_INTEGER;

export const settings: readonly Setting[] = [
  /** The interpreter against itself, one of them in slices. */
  { name: 'never', weight: 1, tuning: () => undefined },
  {
    name: 'threshold 1',
    weight: 2,
    tuning: (random) => ({
      look: 16 << random.below(3),
      threshold: 1,
      batch: 1,
      delay: 0,
      patience: patienceOf(random),
      regions: regionsOf(random),
    }),
  },
  {
    name: 'random',
    weight: 3,
    tuning: (random) => ({
      look: 1 + random.below(random.below(2) === 0 ? 40 : 1000),
      threshold: 1 + random.below(4),
      batch: 1 + random.below(6),
      delay: random.below(12),
      patience: patienceOf(random),
      regions: regionsOf(random),
    }),
  },
  /** All that ran is compiled in one module, which costs a tenth of compiling it as it comes, and runs from the first cycle on. */
  {
    name: 'second run',
    weight: 9,
    tuning: (random) => ({
      look: 8 + random.below(40),
      threshold: 1,
      batch: never,
      delay: never,
      patience: patienceOf(random),
      regions: regionPlaces,
    }),
    compilesBetween: true,
  },
  { name: 'default', weight: 1, tuning: () => defaultTuning },
];

export const settingNamed = (name: string): Setting | undefined => settings.find((each) => each.name === name);

/** One of the settings, by weight. */
export function drawSetting(random: Random, from: readonly Setting[] = settings): Setting {
  let at = random.below(from.reduce((sum, { weight }) => sum + weight, 0));
  return from.find(({ weight }) => (at -= weight) < 0)!;
}
