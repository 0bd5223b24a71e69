/** A broken invariant of this program: our mistake, never the guest's or the user's. */
export class InvariantError extends Error {
  override name = 'InvariantError';
}

/** Throws an {@link InvariantError} naming `invariant` when `condition` does not hold. Always on. */
export function assert(condition: unknown, invariant: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant broken: ${invariant}`);
}
