/** What a command's exit code says. Users script against these. */
export const exitCodes = {
  passed: 0,
  testFailed: 1,
  /** Usage, configuration, or a trace that cannot be read. */
  userError: 2,
  diverged: 3,
  /** A limit in guest time, or a triple fault, outside a suite. */
  guestLimit: 4,
} as const;

/**
 * What `record` exits with when the guest ended its run by its debug exit: the status as far as an exit code holds it. It is odd,
 * and `record` has no other odd code but those of an interruption.
 */
export const exitCodeOf = (status: number): number => status & 0xff;
