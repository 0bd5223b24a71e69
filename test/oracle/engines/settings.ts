/** The engines that are compared: the interpreter, and the compiler with every sense of when it compiles. */
import type { Random } from '../../../src/base/random.js';
import type { EngineOptions } from './machine.js';

export interface Setting {
  readonly name: string;
  /** The share of programs that it gets, as a weight. */
  readonly weight: number;
  readonly options: (random: Random) => EngineOptions;
}

export const settings: readonly Setting[] = [{ name: 'never', weight: 1, options: () => ({}) }];

export const settingNamed = (name: string): Setting | undefined => settings.find((each) => each.name === name);

/** One of the settings, by weight. */
export function drawSetting(random: Random, from: readonly Setting[] = settings): Setting {
  let at = random.below(from.reduce((sum, { weight }) => sum + weight, 0));
  return from.find(({ weight }) => (at -= weight) < 0)!;
}
