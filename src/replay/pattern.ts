import { UserError } from '../base/errors.js';

/** A pattern as users write it: `/expression/flags`, or any other text for that text itself. */
export interface Pattern {
  readonly source: string;
  matches(text: string): boolean;
}

/** Reads a pattern; `place` is where it stands, for the UserError that a broken expression gives. */
export function parsePattern(source: string, place: string): Pattern {
  if (source === '') throw new UserError('The pattern is empty.', { place });
  const [, expression, flags] = /^\/(.+)\/([ims]*)$/s.exec(source) ?? [];
  if (expression === undefined) return { source, matches: (text) => text.includes(source) };
  try {
    const compiled = new RegExp(expression, flags);
    return { source, matches: (text) => compiled.test(text) };
  } catch (cause) {
    throw new UserError(`${cause instanceof Error ? cause.message : String(cause)}.`, { place, cause });
  }
}
