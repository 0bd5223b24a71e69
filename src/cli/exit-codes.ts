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
