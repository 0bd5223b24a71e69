/** What consoles of one port and of several share: their configuration, and streams of bytes over a pair of queues for each port. */
import { readSegments, segmentBytes, writeSegments } from './queue.js';
import { giveBack, takeChain, type VirtioContext } from './state.js';

/** Entries of each queue, which bound what one notification does. */
export const streamQueueSize = 64;
/** Typed bytes that wait for the driver. */
export const consoleInputBytesMax = 4096;
/** Bytes of one buffer beyond this many are lost: no driver writes so much at once. */
const transmitBytesMax = 1 << 20;

/** The size that a console says it has. */
const size = { columns: 80, rows: 25 } as const;
/** Where an emergency write goes in the configuration. */
export const emergencyOffset = 8;
/** The configuration of a console of so many ports: its size, the ports, and what reads as zeros (5.3.4). */
export const consoleConfiguration = (ports: number): Uint8Array =>
  Uint8Array.of(size.columns, 0, size.rows, 0, ports, 0, 0, 0, 0, 0, 0, 0);

/** Puts what was typed into the driver's buffers, as far as there are any. */
export function deliver(context: VirtioContext<unknown>, queue: number, input: number[]): void {
  for (let count = 0; count < streamQueueSize && input.length > 0; count++) {
    const chain = takeChain(context, queue);
    if (chain === undefined) return;
    const bytes = Uint8Array.from(input.slice(0, segmentBytes(chain.writable)));
    input.splice(0, bytes.length);
    const written = writeSegments(context.board.memory, chain.writable, 0, bytes);
    giveBack(context, queue, { head: chain.head, written });
  }
}

/** Takes what the driver wrote, a buffer at a time. */
export function takeBuffers(context: VirtioContext<unknown>, queue: number, take: (bytes: Uint8Array) => void): void {
  for (let count = 0; count < streamQueueSize; count++) {
    const chain = takeChain(context, queue);
    if (chain === undefined) return;
    const bytes = new Uint8Array(Math.min(segmentBytes(chain.readable), transmitBytesMax));
    readSegments(context.board.memory, chain.readable, 0, bytes);
    if (bytes.length > 0) take(bytes);
    giveBack(context, queue, { head: chain.head, written: 0 });
  }
}
