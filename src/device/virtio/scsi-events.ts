/** Events of a virtio SCSI host whose targets come and go (VIRTIO 1.2, section 5.6.6.3). */
import { writeSegments } from './queue.js';
import { queues, type ScsiContext } from './scsi-state.js';
import { giveBack, hasFeature, isLive, takeChain } from './state.js';

export const eventBytes = 16;
export const hotPlugFeature = 1;
export const eventKind = { none: 0, transportReset: 1, missed: 2 ** 31 } as const;
export const eventReason = { rescan: 1, removed: 2 } as const;

/** Puts an event into a buffer of the driver; where there is none, the next one says that one was missed. */
export function report(context: ScsiContext, event: number, id: number, reason: number): void {
  const { own } = context.state;
  if (!isLive(context) || !hasFeature(context, hotPlugFeature)) return;
  const chain = takeChain(context, queues.event);
  if (chain === undefined) {
    own.eventsMissed = true;
    return;
  }
  const bytes = new Uint8Array(eventBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, event + (own.eventsMissed === true ? eventKind.missed : 0), true);
  if (event !== eventKind.none) bytes.set([1, id], 4);
  view.setUint32(12, reason, true);
  own.eventsMissed = false;
  const written = writeSegments(context.board.memory, chain.writable, 0, bytes);
  giveBack(context, queues.event, { head: chain.head, written });
}
