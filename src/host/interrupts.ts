/** SIGINT and SIGTERM as a question that long work asks between two steps, so that it can end whole. */

/** Exit codes of a command that was interrupted, as a shell reports them. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Whether the user asked to stop, and how to stop listening. */
export interface InterruptWatch {
  /** The exit code to end with, once an interrupt came. */
  readonly exitCode: number | undefined;
  /** Called once, when the interrupt comes. */
  onInterrupt: (() => void) | undefined;
  close(): void;
}

/** Listens for interrupts until closed. A second one ends the process at once. */
export function watchInterrupts(): InterruptWatch {
  const watch = {
    exitCode: undefined as number | undefined,
    onInterrupt: undefined as (() => void) | undefined,
    close() {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, listener);
    },
  };
  function listener(signal: NodeJS.Signals): void {
    const code = signal === 'SIGINT' ? exitCodes.SIGINT : exitCodes.SIGTERM;
    if (watch.exitCode !== undefined) process.exit(code);
    watch.exitCode = code;
    watch.onInterrupt?.();
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, listener);
  return watch;
}
