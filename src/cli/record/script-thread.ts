/**
 * The thread on which a script is recorded. It runs without a pause, so the main thread listens for signals meanwhile and
 * raises a flag that is looked at between two slices of guest time.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../base/assert.js';
import { type Cycle, cycle } from '../../base/integers.js';
import { UserError } from '../../base/errors.js';
import { keepMedium } from '../../host/describe-machine.js';
import { readText } from '../../host/files.js';
import { ImageStore } from '../../host/images.js';
import type { StopReason } from '../../machine/machine.js';
import { createOperator, GuestEnded, GuestStuck } from '../../replay/operator.js';
import type { Recorder } from '../../replay/recorder.js';
import { parseScript } from '../../replay/script.js';
import { type RecordingRequest, type RecordingSummary, startRecording } from './recording.js';

/** What the main thread hands over. */
export interface ScriptWork {
  readonly request: RecordingRequest;
  readonly script: string;
  /** One 32-bit number: not zero once the user asked to stop. */
  readonly interrupted: SharedArrayBuffer;
}

/** What comes back: progress now and then, and one outcome. */
export type ScriptMessage =
  | { readonly kind: 'at'; readonly cycle: number }
  | { readonly kind: 'done'; readonly summary: RecordingSummary; readonly awaited?: boolean }
  | { readonly kind: 'stuck'; readonly message: string; readonly summary: RecordingSummary }
  | { readonly kind: 'userError'; readonly message: string };

/** Thrown between two slices when the user asked to stop. */
class Interrupted extends Error {}

const slicesPerSecond = 10;

assert(parentPort !== null, 'a script is recorded on a thread of its own');
const port = parentPort;
const post = (message: ScriptMessage): void => port.postMessage(message);

try {
  post(recordScript(workerData as ScriptWork));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  post({ kind: 'userError', message: error.message });
}

function recordScript({ request, script, interrupted }: ScriptWork): ScriptMessage {
  const images = new ImageStore();
  const spares = (request.spare ?? []).map((image) => [image, keepMedium(images, 'disk0', { image })] as const);
  const steps = parseScript(readText(script), script, new Map(spares));
  const recording = startRecording(request);
  const { recorder } = recording;
  const flag = new Int32Array(interrupted);
  const operated = { machine: recorder.machine, input: recorder.input, run: slicedRun(recorder, flag) };
  try {
    const operator = createOperator(operated);
    steps.perform(operator);
    const { exitStatus: status } = operator;
    if (status === undefined) return { kind: 'done', summary: recording.finish({ kind: 'finished' }) };
    return { kind: 'done', summary: recording.finish({ kind: 'exited', status }), awaited: true };
  } catch (error) {
    if (error instanceof Interrupted) return { kind: 'done', summary: recording.finish({ kind: 'interrupted' }) };
    if (error instanceof GuestEnded) {
      return { kind: 'done', summary: recording.finish({ kind: 'exited', status: error.status }) };
    }
    if (error instanceof GuestStuck) {
      return { kind: 'stuck', message: error.message, summary: recording.finish({ kind: 'limit' }) };
    }
    recording.finish({ kind: 'interrupted' });
    throw error;
  }
}

/** Runs in slices, looking at the flag and telling the cycle between them. */
function slicedRun(recorder: Recorder, flag: Int32Array): (until: Cycle) => StopReason {
  const { machine } = recorder;
  const slice = Math.ceil(machine.description.cyclesPerSecond / slicesPerSecond);
  let told = 0;
  return (until) => {
    for (;;) {
      if (Atomics.load(flag, 0) !== 0) throw new Interrupted();
      if (machine.cycle - told >= slice) {
        told = machine.cycle;
        post({ kind: 'at', cycle: told });
      }
      const stop = recorder.run(cycle(Math.min(until, machine.cycle + slice)));
      if (stop.kind !== 'cycle' || machine.cycle >= until) return stop;
    }
  };
}
