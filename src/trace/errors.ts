import { UserError } from '../base/errors.js';

/** What a damaged or foreign trace's report needs besides the problem itself. */
export interface TraceErrorDetails {
  /** The trace as the user named it. */
  readonly file: string | undefined;
  /** Number of the frame, counted from 0 (the header frame). */
  readonly frame: number;
  /** Offset in bytes, from the start of the file, at which that frame starts. */
  readonly offset: number;
  readonly nextStep?: string;
  readonly cause?: unknown;
}

/** A trace that cannot be read: damaged, hostile, newer than this reader, or no trace at all. */
export class TraceError extends UserError {
  override name = 'TraceError';
  readonly frame: number;
  readonly offset: number;

  constructor(problem: string, details: TraceErrorDetails) {
    const { file, frame, offset, nextStep = repair(details), cause } = details;
    super(problem, {
      ...(file === undefined ? {} : { file }),
      place: `frame ${frame} at byte ${offset}`,
      nextStep,
      cause,
    });
    this.frame = frame;
    this.offset = offset;
  }
}

function repair({ frame, offset }: TraceErrorDetails): string {
  if (frame === 0) return 'Record or copy the trace again: nothing in it can be replayed without its header frame.';
  return `What stands before it is whole: \`head -c ${offset} TRACE > whole.trace\` keeps a trace that replays up to there.`;
}
