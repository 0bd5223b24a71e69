/** How a run can end that a suite did not ask for. */
import type { Cycle } from '../base/integers.js';
import type { StopReason } from '../machine/machine.js';

/** Why a guest ended before what was waited for. */
export type GuestVerdict = 'limit' | Exclude<StopReason['kind'], 'cycle' | 'breakpoint'>;

const words: Readonly<Record<GuestVerdict, string>> = {
  limit: 'the limit in guest time was reached',
  halted: 'the guest halted with nothing ahead that could wake it',
  shutdown: 'a triple fault shut the processor down',
  powerOff: 'the guest switched the power off',
  exited: 'the guest ended',
};

/** The guest did not do what was waited for. The limit is guest time, so the verdict is the same on every host. */
export class GuestLimitError extends Error {
  override name = 'GuestLimitError';

  constructor(
    readonly verdict: GuestVerdict,
    readonly cycle: Cycle,
    details: { readonly waitedFor: string; readonly detail?: string; readonly screen?: string },
  ) {
    const { waitedFor, detail, screen } = details;
    const lines = [`${words[verdict]}, at cycle ${cycle}, while waiting for ${waitedFor}`];
    if (detail !== undefined) lines.push(detail);
    if (screen !== undefined && screen.trim() !== '') lines.push('The screen then:', indented(screen));
    super(lines.join('\n'));
  }
}

/** The safety net on the wall clock: the host was too slow or hung. It says nothing about the guest. */
export class InfrastructureError extends Error {
  override name = 'InfrastructureError';

  constructor(seconds: number, cycle: Cycle) {
    super(
      `infrastructure, not a verdict on the guest: ${seconds} s of wall-clock time passed and the run was given up at cycle ` +
        `${cycle}. Set TSVM_WALL_SECONDS to wait longer on a slow host.`,
    );
  }
}

function indented(screen: string): string {
  return screen
    .trimEnd()
    .split('\n')
    .map((line) => `  | ${line.trimEnd()}`)
    .join('\n');
}
