/** The engines that are compared: the interpreter, and the compiler with every sense of when it compiles. */
import type { Random } from '../../../src/base/random.js';
import type { EngineOptions } from './machine.js';

export interface Setting {
  readonly name: string;
  /** The share of programs that it gets, as a weight. */
  readonly weight: number;
  readonly options: (random: Random) => EngineOptions;
}

const compiler = (tuning: { look: number; threshold: number; batch: number; delay: number }): EngineOptions => ({
  compiler: tuning,
});

export const settings: readonly Setting[] = [
  /** The interpreter against itself, one of them in slices. */
  { name: 'never', weight: 1, options: () => ({}) },
  { name: 'threshold 1', weight: 6, options: () => compiler({ look: 16, threshold: 1, batch: 1, delay: 0 }) },
  {
    name: 'random',
    weight: 4,
    options: (random) =>
      compiler({
        look: 1 + random.below(random.below(2) === 0 ? 40 : 1000),
        threshold: 1 + random.below(4),
        batch: 1 + random.below(6),
        delay: random.below(12),
      }),
  },
  { name: 'default', weight: 1, options: () => compiler({ look: 10_000, threshold: 2, batch: 8, delay: 16 }) },
];

export const settingNamed = (name: string): Setting | undefined => settings.find((each) => each.name === name);

/** One of the settings, by weight. */
export function drawSetting(random: Random, from: readonly Setting[] = settings): Setting {
  let at = random.below(from.reduce((sum, { weight }) => sum + weight, 0));
  return from.find(({ weight }) => (at -= weight) < 0)!;
}
