/**
 * What QEMU does when a watchdog's time is over (`-watchdog-action`).
 *
 * Source: QEMU, "QEMU QMP Reference Manual", WatchdogAction and the event WATCHDOG.
 */
const actions = ['reset', 'shutdown', 'poweroff', 'pause', 'debug', 'none', 'inject-nmi'] as const;
export type WatchdogAction = (typeof actions)[number];

export const isWatchdogAction = (word: string): word is WatchdogAction => actions.some((each) => each === word);

export interface WatchdogSettings {
  readonly action: WatchdogAction;
  /** Whether a reset starts the machine anew, instead of ending it. */
  readonly reboots: boolean;
}
