/** Records a script on a thread of its own, and stays awake for signals meanwhile. */
import { Worker } from 'node:worker_threads';
import { UserError } from '../../base/errors.js';
import type { InterruptWatch } from '../../host/interrupts.js';
import { ownFile } from '../../host/suite-files.js';
import type { RecordingRequest, RecordingSummary } from './recording.js';
import type { ScriptMessage, ScriptWork } from './script-thread.js';

/** How a scripted recording ended: with its summary, and with what the guest did not do, if anything. */
export interface ScriptOutcome {
  readonly summary: RecordingSummary;
  readonly stuck?: string;
  /** The script waited for the end that the guest came to. */
  readonly awaited?: boolean;
}

/** Records a script from power-on. Throws UserError for what the user can mend. */
export function recordScript(
  request: RecordingRequest,
  script: string,
  interrupts: InterruptWatch,
  onProgress: (cycle: number) => void,
): Promise<ScriptOutcome> {
  const interrupted = new SharedArrayBuffer(4);
  const work: ScriptWork = { request, script, interrupted };
  const worker = new Worker(ownFile('cli/record/script-thread.js'), { workerData: work });
  interrupts.onInterrupt = () => void Atomics.store(new Int32Array(interrupted), 0, 1);
  return new Promise((done, failed) => {
    worker.on('error', failed);
    worker.on('exit', () => failed(new Error('the recording thread ended without a word')));
    worker.on('message', (message: ScriptMessage) => {
      if (message.kind === 'at') onProgress(message.cycle);
      else if (message.kind === 'done') done({ summary: message.summary, awaited: message.awaited === true });
      else if (message.kind === 'stuck') done({ summary: message.summary, stuck: message.message });
      else failed(new UserError(message.message));
    });
  });
}
