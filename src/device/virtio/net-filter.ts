/** Which frames a virtio network device takes (VIRTIO 1.2, section 5.1.6.5.1 and 5.1.6.5.2). */
import type { NetState } from './net.js';

const equal = (frame: Uint8Array, table: Uint8Array, at: number): boolean => {
  for (let byte = 0; byte < 6; byte++) if (frame[byte] !== table[at + byte]) return false;
  return true;
};

function inTable(frame: Uint8Array, table: Uint8Array, entries: number): boolean {
  for (let entry = 0; entry < entries; entry++) if (equal(frame, table, 6 * entry)) return true;
  return false;
}

/** Whether the destination of a frame is one that the driver wants. */
export function isWanted(own: NetState, frame: Uint8Array): boolean {
  if (own.promiscuous) return true;
  if (frame.subarray(0, 6).every((byte) => byte === 0xff)) return !own.noBroadcast;
  if (frame[0]! & 1) return !own.noMulticast && (own.allMulticast || inTable(frame, own.multicast, own.multicastCount));
  if (own.noUnicast) return false;
  return own.allUnicast || equal(frame, own.mac, 0) || inTable(frame, own.unicast, own.unicastCount);
}
