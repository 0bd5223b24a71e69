/** Which engine the surroundings ask for. It makes no difference to a run, only to its speed. */
import { UserError } from '../base/errors.js';
import { type EngineChoice, regionPlaces } from '../machine/index.js';

/** `interpreter`, `compiler` (the default), or the compiler with a tuning, as `look=16,threshold=1,batch=1,delay=0`. */
export const engineVariable = 'TSVM_ENGINE';
const tunings = ['look', 'threshold', 'batch', 'delay', 'patience', 'regions'] as const;

export function engineAsked(): EngineChoice {
  const asked = process.env[engineVariable];
  if (asked === undefined || asked === '' || asked === 'compiler') return 'compiler';
  return asked === 'interpreter' ? asked : tuningFrom(asked);
}

function tuningFrom(asked: string): EngineChoice {
  const parts = asked.split(',').map((part) => part.split('='));
  const isTuning = parts.every(
    ([name, value, ...rest]) =>
      rest.length === 0 && tunings.some((each) => each === name) && /^\d{1,9}$/.test(value ?? ''),
  );
  const tuning = Object.fromEntries(parts.map(([name, value]) => [name, Number(value)]));
  const hasPlaces = tuning['regions'] === undefined || (tuning['regions'] > 0 && tuning['regions'] <= regionPlaces);
  if (isTuning && hasPlaces) return tuning;
  throw new UserError(`"${asked}" is no engine`, {
    place: engineVariable,
    nextStep: `Say interpreter, compiler, or a tuning such as ${tunings.map((name) => `${name}=1`).join(',')}; regions are 1 to ${regionPlaces}`,
  });
}
