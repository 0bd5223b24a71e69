/** What a recording starts from when the user says nothing: this computer's clock and entropy. Both go into the trace. */
import { randomBytes } from 'node:crypto';
import { UserError } from '../base/errors.js';
import type { PowerOn } from '../machine/machine.js';

/** The options that fix the power-on facts: a date as ISO 8601 or Unix seconds, and a seed. */
export interface PowerOnOptions {
  readonly date?: string | undefined;
  readonly seed?: number | undefined;
}

const unixSecondsMax = 2 ** 32 - 1;

/** A date, or a date and a time with or without a zone, as ISO 8601 writes them. */
const isoDate = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** Unix seconds of a date given as seconds or as ISO 8601, where a date without a zone means UTC. */
export function unixSeconds(text: string): number {
  const iso = isoDate.exec(text);
  const zoned = text.includes('T') && iso?.[1] === undefined ? `${text}Z` : text;
  const seconds = /^\d+$/.test(text) ? Number(text) : iso === null ? NaN : Math.floor(Date.parse(zoned) / 1000);
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= unixSecondsMax) return seconds;
  throw new UserError(`"${text}" is no date from 1970 to 2106`, {
    place: '--date',
    nextStep: 'Give Unix seconds or ISO 8601: --date 2024-05-06T07:08:09Z',
  });
}

/** The power-on facts of a run: what the options say, and this computer's clock and entropy for the rest. */
export function powerOnFrom(options: PowerOnOptions): PowerOn {
  const { date, seed } = options;
  if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed <= 0xffff_ffff)) {
    throw new UserError(`${seed} is no seed`, { place: '--seed', nextStep: 'Give a whole number: --seed 1' });
  }
  return {
    date: date === undefined ? Math.floor(Date.now() / 1000) : unixSeconds(date),
    seed: seed ?? randomBytes(4).readUInt32LE(),
  };
}
