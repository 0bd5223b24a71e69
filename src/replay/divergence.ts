import type { Cycle } from '../base/integers.js';
import type { MachineDigest, StopReason } from '../machine/machine.js';
import type { Checkpoint, TraceEvent, TraceHeader } from '../trace/model.js';
import { describeEvent } from './events.js';

/** Where and how a replay left its recording. */
export interface DivergenceDetails {
  /** The cycle at which it was noticed. */
  readonly cycle: Cycle;
  /** The last checkpoint before it that agreed; absent when none did. */
  readonly lastEqual: Cycle | undefined;
  /** The parts whose digests differ; empty when the machine stopped short of the recording. */
  readonly parts: readonly string[];
  /** What stopped the machine, where the recording went on. */
  readonly stop?: StopReason;
  /** The last inputs before it, oldest first. */
  readonly inputs: readonly TraceEvent[];
}

/** A replay whose state is not the recorded one. Commands exit with code 3. */
export class Divergence extends Error {
  override name = 'Divergence';

  constructor(readonly details: DivergenceDetails) {
    super(describe(details));
  }
}

function describe({ cycle, lastEqual, parts, stop, inputs }: DivergenceDetails): string {
  const what =
    stop === undefined
      ? `The replay differs from the recording at cycle ${cycle}, in ${parts.join(', ')}`
      : `The replay ends at cycle ${cycle} (${stop.kind}), where the recording goes on`;
  const since = lastEqual === undefined ? '' : `; it agreed at cycle ${lastEqual}`;
  return [`${what}${since}.`, ...inputs.map((event) => `  ${describeEvent(event)}`)].join('\n');
}

/** The parts' digests in the order of `names`, 16 digits each, as checkpoints keep them. */
export function partDigests(digest: MachineDigest, names: readonly string[]): string[] {
  return names.map((name) => (digest.parts[name] ?? '').padStart(16, '0'));
}

/** The parts in which a machine's digest is not the recorded one; empty when the states are equal. */
export function differingParts(digest: MachineDigest, recorded: Checkpoint, header: TraceHeader): string[] {
  if (digest.sha256 === recorded.sha256) return [];
  const found = partDigests(digest, header.parts);
  const parts = header.parts.filter((_, part) => found[part] !== recorded.parts[part]);
  parts.push(...Object.keys(digest.parts).filter((name) => !header.parts.includes(name)));
  return parts.length === 0 ? ['the whole'] : parts;
}
