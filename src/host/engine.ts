/** Which engine the surroundings ask for. It makes no difference to a run, only to its speed. */
import { UserError } from '../base/errors.js';
import { type EngineChoice, regionPlaces } from '../machine/index.js';

/** `interpreter`, `compiler` (the default), or the compiler with a tuning, as `look=16,threshold=1,batch=1,delay=0`. */
export const engineVariable = 'TSVM_ENGINE';
type Tuning = Exclude<EngineChoice, string>;
const many = 999_999_999;
/** Least and most of each number of a tuning. */
const limits: Readonly<Record<keyof Tuning, readonly [least: number, most: number]>> = {
  look: [0, many],
  threshold: [0, many],
  batch: [0, many],
  delay: [0, many],
  patience: [0, many],
  regions: [1, regionPlaces],
};

export function engineAsked(): EngineChoice {
  const asked = process.env[engineVariable];
  if (asked === undefined || asked === '' || asked === 'compiler') return 'compiler';
  return asked === 'interpreter' ? asked : tuningFrom(asked);
}

function tuningFrom(asked: string): EngineChoice {
  const parts = asked.split(',').map((part) => part.split('='));
  if (parts.every(([name, value, ...rest]) => rest.length === 0 && mayBe(name!, value ?? '')))
    return Object.fromEntries(parts.map(([name, value]) => [name, Number(value)]));
  const example = Object.keys(limits).map((name) => `${name}=1`);
  throw new UserError(`"${asked}" is no engine`, {
    place: engineVariable,
    nextStep: `Say interpreter, compiler, or a tuning such as ${example.join(',')}; regions are 1 to ${regionPlaces}`,
  });
}
function mayBe(name: string, value: string): boolean {
  if (!Object.hasOwn(limits, name) || !/^\d+$/.test(value)) return false;
  const [least, most] = limits[name as keyof Tuning];
  return Number(value) >= least && Number(value) <= most;
}
